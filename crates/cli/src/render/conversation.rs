//! The events of an operation as lines on a terminal.
//!
//! The same lines serve `mira exec` (text on one stream, the rest on another) and the REPL.

use std::collections::HashMap;

use mira_protocol::approval::{Approval, DecidedBy, Decision};
use mira_protocol::budget::{CapPeriod, CapState, Pause};
use mira_protocol::event::NoticeLevel;
use mira_protocol::operation::OperationState;
use mira_protocol::{CallId, Event, EventKind, Failure, MessageId, MicroUsd, Signal};

use super::diff;
use super::markdown::Markdown;
use super::style::Style;
use super::text::{clean, count, duration, one_line, plural, usd};

/// Where a piece of output belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Out {
    /// The model's words.
    Text(String),
    /// What happened beside them: a whole line, without its end.
    Line(String),
}

/// Turns events into output. Deltas that were lost are made good by the stored message.
pub struct Conversation {
    style: Style,
    /// Style of the model's words; they may go to another stream.
    text_style: Style,
    /// The message that streams now: how much of it was shown, in characters.
    open: Option<(MessageId, u64, Markdown)>,
    /// Names and arguments of calls, until they end.
    calls: HashMap<CallId, (String, String)>,
    /// What the operation has cost so far.
    spent: MicroUsd,
}

impl Conversation {
    pub fn new(style: Style, text_style: Style) -> Self {
        Self {
            style,
            text_style,
            open: None,
            calls: HashMap::new(),
            spent: 0,
        }
    }

    pub fn event(&mut self, event: &Event) -> Vec<Out> {
        match event {
            Event::Signal(Signal::TextDelta {
                message_id,
                offset,
                text,
                ..
            }) => self.delta(message_id, *offset, text),
            Event::Stored(stored) => self.stored(&stored.kind),
            Event::Signal(_) | Event::Topic(_) => Vec::new(),
        }
    }

    fn delta(&mut self, message: &MessageId, offset: u64, text: &str) -> Vec<Out> {
        let mut out = Vec::new();
        if self.open.as_ref().is_none_or(|(open, ..)| open != message) {
            out.extend(self.close());
            self.open = Some((message.clone(), 0, Markdown::new(self.text_style.color)));
        }
        if let Some((_, shown, markdown)) = &mut self.open
            && offset <= *shown
        {
            // A late client hears the beginning once more; a lost piece waits for the whole.
            let new: String = text.chars().skip((*shown - offset) as usize).collect();
            *shown += new.chars().count() as u64;
            let text = markdown.push(&new);
            if !text.is_empty() {
                out.push(Out::Text(text));
            }
        }
        out
    }

    /// Ends the message that streams, if any.
    pub fn close(&mut self) -> Vec<Out> {
        match self.open.take() {
            Some((_, shown, mut markdown)) if shown > 0 => {
                vec![Out::Text(markdown.finish() + "\n")]
            }
            _ => Vec::new(),
        }
    }

    fn line(&mut self, line: String) -> Vec<Out> {
        let mut out = self.close();
        out.push(Out::Line(line));
        out
    }

