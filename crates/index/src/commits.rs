//! Commits: what was said of changes, found by words and by meaning.

use std::collections::HashSet;

use serde::Serialize;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _};

use crate::meaning::Meaning;
use crate::search::join::{Found, Joined, join};
use crate::search::question::Question;
use crate::search::rank::MEANING;
use crate::search::{Sense, Why, With, off};
use crate::tokens::push_words;
use crate::{Index, IndexError};

/// Candidates that each way of looking may bring.
const CANDIDATES: usize = 200;
/// How much a word counts in the subject, the body, and names of files.
const WEIGHTS: [f64; 3] = [4.0, 1.5, 1.0];
pub(crate) const COLUMNS: &str =
    "c.id, lower(hex(c.hash)), c.author, c.email, c.at, c.subject, c.body, c.paths";

/// A commit as it is searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Commit {
    /// 40 hexadecimal digits.
    pub hash: String,
    pub author: String,
    pub email: String,
    /// UTC, milliseconds.
    pub at: i64,
    pub subject: String,
    pub body: String,
    /// Files that it touched.
    pub paths: Vec<String>,
    /// It touched something in the project's folder; others are known and not found.
    pub is_here: bool,
}

/// A commit that answers, with what its rank is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommitHit {
    pub commit: Commit,
    /// Of the best hit 1.
    pub score: f64,
    pub why: Vec<Why>,
}

/// What was found, the best first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CommitAnswer {
    pub hits: Vec<CommitHit>,
    pub meaning: Sense,
}

impl Index {
    /// Hashes of all commits that are known.
    pub async fn known_commits(&self) -> Result<HashSet<String>, IndexError> {
        let hashes = sqlx::query_scalar("SELECT lower(hex(hash)) FROM commits");
        let hashes: Vec<String> = hashes.fetch_all(self.reader()).await?;
        Ok(hashes.into_iter().collect())
    }

    /// How many can be found.
    pub async fn commit_count(&self) -> Result<u64, IndexError> {
        let count = sqlx::query_scalar("SELECT count(*) FROM commits WHERE is_here = 1");
        let count: i64 = count.fetch_one(self.reader()).await?;
        Ok(count.unsigned_abs())
    }

    /// The newest commit when all was read last.
    pub async fn commits_read(&self) -> Result<Option<String>, IndexError> {
        let head = sqlx::query_scalar("SELECT head FROM commits_read");
        Ok(head.fetch_optional(self.reader()).await?)
    }

    /// All commits from this one on are known.
    pub async fn set_commits_read(&self, head: &str) -> Result<(), IndexError> {
        let mut writer = self.writer().await;
        let mut all = writer.connection.begin().await?;
        let emptied = sqlx::query("DELETE FROM commits_read");
        emptied.execute(&mut *all).await?;
        sqlx::query("INSERT INTO commits_read (head) VALUES (?)")
            .bind(head)
            .execute(&mut *all)
            .await?;
        all.commit().await?;
        Ok(())
    }

    /// Makes commits known; those that are known stay as they are.
    pub async fn add_commits(&self, commits: &[Commit]) -> Result<(), IndexError> {
        let mut writer = self.writer().await;
        let mut all = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        for commit in commits {
            add(&mut all, commit).await?;
        }
        all.commit().await?;
        Ok(())
    }

    /// Forgets commits, with their words; their vectors leave with the next tidying.
    pub async fn forget_commits(&self, hashes: &[String]) -> Result<(), IndexError> {
        let mut writer = self.writer().await;
        let mut all = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        for hash in hashes {
            let id: Option<i64> =
                sqlx::query_scalar("DELETE FROM commits WHERE hash = unhex(?) RETURNING id")
                    .bind(hash)
                    .fetch_optional(&mut *all)
                    .await?;
            sqlx::query("DELETE FROM commit_words WHERE rowid = ?")
                .bind(id)
                .execute(&mut *all)
                .await?;
        }
        all.commit().await?;
        Ok(())
    }

