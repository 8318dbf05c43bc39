//! How much the rest of the project leans on an element: PageRank over its uses.

use super::Code;
use crate::map::KNOWN;

const DAMPING: f64 = 0.85;
const ROUNDS: usize = 30;

/// For each element a number; those of all elements, the silent ones too, add up to 1.
pub(super) fn of(code: &Code) -> Vec<f64> {
    if code.elements.is_empty() {
        return Vec::new();
    }
    let count = code.elements.len();
    let all = (count + code.silent) as f64;
    // A use counts with its confidence; a hundred uses in one place are not a hundred users.
    let weight = |edge: &super::CodeEdge| edge.confidence * f64::from(edge.times).ln_1p();
    let mut given = vec![0.0; count];
    let edges: Vec<(usize, usize, f64)> = code
        .edges
        .iter()
        .filter(|edge| edge.confidence >= KNOWN)
        .filter_map(|edge| Some((edge.from?, edge.to, weight(edge))))
        .filter(|(from, to, _)| from != to)
        .collect();
    for (from, _, weight) in &edges {
        given[*from] += weight;
    }
    let mut rank = vec![1.0 / all; count];
    // What each of the silent ones has.
    let mut least = 1.0 / all;
    for _ in 0..ROUNDS {
        let idle: f64 = (0..count)
            .filter(|at| given[*at] == 0.0)
            .map(|at| rank[at])
            .sum();
        let idle = idle + least * code.silent as f64;
        let base = (1.0 - DAMPING + DAMPING * idle) / all;
        let mut next = vec![base; count];
        for (from, to, weight) in &edges {
            next[*to] += DAMPING * rank[*from] * weight / given[*from];
        }
        rank = next;
        least = base;
    }
    rank
}
