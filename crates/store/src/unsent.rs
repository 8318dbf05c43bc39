//! Messages that a person has written and not sent.

use mira_protocol::UtcMs;
use mira_protocol::message::{Draft, DraftMention};
use mira_protocol::operation::Attachment;

use crate::encoding::{from_json, json};
use crate::{Store, StoreError};

impl Store {
    /// What is kept for a place; nothing is an empty draft.
    pub async fn unsent(&self, place: &str) -> Result<Draft, StoreError> {
        let row = sqlx::query!(
            "SELECT content, mentions, attachments, saved_at FROM composer_drafts WHERE place = ?1",
            place,
        )
        .fetch_optional(self.reader())
        .await?;
        let Some(row) = row else {
            return Ok(Draft::default());
        };
        Ok(Draft {
            content: row.content,
            mentions: from_json("draft mentions", &row.mentions)?,
            attachments: from_json("draft attachments", &row.attachments)?,
            saved_at: row.saved_at,
        })
    }

    /// Keeps it; `attachments` None leaves those that are kept.
    pub async fn keep_unsent(
        &self,
        place: &str,
        content: &str,
        mentions: &[DraftMention],
        attachments: Option<&[Attachment]>,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let mentions = json("draft mentions", &mentions)?;
        let attachments = attachments
            .map(|list| json("draft attachments", &list))
            .transpose()?;
        sqlx::query!(
            "INSERT INTO composer_drafts (place, content, mentions, attachments, saved_at)
             VALUES (?1, ?2, ?3, coalesce(?4, '[]'), ?5)
             ON CONFLICT (place) DO UPDATE SET content = ?2, mentions = ?3,
               attachments = coalesce(?4, attachments), saved_at = ?5",
            place,
            content,
            mentions,
            attachments,
            at,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }
}
