//! The commands that ask once and print the answer, a file a noun.

mod budget;
mod checkpoints;
mod code;
mod config;
mod db;
mod demo;
mod egress;
mod export;
mod hooks;
mod jobs;
mod logs;
mod models;
mod providers;
mod rewind;
mod route;
mod rules;
mod serve;
mod sessions;
mod sudo;
mod system;
mod trust;
mod undo;

use std::io::{self, Write};
use std::path::Path;

use mira_engine::settings::Settings;
use mira_protocol::{Code, Failure};
use serde::Serialize;

use crate::args::Command;
use crate::client::Client;
use crate::host;

pub use budget::{overview, table_of};
pub use checkpoints::rows as checkpoint_rows;
pub use code::{commits_said, search_said, state_said, symbols_said};
pub use hooks::listed as hooks_listed;
pub use rewind::{messages, report as rewind_report};
pub use route::explanation;
pub use rules::{listed as rules_listed, tested as rule_tested};
pub use sessions::{hits, rows, transcript};
pub use system::status;
pub use trust::{TrustHere, ask, shown as trust_shown};
pub use undo::{report as undo_report, resolve};

/// Runs one; `exec` is not among them.
pub async fn run(command: Command, settings: Settings) -> Result<u8, Failure> {
    match command {
        Command::Serve(args) => return serve::run(args, settings).await,
        Command::Link => return serve::link(&settings).await,
        Command::Demo => return demo::run(settings).await,
        Command::Logs(args) => return logs::run(args, &settings).await,
        Command::Db(command) => return db::run(command, &settings),
        _ => {}
    }
    loop {
        let client = host::client(settings.clone()).await?;
        // Reading a project may take long; others are not to wait for it.
        let is_code = code::is_asked(&command);
        let door = match is_code {
            true => host::open_door(&client).await,
            false => None,
        };
        let done = answer(&client, command.clone()).await;
        host::close(&client, door).await;
        match done {
            // The program whose engine it was has ended: what is asked of code is asked again.
            Err(failure) if is_code && failure.code == Code::Interrupted => {}
            done => return done,
        }
    }
}

async fn answer(client: &Client, command: Command) -> Result<u8, Failure> {
    match command {
        Command::Sessions { command } => sessions::run(client, command.unwrap_or_default()).await,
        Command::Undo(args) => undo::run(client, args, true).await,
        Command::Redo(args) => undo::run(client, args, false).await,
        Command::Rewind(args) => rewind::run(client, args).await,
        Command::Checkpoints { command } => {
            checkpoints::run(client, command.unwrap_or_default()).await
        }
        Command::Export(args) => export::run(client, args).await,
        Command::Rules { command, project } => {
            rules::run(client, command.unwrap_or_default(), project.as_deref()).await
        }
        Command::Trust { command, project } => {
            trust::run(client, command.unwrap_or_default(), project.as_deref()).await
        }
        Command::Hooks { command, project } => {
            hooks::run(client, command.unwrap_or_default(), project.as_deref()).await
        }
        Command::Config { command } => config::run(client, command.unwrap_or_default()).await,
        Command::Jobs { command } => jobs::run(client, command.unwrap_or_default()).await,
        Command::Egress(args) => egress::run(client, args).await,
        Command::Sudo { command } => sudo::run(client, command).await,
        Command::Index(args) => code::index(client, args).await,
        Command::Search(args) => code::search(client, args).await,
        Command::Symbols(args) => code::symbols(client, args).await,
        Command::Callers(args) => code::callers(client, args).await,
        Command::Callees(args) => code::callees(client, args).await,
        Command::Deps(args) => code::deps(client, args).await,
        Command::Tests(args) => code::tests(client, args).await,
        Command::Map(args) => code::map(client, args).await,
        Command::Quality(args) => code::quality(client, args).await,
        Command::Hotspots(args) => code::hotspots(client, args).await,
        Command::Concepts(args) => code::concepts(client, args).await,
        Command::Clusters(args) => code::clusters(client, args).await,
        Command::Patterns(args) => code::patterns(client, args).await,
        Command::Modules(args) => code::modules(client, args).await,
        Command::Budget(args) => budget::run(client, args).await,
        Command::Route { command } => route::run(client, command).await,
        Command::Models(args) => models::run(client, args).await,
        Command::Providers { command } => providers::run(client, command.unwrap_or_default()).await,
        Command::Status(json) => system::show_status(client, json.json).await,
        Command::Doctor(json) => system::show_doctor(client, json.json).await,
        Command::Exec(_)
        | Command::Serve(_)
        | Command::Link
        | Command::Demo
        | Command::Logs(_)
        | Command::Db(_) => Ok(0),
    }
}

/// Writes to standard output, and ends the line; a reader that left is no failure.
pub fn say(text: &str) -> Result<(), Failure> {
    let ends = text.is_empty() || text.ends_with('\n');
    write_text(&[text, if ends { "" } else { "\n" }])
}

/// Writes just this to standard output; a reader that left is no failure.
pub fn write_text(parts: &[&str]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = parts
        .iter()
        .try_for_each(|part| stdout.write_all(part.as_bytes()))
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::new(
            Code::Internal,
            format!("The output could not be written: {error}."),
        )),
        _ => Ok(()),
    }
}

/// One JSON value for programs.
pub fn say_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|error| {
        Failure::new(
            Code::Internal,
            format!("The answer could not be written as JSON: {error}."),
        )
    })?;
    say(&text)
}

/// Writes a file, or standard output for "-".
pub fn write_out(path: &Path, content: &str) -> Result<(), Failure> {
    if path == Path::new("-") {
        return say(content);
    }
    std::fs::write(path, content).map_err(|error| {
        let shown = path.display();
        Failure::new(
            Code::Internal,
            format!("{shown} could not be written: {error}."),
        )
        .hint("Choose another place with --output.")
    })?;
    eprintln!("Wrote {}.", path.display());
    Ok(())
}

/// Columns, as wide as their widest cell; the last one is not padded. A row is one line, whatever
/// stands in a file's name.
pub fn table(rows: &[Vec<String>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| cell.replace(['\n', '\t'], " "))
                .collect()
        })
        .collect();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
    };
    let mut out = String::new();
    for row in &rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            line.push_str(cell);
            if column + 1 < row.len() {
                let pad = width(column)
                    .unwrap_or(0)
                    .saturating_sub(cell.chars().count())
                    + 2;
                line.push_str(&" ".repeat(pad));
            }
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}
