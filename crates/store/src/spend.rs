//! Views of the ledger: sums by day, model, tier, …; and `budget_summary`, the sums that are kept.
//!
//! Every view adds up the same rows, so every total is the same.

use mira_protocol::budget::{PrefixBreak, Savings, Spend};
use mira_protocol::budget::{RebuildReport, SpendBy, SpendQuery, SpendRow};
use mira_protocol::operation::Usage;
use mira_protocol::system::ModelSpend;
use mira_protocol::{MicroUsd, OperationId, ProjectId, SessionId, UtcMs};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use crate::encoding::unsigned;
use crate::ledger::month_of;
use crate::{LedgerRow, Store, StoreError};

/// Outcomes of calls that did not answer.
const FAILED: [&str; 4] = ["error", "cancelled", "broken", "unsettled"];

/// A line of a view before it has its label.
struct Sums {
    key: String,
    calls: i64,
    failed: i64,
    hits: i64,
    unpriced: i64,
    kept: i64,
    input: i64,
    cached: i64,
    cache_write: i64,
    output: i64,
    reasoning: i64,
    cost: i64,
    kept_cost: i64,
    saved: i64,
}

impl From<&Sums> for Spend {
    fn from(row: &Sums) -> Self {
        Self {
            calls: unsigned(row.calls),
            failed_calls: unsigned(row.failed),
            cache_hits: unsigned(row.hits),
            unpriced_calls: unsigned(row.unpriced),
            kept_calls: unsigned(row.kept),
            usage: Usage {
                input_tokens: unsigned(row.input),
                cached_tokens: unsigned(row.cached),
                cache_write_tokens: unsigned(row.cache_write),
                output_tokens: unsigned(row.output),
                reasoning_tokens: unsigned(row.reasoning),
            },
            cost_micro_usd: row.cost,
            kept_micro_usd: row.kept_cost,
            saved_micro_usd: row.saved,
        }
    }
}

/// `query_as!` needs one literal; this one is shared and differs in its key.
macro_rules! grouped {
    ($store:expr, $key:literal, $q:expr) => {{
        let from = $q.from.unwrap_or(i64::MIN);
        let until = $q.until.unwrap_or(i64::MAX);
        let project = $q.project_id.as_ref().map(ProjectId::as_str);
        let session = $q.session_id.as_ref().map(SessionId::as_str);
        sqlx::query_as!(
            Sums,
            r#"SELECT coalesce("#
                + $key
                + r#", '') AS "key!: String", count(*) AS "calls!: i64",
                 sum(outcome IN ('error', 'cancelled', 'broken', 'unsettled')) AS "failed!: i64",
                 sum(cache_hit) AS "hits!: i64", sum(cost_micro_usd IS NULL) AS "unpriced!: i64",
                 sum(settlement = 'kept') AS "kept!: i64", sum(input_tokens) AS "input!: i64",
                 sum(cached_tokens) AS "cached!: i64",
                 sum(cache_write_tokens) AS "cache_write!: i64",
                 sum(output_tokens) AS "output!: i64", sum(reasoning_tokens) AS "reasoning!: i64",
                 coalesce(sum(cost_micro_usd), 0) AS "cost!: i64",
                 coalesce(sum(CASE WHEN settlement = 'kept' THEN cost_micro_usd END), 0)
                   AS "kept_cost!: i64",
                 sum(saved_micro_usd) AS "saved!: i64"
               FROM budget_tracking
               WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR project_id = ?3)
                 AND (?4 IS NULL OR session_id = ?4)
               GROUP BY 1"#,
            from,
            until,
            project,
            session,
        )
        .fetch_all($store.reader())
        .await?
    }};
}

