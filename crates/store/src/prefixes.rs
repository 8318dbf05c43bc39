//! What a provider can have cached of a session, and the files that the model was told.

use mira_protocol::budget::SessionCacheState;
use mira_protocol::{SessionId, UtcMs};

use crate::encoding::{signed, unsigned};
use crate::{Store, StoreError};

/// A file's content as it was told.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldFile {
    pub path: String,
    pub content_hash: String,
    pub tokens: u64,
    pub sent_at: UtcMs,
    /// How often with this content.
    pub times: u64,
}

impl Store {
    /// What is known of the session's last request, and the JSON of its parts' hashes.
    pub async fn session_cache(
        &self,
        session: &SessionId,
    ) -> Result<Option<(SessionCacheState, String)>, StoreError> {
        let row = sqlx::query!(
            "SELECT provider, model, parts, prefix_tokens, last_call_at, requests, input_tokens,
               expected_cached_tokens, cached_tokens, breaks, last_break
             FROM session_cache_state WHERE session_id = ?1",
            session.0
        )
        .fetch_optional(self.reader())
        .await?;
        Ok(row.map(|row| {
            let state = SessionCacheState {
                provider: row.provider,
                model: row.model,
                prefix_tokens: unsigned(row.prefix_tokens),
                last_call_at: row.last_call_at,
                requests: unsigned(row.requests),
                input_tokens: unsigned(row.input_tokens),
                expected_cached_tokens: unsigned(row.expected_cached_tokens),
                cached_tokens: unsigned(row.cached_tokens),
                breaks: unsigned(row.breaks),
                last_break: row.last_break,
            };
            (state, row.parts)
        }))
    }

    pub async fn save_session_cache(
        &self,
        session: &SessionId,
        state: &SessionCacheState,
        parts: &str,
    ) -> Result<(), StoreError> {
        let (prefix, requests) = (signed(state.prefix_tokens), signed(state.requests));
        let (input, expected) = (
            signed(state.input_tokens),
            signed(state.expected_cached_tokens),
        );
        let (cached, breaks) = (signed(state.cached_tokens), signed(state.breaks));
        sqlx::query!(
            "INSERT INTO session_cache_state
               (session_id, provider, model, parts, prefix_tokens, last_call_at, requests,
                input_tokens, expected_cached_tokens, cached_tokens, breaks, last_break)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (session_id) DO UPDATE SET provider = excluded.provider,
               model = excluded.model, parts = excluded.parts,
               prefix_tokens = excluded.prefix_tokens, last_call_at = excluded.last_call_at,
               requests = excluded.requests, input_tokens = excluded.input_tokens,
               expected_cached_tokens = excluded.expected_cached_tokens,
               cached_tokens = excluded.cached_tokens, breaks = excluded.breaks,
               last_break = excluded.last_break",
            session.0,
            state.provider,
            state.model,
            parts,
            prefix,
            state.last_call_at,
            requests,
            input,
            expected,
            cached,
            breaks,
            state.last_break,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// Notes that the model was told a file's content.
    pub async fn note_told_file(
        &self,
        session: &SessionId,
        path: &str,
        content_hash: &str,
        tokens: u64,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let tokens = signed(tokens);
        sqlx::query!(
            "INSERT INTO session_file_hashes
               (session_id, path, content_hash, tokens, sent_at, times)
             VALUES (?1, ?2, ?3, ?4, ?5, 1)
             ON CONFLICT (session_id, path) DO UPDATE SET
               times = CASE WHEN content_hash = excluded.content_hash THEN times + 1 ELSE 1 END,
               content_hash = excluded.content_hash, tokens = excluded.tokens,
               sent_at = excluded.sent_at",
            session.0,
            path,
            content_hash,
            tokens,
            at,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// Files that the model was told in a session, by path.
    pub async fn told_files(&self, session: &SessionId) -> Result<Vec<ToldFile>, StoreError> {
        let rows = sqlx::query!(
            "SELECT path, content_hash, tokens, sent_at, times FROM session_file_hashes
             WHERE session_id = ?1 ORDER BY path",
            session.0
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| ToldFile {
                path: row.path,
                content_hash: row.content_hash,
                tokens: unsigned(row.tokens),
                sent_at: row.sent_at,
                times: unsigned(row.times),
            })
            .collect())
    }
}
