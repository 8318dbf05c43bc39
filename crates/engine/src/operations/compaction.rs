//! When the conversation no longer fits: older steps become a digest.
//!
//! The digest is made from the events alone, without a model: it costs nothing, cannot fail, and
//! says the same every time. It keeps what was asked and answered, and names every file and
//! command; tool output is what goes.

use std::fmt::Write as _;

use mira_llm::{Content, ItemKind};
use mira_protocol::EventKind;

use super::history::{History, Told};

/// The most of one message that a digest repeats, in characters.
const MESSAGE_CHARS: usize = 1_200;
/// The most that a whole digest may take, in bytes.
const DIGEST_BYTES: usize = 24_000;

/// The event that makes the conversation fit into about `keep_tokens`; None where nothing more
/// can go.
pub fn compact(history: &History, keep_tokens: u64) -> Option<EventKind> {
    let up_to_seq = history.cut_for(keep_tokens)?;
    let dropped: Vec<&Told> = history.up_to(up_to_seq).collect();
    let dropped_tokens: u64 = dropped.iter().map(|told| told.tokens).sum();
    let summary = digest(&dropped);
    if summary.len() as u64 / 4 >= dropped_tokens {
        return None;
    }
    Some(EventKind::Compacted {
        up_to_seq,
        dropped_items: dropped.len() as u32,
        dropped_tokens,
        kept_tokens: history.tokens() - dropped_tokens + summary.len() as u64 / 4,
        summary,
        condensed: None,
    })
}

fn digest(dropped: &[&Told]) -> String {
    let mut lines = Vec::new();
    let mut calls: Vec<String> = Vec::new();
    for told in dropped {
        match &told.item.kind {
            ItemKind::User { content } => {
                flush(&mut lines, &mut calls);
                let text = content.iter().find_map(|part| match part {
                    Content::Text { text } => Some(text.as_str()),
                    Content::Image { .. } => None,
                });
                // An earlier digest goes on whole: it is already short.
                let text = text.unwrap_or("(an image)");
                if text.starts_with(OPENING) {
                    lines.push(text.trim_start_matches(OPENING).trim().to_owned());
                } else {
                    lines.push(format!("Developer: {}", shorten(text)));
                }
            }
            ItemKind::Assistant { text } => {
                flush(&mut lines, &mut calls);
                lines.push(format!("You: {}", shorten(text)));
            }
            ItemKind::Call {
                name, arguments, ..
            } => calls.push(format!("{name}({})", short_arguments(arguments))),
            // An earlier digest goes on whole.
            ItemKind::Condensed { digest, .. } => {
                flush(&mut lines, &mut calls);
                lines.push(digest.trim_start_matches(OPENING).trim().to_owned());
            }
            ItemKind::CallResult { .. } | ItemKind::Opaque { .. } => {}
        }
    }
    flush(&mut lines, &mut calls);
    let mut text = String::from(OPENING);
    // Newest lines win where the digest itself grows too long.
    let mut size = 0;
    let keep_from = lines
        .iter()
        .enumerate()
        .rev()
        .take_while(|(_, line)| {
            size += line.len() + 1;
            size <= DIGEST_BYTES
        })
        .last()
        .map_or(lines.len(), |(at, _)| at);
    if keep_from > 0 {
        let _ = write!(text, "\n({keep_from} older entries left out)");
    }
    for line in &lines[keep_from..] {
        text.push('\n');
        text += line;
    }
    text
}

const OPENING: &str = "[Earlier part of this conversation, shortened: tool output was left out; \
read files again where their content matters.]";

fn flush(lines: &mut Vec<String>, calls: &mut Vec<String>) {
    if !calls.is_empty() {
        lines.push(format!("You called: {}", calls.join("; ")));
        calls.clear();
    }
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= MESSAGE_CHARS {
        return text.to_owned();
    }
    let head: String = text.chars().take(MESSAGE_CHARS).collect();
    format!("{head} […]")
}

/// The arguments that name something: paths, patterns, commands.
fn short_arguments(arguments: &str) -> String {
    let Ok(serde_json::Value::Object(map)) = serde_json::from_str(arguments) else {
        return String::new();
    };
    let parts: Vec<String> = map
        .iter()
        .filter_map(|(key, value)| match value {
            serde_json::Value::String(text) if text.len() <= 160 && !text.contains('\n') => {
                Some(format!("{key}={text}"))
            }
            serde_json::Value::Number(number) => Some(format!("{key}={number}")),
            _ => None,
        })
        .collect();
    parts.join(", ")
}
