//! What the review does in the terminal: remarks on lines, and what stands in a session's requests.

use mira_protocol::comment::{AddComment, Comment, CommentRef, ListComments, SendComments, Side};
use mira_protocol::context::{ChooseContext, ContextTarget, GetContext, Inclusion, SessionContext};
use mira_protocol::receipt::{FragmentPart, Receipt};
use mira_protocol::{Code, Failure, calls};

use super::{Next, Repl};
use crate::commands::{say, table};
use crate::render::text::{clean, one_line};

const CONTEXT: &str = "/context, or /context pin PATH, unpin PATH, exclude N, include N";
const COMMENT: &str = "/comment PATH:LINE WORDS, /comment send [WORDS], or /comment drop N";

/// `/context …`: the newest receipt with the choices; pins, and leaves out what it numbers.
pub async fn context(repl: &Repl, rest: &str) -> Result<(), Failure> {
    let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let rest = rest.trim();
    let path = || ContextTarget::File {
        path: rest
            .trim_start_matches('@')
            .trim_start_matches("./")
            .to_owned(),
    };
    let (target, choice) = match (word, rest) {
        ("", _) => return say(&shown(&get(repl).await?)),
        ("pin", rest) if !rest.is_empty() => (path(), Some(Inclusion::Pin)),
        ("unpin", rest) if !rest.is_empty() => (path(), None),
        ("exclude", rest) => (part(repl, rest).await?, Some(Inclusion::Exclude)),
        ("include", rest) => (part(repl, rest).await?, None),
        _ => return Err(super::slash::usage(CONTEXT)),
    };
    let request = ChooseContext {
        session_id: super::slash::begun(repl)?,
        target,
        choice,
    };
    let context = repl.client.call(calls::ContextChoose(request)).await?;
    say(&shown(&context))?;
    say("It counts from the next message on.")
}

async fn get(repl: &Repl) -> Result<SessionContext, Failure> {
    let get = GetContext {
        session_id: super::slash::begun(repl)?,
    };
    repl.client.call(calls::ContextGet(get)).await
}

/// The part of the newest receipt that stands under this number.
async fn part(repl: &Repl, number: &str) -> Result<ContextTarget, Failure> {
    let context = get(repl).await?;
    let at = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let parts = choosable(context.receipt.as_ref());
    at.and_then(|at| parts.get(at))
        .map(|part| part.target.clone())
        .ok_or_else(|| {
            Failure::new(
                Code::BadParams,
                format!("There is no part {number:?} in the newest receipt."),
            )
            .hint("/context shows the parts with their numbers.")
        })
}

/// What can be left out, in the order in which it is numbered.
fn choosable(receipt: Option<&Receipt>) -> Vec<&FragmentPart> {
    receipt
        .into_iter()
        .flat_map(|receipt| &receipt.fragments)
        .flat_map(|line| &line.parts)
        .filter(|part| !matches!(part.target, ContextTarget::File { .. }))
        .collect()
}

fn shown(context: &SessionContext) -> String {
    let mut rows = Vec::new();
    let chosen = |part: &FragmentPart| {
        let choice = context.choices.iter().find(|one| one.target == part.target);
        choice.map(|one| one.choice)
    };
    let mut number = 0;
    for line in context
        .receipt
        .iter()
        .flat_map(|receipt| &receipt.fragments)
    {
        let dropped = line
            .dropped
            .as_ref()
            .map(|what| format!("; left out: {what}"));
        let detail = format!("{}{}", line.detail, dropped.unwrap_or_default());
        rows.push(vec![
            line.name.clone(),
            format!("{} tokens", line.tokens),
            one_line(&clean(&detail), 100),
        ]);
        for part in &line.parts {
            let file = matches!(part.target, ContextTarget::File { .. });
            number += usize::from(!file);
            let mark = match (file, chosen(part)) {
                (true, _) => "pinned".to_owned(),
                (false, Some(Inclusion::Exclude)) => format!("{number}. left out"),
                (false, _) => format!("{number}."),
            };
            rows.push(vec![
                format!("  {mark}"),
                part.tokens.to_string(),
                one_line(&clean(&part.label), 100),
            ]);
        }
    }
    let mut text = match &context.receipt {
        Some(receipt) => format!(
            "{} tokens went to {} with the newest request.\n{}",
            receipt.total_tokens,
            receipt.model,
            table(&rows)
        ),
        None => "No request has left yet.".to_owned(),
    };
    let pinned: Vec<&str> = context
        .choices
        .iter()
        .filter_map(|one| match &one.target {
            ContextTarget::File { path } => Some(path.as_str()),
            _ => None,
        })
        .collect();
    if !pinned.is_empty() {
        text += &format!("\nPinned: {}", clean(&pinned.join(", ")));
    }
    text
}

