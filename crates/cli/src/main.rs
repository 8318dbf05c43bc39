//! `mira`: the terminal client and headless engine.
//!
//! Start reading at [`main`]. Every command either talks to an engine that runs already (it holds
//! the data directory and listens on a loopback port) or starts one in this process; [`client`]
//! makes both look alike. Nothing is set up before it is needed: `mira exec` has its first
//! request on the way before the log, the keychain or the socket is touched.

mod args;
mod askpass;
mod client;
mod commands;
mod editor;
mod exec;
mod exit;
mod hidden;
mod host;
mod input;
mod logging;
mod render;
mod repl;
mod turn;

use std::process::ExitCode;

use clap::Parser;
use mira_protocol::{Code, Failure};

use args::{Cli, Command};

fn main() -> ExitCode {
    if let Some(code) = askpass::asked() {
        return ExitCode::from(code);
    }
    let cli = Cli::parse();
    let code = match run(cli) {
        Ok(code) => code,
        Err(failure) => {
            exit::report(&failure);
            exit::code(&failure)
        }
    };
    ExitCode::from(code)
}

fn run(mut cli: Cli) -> Result<u8, Failure> {
    let settings = host::settings(&cli)?;
    // Two threads: one for what blocks (the model's stream, the terminal), one to answer.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                Code::Internal,
                format!("The program could not start its threads: {error}."),
            )
        })?;
    let code = runtime.block_on(async {
        match cli.command.take() {
            None => repl::run(cli, settings).await,
            Some(Command::Exec(args)) => Ok(exec::run(args, settings).await),
            Some(command) => commands::run(command, settings).await,
        }
    });
    // A thread that still reads the terminal or the keychain must not hold the program up.
    runtime.shutdown_background();
    code
}
