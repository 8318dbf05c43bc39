//! A model in the same process that says what a script says, and checks every prompt.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_stream::try_stream;
use async_trait::async_trait;
use futures::stream::BoxStream;
use mira_engine::ports::{Askpass, ModelSource, NoSecrets, Ports, Resolved, Want};
use mira_llm::{Chunk, ErrorKind, Finish, Model, ModelError, Prices, Prompt, Usage};
use mira_protocol::Failure;
use mira_protocol::provider::ProviderName;
use serde_json::json;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::script::{Fault, Place, Player, Reply, Script};
use crate::transcript::{Entry, Transcript};

/// Speaks a [`Script`]. A prompt that breaks a rule, or that no reply is for, is refused and
/// kept as a violation: end a test with [`ScriptedModel::assert_clean`].
#[derive(Clone)]
pub struct ScriptedModel {
    state: Arc<Mutex<State>>,
    gates: Arc<Notify>,
}

#[derive(Default)]
struct State {
    player: Player,
    prompts: Vec<Transcript>,
    violations: Vec<String>,
    released: HashSet<String>,
    waiting: Vec<String>,
    calls: u64,
    previous: HashMap<String, Vec<Entry>>,
}

impl ScriptedModel {
    pub fn new(script: Script) -> Self {
        let state = State {
            player: Player::new(script),
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            gates: Arc::new(Notify::new()),
        }
    }

    /// Replies in this order; requests without tools (titles) are answered with "A title".
    pub fn replies(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::new(Script::new(replies).aside("A title"))
    }

    /// Adds replies behind those that are there.
    pub fn then(&self, replies: impl IntoIterator<Item = Reply>) {
        self.lock().player.push(replies);
    }

    /// Every prompt so far.
    pub fn prompts(&self) -> Vec<Transcript> {
        self.lock().prompts.clone()
    }

    /// Prompts that offered tools: without those for titles and summaries.
    pub fn turns(&self) -> Vec<Transcript> {
        self.lock()
            .prompts
            .iter()
            .filter(|prompt| !prompt.tools.is_empty())
            .cloned()
            .collect()
    }

    /// Lets every reply pass that waits, or will wait, at this gate.
    pub fn release(&self, gate: &str) {
        self.lock().released.insert(gate.to_owned());
        self.gates.notify_waiters();
    }

    /// Returns when a reply waits at this gate. Panics after 30 s.
    pub async fn wait_gate(&self, gate: &str) {
        let arrived = async {
            loop {
                let changed = self.gates.notified();
                if self.lock().waiting.iter().any(|waiting| waiting == gate) {
                    return;
                }
                changed.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), arrived).await;
        assert!(waited.is_ok(), "no reply reached the gate {gate} in 30 s");
    }

    /// The conversation went back: the next input need not continue the last one.
    pub fn rewound(&self) {
        self.lock().previous.clear();
    }

    pub fn violations(&self) -> Vec<String> {
        self.lock().violations.clone()
    }

    /// Replies that nobody asked for yet.
    pub fn unused(&self) -> usize {
        self.lock().player.unused()
    }

