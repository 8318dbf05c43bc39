//! Look-ups by words, and files by path. (How signals are put together is decided in `search`.)

use serde::Serialize;
use sqlx::Row as _;

use crate::model::{CHUNK_COLUMNS, Chunk, FILE_COLUMNS, FileRow};
use crate::{Index, IndexError, tokens};

/// How much a word counts by where it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Weights {
    pub name: f64,
    pub path: f64,
    pub doc: f64,
    pub body: f64,
}

impl Default for Weights {
    fn default() -> Self {
        Self {
            name: 6.0,
            path: 2.0,
            doc: 1.5,
            body: 1.0,
        }
    }
}

/// A piece that has words of the question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LexicalHit {
    pub chunk: Chunk,
    /// BM25 over weighted columns; higher is better.
    pub score: f64,
}

impl Index {
    /// The pieces that fit the words of `text` best, the best first. Words are cut as code is:
    /// `readFile` finds `read_file`. Empty where the text has no words.
    pub async fn lexical(
        &self,
        text: &str,
        weights: Weights,
        limit: usize,
    ) -> Result<Vec<LexicalHit>, IndexError> {
        let words = tokens::question_words(text);
        if words.is_empty() {
            return Ok(Vec::new());
        }
        self.lexical_match(&any_of(&words), weights, limit).await
    }

    /// As [`Index::lexical`], for an expression of FTS5 over the columns `name`, `path`, `doc` and
    /// `body`, whose words are cut already.
    pub(crate) async fn lexical_match(
        &self,
        expression: &str,
        weights: Weights,
        limit: usize,
    ) -> Result<Vec<LexicalHit>, IndexError> {
        let sql = format!(
            "SELECT {CHUNK_COLUMNS}, hit.score FROM
               (SELECT rowid AS id, bm25(words, ?2, ?3, ?4, ?5) AS score FROM words
                WHERE words MATCH ?1 ORDER BY score LIMIT ?6) AS hit
             JOIN chunks c ON c.id = hit.id JOIN files f ON f.id = c.file_id
             ORDER BY hit.score, c.id"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(expression)
            .bind(weights.name)
            .bind(weights.path)
            .bind(weights.doc)
            .bind(weights.body)
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(self.reader())
            .await?;
        let hits = rows.iter().map(|row| {
            let score: f64 = row.try_get(9)?;
            Ok(LexicalHit {
                chunk: Chunk::of(row)?,
                score: -score,
            })
        });
        Ok(hits.collect::<Result<_, sqlx::Error>>()?)
    }

    /// The file with this path, relative to the root.
    pub async fn file(&self, path: &str) -> Result<Option<FileRow>, IndexError> {
        let sql = format!("SELECT {FILE_COLUMNS} FROM files f WHERE f.path = ?1");
        let row = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(path)
            .fetch_optional(self.reader())
            .await?;
        Ok(row.as_ref().map(FileRow::of).transpose()?)
    }

    /// Every file, by path.
    pub async fn files(&self) -> Result<Vec<FileRow>, IndexError> {
        let sql = format!("SELECT {FILE_COLUMNS} FROM files f ORDER BY f.path");
        self.file_rows(sql).await
    }

    /// Files that are not, or not wholly, in the index, each with its reason.
    pub async fn noted_files(&self) -> Result<Vec<FileRow>, IndexError> {
        let sql =
            format!("SELECT {FILE_COLUMNS} FROM files f WHERE f.note IS NOT NULL ORDER BY f.path");
        self.file_rows(sql).await
    }

    async fn file_rows(&self, sql: String) -> Result<Vec<FileRow>, IndexError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .fetch_all(self.reader())
            .await?;
        Ok(rows.iter().map(FileRow::of).collect::<Result<_, _>>()?)
    }
}

/// Any of the words; the parts of a word count too.
fn any_of(words: &[Vec<String>]) -> String {
    let mut seen = std::collections::BTreeSet::new();
    let mut expression = String::new();
    for word in words.iter().flatten() {
        if seen.insert(word) {
            if !expression.is_empty() {
                expression.push_str(" OR ");
            }
            // Quoted, so that no word is an operator; words hold letters, digits and `_` only.
            expression.push('"');
            expression.push_str(word);
            expression.push('"');
        }
    }
    expression
}
