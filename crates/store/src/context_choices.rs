//! What the person pins, or leaves out of a session's requests, and the newest receipt.

use mira_protocol::context::{ContextChoice, ContextTarget, Inclusion};
use mira_protocol::receipt::Receipt;
use mira_protocol::{SessionId, UtcMs};
use serde_json::Value;

use crate::encoding::{from_json, from_word, json, word};
use crate::{Store, StoreError};

impl Store {
    /// A session's choices, oldest first.
    pub async fn context_choices(
        &self,
        session: &SessionId,
    ) -> Result<Vec<ContextChoice>, StoreError> {
        sqlx::query!(
            "SELECT target, choice FROM context_choices
             WHERE session_id = ?1 ORDER BY chosen_at, target",
            session.0
        )
        .fetch_all(self.reader())
        .await?
        .into_iter()
        .map(|row| {
            Ok(ContextChoice {
                target: from_json("context target", &row.target)?,
                choice: from_word("context choice", row.choice)?,
            })
        })
        .collect()
    }

    /// Remembers a choice, or (None) forgets it.
    pub async fn choose_context(
        &self,
        session: &SessionId,
        target: &ContextTarget,
        choice: Option<Inclusion>,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let target = json("context target", target)?;
        let mut writer = self.writer().await;
        match choice {
            Some(choice) => {
                let choice = word("context choice", &choice)?;
                sqlx::query!(
                    "INSERT INTO context_choices (session_id, target, choice, chosen_at)
                     VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (session_id, target) DO UPDATE SET
                       choice = excluded.choice, chosen_at = excluded.chosen_at",
                    session.0,
                    target,
                    choice,
                    at,
                )
                .execute(&mut *writer)
                .await?;
            }
            None => {
                sqlx::query!(
                    "DELETE FROM context_choices WHERE session_id = ?1 AND target = ?2",
                    session.0,
                    target,
                )
                .execute(&mut *writer)
                .await?;
            }
        }
        Ok(())
    }

    /// What the session's newest request was made of.
    pub async fn last_receipt(&self, session: &SessionId) -> Result<Option<Receipt>, StoreError> {
        let found = sqlx::query_scalar!(
            "SELECT data FROM operation_events
             WHERE session_id = ?1 AND event_type = 'context_gathered'
             ORDER BY seq DESC LIMIT 1",
            session.0
        )
        .fetch_optional(self.reader())
        .await?;
        let Some(text) = found else { return Ok(None) };
        let mut data: Value = from_json("receipt", &text)?;
        let receipt = data["receipt"].take();
        serde_json::from_value(receipt)
            .map(Some)
            .map_err(|source| StoreError::Encoding {
                what: "receipt",
                source,
            })
    }
}