impl Store {
    /// The ledger grouped as asked, every group: days and months in order of time, others the
    /// most expensive first.
    pub async fn spend(&self, query: &SpendQuery) -> Result<Vec<SpendRow>, StoreError> {
        let sums = match query.by {
            SpendBy::Day => grouped!(self, "day", query),
            SpendBy::Month => grouped!(self, "substr(day, 1, 7)", query),
            SpendBy::Model => grouped!(self, "model", query),
            SpendBy::Tier => grouped!(self, "tier", query),
            SpendBy::Project => grouped!(self, "project_id", query),
            SpendBy::Session => grouped!(self, "session_id", query),
            SpendBy::Purpose => grouped!(self, "purpose", query),
            SpendBy::Operation => grouped!(self, "operation_id", query),
        };
        let mut rows: Vec<SpendRow> = sums
            .iter()
            .map(|sums| SpendRow {
                key: sums.key.clone(),
                label: String::new(),
                spend: sums.into(),
            })
            .collect();
        if !matches!(query.by, SpendBy::Day | SpendBy::Month) {
            rows.sort_by(|a, b| {
                let of = |row: &SpendRow| (row.spend.cost_micro_usd, row.spend.calls);
                of(b).cmp(&of(a)).then_with(|| a.key.cmp(&b.key))
            });
        }
        Ok(rows)
    }

    /// What people call the project, session or operation of a view's key; empty where nothing.
    pub async fn spend_label(&self, by: SpendBy, key: &str) -> Result<String, StoreError> {
        let label = match by {
            SpendBy::Project => {
                sqlx::query_scalar!("SELECT name FROM projects WHERE id = ?1", key)
                    .fetch_optional(self.reader())
                    .await?
            }
            SpendBy::Session => {
                sqlx::query_scalar!("SELECT name FROM chat_sessions WHERE id = ?1", key)
                    .fetch_optional(self.reader())
                    .await?
            }
            SpendBy::Operation => {
                sqlx::query_scalar!(
                    r#"SELECT substr(user_message, 1, 120) AS "text!: String"
                       FROM operations WHERE id = ?1"#,
                    key
                )
                .fetch_optional(self.reader())
                .await?
            }
            _ => None,
        };
        Ok(label.unwrap_or_default())
    }

    /// What a day ("2026-11-26") or month ("2026-11") cost, of everything or of a project, by the
    /// kept sums.
    pub async fn spent_in(
        &self,
        period: &str,
        project: Option<&ProjectId>,
    ) -> Result<MicroUsd, StoreError> {
        let project = project.map(ProjectId::as_str);
        Ok(sqlx::query_scalar!(
            r#"SELECT coalesce(sum(cost_micro_usd), 0) AS "cost!: i64" FROM budget_summary
               WHERE period = ?1 AND (?2 IS NULL OR project_id = ?2)"#,
            period,
            project,
        )
        .fetch_one(self.reader())
        .await?)
    }

    /// Calls of a day or month by the kept sums.
    pub async fn calls_in(&self, period: &str) -> Result<u64, StoreError> {
        let calls = sqlx::query_scalar!(
            r#"SELECT coalesce(sum(calls), 0) AS "calls!: i64" FROM budget_summary
               WHERE period = ?1"#,
            period,
        )
        .fetch_one(self.reader())
        .await?;
        Ok(unsigned(calls))
    }

