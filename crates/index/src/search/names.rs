//! Elements by their names: exactly, whatever the case and the joints, by their beginning, or with
//! a letter or two wrong.

use std::collections::HashMap;
use std::sync::Arc;

use sqlx::Row as _;
use tokio::sync::Mutex;

use super::question::{Question, is_written_as_name};
use crate::model::{CHUNK_COLUMNS, Chunk};
use crate::{Index, IndexError};

/// Elements that one name may bring; a name that so many have says little.
const MOST_OF_A_NAME: usize = 40;
/// Shorter names are not looked for vaguely, in letters.
const SHORTEST_VAGUE: usize = 5;
/// Of two names that are alike, from 0 to 1.
const ALIKE: f64 = 0.8;
/// Words of a question that may together be one name.
const MOST_JOINED: usize = 5;

/// How a name was met that is the one asked for.
pub(super) const EXACT: &str = "name";

/// All names of the project, as of one generation of the index.
#[derive(Default)]
pub(crate) struct KeptNames(Mutex<Option<(u64, Arc<Names>)>>);

/// Names without case and joints, each with its elements.
struct Names(HashMap<Box<str>, Vec<i64>>);

/// An element whose name fits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub chunk: Chunk,
    /// From 0 to 1.
    pub strength: f64,
    pub how: &'static str,
}

impl Index {
    async fn names(&self) -> Result<Arc<Names>, IndexError> {
        let generation = self.state().generation;
        let mut kept = self.shared.names.0.lock().await;
        if let Some((of, names)) = kept.as_ref()
            && *of == generation
        {
            return Ok(Arc::clone(names));
        }
        let rows = sqlx::query("SELECT id, name FROM elements")
            .fetch_all(self.reader())
            .await?;
        let mut names: HashMap<Box<str>, Vec<i64>> = HashMap::new();
        for row in &rows {
            let name = plain(row.try_get(1)?);
            if !name.is_empty() {
                names.entry(name.into()).or_default().push(row.try_get(0)?);
            }
        }
        let names = Arc::new(Names(names));
        *kept = Some((generation, Arc::clone(&names)));
        Ok(names)
    }

    /// Elements whose names the question holds, with the piece that each begins in.
    pub(super) async fn names_of(&self, question: &Question) -> Result<Vec<Named>, IndexError> {
        let names = self.names().await?;
        let found = names.find(question);
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "SELECT {CHUNK_COLUMNS}, e.id FROM json_each(?1) wanted
             JOIN elements e ON e.id = wanted.value JOIN files f ON f.id = e.file_id
             JOIN chunks c ON c.id = (
               SELECT id FROM chunks WHERE file_id = e.file_id AND end_line >= e.name_line
               ORDER BY start_line LIMIT 1)"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(crate::rows::json(found.keys().copied()))
            .fetch_all(self.reader())
            .await?;
        let mut named = Vec::with_capacity(rows.len());
        for row in &rows {
            let element: i64 = row.try_get(9)?;
            let (strength, how) = found[&element];
            let mut chunk = Chunk::of(row)?;
            chunk.element = Some(element);
            named.push(Named {
                chunk,
                strength,
                how,
            });
        }
        named.sort_by(|a, b| {
            b.strength
                .total_cmp(&a.strength)
                .then(a.chunk.id.cmp(&b.chunk.id))
        });
        Ok(named)
    }
}

impl Names {
    /// Elements, how well their names fit, and in which way.
    fn find(&self, question: &Question) -> HashMap<i64, (f64, &'static str)> {
        let mut found: HashMap<i64, (f64, &'static str)> = HashMap::new();
        let mut add = |ids: &[i64], strength: f64, how: &'static str| {
            for id in ids.iter().take(MOST_OF_A_NAME) {
                let best = found.entry(*id).or_insert((0.0, how));
                if strength > best.0 {
                    *best = (strength, how);
                }
            }
        };
        let all = question.written.len().max(1) as f64;
        for (name, words) in joined(&question.written) {
            if name.chars().count() < 2 {
                continue;
            }
            let Some(ids) = self.0.get(name.as_str()) else {
                continue;
            };
            let is_written = |one: &String| plain(one) == name && is_written_as_name(one);
            let certain = question.is_name || words > 1 || question.written.iter().any(is_written);
            // A plain word of a sentence that is also a name says less, and so does a name that
            // many have; the more of the question it is, the more it says.
            let share = 0.8 + 0.2 * words as f64 / all;
            let strength = if question.is_name {
                share
            } else {
                let sure = if certain { share } else { 0.35 };
                sure / (ids.len() as f64).sqrt()
            };
            add(ids, strength, EXACT);
        }
        if question.is_name {
            self.find_vaguely(question, &mut add);
        }
        found
    }

    fn find_vaguely(&self, question: &Question, add: &mut impl FnMut(&[i64], f64, &'static str)) {
        for (wanted, words) in joined(&question.names) {
            if wanted.chars().count() < SHORTEST_VAGUE.min(3 + words) {
                continue;
            }
            for (name, ids) in &self.0 {
                if name.len() > wanted.len() && name.starts_with(wanted.as_str()) {
                    let share = wanted.len() as f64 / name.len() as f64;
                    add(ids, 0.5 + 0.4 * share, "beginning of the name");
                } else if name.len() > wanted.len() && name.contains(wanted.as_str()) {
                    let share = wanted.len() as f64 / name.len() as f64;
                    add(ids, 0.3 + 0.4 * share, "part of the name");
                } else if wanted.len() >= SHORTEST_VAGUE && name.len().abs_diff(wanted.len()) <= 3 {
                    let alike = strsim::normalized_damerau_levenshtein(name, &wanted);
                    if (ALIKE..1.0).contains(&alike) {
                        add(ids, 0.9 * alike, "nearly the name");
                    }
                }
            }
        }
    }
}

/// Each name, and names next to each other as one: "decorate source line" may be one name.
fn joined(names: &[String]) -> Vec<(String, usize)> {
    let plain: Vec<String> = names.iter().map(|name| plain(name)).collect();
    let mut all = Vec::new();
    for start in 0..plain.len() {
        for end in start + 1..=plain.len().min(start + MOST_JOINED) {
            all.push((plain[start..end].concat(), end - start));
        }
    }
    all
}

/// Small letters and digits alone.
fn plain(name: &str) -> String {
    let letters = name.chars().filter(|letter| letter.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}
