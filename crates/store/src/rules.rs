//! Permission rules, and the past that they are tried on.

use mira_protocol::rule::{Rule, RuleDraft};
use mira_protocol::{ProjectId, RuleId, SessionId, UtcMs};
use serde_json::Value;

use crate::encoding::{from_json, from_word, unsigned, word};
use crate::{Store, StoreError};

/// A call that a model once asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct PastToolCall {
    pub tool: String,
    pub arguments: Value,
    pub at: UtcMs,
    pub session_id: SessionId,
    pub project_id: Option<ProjectId>,
}

struct RuleRow {
    id: String,
    project_id: Option<String>,
    action: String,
    kind: String,
    pattern: String,
    folder: Option<String>,
    note: String,
    origin: String,
    created_at: i64,
    last_used_at: Option<i64>,
    use_count: i64,
    removed_at: Option<i64>,
}

impl RuleRow {
    /// `text` is left to whoever knows how rules are written.
    fn rule(self) -> Result<Rule, StoreError> {
        Ok(Rule {
            id: RuleId(self.id),
            project_id: self.project_id.map(ProjectId),
            draft: RuleDraft {
                action: from_word("rule action", self.action)?,
                kind: from_word("rule kind", self.kind)?,
                pattern: self.pattern,
                folder: self.folder,
                note: self.note,
            },
            text: String::new(),
            origin: from_word("rule origin", self.origin)?,
            created_at: self.created_at,
            last_used_at: self.last_used_at,
            use_count: unsigned(self.use_count),
            removed_at: self.removed_at,
        })
    }
}

impl Store {
    /// The rules of every project and, where one is named, of that project; newest first.
    pub async fn rules(
        &self,
        project: Option<&ProjectId>,
        removed: bool,
    ) -> Result<Vec<Rule>, StoreError> {
        let project = project.map(|id| id.0.clone());
        let rows = sqlx::query_as!(
            RuleRow,
            "SELECT id, project_id, action, kind, pattern, folder, note, origin, created_at,
                    last_used_at, use_count, removed_at
             FROM permission_rules
             WHERE (project_id IS NULL OR project_id = ?1) AND (removed_at IS NOT NULL) = ?2
             ORDER BY coalesce(removed_at, created_at) DESC, rowid DESC",
            project,
            removed,
        )
        .fetch_all(self.reader())
        .await?;
        rows.into_iter().map(RuleRow::rule).collect()
    }

    pub async fn rule(&self, id: &RuleId) -> Result<Rule, StoreError> {
        let row = sqlx::query_as!(
            RuleRow,
            "SELECT id, project_id, action, kind, pattern, folder, note, origin, created_at,
                    last_used_at, use_count, removed_at
             FROM permission_rules WHERE id = ?1",
            id.0
        )
        .fetch_optional(self.reader())
        .await?;
        row.ok_or_else(|| not_found(id))?.rule()
    }

    /// Writes rules, in one transaction: new ones, and those whose id is known over the old. A
    /// rule that says what another one of its place says already takes that one's place.
    pub async fn save_rules(&self, rules: &[Rule]) -> Result<(), StoreError> {
        use sqlx::Connection as _;
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        for rule in rules {
            let project = rule.project_id.as_ref().map(|id| &id.0);
            let action = word("rule action", &rule.draft.action)?;
            let kind = word("rule kind", &rule.draft.kind)?;
            let origin = word("rule origin", &rule.origin)?;
            let draft = &rule.draft;
            sqlx::query!(
                "DELETE FROM permission_rules
                 WHERE id <> ?1 AND project_id IS ?2 AND kind = ?3 AND pattern = ?4
                   AND folder IS ?5 AND removed_at IS NULL",
                rule.id.0,
                project,
                kind,
                draft.pattern,
                draft.folder,
            )
            .execute(&mut *tx)
            .await?;
            sqlx::query!(
                "INSERT INTO permission_rules
                     (id, project_id, action, kind, pattern, folder, note, origin, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
                 ON CONFLICT (id) DO UPDATE SET project_id = ?2, action = ?3, kind = ?4,
                     pattern = ?5, folder = ?6, note = ?7",
                rule.id.0,
                project,
                action,
                kind,
                draft.pattern,
                draft.folder,
                draft.note,
                origin,
                rule.created_at,
            )
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Takes a rule away (`at`) or brings it back (None).
    pub async fn set_rule_removed(&self, id: &RuleId, at: Option<UtcMs>) -> Result<(), StoreError> {
        let changed = sqlx::query!(
            "UPDATE permission_rules SET removed_at = ?2
             WHERE id = ?1 AND (removed_at IS NULL) = (?2 IS NOT NULL)",
            id.0,
            at,
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        match changed {
            0 => Err(not_found(id)),
            _ => Ok(()),
        }
    }

    /// Counts that a rule decided.
    pub async fn use_rule(&self, id: &RuleId, at: UtcMs) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE permission_rules SET last_used_at = ?2, use_count = use_count + 1
             WHERE id = ?1",
            id.0,
            at,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// What models asked for, newest first, at most `limit`.
    pub async fn past_tool_calls(
        &self,
        project: Option<&ProjectId>,
        limit: u32,
    ) -> Result<Vec<PastToolCall>, StoreError> {
        #[derive(serde::Deserialize)]
        struct Call {
            tool: String,
            arguments: Value,
        }
        let project = project.map(|id| id.0.clone());
        let limit = i64::from(limit);
        let rows = sqlx::query!(
            r#"SELECT e.at, e.session_id, e.data, o.project_id AS "project_id?"
             FROM operation_events e LEFT JOIN operations o ON o.id = e.operation_id
             WHERE e.event_type = 'tool_call' AND (?1 IS NULL OR o.project_id = ?1)
             ORDER BY e.id DESC LIMIT ?2"#,
            project,
            limit,
        )
        .fetch_all(self.reader())
        .await?;
        // A row that cannot be read (a newer version's) is no past to go by.
        Ok(rows
            .into_iter()
            .filter_map(|row| {
                let Call { tool, arguments } = from_json("tool call", &row.data).ok()?;
                Some(PastToolCall {
                    tool,
                    arguments,
                    at: row.at,
                    session_id: SessionId(row.session_id),
                    project_id: row.project_id.map(ProjectId),
                })
            })
            .collect())
    }
}

fn not_found(id: &RuleId) -> StoreError {
    StoreError::NotFound {
        what: "rule",
        id: id.0.clone(),
    }
}