    fn stored(&mut self, kind: &EventKind) -> Vec<Out> {
        let style = self.style;
        match kind {
            EventKind::AssistantMessage {
                message_id,
                content,
                partial,
                ..
            } => {
                let mut out = self.delta(message_id, 0, content);
                out.extend(self.close());
                if *partial {
                    out.push(Out::Line(style.dim("(broken off here)")));
                }
                out
            }
            EventKind::ToolCall {
                call_id,
                tool,
                arguments,
            } => {
                let subject = subject(arguments);
                self.calls.insert(call_id.clone(), (tool.clone(), subject));
                Vec::new()
            }
            EventKind::ToolStarted {
                command: Some(command),
                ..
            } => self.line(style.dim(&format!("$ {}", one_line(command, 200)))),
            EventKind::ToolResult {
                call_id,
                tool,
                success,
                summary,
                duration_ms,
                changes,
                ..
            } => {
                let (tool, subject) = self
                    .calls
                    .remove(call_id)
                    .unwrap_or((tool.clone(), String::new()));
                let mark = if *success {
                    style.green("✓")
                } else {
                    style.red("✗")
                };
                let mut line = format!("{mark} {}", style.bold(&clean(&tool)));
                let subject = if changes.is_empty() {
                    subject
                } else {
                    String::new()
                };
                for part in [subject, one_line(summary, 120)] {
                    if !part.is_empty() && !line.contains(&part) {
                        line.push_str(&format!("  {part}"));
                    }
                }
                let mut end = format!("  {}", duration(*duration_ms));
                if self.spent > 0 {
                    end.push_str(&format!(" · {} so far", usd(self.spent)));
                }
                line.push_str(&style.dim(&end));
                let mut out = self.line(line);
                let files = changes
                    .iter()
                    .map(|file| format!("  {}", diff::summary(file, style)));
                out.extend(files.map(Out::Line));
                out
            }
            EventKind::Routed {
                tier,
                model,
                reason,
                decision: Some(_),
                ..
            } => {
                let tier = format!("{tier:?}").to_lowercase();
                let model = clean(model);
                let reason = one_line(reason, 120);
                self.line(style.dim(&format!("{tier} tier ({model}), because {reason}")))
            }
            EventKind::BudgetPaused { pause } if pause.waits_for_others => {
                self.line(style.dim("Waits for money that other calls hold."))
            }
            EventKind::BudgetPaused { pause } => {
                let caps = pause.caps.iter().map(cap).collect::<Vec<_>>().join("; ");
                let needed = usd(pause.needed_micro_usd);
                self.line(style.yellow(&format!(
                    "Paused: the next call may cost up to {needed}. {caps}."
                )))
            }
            EventKind::ModelCallFinished {
                cost_micro_usd,
                money,
                ..
            } => {
                self.spent += cost_micro_usd.unwrap_or(0);
                match money {
                    Some(money) if money.cache_hit => {
                        let saved = usd(money.saved_micro_usd);
                        self.line(style.dim(&format!("From the cache: {saved} saved.")))
                    }
                    _ => Vec::new(),
                }
            }
            EventKind::Notice { level, text, .. } => {
                let text = clean(text);
                self.line(match level {
                    NoticeLevel::Info => style.dim(&text),
                    NoticeLevel::Warning => style.yellow(&text),
                })
            }
            EventKind::ApprovalDecided { decision, by, .. } => {
                let text = match (by, decision) {
                    (DecidedBy::Expiry, _) => "Nobody answered in time: denied.",
                    (DecidedBy::Operation, _) => "The question was withdrawn.",
                    (DecidedBy::Person, Decision::Allow) => "Allowed once.",
                    (DecidedBy::Person, Decision::Always) => "Allowed, and remembered.",
                    (DecidedBy::Person, Decision::Deny) => "Denied.",
                };
                self.line(style.dim(text))
            }
            EventKind::OperationState {
                state: OperationState::Pending,
                reason: Some(reason),
                ..
            } => self.line(style.dim(&clean(reason))),
            EventKind::Compacted {
                dropped_items,
                dropped_tokens,
                ..
            } => {
                let items = plural(u64::from(*dropped_items), "older item");
                let tokens = count(*dropped_tokens);
                self.line(style.dim(&format!("{items} ({tokens} tokens) became a summary.")))
            }
            EventKind::JobStarted { job_id, command } => {
                let command = one_line(command, 120);
                self.line(style.dim(&format!("{job_id} runs in the background: {command}")))
            }
            EventKind::JobFinished { job_id, exit_code } => {
                let how = exit_code.map_or("by a signal".to_owned(), |code| format!("with {code}"));
                self.line(style.dim(&format!("{job_id} ended {how}.")))
            }
            EventKind::OperationFinished {
                state,
                failure,
                usage,
                cost_micro_usd,
                duration_ms,
                ..
            } => {
                let mut out = self.close();
                self.spent = 0;
                // Who stopped it knows; the last line says so.
                let failure = failure
                    .as_ref()
                    .filter(|_| *state != OperationState::Cancelled);
                if let Some(failure) = failure {
                    out.extend(
                        problem(failure, style)
                            .lines()
                            .map(|l| Out::Line(l.to_owned())),
                    );
                }
                let mut parts = vec![duration(*duration_ms)];
                if *state != OperationState::Completed {
                    parts.insert(0, format!("{state:?}").to_lowercase());
                }
                let tokens = usage.input_tokens + usage.output_tokens;
                if tokens > 0 {
                    parts.push(format!("{} tokens", count(tokens)));
                }
                if *cost_micro_usd > 0 {
                    parts.push(usd(*cost_micro_usd));
                }
                out.push(Out::Line(style.dim(&parts.join(" · "))));
                out
            }
            _ => Vec::new(),
        }
    }
}

/// A cap where it stands, in words.
pub fn cap(state: &CapState) -> String {
    let of = match state.cap.period {
        CapPeriod::Operation => "an operation",
        CapPeriod::Session => "a session",
        CapPeriod::Day => "a day",
        CapPeriod::Month => "a month",
    };
    let limit = usd(state.limit_micro_usd + state.raised_micro_usd);
    let spent = usd(state.spent_micro_usd);
    let held = match state.reserved_micro_usd {
        0 => String::new(),
        held => format!(", {} held", usd(held)),
    };
    let source = match state.source.as_str() {
        "project" => "of the project".to_owned(),
        name => clean(name),
    };
    format!("cap of {of}: {limit} ({source}), {spent} spent{held}")
}

/// What the person can do about a call that does not fit the budget.
pub fn pause(pause: &Pause, style: Style) -> String {
    let missing = usd(pause.missing_micro_usd);
    let mut text = format!(
        "{}\n[o] raise it this once by {missing}  [g] raise it for good",
        style.yellow("The budget does not have enough for the next call.")
    );
    if let Some(cheaper) = &pause.cheaper {
        let tier = format!("{:?}", cheaper.tier).to_lowercase();
        let worst = usd(cheaper.worst_micro_usd);
        text.push_str(&format!("  [c] {tier} tier, up to {worst}"));
    }
    text.push_str("  [s] stop");
    text
}

