//! Sessions: conversations and what a list of them shows.

use mira_protocol::session::{ListSessions, Session, SessionKind};
use mira_protocol::{OperationId, ProjectId, SessionId, UtcMs};

use crate::encoding::{from_word, unsigned, word};
use crate::{Store, StoreError};

const DEFAULT_PAGE: u32 = 50;
const LARGEST_PAGE: u32 = 500;

/// A session that is about to exist.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSession {
    pub id: SessionId,
    pub project_id: Option<ProjectId>,
    /// Given by the person, or empty.
    pub name: String,
    pub kind: SessionKind,
    pub created_at: UtcMs,
}

struct Columns {
    id: String,
    project_id: Option<String>,
    session_type: String,
    name: String,
    pinned: bool,
    deleted: bool,
    message_count: i64,
    last_message_preview: String,
    created_at: i64,
    last_active_at: i64,
    last_seq: i64,
    running: Option<String>,
    resumable: Option<String>,
    forked_from: Option<String>,
    cost_micro_usd: i64,
    awaiting_approval: bool,
}

impl TryFrom<Columns> for Session {
    type Error = StoreError;

    fn try_from(row: Columns) -> Result<Self, StoreError> {
        Ok(Self {
            id: SessionId(row.id),
            project_id: row.project_id.map(ProjectId),
            kind: from_word("session type", row.session_type)?,
            name: row.name,
            pinned: row.pinned,
            deleted: row.deleted,
            message_count: unsigned(row.message_count),
            last_message_preview: row.last_message_preview,
            created_at: row.created_at,
            last_active_at: row.last_active_at,
            last_seq: unsigned(row.last_seq),
            running_operation_id: row.running.map(OperationId),
            resumable_operation_id: row.resumable.map(OperationId),
            forked_from: row.forked_from.map(SessionId),
            cost_micro_usd: row.cost_micro_usd,
            awaiting_approval: row.awaiting_approval,
        })
    }
}

/// `query_as!` needs one literal; this one is shared and ends differently. An operation that has
/// not started waits behind another one, or for the person after a restart; it runs no more than
/// it stopped.
macro_rules! select {
    ($store:expr, $end:tt $(, $arg:expr)*) => {
        sqlx::query_as!(
            Columns,
            r#"SELECT s.id, s.project_id, s.session_type, s.name, s.pinned AS "pinned: bool",
                 s.deleted_at IS NOT NULL AS "deleted!: bool", s.message_count,
                 s.last_message_preview, s.created_at, s.last_active_at, s.last_seq,
                 (SELECT o.id FROM operations o
                  WHERE o.session_id = s.id AND o.finished_at IS NULL AND o.state <> 'PENDING'
                  ORDER BY o.created_at, o.rowid LIMIT 1) AS "running?: String",
                 (SELECT CASE o.state WHEN 'INTERRUPTED' THEN o.id END FROM operations o
                  WHERE o.session_id = s.id AND NOT o.rewound AND o.state <> 'PENDING'
                  ORDER BY o.created_at DESC, o.rowid DESC LIMIT 1) AS "resumable?: String",
                 (SELECT f.source_session_id FROM session_forks f
                  WHERE f.forked_session_id = s.id) AS "forked_from?: String",
                 (SELECT coalesce(sum(b.cost_micro_usd), 0) FROM budget_tracking b
                  WHERE b.session_id = s.id) AS "cost_micro_usd!: i64",
                 EXISTS (SELECT 1 FROM approvals a
                         WHERE a.session_id = s.id AND a.decided_at IS NULL)
                   AS "awaiting_approval!: bool"
               FROM chat_sessions s "# + $end
            $(, $arg)*
        )
        .fetch_all($store.reader())
        .await?
        .into_iter()
        .map(Session::try_from)
        .collect::<Result<Vec<_>, StoreError>>()
    };
}

