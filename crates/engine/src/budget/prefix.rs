//! Provider caches: is the last request's whole input a prefix of this one, and if not, why.
//!
//! A request is made of parts in a fixed order: provider and model, the fragments of the
//! instructions, the tools, the conversation. As long as nothing but the end of the conversation
//! changes, the provider can serve everything it was sent before from its cache. What it reports
//! is compared with what this promised.

use std::hash::{DefaultHasher, Hash, Hasher};

use mira_llm::Usage;
use mira_protocol::budget::{SentFile, SessionCacheState};
use mira_protocol::{Failure, SessionId, UtcMs};
use mira_store::ToldFile;
use serde::{Deserialize, Serialize};

use super::Budget;
use crate::failure::from_store;

/// Providers cache prefixes from so many tokens on, in steps.
const LEAST_TOKENS: u64 = 1_024;
const STEP_TOKENS: u64 = 128;
/// Without use a provider keeps a prefix for some minutes; ten is what they promise at most.
const WARM_MS: i64 = 600_000;

/// The parts of a request as hashes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Parts {
    pub provider: String,
    pub model: String,
    #[serde(default)]
    pub effort: Option<String>,
    /// Name and hash of each fragment before the conversation, tools among them.
    pub fragments: Vec<(String, u64)>,
    /// How many items of conversation, and the hash of their order.
    pub items: u64,
    pub chain: u64,
}

/// What was found before a request left.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outlook {
    /// Tokens that the provider can have cached; 0 where it cannot.
    pub expected_cached: u64,
    /// Why the last request is no prefix of this one. None also for a first request.
    pub broken_by: Option<String>,
    /// The provider's count of the last request's input, and how many items of the conversation
    /// it had, where it is a prefix of this one: to count the rest exactly.
    pub counted: Option<(u64, u64)>,
}

pub fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Compares a request with the session's last one. `chain_at` gives the hash of the first `n`
/// items of the conversation as it is now.
pub fn outlook(
    last: Option<&(SessionCacheState, Parts)>,
    now: UtcMs,
    parts: &Parts,
    chain_at: impl Fn(u64) -> Option<u64>,
) -> Outlook {
    let Some((state, before)) = last else {
        return Outlook::default();
    };
    if let Some(reason) = broken(before, parts, chain_at) {
        return Outlook {
            broken_by: Some(reason),
            ..Outlook::default()
        };
    }
    let counted = Some((state.prefix_tokens, before.items));
    let idle = now - state.last_call_at;
    if idle > WARM_MS {
        return Outlook {
            broken_by: Some("idle for longer than the provider keeps it".to_owned()),
            expected_cached: 0,
            counted,
        };
    }
    let expected_cached = if state.prefix_tokens < LEAST_TOKENS {
        0
    } else {
        state.prefix_tokens / STEP_TOKENS * STEP_TOKENS
    };
    Outlook {
        expected_cached,
        broken_by: None,
        counted,
    }
}

fn broken(before: &Parts, parts: &Parts, chain_at: impl Fn(u64) -> Option<u64>) -> Option<String> {
    if before.provider != parts.provider {
        return Some("another provider".to_owned());
    }
    if before.model != parts.model {
        return Some("another model".to_owned());
    }
    if before.effort != parts.effort {
        return Some("another effort".to_owned());
    }
    let longest = before.fragments.len().max(parts.fragments.len());
    for at in 0..longest {
        let (old, new) = (before.fragments.get(at), parts.fragments.get(at));
        if old != new {
            let name = new.or(old).map_or("", |(name, _)| name.as_str());
            return Some(format!("{name} changed"));
        }
    }
    match chain_at(before.items) {
        Some(chain) if chain == before.chain => None,
        Some(_) => Some("the conversation was rewritten".to_owned()),
        None => Some("the conversation was shortened".to_owned()),
    }
}

impl Budget {
    /// The session's last request.
    pub async fn last_request(
        &self,
        session: &SessionId,
    ) -> Result<Option<(SessionCacheState, Parts)>, Failure> {
        let found = self
            .store
            .session_cache(session)
            .await
            .map_err(from_store)?;
        Ok(found.and_then(|(state, parts)| Some((state, serde_json::from_str(&parts).ok()?))))
    }

