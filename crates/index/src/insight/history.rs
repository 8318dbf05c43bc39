//! What the project's history says of its files: how often each was changed, by how many, and
//! together with which others. Whoever reads the history tells it here; this knows no repository.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Row as _};

use super::hotspots::Changes;
use crate::rows::insert;
use crate::{Index, IndexError};

/// One commit, as far as it matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    pub author: String,
    /// UTC, milliseconds.
    pub at: i64,
    pub subject: String,
    /// Files with the lines that were added and removed.
    pub files: Vec<(String, u64)>,
}

/// How far back the history was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    pub commits: u64,
    /// Of the oldest of them, UTC, milliseconds.
    pub since: i64,
}

/// A file that was changed by the same commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Companion {
    pub path: String,
    pub together: u32,
    /// Commits of the file that was asked about.
    pub of: u32,
}

/// A commit of more files says of no two of them that they belong together.
const MOST_TOGETHER: usize = 40;
/// Once may be chance.
const FEWEST_TOGETHER: u32 = 2;
const WHAT: &str = "history";

#[derive(Debug, Default, PartialEq)]
struct History {
    changes: BTreeMap<String, Changes>,
    together: BTreeMap<(String, String), u32>,
    window: Window,
}

impl History {
    fn of(steps: &[Step]) -> Self {
        let mut history = Self::default();
        let mut authors: HashMap<&str, HashSet<&str>> = HashMap::new();
        for step in steps {
            let is_fix = mends(&step.subject);
            for (path, lines) in &step.files {
                let changes = history.changes.entry(path.clone()).or_default();
                changes.commits += 1;
                changes.fixes += u32::from(is_fix);
                changes.churn += lines;
                authors.entry(path).or_default().insert(&step.author);
            }
            history.note_together(step);
        }
        for (path, changes) in &mut history.changes {
            let count = authors.get(path.as_str()).map_or(0, HashSet::len);
            changes.authors = u32::try_from(count).unwrap_or(u32::MAX);
        }
        history
            .together
            .retain(|_, times| *times >= FEWEST_TOGETHER);
        history.window = Window {
            commits: steps.len() as u64,
            since: steps.iter().map(|step| step.at).min().unwrap_or(0),
        };
        history
    }

    fn note_together(&mut self, step: &Step) {
        let paths: Vec<&String> = step.files.iter().map(|(path, _)| path).collect();
        if paths.len() > MOST_TOGETHER {
            return;
        }
        for one in &paths {
            for other in paths.iter().filter(|other| *other != one) {
                let pair = ((*one).clone(), (*other).clone());
                *self.together.entry(pair).or_default() += 1;
            }
        }
    }
}

/// Whether a commit's subject says that it mends something.
fn mends(subject: &str) -> bool {
    let lower = subject.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.any(|word| {
        matches!(
            word,
            "fix"
                | "fixes"
                | "fixed"
                | "bug"
                | "bugs"
                | "bugfix"
                | "hotfix"
                | "regression"
                | "revert"
        )
    })
}

impl Index {
    /// From which state of the repository the known history was read, as [`Index::set_history`]
    /// was told it.
    pub async fn history_made_from(&self) -> Result<Option<String>, IndexError> {
        let known = sqlx::query_scalar("SELECT hash FROM made_from WHERE what = ?1")
            .bind(WHAT)
            .fetch_optional(self.reader())
            .await?;
        Ok(known)
    }

