//! Remarks on lines that wait to be sent.

use mira_protocol::comment::Comment;
use mira_protocol::{CommentId, OperationId, SessionId, UtcMs};
use sqlx::Connection as _;

use crate::encoding::{from_word, word};
use crate::{Store, StoreError};

/// A row as the queries of this module give it.
struct Row {
    id: String,
    session_id: String,
    operation_id: Option<String>,
    path: String,
    side: String,
    line: i64,
    end_line: i64,
    quote: String,
    text: String,
    created_at: i64,
    updated_at: i64,
}

impl Store {
    /// A session's remarks, by path and line.
    pub async fn comments(&self, session: &SessionId) -> Result<Vec<Comment>, StoreError> {
        sqlx::query_as!(
            Row,
            "SELECT id, session_id, operation_id, path, side, line, end_line, quote, text,
               created_at, updated_at
             FROM review_comments WHERE session_id = ?1 ORDER BY path, line, created_at, id",
            session.0
        )
        .fetch_all(self.reader())
        .await?
        .into_iter()
        .map(told)
        .collect()
    }

    pub async fn comment(&self, id: &CommentId) -> Result<Comment, StoreError> {
        let row = sqlx::query_as!(
            Row,
            "SELECT id, session_id, operation_id, path, side, line, end_line, quote, text,
               created_at, updated_at
             FROM review_comments WHERE id = ?1",
            id.0
        )
        .fetch_optional(self.reader())
        .await?;
        row.map_or_else(|| Err(missing(id)), told)
    }

    pub async fn add_comment(&self, comment: &Comment) -> Result<(), StoreError> {
        let side = word("side", &comment.side)?;
        let operation = comment.operation_id.as_ref().map(OperationId::as_str);
        sqlx::query!(
            "INSERT INTO review_comments (id, session_id, operation_id, path, side, line,
               end_line, quote, text, created_at, updated_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            comment.id.0,
            comment.session_id.0,
            operation,
            comment.path,
            side,
            comment.line,
            comment.end_line,
            comment.quote,
            comment.text,
            comment.created_at,
            comment.updated_at,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    pub async fn edit_comment(
        &self,
        id: &CommentId,
        text: &str,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let changed = sqlx::query!(
            "UPDATE review_comments SET text = ?2, updated_at = ?3 WHERE id = ?1",
            id.0,
            text,
            at,
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        if changed == 0 {
            return Err(missing(id));
        }
        Ok(())
    }

    /// Takes remarks away; those that are gone already count for nothing.
    pub async fn remove_comments(&self, ids: &[CommentId]) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        for id in ids {
            sqlx::query!("DELETE FROM review_comments WHERE id = ?1", id.0)
                .execute(&mut *tx)
                .await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn missing(id: &CommentId) -> StoreError {
    StoreError::NotFound {
        what: "comment",
        id: id.0.clone(),
    }
}

fn told(row: Row) -> Result<Comment, StoreError> {
    let number = |value: i64| u32::try_from(value).unwrap_or(1);
    Ok(Comment {
        id: CommentId(row.id),
        session_id: SessionId(row.session_id),
        operation_id: row.operation_id.map(OperationId),
        path: row.path,
        side: from_word("side", row.side)?,
        line: number(row.line),
        end_line: number(row.end_line),
        quote: row.quote,
        text: row.text,
        created_at: row.created_at,
        updated_at: row.updated_at,
    })
}
