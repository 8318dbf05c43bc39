//! Caps of projects, and what was added to a cap for one window.

use mira_protocol::budget::{CapKey, CapPeriod};
use mira_protocol::{MicroUsd, ProjectId, UtcMs};

use crate::encoding::{from_word, word};
use crate::{Store, StoreError};

impl Store {
    /// Every cap of a project; those over everything are settings.
    pub async fn project_caps(&self) -> Result<Vec<(CapKey, MicroUsd)>, StoreError> {
        let rows = sqlx::query!(
            "SELECT period, project_id, limit_micro_usd FROM budget_caps ORDER BY project_id, period"
        )
        .fetch_all(self.reader())
        .await?;
        rows.into_iter()
            .map(|row| {
                let key = CapKey {
                    period: from_word("cap period", row.period)?,
                    project_id: Some(ProjectId(row.project_id)),
                };
                Ok((key, row.limit_micro_usd))
            })
            .collect()
    }

    /// Sets or (None) removes a project's cap.
    pub async fn set_project_cap(
        &self,
        period: CapPeriod,
        project: &ProjectId,
        limit: Option<MicroUsd>,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let period = word("cap period", &period)?;
        let mut writer = self.writer().await;
        match limit {
            Some(limit) => {
                sqlx::query!(
                    "INSERT INTO budget_caps (period, project_id, limit_micro_usd, changed_at)
                     VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (period, project_id) DO UPDATE SET
                       limit_micro_usd = excluded.limit_micro_usd, changed_at = excluded.changed_at",
                    period,
                    project.0,
                    limit,
                    at,
                )
                .execute(&mut *writer)
                .await?;
            }
            None => {
                sqlx::query!(
                    "DELETE FROM budget_caps WHERE period = ?1 AND project_id = ?2",
                    period,
                    project.0
                )
                .execute(&mut *writer)
                .await?;
            }
        }
        Ok(())
    }

    /// Adds to a cap for the window alone ("2026-11-26", "2026-11", a session's or operation's id).
    pub async fn raise_cap(
        &self,
        cap: &CapKey,
        window: &str,
        by: MicroUsd,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let period = word("cap period", &cap.period)?;
        let project = cap.project_id.as_ref().map_or("", ProjectId::as_str);
        sqlx::query!(
            "INSERT INTO budget_raises (period, project_id, window, micro_usd, at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            period,
            project,
            window,
            by,
            at,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// Nothing is added to a cap for a window any more.
    pub async fn forget_raises(&self, cap: &CapKey, window: &str) -> Result<(), StoreError> {
        let period = word("cap period", &cap.period)?;
        let project = cap.project_id.as_ref().map_or("", ProjectId::as_str);
        sqlx::query!(
            "DELETE FROM budget_raises WHERE window = ?1 AND period = ?2 AND project_id = ?3",
            window,
            period,
            project,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// What was added to a cap for a window.
    pub async fn raised(&self, cap: &CapKey, window: &str) -> Result<MicroUsd, StoreError> {
        let period = word("cap period", &cap.period)?;
        let project = cap.project_id.as_ref().map_or("", ProjectId::as_str);
        Ok(sqlx::query_scalar!(
            r#"SELECT coalesce(sum(micro_usd), 0) AS "sum!: i64" FROM budget_raises
               WHERE window = ?1 AND period = ?2 AND project_id = ?3"#,
            window,
            period,
            project,
        )
        .fetch_one(self.reader())
        .await?)
    }
}
