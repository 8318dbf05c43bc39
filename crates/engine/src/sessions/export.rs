//! A conversation as a file: Markdown to read, JSON to keep (every event, as stored).

use std::collections::HashMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use mira_protocol::approval::Decision;
use mira_protocol::change::{ChangeKind, FileChangeSummary};
use mira_protocol::operation::OperationState;
use mira_protocol::rewind::{RewindWhat, Visible};
use mira_protocol::session::{ExportFormat, ExportedSession, Session};
use mira_protocol::{CallId, EventKind, Failure, StoredEvent, UtcMs};

use mira_secrets::Masker;

use super::export_html;
use crate::failure::internal;

/// Of the JSON form; raised when its shape changes.
const FORMAT_VERSION: u32 = 1;

/// `home`: the person's own folder, which a page to hand on does not name.
pub fn export(
    session: &Session,
    events: &[StoredEvent],
    format: ExportFormat,
    home: Option<&str>,
    masker: &Masker,
) -> Result<ExportedSession, Failure> {
    // Sessions that are older than the masking hold what they hold.
    let masked = |event: &StoredEvent| StoredEvent {
        kind: crate::masking::event(masker, event.kind.clone()),
        ..event.clone()
    };
    let events: Vec<StoredEvent> = events.iter().map(masked).collect();
    let events = events.as_slice();
    let (ending, content) = match format {
        ExportFormat::Markdown => ("md", markdown(session, events)),
        ExportFormat::Json => ("json", json(session, events)?),
        ExportFormat::Html => ("html", export_html::html(session, events, home, masker)),
    };
    Ok(ExportedSession {
        file_name: format!("{}.{ending}", file_stem(session)),
        content,
    })
}

fn json(session: &Session, events: &[StoredEvent]) -> Result<String, Failure> {
    let whole = serde_json::json!({
        "format": "mira.session",
        "version": FORMAT_VERSION,
        "session": session,
        "events": events,
    });
    let mut text = serde_json::to_string_pretty(&whole).map_err(internal)?;
    text.push('\n');
    Ok(text)
}

fn markdown(session: &Session, events: &[StoredEvent]) -> String {
    let mut out = format!("# {}\n\n", title(session));
    let messages = session.message_count;
    let _ = writeln!(
        out,
        "{} · {messages} message{}",
        when(session.created_at),
        if messages == 1 { "" } else { "s" }
    );
    // A result says which tool it is from, not what that tool was asked.
    let mut calls: HashMap<&CallId, &serde_json::Value> = HashMap::new();
    let visible = Visible::of(events);
    for event in events.iter().filter(|event| visible.contains(event.seq)) {
        if let EventKind::ToolCall {
            call_id, arguments, ..
        } = &event.kind
        {
            calls.insert(call_id, arguments);
        }
        if let Some(block) = block(event, &calls) {
            out.push('\n');
            out.push_str(block.trim_end());
            out.push('\n');
        }
    }
    out
}

