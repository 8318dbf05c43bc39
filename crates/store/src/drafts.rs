//! Text that is shown while it streams, kept until its message is stored.

use mira_protocol::{MessageId, OperationId};
use sqlx::sqlite::SqliteConnection;

use crate::{Store, StoreError};

impl Store {
    /// Keeps a piece of a message that is about to be shown.
    pub async fn push_draft(
        &self,
        operation: &OperationId,
        message: &MessageId,
        piece: &str,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        sqlx::query!(
            "INSERT INTO message_drafts (operation_id, message_id, piece) VALUES (?1, ?2, ?3)",
            operation.0,
            message.0,
            piece,
        )
        .execute(&mut *writer)
        .await?;
        Ok(())
    }

    /// The messages of an operation that were shown and never stored, each with its text.
    pub async fn drafts(
        &self,
        operation: &OperationId,
    ) -> Result<Vec<(MessageId, String)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT message_id, piece FROM message_drafts WHERE operation_id = ?1 ORDER BY id",
            operation.0,
        )
        .fetch_all(self.reader())
        .await?;
        let mut drafts: Vec<(MessageId, String)> = Vec::new();
        for row in rows {
            match drafts.last_mut() {
                Some((id, text)) if id.0 == row.message_id => *text += &row.piece,
                _ => drafts.push((MessageId(row.message_id), row.piece)),
            }
        }
        Ok(drafts)
    }
}

/// The message is stored whole; its pieces go.
pub(crate) async fn clear(
    connection: &mut SqliteConnection,
    message: &str,
    operation: &OperationId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM message_drafts WHERE operation_id = ?1 AND message_id = ?2",
        operation.0,
        message,
    )
    .execute(connection)
    .await?;
    Ok(())
}
