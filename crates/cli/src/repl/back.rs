//! `/undo`, `/redo`, `/rewind`: going back, and what to do with files that were edited since.

use mira_protocol::change::UndoRequest;
use mira_protocol::rewind::{RewindRequest, RewindWhat, UnrewindRequest};
use mira_protocol::{Failure, calls};

use super::Repl;
use super::slash::{begun, usage};
use crate::args::AnswerArgs;
use crate::commands::{messages, resolve, rewind_report, say, undo_report};

pub(super) async fn undo(repl: &Repl, rest: &str, undo: bool) -> Result<(), Failure> {
    let (answers, words) = answers(rest)?;
    let paths: Vec<_> = words
        .iter()
        .map(|path| path.trim_start_matches('@').to_owned())
        .collect();
    let request = UndoRequest {
        session_id: repl.session.clone(),
        project_path: repl.session.is_none().then(|| repl.project.path.clone()),
        paths: (!paths.is_empty()).then_some(paths),
        preview: Some(answers.preview),
        resolve: resolve(&answers),
        ..UndoRequest::default()
    };
    let done = if undo {
        repl.client.call(calls::OperationUndo(request)).await?
    } else {
        repl.client.call(calls::OperationRedo(request)).await?
    };
    say(&undo_report(&done, undo, repl.style)
        .replace("`mira redo` brings them", "/redo brings them"))
}

pub(super) async fn rewind(repl: &mut Repl, rest: &str) -> Result<(), Failure> {
    let session_id = begun(repl)?;
    let (answers, words) = answers(rest)?;
    let preview = Some(answers.preview);
    let resolve = resolve(&answers);
    let (to, what) = match words.as_slice() {
        [] => {
            let list = messages(&repl.client, &session_id).await?;
            return say(&format!(
                "{list}/rewind N goes back to before message N; /rewind N files (or conversation) \
                 only with the files (or the conversation)."
            ));
        }
        ["undo"] => {
            let undo = UnrewindRequest {
                session_id,
                preview,
                resolve,
            };
            let done = repl.client.call(calls::SessionUnrewind(undo)).await?;
            return say(&rewind_report(&done, true, repl.style));
        }
        [to] => (*to, RewindWhat::Both),
        [to, "files"] => (*to, RewindWhat::Files),
        [to, "conversation"] => (*to, RewindWhat::Conversation),
        _ => {
            return Err(usage(
                "/rewind N, /rewind N files, /rewind N conversation or /rewind undo",
            ));
        }
    };
    let seq: u64 = to
        .parse()
        .map_err(|_| usage("/rewind N with a number of the list"))?;
    let request = RewindRequest {
        session_id,
        message_id: None,
        seq: Some(seq),
        what,
        preview,
        resolve,
    };
    let done = repl.client.call(calls::SessionRewind(request)).await?;
    if done.done && what.conversation() {
        repl.operation = None;
    }
    say(&rewind_report(&done, false, repl.style).replace("`mira rewind --undo`", "/rewind undo"))
}

/// `--keep PATH`, `--take PATH`, `--merge PATH` and `--preview`, as on the command line, and the
/// other words.
fn answers(rest: &str) -> Result<(AnswerArgs, Vec<&str>), Failure> {
    let mut answers = AnswerArgs::default();
    let mut others = Vec::new();
    let mut words = rest.split_whitespace();
    while let Some(word) = words.next() {
        let paths = match word {
            "--preview" => {
                answers.preview = true;
                continue;
            }
            "--keep" => &mut answers.keep,
            "--take" => &mut answers.take,
            "--merge" => &mut answers.merge,
            flag if flag.starts_with("--") => {
                return Err(usage("--keep PATH, --take PATH, --merge PATH or --preview"));
            }
            other => {
                others.push(other);
                continue;
            }
        };
        let path = words.next().ok_or_else(|| usage(&format!("{word} PATH")))?;
        paths.push(path.to_owned());
    }
    Ok((answers, others))
}
