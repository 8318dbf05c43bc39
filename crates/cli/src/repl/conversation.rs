//! Slash commands about messages: what waits, asking again, code of an answer into a file.

use mira_protocol::message::{ApplyCode, AskAgain, EditQueued, ReleaseQueue};
use mira_protocol::operation::{ListOperations, Operation, OperationRef, OperationState, Tier};
use mira_protocol::session::SessionEvents;
use mira_protocol::{Code, EventKind, Failure, StoredEvent, calls};

use super::slash::{begun, usage};
use super::{Next, Repl, mentions};
use crate::commands::{say, table};
use crate::render::text::{one_line, plural};

/// Events that are looked through for the last answer or message.
const NEWEST: u32 = 400;

/// `/queue`: shows what waits, lets it go, takes one out, changes one.
pub async fn queue(repl: &mut Repl, rest: &str) -> Result<Next, Failure> {
    let waiting = waiting(repl).await?;
    let nth = |number: &str| {
        let number: Option<usize> = number.parse().ok();
        number
            .and_then(|number| waiting.get(number.wrapping_sub(1)))
            .ok_or_else(|| usage("/queue drop N or /queue edit N TEXT, with a number of the list"))
    };
    match rest.split_once(char::is_whitespace).unwrap_or((rest, "")) {
        ("", _) if waiting.is_empty() => say("No message waits in this session.")?,
        ("", _) => {
            let row = |(at, operation): (usize, &Operation)| {
                vec![(at + 1).to_string(), one_line(&operation.user_message, 70)]
            };
            let rows: Vec<_> = waiting.iter().enumerate().map(row).collect();
            say(&table(&rows))?;
            say(
                "/queue go lets them go, /queue drop N takes one out, /queue edit N TEXT changes one.",
            )?;
        }
        ("go", _) => return go(repl).await,
        ("drop", number) => {
            let operation_id = nth(number.trim())?.id.clone();
            let cancel = OperationRef { operation_id };
            repl.client.call(calls::OperationCancel(cancel)).await?;
            say("Taken out.")?;
        }
        ("edit", rest) => {
            let (number, content) = rest
                .split_once(char::is_whitespace)
                .ok_or_else(|| usage("/queue edit N TEXT"))?;
            let content = content.trim().to_owned();
            let edit = EditQueued {
                operation_id: nth(number)?.id.clone(),
                mentions: mentions(&content, std::path::Path::new(&repl.project.path)).0,
                content,
            };
            repl.client.call(calls::OperationEdit(edit)).await?;
            say("Changed.")?;
        }
        _ => {
            return Err(usage(
                "/queue, /queue go, /queue drop N or /queue edit N TEXT",
            ));
        }
    }
    Ok(Next::Line)
}

async fn go(repl: &mut Repl) -> Result<Next, Failure> {
    let since = repl.last_seq().await?;
    let release = ReleaseQueue {
        session_id: begun(repl)?,
    };
    let started = repl.client.call(calls::OperationRelease(release)).await?;
    repl.watch(started, since).await
}

/// What waits in this session, in order.
async fn waiting(repl: &Repl) -> Result<Vec<Operation>, Failure> {
    let list = ListOperations {
        session_id: begun(repl)?,
    };
    let list = repl.client.call(calls::OperationList(list)).await?;
    let waits = |one: &Operation| one.state == OperationState::Pending;
    Ok(list.operations.into_iter().filter(waits).collect())
}

/// Says at a session's beginning what waits in it.
pub async fn tell_waiting(repl: &Repl) -> Result<(), Failure> {
    let waiting = waiting(repl).await?;
    if waiting.is_empty() {
        return Ok(());
    }
    let count = plural(waiting.len() as u64, "message");
    say(&format!(
        "{count} waiting; /queue shows what, /queue go lets them go."
    ))
}

