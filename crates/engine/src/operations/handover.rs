//! From one model to another in the middle of a conversation: what cannot go along is told; where
//! a provider is down, whom the person named goes on.

use mira_llm::{ErrorKind, ModelError};
use mira_protocol::event::NoticeLevel;
use mira_protocol::provider::ProviderName;
use mira_protocol::{EventKind, Failure};

use super::run::{Run, Stop, provider_name};
use crate::ports::{Resolved, Want};

/// Asking the same provider again soon would not help, and another one may.
pub(super) fn is_down(kind: &ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::Unreached
            | ErrorKind::Broken
            | ErrorKind::Stalled { .. }
            | ErrorKind::Server { .. }
            | ErrorKind::RateLimited { .. }
            | ErrorKind::Quota
    )
}

impl Run<'_> {
    /// Before the first request to another model: says what it will not be sent.
    pub(super) async fn tell_handover(&mut self, model: &Resolved) -> Result<(), Failure> {
        let to = provider_name(model);
        let same = self
            .history
            .asked()
            .is_none_or(|asked| asked == (to.as_str(), model.id.as_str()));
        if same {
            return Ok(());
        }
        let left = self.history.left_behind(&to, &model.id);
        if left.is_empty() {
            return Ok(());
        }
        let of: Vec<String> = left
            .iter()
            .map(|(provider, count)| format!("{count} of {}", label(provider)))
            .collect();
        let text = format!(
            "{} answers from here on. Hidden items of the conversation that only their maker can \
             read stay behind ({}); messages, tool calls and results go along.",
            model.id,
            of.join(", ")
        );
        self.notice(NoticeLevel::Info, "model_switched", text, None)
            .await
    }

    /// Whom to ask instead after this failure; None where that would not help, or the person has
    /// named nobody who is left.
    pub(super) async fn successor(
        &mut self,
        want: &Want,
        model: &Resolved,
        error: &ModelError,
    ) -> Option<Resolved> {
        if !is_down(&error.kind) {
            return None;
        }
        self.down.push(model.provider);
        match self.on.models.instead(want, &self.down).await {
            Ok(next) => next,
            Err(failure) => {
                tracing::warn!(%failure, "nobody answers instead");
                None
            }
        }
    }

    /// Says who goes on and why.
    pub(super) async fn tell_failover(
        &mut self,
        want: &Want,
        from: &Resolved,
        next: &Resolved,
        error: &ModelError,
        had_begun: bool,
    ) -> Result<(), Stop> {
        let begun = if had_begun {
            " The answer that had begun is replaced by a new one."
        } else {
            ""
        };
        let text = format!(
            "{} did not answer: {} {} ({}) goes on instead, as PROVIDER_FAILOVER says.{begun}",
            from.id,
            error.message,
            next.id,
            next.provider.label()
        );
        self.notice(NoticeLevel::Warning, "failover", text, None)
            .await?;
        self.log(EventKind::Routed {
            tier: want.tier,
            model: next.id.clone(),
            provider: provider_name(next),
            reason: format!("{} is down", from.provider.label()),
            decision: None,
        })
        .await?;
        Ok(())
    }
}

fn label(provider: &str) -> &str {
    match provider.parse::<ProviderName>() {
        Ok(known) => known.label(),
        Err(_) => provider,
    }
}
