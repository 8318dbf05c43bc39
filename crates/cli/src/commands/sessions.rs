//! `mira sessions`.

use std::io;

use mira_protocol::session::{
    ExportFormat, ExportSession, ForkSession, ListSessions, PinSession, RenameSession, SearchHit,
    SearchSessions, Session, SessionRef,
};
use mira_protocol::{Failure, SessionId, calls};

use super::code::{note, reasons};
use super::{say, say_json, table, write_out};
use crate::args::SessionsCommand;
use crate::client::Client;
use crate::host::{self, find_deleted, find_session};
use crate::render::markdown::Markdown;
use crate::render::style::Style;
use crate::render::text::{ago, clean, now_ms, one_line, plural, usd};

pub async fn run(client: &Client, command: SessionsCommand) -> Result<u8, Failure> {
    match command {
        SessionsCommand::List {
            search,
            project,
            deleted,
            limit,
            json,
        } => {
            let project_id = match project {
                Some(folder) => Some(host::project(client, Some(&folder)).await?.id),
                None => None,
            };
            let list = ListSessions {
                project_id,
                search,
                limit: Some(limit),
                deleted,
                offset: None,
            };
            let list = client.call(calls::SessionList(list)).await?;
            if json.json {
                say_json(&list)?;
            } else if list.sessions.is_empty() {
                say("No sessions.")?;
            } else {
                say(&rows(&list.sessions))?;
                if list.total > list.sessions.len() as u64 {
                    say(&format!("{} in all; --limit shows more.", list.total))?;
                }
            }
        }
        SessionsCommand::Show { session } => {
            let session = find_session(client, &session).await?;
            say(&transcript(client, &session.id, Style::of(&io::stdout())).await?)?;
        }
        SessionsCommand::Search {
            query,
            project,
            role,
            tool,
            model,
            since,
            until,
            limit,
            why,
            json,
        } => {
            let project_id = match project {
                Some(folder) => Some(host::project(client, Some(&folder)).await?.id),
                None => None,
            };
            let search = SearchSessions {
                query,
                project_id,
                session_id: None,
                role: role.map(Into::into),
                tool,
                model,
                since,
                until,
                limit: Some(limit),
            };
            let found = client.call(calls::SessionSearch(search)).await?;
            if json.json {
                say_json(&found)?;
            } else {
                note(&found.notes);
                say(&hits(&found.hits, why, Style::of(&io::stdout())))?;
            }
        }
        SessionsCommand::Rename { session, name } => {
            let session_id = find_session(client, &session).await?.id;
            let renamed = RenameSession { session_id, name };
            let session = client.call(calls::SessionRename(renamed)).await?;
            say(&format!("{} is now {:?}.", session.id, session.name))?;
        }
        SessionsCommand::Pin { session } => pin(client, &session, true).await?,
        SessionsCommand::Unpin { session } => pin(client, &session, false).await?,
        SessionsCommand::Delete { session } => {
            let session = find_session(client, &session).await?;
            let session_id = session.id.clone();
            client
                .call(calls::SessionDelete(SessionRef { session_id }))
                .await?;
            let id = session.id;
            say(&format!(
                "Deleted {id}. `mira sessions restore {id}` brings it back."
            ))?;
        }
        SessionsCommand::Restore { session } => {
            let session_id = find_deleted(client, &session).await?.id;
            let session = client
                .call(calls::SessionRestore(SessionRef { session_id }))
                .await?;
            say(&format!("{} is back.", session.id))?;
        }
        SessionsCommand::Fork {
            session,
            up_to,
            name,
        } => {
            let session_id = find_session(client, &session).await?.id;
            let fork = ForkSession {
                session_id,
                up_to_seq: up_to,
                name,
            };
            let fork = client.call(calls::SessionFork(fork)).await?;
            say(&fork.id.0)?;
        }
        SessionsCommand::Export {
            session,
            format,
            html,
            output,
        } => {
            let session_id = find_session(client, &session).await?.id;
            let export = ExportSession {
                session_id,
                format: match html {
                    true => ExportFormat::Html,
                    false => format.into(),
                },
            };
            let exported = client.call(calls::SessionExport(export)).await?;
            write_out(&output, &exported.content)?;
        }
    }
    Ok(0)
}

async fn pin(client: &Client, session: &str, pinned: bool) -> Result<(), Failure> {
    let session_id = find_session(client, session).await?.id;
    let session = client
        .call(calls::SessionPin(PinSession { session_id, pinned }))
        .await?;
    let state = if session.pinned {
        "pinned"
    } else {
        "not pinned"
    };
    say(&format!("{} is {state}.", session.id))
}

/// A line a session.
pub fn rows(sessions: &[Session]) -> String {
    let now = now_ms();
    let rows: Vec<_> = sessions
        .iter()
        .map(|session| {
            let name = if session.name.is_empty() {
                one_line(&session.last_message_preview, 48)
            } else {
                one_line(&session.name, 48)
            };
            let mut marks = Vec::new();
            if session.pinned {
                marks.push("pinned");
            }
            if session.awaiting_approval {
                marks.push("waits for you");
            } else if session.running_operation_id.is_some() {
                marks.push("running");
            }
            if session.resumable_operation_id.is_some() {
                marks.push("interrupted");
            }
            vec![
                session.id.0.clone(),
                name,
                plural(session.message_count, "message"),
                usd(session.cost_micro_usd),
                ago(session.last_active_at, now),
                marks.join(", "),
            ]
        })
        .collect();
    table(&rows)
}

/// Search results with what matched in bold.
pub fn hits(hits: &[SearchHit], why: bool, style: Style) -> String {
    if hits.is_empty() {
        return "Nothing found.".to_owned();
    }
    let now = now_ms();
    let mut out = String::new();
    for hit in hits {
        let name = if hit.session_name.is_empty() {
            "(no name)"
        } else {
            &hit.session_name
        };
        let head = format!("{}  {}", hit.session_id, one_line(name, 60));
        let mut place = format!("{} at {}, {}", hit.role.word(), hit.seq, ago(hit.at, now));
        let signals = hit.reasons.iter().map(|reason| reason.signal.as_str());
        let signals: Vec<&str> = signals.collect();
        if signals.contains(&"meaning") {
            place.push_str(&format!(", by {}", clean(&signals.join(" and "))));
        }
        out.push_str(&format!("{}  {}\n", style.bold(&head), style.dim(&place)));
        if why {
            out.push_str(&reasons(&hit.reasons));
        }
        out.push_str("  ");
        let snippet = hit.snippet.split_whitespace().collect::<Vec<_>>().join(" ");
        for (position, part) in snippet.split('\u{2}').enumerate() {
            match part.split_once('\u{3}') {
                Some((matched, rest)) if position > 0 => {
                    out.push_str(&style.yellow(&clean(matched)));
                    out.push_str(&clean(rest));
                }
                _ => out.push_str(&clean(part)),
            }
        }
        out.push('\n');
    }
    out
}

/// The conversation as Markdown, rendered for the terminal.
pub async fn transcript(
    client: &Client,
    session: &SessionId,
    style: Style,
) -> Result<String, Failure> {
    let export = ExportSession {
        session_id: session.clone(),
        format: ExportFormat::Markdown,
    };
    let content = client.call(calls::SessionExport(export)).await?.content;
    let mut markdown = Markdown::new(style.color);
    Ok(markdown.push(&content) + &markdown.finish())
}
