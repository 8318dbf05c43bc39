//! What matters most: elements ranked by who uses them, and a map of the project that fits a
//! budget.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use mira_syntax::{Kind, Visibility};
use serde::Serialize;
use sqlx::Row as _;

use crate::model::Element;
use crate::symbols::Symbols;
use crate::{Index, IndexError};

/// What the map is for.
#[derive(Debug, Clone, PartialEq)]
pub struct MapQuery {
    /// Tokens that its text may have, at four bytes each.
    pub budget_tokens: usize,
    /// Only files below this folder.
    pub path: Option<String>,
    /// Files and folders that somebody works on: what they use counts more.
    pub focus: Vec<String>,
}

impl Default for MapQuery {
    fn default() -> Self {
        Self {
            budget_tokens: 2_000,
            path: None,
            focus: Vec::new(),
        }
    }
}

/// The most important elements of a project, by file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RepositoryMap {
    /// Files by their most important element; under each its elements, in its own order.
    pub files: Vec<MapFile>,
    /// The same as text: a path, then `line signature` for each element.
    pub text: String,
    pub tokens: usize,
    /// Files and elements that could have been on it.
    pub of_files: usize,
    pub of_elements: usize,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapFile {
    pub path: String,
    pub elements: Vec<MapElement>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapElement {
    pub element: Element,
    /// Its share of the importance of all, times the number of elements: 1 is average.
    pub importance: f64,
}

/// Ranks of one generation.
pub(crate) type KeptRanks = tokio::sync::Mutex<Option<(u64, Arc<HashMap<i64, f64>>)>>;

const ROUNDS: usize = 24;
/// Share of the rank that is passed along uses; the rest begins anew everywhere.
const PASSED: f64 = 0.85;
const BYTES_PER_TOKEN: usize = 4;
/// Uses less sure than this pass nothing on: they are guessed by a name alone, and an element with
/// a common one would lead the map.
pub(crate) const KNOWN: f64 = 0.6;

impl Index {
    /// How important each element is for the others: 1 is average.
    pub async fn importance(&self) -> Result<Arc<HashMap<i64, f64>>, IndexError> {
        let generation = self.state().generation;
        let mut kept = self.shared.ranks.lock().await;
        if let Some((of, ranks)) = kept.as_ref()
            && *of == generation
        {
            return Ok(ranks.clone());
        }
        let ranks = Arc::new(self.rank(&[]).await?);
        *kept = Some((generation, ranks.clone()));
        Ok(ranks)
    }

    /// The most important elements that fit the budget.
    pub async fn map(&self, query: &MapQuery) -> Result<RepositoryMap, IndexError> {
        let ranks = if query.focus.is_empty() {
            self.importance().await?
        } else {
            Arc::new(self.rank(&query.focus).await?)
        };
        self.loaded().await?;
        let mut candidates = {
            let symbols = self.symbols();
            candidates(&symbols, &ranks, query)
        };
        let of_elements = candidates.len();
        let of_files = candidates
            .iter()
            .map(|(_, file, _)| *file)
            .collect::<std::collections::HashSet<_>>()
            .len();
        // No line of the map is shorter than this.
        candidates.truncate(query.budget_tokens * BYTES_PER_TOKEN / 12 + 1);
        let ids: Vec<i64> = candidates.iter().map(|(_, _, id)| *id).collect();
        let elements = self.elements_by_id(&ids).await?;
        let mut map = fit(elements, &ranks, query.budget_tokens * BYTES_PER_TOKEN);
        (map.of_files, map.of_elements) = (of_files, of_elements);
        Ok(map)
    }

    async fn rank(&self, focus: &[String]) -> Result<HashMap<i64, f64>, IndexError> {
        self.loaded().await?;
        let rows = sqlx::query(
            "SELECT caller_id, callee_id, times, confidence FROM call_graph WHERE confidence >= ?",
        )
        .bind(KNOWN)
        .fetch_all(self.reader())
        .await?;
        let mut edges = Vec::with_capacity(rows.len());
        for row in &rows {
            let times: i64 = row.try_get(2)?;
            let confidence: f64 = row.try_get(3)?;
            let weight = confidence * (times as f64).sqrt();
            edges.push((row.try_get::<i64, _>(0)?, row.try_get::<i64, _>(1)?, weight));
        }
        let symbols = self.symbols();
        Ok(page_rank(&symbols, &edges, focus))
    }
}

fn page_rank(symbols: &Symbols, edges: &[(i64, i64, f64)], focus: &[String]) -> HashMap<i64, f64> {
    let mut places: HashMap<i64, usize> = HashMap::with_capacity(symbols.elements.len());
    // Sorted, so that sums are the same each time.
    let mut ids: Vec<i64> = symbols.elements.keys().copied().collect();
    ids.extend(symbols.files.keys().map(|id| -id));
    ids.sort_unstable();
    for (place, id) in ids.iter().enumerate() {
        places.insert(*id, place);
    }
    let begins = beginnings(symbols, &ids, focus);
    let mut links: Vec<(usize, usize, f64)> = Vec::with_capacity(edges.len());
    let mut out = vec![0.0; ids.len()];
    for (caller, callee, weight) in edges {
        let (Some(from), Some(to)) = (places.get(caller), places.get(callee)) else {
            continue;
        };
        // What only tests use is not what the project is about.
        let is_test = symbols.elements.get(caller).is_some_and(|one| one.is_test);
        let weight = if is_test { weight * 0.2 } else { *weight };
        links.push((*from, *to, weight));
        out[*from] += weight;
    }
    let mut ranks = begins.clone();
    for _ in 0..ROUNDS {
        let lost: f64 = (0..ids.len())
            .filter(|at| out[*at] == 0.0)
            .map(|at| ranks[at])
            .sum();
        let mut next: Vec<f64> = begins
            .iter()
            .map(|begin| begin * (1.0 - PASSED + PASSED * lost))
            .collect();
        for (from, to, weight) in &links {
            next[*to] += PASSED * ranks[*from] * weight / out[*from];
        }
        ranks = next;
    }
    let count = symbols.elements.len().max(1) as f64;
    ids.into_iter()
        .zip(ranks)
        .filter(|(id, _)| *id > 0)
        .map(|(id, rank)| (id, rank * count))
        .collect()
}

/// Where rank begins: everywhere alike, but for files that are in focus.
fn beginnings(symbols: &Symbols, ids: &[i64], focus: &[String]) -> Vec<f64> {
    let is_in_focus = |id: &i64| {
        let file = match *id < 0 {
            true => symbols.files.get(&-id),
            false => symbols
                .elements
                .get(id)
                .and_then(|one| symbols.files.get(&one.file)),
        };
        file.is_some_and(|file| {
            focus.iter().any(|path| {
                let path = path.trim_matches('/');
                *file.path == *path || crate::resolve::manifests::is_below(&file.path, path)
            })
        })
    };
    let weights: Vec<f64> = ids
        .iter()
        .map(|id| match focus.is_empty() || is_in_focus(id) {
            true => 1.0,
            false => 0.02,
        })
        .collect();
    let sum: f64 = weights.iter().sum();
    weights
        .into_iter()
        .map(|weight| weight / sum.max(f64::MIN_POSITIVE))
        .collect()
}

/// Elements that may stand on the map, the most important first: rank, file, id.
fn candidates(
    symbols: &Symbols,
    ranks: &HashMap<i64, f64>,
    query: &MapQuery,
) -> Vec<(f64, i64, i64)> {
    let folder = query.path.as_deref().unwrap_or_default().trim_matches('/');
    let mut candidates: Vec<(f64, i64, i64)> = symbols
        .elements
        .values()
        .filter(|one| {
            let is_shown = one.kind.is_callable() && one.kind != Kind::Test
                || one.kind.is_type()
                || matches!(one.kind, Kind::Constant | Kind::Table | Kind::View);
            is_shown && !one.is_test && one.visibility != Visibility::Local
        })
        .filter(|one| {
            let file = symbols.files.get(&one.file);
            file.is_some_and(|file| {
                !file.is_test
                    && (*file.path == *folder
                        || crate::resolve::manifests::is_below(&file.path, folder))
            })
        })
        .map(|one| {
            let rank = ranks.get(&one.id).copied().unwrap_or(0.0);
            // Of two that are used alike, the one that others may use says more.
            let open = if one.visibility == Visibility::Public {
                1.3
            } else {
                1.0
            };
            (rank * open, one.file, one.id)
        })
        .collect();
    candidates.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.2.cmp(&right.2)));
    candidates
}