    pub async fn spent_by_operation(&self, id: &OperationId) -> Result<MicroUsd, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"SELECT coalesce(sum(cost_micro_usd), 0) AS "cost!: i64" FROM budget_tracking
               WHERE operation_id = ?1"#,
            id.0
        )
        .fetch_one(self.reader())
        .await?)
    }

    pub async fn spent_by_session(&self, id: &SessionId) -> Result<MicroUsd, StoreError> {
        Ok(sqlx::query_scalar!(
            r#"SELECT coalesce(sum(cost_micro_usd), 0) AS "cost!: i64" FROM budget_tracking
               WHERE session_id = ?1"#,
            id.0
        )
        .fetch_one(self.reader())
        .await?)
    }

    /// Spend of a day by model, largest first.
    pub async fn models_of_day(&self, day: &str) -> Result<Vec<ModelSpend>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT model, count(*) AS "calls!: i64",
                 coalesce(sum(cost_micro_usd), 0) AS "cost!: i64"
               FROM budget_tracking WHERE day = ?1
               GROUP BY model ORDER BY 3 DESC, 2 DESC, model"#,
            day
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| ModelSpend {
                model: row.model,
                calls: unsigned(row.calls),
                cost_micro_usd: row.cost,
            })
            .collect())
    }

    /// Time and cost of every priced call from `since` on, oldest first: for the forecast.
    pub async fn costs_since(&self, since: UtcMs) -> Result<Vec<(UtcMs, MicroUsd)>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT at, cost_micro_usd AS "cost!: i64" FROM budget_tracking
               WHERE at >= ?1 AND cost_micro_usd > 0 ORDER BY at"#,
            since
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows.into_iter().map(|row| (row.at, row.cost)).collect())
    }

    /// Average output of the newest answered calls of a purpose on a tier, in tokens.
    pub async fn usual_output(&self, purpose: &str, tier: &str) -> Result<Option<u64>, StoreError> {
        let average = sqlx::query_scalar!(
            r#"SELECT avg(output_tokens) AS "average: f64" FROM
                 (SELECT output_tokens FROM budget_tracking
                  WHERE purpose = ?1 AND tier = ?2 AND output_tokens > 0
                  ORDER BY id DESC LIMIT 50)"#,
            purpose,
            tier,
        )
        .fetch_one(self.reader())
        .await?;
        Ok(average.map(|average| average.round() as u64))
    }

    /// What caches saved in the rows that fit.
    pub async fn savings(&self, query: &SpendQuery) -> Result<Savings, StoreError> {
        let from = query.from.unwrap_or(i64::MIN);
        let until = query.until.unwrap_or(i64::MAX);
        let project = query.project_id.as_ref().map(ProjectId::as_str);
        let session = query.session_id.as_ref().map(SessionId::as_str);
        let sums = sqlx::query!(
            r#"SELECT coalesce(sum(cache_hit), 0) AS "hits!: i64",
                 coalesce(sum(saved_micro_usd), 0) AS "saved!: i64",
                 coalesce(sum(expected_cached_tokens), 0) AS "expected!: i64",
                 coalesce(sum(cached_tokens), 0) AS "cached!: i64",
                 coalesce(sum(input_tokens), 0) AS "input!: i64",
                 coalesce(sum(prefix_saved_micro_usd), 0) AS "prefix!: i64"
               FROM budget_tracking
               WHERE at >= ?1 AND at < ?2 AND (?3 IS NULL OR project_id = ?3)
                 AND (?4 IS NULL OR session_id = ?4)"#,
            from,
            until,
            project,
            session,
        )
        .fetch_one(self.reader())
        .await?;
        let breaks = sqlx::query!(
            r#"SELECT prefix_break AS "reason!", count(*) AS "times!: i64" FROM budget_tracking
               WHERE prefix_break IS NOT NULL AND at >= ?1 AND at < ?2
                 AND (?3 IS NULL OR project_id = ?3) AND (?4 IS NULL OR session_id = ?4)
               GROUP BY 1 ORDER BY 2 DESC, 1"#,
            from,
            until,
            project,
            session,
        )
        .fetch_all(self.reader())
        .await?;
        let (entries, entry_bytes) = self.cached_answers().await?;
        Ok(Savings {
            hits: unsigned(sums.hits),
            hit_saved_micro_usd: sums.saved,
            entries,
            entry_bytes,
            expected_cached_tokens: unsigned(sums.expected),
            cached_tokens: unsigned(sums.cached),
            input_tokens: unsigned(sums.input),
            prefix_saved_micro_usd: sums.prefix,
            breaks: breaks
                .into_iter()
                .map(|row| PrefixBreak {
                    reason: row.reason,
                    times: unsigned(row.times),
                })
                .collect(),
        })
    }

    /// Sums days and months up anew from the rows; says how many were other before.
    pub async fn rebuild_summaries(&self) -> Result<RebuildReport, StoreError> {
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let corrected = differing(&mut tx).await?;
        sum_up(&mut tx).await?;
        let counts = sqlx::query!(
            r#"SELECT (SELECT count(*) FROM budget_tracking) AS "rows!: i64",
                 count(DISTINCT CASE WHEN length(period) = 10 THEN period END) AS "days!: i64",
                 count(DISTINCT CASE WHEN length(period) = 7 THEN period END) AS "months!: i64"
               FROM budget_summary"#
        )
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(RebuildReport {
            rows: unsigned(counts.rows),
            days: unsigned(counts.days),
            months: unsigned(counts.months),
            corrected,
        })
    }

    /// How many kept sums are not what their rows add up to.
    pub async fn wrong_summaries(&self) -> Result<u64, StoreError> {
        let mut reader = self.reader().acquire().await?;
        differing(&mut reader).await
    }
}

