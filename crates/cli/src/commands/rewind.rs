//! `mira rewind`.

use std::io;

use mira_protocol::rewind::{RewindReport, RewindRequest, RewindWhat, UnrewindRequest, Visible};
use mira_protocol::session::SessionEvents;
use mira_protocol::{Code, EventKind, Failure, MessageId, SessionId, calls};

use super::undo::{conflicts, resolve};
use super::{say, say_json, table};
use crate::args::RewindArgs;
use crate::client::Client;
use crate::exit;
use crate::host;
use crate::render::diff;
use crate::render::style::Style;
use crate::render::text::{clean, one_line, plural};

pub async fn run(client: &Client, args: RewindArgs) -> Result<u8, Failure> {
    let mut target = args.target.clone();
    if target.session.is_none() {
        target.last = true;
    }
    let project = host::project(client, target.project.as_deref()).await?;
    let session = host::session(client, &target, &project.id).await?;
    let session = session.ok_or_else(|| Failure::not_found("A session of this project"))?;
    let (preview, resolve) = (Some(args.answers.preview), resolve(&args.answers));
    let done = match (args.to.as_deref(), args.undo) {
        (None, false) => {
            say(&messages(client, &session.id).await?)?;
            say("`mira rewind NUMBER` goes back to before that message.")?;
            return Ok(0);
        }
        (None, true) => {
            let undo = UnrewindRequest {
                session_id: session.id,
                preview,
                resolve,
            };
            client.call(calls::SessionUnrewind(undo)).await?
        }
        (Some(to), _) => {
            let seq = to.parse().ok();
            let request = RewindRequest {
                session_id: session.id,
                message_id: seq.is_none().then(|| MessageId::from(to)),
                seq,
                what: args.what.into(),
                preview,
                resolve,
            };
            client.call(calls::SessionRewind(request)).await?
        }
    };
    if args.json.json {
        say_json(&done)?;
    } else {
        say(&report(&done, args.undo, Style::of(&io::stdout())))?;
    }
    Ok(if done.done || args.answers.preview {
        0
    } else {
        exit::FAILED
    })
}

/// The messages that began turns, each with its number.
pub async fn messages(client: &Client, session: &SessionId) -> Result<String, Failure> {
    let mut events = Vec::new();
    loop {
        let page = SessionEvents {
            session_id: session.clone(),
            since_seq: events
                .last()
                .map_or(0, |event: &mira_protocol::StoredEvent| event.seq),
            limit: None,
            before_seq: None,
        };
        let page = client.call(calls::SessionEvents(page)).await?;
        events.extend(page.events);
        if !page.more {
            break;
        }
    }
    let visible = Visible::of(&events);
    let rows: Vec<Vec<String>> = events
        .iter()
        .filter(|event| visible.contains(event.seq))
        .filter_map(|event| match &event.kind {
            EventKind::UserMessage {
                content,
                steering: false,
                ..
            } => Some(vec![event.seq.to_string(), one_line(content, 70)]),
            _ => None,
        })
        .collect();
    if rows.is_empty() {
        return Err(Failure::new(
            Code::NotFound,
            "There is no message to go back to.",
        ));
    }
    Ok(table(&rows))
}

/// What was gone back to, what became of files, and what stands in the way.
pub fn report(done: &RewindReport, undo: bool, style: Style) -> String {
    let mut out = String::new();
    if done.done || done.conflicts.is_empty() {
        let verb = match (done.done, undo) {
            (true, false) => "Went back",
            (false, false) => "Would go back",
            (true, true) => "Took the rewind back",
            (false, true) => "Would take the rewind back",
        };
        out.push_str(verb);
        if !undo {
            out.push_str(&format!(" to before message {}", done.to_seq));
        }
        if done.what != RewindWhat::Files {
            let messages = plural(u64::from(done.messages), "message");
            let word = if undo {
                "come back"
            } else {
                "leave the conversation"
            };
            out.push_str(&format!("; {messages} {word}"));
        }
        out.push_str(".\n");
        if done.what.files() && done.files.is_empty() {
            out.push_str("No file was changed since.\n");
        }
    }
    for file in &done.files {
        out.push_str(&format!("  {}\n", diff::summary(file, style)));
    }
    out.push_str(&conflicts(&done.conflicts, style));
    for note in &done.notes {
        out.push_str(&style.yellow(&format!("not covered: {}\n", clean(note))));
    }
    if !done.done && !done.conflicts.is_empty() {
        out.push_str("Nothing was touched. Answer as shown.\n");
    }
    if done.done && !undo {
        out.push_str("`mira rewind --undo` takes this back; nothing is lost.\n");
        if !done.message.is_empty() {
            let message = one_line(&done.message, 200);
            out.push_str(&style.dim(&format!("The message was: {message}\n")));
        }
    }
    out
}
