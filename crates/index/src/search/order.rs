//! The order of what a sentence brought: what is known of each candidate, each weighed as judged
//! questions taught. Weights are few, general and data (`weights.txt`); `evaluate --learn` makes
//! them from one half of the questions and never sees the other.

use std::collections::{HashMap, VecDeque};
use std::sync::LazyLock;

use mira_syntax::Kind;

use super::question::Question;
use super::rank::{Candidate, Ranked, Why, because};
use super::rules::{is_callable, named_in, share_of_words};
use crate::model::Element;

/// What is known of a candidate, each with its group: what is told of together.
pub(super) const KNOWN: [(&str, Group); 30] = [
    ("words_place", Group::Words),
    ("words_score", Group::Words),
    ("meaning_place", Group::Meaning),
    ("meaning_score", Group::Meaning),
    ("name", Group::Name),
    ("calls", Group::Calls),
    ("rules", Group::Rules),
    ("file_meaning_best", Group::File),
    ("file_meaning_mean", Group::File),
    ("file_words_best", Group::File),
    ("file_words_mean", Group::File),
    ("file_best", Group::File),
    ("type_is_found", Group::Kin),
    ("type_meaning", Group::Kin),
    ("type_words", Group::Kin),
    ("members_meaning", Group::Kin),
    ("members_found", Group::Kin),
    ("asked_in_name", Group::Asked),
    ("asked_in_path", Group::Asked),
    ("asked_in_comment", Group::Asked),
    ("asked_in_signature", Group::Asked),
    ("file_is_named", Group::Asked),
    ("lines", Group::Form),
    ("branches", Group::Form),
    ("has_comment", Group::Form),
    ("is_public", Group::Form),
    ("is_callable", Group::Form),
    ("is_constructor", Group::Form),
    ("is_value", Group::Form),
    ("few_lines", Group::Form),
];

/// Of each of [`KNOWN`].
pub(super) type Known = [f64; KNOWN.len()];

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Group {
    Words,
    Meaning,
    Name,
    Calls,
    Rules,
    File,
    Kin,
    Asked,
    Form,
}

/// Groups that no signal tells of already; what is said of each.
const TOLD: [(Group, &str, &str); 4] = [
    (Group::File, "file", "how well the rest of its file fits"),
    (
        Group::Kin,
        "kin",
        "how well its type, or what it holds, fits",
    ),
    (
        Group::Asked,
        "asked",
        "words of the question in its name, path, comment and signature",
    ),
    (
        Group::Form,
        "form",
        "its kind, length, branches and comment",
    ),
];
/// What it takes from the logarithm of a score that a result of the same file stands before it: who
/// reads that one has found the file. (What answers nearly as well is named with it.)
const CROWD: f64 = 1.5;
/// What each further one takes.
const MORE: f64 = 0.1;
/// So many others of its file are named with a result.
const ALSO: usize = 3;
/// What they must score of what it does.
const NEARLY: f64 = 0.37;
/// A reason below this is not worth its line.
const LEAST_TOLD: f64 = 0.05;

