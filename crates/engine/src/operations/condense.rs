//! Compaction by the provider, where the person wants it: what is dropped from the conversation
//! goes to its endpoint once, and comes back as items that only it can read. The digest made here
//! stays beside them, for every other model and for people.

use std::time::Instant;

use mira_llm::{Condensed, ErrorKind, ModelError, Prompt, ToolChoice};
use mira_protocol::budget::Settlement;
use mira_protocol::event::{CondensedItems, NoticeLevel};
use mira_protocol::operation::Usage;
use mira_protocol::provider::ProviderName;
use mira_protocol::route::Purpose;
use mira_protocol::{EventKind, Failure};

use super::run::{Run, provider_name};
use crate::budget::{Ask, Ended, Reservation, Verdict, price};
use crate::ports::Resolved;

impl Run<'_> {
    /// Adds the provider's own form to the event. Where that fails the digest stands alone, and
    /// the person is told.
    pub(super) async fn condense(
        &mut self,
        model: &Resolved,
        compacted: &mut EventKind,
    ) -> Result<(), Failure> {
        let EventKind::Compacted {
            up_to_seq,
            summary,
            kept_tokens,
            condensed,
            ..
        } = compacted
        else {
            return Ok(());
        };
        let wanted = self.on.settings.current().provider_compaction;
        if !wanted || model.provider != ProviderName::Openai {
            return Ok(());
        }
        let prompt = Prompt {
            model: model.id.clone(),
            instructions: "".into(),
            tools: Vec::new().into(),
            items: self
                .history
                .up_to(*up_to_seq)
                .map(|told| told.item.clone())
                .collect(),
            tool_choice: ToolChoice::Auto,
            effort: None,
            max_output_tokens: None,
            cache_key: String::new(),
        };
        let Some(asking) = model.model.condense(&prompt, self.cancel.child_token()) else {
            return Ok(());
        };
        // Where there is no money for it, the digest made here does.
        let Some(reservation) = self.hold_condensing(model, &prompt).await? else {
            return Ok(());
        };
        self.signal_activity(format!("{} condenses the conversation", model.id));
        let begun = Instant::now();
        let answer = asking.await;
        self.settle_condensing(model, reservation, answer.as_ref(), begun)
            .await?;
        match answer {
            Ok(theirs) => {
                let size = |text: &str| text.len() as u64 / 4;
                let tokens: u64 = theirs
                    .items
                    .iter()
                    .map(|item| size(&item.to_string()))
                    .sum();
                *kept_tokens = kept_tokens.saturating_sub(size(summary)) + tokens;
                *condensed = Some(CondensedItems {
                    provider: provider_name(model),
                    model: model.id.clone(),
                    items: theirs.items,
                });
                Ok(())
            }
            Err(error) => {
                let text = format!(
                    "The provider did not condense the conversation: {} A digest made here is \
                     used instead.",
                    error.message
                );
                self.notice(NoticeLevel::Warning, "compaction", text, None)
                    .await
            }
        }
    }

    /// Holds the worst case of it: the input as long as it may be, and as much again put out.
    async fn hold_condensing(
        &self,
        model: &Resolved,
        prompt: &Prompt,
    ) -> Result<Option<Reservation>, Failure> {
        let input_tokens = prompt.token_bound();
        let tokens = prompt
            .items
            .iter()
            .map(|item| item.token_bound())
            .sum::<u64>()
            / 4;
        let decision = self.route_of_condensing(model, tokens);
        let ask = Ask {
            tier: Some(decision.tier),
            route: Some(decision),
            session: Some(self.session()),
            operation: Some(self.operation()),
            project: Some(self.task.project.id.clone()),
            input_tokens,
            worst: model
                .prices
                .map(|prices| price::worst(&prices, input_tokens, input_tokens)),
            max_cost: self.task.request.max_cost_micro_usd,
            ..Ask::about(Purpose::Summary, model)
        };
        match self.on.budget.reserve(&ask).await? {
            Verdict::Granted(reservation) => Ok(Some(reservation)),
            Verdict::Short(_) => Ok(None),
        }
    }

    async fn settle_condensing(
        &mut self,
        model: &Resolved,
        reservation: Reservation,
        answer: Result<&Condensed, &ModelError>,
        begun: Instant,
    ) -> Result<(), Failure> {
        let prices = model.prices.as_ref();
        let mut ended = match answer {
            Ok(answer) => Ended::reported(&answer.usage, prices, "stop"),
            // It may have been done, and nobody has heard of it.
            Err(error) if left(&error.kind) => Ended {
                settlement: Settlement::Kept,
                ..Ended::new(Usage::default(), reservation.micro_usd(), "broken")
            },
            Err(_) => Ended::for_nothing(prices, "error"),
        };
        ended.duration_ms = begun.elapsed().as_millis() as u64;
        self.usage += ended.usage;
        self.cost += ended.cost.unwrap_or(0);
        self.on.budget.settle(reservation, ended).await.map(drop)
    }
}

/// The request had left, and its answer was lost.
fn left(kind: &ErrorKind) -> bool {
    matches!(kind, ErrorKind::Stalled { .. } | ErrorKind::Cancelled)
}
