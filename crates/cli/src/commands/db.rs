//! `mira db reset`.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use mira_engine::settings::Settings;
use mira_protocol::{Code, Failure};

use super::say;
use crate::args::DbCommand;
use crate::render::text::now_ms;

pub fn run(command: DbCommand, settings: &Settings) -> Result<u8, Failure> {
    let DbCommand::Reset { yes } = command;
    // Held until the end: no engine may have the database open, or open it meanwhile.
    let _lock = mira_engine::DataDirLock::take(&settings.data_dir)?;
    let database = settings.data_dir.join("mira.db");
    if !database.exists() {
        say(&format!(
            "There is no database in {}.",
            settings.data_dir.display()
        ))?;
        return Ok(0);
    }
    if !yes && !confirmed(&database)? {
        say("Nothing was changed.")?;
        return Ok(0);
    }
    let backup = database.with_file_name(format!("mira.db.before-reset-{}", now_ms()));
    // The write-ahead log first: without its database it means nothing, while a database that
    // has lost its log would have lost its newest writes.
    for part in ["-wal", "-shm", ""] {
        let (from, to) = (beside(&database, part), beside(&backup, part));
        match fs::rename(&from, &to) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let shown = from.display();
                let why = format!("{shown} could not be moved aside: {error}.");
                return Err(Failure::new(Code::Internal, why));
            }
            _ => {}
        }
    }
    let kept = backup.display();
    say(&format!(
        "The next start begins with an empty database. The old one is {kept}."
    ))?;
    Ok(0)
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn confirmed(database: &Path) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() {
        return Err(
            Failure::new(Code::BadParams, "There is nobody to ask whether to reset.")
                .hint("Pass --yes to reset without a question."),
        );
    }
    eprintln!(
        "All sessions, costs and remembered approvals in {} go.",
        database.display()
    );
    eprint!("A copy is kept beside it. Type \"reset\" to go on: ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let _ = io::stdin().read_line(&mut answer);
    Ok(answer.trim() == "reset")
}
