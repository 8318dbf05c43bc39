//! Before each request: does the conversation fit, and what is it made of.

use mira_protocol::operation::OperationState;
use mira_protocol::receipt::{FragmentLine, Receipt};
use mira_protocol::{EventKind, Failure};

use super::compaction;
use super::run::{Run, provider_name};
use crate::budget::price;
use crate::ports::Resolved;

/// What is left free of the context window for the answer, in tokens, where the model's own limit
/// is not known.
const ANSWER_TOKENS: u64 = 8_000;
/// The window that is assumed where nobody tells, in tokens.
const DEFAULT_WINDOW: u64 = 128_000;
impl Run<'_> {
    /// Compacts while the conversation has more than `room` tokens; true where it fits after.
    pub(super) async fn fit(
        &mut self,
        model: &Resolved,
        room: u64,
        keep: u64,
    ) -> Result<bool, Failure> {
        self.catch_up().await?;
        if self.history.tokens() <= room {
            return Ok(true);
        }
        let Some(mut compacted) = compaction::compact(&self.history, keep) else {
            return Ok(false);
        };
        self.condense(model, &mut compacted).await?;
        self.log(compacted).await?;
        Ok(true)
    }

    /// State, receipt and request, in one write.
    pub(super) async fn begin_step(
        &mut self,
        model: &Resolved,
        fixed: &[FragmentLine],
    ) -> Result<(), Failure> {
        let mut kinds = Vec::with_capacity(3);
        if self.state != OperationState::Generating {
            self.state = OperationState::Generating;
            kinds.push(EventKind::OperationState {
                state: self.state,
                kind: None,
                reason: None,
            });
        }
        self.calls += 1;
        let receipt = self.receipt(model, fixed);
        let estimated_input_tokens = receipt.total_tokens;
        let request_bytes = receipt.fragments.iter().map(|line| line.bytes).sum();
        kinds.push(EventKind::ContextGathered { receipt });
        kinds.push(EventKind::ModelCallStarted {
            call: self.calls,
            provider: provider_name(model),
            model: model.id.clone(),
            request_bytes,
            estimated_input_tokens,
        });
        self.log_all(kinds).await
    }

    fn receipt(&self, model: &Resolved, fixed: &[FragmentLine]) -> Receipt {
        let mut fragments = fixed.to_vec();
        fragments.push(self.on.tools.receipt.clone());
        // What the message points at stands in the conversation, and is told apart.
        let parts = self.history.parts();
        let mentioned: u64 = parts.iter().map(|part| part.tokens).sum();
        let tokens = self.history.tokens().saturating_sub(mentioned);
        fragments.extend(parts.iter().cloned());
        if self.no_related {
            fragments.push(super::related::left_out());
        }
        fragments.push(FragmentLine {
            name: "conversation".into(),
            detail: format!("{} items", self.history.len()),
            tokens,
            bytes: tokens * 4,
            cap_tokens: Some(window(model)),
            dropped: self.history.compacted(),
            // Later requests of the operation differ in its own turn only.
            parts: match self.calls {
                1 => self.history.turns(),
                _ => vec![],
            },
        });
        let total_tokens: u64 = fragments.iter().map(|line| line.tokens).sum();
        Receipt {
            model: model.id.clone(),
            context_limit_tokens: model.context_tokens,
            total_tokens,
            estimated_input_micro_usd: model
                .prices
                .map(|prices| price::expected(&prices, total_tokens, 0)),
            fragments,
        }
    }
}

/// Tokens that the model takes in and gives out together.
pub(super) fn window(model: &Resolved) -> u64 {
    model.context_tokens.unwrap_or(DEFAULT_WINDOW)
}

/// A small local window must not be eaten by the room for the answer.
pub(super) fn answer_room(model: &Resolved) -> u64 {
    model
        .max_output_tokens
        .unwrap_or(ANSWER_TOKENS)
        .min(ANSWER_TOKENS)
        .min(window(model) / 4)
}

/// How far to shrink the conversation when the provider says it is too long: to what it says it
/// can take with a tenth to spare, scaled by how far our estimate is from its count; else by half.
pub(super) fn overflow_target(
    history: u64,
    fixed: u64,
    limit: Option<u64>,
    counted: Option<u64>,
) -> u64 {
    match (limit, counted) {
        (Some(limit), Some(counted)) if counted > 0 => {
            let estimated = history + fixed;
            let room = limit.saturating_mul(estimated) / counted * 9 / 10;
            room.saturating_sub(fixed).min(history * 9 / 10)
        }
        _ => history / 2,
    }
}
