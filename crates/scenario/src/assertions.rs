//! Looks at what a step did: each assertion against events, answers and files.

use std::path::Path;

use mira_protocol::operation::OperationState;
use mira_protocol::{EventKind, StoredEvent, wire};
use serde::Serialize;
use serde_json::Value;

use crate::format::{Assertion, ExpectedEvent, event_name};

/// One assertion's result.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Checked {
    #[serde(rename = "type")]
    pub kind: String,
    pub passed: bool,
    /// What was wanted, and what was there instead.
    pub message: String,
}

/// What a step left behind.
pub struct Evidence<'a> {
    pub events: &'a [StoredEvent],
    pub root: &'a Path,
}

impl Evidence<'_> {
    fn named(&self, name: &str) -> Vec<&StoredEvent> {
        self.events.iter().filter(|event| is(event, name)).collect()
    }

    fn results(&self) -> impl Iterator<Item = (&str, bool, &str)> {
        self.events.iter().filter_map(|event| match &event.kind {
            EventKind::ToolResult {
                tool,
                success,
                output,
                ..
            } => Some((tool.as_str(), *success, output.as_str())),
            _ => None,
        })
    }

    fn end(&self) -> Option<(OperationState, &str, Option<&mira_protocol::Failure>)> {
        self.events
            .iter()
            .rev()
            .find_map(|event| match &event.kind {
                EventKind::OperationFinished {
                    state,
                    content,
                    failure,
                    ..
                } => Some((*state, content.as_str(), failure.as_ref())),
                _ => None,
            })
    }

    fn answer(&self) -> &str {
        self.end().map_or("", |(_, content, _)| content)
    }

    fn file(&self, path: &str) -> Result<String, String> {
        let bytes =
            std::fs::read(self.root.join(path)).map_err(|error| format!("{path}: {error}"))?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

/// An event of this name, alias or ours.
pub fn is(event: &StoredEvent, name: &str) -> bool {
    let Some((wanted, state)) = event_name(name) else {
        return false;
    };
    let (kind, data) = wire::split(&event.kind);
    kind == wanted && state.is_none_or(|state| data["state"] == state)
}

pub fn check(assertion: &Assertion, evidence: &Evidence<'_>) -> Checked {
    let kind = match serde_json::to_value(Kind(assertion)) {
        Ok(Value::String(kind)) => kind,
        _ => String::new(),
    };
    match judge(assertion, evidence) {
        Ok(message) => Checked {
            kind,
            passed: true,
            message,
        },
        Err(message) => Checked {
            kind,
            passed: false,
            message,
        },
    }
}

/// Only the name of an assertion's type.
struct Kind<'a>(&'a Assertion);

impl Serialize for Kind<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self.0 {
            Assertion::EventReceived { .. } => "event_received",
            Assertion::EventCount { .. } => "event_count",
            Assertion::EventSequence { .. } => "event_sequence",
            Assertion::NoErrors {} => "no_errors",
            Assertion::ToolExecuted { .. } => "tool_executed",
            Assertion::ToolSequence { .. } => "tool_sequence",
            Assertion::ToolCount { .. } => "tool_count",
            Assertion::NoToolErrors {} => "no_tool_errors",
            Assertion::ResponseContains { .. } => "response_contains",
            Assertion::ResponseMatches { .. } => "response_matches",
            Assertion::ResponseNotContains { .. } => "response_not_contains",
            Assertion::FileExists { .. } => "file_exists",
            Assertion::FileNotExists { .. } => "file_not_exists",
            Assertion::FileContains { .. } => "file_contains",
            Assertion::FileContentEquals { .. } => "file_content_equals",
            Assertion::CompletedWithin { .. } => "completed_within",
            Assertion::CompletedSuccessfully {} => "completed_successfully",
            Assertion::OperationFailed { .. } => "operation_failed",
        })
    }
}

