//! Runs the simulator by itself, for people and for scripts in other languages.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use streamkeeper_core::policy::IamPrincipal;
use streamkeeper_simulator::{
    CloudStackSeed, Config, HomeBucketNaming, SessionSeed, Simulator, Trust, http, input_model,
    operations,
};
use tokio::sync::mpsc;

/// Commands that wait to be obeyed; each takes no time.
const QUEUE: usize = 16;

/// A role's longest session, as AWS's own default is.
const LONGEST_SESSION: Duration = Duration::from_secs(3600);

/// The ParallelCluster release of clusters that come by command.
const CLUSTER_VERSION: &str = "3.16.1";

const USAGE: &str = "\
Usage: streamkeeper-simulator [OPTIONS]

Serves a simulated AWS (AppStream, S3, tagging, scaling, CloudFormation, IAM, STS) for clients with AWS_ENDPOINT_URL set to it.
Prints its URL on standard output when it listens, and stops on Ctrl-C.

Options:
  --listen <ADDR>       where to listen [default: 127.0.0.1:4599; port 0: any free one]
  --account <ID>        the account of every caller, 12 digits [default: 111122223333]
  --region <NAME>       the region that has images; may be repeated [default: eu-west-1]
  --time-scale <N>      how many times faster than real time AWS works [default: 1]
  --role <ARN[=ID]>     a role anybody here may assume, with an external id; may be repeated
  --naming <v1|v2>      how the home bucket is named [default: v2]
  --page-size <N>       items on a page of a list [default: 50]
  --operations          print every operation it offers, and exit
  --input-model         print what it accepts as input of each operation, as JSON, and exit
  -h, --help            print this, and exit

Commands, one a line on standard input, for what AWS's API has no operation for:
  sessions <REGION> <FLEET> <STACK> [USER]...       these users stream, and nobody else
  application <REGION> <NAME>                       somebody has made this application of Elastic fleets
  principal <ARN>                                   somebody has made this role or user, or made it anew
  cluster <REGION> <NAME> [ENVIRONMENT [USER]]      somebody has made this ParallelCluster cluster
  end-cluster <REGION> <NAME>                       and has deleted it again
  fleet-error <REGION> <FLEET> <CODE> [MESSAGE]     AWS complains about the fleet
  stack-error <REGION> <STACK> <CODE> [MESSAGE]     AWS complains about the stack
";

/// What the arguments ask for.
enum Command {
    Serve(SocketAddr, Box<Config>),
    ListOperations,
    PrintInputModel,
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
        Ok(Command::PrintInputModel) => println!("{:#}", input_model()),
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
    let simulator = Simulator::new(config);
    let server = http::serve(simulator.clone(), listen).await?;
    println!("listening on {}", server.url());
    let mut lines = standard_input();
    loop {
        tokio::select! {
            stop = tokio::signal::ctrl_c() => {
                stop?;
                break;
            }
            // When standard input has ended, the server goes on without.
            Some(line) = lines.recv() => {
                if let Err(message) = obey(&simulator, &line) {
                    eprintln!("error: {message}");
                }
            }
        }
    }
    server.shutdown().await;
    Ok(())
}

/// Lines of standard input, read on a thread of its own that ends with the program.
fn standard_input() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

fn obey(simulator: &Simulator, line: &str) -> Result<(), String> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let is_found = match words.as_slice() {
        [] => true,
        ["sessions", region, fleet, stack, users @ ..] => {
            let sessions: Vec<_> = users.iter().map(|user| SessionSeed::active(user)).collect();
            simulator.set_sessions(region, stack, fleet, &sessions);
            true
        }
        ["application", region, name] => {
            simulator.add_application(region, name);
            true
        }
        ["principal", arn] if IamPrincipal::of_arn(arn).is_some() => {
            simulator.make_principal_anew(arn);
            true
        }
        ["cluster", region, name, tags @ ..] if tags.len() <= 2 => {
            let keys = ["streamkeeper:environment", "appstream-user"];
            let seed = CloudStackSeed::cluster(name, CLUSTER_VERSION);
            let seed = keys
                .iter()
                .zip(tags)
                .fold(seed, |seed, (key, value)| seed.tag(key, value));
            simulator.put_cloud_stack(region, &seed);
            true
        }
        ["end-cluster", region, name] => simulator.delete_cloud_stack(region, name),
        ["fleet-error", region, fleet, code, message @ ..] => {
            simulator.set_fleet_errors(region, fleet, &[(*code, &message.join(" "))])
        }
        ["stack-error", region, stack, code, message @ ..] => {
            simulator.set_stack_errors(region, stack, &[(*code, &message.join(" "))])
        }
        _ => return Err(format!("{line}: not understood")),
    };
    is_found
        .then_some(())
        .ok_or_else(|| format!("{line}: there is no such object"))
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 4599));
    let mut regions = Vec::new();
    let mut roles = Vec::new();
    // Real clients wait in real time, so virtual time is never what this program wants.
    let mut config = Config {
        time_scale: Some(1.0),
        ..Config::default()
    };
    while let Some(flag) = arguments.next() {
        match flag.as_str() {
            "-h" | "--help" => return Ok(Command::Help),
            "--operations" => return Ok(Command::ListOperations),
            "--input-model" => return Ok(Command::PrintInputModel),
            _ => {}
        }
        let value = arguments.next();
        let value = value.ok_or_else(|| format!("{flag} is unknown or needs a value"))?;
        let wrong = || format!("{flag} {value}: not understood");
        match flag.as_str() {
            "--listen" => listen = value.parse().map_err(|_| wrong())?,
            "--account" => config.account.clone_from(&value),
            "--region" => regions.push(value.clone()),
            "--role" => {
                let (arn, external_id) = match value.split_once('=') {
                    Some((arn, external_id)) => (arn, Some(external_id.to_owned())),
                    None => (value.as_str(), None),
                };
                roles.push((arn.to_owned(), external_id));
            }
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
                let size = value.parse().ok().filter(|size| *size > 0);
                config.page_size = size.ok_or_else(wrong)?;
            }
            _ => return Err(format!("{flag} is unknown")),
        }
    }
    if !regions.is_empty() {
        config.regions = regions;
    }
    // Now that the account is known.
    for (arn, external_id) in roles {
        let trust = Trust {
            accounts: vec![config.account.clone()],
            external_id,
            longest_session: LONGEST_SESSION,
        };
        config.roles.insert(arn, trust);
    }
    Ok(Command::Serve(listen, Box::new(config)))
}
