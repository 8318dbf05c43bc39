//! The signals of each candidate put together. No constant here is fitted to a question: a signal
//! counts by its order (reciprocal ranks), and each rule is a factor that one can say aloud. What a
//! sentence brought is put in order by `order`, which was learnt.

use std::collections::HashMap;

use serde::Serialize;

use super::names::{EXACT, GIVEN, Named};
use super::order::{self, Known};
use super::question::Question;
use super::rules;
use crate::LexicalHit;
use crate::meaning::Near;
use crate::model::{Chunk, Element};

/// Which signals and rules take part; all, unless somebody wants to know what each is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stages {
    pub words: bool,
    pub meaning: bool,
    pub names: bool,
    /// Neighbours in the call graph.
    pub graph: bool,
    /// Definitions before declarations, code before tests and generated files.
    pub rules: bool,
    /// The learnt order of what a sentence brought.
    pub order: bool,
    /// Of equals, what was changed last.
    pub recency: bool,
}

impl Default for Stages {
    fn default() -> Self {
        Self {
            words: true,
            meaning: true,
            names: true,
            graph: true,
            rules: true,
            order: true,
            recency: true,
        }
    }
}

/// A part of a rank.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    /// `words`, `meaning`, `name`, `calls`, `file`, `kin`, `asked`, `form`,
    /// `crowd`, or a `rule`.
    pub signal: &'static str,
    /// Of a name that was asked for, its share of the score, and of a rule, what the score was
    /// multiplied with. Of a sentence, what it added to the logarithm of the score, or took from it.
    pub points: f64,
    /// For people.
    pub text: String,
}

/// What a rank says least about: how much the first ranks stand out.
pub(crate) const K: f64 = 10.0;
/// What a signal that is certain is worth beside the first rank of another.
const NAME: f64 = 2.0;
/// Meaning beside words: a question in a person's own words seldom has those of the code.
pub(crate) const MEANING: f64 = 1.5;
const NEIGHBOUR: f64 = 0.4;

/// What is ranked: an element, or a piece that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Key {
    Element(i64),
    Piece(i64),
}

pub(super) struct Candidate {
    pub chunk: Chunk,
    pub element: Option<Element>,
    words: Option<(usize, f64)>,
    near: Option<(usize, f64)>,
    named: Option<(f64, &'static str)>,
    neighbour: Option<(f64, String)>,
}

pub(super) struct Candidates {
    stages: Stages,
    all: HashMap<Key, Candidate>,
}

/// A candidate with its place.
pub(super) struct Ranked {
    pub chunk: Chunk,
    pub element: Option<Element>,
    pub score: f64,
    pub why: Vec<Why>,
    /// Where the learnt order decided.
    pub known: Option<Known>,
    /// Others of its file that answer nearly as well, the best first.
    pub also: Vec<Ranked>,
}

impl Candidates {
    pub fn new(stages: Stages) -> Self {
        Self {
            stages,
            all: HashMap::new(),
        }
    }

    fn at(&mut self, chunk: Chunk) -> &mut Candidate {
        let key = chunk.element.map_or(Key::Piece(chunk.id), Key::Element);
        self.all.entry(key).or_insert_with(|| Candidate {
            chunk,
            element: None,
            words: None,
            near: None,
            named: None,
            neighbour: None,
        })
    }

    /// In the order of their scores.
    pub fn add_words(&mut self, hits: Vec<LexicalHit>) {
        let mut rank = 0;
        for hit in hits {
            let candidate = self.at(hit.chunk);
            if candidate.words.is_none() {
                candidate.words = Some((rank, hit.score));
                rank += 1;
            }
        }
    }

    pub fn add_near(&mut self, hits: Vec<Near>) {
        let mut rank = 0;
        for hit in hits {
            let candidate = self.at(hit.chunk);
            if candidate.near.is_none() {
                candidate.near = Some((rank, hit.score));
                rank += 1;
            }
        }
    }

    pub fn add_named(&mut self, hits: Vec<Named>) {
        for hit in hits {
            let candidate = self.at(hit.chunk);
            candidate.named = Some((hit.strength, hit.how));
        }
    }

    pub fn keep(&mut self, wanted: impl Fn(&Chunk) -> bool) {
        self.all.retain(|_, candidate| wanted(&candidate.chunk));
    }

    pub fn elements(&self) -> Vec<i64> {
        let ids = self.all.keys().filter_map(|key| match key {
            Key::Element(id) => Some(*id),
            Key::Piece(_) => None,
        });
        let mut ids: Vec<i64> = ids.collect();
        ids.sort_unstable();
        ids
    }

    pub fn describe(&mut self, elements: Vec<Element>) {
        for element in elements {
            if let Some(candidate) = self.all.get_mut(&Key::Element(element.id)) {
                candidate.element = Some(element);
            }
        }
    }