/// A failure and its next step.
pub fn problem(failure: &Failure, style: Style) -> String {
    let mut text = format!("{} {}", style.red("error:"), clean(&failure.message));
    if let Some(hint) = &failure.hint {
        text.push_str(&format!("\n  {}", clean(hint)));
    }
    text
}

/// The question that a tool call waits for, with exactly what "always" would remember.
pub fn approval(approval: &Approval, style: Style) -> String {
    let mut text = format!("{}\n", style.yellow("Mira asks before it goes on:"));
    let command = clean(&approval.command).replace('\n', "\n      ");
    text.push_str(&format!("  run   {}\n", style.bold(&command)));
    text.push_str(&format!("  in    {}\n", clean(&approval.cwd)));
    text.push_str(&format!("  why   {}\n", one_line(&approval.reason, 300)));
    if let Some(elevation) = &approval.elevation {
        text.push_str(&format!(
            "  {}\n",
            style.red(&format!("as    {}", clean(&elevation.user)))
        ));
    }
    if let Some(purpose) = &approval.purpose {
        text.push_str(&format!("  model {}\n", one_line(purpose, 300)));
    }
    text.push_str("[y] once  [n] no");
    if let Some(pattern) = &approval.pattern {
        text.push_str(&format!(
            "  [a] always in this project: {}",
            style.bold(&clean(pattern))
        ));
    }
    text
}

/// The argument that says most about a call, in a few words.
fn subject(arguments: &serde_json::Value) -> String {
    const NAMES: [&str; 10] = [
        "name",
        "path",
        "file_path",
        "pattern",
        "query",
        "url",
        "command",
        "argv",
        "directory",
        "job_id",
    ];
    let value = NAMES.iter().find_map(|name| arguments.get(name));
    match value {
        Some(serde_json::Value::String(text)) => one_line(text, 100),
        Some(serde_json::Value::Array(words)) => {
            let words: Vec<_> = words.iter().filter_map(|word| word.as_str()).collect();
            one_line(&words.join(" "), 100)
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use mira_protocol::StoredEvent;

    use super::*;

    fn delta(id: &str, offset: u64, text: &str) -> Event {
        Event::Signal(Signal::TextDelta {
            session_id: "s".into(),
            operation_id: "o".into(),
            message_id: id.into(),
            offset,
            text: text.into(),
        })
    }

    fn stored(kind: EventKind) -> Event {
        let (session_id, operation_id) = ("s".into(), Some("o".into()));
        Event::Stored(StoredEvent {
            session_id,
            seq: 1,
            operation_id,
            at: 0,
            kind,
        })
    }

    fn message(id: &str, content: &str) -> Event {
        stored(EventKind::AssistantMessage {
            message_id: id.into(),
            content: content.into(),
            partial: false,
            superseded: false,
        })
    }

    fn text(events: &[Event]) -> String {
        let mut conversation = Conversation::new(Style::PLAIN, Style::PLAIN);
        let out = events.iter().flat_map(|event| conversation.event(event));
        out.filter_map(|out| {
            if let Out::Text(text) = out {
                Some(text)
            } else {
                None
            }
        })
        .collect()
    }

    #[test]
    fn text_is_shown_once_whatever_was_lost_or_doubled() {
        let expected = "Grüße an alle\n";
        let whole = message("m", "Grüße an alle");
        let cases: [&[Event]; 5] = [
            &[
                delta("m", 0, "Grüße"),
                delta("m", 5, " an alle"),
                whole.clone(),
            ],
            &[delta("m", 0, "Grüße"), whole.clone()],
            &[delta("m", 5, " an alle"), whole.clone()],
            &[
                delta("m", 0, "Grüße an"),
                delta("m", 0, "Grüße an"),
                delta("m", 5, " an alle"),
                whole.clone(),
            ],
            std::slice::from_ref(&whole),
        ];
        for events in cases {
            assert_eq!(text(events), expected, "{events:?}");
        }
        let two = [
            delta("a", 0, "one"),
            message("a", "one"),
            delta("b", 0, "two"),
            message("b", "two"),
        ];
        assert_eq!(text(&two), "one\ntwo\n");
    }

    #[test]
    fn an_approval_shows_exactly_what_always_would_remember() {
        let mut asked = Approval {
            id: "apr_1".into(),
            session_id: "s".into(),
            operation_id: "o".into(),
            call_id: "c".into(),
            tool: "run_command".into(),
            command: "npm\u{202e} publish".into(),
            argv: None,
            cwd: "/p".into(),
            reason: "not on the safe list".into(),
            purpose: None,
            elevation: None,
            pattern: Some("npm publish".into()),
            rules: vec![],
            requested_at: 0,
            expires_at: 1,
        };
        let shown = approval(&asked, Style::PLAIN);
        assert!(shown.contains("run   npm publish\n"), "{shown}");
        assert!(
            shown.contains("[a] always in this project: npm publish"),
            "{shown}"
        );
        asked.pattern = None;
        assert!(!approval(&asked, Style::PLAIN).contains("[a]"));
    }
}
