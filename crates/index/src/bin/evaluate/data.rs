//! The judged questions, and how an answer to one is scored.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use mira_index::Hit;
use serde::Deserialize;

#[derive(Deserialize)]
struct Packages {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
pub struct Package {
    pub name: String,
    pub language: String,
}

#[derive(Deserialize)]
pub struct Question {
    pub id: String,
    pub kind: String,
    pub half: String,
    pub question: String,
    pub truth: Vec<Truth>,
}

#[derive(Clone, Deserialize)]
pub struct Truth {
    pub grade: u32,
    pub file: String,
    /// Its name, for people.
    #[serde(default)]
    pub element: String,
    /// None: any place of the file answers, which is how others judge.
    pub lines: Option<(u32, u32)>,
}

/// A result: a file and lines, both ends counted.
#[derive(Clone)]
pub struct Place {
    pub path: String,
    pub start: u32,
    pub end: u32,
}

/// Results that count.
pub const TOP: usize = 10;
/// A longer result answers only what begins where it begins.
const LONG: u32 = 200;

impl Place {
    pub fn of(hit: &Hit) -> Self {
        Self {
            path: hit.path.clone(),
            start: hit.start_line,
            end: hit.end_line,
        }
    }

    /// A hit, and the places of its file that are named with it.
    pub fn read(hit: &Hit) -> impl Iterator<Item = Self> {
        let also = hit.also.iter().map(|one| Self {
            path: hit.path.clone(),
            start: one.start_line,
            end: one.end_line,
        });
        std::iter::once(Self::of(hit)).chain(also)
    }

    pub fn answers(&self, truth: &Truth) -> bool {
        if self.path != truth.file {
            return false;
        }
        let Some((first, last)) = truth.lines else {
            return true;
        };
        let holds_first = (self.start..=self.end).contains(&first);
        let shared = (self.end.min(last) + 1).saturating_sub(self.start.max(first));
        let fits = holds_first || shared * 2 > last - first;
        let long = self.end - self.start + 1 > LONG;
        fits && (!long || self.start.abs_diff(first) <= 3)
    }
}

pub fn packages(data: &Path) -> Result<Vec<Package>> {
    let file = data.join("packages.json");
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let all: Packages = serde_json::from_str(&text).context("packages.json")?;
    Ok(all.packages)
}

pub fn questions(data: &Path, package: &str) -> Result<Vec<Question>> {
    let file = data.join("questions").join(format!("{package}.jsonl"));
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).with_context(|| format!("{package}: {line}")))
        .collect()
}

fn gain(grade: u32, rank: usize) -> f64 {
    (f64::from(2_u32.pow(grade)) - 1.0) / (rank as f64 + 2.0).log2()
}

fn ideal(mut grades: Vec<u32>) -> f64 {
    grades.sort_unstable_by(|a, b| b.cmp(a));
    let ranked = grades.iter().take(TOP).enumerate();
    ranked.map(|(rank, grade)| gain(*grade, rank)).sum()
}

/// NDCG@10 of the files alone: each file once, where its first result stands, with the best grade
/// that is in it.
pub fn score_by_file(truth: &[Truth], found: &[Place]) -> f64 {
    let mut grades: BTreeMap<&str, u32> = BTreeMap::new();
    for one in truth {
        let best = grades.entry(&one.file).or_default();
        *best = one.grade.max(*best);
    }
    let best = ideal(grades.values().copied().collect());
    let mut files: Vec<&str> = found.iter().take(TOP).map(|one| &*one.path).collect();
    let mut seen = BTreeSet::new();
    files.retain(|path| seen.insert(*path));
    let gained = files.iter().enumerate().map(|(rank, path)| {
        let grade = grades.get(path).copied();
        grade.map_or(0.0, |grade| gain(grade, rank))
    });
    gained.sum::<f64>() / best.max(f64::MIN_POSITIVE)
}

/// NDCG@10 and recall@10.
pub fn score(truth: &[Truth], found: &[Place]) -> (f64, f64) {
    let mut answered = vec![false; truth.len()];
    let mut total = 0.0;
    for (rank, place) in found.iter().take(TOP).enumerate() {
        let new: Vec<usize> = (0..truth.len())
            .filter(|at| !answered[*at] && place.answers(&truth[*at]))
            .collect();
        if let Some(best) = new.iter().map(|at| truth[*at].grade).max() {
            total += gain(best, rank);
        }
        new.iter().for_each(|at| answered[*at] = true);
    }
    let ideal = ideal(truth.iter().map(|one| one.grade).collect());
    let full: Vec<bool> = (0..truth.len())
        .filter(|at| truth[*at].grade == 2)
        .map(|at| answered[at])
        .collect();
    let recall =
        full.iter().filter(|answered| **answered).count() as f64 / full.len().max(1) as f64;
    (total / ideal.max(f64::MIN_POSITIVE), recall)
}
