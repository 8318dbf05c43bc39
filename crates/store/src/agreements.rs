//! What the person said yes to: a project's code, commits and messages to a model that makes vectors and costs.

use mira_protocol::{ProjectId, UtcMs};

use crate::encoding::{signed, unsigned};
use crate::{Store, StoreError};

/// The most tokens at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Agreed {
    pub code: u64,
    pub commits: u64,
    /// None: messages are not agreed to.
    pub messages: Option<u64>,
}

impl Store {
    /// The most tokens at once that the person said yes to; the newest word counts.
    pub async fn agree_embeddings(
        &self,
        project: &ProjectId,
        model: &str,
        dimensions: u32,
        agreed: Agreed,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let (code, commits) = (signed(agreed.code), signed(agreed.commits));
        let messages = agreed.messages.map(signed);
        let mut writer = self.writer().await;
        sqlx::query!(
            "INSERT INTO embedding_agreements (project_id, model, dimensions, tokens,
               commit_tokens, message_tokens, agreed_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (project_id, model, dimensions) DO UPDATE SET
               tokens = excluded.tokens, commit_tokens = excluded.commit_tokens,
               message_tokens = excluded.message_tokens,
               agreed_at = excluded.agreed_at",
            project.0,
            model,
            dimensions,
            code,
            commits,
            messages,
            at,
        )
        .execute(&mut *writer)
        .await?;
        Ok(())
    }

    /// None where the person was not asked, or said nothing.
    pub async fn agreed_embeddings(
        &self,
        project: &ProjectId,
        model: &str,
        dimensions: u32,
    ) -> Result<Option<Agreed>, StoreError> {
        let agreed = sqlx::query!(
            "SELECT tokens, commit_tokens, message_tokens FROM embedding_agreements
             WHERE project_id = ?1 AND model = ?2 AND dimensions = ?3",
            project.0,
            model,
            dimensions,
        )
        .fetch_optional(self.reader())
        .await?;
        Ok(agreed.map(|row| Agreed {
            code: unsigned(row.tokens),
            commits: unsigned(row.commit_tokens),
            messages: row.message_tokens.map(unsigned),
        }))
    }
}
