//! Messages that are found by meaning: which there are, and what they say.

use mira_protocol::session::{SearchHit, SearchRole};
use mira_protocol::{OperationId, ProjectId, SessionId};

use crate::encoding::unsigned;
use crate::{Store, StoreError};

/// A message without what it says. What it says stays as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandingMessage {
    /// Rises with time.
    pub event_id: i64,
    pub session_id: SessionId,
    pub bytes: u64,
}

/// A message as a search shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundMessage {
    pub event_id: i64,
    /// Without a snippet.
    pub hit: SearchHit,
    pub content: String,
}

impl Store {
    /// The person's messages and the last answers of operations in a project's sessions. Not
    /// among them: deleted sessions, what was taken back, what waits or is under way.
    pub async fn standing_messages(
        &self,
        project: &ProjectId,
    ) -> Result<Vec<StandingMessage>, StoreError> {
        let rows = sqlx::query!(
            r#"SELECT event_id AS "event_id!: i64", session_id AS "session_id!: String",
                 octet_length(content) AS "bytes!: i64"
               FROM standing_messages WHERE project_id = ?1"#,
            project.0
        )
        .fetch_all(self.reader())
        .await?;
        let message = rows.into_iter().map(|row| StandingMessage {
            event_id: row.event_id,
            session_id: SessionId(row.session_id),
            bytes: unsigned(row.bytes),
        });
        Ok(message.collect())
    }

    /// Whether there is any in these projects.
    pub async fn has_standing_messages(&self, projects: &[ProjectId]) -> Result<bool, StoreError> {
        let projects = json(projects.iter().map(ProjectId::as_str));
        let found = sqlx::query_scalar!(
            r#"SELECT EXISTS (SELECT 1 FROM standing_messages
               WHERE project_id IN (SELECT value FROM json_each(?1))) AS "found!: bool""#,
            projects
        )
        .fetch_one(self.reader())
        .await?;
        Ok(found)
    }

    /// How many there are in these projects. Looks at each.
    pub async fn standing_message_count(&self, projects: &[ProjectId]) -> Result<u64, StoreError> {
        let projects = json(projects.iter().map(ProjectId::as_str));
        let count = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!: i64" FROM standing_messages
               WHERE project_id IN (SELECT value FROM json_each(?1))"#,
            projects
        )
        .fetch_one(self.reader())
        .await?;
        Ok(unsigned(count))
    }

    /// Those of these that still stand, in no order.
    pub async fn messages(&self, event_ids: &[i64]) -> Result<Vec<FoundMessage>, StoreError> {
        let ids = json(event_ids.iter());
        let rows = sqlx::query!(
            r#"SELECT m.event_id AS "event_id!: i64", m.session_id AS "session_id!: String", s.name,
                 m.project_id, e.seq, e.operation_id, m.at AS "at!: i64",
                 m.role AS "role!: String", m.content AS "content!: String",
                 o.model AS "model?: String"
               FROM standing_messages m
               JOIN operation_events e ON e.id = m.event_id
               JOIN chat_sessions s ON s.id = m.session_id
               LEFT JOIN operations o ON o.id = e.operation_id
               WHERE m.event_id IN (SELECT value FROM json_each(?1))"#,
            ids
        )
        .fetch_all(self.reader())
        .await?;
        let found = rows.into_iter().map(|row| FoundMessage {
            event_id: row.event_id,
            hit: SearchHit {
                session_id: SessionId(row.session_id),
                session_name: row.name,
                project_id: row.project_id.map(ProjectId),
                seq: unsigned(row.seq),
                operation_id: row.operation_id.map(OperationId),
                role: match row.role.as_str() {
                    "user" => SearchRole::User,
                    _ => SearchRole::Assistant,
                },
                tool: None,
                model: row.model,
                snippet: String::new(),
                at: row.at,
                reasons: Vec::new(),
            },
            content: row.content,
        });
        Ok(found.collect())
    }
}

fn json<T: serde::Serialize>(all: impl Iterator<Item = T>) -> String {
    serde_json::to_string(&all.collect::<Vec<T>>()).unwrap_or_default()
}
