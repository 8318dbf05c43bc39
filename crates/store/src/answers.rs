//! `llm_cache`: answers by the hash of the whole request, for a time and up to a size.

use mira_protocol::{MicroUsd, UtcMs};

use crate::encoding::{signed, unsigned};
use crate::{Store, StoreError};

/// An answer to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct CachedAnswer {
    /// Of the whole request.
    pub key_hash: String,
    /// Empty where the call belongs to no project.
    pub project_id: String,
    pub provider: String,
    pub model: String,
    /// JSON of the answer's pieces.
    pub response: String,
    /// What the original call really cost.
    pub cost_micro_usd: MicroUsd,
    pub created_at: UtcMs,
    pub expires_at: UtcMs,
}

impl Store {
    /// The answer to exactly this request, where one is kept and not too old; counts the hit.
    pub async fn cached_answer(
        &self,
        key_hash: &str,
        project: &str,
        now: UtcMs,
    ) -> Result<Option<(String, MicroUsd)>, StoreError> {
        let known = sqlx::query!(
            "SELECT response, cost_micro_usd FROM llm_cache
             WHERE key_hash = ?1 AND project_id = ?2 AND expires_at > ?3",
            key_hash,
            project,
            now,
        )
        .fetch_optional(self.reader())
        .await?;
        let Some(known) = known else {
            return Ok(None);
        };
        sqlx::query!(
            "UPDATE llm_cache SET hits = hits + 1, last_hit_at = ?3
             WHERE key_hash = ?1 AND project_id = ?2",
            key_hash,
            project,
            now,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(Some((known.response, known.cost_micro_usd)))
    }

    /// Keeps an answer, in place of an older one, and drops what is too old and then what was
    /// longest not used until at most `max_bytes` are kept.
    pub async fn cache_answer(
        &self,
        answer: &CachedAnswer,
        max_bytes: u64,
    ) -> Result<(), StoreError> {
        let bytes = signed(answer.response.len() as u64);
        let max = signed(max_bytes);
        let mut writer = self.writer().await;
        sqlx::query!(
            "INSERT INTO llm_cache
               (key_hash, project_id, provider, model, response, bytes, cost_micro_usd, created_at,
                expires_at, last_hit_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?8)
             ON CONFLICT (key_hash, project_id) DO UPDATE SET response = excluded.response,
               bytes = excluded.bytes, cost_micro_usd = excluded.cost_micro_usd,
               created_at = excluded.created_at, expires_at = excluded.expires_at,
               last_hit_at = excluded.last_hit_at",
            answer.key_hash,
            answer.project_id,
            answer.provider,
            answer.model,
            answer.response,
            bytes,
            answer.cost_micro_usd,
            answer.created_at,
            answer.expires_at,
        )
        .execute(&mut *writer)
        .await?;
        sqlx::query!(
            "DELETE FROM llm_cache WHERE expires_at <= ?1",
            answer.created_at
        )
        .execute(&mut *writer)
        .await?;
        sqlx::query!(
            "DELETE FROM llm_cache WHERE (key_hash, project_id) IN
               (SELECT key_hash, project_id FROM
                  (SELECT key_hash, project_id,
                     sum(bytes) OVER (ORDER BY last_hit_at DESC, key_hash, project_id) AS upto
                   FROM llm_cache)
                WHERE upto > ?1)",
            max,
        )
        .execute(&mut *writer)
        .await?;
        Ok(())
    }

    /// How many answers are kept, and their size in bytes.
    pub(crate) async fn cached_answers(&self) -> Result<(u64, u64), StoreError> {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "count!: i64", coalesce(sum(bytes), 0) AS "bytes!: i64"
               FROM llm_cache"#
        )
        .fetch_one(self.reader())
        .await?;
        Ok((unsigned(row.count), unsigned(row.bytes)))
    }

    pub async fn clear_answers(&self) -> Result<(), StoreError> {
        sqlx::query!("DELETE FROM llm_cache")
            .execute(&mut *self.writer().await)
            .await?;
        Ok(())
    }
}
