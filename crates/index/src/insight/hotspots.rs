//! What is both hard to follow and often changed: where work on quality pays most.

use std::collections::HashMap;

use serde::Serialize;

/// What history says of a file, in the window that was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Changes {
    pub commits: u32,
    /// Commits whose message says that they mend something.
    pub fixes: u32,
    pub authors: u32,
    /// Lines added and removed.
    pub churn: u64,
}

/// What the code says of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Load {
    pub path: String,
    pub lines: u32,
    /// Of all its functions together.
    pub cognitive: u32,
    pub cyclomatic: u32,
    /// The hardest function, and its effort.
    pub hardest: Option<(String, u32)>,
    pub functions: u32,
    pub issues: u32,
}

/// A file with both, and how they compare with the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hotspot {
    pub load: Load,
    pub changes: Changes,
    /// 0 to 1: the share of files that are no harder, times the share that changed no more; None
    /// where fewer than [`LEAST_COMPARED`] files have both, for a share of few says nothing.
    pub score: Option<f64>,
    /// For people: `31 commits (7 fixes) × effort 212; hardest: parse_line (64)`.
    pub why: String,
}

/// Files with a history that there must be, so that one of them is called hotter than the others.
pub const LEAST_COMPARED: usize = 5;

/// Files in the order in which work on them pays. Files without functions, or without a change in
/// the window, are no hotspots.
pub fn hotspots(
    loads: Vec<Load>,
    changes: &HashMap<String, Changes>,
    limit: usize,
) -> Vec<Hotspot> {
    let mut both: Vec<(Load, Changes)> = loads
        .into_iter()
        .filter(|load| load.functions > 0)
        .filter_map(|load| {
            let changes = changes.get(&load.path).filter(|of| of.commits > 0)?;
            Some((load, changes.clone()))
        })
        .collect();
    let efforts = sorted(both.iter().map(|(load, _)| effort(load)));
    let unrest = sorted(both.iter().map(|(_, changes)| restless(changes)));
    let heat = |(load, changes): &(Load, Changes)| {
        share_below(&efforts, effort(load)) * share_below(&unrest, restless(changes))
    };
    both.sort_by(|a, b| {
        let by_heat = heat(b).total_cmp(&heat(a));
        by_heat.then_with(|| a.0.path.cmp(&b.0.path))
    });
    let compares = both.len() >= LEAST_COMPARED;
    both.into_iter()
        .take(limit)
        .map(|both| Hotspot {
            score: compares.then(|| heat(&both)),
            why: why(&both.0, &both.1),
            load: both.0,
            changes: both.1,
        })
        .collect()
}

fn effort(load: &Load) -> f64 {
    f64::from(load.cognitive) + f64::from(load.lines) / 100.0
}

/// A fix weighs as much as three other commits.
fn restless(changes: &Changes) -> f64 {
    f64::from(changes.commits) + 2.0 * f64::from(changes.fixes)
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

/// How much of all is at most this.
fn share_below(sorted: &[f64], value: f64) -> f64 {
    let below = sorted.partition_point(|one| *one <= value);
    below as f64 / sorted.len().max(1) as f64
}

fn why(load: &Load, changes: &Changes) -> String {
    let mut text = format!("{} commits", changes.commits);
    if changes.fixes > 0 {
        text += &format!(" ({} fixes)", changes.fixes);
    }
    text += &format!(" × effort {}", load.cognitive);
    if let Some((name, effort)) = &load.hardest {
        text += &format!("; hardest: {name} ({effort})");
    }
    text
}