/// `/retry`: the last message again, in a copy of the session.
pub async fn retry(repl: &mut Repl, rest: &str) -> Result<Next, Failure> {
    let tier = match rest {
        "" => None,
        "fast" => Some(Tier::Fast),
        "voice" => Some(Tier::Voice),
        "code" => Some(Tier::Code),
        "agentic" => Some(Tier::Agentic),
        _ => return Err(usage("/retry fast, voice, code or agentic")),
    };
    let asked = |event: &StoredEvent| match &event.kind {
        EventKind::UserMessage {
            steering: false, ..
        } => Some(event.seq),
        _ => None,
    };
    let seq = newest(repl)
        .await?
        .iter()
        .rev()
        .find_map(asked)
        .ok_or_else(|| Failure::not_found("A message of this session"))?;
    let again = AskAgain {
        session_id: begun(repl)?,
        seq,
        content: None,
        tier,
        model: None,
    };
    let started = repl.client.call(calls::OperationAgain(again)).await?;
    say(&format!(
        "This is now {}; the other one stays as it is.",
        started.session_id
    ))?;
    // Everything before the message is a copy of what was shown.
    repl.watch(started, seq - 1).await
}

/// `/apply PATH [N]`: the N-th code block of the last answer that has one, into a file.
pub async fn apply(repl: &mut Repl, rest: &str) -> Result<Next, Failure> {
    let mut words = rest.split_whitespace();
    let path = words.next().ok_or_else(|| usage("/apply PATH [N]"))?;
    let number: usize = match words.next() {
        None => 1,
        Some(number) => number.parse().map_err(|_| usage("/apply PATH [N]"))?,
    };
    let events = newest(repl).await?;
    let blocks = events
        .iter()
        .rev()
        .find_map(|event| match &event.kind {
            EventKind::AssistantMessage { content, .. } => {
                Some(code_blocks(content)).filter(|blocks| !blocks.is_empty())
            }
            _ => None,
        })
        .ok_or_else(|| Failure::not_found("A code block in the last answers"))?;
    let block = blocks.get(number.wrapping_sub(1)).ok_or_else(|| {
        let count = plural(blocks.len() as u64, "code block");
        Failure::new(Code::BadParams, format!("The last answer has {count}."))
    })?;
    let since = repl.last_seq().await?;
    let apply = ApplyCode {
        session_id: begun(repl)?,
        path: path.trim_start_matches('@').to_owned(),
        content: block.text.clone(),
        patch: matches!(block.language.as_str(), "diff" | "patch"),
    };
    let started = repl.client.call(calls::CodeApply(apply)).await?;
    repl.watch(started, since).await
}

async fn newest(repl: &Repl) -> Result<Vec<StoredEvent>, Failure> {
    let page = SessionEvents {
        session_id: begun(repl)?,
        since_seq: 0,
        limit: Some(NEWEST),
        before_seq: Some(0),
    };
    Ok(repl.client.call(calls::SessionEvents(page)).await?.events)
}

#[derive(Debug, PartialEq)]
struct CodeBlock {
    language: String,
    text: String,
}

/// Fenced blocks that are closed.
fn code_blocks(markdown: &str) -> Vec<CodeBlock> {
    let mut blocks = Vec::new();
    let mut open: Option<(String, CodeBlock)> = None;
    for line in markdown.lines() {
        let trimmed = line.trim_start();
        let ticks = trimmed.chars().take_while(|c| *c == '`').count();
        match &mut open {
            None if ticks >= 3 => {
                let language = trimmed[ticks..].split_whitespace().next();
                let block = CodeBlock {
                    language: language.unwrap_or_default().to_owned(),
                    text: String::new(),
                };
                open = Some(("`".repeat(ticks), block));
            }
            Some((fence, _)) if trimmed.trim_end() == *fence => {
                blocks.extend(open.take().map(|(_, block)| block));
            }
            Some((_, block)) => {
                block.text += line;
                block.text.push('\n');
            }
            None => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_blocks_are_those_that_are_closed() {
        let text = "See:\n```rust\nfn a() {}\n```\nand\n````md\n```\nx\n```\n````\n```\nopen";
        let blocks = code_blocks(text);
        assert_eq!(blocks.len(), 2);
        assert_eq!(blocks[0].language, "rust");
        assert_eq!(blocks[0].text, "fn a() {}\n");
        assert_eq!(blocks[1].text, "```\nx\n```\n");
    }
}