/// What an event looks like; None for those that say nothing to a reader.
fn block(event: &StoredEvent, calls: &HashMap<&CallId, &serde_json::Value>) -> Option<String> {
    match &event.kind {
        EventKind::UserMessage {
            content,
            attachments,
            ..
        } => {
            let mut text = format!("## You · {}\n\n{content}\n", when(event.at));
            for attachment in attachments {
                let _ = write!(text, "\n*Attached: {}*\n", attachment.name);
            }
            Some(text)
        }
        EventKind::AssistantMessage {
            content, partial, ..
        } => {
            let cut = if *partial { "\n\n*(cut off)*" } else { "" };
            Some(format!("## Mira · {}\n\n{content}{cut}\n", when(event.at)))
        }
        EventKind::ToolResult {
            call_id,
            tool,
            success,
            output,
            summary,
            changes,
            ..
        } => {
            let failed = if *success { "" } else { " (failed)" };
            let mut text = format!("### {tool}{failed}: {summary}\n");
            if let Some(arguments) = calls.get(call_id) {
                let arguments = serde_json::to_string_pretty(arguments).unwrap_or_default();
                let _ = write!(text, "\n{}\n", fenced("json", &arguments));
            }
            if !output.trim().is_empty() {
                let _ = write!(text, "\n{}\n", fenced("", output.trim_end()));
            }
            if !changes.is_empty() {
                let _ = write!(text, "\n{}", change_lines(changes));
            }
            Some(text)
        }
        EventKind::Notice { text, .. } => Some(format!("> {}\n", text.replace('\n', "\n> "))),
        EventKind::ApprovalDecided { decision, .. } => Some(match decision {
            Decision::Allow => "*Allowed.*\n".into(),
            Decision::Always => "*Allowed, and remembered.*\n".into(),
            Decision::Deny => "*Denied.*\n".into(),
        }),
        EventKind::Compacted { dropped_items, .. } => Some(format!(
            "*{dropped_items} earlier items were replaced by a summary.*\n"
        )),
        EventKind::OperationFinished { state, failure, .. } => match (state, failure) {
            (OperationState::Completed, _) => None,
            (_, Some(failure)) => Some(format!("> {}\n", failure.message)),
            (state, None) => Some(format!("> The operation ended as {state:?}.\n")),
        },
        EventKind::Undone { undone, paths, .. } => {
            let what = if *undone {
                "Taken back"
            } else {
                "Brought back"
            };
            Some(format!("*{what}: {}*\n", paths.join(", ")))
        }
        EventKind::Rewound {
            what,
            paths,
            undoes_seq,
            ..
        } => {
            let verb = match (undoes_seq, what) {
                (Some(_), _) => "Took a rewind back",
                (None, RewindWhat::Files) => "Put files back",
                (None, _) => "Went back; what followed is no longer part of the conversation",
            };
            let files = match paths.len() {
                0 => String::new(),
                1 => " (1 file)".to_owned(),
                count => format!(" ({count} files)"),
            };
            Some(format!("*{verb}{files}.*\n"))
        }
        EventKind::Forked {
            from_session_id, ..
        } => Some(format!(
            "---\n\n*Copied from {from_session_id} up to here.*\n"
        )),
        _ => None,
    }
}

fn change_lines(changes: &[FileChangeSummary]) -> String {
    let mut lines = String::new();
    for FileChangeSummary {
        path,
        change,
        additions,
        deletions,
        ..
    } in changes
    {
        let what = match change {
            ChangeKind::Created => "created",
            ChangeKind::Modified => "modified",
            ChangeKind::Deleted => "deleted",
            ChangeKind::Mode => "permissions",
        };
        let _ = writeln!(lines, "- `{path}` {what} (+{additions} −{deletions})");
    }
    lines
}

/// A code block whose fence is longer than any run of backticks inside.
fn fenced(language: &str, text: &str) -> String {
    let mut longest = 0;
    let mut run = 0;
    for sign in text.chars() {
        run = if sign == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(3.max(longest + 1));
    format!("{fence}{language}\n{text}\n{fence}")
}

pub fn title(session: &Session) -> &str {
    if session.name.is_empty() {
        "Conversation"
    } else {
        &session.name
    }
}

/// In UTC, so that the same session gives the same file everywhere.
pub fn when(at: UtcMs) -> String {
    match Timestamp::from_millisecond(at) {
        Ok(time) => time
            .to_zoned(TimeZone::UTC)
            .strftime("%Y-%m-%d %H:%M UTC")
            .to_string(),
        Err(_) => at.to_string(),
    }
}

/// Letters and digits of the title, else the session's id.
fn file_stem(session: &Session) -> String {
    let kept: String = session
        .name
        .chars()
        .map(|sign| if sign.is_alphanumeric() { sign } else { ' ' })
        .collect();
    let words: Vec<_> = kept.split_whitespace().collect();
    let stem: String = words.join("-").chars().take(60).collect();
    if stem.is_empty() {
        session.id.0.clone()
    } else {
        stem
    }
}

#[cfg(test)]
mod tests {
    use super::fenced;

    #[test]
    fn no_content_ends_its_own_block() {
        assert_eq!(fenced("json", "{}"), "```json\n{}\n```");
        assert_eq!(fenced("", "a ```` b"), "`````\na ```` b\n`````");
    }
}