    /// The commits that answer the question best; `path` leaves those that touched the file, or
    /// something below the folder.
    ///
    /// # Errors
    /// Those of the index. Where the model or its vectors fail, the search goes by words and says
    /// so in [`CommitAnswer::meaning`].
    pub async fn search_commits(
        &self,
        text: &str,
        path: Option<&str>,
        limit: usize,
        with: With<'_>,
    ) -> Result<CommitAnswer, IndexError> {
        let (near, meaning) = match with {
            With::Meaning(meaning) => self.sense_commits(meaning, text).await,
            With::Words { why, hint } => (Vec::new(), off(why, hint)),
        };
        let words = self.commits_by_words(text).await?;
        let path = path.map(|path| path.trim_end_matches('/'));
        let touches = |commit: &Commit| {
            let within = |one: &String| {
                let rest = path.and_then(|path| one.strip_prefix(path));
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            path.is_none_or(str::is_empty) || commit.paths.iter().any(within)
        };
        let touching = |mut found: Vec<Found<i64, Commit>>| {
            found.retain(|one| touches(&one.what));
            found
        };
        let hits = join(touching(words), touching(near), MEANING, |a, b| {
            b.at.cmp(&a.at).then_with(|| a.hash.cmp(&b.hash))
        });
        let hit = |one: Joined<Commit>| CommitHit {
            commit: one.what,
            score: one.score,
            why: one.why,
        };
        let hits = hits.into_iter().take(limit).map(hit).collect();
        Ok(CommitAnswer { hits, meaning })
    }

    async fn commits_by_words(&self, text: &str) -> Result<Vec<Found<i64, Commit>>, IndexError> {
        let Some(expression) = Question::read(text, false).expression() else {
            return Ok(Vec::new());
        };
        let [subject, body, paths] = WEIGHTS;
        let sql = format!(
            "SELECT {COLUMNS}, hit.score FROM
               (SELECT rowid AS id, bm25(commit_words, ?2, ?3, ?4) AS score FROM commit_words
                WHERE commit_words MATCH ?1 ORDER BY score LIMIT ?5) AS hit
             JOIN commits c ON c.id = hit.id WHERE c.is_here = 1 ORDER BY hit.score, c.at DESC"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(expression)
            .bind(subject)
            .bind(body)
            .bind(paths)
            .bind(CANDIDATES as i64)
            .fetch_all(self.reader())
            .await?;
        let found = rows.iter().map(|row| {
            let score: f64 = row.try_get(8)?;
            Ok(Found {
                id: row.try_get(0)?,
                what: of(row)?,
                detail: format!("BM25 {:.1}", -score),
            })
        });
        Ok(found.collect::<Result<_, sqlx::Error>>()?)
    }

    async fn sense_commits(
        &self,
        meaning: &Meaning,
        text: &str,
    ) -> (Vec<Found<i64, Commit>>, Sense) {
        let near = self.near_commits(meaning, text, CANDIDATES).await;
        match (near, self.coverage(meaning).await) {
            (Ok(near), Ok(coverage)) => (near, Sense::Used { coverage }),
            (Err(IndexError::Vectors(error)), _) => {
                (Vec::new(), off(&error.to_string(), error.hint()))
            }
            (Err(error), _) | (_, Err(error)) => (Vec::new(), off(&error.to_string(), "")),
        }
    }
}

async fn add(connection: &mut SqliteConnection, commit: &Commit) -> Result<(), sqlx::Error> {
    let paths = commit.paths.join("\n");
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO commits (hash, author, email, at, subject, body, paths, is_here)
         VALUES (unhex(?), ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (hash) DO NOTHING RETURNING id",
    )
    .bind(&commit.hash)
    .bind(&commit.author)
    .bind(&commit.email)
    .bind(commit.at)
    .bind(&commit.subject)
    .bind(&commit.body)
    .bind(&paths)
    .bind(commit.is_here)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(id) = id.filter(|_| commit.is_here) else {
        return Ok(());
    };
    let words = |text: &str| {
        let mut words = String::new();
        push_words(text, &mut words);
        words
    };
    sqlx::query("INSERT INTO commit_words (rowid, subject, body, paths) VALUES (?, ?, ?, ?)")
        .bind(id)
        .bind(words(&commit.subject))
        .bind(words(&commit.body))
        .bind(words(&paths))
        .execute(connection)
        .await?;
    Ok(())
}

/// Of a row that begins with [`COLUMNS`]; only commits that can be found are read.
pub(crate) fn of(row: &SqliteRow) -> Result<Commit, sqlx::Error> {
    let paths: &str = row.try_get(7)?;
    Ok(Commit {
        hash: row.try_get(1)?,
        author: row.try_get(2)?,
        email: row.try_get(3)?,
        at: row.try_get(4)?,
        subject: row.try_get(5)?,
        body: row.try_get(6)?,
        paths: paths.lines().map(str::to_owned).collect(),
        is_here: true,
    })
}
