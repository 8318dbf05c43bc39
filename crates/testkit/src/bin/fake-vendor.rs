//! A scripted model vendor as a program, for tests of other programs. See `mira_testkit::vendor`.

use std::fs::OpenOptions;
use std::process::ExitCode;

use mira_testkit::{FakeVendor, Script};

const USAGE: &str = "usage: fake-vendor --script FILE [--port N] [--log FILE]";

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("fake-vendor: {message}");
            ExitCode::from(2)
        }
    }
}

fn run(mut args: impl Iterator<Item = String>) -> Result<(), String> {
    let (mut port, mut script, mut log) = (0, None, None);
    while let Some(arg) = args.next() {
        let mut value = || {
            args.next()
                .ok_or_else(|| format!("{arg} needs a value; {USAGE}"))
        };
        match arg.as_str() {
            "--port" => {
                port = value()?
                    .parse()
                    .map_err(|_| format!("--port takes a number; {USAGE}"))?
            }
            "--script" => script = Some(value()?),
            "--log" => log = Some(value()?),
            other => return Err(format!("unknown argument {other:?}; {USAGE}")),
        }
    }
    let path = script.ok_or(USAGE)?;
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}"))?;
    let script = Script::parse(&text).map_err(|error| format!("{path}: {error}"))?;
    let log = log
        .map(|path| {
            OpenOptions::new()
                .create(true)
                .append(true)
                .open(&path)
                .map_err(|error| format!("cannot write {path}: {error}"))
        })
        .transpose()?;
    let vendor = FakeVendor::open(script, port, log, false)
        .map_err(|error| format!("cannot listen on 127.0.0.1:{port}: {error}"))?;
    println!("listening on {}", vendor.url());
    loop {
        std::thread::park();
    }
}
