//! From ranked candidates to an answer: descriptions, neighbours, ranges, text within a budget.

use std::collections::HashMap;

use sqlx::Row as _;

use super::rank::{Candidates, Ranked};
use super::{Also, Answer, Hit, Query, Sense};
use crate::model::{CHUNK_COLUMNS, Chunk, Element};
use crate::{Index, IndexError};

/// Candidates whose neighbours are looked at.
const LEADING: usize = 8;
/// Neighbours of each; who has more says little by it.
const NEIGHBOURS: usize = 12;
/// Bytes of a token of code, about.
const BYTES_A_TOKEN: usize = 3;
/// An element longer than this is shown by its beginning, in lines.
const LONG: u32 = 200;
/// So much of it, where its own first piece did not answer.
const BEGINNING: u32 = 40;

impl Index {
    pub(super) async fn describe(&self, candidates: &mut Candidates) -> Result<(), IndexError> {
        let elements = self.elements_by_id(&candidates.elements()).await?;
        candidates.describe(elements);
        Ok(())
    }

    /// What the leading candidates call, and who calls them, stands a little higher.
    pub(super) async fn add_neighbours(
        &self,
        candidates: &mut Candidates,
    ) -> Result<(), IndexError> {
        let leading: HashMap<i64, f64> = candidates.leading(LEADING).into_iter().collect();
        let most = leading.values().copied().fold(f64::MIN_POSITIVE, f64::max);
        let sql = format!(
            "SELECT {CHUNK_COLUMNS}, g.seed, g.other, g.confidence, g.calls, e.name FROM (
               SELECT caller_id AS seed, callee_id AS other, confidence, 1 AS calls FROM call_graph
               WHERE caller_id IN (SELECT value FROM json_each(?1))
               UNION ALL
               SELECT callee_id, caller_id, confidence, 0 FROM call_graph
               WHERE callee_id IN (SELECT value FROM json_each(?1)) AND caller_id > 0) g
             JOIN elements o ON o.id = g.other JOIN elements e ON e.id = g.seed
             JOIN files f ON f.id = o.file_id
             JOIN chunks c ON c.id = (SELECT id FROM chunks WHERE file_id = o.file_id
               AND end_line >= o.name_line ORDER BY start_line LIMIT 1)"
        );
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(crate::rows::json(leading.keys().copied()))
            .fetch_all(self.reader())
            .await?;
        let mut count: HashMap<(i64, i64), usize> = HashMap::new();
        for row in &rows {
            let (seed, calls): (i64, i64) = (row.try_get(9)?, row.try_get(12)?);
            *count.entry((seed, calls)).or_default() += 1;
        }
        for row in &rows {
            let (seed, other): (i64, i64) = (row.try_get(9)?, row.try_get(10)?);
            let confidence: f64 = row.try_get(11)?;
            let calls: i64 = row.try_get(12)?;
            let name: String = row.try_get(13)?;
            if seed == other || count[&(seed, calls)] > NEIGHBOURS {
                continue;
            }
            let mut chunk = Chunk::of(row)?;
            chunk.element = Some(other);
            let standing = leading.get(&seed).copied().unwrap_or_default() / most;
            let share = standing * confidence.clamp(0.0, 1.0);
            let how = if calls == 1 { "called by" } else { "calls" };
            candidates.add_neighbour(chunk, share, format!("{how} {name}"));
        }
        self.describe(candidates).await
    }

    pub(super) async fn answer(
        &self,
        query: &Query,
        ranked: Vec<Ranked>,
        meaning: Sense,
    ) -> Result<Answer, IndexError> {
        let best = ranked
            .first()
            .map_or(1.0, |one| one.score)
            .max(f64::MIN_POSITIVE);
        let mut answer = Answer {
            hits: Vec::new(),
            meaning,
            tokens: 0,
            is_cut: false,
        };
        for one in ranked {
            if answer.hits.len() >= query.limit {
                break;
            }
            let mut hit = hit(one, best);
            if answer.hits.iter().any(|other| covers(other, &hit)) {
                continue;
            }
            if let Some(budget) = query.budget_tokens {
                let left = budget.saturating_sub(answer.tokens);
                let Some(tokens) = self.fill(&mut hit, left).await? else {
                    answer.is_cut = true;
                    continue;
                };
                answer.tokens += tokens;
            }
            answer.hits.push(hit);
        }
        Ok(answer)
    }

    /// Puts in the text; None where it does not fit any more: something shorter may.
    async fn fill(&self, hit: &mut Hit, tokens: usize) -> Result<Option<usize>, IndexError> {
        let excerpt = match self.excerpt(&hit.path, hit.start_line, hit.end_line).await {
            Ok(excerpt) => excerpt,
            // Gone since it was indexed.
            Err(IndexError::Project(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let needed = excerpt.text.len().div_ceil(BYTES_A_TOKEN);
        if needed > tokens {
            return Ok(None);
        }
        hit.text = Some(excerpt.text);
        Ok(Some(needed))
    }
}

fn hit(ranked: Ranked, best: f64) -> Hit {
    let Ranked {
        chunk,
        element,
        score,
        mut why,
        known,
        also,
    } = ranked;
    let (start_line, end_line) = range(&chunk, element.as_ref());
    let also = also.into_iter().map(|one| {
        let (start_line, end_line) = range(&one.chunk, one.element.as_ref());
        Also {
            start_line,
            end_line,
            element: one.element,
        }
    });
    let also = also.filter(|one| (one.start_line, one.end_line) != (start_line, end_line));
    why.sort_by(|a, b| b.points.total_cmp(&a.points));
    Hit {
        path: chunk.path,
        language: chunk.language,
        start_line,
        end_line,
        element,
        text: None,
        score: score / best,
        why,
        known: known.map(Vec::from).unwrap_or_default(),
        also: also.collect(),
    }
}

/// The element; where it is too long to be shown, the piece that it begins in.
fn range(chunk: &Chunk, element: Option<&Element>) -> (u32, u32) {
    let Some(element) = element else {
        return (chunk.start_line, chunk.end_line);
    };
    let (start, end) = (element.start_line, element.end_line);
    if end - start < LONG {
        (start, end)
    } else if (chunk.start_line..=chunk.end_line).contains(&start) {
        (chunk.start_line, chunk.end_line)
    } else {
        (start, end.min(start + BEGINNING - 1))
    }
}

/// The same place again: nothing new in it.
fn covers(shown: &Hit, other: &Hit) -> bool {
    shown.path == other.path
        && shown.start_line == other.start_line
        && shown.end_line == other.end_line
}
