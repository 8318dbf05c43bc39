//! One request to the model: streamed to the screen, kept safe while it streams, stored whole.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::BoxStream;
use mira_llm::{Chunk, ErrorKind, Finish, ModelError, Prompt};
use mira_protocol::event::NoticeLevel;
use mira_protocol::{CallId, EventKind, MessageId, Signal};

use super::pay::{Paid, Source};
use super::run::{Run, Stop, provider_name};
use super::settle::Begun;
use crate::budget::answers::Kept;
use crate::clock::now_ms;
use crate::failure::from_store;
use crate::ports::{Resolved, Want};

/// Shown text is saved and sent at most this often; the first piece goes at once.
const FLUSH_EVERY: Duration = Duration::from_millis(25);

pub(super) enum Said {
    Answer(Step),
    /// The answer broke off, and asking again at once would pass a cap. What came of it is stored.
    BrokeOff,
    /// The provider is down; this model goes on, and the person was told.
    Instead(Box<Resolved>),
    /// The provider refused the prompt for its length.
    TooLong {
        limit_tokens: Option<u64>,
        prompt_tokens: Option<u64>,
    },
}

/// A whole answer, already stored.
pub(super) struct Step {
    pub calls: Vec<AskedCall>,
    pub finish: Finish,
}

/// A tool call as the model wrote it.
#[derive(Debug, Clone)]
pub(super) struct AskedCall {
    pub id: CallId,
    pub tool: String,
    /// An object, or the raw text where it is not JSON.
    pub arguments: serde_json::Value,
}

/// What has arrived of an answer.
pub(super) struct Answer {
    /// Finished parts, in order, ready to store.
    kinds: Vec<EventKind>,
    message_id: MessageId,
    text: String,
    /// How much of `text` is saved and sent, in bytes and characters.
    sent_bytes: usize,
    sent_chars: u64,
    reasoning: String,
    calls: Vec<AskedCall>,
    pub usage: mira_llm::Usage,
    finish: Option<Finish>,
    first_token: Option<Duration>,
    /// Bytes of text, thought and calls that arrived in all: what a provider may charge for.
    pub arrived_bytes: u64,
    /// The attempt that runs, from 1.
    attempt: u32,
}

impl Answer {
    fn new() -> Self {
        Self {
            kinds: Vec::new(),
            message_id: MessageId::new(),
            text: String::new(),
            sent_bytes: 0,
            sent_chars: 0,
            reasoning: String::new(),
            calls: Vec::new(),
            usage: mira_llm::Usage::default(),
            finish: None,
            first_token: None,
            arrived_bytes: 0,
            attempt: 1,
        }
    }

    fn end_reasoning(&mut self) {
        if !self.reasoning.is_empty() {
            let text = std::mem::take(&mut self.reasoning);
            self.kinds.push(EventKind::Reasoning {
                message_id: self.message_id.clone(),
                text,
            });
        }
    }

    fn end_message(&mut self, partial: bool, superseded: bool) {
        if !self.text.is_empty() {
            self.kinds.push(EventKind::AssistantMessage {
                message_id: std::mem::replace(&mut self.message_id, MessageId::new()),
                content: std::mem::take(&mut self.text),
                partial,
                superseded,
            });
        }
        self.sent_bytes = 0;
        self.sent_chars = 0;
    }

    /// The whole answer in words, once it has ended; None where it calls tools.
    pub fn kept(&self) -> Option<Kept> {
        let mut kept = Kept::default();
        if !self.calls.is_empty() {
            return None;
        }
        for kind in &self.kinds {
            match kind {
                EventKind::AssistantMessage {
                    content,
                    superseded: false,
                    ..
                } => kept.text += content,
                EventKind::Reasoning { text, .. } => kept.reasoning += text,
                _ => {}
            }
        }
        Some(kept)
    }

    fn unsent(&self) -> bool {
        self.sent_bytes < self.text.len()
    }
}