    /// Takes the history over in place of what was known.
    pub async fn set_history(&self, made_from: &str, steps: &[Step]) -> Result<(), IndexError> {
        let history = History::of(steps);
        let mut writer = self.writer().await;
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        write(&mut transaction, &history).await?;
        sqlx::query("INSERT OR REPLACE INTO made_from (what, hash) VALUES (?1, ?2)")
            .bind(WHAT)
            .bind(made_from)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    pub async fn history_window(&self) -> Result<Window, IndexError> {
        let row = sqlx::query("SELECT commits, since_ms FROM history_window")
            .fetch_optional(self.reader())
            .await?;
        let Some(row) = row else {
            return Ok(Window::default());
        };
        Ok(Window {
            commits: row.try_get::<i64, _>(0)?.unsigned_abs(),
            since: row.try_get(1)?,
        })
    }

    /// What history says of each file, for [`Index::hotspots`].
    pub async fn changes(&self) -> Result<HashMap<String, Changes>, IndexError> {
        let rows = sqlx::query("SELECT path, commits, fixes, authors, churn FROM file_history")
            .fetch_all(self.reader())
            .await?;
        let changes = rows.iter().map(|row| {
            let changes = Changes {
                commits: row.try_get(1)?,
                fixes: row.try_get(2)?,
                authors: row.try_get(3)?,
                churn: row.try_get::<i64, _>(4)?.unsigned_abs(),
            };
            Ok((row.try_get(0)?, changes))
        });
        Ok(changes.collect::<Result<_, sqlx::Error>>()?)
    }

    /// Files that changed in the same commits as this one, the most often first.
    pub async fn changed_with(&self, path: &str) -> Result<Vec<Companion>, IndexError> {
        let rows = sqlx::query(
            "SELECT t.other, t.together, h.commits FROM file_cochange t
             JOIN file_history h ON h.path = t.path
             WHERE t.path = ?1 ORDER BY t.together DESC, t.other",
        )
        .bind(path)
        .fetch_all(self.reader())
        .await?;
        let companions = rows.iter().map(|row| {
            Ok(Companion {
                path: row.try_get(0)?,
                together: row.try_get(1)?,
                of: row.try_get(2)?,
            })
        });
        Ok(companions.collect::<Result<_, sqlx::Error>>()?)
    }
}

async fn write(connection: &mut SqliteConnection, history: &History) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "DELETE FROM file_history; DELETE FROM file_cochange; DELETE FROM history_window;",
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query("INSERT INTO history_window (commits, since_ms) VALUES (?1, ?2)")
        .bind(whole(history.window.commits))
        .bind(history.window.since)
        .execute(&mut *connection)
        .await?;
    let changes: Vec<_> = history.changes.iter().collect();
    insert(
        connection,
        "INSERT INTO file_history (path, commits, fixes, authors, churn)",
        5,
        &changes,
        |query, (path, changes)| {
            query
                .bind((*path).clone())
                .bind(changes.commits)
                .bind(changes.fixes)
                .bind(changes.authors)
                .bind(whole(changes.churn))
        },
    )
    .await?;
    let together: Vec<_> = history.together.iter().collect();
    insert(
        connection,
        "INSERT INTO file_cochange (path, other, together)",
        3,
        &together,
        |query, ((path, other), times)| query.bind(path.clone()).bind(other.clone()).bind(**times),
    )
    .await
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(author: &str, at: i64, subject: &str, paths: &[&str]) -> Step {
        Step {
            author: author.to_owned(),
            at,
            subject: subject.to_owned(),
            files: paths.iter().map(|path| ((*path).to_owned(), 3)).collect(),
        }
    }

    #[test]
    fn commits_fixes_authors_and_companions_are_counted() {
        let history = History::of(&[
            step("Ada", 30, "Fix the total", &["cart.rs", "cart_test.rs"]),
            step(
                "Bob",
                20,
                "Prefixes are longer",
                &["cart.rs", "cart_test.rs"],
            ),
            step("Ada", 10, "Begin", &["cart.rs", "notes.md"]),
        ]);
        let cart = &history.changes["cart.rs"];
        assert_eq!(
            (cart.commits, cart.fixes, cart.authors, cart.churn),
            (3, 1, 2, 9)
        );
        let pair = |one: &str, other: &str| {
            let key = (one.to_owned(), other.to_owned());
            history.together.get(&key).copied()
        };
        assert_eq!(pair("cart.rs", "cart_test.rs"), Some(2));
        assert_eq!(pair("cart_test.rs", "cart.rs"), Some(2));
        assert_eq!(pair("cart.rs", "notes.md"), None, "once may be chance");
        assert_eq!((history.window.commits, history.window.since), (3, 10));
    }

    #[test]
    fn a_commit_of_the_whole_project_ties_nothing() {
        let paths: Vec<String> = (0..=MOST_TOGETHER).map(|at| format!("{at}.rs")).collect();
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let all = step("Ada", 1, "Format", &paths);
        assert!(History::of(&[all.clone(), all]).together.is_empty());
    }
}
