//! Choices of tier and model that last, and how routed operations ended.

use mira_protocol::operation::Tier;
use mira_protocol::route::{RouteChoice, RouteDecision};
use mira_protocol::{MicroUsd, UtcMs};

use crate::encoding::{from_json, from_word, word};
use crate::{Store, StoreError};

/// An operation that has ended, for counting.
#[derive(Debug, Clone, PartialEq)]
pub struct RoutedOperation {
    /// How its first call was routed.
    pub decision: RouteDecision,
    /// "COMPLETED", "FAILED", …
    pub state: String,
    pub cost_micro_usd: MicroUsd,
    /// It changed files, and all of them were taken back.
    pub undone: bool,
    /// A file or hunk of it was rejected.
    pub rejected: bool,
    /// The next operation of its session asked the same again, or went on with it.
    pub asked_again: bool,
}

impl Store {
    /// What was chosen for a session or a project, by its id; nothing where nothing was.
    pub async fn route_choice(&self, of: &str) -> Result<RouteChoice, StoreError> {
        let row = sqlx::query!("SELECT tier, model FROM route_choices WHERE of = ?1", of)
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else {
            return Ok(RouteChoice::default());
        };
        Ok(RouteChoice {
            tier: row.tier.map(|tier| from_word("tier", tier)).transpose()?,
            model: row.model,
        })
    }

    /// Keeps a choice, or forgets it where it says nothing.
    pub async fn set_route_choice(
        &self,
        of: &str,
        tier: Option<Tier>,
        model: Option<&str>,
        at: UtcMs,
    ) -> Result<(), StoreError> {
        let mut writer = self.writer().await;
        if tier.is_none() && model.is_none() {
            sqlx::query!("DELETE FROM route_choices WHERE of = ?1", of)
                .execute(&mut *writer)
                .await?;
            return Ok(());
        }
        let tier = tier.map(|tier| word("tier", &tier)).transpose()?;
        sqlx::query!(
            "INSERT INTO route_choices (of, tier, model, changed_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (of) DO UPDATE SET tier = excluded.tier, model = excluded.model,
               changed_at = excluded.changed_at",
            of,
            tier,
            model,
            at,
        )
        .execute(&mut *writer)
        .await?;
        Ok(())
    }

    /// Operations that ended since `since`, newest first, at most `limit`, with their outcome.
    pub async fn routed_operations(
        &self,
        since: UtcMs,
        limit: u32,
    ) -> Result<Vec<RoutedOperation>, StoreError> {
        let limit = i64::from(limit);
        let rows = sqlx::query!(
            r#"SELECT b.route AS "route!: String", o.state, o.cost_micro_usd,
                 (EXISTS (SELECT 1 FROM checkpoint_files f WHERE f.operation_id = o.id)
                  AND NOT EXISTS (SELECT 1 FROM checkpoint_files f
                                  WHERE f.operation_id = o.id AND NOT f.undone))
                   AS "undone!: bool",
                 EXISTS (SELECT 1 FROM checkpoint_files f WHERE f.operation_id = o.id
                         AND (f.mark = 'rejected' OR f.rejected_hunks <> '[]'))
                   AS "rejected!: bool",
                 EXISTS (SELECT 1 FROM operations n
                         WHERE n.session_id = o.session_id AND n.rowid =
                           (SELECT min(m.rowid) FROM operations m
                            WHERE m.session_id = o.session_id AND m.rowid > o.rowid)
                         AND (n.user_message = o.user_message
                              OR n.user_message = 'Go on where you stopped.'))
                   AS "asked_again!: bool"
               FROM operations o
               JOIN budget_tracking b ON b.id =
                 (SELECT min(c.id) FROM budget_tracking c
                  WHERE c.operation_id = o.id AND c.route IS NOT NULL)
               WHERE o.finished_at >= ?1
               ORDER BY o.finished_at DESC LIMIT ?2"#,
            since,
            limit,
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                Some(RoutedOperation {
                    // A decision of a newer version counts for nothing here.
                    decision: from_json("route", &row.route).ok()?,
                    state: row.state,
                    cost_micro_usd: row.cost_micro_usd,
                    undone: row.undone,
                    rejected: row.rejected,
                    asked_again: row.asked_again,
                })
            })
            .collect())
    }
}