/// `/comment …`: remarks on lines, and one message of all of them.
pub async fn comment(repl: &mut Repl, rest: &str) -> Result<Next, Failure> {
    let (word, words) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let words = words.trim();
    match word {
        "" => say(&listed(&comments(repl).await?))?,
        "send" => return send(repl, words).await,
        "drop" => drop_one(repl, words).await?,
        place => {
            let place = place.trim_start_matches('@');
            let (path, line) = place.rsplit_once(':').unwrap_or((place, ""));
            let (Ok(line), false) = (line.parse(), words.is_empty()) else {
                return Err(super::slash::usage(COMMENT));
            };
            let add = AddComment {
                session_id: super::slash::begun(repl)?,
                operation_id: repl.operation.clone(),
                path: path.trim_start_matches("./").to_owned(),
                side: Side::After,
                line,
                end_line: None,
                quote: quote(repl, path, line).await,
                text: words.to_owned(),
            };
            repl.client.call(calls::CommentAdd(add)).await?;
            say("Kept. /comment send sends it to the model, with any others.")?;
        }
    }
    Ok(Next::Line)
}

/// The line as it is on disk; empty where there is none.
async fn quote(repl: &Repl, path: &str, line: u32) -> String {
    let read = mira_protocol::project::ReadFile {
        project_id: repl.project.id.clone(),
        path: path.to_owned(),
        offset: Some(line),
        limit: Some(1),
        version: None,
    };
    let page = repl.client.call(calls::FileRead(read)).await;
    page.map(|page| page.text.trim_end().to_owned())
        .unwrap_or_default()
}

async fn comments(repl: &Repl) -> Result<Vec<Comment>, Failure> {
    let list = ListComments {
        session_id: super::slash::begun(repl)?,
    };
    Ok(repl.client.call(calls::CommentList(list)).await?.comments)
}

fn listed(comments: &[Comment]) -> String {
    if comments.is_empty() {
        return "No comment waits to be sent.".to_owned();
    }
    let rows: Vec<_> = comments
        .iter()
        .enumerate()
        .map(|(at, one)| {
            vec![
                format!("{}.", at + 1),
                clean(&format!("{}:{}", one.path, one.line)),
                one_line(&clean(&one.text), 100),
            ]
        })
        .collect();
    table(&rows)
}

async fn drop_one(repl: &Repl, number: &str) -> Result<(), Failure> {
    let comments = comments(repl).await?;
    let at = number.parse::<usize>().ok().and_then(|n| n.checked_sub(1));
    let Some(comment) = at.and_then(|at| comments.get(at)) else {
        return Err(super::slash::usage(COMMENT));
    };
    let remove = CommentRef {
        comment_id: comment.id.clone(),
    };
    repl.client.call(calls::CommentRemove(remove)).await?;
    say("The comment is gone.")
}

async fn send(repl: &mut Repl, words: &str) -> Result<Next, Failure> {
    let session = super::slash::begun(repl)?;
    let mut start = crate::host::turn(words.to_owned(), &repl.project.id, Some(session.clone()));
    start.access = repl.access;
    start.tier = repl.tier;
    start.model = repl.model.clone();
    let since = repl.last_seq().await?;
    let send = SendComments {
        session_id: session,
        start,
    };
    let started = repl.client.call(calls::CommentSend(send)).await?;
    repl.watch(started, since).await
}
