//! Runs the simulator by itself, for people and for scripts in other languages.

use std::net::SocketAddr;
use std::process::ExitCode;

use streamkeeper_simulator::{Config, HomeBucketNaming, Simulator, http, operations};

const USAGE: &str = "\
Usage: streamkeeper-simulator [OPTIONS]

Serves a simulated AWS (AppStream, S3, tagging, STS) for clients with AWS_ENDPOINT_URL set to it.
Prints its URL on standard output when it listens, and stops on Ctrl-C.

Options:
  --listen <ADDR>       where to listen [default: 127.0.0.1:4599; port 0: any free one]
  --account <ID>        the account of every caller, 12 digits [default: 111122223333]
  --region <NAME>       the region that has images; may be repeated [default: eu-west-1]
  --time-scale <N>      how many times faster than real time AWS works [default: 1]
  --naming <v1|v2>      how the home bucket is named [default: v2]
  --page-size <N>       items on a page of a list [default: 50]
  --operations          print every operation it offers, and exit
  -h, --help            print this, and exit
";

/// What the arguments ask for.
enum Command {
    Serve(SocketAddr, Box<Config>),
    ListOperations,
    Help,
}

#[tokio::main]
async fn main() -> ExitCode {
    match parse(std::env::args().skip(1)) {
        Ok(Command::Help) => print!("{USAGE}"),
        Ok(Command::ListOperations) => {
            for (service, operation) in operations() {
                println!("{service} {operation}");
            }
        }
        Ok(Command::Serve(listen, config)) => {
            if let Err(error) = serve(listen, *config).await {
                eprintln!("error: {error}");
                return ExitCode::from(1);
            }
        }
        Err(message) => {
            eprintln!("error: {message}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

async fn serve(listen: SocketAddr, config: Config) -> std::io::Result<()> {
    let server = http::serve(Simulator::new(config), listen).await?;
    println!("listening on {}", server.url());
    tokio::signal::ctrl_c().await?;
    server.shutdown().await;
    Ok(())
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 4599));
    let mut regions = Vec::new();
    // Real clients wait in real time, so virtual time is never what this program wants.
    let mut config = Config {
        time_scale: Some(1.0),
        ..Config::default()
    };
    while let Some(flag) = arguments.next() {
        match flag.as_str() {
            "-h" | "--help" => return Ok(Command::Help),
            "--operations" => return Ok(Command::ListOperations),
            _ => {}
        }
        let value = arguments.next();
        let value = value.ok_or_else(|| format!("{flag} is unknown or needs a value"))?;
        let wrong = || format!("{flag} {value}: not understood");
        match flag.as_str() {
            "--listen" => listen = value.parse().map_err(|_| wrong())?,
            "--account" => config.account.clone_from(&value),
            "--region" => regions.push(value.clone()),
            "--time-scale" => {
                let scale: f64 = value.parse().map_err(|_| wrong())?;
                config.time_scale = Some(scale).filter(|scale| scale.is_finite() && *scale > 0.0);
                config.time_scale.ok_or_else(wrong)?;
            }
            "--naming" => {
                config.naming = match value.as_str() {
                    "v1" => HomeBucketNaming::V1,
                    "v2" => HomeBucketNaming::V2,
                    _ => return Err(wrong()),
                };
            }
            "--page-size" => {
                config.page_size = value.parse().map_err(|_| wrong())?;
                if config.page_size == 0 {
                    return Err(wrong());
                }
            }
            _ => return Err(format!("{flag} is unknown")),
        }
    }
    if !regions.is_empty() {
        config.regions = regions;
    }
    Ok(Command::Serve(listen, Box::new(config)))
}
