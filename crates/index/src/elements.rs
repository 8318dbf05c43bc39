//! Elements by id and by file, and their text as it is on disk.

use mira_workspace::Refusal;
use sqlx::Row as _;

use crate::model::{CHUNK_COLUMNS, Chunk, ELEMENT_COLUMNS, Element};
use crate::{Index, IndexError, reading};

/// Text of the project, read when it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Excerpt {
    pub path: String,
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    pub text: String,
}

impl Index {
    pub async fn element(&self, id: i64) -> Result<Option<Element>, IndexError> {
        let mut found = self.elements_by_id(&[id]).await?;
        Ok(found.pop())
    }

    /// In the order of `ids`; those that are gone are left out.
    pub async fn elements_by_id(&self, ids: &[i64]) -> Result<Vec<Element>, IndexError> {
        let sql = format!(
            "SELECT {ELEMENT_COLUMNS} FROM json_each(?1) wanted
             JOIN elements e ON e.id = wanted.value JOIN files f ON f.id = e.file_id
             ORDER BY wanted.key"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(crate::rows::json(ids.iter().copied()))
            .fetch_all(self.reader())
            .await?;
        Ok(rows.iter().map(Element::of).collect::<Result<_, _>>()?)
    }

    /// Whether a folder, as the index names it, has files.
    pub async fn has_files_below(&self, folder: &str) -> Result<bool, IndexError> {
        // `0` is the character behind `/`.
        let found =
            sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM files WHERE path > ? AND path < ?)")
                .bind(format!("{folder}/"))
                .bind(format!("{folder}0"))
                .fetch_one(self.reader())
                .await?;
        Ok(found)
    }

    /// What a file declares, in the order of the file; parents before what is inside them.
    pub async fn elements_of(&self, path: &str) -> Result<Vec<Element>, IndexError> {
        let sql = format!(
            "SELECT {ELEMENT_COLUMNS} FROM files f JOIN elements e ON e.file_id = f.id
             WHERE f.path = ?1 ORDER BY e.place"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(path)
            .fetch_all(self.reader())
            .await?;
        Ok(rows.iter().map(Element::of).collect::<Result<_, _>>()?)
    }

    /// The functions that are hardest to follow, of at least so many paths or so much effort, and
    /// how many there are. Tests, generated and brought-in files are left out; `path` is a file or
    /// folder, empty for all.
    pub async fn hardest(
        &self,
        path: &str,
        at_least: u32,
        limit: usize,
    ) -> Result<(Vec<Element>, usize), IndexError> {
        let of = "FROM elements e JOIN files f ON f.id = e.file_id
             WHERE f.roles = 0 AND NOT e.flags & 2 AND e.cyclomatic > 0
               AND max(e.cyclomatic, e.cognitive) >= ?1
               AND (?2 = '' OR f.path = ?2 OR f.path >= ?2 || '/' AND f.path < ?2 || '0')";
        let path = path.trim_matches('/');
        let sql = format!(
            "SELECT {ELEMENT_COLUMNS} {of}
             ORDER BY e.cyclomatic + e.cognitive DESC, f.path, e.place LIMIT ?3"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(at_least)
            .bind(path)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.reader())
            .await?;
        let all: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT count(*) {of}")))
            .bind(at_least)
            .bind(path)
            .fetch_one(self.reader())
            .await?;
        let hardest = rows.iter().map(Element::of).collect::<Result<_, _>>()?;
        Ok((hardest, usize::try_from(all).unwrap_or(0)))
    }

    /// Pieces by id, in the order of `ids`; those that are gone are left out.
    pub async fn chunks_by_id(&self, ids: &[i64]) -> Result<Vec<Chunk>, IndexError> {
        let sql = format!(
            "SELECT {CHUNK_COLUMNS} FROM json_each(?1) wanted
             JOIN chunks c ON c.id = wanted.value JOIN files f ON f.id = c.file_id
             ORDER BY wanted.key"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(crate::rows::json(ids.iter().copied()))
            .fetch_all(self.reader())
            .await?;
        Ok(rows.iter().map(Chunk::of).collect::<Result<_, _>>()?)
    }

    /// Lines of a file as they are on disk now (1-based, inclusive), fewer where it has fewer.
    pub async fn excerpt(&self, path: &str, start: u32, end: u32) -> Result<Excerpt, IndexError> {
        let workspace = self.workspace().clone();
        let path = path.to_owned();
        let read = move || -> Result<Excerpt, IndexError> {
            let bytes = workspace.read(&path)?.bytes;
            let Ok((text, _)) = reading::decode(&bytes) else {
                let text = format!("{path:?} is no text.");
                return Err(Refusal::Unsuitable(text).into());
            };
            let start = start.max(1);
            let wanted = (end.max(start) - start + 1) as usize;
            let lines: Vec<&str> = text
                .split_inclusive('\n')
                .skip(start as usize - 1)
                .take(wanted)
                .collect();
            Ok(Excerpt {
                start_line: start,
                end_line: start + (lines.len() as u32).saturating_sub(1),
                text: lines.concat(),
                path,
            })
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| IndexError::Broken(error.to_string()))?
    }

    /// How many elements of each kind there are, most first.
    pub async fn kinds(&self) -> Result<Vec<(String, u64)>, IndexError> {
        let rows = sqlx::query("SELECT kind, count(*) FROM elements GROUP BY kind ORDER BY 2 DESC")
            .fetch_all(self.reader())
            .await?;
        let kinds = rows.iter().map(|row| {
            let count: i64 = row.try_get(1)?;
            Ok((row.try_get(0)?, count.unsigned_abs()))
        });
        Ok(kinds.collect::<Result<_, sqlx::Error>>()?)
    }
}
