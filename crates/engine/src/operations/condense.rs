//! Compaction by the provider, where the person wants it: what is dropped from the conversation
//! goes to its endpoint once, and comes back as items that only it can read. The digest made here
//! stays beside them, for every other model and for people.

use std::time::Instant;

use mira_llm::{Condensed, Prompt, ToolChoice};
use mira_protocol::event::{CondensedItems, NoticeLevel};
use mira_protocol::operation::Usage;
use mira_protocol::provider::ProviderName;
use mira_protocol::{EventKind, Failure};
use mira_store::LedgerRow;

use super::run::{Run, provider_name};
use crate::clock::now_ms;
use crate::failure::from_store;
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
        self.signal_activity(format!("{} condenses the conversation", model.id));
        let begun = Instant::now();
        let answer = asking.await;
        self.record_condensing(model, answer.as_ref().ok(), begun)
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

    async fn record_condensing(
        &mut self,
        model: &Resolved,
        answer: Option<&Condensed>,
        begun: Instant,
    ) -> Result<(), Failure> {
        let figures = answer.map(|answer| answer.usage).unwrap_or_default();
        let usage = Usage {
            input_tokens: figures.input,
            cached_tokens: figures.cached,
            cache_write_tokens: figures.cache_write,
            output_tokens: figures.output,
            reasoning_tokens: figures.reasoning,
        };
        let cost = model.prices.map(|prices| prices.micro_usd(&figures));
        self.usage += usage;
        self.cost += cost.unwrap_or(0);
        let outcome = if answer.is_some() { "stop" } else { "error" };
        self.on
            .store
            .record_call(&LedgerRow {
                session_id: Some(self.session()),
                operation_id: Some(self.operation()),
                at: now_ms(),
                purpose: "summary".into(),
                provider: provider_name(model),
                model: model.id.clone(),
                usage,
                cost_micro_usd: cost,
                duration_ms: begun.elapsed().as_millis() as u64,
                outcome: outcome.into(),
            })
            .await
            .map_err(from_store)
    }
}
