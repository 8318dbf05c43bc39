//! What models called parts of a project's code.

use mira_protocol::{ProjectId, UtcMs};

use crate::{Store, StoreError};

/// The newest so many of a project are kept.
const MOST: i64 = 2_000;

/// What a model called something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeName {
    /// Of everything that the model was told of it.
    pub item_hash: String,
    pub model: String,
    pub name: String,
    /// One sentence of what it is.
    pub says: String,
}

impl Store {
    /// Keeps what a model said, all or nothing; what it said of the same content before goes.
    pub async fn keep_code_names(
        &self,
        project: &ProjectId,
        names: &[CodeName],
        at: UtcMs,
    ) -> Result<(), StoreError> {
        use sqlx::Connection as _;
        let mut writer = self.writer().await;
        let mut transaction = writer.begin().await?;
        for one in names {
            sqlx::query!(
                "INSERT INTO code_names (project_id, item_hash, model, name, says, named_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)
                 ON CONFLICT (project_id, item_hash, model) DO UPDATE
                 SET name = excluded.name, says = excluded.says, named_at = excluded.named_at",
                project.0,
                one.item_hash,
                one.model,
                one.name,
                one.says,
                at,
            )
            .execute(&mut *transaction)
            .await?;
        }
        sqlx::query!(
            "DELETE FROM code_names WHERE project_id = ?1 AND (item_hash, model) NOT IN (
               SELECT item_hash, model FROM code_names WHERE project_id = ?1
               ORDER BY named_at DESC, item_hash, model LIMIT ?2)",
            project.0,
            MOST,
        )
        .execute(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// All of a project, the oldest first.
    pub async fn code_names(&self, project: &ProjectId) -> Result<Vec<CodeName>, StoreError> {
        let rows = sqlx::query_as!(
            CodeName,
            "SELECT item_hash, model, name, says FROM code_names WHERE project_id = ?1
             ORDER BY named_at, item_hash, model",
            project.0,
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows)
    }
}