impl Store {
    pub async fn create_session(&self, new: &NewSession) -> Result<(), StoreError> {
        let NewSession {
            id,
            project_id,
            name,
            kind,
            created_at,
        } = new;
        let kind = word("session type", kind)?;
        let by_person = !name.is_empty();
        let project_id = project_id.as_ref().map(ProjectId::as_str);
        sqlx::query!(
            "INSERT INTO chat_sessions
               (id, project_id, name, name_by_person, session_type, created_at, last_active_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6)",
            id.0,
            project_id,
            name,
            by_person,
            kind,
            created_at,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }

    /// A session, also a deleted one.
    pub async fn session(&self, id: &SessionId) -> Result<Session, StoreError> {
        select!(self, "WHERE s.id = ?1", id.0)?
            .pop()
            .ok_or_else(|| missing(id))
    }

    /// Pinned ones first, then the newest activity; and how many there are in all.
    pub async fn sessions(&self, list: &ListSessions) -> Result<(Vec<Session>, u64), StoreError> {
        let ListSessions {
            project_id,
            search,
            limit,
            offset,
            deleted,
        } = list;
        let project = project_id.as_ref().map(ProjectId::as_str);
        let name = search
            .as_deref()
            .filter(|part| !part.trim().is_empty())
            .map(containing);
        let limit = i64::from(limit.unwrap_or(DEFAULT_PAGE).min(LARGEST_PAGE));
        let offset = i64::from(offset.unwrap_or(0));
        let sessions = select!(
            self,
            r"WHERE (s.deleted_at IS NOT NULL) = ?1 AND (?2 IS NULL OR s.project_id = ?2)
                AND (?3 IS NULL OR s.name LIKE ?3 ESCAPE '\')
              ORDER BY s.pinned DESC, s.last_active_at DESC, s.rowid DESC LIMIT ?4 OFFSET ?5",
            deleted,
            project,
            name,
            limit,
            offset
        )?;
        let total = sqlx::query_scalar!(
            r#"SELECT count(*) AS "total!: i64" FROM chat_sessions s
               WHERE (s.deleted_at IS NOT NULL) = ?1 AND (?2 IS NULL OR s.project_id = ?2)
                 AND (?3 IS NULL OR s.name LIKE ?3 ESCAPE '\')"#,
            deleted,
            project,
            name,
        )
        .fetch_one(self.reader())
        .await?;
        Ok((sessions, unsigned(total)))
    }

    /// The session with the newest activity, of one project where given; never a deleted one.
    pub async fn last_session(
        &self,
        project: Option<&ProjectId>,
    ) -> Result<Option<Session>, StoreError> {
        let project = project.map(ProjectId::as_str);
        let found = select!(
            self,
            "WHERE s.deleted_at IS NULL AND (?1 IS NULL OR s.project_id = ?1)
             ORDER BY s.last_active_at DESC, s.rowid DESC LIMIT 1",
            project
        )?;
        Ok(found.into_iter().next())
    }

    /// Sessions that are not deleted.
    pub async fn session_count(&self) -> Result<u64, StoreError> {
        let count = sqlx::query_scalar!(
            r#"SELECT count(*) AS "count!: i64" FROM chat_sessions WHERE deleted_at IS NULL"#
        )
        .fetch_one(self.reader())
        .await?;
        Ok(unsigned(count))
    }

    pub async fn pin_session(&self, id: &SessionId, pinned: bool) -> Result<(), StoreError> {
        let changed = sqlx::query!(
            "UPDATE chat_sessions SET pinned = ?2 WHERE id = ?1",
            id.0,
            pinned
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        if changed == 0 {
            Err(missing(id))
        } else {
            Ok(())
        }
    }

    /// Marks a session deleted at that time, or (None) brings it back. Nothing is erased.
    pub async fn set_session_deleted(
        &self,
        id: &SessionId,
        deleted_at: Option<UtcMs>,
    ) -> Result<(), StoreError> {
        let changed = sqlx::query!(
            "UPDATE chat_sessions SET deleted_at = ?2 WHERE id = ?1",
            id.0,
            deleted_at
        )
        .execute(&mut *self.writer().await)
        .await?
        .rows_affected();
        if changed == 0 {
            Err(missing(id))
        } else {
            Ok(())
        }
    }

    /// Puts a session without a project into one; a session keeps the project it has.
    pub async fn set_session_project(
        &self,
        id: &SessionId,
        project: &ProjectId,
    ) -> Result<(), StoreError> {
        sqlx::query!(
            "UPDATE chat_sessions SET project_id = ?2 WHERE id = ?1 AND project_id IS NULL",
            id.0,
            project.0,
        )
        .execute(&mut *self.writer().await)
        .await?;
        Ok(())
    }
}

pub(crate) fn missing(id: &SessionId) -> StoreError {
    StoreError::NotFound {
        what: "session",
        id: id.0.clone(),
    }
}

/// A LIKE pattern for "has this part", with its own signs taken literally.
fn containing(part: &str) -> String {
    let mut pattern = String::from("%");
    for sign in part.trim().chars() {
        if matches!(sign, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(sign);
    }
    pattern.push('%');
    pattern
}
