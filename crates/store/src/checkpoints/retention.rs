//! How long steps are kept, and which contents are still wanted.

use mira_protocol::{CheckpointId, SessionId, UtcMs};
use sqlx::Connection as _;

use crate::encoding::unsigned;
use crate::{Store, StoreError};

/// Which steps are let go.
#[derive(Debug, Clone, PartialEq)]
pub enum PruneWhich {
    These(Vec<CheckpointId>),
    Session(SessionId),
    /// Those made before.
    OlderThan(UtcMs),
    /// This one and all older ones.
    UpTo(CheckpointId),
}

/// A content that a step needs.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveContent {
    /// The newest step that needs it.
    pub step: CheckpointId,
    /// Hexadecimal.
    pub hash: String,
    pub bytes: u64,
}

/// Figures of all steps whose contents are there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepCounts {
    pub steps: u64,
    pub files: u64,
    pub logical_bytes: u64,
    pub oldest_at: Option<UtcMs>,
    pub pruned_waiting: u64,
}

impl Store {
    /// Marks steps as let go (those that are not yet); returns which.
    pub async fn prune_steps(
        &self,
        which: &PruneWhich,
        at: UtcMs,
    ) -> Result<Vec<CheckpointId>, StoreError> {
        let mut writer = self.writer().await;
        let pruned = match which {
            PruneWhich::These(ids) => {
                let ids = crate::encoding::json("ids", ids)?;
                sqlx::query_scalar!(
                    r#"UPDATE checkpoint_steps SET pruned_at = ?2
                       WHERE pruned_at IS NULL AND id IN (SELECT value FROM json_each(?1))
                       RETURNING id AS "id!: i64""#,
                    ids,
                    at
                )
                .fetch_all(&mut *writer)
                .await?
            }
            PruneWhich::Session(session) => {
                sqlx::query_scalar!(
                    r#"UPDATE checkpoint_steps SET pruned_at = ?2
                       WHERE pruned_at IS NULL AND session_id = ?1 RETURNING id AS "id!: i64""#,
                    session.0,
                    at
                )
                .fetch_all(&mut *writer)
                .await?
            }
            PruneWhich::OlderThan(time) => {
                sqlx::query_scalar!(
                    r#"UPDATE checkpoint_steps SET pruned_at = ?2
                       WHERE pruned_at IS NULL AND created_at < ?1 RETURNING id AS "id!: i64""#,
                    time,
                    at
                )
                .fetch_all(&mut *writer)
                .await?
            }
            PruneWhich::UpTo(id) => {
                sqlx::query_scalar!(
                    r#"UPDATE checkpoint_steps SET pruned_at = ?2
                       WHERE pruned_at IS NULL AND id <= ?1 RETURNING id AS "id!: i64""#,
                    id,
                    at
                )
                .fetch_all(&mut *writer)
                .await?
            }
        };
        Ok(pruned)
    }

    /// Takes that back for those whose contents are still there (of `ids`, or of all).
    pub async fn unprune_steps(
        &self,
        ids: Option<&[CheckpointId]>,
    ) -> Result<Vec<CheckpointId>, StoreError> {
        let ids = ids
            .map(|ids| crate::encoding::json("ids", &ids))
            .transpose()?;
        let back = sqlx::query_scalar!(
            r#"UPDATE checkpoint_steps SET pruned_at = NULL
               WHERE pruned_at IS NOT NULL AND swept_at IS NULL
                 AND (?1 IS NULL OR id IN (SELECT value FROM json_each(?1)))
               RETURNING id AS "id!: i64""#,
            ids
        )
        .fetch_all(&mut *self.writer().await)
        .await?;
        Ok(back)
    }

    /// Gives up for good what was let go before `time`: from now on nothing wants its contents.
    /// Its files' names go too; the line of each step stays.
    pub async fn give_up_steps(&self, time: UtcMs, at: UtcMs) -> Result<u64, StoreError> {
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query!(
            "DELETE FROM checkpoint_step_files WHERE step_id IN
               (SELECT id FROM checkpoint_steps WHERE pruned_at < ?1 AND swept_at IS NULL)",
            time
        )
        .execute(&mut *tx)
        .await?;
        let given_up = sqlx::query!(
            "UPDATE checkpoint_steps SET swept_at = ?2 WHERE pruned_at < ?1 AND swept_at IS NULL",
            time,
            at
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        tx.commit().await?;
        Ok(given_up)
    }

    /// Every content that a step, or an operation with a step, still needs; each once.
    pub async fn live_contents(&self) -> Result<Vec<LiveContent>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT max(step_id) AS "step!: i64", hash AS "hash!: String",
                 max(bytes) AS "bytes!: i64"
               FROM (
                 SELECT f.step_id, json_extract(f."before", '$.hash') AS hash,
                        json_extract(f."before", '$.size') AS bytes
                 FROM checkpoint_step_files f
                 UNION ALL
                 SELECT f.step_id, json_extract(f."after", '$.hash'), json_extract(f."after", '$.size')
                 FROM checkpoint_step_files f
                 UNION ALL
                 SELECT s.id, json_extract(e.value, '$.hash'), json_extract(e.value, '$.size')
                 FROM checkpoint_steps s
                 JOIN checkpoint_files f ON f.operation_id = s.operation_id
                 JOIN json_each(json_array(json(f."before"), json(f."after"),
                                           json_extract(f.standing, '$.now'),
                                           json_extract(f.standing, '$.other'))) e
                 WHERE s.swept_at IS NULL AND e.value IS NOT NULL)
               WHERE hash IS NOT NULL GROUP BY hash"#
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| LiveContent {
                step: row.step,
                hash: row.hash,
                bytes: unsigned(row.bytes),
            })
            .collect())
    }

    /// Figures of the steps that are kept.
    pub async fn step_counts(&self) -> Result<StepCounts, StoreError> {
        let row = sqlx::query!(
            r#"SELECT count(*) AS "steps!: i64", coalesce(sum(files), 0) AS "files!: i64",
                 coalesce(sum(logical_bytes), 0) AS "bytes!: i64",
                 min(created_at) AS "oldest: i64",
                 coalesce(sum(pruned_at IS NOT NULL), 0) AS "waiting!: i64"
               FROM checkpoint_steps WHERE swept_at IS NULL"#
        )
        .fetch_one(self.reader())
        .await?;
        Ok(StepCounts {
            steps: unsigned(row.steps),
            files: unsigned(row.files),
            logical_bytes: unsigned(row.bytes),
            oldest_at: row.oldest,
            pruned_waiting: unsigned(row.waiting),
        })
    }

    /// Whether all that an operation recorded was given up.
    pub async fn is_given_up(
        &self,
        operation: &mira_protocol::OperationId,
    ) -> Result<bool, StoreError> {
        let found = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM checkpoint_steps
                              WHERE operation_id = ?1 AND swept_at IS NOT NULL)
                 AND NOT EXISTS (SELECT 1 FROM checkpoint_steps
                                 WHERE operation_id = ?1 AND swept_at IS NULL)
               AS "gone!: bool""#,
            operation.0
        );
        Ok(found.fetch_one(self.reader()).await?)
    }
}
