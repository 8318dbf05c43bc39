//! Settings that the person saved.

use mira_protocol::UtcMs;

use crate::{Store, StoreError};

impl Store {
    /// Name and value of everything that was saved, by name.
    pub async fn saved_settings(&self) -> Result<Vec<(String, String)>, StoreError> {
        let rows = sqlx::query!("SELECT name, value FROM settings ORDER BY name")
            .fetch_all(self.reader())
            .await?;
        Ok(rows.into_iter().map(|row| (row.name, row.value)).collect())
    }

    /// Saves a value, or (None) forgets it.
    pub async fn save_setting(
        &self,
        name: &str,
        value: Option<&str>,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        match value {
            Some(value) => {
                sqlx::query!(
                    "INSERT INTO settings (name, value, changed_at) VALUES (?1, ?2, ?3)
                     ON CONFLICT (name) DO UPDATE SET
                       value = excluded.value, changed_at = excluded.changed_at",
                    name,
                    value,
                    at,
                )
                .execute(&mut *writer)
                .await?;
            }
            None => {
                sqlx::query!("DELETE FROM settings WHERE name = ?1", name)
                    .execute(&mut *writer)
                    .await?;
            }
        }
        Ok(())
    }
}