static WEIGHTS: LazyLock<Known> = LazyLock::new(|| {
    let of: HashMap<&str, f64> = include_str!("weights.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, weight)| Some((name, weight.trim().parse().ok()?)))
        .collect();
    KNOWN.map(|(name, _)| of.get(name).copied().unwrap_or_default())
});

/// What is known of each, in the same order; `standing` is what each scores without being ordered.
pub(super) fn known(
    all: &[Candidate],
    standing: &[f64],
    rules: &[f64],
    question: &Question,
) -> Vec<Known> {
    let scale = Scale::of(all);
    let meaning: Vec<f64> = all.iter().map(|one| scale.meaning(one)).collect();
    let words: Vec<f64> = all.iter().map(|one| scale.words(one)).collect();
    let (mut files, mut places, mut members) = (Files::new(), HashMap::new(), HashMap::new());
    for (at, one) in all.iter().enumerate() {
        let file = files.entry(&one.chunk.path).or_default();
        file.add(meaning[at], words[at], standing[at]);
        if let Some(element) = &one.element {
            places.insert(element.id, at);
            if let Some(parent) = element.parent {
                let held: &mut (f64, usize) = members.entry(parent).or_default();
                *held = (held.0.max(meaning[at]), held.1 + 1);
            }
        }
    }
    let best = standing.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let asked: Vec<&String> = question.words.iter().flatten().collect();
    let of = |(at, one): (usize, &Candidate)| {
        let file = &files[one.chunk.path.as_str()];
        let element = one.element.as_ref();
        let parent = element.and_then(|one| places.get(&one.parent?).copied());
        let held = element.and_then(|one| members.get(&one.id).copied());
        let (held_meaning, held_count) = held.unwrap_or_default();
        let lines = element.map_or(one.chunk.end_line - one.chunk.start_line, |element| {
            element.end_line - element.start_line
        }) + 1;
        let kind = element.map(|one| one.kind);
        let in_text = |text: Option<&str>| text.map_or(0.0, |text| share_of_words(&asked, text));
        let is = |whether: bool| f64::from(u8::from(whether));
        [
            one.words_place(),
            words[at],
            one.meaning_place(),
            meaning[at],
            one.name_points(),
            one.calls_points(),
            rules[at].ln(),
            file.meaning.best(),
            file.meaning.mean(),
            file.words.best(),
            file.words.mean(),
            file.standing.best() / best,
            is(parent.is_some()),
            parent.map_or(0.0, |at| meaning[at]),
            parent.map_or(0.0, |at| words[at]),
            held_meaning,
            (1.0 + held_count as f64).ln(),
            in_text(element.map(|one| one.qualified_name.as_str())),
            in_text(Some(&one.chunk.path)),
            in_text(element.and_then(|one| one.doc.as_deref())),
            in_text(element.map(|one| one.signature.as_str())),
            named_in(&one.chunk.path, question),
            (1.0 + f64::from(lines)).ln(),
            element.map_or(0.0, |one| (1.0 + f64::from(one.cyclomatic)).ln()),
            is(element.is_some_and(|one| one.doc.is_some())),
            is(element.is_some_and(is_public)),
            is(kind.is_some_and(is_callable)),
            is(kind == Some(Kind::Constructor)),
            is(kind.is_some_and(is_value)),
            is(element.is_some() && lines <= 3),
        ]
    };
    all.iter().enumerate().map(of).collect()
}

/// How likely each is to be the answer, beside the others: the sum of what is known, weighed. With
/// what made it so, as differences from the middle of all.
pub(super) fn ordered(known: &[Known]) -> Vec<(f64, Vec<(Group, f64)>)> {
    let count = known.len().max(1) as f64;
    let middle: Vec<f64> = (0..KNOWN.len())
        .map(|at| known.iter().map(|one| one[at]).sum::<f64>() / count)
        .collect();
    let of = |one: &Known| {
        let mut sums: Vec<(Group, f64)> = Vec::new();
        for (at, (_, group)) in KNOWN.iter().enumerate() {
            let points = WEIGHTS[at] * (one[at] - middle[at]);
            match sums.last_mut() {
                Some((last, sum)) if last == group => *sum += points,
                _ => sums.push((*group, points)),
            }
        }
        let score = sums.iter().map(|(_, points)| points).sum::<f64>().exp();
        (score, sums)
    };
    known.iter().map(of).collect()
}

/// The reasons of signals in the order's measure, and those that only it knows.
pub(super) fn explain(why: &mut Vec<Why>, sums: &[(Group, f64)]) {
    let sum = |wanted: Group| {
        let mut found = sums.iter().filter(|(group, _)| *group == wanted);
        found.next().map_or(0.0, |(_, points)| *points)
    };
    let rule = KNOWN.iter().zip(WEIGHTS.iter());
    let rule: f64 = rule
        .filter(|((_, group), _)| *group == Group::Rules)
        .map(|(_, weight)| weight)
        .sum();
    for one in why.iter_mut() {
        one.points = match one.signal {
            "words" => sum(Group::Words),
            "meaning" => sum(Group::Meaning),
            "name" => sum(Group::Name),
            "calls" => sum(Group::Calls),
            _ => rule * one.points.ln(),
        };
    }
    for (group, signal, text) in TOLD {
        let points = sum(group);
        if points.abs() >= LEAST_TOLD {
            why.push(because(signal, points, text));
        }
    }
}

/// From the best to the last, where each result makes those of the same file stand back: a sentence
/// is often answered in several files. What answers nearly as well in the same file is named with it.
pub(super) fn spread(ranked: Vec<Ranked>) -> Vec<Ranked> {
    let count = ranked.len();
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut files: Vec<Waiting> = Vec::new();
    for (rank, one) in ranked.into_iter().enumerate() {
        let place = match places.get(&one.chunk.path) {
            Some(place) => *place,
            None => {
                places.insert(one.chunk.path.clone(), files.len());
                files.push(Waiting::default());
                files.len() - 1
            }
        };
        files[place].left.push_back((rank, one));
    }
    let mut spread = Vec::with_capacity(count);
    let first = |file: &Waiting| file.left.front().map(|(rank, _)| *rank);
    while let Some(file) = files
        .iter_mut()
        .filter(|file| !file.left.is_empty())
        .max_by(|a, b| {
            a.weighed()
                .total_cmp(&b.weighed())
                .then(first(b).cmp(&first(a)))
        })
    {
        spread.extend(file.next());
    }
    spread
}

/// What is left of a file, from the best to the last, each with its rank among all.
#[derive(Default)]
struct Waiting {
    left: VecDeque<(usize, Ranked)>,
    /// Results of it that stand before.
    before: i32,
}

impl Waiting {
    fn weighed(&self) -> f64 {
        let best = self.left.front().map_or(0.0, |(_, one)| one.score);
        best * crowd(self.before).exp()
    }

    /// The next result, with what is named with it.
    fn next(&mut self) -> Option<Ranked> {
        let score = self.weighed();
        let (_, mut next) = self.left.pop_front()?;
        let least = next.score * NEARLY;
        let nearly = |(_, one): &&(usize, Ranked)| one.score >= least;
        let also = self.left.iter().take(ALSO).take_while(nearly).count();
        next.also = self.left.drain(..also).map(|(_, one)| one).collect();
        if self.before > 0 {
            let text = format!("{} of its file stand before it", self.before);
            next.why.push(because("crowd", crowd(self.before), &text));
        }
        next.score = score;
        self.before += 1;
        Some(next)
    }
}

/// What so many of its file before it do to the logarithm of a score.
fn crowd(before: i32) -> f64 {
    match before {
        0 => 0.0,
        more => -CROWD - MORE * f64::from(more - 1),
    }
}

type Files<'c> = HashMap<&'c str, File>;

/// What a file's candidates say together.
#[derive(Default)]
struct File {
    meaning: Top,
    words: Top,
    standing: Top,
}

impl File {
    fn add(&mut self, meaning: f64, words: f64, standing: f64) {
        self.meaning.add(meaning);
        self.words.add(words);
        self.standing.add(standing);
    }
}

/// The three highest.
#[derive(Default)]
struct Top([f64; 3]);

impl Top {
    fn add(&mut self, mut value: f64) {
        for place in &mut self.0 {
            if value > *place {
                std::mem::swap(place, &mut value);
            }
        }
    }

    fn best(&self) -> f64 {
        self.0[0]
    }

    fn mean(&self) -> f64 {
        self.0.iter().sum::<f64>() / 3.0
    }
}

/// Scores of one question on a scale from 0 to 1: those of two questions are not comparable.
struct Scale {
    words: f64,
    nearest: f64,
    farthest: f64,
}

impl Scale {
    fn of(all: &[Candidate]) -> Self {
        let near = || all.iter().filter_map(Candidate::cosine);
        Self {
            words: all
                .iter()
                .filter_map(Candidate::words_score)
                .fold(f64::MIN_POSITIVE, f64::max),
            nearest: near().fold(f64::MIN, f64::max),
            farthest: near().fold(f64::MAX, f64::min),
        }
    }

    fn words(&self, one: &Candidate) -> f64 {
        one.words_score().map_or(0.0, |score| score / self.words)
    }

    fn meaning(&self, one: &Candidate) -> f64 {
        let width = (self.nearest - self.farthest).max(1e-6);
        one.cosine()
            .map_or(0.0, |cosine| (cosine - self.farthest) / width)
    }
}

fn is_public(element: &Element) -> bool {
    element.visibility == mira_syntax::Visibility::Public
}

fn is_value(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Constant | Kind::Variable | Kind::Field | Kind::Variant | Kind::Key | Kind::Column
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Chunk, Roles};

    fn ranked(path: &str, start_line: u32, score: f64) -> Ranked {
        Ranked {
            chunk: Chunk {
                id: i64::from(start_line),
                file_id: 1,
                path: path.to_owned(),
                language: None,
                roles: Roles::default(),
                element: None,
                start_line,
                end_line: start_line,
                modified_ms: 0,
            },
            element: None,
            score,
            why: Vec::new(),
            known: None,
            also: Vec::new(),
        }
    }

    #[test]
    fn every_thing_that_is_known_has_a_weight_and_no_other() {
        let named: Vec<&str> = include_str!("weights.txt")
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(name, weight)| {
                assert!(weight.parse::<f64>().is_ok(), "{name} {weight}");
                name
            })
            .collect();
        let known: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).collect();
        assert_eq!(named, known);
    }

    #[test]
    fn what_is_told_of_together_stands_together() {
        let mut groups: Vec<Group> = KNOWN.iter().map(|(_, group)| *group).collect();
        groups.dedup();
        let count = groups.len();
        groups.sort_unstable();
        groups.dedup();
        assert_eq!(groups.len(), count);
    }

    #[test]
    fn reasons_add_up_to_the_score() {
        let mut known = vec![[0.0; KNOWN.len()]; 3];
        known[1] = [0.5; KNOWN.len()];
        known[2][0] = 1.0;
        for (score, sums) in ordered(&known) {
            let total: f64 = sums.iter().map(|(_, points)| points).sum();
            assert!((score.ln() - total).abs() < 1e-9);
        }
        assert!(ordered(&known)[2].0 > ordered(&known)[0].0, "words count");
    }

    #[test]
    fn results_of_one_file_make_room_for_others() {
        let all = vec![
            ranked("a.rs", 1, 1.0),
            ranked("a.rs", 2, 0.95),
            ranked("b.rs", 1, 0.9),
            ranked("a.rs", 3, 0.3),
            ranked("c.rs", 1, 0.1),
        ];
        let spread = spread(all);
        let place = |one: &Ranked| (one.chunk.path.clone(), one.chunk.start_line);
        let places: Vec<(String, u32)> = spread.iter().map(place).collect();
        let wanted = [("a.rs", 1), ("b.rs", 1), ("c.rs", 1), ("a.rs", 3)];
        assert_eq!(places, wanted.map(|(path, line)| (path.to_owned(), line)));
        let also: Vec<(String, u32)> = spread[0].also.iter().map(place).collect();
        assert_eq!(also, [("a.rs".to_owned(), 2)], "nearly as good");
        assert_eq!(spread[3].why[0].signal, "crowd");
        assert!(spread.windows(2).all(|two| two[0].score >= two[1].score));
    }
}