impl Run<'_> {
    /// Asks and stores the answer. What was shown is stored even where the request fails.
    pub(super) async fn ask(
        &mut self,
        want: &Want,
        model: &Resolved,
        prompt: Prompt,
        paid: Paid,
    ) -> Result<Said, Stop> {
        let mut answer = Answer::new();
        let mut begun = self.begun(&prompt, paid);
        let stream: BoxStream<'static, _> = match &begun.paid.source {
            Source::Vendor(_) => {
                self.signal_activity(format!("waiting for {}", model.id));
                model.model.stream(prompt, self.cancel.child_token())
            }
            Source::Kept(kept, _) => {
                self.signal_activity("answering from the cache".into());
                futures::stream::iter(kept.clone().chunks().into_iter().map(Ok)).boxed()
            }
        };
        let mut result = self.listen(model, stream, &mut answer, &mut begun).await;
        // The last piece too: who joins the pieces has the whole text.
        if let Err(heard) = self.flush(&mut answer).await {
            result = result.and(Err(heard));
        }
        let next = match &result {
            Err(Heard::Error(error)) => self.successor(want, model, error).await,
            _ => None,
        };
        let (Some(next), Err(Heard::Error(error))) = (next, &result) else {
            return self.store_answer(model, answer, result, begun).await;
        };
        let error = error.clone();
        let had_begun = !answer.text.is_empty() || answer.kinds.iter().any(is_message);
        self.keep(model, answer, &result, begun, true).await?;
        self.tell_failover(want, model, &next, &error, had_begun)
            .await?;
        Ok(Said::Instead(Box::new(next)))
    }

    async fn listen(
        &mut self,
        model: &Resolved,
        mut stream: BoxStream<'static, Result<Chunk, ModelError>>,
        answer: &mut Answer,
        begun: &mut Begun,
    ) -> Result<(), Heard> {
        let mut flushed = Instant::now() - FLUSH_EVERY;
        loop {
            let next = if answer.unsent() {
                let due = FLUSH_EVERY.saturating_sub(flushed.elapsed());
                match tokio::time::timeout(due, stream.next()).await {
                    Ok(next) => next,
                    Err(_) => {
                        self.flush(answer).await?;
                        flushed = Instant::now();
                        continue;
                    }
                }
            } else {
                tokio::select! {
                    next = stream.next() => next,
                    () = self.cancel.cancelled() => return Err(Heard::Stop(Stop::Cancelled)),
                }
            };
            if self.cancel.is_cancelled() {
                return Err(Heard::Stop(Stop::Cancelled));
            }
            let chunk = match next {
                None => break,
                Some(Err(error)) => return Err(Heard::Error(error)),
                Some(Ok(chunk)) => chunk,
            };
            if answer.first_token.is_none()
                && matches!(
                    chunk,
                    Chunk::Text(_)
                        | Chunk::Reasoning(_)
                        | Chunk::Call { .. }
                        | Chunk::CallProgress { .. }
                )
            {
                answer.first_token = Some(begun.since.elapsed());
                self.signal_activity(format!("{} is answering", model.id));
            }
            self.hear(model, answer, chunk, begun).await?;
            if answer.unsent() && flushed.elapsed() >= FLUSH_EVERY {
                self.flush(answer).await?;
                flushed = Instant::now();
            }
        }
        Ok(())
    }

    async fn hear(
        &mut self,
        model: &Resolved,
        answer: &mut Answer,
        chunk: Chunk,
        begun: &mut Begun,
    ) -> Result<(), Heard> {
        answer.arrived_bytes += match &chunk {
            Chunk::Text(text) | Chunk::Reasoning(text) => text.len() as u64,
            Chunk::Call {
                name, arguments, ..
            } => (name.len() + arguments.len()) as u64,
            _ => 0,
        };
        match chunk {
            Chunk::Text(text) => {
                answer.end_reasoning();
                answer.text += &text;
            }
            Chunk::Reasoning(text) => {
                answer.reasoning += &text;
                self.on.events.signal(Signal::ReasoningDelta {
                    session_id: self.session(),
                    operation_id: self.operation(),
                    message_id: answer.message_id.clone(),
                    text,
                });
            }
            Chunk::CallProgress {
                id,
                name,
                argument_bytes,
            } => {
                self.on.events.signal(Signal::ToolCallProgress {
                    session_id: self.session(),
                    operation_id: self.operation(),
                    call_id: CallId(id),
                    tool: name,
                    bytes: argument_bytes,
                });
            }
            Chunk::Call {
                id,
                name,
                arguments,
            } => {
                answer.end_reasoning();
                self.flush(answer).await?;
                answer.end_message(false, false);
                let call = asked(id, name, arguments, |id| {
                    self.history.knows_call(id) || answer.calls.iter().any(|call| call.id.0 == id)
                });
                answer.kinds.push(EventKind::ToolCall {
                    call_id: call.id.clone(),
                    tool: call.tool.clone(),
                    arguments: call.arguments.clone(),
                });
                answer.calls.push(call);
            }
            Chunk::Opaque(item) => {
                answer.end_reasoning();
                self.flush(answer).await?;
                answer.end_message(false, false);
                answer.kinds.push(EventKind::ModelItems {
                    provider: provider_name(model),
                    model: model.id.clone(),
                    items: serde_json::Value::Array(vec![item]),
                });
            }
            Chunk::Usage(usage) => answer.usage = usage,
            Chunk::Waiting {
                reason,
                delay_ms,
                attempt,
                max_attempts,
            } => {
                if attempt > answer.attempt && max_attempts > 0 {
                    answer.attempt = attempt;
                    if !self.settle_attempt(model, answer, begun).await? {
                        return Err(Heard::NoMoney);
                    }
                }
                let counted = if max_attempts > 0 {
                    format!(" (try {attempt} of {max_attempts})")
                } else {
                    String::new()
                };
                let until = (delay_ms > 0).then(|| now_ms() + delay_ms as i64);
                self.signal_activity(reason.clone());
                self.notice(
                    NoticeLevel::Warning,
                    "waiting",
                    format!("{reason}{counted}"),
                    until,
                )
                .await?;
            }
            Chunk::Restarted => {
                self.flush(answer).await?;
                answer.reasoning.clear();
                answer.end_message(true, true);
                answer.kinds.retain_mut(superseded);
            }
            Chunk::Finished(finish) => answer.finish = Some(finish),
        }
        Ok(())
    }

    /// Saves what came since the last time, then shows it.
    async fn flush(&mut self, answer: &mut Answer) -> Result<(), Heard> {
        if !answer.unsent() {
            return Ok(());
        }
        let piece = answer.text[answer.sent_bytes..].to_owned();
        self.on
            .store
            .push_draft(&self.task.id, &answer.message_id, &piece)
            .await
            .map_err(|error| Heard::Stop(from_store(error).into()))?;
        let offset = answer.sent_chars;
        answer.sent_bytes = answer.text.len();
        answer.sent_chars += piece.chars().count() as u64;
        let delta = |offset, text| Signal::TextDelta {
            session_id: self.session(),
            operation_id: self.operation(),
            message_id: answer.message_id.clone(),
            offset,
            text,
        };
        self.live.show("text", delta(0, answer.text.clone()));
        self.on.events.signal(delta(offset, piece));
        Ok(())
    }

    async fn store_answer(
        &mut self,
        model: &Resolved,
        answer: Answer,
        result: Result<(), Heard>,
        begun: Begun,
    ) -> Result<Said, Stop> {
        let finish = answer.finish;
        let calls = self.keep(model, answer, &result, begun, false).await?;
        match result {
            Ok(()) => match finish {
                Some(finish) => Ok(Said::Answer(Step { calls, finish })),
                None => Err(self.model_failure(&ended_early(model), model)),
            },
            Err(Heard::Stop(stop)) => Err(stop),
            Err(Heard::NoMoney) => Ok(Said::BrokeOff),
            Err(Heard::Error(ModelError {
                kind:
                    ErrorKind::ContextTooLong {
                        limit_tokens,
                        prompt_tokens,
                    },
                ..
            })) => Ok(Said::TooLong {
                limit_tokens,
                prompt_tokens,
            }),
            Err(Heard::Error(error)) => Err(self.model_failure(&error, model)),
        }
    }

    /// Stores what came, and what it cost. `replaced`: another answer takes its place, so that
    /// the model is not told this one. Returns the calls that are to be run.
    async fn keep(
        &mut self,
        model: &Resolved,
        mut answer: Answer,
        result: &Result<(), Heard>,
        begun: Begun,
        replaced: bool,
    ) -> Result<Vec<AskedCall>, Stop> {
        let (finish, broken) = match (result, answer.finish) {
            (Ok(()), Some(finish)) => (finish_word(finish), false),
            (Ok(()), None) => ("error", true),
            (Err(Heard::Stop(Stop::Cancelled)), _) => ("cancelled", true),
            (Err(Heard::NoMoney), _) => ("broken", true),
            (Err(_), _) => ("error", true),
        };
        answer.end_reasoning();
        if broken {
            // Calls of a broken answer are never run; without results they must not be told.
            answer.kinds.retain(|kind| {
                !matches!(
                    kind,
                    EventKind::ToolCall { .. } | EventKind::ModelItems { .. }
                )
            });
            answer.calls.clear();
        }
        self.live.clear();
        if let Some(text) = answer
            .kinds
            .iter()
            .rev()
            .find_map(message_text)
            .or((!answer.text.is_empty()).then_some(&answer.text))
        {
            self.content = text.clone();
        }
        if !answer.text.is_empty() {
            self.content = answer.text.clone();
        }
        answer.end_message(broken, replaced);
        if replaced {
            answer.kinds.retain_mut(superseded);
        }

        let duration_ms = begun.since.elapsed().as_millis() as u64;
        let refused = matches!(&result, Err(Heard::Error(error)) if was_refused(error));
        let settled = self.settle(model, &answer, finish, refused, begun).await?;
        let mut kinds = std::mem::take(&mut answer.kinds);
        kinds.push(EventKind::ModelCallFinished {
            call: self.calls,
            usage: settled.usage,
            cost_micro_usd: settled.cost,
            duration_ms,
            first_token_ms: answer.first_token.map(|after| after.as_millis() as u64),
            finish: finish.into(),
            money: Some(settled.money),
        });
        self.log_all(kinds).await?;
        Ok(answer.calls)
    }
}