/// As many as fit, by file.
fn fit(elements: Vec<Element>, ranks: &HashMap<i64, f64>, budget: usize) -> RepositoryMap {
    let mut order: Vec<String> = Vec::new();
    let mut files: BTreeMap<String, Vec<MapElement>> = BTreeMap::new();
    let mut bytes = 0;
    for element in elements {
        let is_new = !files.contains_key(&element.path);
        let cost = line_of(&element).len() + if is_new { element.path.len() + 1 } else { 0 };
        if bytes + cost > budget {
            // A shorter one may still fit; but not many more.
            if bytes * 10 > budget * 9 {
                break;
            }
            continue;
        }
        bytes += cost;
        if is_new {
            order.push(element.path.clone());
        }
        let importance = ranks.get(&element.id).copied().unwrap_or(0.0);
        files
            .entry(element.path.clone())
            .or_default()
            .push(MapElement {
                element,
                importance,
            });
    }
    let mut map = RepositoryMap {
        files: Vec::with_capacity(order.len()),
        text: String::with_capacity(bytes),
        tokens: bytes.div_ceil(BYTES_PER_TOKEN),
        of_files: 0,
        of_elements: 0,
    };
    for path in order {
        let mut elements = files.remove(&path).unwrap_or_default();
        elements.sort_by_key(|one| (one.element.start_line, one.element.id));
        map.text.push_str(&path);
        map.text.push('\n');
        for one in &elements {
            map.text.push_str(&line_of(&one.element));
        }
        map.files.push(MapFile { path, elements });
    }
    map
}

fn line_of(element: &Element) -> String {
    // A member is named with its type, because its neighbours may not be on the map.
    let owner = element
        .qualified_name
        .strip_suffix(element.name.as_str())
        .unwrap_or_default();
    let owner = if element.parent.is_some() && !owner.is_empty() {
        format!(" [{}]", owner.trim_end_matches(['.', ':', '#']))
    } else {
        String::new()
    };
    format!("  {} {}{owner}\n", element.start_line, element.signature)
}
