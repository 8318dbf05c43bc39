//! `mira logs`: reads the file itself, so that it works while no engine runs, and beside one.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::time::Duration;

use mira_engine::settings::Settings;
use mira_protocol::{Code, Failure};
use serde_json::Value;

use super::say;
use crate::args::LogsArgs;
use crate::render::style::Style;
use crate::render::text::clean;

/// How often the file is looked at while following.
const LOOK: Duration = Duration::from_millis(250);

pub async fn run(args: LogsArgs, settings: &Settings) -> Result<u8, Failure> {
    let path = settings.data_dir.join("logs").join("mira.jsonl");
    let style = Style::of(&io::stdout());
    let show = |line: &str| match args.json.json {
        true => say(line),
        false => say(&human(line, style)),
    };
    let mut open = None;
    match File::open(&path) {
        Ok(file) => {
            let mut file = BufReader::new(file);
            for line in newest(&mut file, args.lines as usize).map_err(|e| unread(&path, &e))? {
                show(&line)?;
            }
            open = Some(file);
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            eprintln!("Nothing was logged yet: {} does not exist.", path.display());
        }
        Err(error) => return Err(unread(&path, &error)),
    }
    if !args.follow {
        return Ok(0);
    }
    let mut partial = String::new();
    loop {
        if let Some(file) = &mut open {
            while file
                .read_line(&mut partial)
                .map_err(|error| unread(&path, &error))?
                > 0
            {
                if partial.ends_with('\n') {
                    show(&partial)?;
                    partial.clear();
                }
            }
        }
        // Put aside by the engine, or made for the first time: go on in the new one.
        let moved = match &open {
            Some(file) => !is_same(file.get_ref(), &path),
            None => true,
        };
        if moved && let Ok(file) = File::open(&path) {
            open = Some(BufReader::new(file));
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = tokio::signal::ctrl_c() => return Ok(0),
        }
    }
}

/// The last `count` whole lines; the reader stands at the end then.
fn newest(file: &mut BufReader<File>, count: usize) -> io::Result<Vec<String>> {
    // A line is seldom longer than this; a log has at most some megabytes in any case.
    let back = (count as u64 + 1) * 2_048;
    let size = file.get_ref().metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(back)))?;
    let mut lines = Vec::new();
    if size > back {
        // Probably the end of a line that began before.
        file.read_until(b'\n', &mut Vec::new())?;
    }
    let mut line = Vec::new();
    while file.read_until(b'\n', &mut line)? > 0 {
        lines.push(String::from_utf8_lossy(&line).into_owned());
        line.clear();
    }
    Ok(lines.split_off(lines.len().saturating_sub(count)))
}

#[cfg(unix)]
fn is_same(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => open.ino() == named.ino() && open.dev() == named.dev(),
        _ => true,
    }
}

#[cfg(not(unix))]
fn is_same(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(open), Ok(named)) => named.len() >= open.len(),
        _ => true,
    }
}

/// "12:03:04 INFO engine: message  field=value"
fn human(line: &str, style: Style) -> String {
    let Ok(Value::Object(mut fields)) = serde_json::from_str(line) else {
        return clean(line.trim_end());
    };
    let mut text = |name: &str| match fields.remove(name) {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let (time, level, target) = (text("timestamp"), text("level"), text("target"));
    let message = text("message");
    let time = time.split_once('T').map_or(time.clone(), |(day, time)| {
        format!("{day} {}", time.get(..8).unwrap_or(time))
    });
    let level = match level.as_str() {
        "ERROR" => style.red("ERROR"),
        "WARN" => style.yellow("WARN "),
        other => style.dim(&format!("{other:<5}")),
    };
    let mut out = format!("{} {level} {}", style.dim(&time), clean(&message));
    let rest = std::iter::once(("target".to_owned(), Value::String(target))).chain(fields);
    for (name, value) in rest {
        let value = match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        out.push_str(&style.dim(&format!("  {}={}", clean(&name), clean(&value))));
    }
    out
}

fn unread(path: &Path, error: &io::Error) -> Failure {
    let shown = path.display();
    Failure::new(
        Code::Internal,
        format!("{shown} could not be read: {error}."),
    )
}
