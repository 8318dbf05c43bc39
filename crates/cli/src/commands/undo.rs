//! `mira undo` and `mira redo`.

use std::io;

use mira_protocol::change::{UndoReport, UndoRequest};
use mira_protocol::{Failure, calls};

use super::{say, say_json};
use crate::args::UndoArgs;
use crate::client::Client;
use crate::exit;
use crate::host;
use crate::render::style::Style;
use crate::render::text::{clean, plural};

pub async fn run(client: &Client, args: UndoArgs, undo: bool) -> Result<u8, Failure> {
    let mut request = UndoRequest {
        operation_id: args.operation.map(Into::into),
        paths: (!args.paths.is_empty()).then_some(args.paths),
        ..UndoRequest::default()
    };
    if request.operation_id.is_none() {
        let project = host::project(client, args.target.project.as_deref()).await?;
        match host::session(client, &args.target, &project.id).await? {
            Some(session) => request.session_id = Some(session.id),
            None => request.project_path = Some(project.path),
        }
    }
    let done = if undo {
        client.call(calls::OperationUndo(request)).await?
    } else {
        client.call(calls::OperationRedo(request)).await?
    };
    if args.json.json {
        say_json(&done)?;
    } else {
        say(&report(&done, undo, Style::of(&io::stdout())))?;
    }
    Ok(if done.conflicts.is_empty() {
        0
    } else {
        exit::FAILED
    })
}

/// What was put back and what was left alone.
pub fn report(done: &UndoReport, undo: bool, style: Style) -> String {
    let verb = if undo { "Took back" } else { "Brought back" };
    let mut out = String::new();
    if !done.paths.is_empty() {
        let files = plural(done.paths.len() as u64, "file");
        out.push_str(&format!("{verb} {files} of {}:\n", done.operation_id));
        for path in &done.paths {
            out.push_str(&format!("  {}\n", clean(path)));
        }
        if undo {
            out.push_str("`mira redo` brings them back.\n");
        }
    }
    for conflict in &done.conflicts {
        let (path, reason) = (clean(&conflict.path), clean(&conflict.reason));
        out.push_str(&format!(
            "{} {path}: {reason}\n",
            style.yellow("left alone")
        ));
    }
    if done.paths.is_empty() && done.conflicts.is_empty() {
        out.push_str(&format!("{} changed no files.\n", done.operation_id));
    } else if done.paths.is_empty() {
        out.push_str("Nothing was touched. Name the files with --path to do those alone.\n");
    }
    out
}
