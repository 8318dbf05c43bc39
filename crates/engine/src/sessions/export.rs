//! A conversation as a file: Markdown for people, JSON with every event for programs.

use std::fmt::Write as _;

use mira_protocol::session::{ExportFormat, ExportedSession, Session};
use mira_protocol::{EventKind, Failure, StoredEvent};

use crate::failure::internal;

/// The most of one tool answer that the Markdown repeats, in characters.
const OUTPUT_CHARS: usize = 2_000;

pub fn export(
    session: &Session,
    events: &[StoredEvent],
    format: ExportFormat,
) -> Result<ExportedSession, Failure> {
    let (ending, content) = match format {
        ExportFormat::Markdown => ("md", markdown(session, events)),
        ExportFormat::Json => {
            let whole = serde_json::json!({ "format": "mira-session", "version": 1, "session": session, "events": events });
            ("json", serde_json::to_string_pretty(&whole).map_err(internal)?)
        }
    };
    Ok(ExportedSession { file_name: format!("{}.{ending}", file_stem(session)), content })
}

fn file_stem(session: &Session) -> String {
    let stem: String = session
        .name
        .chars()
        .map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(60)
        .collect();
    let stem = stem.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-");
    if stem.is_empty() { session.id.0.clone() } else { stem }
}

fn markdown(session: &Session, events: &[StoredEvent]) -> String {
    let name = if session.name.is_empty() { "Conversation" } else { &session.name };
    let mut out = format!("# {name}\n");
    for event in events {
        match &event.kind {
            EventKind::UserMessage { content, .. } => {
                let _ = write!(out, "\n## You\n\n{content}\n");
            }
            EventKind::AssistantMessage { content, partial, .. } => {
                let _ = write!(out, "\n## Mira\n\n{content}\n");
                if *partial {
                    out += "\n*(broke off)*\n";
                }
            }
            EventKind::ToolCall { tool, arguments, .. } => {
                let _ = write!(out, "\n- `{tool}` {}\n", fenced_inline(&arguments.to_string()));
            }
            EventKind::ToolResult { output, success, summary, .. } => {
                let mark = if *success { "✓" } else { "✗" };
                let shown: String = output.chars().take(OUTPUT_CHARS).collect();
                let cut = if shown.len() < output.len() { "\n[…]" } else { "" };
                let fence = fence_for(&shown);
                let _ = write!(out, "  {mark} {summary}\n\n{fence}\n{shown}{cut}\n{fence}\n");
            }
            EventKind::OperationFinished { failure: Some(failure), .. } => {
                let _ = write!(out, "\n> {}\n", failure.message);
            }
            _ => {}
        }
    }
    out
}

/// Longer than any run of backticks in the text.
fn fence_for(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(longest.max(2) + 1)
}

fn fenced_inline(text: &str) -> String {
    let fence = "`".repeat(text.split(|c| c != '`').map(str::len).max().unwrap_or(0) + 1);
    format!("{fence}{text}{fence}")
}
