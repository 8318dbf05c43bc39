//! What the person said yes to: a project's code to a model that makes vectors and costs.

use mira_protocol::{ProjectId, UtcMs};

use crate::{Store, StoreError};

impl Store {
    /// The most tokens at once that the person said yes to; the newest word counts.
    pub async fn agree_embeddings(
        &self,
        project: &ProjectId,
        model: &str,
        dimensions: u32,
        tokens: u64,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let tokens = i64::try_from(tokens).unwrap_or(i64::MAX);
        let mut writer = self.writer().await;
        sqlx::query!(
            "INSERT INTO embedding_agreements (project_id, model, dimensions, tokens, agreed_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (project_id, model, dimensions) DO UPDATE SET
               tokens = excluded.tokens, agreed_at = excluded.agreed_at",
            project.0,
            model,
            dimensions,
            tokens,
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
    ) -> Result<Option<u64>, StoreError> {
        let tokens = sqlx::query_scalar!(
            "SELECT tokens FROM embedding_agreements
             WHERE project_id = ?1 AND model = ?2 AND dimensions = ?3",
            project.0,
            model,
            dimensions,
        )
        .fetch_optional(self.reader())
        .await?;
        Ok(tokens.map(i64::unsigned_abs))
    }
}
