//! Looking at the code when it has changed, and writing down what is seen.

use serde::Serialize;
use sqlx::Connection as _;
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use tokio_util::sync::CancellationToken;

use super::tables::json;
use super::{Code, Insight};
use crate::rows::insert;
use crate::{Index, IndexError};

/// How much there is to say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Insights {
    pub issues: u64,
    pub concepts: u64,
    pub clusters: u64,
    pub meanings: u64,
    pub kinships: u64,
    pub patterns: u64,
    /// The code had changed: it was looked at anew.
    pub is_new: bool,
}

const WHAT: &str = "insight";

impl Index {
    /// Looks at the code, if it has changed since it was looked at last. Takes seconds for a large
    /// project; what was known before is shown until then.
    pub async fn insights(&self, cancel: &CancellationToken) -> Result<Insights, IndexError> {
        let state = self.state_of_code().await?;
        let known: Option<String> =
            sqlx::query_scalar("SELECT hash FROM made_from WHERE what = ?1")
                .bind(WHAT)
                .fetch_optional(self.reader())
                .await?;
        let is_new = known.as_deref() != Some(&state);
        if is_new {
            let code = self.code(cancel).await?;
            let ended = cancel.clone();
            let look = move || {
                let insight = Insight::of(&code, &ended);
                insight.map(|insight| (code, insight))
            };
            let (code, insight) = tokio::task::spawn_blocking(look)
                .await
                .map_err(|error| IndexError::Broken(error.to_string()))?
                .ok_or(IndexError::Cancelled)?;
            let mut writer = self.writer().await;
            let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
            write(&mut transaction, &code, &insight).await?;
            sqlx::query("INSERT OR REPLACE INTO made_from (what, hash) VALUES (?1, ?2)")
                .bind(WHAT)
                .bind(&state)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
        }
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM code_quality_issues),
               (SELECT count(DISTINCT concept) FROM concept_index),
               (SELECT count(*) FROM domain_clusters), (SELECT count(*) FROM semantic_nodes),
               (SELECT count(*) FROM semantic_edges), (SELECT count(*) FROM design_patterns)",
        )
        .fetch_one(self.reader())
        .await?;
        let count = |column: usize| row.try_get::<i64, _>(column).map(i64::unsigned_abs);
        Ok(Insights {
            issues: count(0)?,
            concepts: count(1)?,
            clusters: count(2)?,
            meanings: count(3)?,
            kinships: count(4)?,
            patterns: count(5)?,
            is_new,
        })
    }

    /// Differs when a file or a use does.
    async fn state_of_code(&self) -> Result<String, IndexError> {
        let state = sqlx::query_scalar(
            "SELECT (SELECT count(*) || '-' || coalesce(max(indexed_ms), 0) || '-'
                       || coalesce(sum(indexed_ms % 1000003), 0) FROM files)
               || '-' || (SELECT count(*) || '-' || coalesce(sum(times), 0) FROM call_graph)",
        )
        .fetch_one(self.reader())
        .await?;
        Ok(state)
    }
}

/// All of it in place of what was there.
async fn write(
    connection: &mut SqliteConnection,
    code: &Code,
    insight: &Insight,
) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "DELETE FROM code_quality_issues; DELETE FROM concept_index; DELETE FROM domain_clusters;
         DELETE FROM semantic_nodes; DELETE FROM semantic_edges; DELETE FROM design_patterns;",
    )
    .execute(&mut *connection)
    .await?;
    let element = |at: usize| code.elements[at].id;
    let file = |at: usize| code.files[at].id;
    insert(
        connection,
        "INSERT INTO code_quality_issues (file_id, element_id, issue_type, severity, line_start,
           line_end, measure, bound, unit, title, advice, other_file_id, other_start, other_end)",
        14,
        &insight.issues,
        |query, issue| {
            query
                .bind(file(issue.file))
                .bind(issue.element.map(element))
                .bind(issue.kind.as_str())
                .bind(issue.severity as i64)
                .bind(issue.lines.0)
                .bind(issue.lines.1)
                .bind(issue.measure)
                .bind(issue.bound)
                .bind(issue.unit)
                .bind(issue.title.clone())
                .bind(issue.advice.clone())
                .bind(issue.other.map(|(other, _)| file(other)))
                .bind(issue.other.map(|(_, lines)| lines.0))
                .bind(issue.other.map(|(_, lines)| lines.1))
        },
    )
    .await?;
    let concepts: Vec<(&str, f64, i64, f64)> = insight
        .concepts
        .iter()
        .flat_map(|concept| {
            let all = concept.elements.iter();
            all.map(|(at, weight)| (&*concept.name, concept.weight, element(*at), *weight))
        })
        .collect();
    insert(
        connection,
        "INSERT OR IGNORE INTO concept_index (concept, element_id, weight, concept_weight)",
        4,
        &concepts,
        |query, (name, concept_weight, id, weight)| {
            query
                .bind((*name).to_owned())
                .bind(*id)
                .bind(weight.min(1.0))
                .bind(*concept_weight)
        },
    )
    .await?;
    insert(
        connection,
        "INSERT INTO domain_clusters (name, words, file_ids, cohesion)",
        4,
        &insight.clusters,
        |query, cluster| {
            let ids: Vec<i64> = cluster.files.iter().map(|at| file(*at)).collect();
            query
                .bind(cluster.name.clone())
                .bind(json(&cluster.words))
                .bind(json(&ids))
                .bind(cluster.cohesion)
        },
    )
    .await?;
    insert(
        connection,
        "INSERT OR IGNORE INTO semantic_nodes (element_id, purpose, confidence, concepts, domain, importance)",
        6,
        &insight.meanings,
        |query, meaning| {
            query
                .bind(element(meaning.element))
                .bind(meaning.purpose.clone())
                .bind(meaning.confidence)
                .bind(json(&meaning.concepts))
                .bind(meaning.domain.clone())
                .bind(meaning.importance)
        },
    )
    .await?;
    insert(
        connection,
        "INSERT OR IGNORE INTO semantic_edges (source_id, target_id, relationship, strength)",
        4,
        &insight.kinships,
        |query, kinship| {
            query
                .bind(element(kinship.from))
                .bind(element(kinship.to))
                .bind(kinship.relation)
                .bind(kinship.strength)
        },
    )
    .await?;
    insert(
        connection,
        "INSERT INTO design_patterns (pattern, element_id, parts, confidence, evidence)",
        5,
        &insight.patterns,
        |query, pattern| {
            let parts: Vec<(i64, &str)> = pattern
                .parts
                .iter()
                .map(|(at, part)| (element(*at), *part))
                .collect();
            query
                .bind(pattern.name)
                .bind(element(pattern.element))
                .bind(json(&parts))
                .bind(pattern.confidence)
                .bind(pattern.evidence.clone())
        },
    )
    .await
}