/// Adds a row to its day and its month.
pub(crate) async fn add(
    connection: &mut SqliteConnection,
    row: &LedgerRow,
) -> Result<(), StoreError> {
    let project = row.project_id.as_ref().map_or("", ProjectId::as_str);
    let failed = i64::from(FAILED.contains(&row.outcome.as_str()));
    let hit = i64::from(row.cache_hit);
    let unpriced = i64::from(row.cost_micro_usd.is_none());
    let is_kept = row.settlement == mira_protocol::budget::Settlement::Kept;
    let kept = i64::from(is_kept);
    let cost = row.cost_micro_usd.unwrap_or(0);
    let kept_cost = if is_kept { cost } else { 0 };
    let figures = crate::operations::figures(&row.usage);
    for period in [row.day.as_str(), month_of(&row.day)] {
        sqlx::query!(
            "INSERT INTO budget_summary
               (period, project_id, calls, failed_calls, cache_hits, unpriced_calls, kept_calls,
                input_tokens, cached_tokens, cache_write_tokens, output_tokens, reasoning_tokens,
                cost_micro_usd, kept_micro_usd, saved_micro_usd)
             VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (period, project_id) DO UPDATE SET
               calls = calls + 1, failed_calls = failed_calls + excluded.failed_calls,
               cache_hits = cache_hits + excluded.cache_hits,
               unpriced_calls = unpriced_calls + excluded.unpriced_calls,
               kept_calls = kept_calls + excluded.kept_calls,
               input_tokens = input_tokens + excluded.input_tokens,
               cached_tokens = cached_tokens + excluded.cached_tokens,
               cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
               output_tokens = output_tokens + excluded.output_tokens,
               reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens,
               cost_micro_usd = cost_micro_usd + excluded.cost_micro_usd,
               kept_micro_usd = kept_micro_usd + excluded.kept_micro_usd,
               saved_micro_usd = saved_micro_usd + excluded.saved_micro_usd",
            period,
            project,
            failed,
            hit,
            unpriced,
            kept,
            figures[0],
            figures[1],
            figures[2],
            figures[3],
            figures[4],
            cost,
            kept_cost,
            row.saved_micro_usd,
        )
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// The sums as the rows have them: one literal for both that need it.
macro_rules! sums {
    () => {
        "SELECT p.period, coalesce(b.project_id, '') AS project_id, count(*) AS calls,
           sum(b.outcome IN ('error', 'cancelled', 'broken', 'unsettled')) AS failed_calls,
           sum(b.cache_hit) AS cache_hits, sum(b.cost_micro_usd IS NULL) AS unpriced_calls,
           sum(b.settlement = 'kept') AS kept_calls, sum(b.input_tokens) AS input_tokens,
           sum(b.cached_tokens) AS cached_tokens, sum(b.cache_write_tokens) AS cache_write_tokens,
           sum(b.output_tokens) AS output_tokens, sum(b.reasoning_tokens) AS reasoning_tokens,
           coalesce(sum(b.cost_micro_usd), 0) AS cost_micro_usd,
           coalesce(sum(CASE WHEN b.settlement = 'kept' THEN b.cost_micro_usd END), 0)
             AS kept_micro_usd,
           sum(b.saved_micro_usd) AS saved_micro_usd
         FROM budget_tracking b
         JOIN (SELECT DISTINCT day AS period, day FROM budget_tracking
               UNION ALL
               SELECT DISTINCT substr(day, 1, 7), day FROM budget_tracking) p ON p.day = b.day
         GROUP BY 1, 2"
    };
}

pub(crate) async fn sum_up(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM budget_summary")
        .execute(&mut *connection)
        .await?;
    sqlx::query(concat!("INSERT INTO budget_summary ", sums!()))
        .execute(&mut *connection)
        .await?;
    Ok(())
}

async fn differing(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let count: i64 = sqlx::query_scalar(concat!(
        "WITH fresh AS (",
        sums!(),
        "), off AS (
           SELECT * FROM (SELECT * FROM fresh EXCEPT SELECT * FROM budget_summary)
           UNION
           SELECT * FROM (SELECT * FROM budget_summary EXCEPT SELECT * FROM fresh))
         SELECT count(*) FROM (SELECT DISTINCT period, project_id FROM off)"
    ))
    .fetch_one(connection)
    .await?;
    Ok(unsigned(count))
}
