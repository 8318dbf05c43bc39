//! `mira status`, `mira doctor`.

use std::io;

use mira_protocol::system::{CheckState, Nothing, Status};
use mira_protocol::{Failure, calls};

use super::{say, say_json, table};
use crate::client::Client;
use crate::exit;
use crate::render::style::Style;
use crate::render::text::{bytes, clean, count, duration};

pub async fn show_status(client: &Client, json: bool) -> Result<u8, Failure> {
    let now = client.call(calls::SystemStatus(Nothing {})).await?;
    if json {
        say_json(&now)?;
    } else {
        let mut text = status(&now);
        if client.attached_to().is_none() {
            text.push_str("No engine was running; this one was started to answer.\n");
        }
        say(&text)?;
    }
    Ok(0)
}

/// The engine about itself, a line a fact.
pub fn status(now: &Status) -> String {
    let listening = now
        .listening
        .clone()
        .unwrap_or_else(|| "no socket".to_owned());
    let provider = if now.provider_ready {
        "ready"
    } else {
        "no key and no local server"
    };
    let rows = [
        (
            "version",
            format!("{} (protocol {})", now.version, now.protocol),
        ),
        (
            "process",
            format!("{}, for {}", now.pid, duration(now.uptime_ms)),
        ),
        ("memory", bytes(now.memory_bytes)),
        ("data", now.data_dir.clone()),
        ("listening", listening),
        ("model", provider.to_owned()),
        ("sessions", count(now.sessions)),
        ("operations", format!("{} running", now.running_operations)),
        (
            "commands",
            format!("{} in the background", now.running_jobs),
        ),
        ("approvals", format!("{} waiting", now.waiting_approvals)),
    ];
    table(&rows.map(|(name, value)| vec![name.to_owned(), value]))
}

/// Exit code 1 where something is wrong.
pub async fn show_doctor(client: &Client, json: bool) -> Result<u8, Failure> {
    let report = client.call(calls::SystemDoctor(Nothing {})).await?;
    let bad = report
        .checks
        .iter()
        .any(|check| check.state == CheckState::Problem);
    let code = if bad { exit::FAILED } else { 0 };
    if json {
        say_json(&report)?;
        return Ok(code);
    }
    let style = Style::of(&io::stdout());
    let mut out = String::new();
    for check in &report.checks {
        let mark = match check.state {
            CheckState::Ok => style.green("ok     "),
            CheckState::Warning => style.yellow("warning"),
            CheckState::Problem => style.red("problem"),
        };
        out.push_str(&format!(
            "{mark}  {}: {}\n",
            clean(&check.name),
            clean(&check.detail)
        ));
        if let Some(hint) = &check.hint {
            out.push_str(&format!("         {}\n", clean(hint)));
        }
    }
    say(&out)?;
    Ok(code)
}
