//! `mira checkpoints`.

use std::io;

use mira_protocol::checkpoint::{
    CheckpointDetail, CheckpointLine, CheckpointRef, CheckpointUsage, ListCheckpoints,
    PruneCheckpoints, RestoreCheckpoint, Side, UnpruneCheckpoints,
};
use mira_protocol::system::Nothing;
use mira_protocol::{Failure, calls};

use super::undo::{conflicts, resolve};
use super::{say, say_json, table};
use crate::args::CheckpointsCommand;
use crate::client::Client;
use crate::exit;
use crate::host::{self, find_session};
use crate::render::diff;
use crate::render::style::Style;
use crate::render::text::{ago, bytes, clean, count, now_ms, one_line, plural};

pub async fn run(client: &Client, command: CheckpointsCommand) -> Result<u8, Failure> {
    match command {
        CheckpointsCommand::List {
            search,
            session,
            project,
            pruned,
            limit,
            json,
        } => {
            let session_id = match session {
                Some(words) => Some(find_session(client, &words).await?.id),
                None => None,
            };
            let project_id = match project {
                Some(folder) => Some(host::project(client, Some(&folder)).await?.id),
                None => None,
            };
            let list = ListCheckpoints {
                session_id,
                project_id,
                search,
                pruned: Some(pruned),
                limit: Some(limit),
                ..ListCheckpoints::default()
            };
            let list = client.call(calls::CheckpointList(list)).await?;
            if json.json {
                say_json(&list)?;
            } else {
                say(&rows(&list.checkpoints))?;
                if list.total > list.checkpoints.len() as u64 {
                    say(&format!(
                        "{} in all; --limit shows more.",
                        count(list.total)
                    ))?;
                }
            }
        }
        CheckpointsCommand::Show { checkpoint, json } => {
            let one = CheckpointRef {
                checkpoint_id: checkpoint,
            };
            let detail = client.call(calls::CheckpointGet(one)).await?;
            if json.json {
                say_json(&detail)?;
            } else {
                say(&show(&detail, Style::of(&io::stdout())))?;
            }
        }
        CheckpointsCommand::Restore {
            checkpoint,
            after,
            paths,
            answers,
            json,
        } => {
            let restore = RestoreCheckpoint {
                checkpoint_id: checkpoint,
                to: if after { Side::After } else { Side::Before },
                paths: (!paths.is_empty()).then_some(paths),
                preview: Some(answers.preview),
                resolve: resolve(&answers),
            };
            let done = client.call(calls::CheckpointRestore(restore)).await?;
            if json.json {
                say_json(&done)?;
            } else {
                let verb = if done.preview {
                    "Would put back"
                } else {
                    "Put back"
                };
                let mut out = match done.paths.len() {
                    0 => String::new(),
                    files => format!("{verb} {}:\n", plural(files as u64, "file")),
                };
                for path in &done.paths {
                    out.push_str(&format!("  {}\n", clean(path)));
                }
                out.push_str(&conflicts(&done.conflicts, Style::of(&io::stdout())));
                if let Some(id) = done.checkpoint_id {
                    out.push_str(&format!(
                        "`mira checkpoints restore {id}` takes this back.\n"
                    ));
                }
                say(if out.is_empty() {
                    "All of it is so already.\n"
                } else {
                    &out
                })?;
            }
            if !done.conflicts.is_empty() {
                return Ok(exit::FAILED);
            }
        }
        CheckpointsCommand::Usage(json) => {
            let usage = client.call(calls::CheckpointUsage(Nothing {})).await?;
            if json.json {
                say_json(&usage)?;
            } else {
                say(&show_usage(&usage))?;
            }
        }
        CheckpointsCommand::Prune {
            checkpoints,
            session,
            older_than,
            keep,
            now,
            json,
        } => {
            let session_id = match session {
                Some(words) => Some(find_session(client, &words).await?.id),
                None => None,
            };
            let prune = PruneCheckpoints {
                checkpoint_ids: (!checkpoints.is_empty()).then_some(checkpoints),
                session_id,
                older_than_days: older_than,
                keep_bytes: keep.map(|mb| mb.saturating_mul(1_000_000)),
                now: Some(now),
            };
            let done = client.call(calls::CheckpointPrune(prune)).await?;
            if json.json {
                say_json(&done)?;
            } else {
                let gone = plural(done.checkpoints.len() as u64, "checkpoint");
                say(&match done.restorable_until {
                    Some(_) => format!(
                        "Let go of {gone}. For a day `mira checkpoints unprune` brings them back."
                    ),
                    None => format!("Let go of {gone}; {} freed.", bytes(done.freed_bytes)),
                })?;
            }
        }
        CheckpointsCommand::Unprune { checkpoints, json } => {
            let back = UnpruneCheckpoints {
                checkpoint_ids: (!checkpoints.is_empty()).then_some(checkpoints),
            };
            let done = client.call(calls::CheckpointUnprune(back)).await?;
            if json.json {
                say_json(&done)?;
            } else {
                let back = plural(done.checkpoints.len() as u64, "checkpoint");
                say(&format!("Brought back {back}."))?;
            }
        }
    }
    Ok(0)
}

