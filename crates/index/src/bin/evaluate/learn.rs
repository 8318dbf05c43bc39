//! Weights for the order of what a sentence brings, learnt from the half of the questions that may
//! be looked at.
//!
//! Of one question, the weighed sums of what is known of its candidates become shares (softmax), and
//! the weights are moved until the judged places have as much of it as their grades say. What moves
//! a weight far needs many questions to agree: squares of weights cost.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use mira_index::{Hit, known_names};

use crate::data::{self, Place, Truth};

/// So many candidates of a question are learnt from.
pub const CANDIDATES: usize = 150;
/// What the squares of the weights cost beside one question, each in units of its own spread.
const RESTRAINT: f64 = 30.0;
const STEPS: i32 = 150;
const PACE: f64 = 0.12;

/// A question with what it brought.
pub struct Lesson {
    pub package: String,
    pub truth: Vec<Truth>,
    places: Vec<Place>,
    known: Vec<Vec<f64>>,
    /// Shares that add up to 1.
    wanted: Vec<f64>,
    /// Files were judged, not places: within one, whichever candidate stands best may answer.
    is_by_file: bool,
}

impl Lesson {
    /// None where there is nothing to learn: a name was asked for, or nothing judged was found.
    pub fn of(package: &str, truth: Vec<Truth>, hits: &[Hit]) -> Option<Self> {
        let gains: Vec<f64> = hits
            .iter()
            .map(|hit| f64::from(2_u32.pow(grade(hit, &truth))) - 1.0)
            .collect();
        let total: f64 = gains.iter().sum();
        let is_by_file = truth.iter().any(|one| one.lines.is_none());
        let is_sentence = hits.first().is_some_and(|hit| !hit.known.is_empty());
        (is_sentence && total > 0.0).then(|| Self {
            package: package.to_owned(),
            truth,
            places: hits.iter().map(Place::of).collect(),
            known: hits.iter().map(|hit| hit.known.clone()).collect(),
            wanted: gains.iter().map(|gain| gain / total).collect(),
            is_by_file,
        })
    }

    /// What the shares should be, when they are now these.
    fn wanted(&self, shares: &[f64]) -> Cow<'_, [f64]> {
        if !self.is_by_file {
            return Cow::Borrowed(&self.wanted);
        }
        let mut files: HashMap<&str, f64> = HashMap::new();
        let judged = || (0..shares.len()).filter(|at| self.wanted[*at] > 0.0);
        for at in judged() {
            *files.entry(&self.places[at].path).or_default() += shares[at];
        }
        let mut wanted = vec![0.0; shares.len()];
        for at in judged() {
            let file = files[self.places[at].path.as_str()].max(f64::MIN_POSITIVE);
            wanted[at] = shares[at] / file / files.len() as f64;
        }
        Cow::Owned(wanted)
    }

    /// NDCG@10 in the order of these weights.
    fn score(&self, weights: &[f64]) -> f64 {
        let mut order: Vec<(f64, usize)> = self
            .known
            .iter()
            .enumerate()
            .map(|(at, known)| (dot(weights, known), at))
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let found: Vec<Place> = order
            .iter()
            .take(data::TOP)
            .map(|(_, at)| self.places[*at].clone())
            .collect();
        data::score(&self.truth, &found).0
    }
}

/// The grade of the judged place that this is, and not only holds.
fn grade(hit: &Hit, truth: &[Truth]) -> u32 {
    let place = Place::of(hit);
    let (start, end) = hit
        .element
        .as_ref()
        .map_or((place.start, place.end), |one| {
            (one.start_line, one.end_line)
        });
    let is_same = |one: &&Truth| {
        let Some((first, last)) = one.lines else {
            return one.file == hit.path;
        };
        let ends_alike = end.abs_diff(last) <= 3;
        one.file == hit.path
            && match hit.element {
                Some(_) => start.abs_diff(first) <= 1 || (start <= first && ends_alike),
                None => place.answers(one),
            }
    };
    let same = truth.iter().filter(is_same);
    same.map(|one| one.grade).max().unwrap_or(0)
}

/// One weight for each of [`known_names`].
pub fn weights(lessons: &[&Lesson]) -> Vec<f64> {
    let width = known_names().count();
    let spread = spread(lessons, width);
    let count = lessons.len().max(1) as f64;
    let (mut weights, mut drift, mut size) = (vec![0.0; width], vec![0.0; width], vec![0.0; width]);
    for step in 1..=STEPS {
        let mut slope: Vec<f64> = weights.iter().map(|one| RESTRAINT * one / count).collect();
        for lesson in lessons {
            let scaled: Vec<f64> = weights.iter().zip(&spread).map(|(w, s)| w / s).collect();
            let shares = shares(lesson.known.iter().map(|known| dot(&scaled, known)));
            let wanted = lesson.wanted(&shares);
            for ((known, share), wanted) in lesson.known.iter().zip(&shares).zip(&*wanted) {
                let off = (share - wanted) / count;
                for ((slope, value), spread) in slope.iter_mut().zip(known).zip(&spread) {
                    *slope += off * value / spread;
                }
            }
        }
        for at in 0..width {
            drift[at] = 0.9 * drift[at] + 0.1 * slope[at];
            size[at] = 0.99 * size[at] + 0.01 * slope[at] * slope[at];
            let even = drift[at] / (1.0 - 0.9_f64.powi(step));
            let root = (size[at] / (1.0 - 0.99_f64.powi(step))).sqrt() + 1e-8;
            weights[at] -= PACE * even / root;
        }
    }
    weights.iter().zip(&spread).map(|(w, s)| w / s).collect()
}

/// How far each value differs from its mean, over all candidates.
fn spread(lessons: &[&Lesson], width: usize) -> Vec<f64> {
    let all: Vec<&Vec<f64>> = lessons.iter().flat_map(|one| &one.known).collect();
    let count = all.len().max(1) as f64;
    let of = |at: usize| {
        let mean = all.iter().map(|one| one[at]).sum::<f64>() / count;
        let squares: f64 = all.iter().map(|one| (one[at] - mean).powi(2)).sum();
        (squares / count).sqrt() + 1e-6
    };
    (0..width).map(of).collect()
}

fn shares(scores: impl Iterator<Item = f64>) -> Vec<f64> {
    let scores: Vec<f64> = scores.collect();
    let most = scores.iter().copied().fold(f64::MIN, f64::max);
    let powers: Vec<f64> = scores.iter().map(|score| (score - most).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.iter().map(|power| power / total).collect()
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    left.iter()
        .zip(right)
        .map(|(left, right)| left * right)
        .sum()
}

/// NDCG@10 of each package's questions with what the other packages taught, on average.
pub fn across_packages(lessons: &[Lesson]) -> f64 {
    let mut packages: Vec<&str> = lessons.iter().map(|one| one.package.as_str()).collect();
    packages.dedup();
    let mut total = 0.0;
    for package in packages {
        let (own, others): (Vec<&Lesson>, Vec<&Lesson>) =
            lessons.iter().partition(|one| one.package == package);
        let learnt = weights(&others);
        total += own.iter().map(|one| one.score(&learnt)).sum::<f64>();
    }
    total / lessons.len().max(1) as f64
}

/// As the file has it: a name and its weight a line.
pub fn written(weights: &[f64]) -> String {
    let mut text = String::new();
    for (name, weight) in known_names().zip(weights) {
        let _ = writeln!(text, "{name} {weight:.4}");
    }
    text
}
