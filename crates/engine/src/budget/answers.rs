//! Answers that were paid for once: `llm_cache` through the eyes of a call.
//!
//! A request is looked up by the hash of all of it, within its project. It is safe where nothing
//! random is left to the provider's default (the effort is stated), where no tool of the
//! operation has run (so none of their effects is pending), and where the answer is words alone:
//! calls of tools are never replayed. An answer with a secret in it is not kept: masked it would
//! be another answer.

use std::borrow::Cow;

use mira_llm::{Chunk, Finish, Prompt};
use mira_protocol::{Failure, MicroUsd, ProjectId};
use mira_secrets::Masker;
use mira_store::CachedAnswer;
use serde::{Deserialize, Serialize};

use super::Budget;
use crate::clock::now_ms;
use crate::failure::from_store;
use crate::ports::Resolved;

/// A stored answer.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Kept {
    pub reasoning: String,
    pub text: String,
}

impl Kept {
    /// The pieces in which a model would have said it.
    pub fn chunks(self) -> Vec<Chunk> {
        let mut chunks = Vec::with_capacity(3);
        if !self.reasoning.is_empty() {
            chunks.push(Chunk::Reasoning(self.reasoning));
        }
        chunks.push(Chunk::Text(self.text));
        chunks.push(Chunk::Finished(Finish::Stop));
        chunks
    }
}

/// Where an answer is kept, for a request for which that is safe.
#[derive(Debug, Clone)]
pub struct Place {
    key: String,
    project: String,
    provider: String,
    model: String,
}

impl Budget {
    /// Where the answer to this request may be kept and looked for; None where that is not safe,
    /// or turned off.
    pub fn place(
        &self,
        model: &Resolved,
        provider: &str,
        prompt: &Prompt,
        project: Option<&ProjectId>,
    ) -> Option<Place> {
        let settings = self.settings.current();
        let stated = prompt.effort.is_some();
        if !settings.cache_enabled || !stated || model.prices.is_none() {
            return None;
        }
        Some(Place {
            key: format!("{provider} {}", prompt.fingerprint()),
            project: project.map_or(String::new(), |id| id.0.clone()),
            provider: provider.to_owned(),
            model: model.id.clone(),
        })
    }

    /// The answer that was paid for before, and what it cost then.
    pub async fn kept_answer(&self, place: &Place) -> Result<Option<(Kept, MicroUsd)>, Failure> {
        let found = self
            .store
            .cached_answer(&place.key, &place.project, now_ms())
            .await
            .map_err(from_store)?;
        // One that a newer version wrote is as good as none.
        Ok(found.and_then(|(text, cost)| Some((serde_json::from_str(&text).ok()?, cost))))
    }

    /// Keeps an answer that was paid for.
    pub async fn keep_answer(
        &self,
        place: Place,
        answer: &Kept,
        cost: MicroUsd,
        masker: &Masker,
    ) -> Result<(), Failure> {
        let clean = |text: &str| matches!(masker.mask(text), Cow::Borrowed(_));
        if answer.text.is_empty() || !clean(&answer.text) || !clean(&answer.reasoning) {
            return Ok(());
        }
        let settings = self.settings.current();
        let now = now_ms();
        let response = serde_json::to_string(answer).map_err(crate::failure::internal)?;
        let row = CachedAnswer {
            key_hash: place.key,
            project_id: place.project,
            provider: place.provider,
            model: place.model,
            response,
            cost_micro_usd: cost,
            created_at: now,
            expires_at: now + (settings.cache_ttl_ms as i64),
        };
        self.store
            .cache_answer(&row, settings.cache_max_bytes)
            .await
            .map_err(from_store)
    }
}