    /// Panics if any prompt broke a rule.
    pub fn assert_clean(&self) {
        let violations = self.violations();
        assert!(
            violations.is_empty(),
            "the scripted model objects:\n{}",
            violations.join("\n")
        );
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    fn take(&self, prompt: &Prompt) -> Result<(Reply, Usage, u64), ModelError> {
        let transcript = Transcript::of(prompt);
        let mut state = self.lock();
        let mut faults =
            transcript.faults(state.player.script.max_result_bytes.unwrap_or(256 * 1024));
        let tools = if transcript.tools.is_empty() {
            "aside"
        } else {
            "main"
        };
        let conversation = format!("{tools} {}", transcript.conversation);
        let previous = state
            .previous
            .insert(conversation, transcript.entries.clone())
            .unwrap_or_default();
        let kept = previous
            .iter()
            .zip(&transcript.entries)
            .take_while(|(a, b)| a == b)
            .count();
        if kept < previous.len() && state.player.script.check_prefix != Some(false) {
            faults.push(format!(
                "the previous input is no prefix of this one: entry {kept} was {:?} and is {:?}",
                previous[kept],
                transcript.entries.get(kept),
            ));
        }
        let limit = state.player.script.context_tokens;
        let estimated = transcript.estimated_tokens();
        if limit.is_some_and(|limit| estimated > limit) {
            state.prompts.push(transcript);
            return Err(error(
                ErrorKind::ContextTooLong {
                    limit_tokens: limit,
                    prompt_tokens: Some(estimated),
                },
                "The prompt does not fit the scripted model.",
            ));
        }
        let chosen = state.player.next(&transcript);
        if chosen.is_none() {
            faults.push(format!(
                "no reply is scripted for {:?} (newest result {:?})",
                transcript.last_user(),
                transcript.last_result()
            ));
        }
        let number = state.prompts.len() + 1;
        let fault = faults.first().cloned();
        state.violations.extend(
            faults
                .into_iter()
                .map(|fault| format!("prompt {number}: {fault}")),
        );
        state.prompts.push(transcript);
        match (fault, chosen) {
            (None, Some(reply)) => {
                let first_call = state.calls;
                state.calls += reply.calls.len() as u64;
                let usage = reply.usage.unwrap_or(Usage {
                    input: estimated,
                    output: reply.text.len() as u64 / 4 + 1,
                    ..Usage::default()
                });
                Ok((reply, usage, first_call))
            }
            (fault, _) => Err(error(
                ErrorKind::Refused { status: Some(400) },
                &fault.unwrap_or_else(|| "no reply is scripted".into()),
            )),
        }
    }

    async fn pass(&self, gate: &str) {
        self.lock().waiting.push(gate.to_owned());
        self.gates.notify_waiters();
        loop {
            let changed = self.gates.notified();
            if self.lock().released.contains(gate) {
                break;
            }
            changed.await;
        }
        let mut state = self.lock();
        if let Some(at) = state.waiting.iter().position(|waiting| waiting == gate) {
            state.waiting.remove(at);
        }
    }
}

fn error(kind: ErrorKind, message: &str) -> ModelError {
    ModelError {
        kind,
        message: message.to_owned(),
        detail: None,
    }
}

fn error_of(fault: &Fault) -> Option<ModelError> {
    Some(match fault {
        Fault::RateLimited { retry_after_s } => error(
            ErrorKind::RateLimited {
                retry_after_ms: retry_after_s.map(|s| (s * 1_000.0) as u64),
            },
            "The scripted model asked to slow down (429).",
        ),
        Fault::Quota => error(
            ErrorKind::Quota,
            "The scripted account has no credit left (429).",
        ),
        Fault::ContextTooLong => error(
            ErrorKind::ContextTooLong {
                limit_tokens: None,
                prompt_tokens: None,
            },
            "The prompt does not fit the scripted model.",
        ),
        Fault::Unauthorized => error(
            ErrorKind::Unauthorized,
            "The scripted vendor rejected the key (401).",
        ),
        Fault::ModelNotFound => error(
            ErrorKind::ModelNotFound,
            "The scripted vendor has no such model (404).",
        ),
        Fault::NoSuchPath | Fault::Html => error(
            ErrorKind::WrongUrl,
            "The scripted vendor is not at this URL.",
        ),
        Fault::Loading => error(
            ErrorKind::Server {
                status: Some(503),
                retry_after_ms: None,
            },
            "The scripted model is loading (503).",
        ),
        Fault::Status { status, .. } if *status >= 500 => error(
            ErrorKind::Server {
                status: Some(*status),
                retry_after_ms: None,
            },
            &format!("The scripted vendor failed ({status})."),
        ),
        Fault::Status { status, .. } => error(
            ErrorKind::Refused {
                status: Some(*status),
            },
            &format!("The scripted vendor refused the request ({status})."),
        ),
        _ => return None,
    })
}

impl Model for ScriptedModel {
    fn stream(
        &self,
        prompt: Prompt,
        cancel: CancellationToken,
    ) -> BoxStream<'static, Result<Chunk, ModelError>> {
        let model = self.clone();
        Box::pin(try_stream! {
            let (reply, usage, first_call) = model.take(&prompt)?;
            let cancelled = || error(ErrorKind::Cancelled, "cancelled");
            if let Some(gate) = &reply.gate {
                let passed = tokio::select! {
                    () = model.pass(gate) => true,
                    () = cancel.cancelled() => false,
                };
                if !passed {
                    Err(cancelled())?;
                }
            }
            if let Some(fault) = reply.fault.as_ref().and_then(error_of) {
                Err(fault)?;
            }
            let breaks = |place: Place| matches!(&reply.fault, Some(Fault::Reset { at } | Fault::Eof { at }) if *at == place);
            let broken = || error(ErrorKind::Broken, "The connection to the scripted model broke.");
            if breaks(Place::Start) {
                Err(broken())?;
            }
            if let Some(reasoning) = &reply.reasoning {
                yield Chunk::Reasoning(reasoning.clone());
                yield Chunk::Opaque(json!({ "type": "reasoning", "id": format!("rs_{first_call}"), "summary": [],
                    "encrypted_content": "c2NyaXB0ZWQ" }));
            }
            let pieces = reply.pieces();
            for (at, piece) in pieces.iter().enumerate() {
                if cancel.is_cancelled() {
                    Err(cancelled())?;
                }
                if at > 0 && reply.pace_ms > 0 {
                    tokio::time::sleep(Duration::from_millis(reply.pace_ms)).await;
                }
                yield Chunk::Text((*piece).to_owned());
                if at == pieces.len() / 2 && breaks(Place::Text) {
                    Err(broken())?;
                }
            }
            if let Some(gate) = &reply.gate_after_text {
                let passed = tokio::select! {
                    () = model.pass(gate) => true,
                    () = cancel.cancelled() => false,
                };
                if !passed {
                    Err(cancelled())?;
                }
            }
            for (at, call) in reply.calls.iter().enumerate() {
                let id = call.id.clone().unwrap_or_else(|| format!("call_{:04}", first_call + at as u64 + 1));
                yield Chunk::Call { id, name: call.name.clone(), arguments: call.arguments() };
            }
            if breaks(Place::Calls) {
                if reply.calls.is_empty() {
                    Err(broken())?;
                }
                yield Chunk::Finished(Finish::BrokenOff);
            } else {
                yield Chunk::Usage(usage);
                yield Chunk::Finished(match (&reply.fault, reply.calls.is_empty()) {
                    (Some(Fault::Incomplete), _) => Finish::Length,
                    (_, true) => Finish::Stop,
                    (_, false) => Finish::ToolCalls,
                });
            }
        })
    }
}

