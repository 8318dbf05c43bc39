//! Elements by their names: exactly, whatever the case and the joints, by their beginning, or with
//! a letter or two wrong.

use std::collections::HashMap;

use mira_syntax::ImportedName;
use sqlx::Row as _;

use super::question::{Question, is_written_as_name};
use crate::model::{CHUNK_COLUMNS, Chunk};
use crate::pattern::{EDIT, Match, Pattern, SCATTERED};
use crate::symbols::Symbols;
use crate::tokens::letters_of;
use crate::{Index, IndexError};

/// Elements that one name may bring; a name that so many have says little.
const MOST_OF_A_NAME: usize = 40;
/// Shorter names are not looked for vaguely, in letters.
const SHORTEST_VAGUE: usize = 5;
/// Words of a question that may together be one name.
const MOST_JOINED: usize = 5;

/// What a name that is written just as it was asked for is worth beside one of the same letters.
const WRITTEN_SO: f64 = 1.5;
/// What a name is worth that has the letters asked for in another case or with other joints, where
/// one is written as it was asked for.
const OTHERWISE: f64 = 0.5;
/// What a vague name is worth where the very name is there.
const BESIDE_EXACT: f64 = 0.5;

/// What a place is worth where a name from outside enters.
const GIVEN_ON: f64 = 1.2;
/// So many of them are looked at.
const MOST_GIVEN_ON: usize = 20;

/// How a name was met that is the one asked for.
pub(super) const EXACT: &str = "name";

/// How the place was met where a name from outside enters.
pub(super) const GIVEN: &str = "given on under this name";

/// An element whose name fits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub chunk: Chunk,
    /// From 0 to 1; [`WRITTEN_SO`] times as much of a name that is asked for alone.
    pub strength: f64,
    pub how: &'static str,
}