fn judge(assertion: &Assertion, at: &Evidence<'_>) -> Result<String, String> {
    let verdict = |good: bool, message: String| if good { Ok(message) } else { Err(message) };
    match assertion {
        Assertion::EventReceived { event_type } => verdict(
            !at.named(event_type).is_empty(),
            format!("an event {event_type}; came: {}", names(at.events)),
        ),
        Assertion::EventCount { event_type, count } => {
            let came = at.named(event_type).len();
            verdict(
                came == *count,
                format!("{count} events {event_type}; came: {came}"),
            )
        }
        Assertion::EventSequence { events } => {
            let found = subsequence(events, at.events.iter(), is);
            verdict(
                found,
                format!(
                    "events in the order {}; came: {}",
                    events.join(", "),
                    names(at.events)
                ),
            )
        }
        Assertion::NoErrors {} => match at.end() {
            Some((OperationState::Failed, _, failure)) => {
                Err(format!("no error; it failed: {}", text(failure)))
            }
            _ => Ok("no error".into()),
        },
        Assertion::ToolExecuted { tool_name, success } => {
            let came: Vec<String> = at
                .results()
                .map(|(tool, good, _)| format!("{tool} ({})", word(good)))
                .collect();
            let found = at
                .results()
                .any(|(tool, good, _)| tool == tool_name && good == *success);
            verdict(
                found,
                format!("{tool_name} {}; ran: {}", word(*success), list(&came)),
            )
        }
        Assertion::ToolSequence { tools } => {
            let ran: Vec<&str> = at.results().map(|(tool, ..)| tool).collect();
            let found = subsequence(tools, ran.iter(), |tool, wanted| *tool == wanted);
            verdict(
                found,
                format!(
                    "tools in the order {}; ran: {}",
                    tools.join(", "),
                    ran.join(", ")
                ),
            )
        }
        Assertion::ToolCount { tool_name, count } => {
            let ran = at.results().filter(|(tool, ..)| tool == tool_name).count();
            verdict(ran == *count, format!("{count} × {tool_name}; ran: {ran}"))
        }
        Assertion::NoToolErrors {} => match at.results().find(|(_, good, _)| !good) {
            Some((tool, _, output)) => {
                Err(format!("no failed tool; {tool} said: {}", short(output)))
            }
            None => Ok("no failed tool".into()),
        },
        Assertion::ResponseContains {
            text,
            case_sensitive,
        } => {
            let answer = at.answer();
            let found = if *case_sensitive {
                answer.contains(text)
            } else {
                answer.to_lowercase().contains(&text.to_lowercase())
            };
            verdict(
                found,
                format!("an answer with {text:?}; it was: {}", short(answer)),
            )
        }
        Assertion::ResponseMatches { pattern } => {
            let found = regex::Regex::new(pattern)
                .map_err(|error| error.to_string())?
                .is_match(at.answer());
            verdict(
                found,
                format!("an answer like /{pattern}/; it was: {}", short(at.answer())),
            )
        }
        Assertion::ResponseNotContains { text } => {
            let found = at.answer().to_lowercase().contains(&text.to_lowercase());
            verdict(
                !found,
                format!("an answer without {text:?}; it was: {}", short(at.answer())),
            )
        }
        Assertion::FileExists { path } => {
            verdict(at.root.join(path).exists(), format!("a file {path}"))
        }
        Assertion::FileNotExists { path } => verdict(
            at.root.join(path).symlink_metadata().is_err(),
            format!("no file {path}"),
        ),
        Assertion::FileContains { path, text } => {
            let content = at.file(path)?;
            verdict(
                content.contains(text),
                format!("{text:?} in {path}; it has: {}", short(&content)),
            )
        }
        Assertion::FileContentEquals { path, content } => {
            let found = at.file(path)?;
            verdict(
                found.trim() == content.trim(),
                format!("{path} to be {content:?}; it is: {found:?}"),
            )
        }
        Assertion::CompletedWithin { seconds } => {
            let (Some(first), Some(last)) = (at.events.first(), at.events.last()) else {
                return Err("no event came".into());
            };
            let took = (last.at - first.at) as f64 / 1_000.0;
            verdict(
                took <= *seconds,
                format!("an end within {seconds} s; it took {took} s"),
            )
        }
        Assertion::CompletedSuccessfully {} => match at.end() {
            Some((OperationState::Completed, ..)) => Ok("completed".into()),
            Some((state, _, failure)) => Err(format!(
                "to complete; it ended as {state:?}: {}",
                text(failure)
            )),
            None => Err("to complete; it did not end".into()),
        },
        Assertion::OperationFailed { error_contains } => match at.end() {
            Some((OperationState::Failed, _, failure)) => {
                let said = text(failure);
                let found = error_contains
                    .as_ref()
                    .is_none_or(|part| said.to_lowercase().contains(&part.to_lowercase()));
                verdict(
                    found,
                    format!(
                        "to fail with {:?}; it said: {said}",
                        error_contains.as_deref().unwrap_or_default()
                    ),
                )
            }
            Some((state, ..)) => Err(format!("to fail; it ended as {state:?}")),
            None => Err("to fail; it did not end".into()),
        },
    }
}

/// An expected event with its data; `type` may be an alias.
pub fn expect(expected: &ExpectedEvent, events: &[StoredEvent]) -> Checked {
    let found = events.iter().any(|event| {
        is(event, &expected.kind) && {
            let data = wire::split(&event.kind).1;
            expected
                .data
                .iter()
                .all(|(key, wanted)| fits(&data[key.as_str()], wanted))
        }
    });
    let message = format!(
        "an event {} with {:?}; came: {}",
        expected.kind,
        expected.data,
        names(events)
    );
    Checked {
        kind: "expect_events".into(),
        passed: found,
        message,
    }
}

fn fits(found: &Value, wanted: &Value) -> bool {
    let (Some(found), Some(wanted)) = (found.as_str(), wanted.as_str()) else {
        return found == wanted;
    };
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(_), Some(_)) if wanted.len() > 1 => found.contains(&wanted[1..wanted.len() - 1]),
        (Some(end), _) => found.ends_with(end),
        (_, Some(start)) => found.starts_with(start),
        _ => found == wanted,
    }
}

fn subsequence<'a, T: 'a>(
    wanted: &[String],
    all: impl Iterator<Item = &'a T>,
    same: impl Fn(&T, &str) -> bool,
) -> bool {
    let mut wanted = wanted.iter().peekable();
    for one in all {
        if wanted.peek().is_some_and(|next| same(one, next)) {
            wanted.next();
        }
    }
    wanted.peek().is_none()
}

fn names(events: &[StoredEvent]) -> String {
    list(
        &events
            .iter()
            .map(|event| wire::split(&event.kind).0)
            .collect::<Vec<_>>(),
    )
}

fn list(all: &[String]) -> String {
    if all.is_empty() {
        "nothing".into()
    } else {
        all.join(", ")
    }
}

fn word(success: bool) -> &'static str {
    if success { "succeeded" } else { "failed" }
}

fn text(failure: Option<&mira_protocol::Failure>) -> String {
    failure.map_or_else(String::new, |failure| {
        format!("{} ({:?})", failure.message, failure.code)
    })
}

fn short(text: &str) -> String {
    let mut short: String = text.chars().take(300).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