    /// The elements that stand out so far, the best first.
    pub fn leading(&self, count: usize) -> Vec<(i64, f64)> {
        let mut leading: Vec<(i64, f64)> = self
            .all
            .iter()
            .filter_map(|(key, candidate)| match key {
                Key::Element(id) => Some((*id, candidate.base())),
                Key::Piece(_) => None,
            })
            .collect();
        leading.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        leading.truncate(count);
        leading
    }

    /// A neighbour lends some of its standing.
    pub fn add_neighbour(&mut self, chunk: Chunk, share: f64, text: String) {
        let candidate = self.at(chunk);
        if candidate
            .neighbour
            .as_ref()
            .is_none_or(|(best, _)| share > *best)
        {
            candidate.neighbour = Some((share, text));
        }
    }

    pub fn ranked(self, question: &Question) -> Vec<Ranked> {
        let Self { stages, all } = self;
        let mut all: Vec<(Key, Candidate)> = all.into_iter().collect();
        all.sort_by_key(|(key, _)| *key);
        let all: Vec<Candidate> = all.into_iter().map(|(_, candidate)| candidate).collect();
        let others = rules::Others::of(all.iter());
        let (mut scores, mut factors, mut whys) = (Vec::new(), Vec::new(), Vec::new());
        for candidate in &all {
            let (sum, mut why) = candidate.sum();
            let mut factor = 1.0;
            if stages.rules {
                for rule in rules::of(candidate, question, &others) {
                    factor *= rule.points;
                    why.push(rule);
                }
            }
            scores.push(sum * factor);
            factors.push(factor);
            whys.push(why);
        }
        let known = match question.is_name {
            true => Vec::new(),
            false => order::known(&all, &scores, &factors, question),
        };
        let is_ordered = stages.order && !question.is_name;
        if is_ordered {
            for (at, (score, sums)) in order::ordered(&known).into_iter().enumerate() {
                scores[at] = score;
                order::explain(&mut whys[at], &sums);
            }
        }
        let mut ranked = Vec::with_capacity(all.len());
        for (at, (candidate, why)) in all.into_iter().zip(whys).enumerate() {
            ranked.push(Ranked {
                chunk: candidate.chunk,
                element: candidate.element,
                score: scores[at],
                why,
                known: known.get(at).copied(),
                also: Vec::new(),
            });
        }
        ranked.sort_by(|a, b| {
            let newer = match stages.recency {
                true => b.chunk.modified_ms.cmp(&a.chunk.modified_ms),
                false => std::cmp::Ordering::Equal,
            };
            let place =
                (&a.chunk.path, a.chunk.start_line).cmp(&(&b.chunk.path, b.chunk.start_line));
            b.score.total_cmp(&a.score).then(newer).then(place)
        });
        match is_ordered {
            true => order::spread(ranked),
            false => ranked,
        }
    }
}

impl Candidate {
    /// Signals without neighbours and rules.
    fn base(&self) -> f64 {
        self.words_place() + MEANING * self.meaning_place() + self.name_points()
    }

    /// It is called what was asked for.
    pub fn is_named(&self) -> bool {
        self.named
            .is_some_and(|(strength, how)| [EXACT, GIVEN].contains(&how) && strength >= 0.8)
    }

    pub fn words_score(&self) -> Option<f64> {
        self.words.map(|(_, score)| score)
    }

    pub fn words_place(&self) -> f64 {
        self.words.map_or(0.0, |(rank, _)| reciprocal(rank))
    }

    pub fn cosine(&self) -> Option<f64> {
        self.near.map(|(_, cosine)| cosine)
    }

    pub fn meaning_place(&self) -> f64 {
        self.near.map_or(0.0, |(rank, _)| reciprocal(rank))
    }

    pub fn name_points(&self) -> f64 {
        self.named.map_or(0.0, |(strength, _)| NAME * strength)
    }

    pub fn calls_points(&self) -> f64 {
        let lent = self.neighbour.as_ref();
        lent.map_or(0.0, |(share, _)| NEIGHBOUR * share)
    }

    fn sum(&self) -> (f64, Vec<Why>) {
        let mut why = Vec::new();
        if let Some((rank, score)) = self.words {
            let text = format!("place {} by words ({score:.1})", rank + 1);
            why.push(because("words", reciprocal(rank), &text));
        }
        if let Some((rank, cosine)) = self.near {
            let text = format!("place {} by meaning ({cosine:.2})", rank + 1);
            why.push(because("meaning", MEANING * reciprocal(rank), &text));
        }
        if let Some((strength, how)) = self.named {
            why.push(because("name", NAME * strength, how));
        }
        if let Some((share, text)) = &self.neighbour {
            why.push(because("calls", NEIGHBOUR * share, text));
        }
        (why.iter().map(|one| one.points).sum(), why)
    }
}

fn reciprocal(rank: usize) -> f64 {
    (K + 1.0) / (K + 1.0 + rank as f64)
}

pub(super) fn because(signal: &'static str, points: f64, text: &str) -> Why {
    Why {
        signal,
        points,
        text: text.to_owned(),
    }
}
