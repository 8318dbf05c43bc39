//! What the person decided about folders.

use mira_protocol::UtcMs;

use crate::encoding::{from_json, json};
use crate::{Store, StoreError};

#[derive(Debug, Clone, PartialEq)]
pub struct FolderTrust {
    /// Canonical and absolute.
    pub folder: String,
    pub trusted: bool,
    /// Of all that lay there.
    pub hash: String,
    /// Path and hash of each file.
    pub items: Vec<(String, String)>,
    pub decided_at: UtcMs,
}

impl Store {
    pub async fn folder_trust(&self, folder: &str) -> Result<Option<FolderTrust>, StoreError> {
        let row = sqlx::query!(
            r#"SELECT folder, trusted AS "trusted: bool", hash, items, decided_at
             FROM folder_trust WHERE folder = ?1"#,
            folder
        )
        .fetch_optional(self.reader())
        .await?;
        row.map(|row| {
            Ok(FolderTrust {
                folder: row.folder,
                trusted: row.trusted,
                hash: row.hash,
                items: from_json("trusted files", &row.items)?,
                decided_at: row.decided_at,
            })
        })
        .transpose()
    }

    /// Newest decision first.
    pub async fn folder_trusts(&self) -> Result<Vec<FolderTrust>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT folder, trusted AS "trusted: bool", hash, items, decided_at
             FROM folder_trust ORDER BY decided_at DESC, rowid DESC"#
        )
        .fetch_all(self.reader())
        .await?;
        rows.into_iter()
            .map(|row| {
                Ok(FolderTrust {
                    folder: row.folder,
                    trusted: row.trusted,
                    hash: row.hash,
                    items: from_json("trusted files", &row.items)?,
                    decided_at: row.decided_at,
                })
            })
            .collect()
    }

    /// The newest decision replaces the one before.
    pub async fn set_folder_trust(&self, trust: &FolderTrust) -> Result<(), StoreError> {
        let items = json("trusted files", &trust.items)?;
        sqlx::query!(
            "INSERT INTO folder_trust (folder, trusted, hash, items, decided_at)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (folder) DO UPDATE SET trusted = ?2, hash = ?3, items = ?4,
                 decided_at = ?5",
            trust.folder,
            trust.trusted,
            trust.hash,
            items,
            trust.decided_at,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }
}