    /// Notes a request that was answered, and how much of it the provider had cached.
    pub async fn note_request(
        &self,
        session: &SessionId,
        last: Option<&SessionCacheState>,
        parts: &Parts,
        outlook: &Outlook,
        usage: &Usage,
        now: UtcMs,
    ) -> Result<SessionCacheState, Failure> {
        let state = SessionCacheState {
            provider: parts.provider.clone(),
            model: parts.model.clone(),
            prefix_tokens: usage.input,
            last_call_at: now,
            requests: last.map_or(0, |last| last.requests) + 1,
            input_tokens: last.map_or(0, |last| last.input_tokens) + usage.input,
            expected_cached_tokens: last.map_or(0, |last| last.expected_cached_tokens)
                + outlook.expected_cached,
            cached_tokens: last.map_or(0, |last| last.cached_tokens) + usage.cached,
            breaks: last.map_or(0, |last| last.breaks) + u64::from(outlook.broken_by.is_some()),
            last_break: outlook
                .broken_by
                .clone()
                .or_else(|| last.and_then(|last| last.last_break.clone())),
        };
        let text = serde_json::to_string(parts).map_err(crate::failure::internal)?;
        self.store
            .save_session_cache(session, &state, &text)
            .await
            .map_err(from_store)?;
        Ok(state)
    }

    /// Notes that the model was told a file.
    pub async fn note_file(
        &self,
        session: &SessionId,
        path: &str,
        content: &str,
        now: UtcMs,
    ) -> Result<(), Failure> {
        let tokens = (content.len() as u64).div_ceil(4);
        let hash = content_hash(content);
        self.store
            .note_told_file(session, path, &hash, tokens, now)
            .await
            .map_err(from_store)
    }

    /// Files that the model was told in a session.
    pub async fn told_files(&self, session: &SessionId) -> Result<Vec<Told>, Failure> {
        let files = self.store.told_files(session).await.map_err(from_store)?;
        Ok(files.into_iter().map(Told).collect())
    }
}

/// A file as it was told.
pub struct Told(ToldFile);

impl std::ops::Deref for Told {
    type Target = ToldFile;

    fn deref(&self) -> &ToldFile {
        &self.0
    }
}

impl Told {
    /// Beside the file as it is now; None where it is gone or cannot be read.
    pub fn compared(self, now: Option<&str>) -> SentFile {
        let file = self.0;
        SentFile {
            changed_since: now.is_none_or(|text| content_hash(text) != file.content_hash),
            path: file.path,
            tokens: file.tokens,
            sent_at: file.sent_at,
            times: file.times,
        }
    }
}

fn content_hash(text: &str) -> String {
    format!("{:016x}", hash_of(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(model: &str, fragments: &[(&str, u64)], items: u64, chain: u64) -> Parts {
        Parts {
            provider: "openai".into(),
            model: model.into(),
            effort: None,
            fragments: fragments
                .iter()
                .map(|(name, hash)| (name.to_string(), *hash))
                .collect(),
            items,
            chain,
        }
    }

    fn last(parts: Parts) -> (SessionCacheState, Parts) {
        let state = SessionCacheState {
            provider: "openai".into(),
            model: "m".into(),
            prefix_tokens: 2_000,
            last_call_at: 1_000,
            requests: 1,
            input_tokens: 2_000,
            expected_cached_tokens: 0,
            cached_tokens: 0,
            breaks: 0,
            last_break: None,
        };
        (state, parts)
    }

    #[test]
    fn what_breaks_a_prefix_is_named() {
        let fragments = [("instructions", 1), ("guidelines", 2), ("tools", 3)];
        let before = last(parts("m", &fragments, 4, 40));
        let check = |now: Parts, chain: Option<u64>, expected: Option<&str>| {
            let found = outlook(Some(&before), 2_000, &now, |_| chain);
            assert_eq!(found.broken_by.as_deref(), expected);
            assert_eq!(
                found.expected_cached,
                if expected.is_none() { 1_920 } else { 0 }
            );
        };
        check(parts("m", &fragments, 6, 60), Some(40), None);
        check(
            parts("n", &fragments, 6, 60),
            Some(40),
            Some("another model"),
        );
        let guided = [("instructions", 1), ("guidelines", 9), ("tools", 3)];
        check(
            parts("m", &guided, 6, 60),
            Some(40),
            Some("guidelines changed"),
        );
        let fewer = [("instructions", 1), ("guidelines", 2)];
        check(parts("m", &fewer, 6, 60), Some(40), Some("tools changed"));
        let shortened = Some("the conversation was shortened");
        check(parts("m", &fragments, 2, 20), None, shortened);
        let rewritten = Some("the conversation was rewritten");
        check(parts("m", &fragments, 6, 60), Some(41), rewritten);
    }

    #[test]
    fn a_first_request_breaks_nothing_and_an_old_one_is_cold() {
        assert_eq!(
            outlook(None, 0, &Parts::default(), |_| None),
            Outlook::default()
        );
        let before = last(parts("m", &[], 4, 40));
        let cold = outlook(Some(&before), 1_000 + WARM_MS + 1, &before.1, |_| Some(40));
        assert!(cold.broken_by.is_some() && cold.counted == Some((2_000, 4)));
    }
}
