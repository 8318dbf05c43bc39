//! One ranked search. Several ways of looking give candidates; each candidate's signals are added
//! up, rules of code weigh the sum, and what comes out says where its rank is from.
//!
//! - `question`: what was asked: names, plain words, kinds, tests.
//! - `names`: elements whose names fit, exactly, by their beginning, or nearly.
//! - `rank`: the signals put together. Pure.
//! - `rules`: what is known of code, as factors. Pure.
//! - `order`: the learnt order of what a sentence brought. Pure.
//! - `answer`: ranges, text, a budget in tokens.
//! - `join`: words and meaning of what is no code, put together. Pure.

mod answer;
pub(crate) mod join;
mod names;
mod order;
pub(crate) mod question;
pub(crate) mod rank;
mod rules;

use serde::Serialize;

use crate::meaning::{Coverage, Meaning, Near};
use crate::model::{Chunk, Element};
use crate::{Index, IndexError, Weights};

pub use rank::{Stages, Why};

/// What each number of [`Hit::known`] is called.
pub fn known_names() -> impl Iterator<Item = &'static str> {
    order::KNOWN.iter().map(|(name, _)| *name)
}

/// Candidates that each way of looking may bring.
const CANDIDATES: usize = 200;

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub text: String,
    /// Most results.
    pub limit: usize,
    /// Tokens that the texts of all results may have together; None: results come without text.
    pub budget_tokens: Option<usize>,
    /// Only files whose paths begin with one of these; empty: all.
    pub paths: Vec<String>,
    /// Only these languages; empty: all.
    pub languages: Vec<String>,
    /// Tests are not put behind other code, as if the question had named them.
    pub tests: bool,
    /// Which signals and rules take part.
    pub stages: Stages,
}

impl Query {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            limit: 10,
            budget_tokens: None,
            paths: Vec::new(),
            languages: Vec::new(),
            tests: false,
            stages: Stages::default(),
        }
    }
}

/// What was found, the best first.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    pub hits: Vec<Hit>,
    pub meaning: Sense,
    /// Of the texts of all hits, about.
    pub tokens: usize,
    /// Something that ranked had no room in the budget.
    pub is_cut: bool,
}

/// Whether meaning took part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Sense {
    /// It did, for so much of the project.
    Used { coverage: Coverage },
    /// It did not: the search went by words and names.
    Off { why: String, hint: String },
}

/// A place in the code.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    pub path: String,
    pub language: Option<String>,
    /// 1-based, inclusive; the first line is the one that is to be shown.
    pub start_line: u32,
    pub end_line: u32,
    pub element: Option<Element>,
    /// The text, where there was a budget for it.
    pub text: Option<String>,
    /// Of the best hit 1.
    pub score: f64,
    /// What the rank is made of, the most first.
    pub why: Vec<Why>,
    /// What answers nearly as well in the same file, the best first; of a question in a sentence, for
    /// which hits of other files stand before.
    pub also: Vec<Also>,
    /// What the learnt order knew of it, as [`known_names`] calls it; empty where a name was asked
    /// for.
    #[serde(skip)]
    pub known: Vec<f64>,
}

/// Another place in the file of a hit.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Also {
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    pub element: Option<Element>,
}

/// The model to search with, or why there is none.
#[derive(Clone, Copy)]
pub enum With<'a> {
    Meaning(&'a Meaning),
    Words { why: &'a str, hint: &'a str },
}

impl Index {
    /// The places that answer the question best.
    ///
    /// # Errors
    /// Those of the index. Where the model or its vectors fail, the search goes by words and names
    /// and says so in [`Answer::meaning`].
    pub async fn search(&self, query: &Query, with: With<'_>) -> Result<Answer, IndexError> {
        let question = question::Question::read(&query.text, query.tests);
        let stages = query.stages;
        let (near, meaning) = match with {
            With::Meaning(meaning) if stages.meaning => self.sense(meaning, &question).await,
            With::Meaning(_) => (Vec::new(), off("it was not asked for", "")),
            With::Words { why, hint } => (Vec::new(), off(why, hint)),
        };
        let mut words = Vec::new();
        if stages.words
            && let Some(expression) = question.expression()
        {
            words = self
                .lexical_match(&expression, Weights::default(), CANDIDATES)
                .await?;
        }
        let mut named = Vec::new();
        if stages.names {
            named = self.names_of(&question).await?;
        }
        let mut candidates = rank::Candidates::new(stages);
        candidates.add_words(words);
        candidates.add_near(near);
        candidates.add_named(named);
        let wanted = |chunk: &Chunk| query.wants(&chunk.path, chunk.language.as_deref());
        candidates.keep(wanted);
        self.describe(&mut candidates).await?;
        if stages.graph {
            self.add_neighbours(&mut candidates).await?;
            candidates.keep(wanted);
        }
        let ranked = candidates.ranked(&question);
        self.answer(query, ranked, meaning).await
    }

    /// What is near in meaning, or why that is not known.
    async fn sense(&self, meaning: &Meaning, question: &question::Question) -> (Vec<Near>, Sense) {
        let near = self.near(meaning, &question.text, CANDIDATES).await;
        let coverage = self.coverage(meaning).await;
        match (near, coverage) {
            (Ok(near), Ok(coverage)) => (near, Sense::Used { coverage }),
            (Err(IndexError::Vectors(error)), _) => {
                (Vec::new(), off(&error.to_string(), error.hint()))
            }
            (Err(error), _) | (_, Err(error)) => (Vec::new(), off(&error.to_string(), "")),
        }
    }
}

impl Query {
    fn wants(&self, path: &str, language: Option<&str>) -> bool {
        let within = |prefix: &String| {
            let prefix = prefix.trim_end_matches('/');
            let rest = path.strip_prefix(prefix);
            prefix.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let path_fits = self.paths.is_empty() || self.paths.iter().any(within);
        let spoken = |wanted: &String| language == Some(wanted.as_str());
        path_fits && (self.languages.is_empty() || self.languages.iter().any(spoken))
    }
}

pub(crate) fn off(why: &str, hint: &str) -> Sense {
    Sense::Off {
        why: why.to_owned(),
        hint: hint.to_owned(),
    }
}