/// How listening can end before the answer does.
enum Heard {
    Error(ModelError),
    Stop(Stop),
    /// The answer broke off, and there is no money left to ask again at once.
    NoMoney,
}

impl From<mira_protocol::Failure> for Heard {
    fn from(failure: mira_protocol::Failure) -> Self {
        Self::Stop(failure.into())
    }
}

/// Ids must be unique within the history; weak servers repeat them or send none.
fn asked(id: String, tool: String, arguments: String, known: impl Fn(&str) -> bool) -> AskedCall {
    let unique = !id.is_empty() && !known(&id);
    let arguments = match serde_json::from_str(arguments.trim()) {
        Ok(value @ serde_json::Value::Object(_)) => value,
        _ if arguments.trim().is_empty() => serde_json::json!({}),
        _ => serde_json::Value::String(arguments),
    };
    AskedCall {
        id: if unique { CallId(id) } else { CallId::new() },
        tool,
        arguments,
    }
}

/// Of a try that broke off only what was shown goes on, marked as replaced.
fn superseded(kind: &mut EventKind) -> bool {
    if let EventKind::AssistantMessage { superseded, .. } = kind {
        *superseded = true;
    }
    matches!(
        kind,
        EventKind::AssistantMessage { .. } | EventKind::Reasoning { .. }
    )
}

fn is_message(kind: &EventKind) -> bool {
    matches!(kind, EventKind::AssistantMessage { .. })
}

fn message_text(kind: &EventKind) -> Option<&String> {
    match kind {
        EventKind::AssistantMessage {
            content,
            superseded: false,
            ..
        } => Some(content),
        _ => None,
    }
}

fn finish_word(finish: Finish) -> &'static str {
    match finish {
        Finish::Stop => "stop",
        Finish::ToolCalls => "tool_calls",
        Finish::Length => "length",
        Finish::ContentFilter => "content_filter",
        Finish::BrokenOff => "broken_off",
    }
}

/// The provider said no, or could not: it charges nothing for that.
fn was_refused(error: &ModelError) -> bool {
    !matches!(
        error.kind,
        ErrorKind::Broken | ErrorKind::Stalled { .. } | ErrorKind::Cancelled
    )
}

fn ended_early(model: &Resolved) -> ModelError {
    ModelError {
        kind: ErrorKind::Broken,
        message: format!("The answer of {} ended without its end.", model.id),
        detail: None,
    }
}
