//! `mira undo` and `mira redo`.

use std::io;

use mira_protocol::change::{
    Choice, DiffLineKind, Resolve, Review, ReviewMark, UndoConflict, UndoReport, UndoRequest,
};
use mira_protocol::operation::OperationRef;
use mira_protocol::{Code, Failure, OperationId, calls};

use super::{say, say_json};
use crate::args::{AnswerArgs, UndoArgs};
use crate::client::Client;
use crate::exit;
use crate::host;
use crate::render::style::Style;
use crate::render::text::{clean, plural};

pub async fn run(client: &Client, args: UndoArgs, undo: bool) -> Result<u8, Failure> {
    if let Some(hunk) = &args.hunk {
        return one_hunk(client, &args, hunk, undo).await;
    }
    let mut request = UndoRequest {
        operation_id: args.operation.map(Into::into),
        paths: (!args.paths.is_empty()).then_some(args.paths),
        preview: Some(args.answers.preview),
        resolve: resolve(&args.answers),
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

/// Takes one hunk of one file off the disk, or brings it back.
async fn one_hunk(client: &Client, args: &UndoArgs, hunk: &str, undo: bool) -> Result<u8, Failure> {
    let usage = |text: &str| Failure::new(Code::BadParams, text.to_owned());
    let [path] = args.paths.as_slice() else {
        return Err(usage(
            "A hunk is one of one file: name the file with --path.",
        ));
    };
    let operation = args.operation.as_deref().ok_or_else(|| {
        usage("A hunk is one of one operation: name it.")
            .hint("`mira checkpoints list` shows them.")
    })?;
    let operation_id = OperationId::from(operation);
    let of = OperationRef {
        operation_id: operation_id.clone(),
    };
    let set = client.call(calls::OperationChanges(of)).await?;
    let file = set.files.iter().find(|file| file.summary.path == *path);
    let hunks = file.map(|file| file.hunks.as_slice()).unwrap_or_default();
    let found = match hunk.parse::<usize>() {
        Ok(number) => hunks.get(number.wrapping_sub(1)),
        Err(_) => hunks.iter().find(|found| found.id == hunk),
    };
    let found = found.ok_or_else(|| {
        usage(&format!(
            "{path} has {}, and no hunk {hunk}.",
            plural(hunks.len() as u64, "hunk")
        ))
    })?;
    let AnswerArgs { take, merge, .. } = &args.answers;
    let named = |paths: &[String]| paths.iter().any(|name| name == path || name == "*");
    let review = Review {
        operation_id,
        path: path.clone(),
        hunk: Some(found.id.clone()),
        mark: if undo {
            ReviewMark::Rejected
        } else {
            ReviewMark::Kept
        },
        resolve: match (named(take), named(merge)) {
            (true, _) => Some(Choice::Take),
            (_, true) => Some(Choice::Merge),
            _ => None,
        },
    };
    let set = client.call(calls::OperationReview(review)).await?;
    if args.json.json {
        say_json(&set)?;
    } else {
        let verb = if undo { "Took back" } else { "Brought back" };
        say(&format!("{verb} hunk {hunk} of {}.", clean(path)))?;
    }
    Ok(0)
}

/// Answers as the protocol has them.
pub fn resolve(answers: &AnswerArgs) -> Option<Vec<Resolve>> {
    fn named(paths: &[String], choice: Choice) -> impl Iterator<Item = Resolve> + '_ {
        let resolve = move |path: &String| Resolve {
            path: path.clone(),
            choice,
        };
        paths.iter().map(resolve)
    }
    let all: Vec<Resolve> = named(&answers.keep, Choice::Keep)
        .chain(named(&answers.take, Choice::Take))
        .chain(named(&answers.merge, Choice::Merge))
        .collect();
    (!all.is_empty()).then_some(all)
}

/// Files that others changed: what they did, and what can be answered.
pub fn conflicts(conflicts: &[UndoConflict], style: Style) -> String {
    let mut out = String::new();
    for conflict in conflicts {
        let (path, reason) = (clean(&conflict.path), clean(&conflict.reason));
        out.push_str(&format!(
            "{} {path}: {reason}\n",
            style.yellow("left alone")
        ));
        for hunk in &conflict.hunks {
            for line in &hunk.lines {
                let text = clean(&line.text);
                match line.kind {
                    DiffLineKind::Added => out.push_str(&style.green(&format!("    +{text}\n"))),
                    DiffLineKind::Removed => out.push_str(&style.red(&format!("    -{text}\n"))),
                    _ => {}
                }
            }
        }
        let words: Vec<String> = conflict
            .choices
            .iter()
            .map(|choice| format!("--{} {path}", format!("{choice:?}").to_lowercase()))
            .collect();
        if !words.is_empty() {
            out.push_str(&format!("    answer with {}\n", words.join(", or ")));
        }
    }
    out
}

/// What was put back and what was left alone.
pub fn report(done: &UndoReport, undo: bool, style: Style) -> String {
    let verb = match (undo, done.preview) {
        (true, false) => "Took back",
        (false, false) => "Brought back",
        (true, true) => "Would take back",
        (false, true) => "Would bring back",
    };
    let mut out = String::new();
    if !done.paths.is_empty() {
        let files = plural(done.paths.len() as u64, "file");
        out.push_str(&format!("{verb} {files} of {}:\n", done.operation_id));
        for path in &done.paths {
            out.push_str(&format!("  {}\n", clean(path)));
        }
        if undo && !done.preview {
            out.push_str("`mira redo` brings them back.\n");
        }
    }
    out.push_str(&conflicts(&done.conflicts, style));
    for note in &done.notes {
        out.push_str(&format!("{}\n", style.yellow(&clean(note))));
    }
    if done.paths.is_empty() && done.conflicts.is_empty() {
        out.push_str(&format!("No file of {} was touched.\n", done.operation_id));
    } else if done.paths.is_empty() {
        out.push_str(
            "Nothing was touched. Answer as shown, or name files with --path to do those alone.\n",
        );
    }
    out
}
