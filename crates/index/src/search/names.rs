//! Elements by their names: exactly, whatever the case and the joints, by their beginning, or with
//! a letter or two wrong.

use std::collections::HashMap;

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

/// How a name was met that is the one asked for.
pub(super) const EXACT: &str = "name";

/// An element whose name fits.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Named {
    pub chunk: Chunk,
    /// From 0 to 1.
    pub strength: f64,
    pub how: &'static str,
}

impl Index {
    /// Elements whose names the question holds, with the piece that each begins in.
    pub(super) async fn names_of(&self, question: &Question) -> Result<Vec<Named>, IndexError> {
        self.loaded().await?;
        let found = find(&self.symbols(), question);
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

/// What is found: elements, how well their names fit, and in which way.
type Found = HashMap<i64, (f64, &'static str)>;

fn find(symbols: &Symbols, question: &Question) -> Found {
    let mut found = Found::new();
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
        add(&mut found, &ids, strength, EXACT);
    }
    if question.is_name {
        find_vaguely(symbols, question, &mut found);
    }
    found
}

fn find_vaguely(symbols: &Symbols, question: &Question, found: &mut Found) {
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
            add(found, ids, strength, how);
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