impl Index {
    /// Elements whose names the question holds, with the piece that each begins in.
    pub(super) async fn names_of(&self, question: &Question) -> Result<Vec<Named>, IndexError> {
        self.loaded().await?;
        let (found, given_on) = {
            let symbols = self.symbols();
            let given_on = given_on(&symbols, question);
            (find(&symbols, question, &given_on), given_on)
        };
        let mut named = self.given_on(&given_on).await?;
        if found.is_empty() {
            return Ok(named);
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
        named.sort_by(|a: &Named, b| {
            b.strength
                .total_cmp(&a.strength)
                .then(a.chunk.id.cmp(&b.chunk.id))
        });
        Ok(named)
    }

    /// The pieces that hold these lines of files.
    async fn given_on(&self, places: &[(i64, usize)]) -> Result<Vec<Named>, IndexError> {
        let sql = format!(
            "SELECT {CHUNK_COLUMNS} FROM chunks c JOIN files f ON f.id = c.file_id
             WHERE c.file_id = ?1 AND c.start_line <= ?2 AND c.end_line >= ?2
             ORDER BY c.start_line LIMIT 1"
        );
        let mut named = Vec::new();
        for (file, line) in places {
            let row = sqlx::query(sqlx::AssertSqlSafe(sql.as_str()))
                .bind(file)
                .bind(i64::try_from(*line).unwrap_or(i64::MAX))
                .fetch_optional(self.reader())
                .await?;
            let Some(row) = row else { continue };
            named.push(Named {
                chunk: Chunk::of(&row)?,
                strength: GIVEN_ON,
                how: GIVEN,
            });
        }
        Ok(named)
    }
}

/// Where a name that was asked for is given on (`pub use`, `export … from`), file and line, if
/// nothing here is written so: it is defined outside, and this is where it enters.
fn given_on(symbols: &Symbols, question: &Question) -> Vec<(i64, usize)> {
    let asked = |name: &String| question.is_name && !symbols.by_name.contains_key(name.as_str());
    let asked: Vec<&String> = question.names.iter().filter(|name| asked(name)).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let mut places = Vec::new();
    for file in symbols.files.values() {
        let enters = file.path.ends_with("__init__.py");
        let given = file.imports.iter().filter(|one| {
            let named =
                |one: &ImportedName| asked.contains(&one.alias.as_ref().unwrap_or(&one.name));
            (one.is_reexport || enters) && one.names.iter().any(named)
        });
        places.extend(given.map(|one| (&file.path, file.id, one.line)));
    }
    places.sort_unstable();
    let places = places.into_iter().take(MOST_GIVEN_ON);
    places.map(|(_, file, line)| (file, line)).collect()
}

/// What is found: elements, how well their names fit, and in which way.
type Found = HashMap<i64, (f64, &'static str)>;

fn find(symbols: &Symbols, question: &Question, given_on: &[(i64, usize)]) -> Found {
    let mut found = Found::new();
    let mut is_whole = false;
    let all = question.written.len().max(1) as f64;
    for (name, words) in joined(&question.written) {
        if name.chars().count() < 2 {
            continue;
        }
        let mut ids = symbols.with_letters(&name);
        if ids.is_empty() {
            continue;
        }
        ids.sort_unstable();
        is_whole |= words == question.names.len();
        let is_written = |one: &String| letters_of(one) == name && is_written_as_name(one);
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
        if question.is_name {
            let (so, otherwise): (Vec<i64>, Vec<i64>) = ids.into_iter().partition(|id| {
                let name = symbols.elements.get(id).map(|one| &*one.name);
                name.is_some_and(|name| question.written.iter().any(|written| written == name))
            });
            let is_otherwise = !so.is_empty() || !given_on.is_empty();
            let less = if is_otherwise { OTHERWISE } else { 1.0 };
            add(&mut found, &so, strength * WRITTEN_SO, EXACT);
            add(&mut found, &otherwise, strength * less, EXACT);
        } else {
            add(&mut found, &ids, strength, EXACT);
        }
    }
    if question.is_name {
        let share = if is_whole { BESIDE_EXACT } else { 1.0 };
        find_vaguely(symbols, question, share, &mut found);
    }
    found
}

/// `beside`: the share that a vague name is worth beside what else was found.
fn find_vaguely(symbols: &Symbols, question: &Question, beside: f64, found: &mut Found) {
    for (wanted, words) in joined(&question.names) {
        if wanted.chars().count() < SHORTEST_VAGUE.min(3 + words) {
            continue;
        }
        let pattern = Pattern::new(&wanted);
        for (name, ids) in &symbols.by_name {
            let Some((how, off)) = pattern.compare(name) else {
                continue;
            };
            let share = (wanted.len() as f64 / name.len() as f64).min(1.0);
            let (strength, how) = match how {
                Match::Exact | Match::SameLetters => continue,
                Match::Begins => (0.5 + 0.4 * share, "beginning of the name"),
                Match::PartBegins | Match::Contains => (0.3 + 0.4 * share, "part of the name"),
                Match::Vague if off < SCATTERED => {
                    let wrong = f64::from(off / EDIT) / wanted.len() as f64;
                    (0.9 * (1.0 - wrong), "nearly the name")
                }
                Match::Vague => (0.3 * share, "its letters are in the name"),
            };
            add(found, ids, strength * beside, how);
        }
    }
}

fn add(found: &mut Found, ids: &[i64], strength: f64, how: &'static str) {
    for id in ids.iter().take(MOST_OF_A_NAME) {
        let best = found.entry(*id).or_insert((0.0, how));
        if strength > best.0 {
            *best = (strength, how);
        }
    }
}

/// Each name, and names next to each other as one: "decorate source line" may be one name.
fn joined(names: &[String]) -> Vec<(String, usize)> {
    let letters: Vec<String> = names.iter().map(|name| letters_of(name)).collect();
    let mut all = Vec::new();
    for start in 0..letters.len() {
        for end in start + 1..=letters.len().min(start + MOST_JOINED) {
            all.push((letters[start..end].concat(), end - start));
        }
    }
    all
}