/// A scripted model costs nothing, and that is known.
const FREE: Prices = Prices {
    input: 0.0,
    cached: 0.0,
    cache_write: 0.0,
    output: 0.0,
    long_over_tokens: None,
    long_input: 1.0,
    long_output: 1.0,
};

/// Gives the one scripted model, whatever is wanted.
#[derive(Clone)]
pub struct ScriptedModels {
    pub model: ScriptedModel,
    pub context_tokens: Option<u64>,
    pub prices: Option<Prices>,
    /// Who asks for passwords; None: nobody can.
    pub askpass: Option<Askpass>,
}

impl ScriptedModels {
    pub fn new(model: ScriptedModel) -> Self {
        Self {
            model,
            context_tokens: Some(128_000),
            prices: Some(FREE),
            askpass: None,
        }
    }

    /// Elevated commands ask this program for a password.
    pub fn with_askpass(mut self, askpass: Askpass) -> Self {
        self.askpass = Some(askpass);
        self
    }

    /// A dollar for a million input tokens, ten for a million output tokens.
    pub fn priced(mut self) -> Self {
        self.prices = Some(Prices {
            input: 1.0,
            cached: 0.1,
            cache_write: 1.0,
            output: 10.0,
            long_over_tokens: None,
            long_input: 1.0,
            long_output: 1.0,
        });
        self
    }

    /// Ports with this model and without a keychain.
    pub fn ports(self) -> Ports {
        Ports {
            askpass: self.askpass.clone(),
            models: Some(Arc::new(self)),
            secrets: Arc::new(NoSecrets),
        }
    }
}

#[async_trait]
impl ModelSource for ScriptedModels {
    async fn resolve(&self, want: &Want) -> Result<Resolved, Failure> {
        Ok(Resolved {
            model: Arc::new(self.model.clone()),
            id: want.model.clone().unwrap_or_else(|| "scripted".into()),
            provider: ProviderName::Openai,
            effort: None,
            context_tokens: self.context_tokens,
            max_output_tokens: None,
            prices: self.prices,
            // The id "blind" stands for a model that sees no images.
            accepts_images: want.model.as_deref() != Some("blind"),
            notice: None,
            free: false,
        })
    }
}