/// One line each, the newest first.
pub fn rows(list: &[CheckpointLine]) -> String {
    if list.is_empty() {
        return "No checkpoints.\n".into();
    }
    let now = now_ms();
    let rows: Vec<Vec<String>> = list
        .iter()
        .map(|line| {
            let mut paths = line.first_paths.join(", ");
            if line.files > line.first_paths.len() as u64 {
                paths += ", …";
            }
            vec![
                line.checkpoint_id.to_string(),
                ago(line.at, now),
                format!("{:?}", line.kind).to_lowercase(),
                plural(line.files, "file"),
                one_line(&line.title, 40),
                one_line(&paths, 60),
            ]
        })
        .collect();
    table(&rows)
}

fn show(detail: &CheckpointDetail, style: Style) -> String {
    let line = &detail.line;
    let mut out = format!(
        "checkpoint {}: {} ({}), event {} of {}\n",
        line.checkpoint_id,
        one_line(&line.title, 100),
        format!("{:?}", line.kind).to_lowercase(),
        line.seq,
        line.session_id,
    );
    let set = mira_protocol::change::ChangeSet {
        operation_id: line.operation_id.clone().unwrap_or_else(|| "".into()),
        undone: false,
        files: detail.files.clone(),
        not_covered: detail.not_covered.clone(),
        pruned: line.pruned,
    };
    out.push_str(&diff::changes(&set, style, usize::MAX));
    for folder in &detail.folders {
        out.push_str(&format!("folder {}\n", clean(folder)));
    }
    out
}

fn show_usage(usage: &CheckpointUsage) -> String {
    let shared = usage.logical_bytes.saturating_sub(usage.distinct_bytes);
    let row = |name: &str, value: String| vec![name.to_owned(), value];
    let none = || "no limit".to_owned();
    let mut rows = vec![
        row("checkpoints", count(usage.checkpoints)),
        row("files in them", count(usage.files)),
        row("contents, each by itself", bytes(usage.logical_bytes)),
        row(
            "  saved by sharing",
            match usage.logical_bytes {
                0 => bytes(shared),
                all => format!("{} ({} %)", bytes(shared), shared * 100 / all),
            },
        ),
        row("  on disk", bytes(usage.stored_bytes)),
        row("files as they are now", bytes(usage.current_bytes)),
        row("no longer wanted", bytes(usage.reclaimable_bytes)),
        row(
            "on disk in all",
            format!(
                "{} in {}",
                bytes(usage.disk_bytes),
                plural(usage.disk_files, "file")
            ),
        ),
        row(
            "kept for",
            usage
                .limit_days
                .map_or_else(none, |days| plural(days, "day")),
        ),
        row("kept up to", usage.limit_bytes.map_or_else(none, bytes)),
    ];
    if let Some(at) = usage.oldest_at {
        rows.push(row("the oldest", ago(at, now_ms())));
    }
    if usage.pruned_waiting > 0 {
        rows.push(row("let go, still there", count(usage.pruned_waiting)));
    }
    table(&rows)
}
