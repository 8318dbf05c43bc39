//! Full text over messages and tool output.
//!
//! The index follows the log instead of standing in its way: rows are added in the background
//! when an operation ends, and whatever is missing is added before a search looks.

use mira_protocol::session::{SearchHit, SearchRole, SearchSessions};
use mira_protocol::{MessageId, OperationId, ProjectId, SessionId};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;

use crate::encoding::unsigned;
use crate::{Store, StoreError};

/// Log rows taken into the index at a time, so that a writer waits no longer than that.
const BATCH: i64 = 500;
const DEFAULT_HITS: u32 = 20;
const MOST_HITS: u32 = 200;

impl Store {
    /// Best match first. Any text is a legal query: its words must all occur, the last one as
    /// the beginning of a word. Sessions that are deleted are left out.
    pub async fn search(&self, search: &SearchSessions) -> Result<Vec<SearchHit>, StoreError> {
        let Some(query) = match_expression(&search.query) else {
            return Ok(Vec::new());
        };
        self.index_new_text().await?;
        let project = search.project_id.as_ref().map(ProjectId::as_str);
        let session = search.session_id.as_ref().map(SessionId::as_str);
        let role = search.role.map(SearchRole::word);
        let tool = search.tool.as_deref();
        let model = search.model.as_deref();
        let (since, until) = (search.since, search.until);
        let limit = i64::from(search.limit.unwrap_or(DEFAULT_HITS).min(MOST_HITS));
        let rows = sqlx::query!(
            r#"SELECT e.session_id, s.name, s.project_id, e.seq, e.operation_id, e.at,
                 m.role AS "role?: String", o.model AS "model?: String",
                 json_extract(e.data, '$.tool') AS "tool?: String",
                 snippet(session_search, 0, char(2), char(3), '…', 24) AS "snippet!: String"
               FROM session_search
               JOIN operation_events e ON e.id = session_search.rowid
               JOIN chat_sessions s ON s.id = e.session_id
               LEFT JOIN memory_entries m ON m.event_id = e.id
               LEFT JOIN operations o ON o.id = e.operation_id
               WHERE session_search MATCH ?1 AND s.deleted_at IS NULL
                 AND (?2 IS NULL OR s.project_id = ?2)
                 AND (?4 IS NULL OR e.session_id = ?4)
                 AND (?5 IS NULL OR coalesce(m.role, 'tool') = ?5)
                 AND (?6 IS NULL OR json_extract(e.data, '$.tool') = ?6)
                 AND (?7 IS NULL OR o.model = ?7)
                 AND (?8 IS NULL OR e.at >= ?8)
                 AND (?9 IS NULL OR e.at < ?9)
               ORDER BY session_search.rank LIMIT ?3"#,
            query,
            project,
            limit,
            session,
            role,
            tool,
            model,
            since,
            until,
        )
        .fetch_all(self.reader())
        .await?;
        Ok(rows
            .into_iter()
            .map(|row| SearchHit {
                session_id: SessionId(row.session_id),
                session_name: row.name,
                project_id: row.project_id.map(ProjectId),
                seq: unsigned(row.seq),
                operation_id: row.operation_id.map(OperationId),
                role: match row.role.as_deref() {
                    Some("user") => SearchRole::User,
                    Some(_) => SearchRole::Assistant,
                    None => SearchRole::Tool,
                },
                tool: row.tool,
                model: row.model,
                snippet: row.snippet,
                at: row.at,
                reasons: Vec::new(),
            })
            .collect())
    }

    /// Takes everything that was stored since the last time into the index.
    pub async fn index_new_text(&self) -> Result<(), StoreError> {
        while self.index_batch().await? {}
        Ok(())
    }

    /// One step of [`Store::index_new_text`]; true while there may be more to do.
    async fn index_batch(&self) -> Result<bool, StoreError> {
        let mut writer = self.writer().await;
        let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
        let from = sqlx::query_scalar!("SELECT up_to_event_id FROM search_progress")
            .fetch_one(&mut *tx)
            .await?;
        let newest = sqlx::query_scalar!(r#"SELECT max(id) AS "id?: i64" FROM operation_events"#)
            .fetch_one(&mut *tx)
            .await?
            .unwrap_or(0);
        if newest <= from {
            return Ok(false);
        }
        let to = newest.min(from + BATCH);
        sqlx::query!(
            "INSERT INTO session_search (rowid, text)
             SELECT t.event_id, t.text FROM searchable_text t
             WHERE t.event_id > ?1 AND t.event_id <= ?2 AND t.text IS NOT NULL AND t.text <> ''",
            from,
            to,
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!("UPDATE search_progress SET up_to_event_id = ?1", to)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(to < newest)
    }

    pub(crate) fn index_in_background(&self) {
        let store = self.clone();
        tokio::spawn(async move {
            if let Err(error) = store.index_new_text().await {
                // The next search tries again and says so to whoever asked.
                tracing::debug!(%error, "search index did not follow");
            }
        });
    }
}

/// Says a message differently, in what is searched too.
pub(crate) async fn reword(
    connection: &mut SqliteConnection,
    session: &SessionId,
    message: &MessageId,
    content: &str,
) -> Result<(), StoreError> {
    let known = sqlx::query!(
        r#"SELECT m.event_id, m.content, m.event_id <= p.up_to_event_id AS "indexed!: bool"
           FROM memory_entries m, search_progress p
           WHERE m.session_id = ?1 AND m.message_id = ?2"#,
        session.0,
        message.0,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(known) = known else { return Ok(()) };
    if known.indexed && !known.content.is_empty() {
        // The index keeps no text: it must be told what it knew.
        sqlx::query!(
            "INSERT INTO session_search (session_search, rowid, text) VALUES ('delete', ?1, ?2)",
            known.event_id,
            known.content,
        )
        .execute(&mut *connection)
        .await?;
    }
    sqlx::query!(
        "UPDATE memory_entries SET content = ?2 WHERE event_id = ?1",
        known.event_id,
        content,
    )
    .execute(&mut *connection)
    .await?;
    if known.indexed && !content.is_empty() {
        sqlx::query!(
            "INSERT INTO session_search (rowid, text) VALUES (?1, ?2)",
            known.event_id,
            content,
        )
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// The person's words as an FTS5 expression that cannot be a syntax error; None without a word.
fn match_expression(query: &str) -> Option<String> {
    let words: Vec<_> = query
        .split(|sign: char| sign.is_whitespace() || sign == '\0')
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
        .collect();
    (!words.is_empty()).then(|| words.join(" ") + "*")
}

#[cfg(test)]
mod tests {
    use super::match_expression;

    #[test]
    fn words_are_quoted_and_the_last_is_a_beginning() {
        assert_eq!(
            match_expression("foo ba").as_deref(),
            Some(r#""foo" "ba"*"#)
        );
        assert_eq!(
            match_expression(r#"a"b OR"#).as_deref(),
            Some(r#""a""b" "OR"*"#)
        );
        assert_eq!(match_expression(" * ( - \0 "), None);
    }
}
