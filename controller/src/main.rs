//! Parses the command line, runs the command and ends with its exit code.

use std::process::ExitCode;

use streamkeeper_controller::cli;

fn main() -> ExitCode {
    let command = cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(cli::run(command)),
        Err(error) => {
            eprintln!("error: failed to start the runtime: {error}");
            ExitCode::FAILURE
        }
    }
}
