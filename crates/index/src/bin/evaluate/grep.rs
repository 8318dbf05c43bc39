//! What one gets without an index: each word of the question looked for as it is, and the lines
//! put to the element that they stand in; most different words first, then most lines.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;
use mira_index::{Element, Index};
use mira_workspace::search::{Case, Query};
use tokio_util::sync::CancellationToken;

use crate::data::Place;

/// Shorter words are in every line.
const SHORTEST: usize = 4;
const MOST_LINES: usize = 5_000;

pub async fn ranked(index: &Index, question: &str) -> Result<Vec<Place>> {
    let words: BTreeSet<String> = question
        .split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.len() >= SHORTEST)
        .map(str::to_lowercase)
        .collect();
    let mut elements: HashMap<String, Vec<Element>> = HashMap::new();
    let mut found: BTreeMap<(String, u32, u32), (BTreeSet<usize>, usize)> = BTreeMap::new();
    for (number, word) in words.iter().enumerate() {
        let query = Query {
            pattern: word.clone(),
            literal: true,
            case: Case::Insensitive,
            max_matches: MOST_LINES,
            max_bytes: usize::MAX,
            ..Query::default()
        };
        for file in index
            .workspace()
            .search(&query, &CancellationToken::new())?
            .files
        {
            if !elements.contains_key(&file.path) {
                elements.insert(file.path.clone(), index.elements_of(&file.path).await?);
            }
            for line in file.lines.iter().filter(|line| line.is_match) {
                let (start, end) = around(&elements[&file.path], line.number as u32);
                let entry = found.entry((file.path.clone(), start, end)).or_default();
                entry.0.insert(number);
                entry.1 += 1;
            }
        }
    }
    let mut all: Vec<_> = found.into_iter().collect();
    all.sort_by(|(a, x), (b, y)| (y.0.len(), y.1).cmp(&(x.0.len(), x.1)).then(a.cmp(b)));
    let places = all
        .into_iter()
        .map(|((path, start, end), _)| Place { path, start, end });
    Ok(places.take(10).collect())
}

/// The smallest element around the line that has more than one, else the lines near it.
fn around(elements: &[Element], line: u32) -> (u32, u32) {
    let within = elements.iter().filter(|one| {
        (one.start_line..=one.end_line).contains(&line) && one.end_line > one.start_line
    });
    let smallest = within.min_by_key(|one| one.end_line - one.start_line);
    match smallest {
        Some(one) => (one.start_line, one.end_line),
        None => (line.saturating_sub(5).max(1), line + 5),
    }
}
