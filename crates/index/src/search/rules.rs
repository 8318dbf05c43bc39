//! Rules of code that weigh a candidate, each a factor that one can say aloud.

use std::collections::{HashMap, HashSet};

use mira_syntax::Kind;

use super::question::Question;
use super::rank::{Candidate, Why, because};
use crate::tokens::parts_of;

/// Folders that show how code is used.
const EXAMPLES: &[&str] = &["example", "examples", "demo", "demos", "sample", "samples"];
/// Files that stand for the folder they are in.
const HEADS: &[&str] = &["mod", "index", "__init__"];
/// Folders of what is kept for those who have not changed over yet.
const KEPT: &[&str] = &["compat", "_compat", "legacy", "deprecated"];
/// The language of what is written for people.
const PROSE: &str = "Markdown";
/// A callable of so many lines mostly hands on to another, and a constant names a value.
const FEW: u32 = 3;
/// So much of a comment is looked through for words of the question.
const BEGINNING_BYTES: usize = 400;
/// What a file's own name is worth where the question holds all of its words.
const FILE_NAME: f64 = 0.1;

/// The rules that hold for a candidate among others.
pub(super) fn of(candidate: &Candidate, question: &Question, others: &Others) -> Vec<Why> {
    let mut rules = Vec::new();
    let mut rule = |factor: f64, text: &str| rules.push(because("rule", factor, text));
    let roles = candidate.chunk.roles;
    let element = candidate.element.as_ref();
    if (roles.is_test || element.is_some_and(|one| one.is_test)) && !question.wants_tests {
        rule(0.5, "a test, and the question is not about tests");
    }
    if roles.is_generated {
        rule(0.4, "written by a program");
    }
    if roles.is_vendored {
        rule(0.5, "brought along from elsewhere");
    }
    if is_example(&candidate.chunk.path) && !question.wants_examples {
        rule(0.6, "an example, and the question is not about examples");
    }
    if candidate.chunk.language.as_deref() == Some(PROSE) && !question.wants_prose {
        match question.may_want_prose {
            true => rule(0.5, "written about code, and the question may ask for code"),
            false => rule(0.3, "written about code, and the question asks for code"),
        }
    }
    if others.is_older(&candidate.chunk.path, question) {
        rule(
            0.5,
            "of an older version, or kept for those who use it still",
        );
    }
    let share = named_in(&candidate.chunk.path, question);
    if share > 0.0 {
        rule(1.0 + FILE_NAME * share, "its file is named in the question");
    }
    let is_asked = question.is_name && candidate.is_named();
    let Some(element) = element else {
        if !is_asked {
            rule(0.6, "defines nothing");
        }
        return rules;
    };
    if question
        .kind
        .is_some_and(|kind| same_kind(kind, element.kind))
    {
        rule(1.3, "of the kind that was named");
    }
    let lines = element.end_line - element.start_line + 1;
    let longest = others.bodies.get(&element.qualified_name).copied();
    let is_elsewhere = lines <= 2 && longest.is_some_and(|longest| longest > 2 * lines);
    if (is_callable(element.kind) || is_type(element.kind)) && is_elsewhere {
        let factor = if question.is_name { 0.4 } else { 0.6 };
        rule(factor, "declared here, defined elsewhere");
    } else if says_little(element.kind) && lines <= FEW && !is_asked {
        rule(0.85, "of a few lines");
    }
    match element.kind {
        Kind::Field | Kind::Variant | Kind::Key | Kind::Column => {
            rule(0.7, "a member without code");
        }
        // One that is small is a piece as a whole, and a sentence finds its methods only there.
        Kind::Implementation if question.is_name || candidate.chunk.end_line < element.end_line => {
            rule(0.6, "its type and its methods stand for themselves");
        }
        Kind::Interface | Kind::Type if !is_asked => rule(0.75, "a shape without code"),
        _ => {}
    }
    rules
}

/// What the candidates say of each other.
pub(super) struct Others {
    /// The longest of the elements of each name, in lines.
    bodies: HashMap<String, u32>,
    paths: HashSet<String>,
    /// Of each folder, the newest version in a folder of its own (`v2`).
    newest: HashMap<String, u32>,
}

impl Others {
    pub fn of<'c>(all: impl Iterator<Item = &'c Candidate>) -> Self {
        let mut others = Self {
            bodies: HashMap::new(),
            paths: HashSet::new(),
            newest: HashMap::new(),
        };
        for candidate in all {
            let path = &candidate.chunk.path;
            if others.paths.insert(path.clone()) {
                for (before, version) in folders(path).filter_map(versioned) {
                    let newest = others.newest.entry(before.to_owned()).or_default();
                    *newest = version.max(*newest);
                }
            }
            if let Some(element) = &candidate.element {
                let lines = element.end_line - element.start_line + 1;
                let longest = others.bodies.entry(element.qualified_name.clone());
                let longest = longest.or_default();
                *longest = lines.max(*longest);
            }
        }
        others
    }

    /// It stands in a folder of something that others beside it have replaced, and the question
    /// does not name that.
    fn is_older(&self, path: &str, question: &Question) -> bool {
        folders(path).any(|(before, name, after)| {
            let is_older = KEPT.contains(&name)
                || versioned((before, name, after)).is_some_and(|(_, version)| {
                    self.newest
                        .get(before)
                        .is_some_and(|newest| *newest > version)
                        || self.paths.contains(&format!("{before}{after}"))
                });
            is_older
                && !question
                    .written
                    .iter()
                    .any(|word| word.eq_ignore_ascii_case(name))
        })
    }
}

/// The folders of a path: what stands before each, its name, and what stands after it.
fn folders(path: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut start = 0;
    path.match_indices('/').map(move |(at, _)| {
        let folder = (&path[..start], &path[start..at], &path[at + 1..]);
        start = at + 1;
        folder
    })
}

/// Of a folder called `v2`: what stands before it, and 2.
fn versioned<'p>((before, name, _): (&'p str, &'p str, &'p str)) -> Option<(&'p str, u32)> {
    Some((before, name.strip_prefix('v')?.parse().ok()?))
}

fn is_example(path: &str) -> bool {
    let (folders, _) = path.rsplit_once('/').unwrap_or_default();
    let mut folders = folders.split('/');
    folders.any(|folder| EXAMPLES.contains(&folder.trim_start_matches('_')))
}

/// Which share of the words of a file's name the question holds. A file that stands for its folder
/// has the folder's name.
pub(super) fn named_in(path: &str, question: &Question) -> f64 {
    let mut names = path.rsplit('/');
    let stem_of = |name: &str| name.split('.').next().map(str::to_owned);
    let mut stem = names.next().and_then(stem_of).unwrap_or_default();
    if HEADS.contains(&stem.as_str()) {
        stem = names.next().and_then(stem_of).unwrap_or(stem);
    }
    let words: Vec<String> = stem
        .split(|c: char| !c.is_alphanumeric())
        .flat_map(parts_of)
        .map(str::to_lowercase)
        .collect();
    let is_asked = |word: &&String| {
        let mut asked = question.words.iter().flatten();
        asked.any(|asked| is_alike(word, asked))
    };
    let asked = words.iter().filter(is_asked).count();
    asked as f64 / words.len().max(1) as f64
}

/// Which share of the words that were asked for a text begins with, whatever their endings.
pub(super) fn share_of_words(asked: &[&String], text: &str) -> f64 {
    let text = &text[..text.floor_char_boundary(BEGINNING_BYTES)];
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .flat_map(parts_of)
        .map(str::to_lowercase)
        .collect();
    let is_there = |asked: &&&String| {
        let mut words = words.iter();
        words.any(|word| {
            word.as_bytes().first() == asked.as_bytes().first() && is_alike(word, asked)
        })
    };
    asked.iter().filter(is_there).count() as f64 / asked.len().max(1) as f64
}

/// The same word but for its ending: `route`, `routes`, `routing`.
fn is_alike(left: &str, right: &str) -> bool {
    let shared = left
        .chars()
        .zip(right.chars())
        .take_while(|(left, right)| left == right)
        .count();
    let longer = left.chars().count().max(right.chars().count());
    left == right || shared >= 4.max(longer.saturating_sub(3))
}

pub(super) fn is_callable(kind: Kind) -> bool {
    matches!(kind, Kind::Function | Kind::Method | Kind::Constructor)
}

fn is_type(kind: Kind) -> bool {
    matches!(kind, Kind::Class | Kind::Struct | Kind::Enum)
}

fn says_little(kind: Kind) -> bool {
    is_callable(kind) || matches!(kind, Kind::Macro | Kind::Constant | Kind::Variable)
}

fn same_kind(wanted: Kind, found: Kind) -> bool {
    wanted == found || is_callable(wanted) && is_callable(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_alike_but_for_their_endings() {
        assert!(is_alike("route", "routing"));
        assert!(is_alike("cookies", "cookie"));
        assert!(is_alike("lz", "lz"));
        assert!(!is_alike("pool", "poor"));
        assert!(!is_alike("header", "heap"));
    }

    #[test]
    fn files_are_named_in_questions_and_examples_known_by_their_folders() {
        let question = Question::read("how do cookies expire", false);
        assert_eq!(named_in("src/cookie_jar.rs", &question), 0.5);
        assert_eq!(named_in("src/pool.rs", &question), 0.0);
        assert_eq!(named_in("src/cookies/mod.rs", &question), 1.0);
        assert_eq!(named_in("index.js", &question), 0.0);
        assert!(is_example("_examples/rest/main.go"));
        assert!(!is_example("src/example.rs"));
    }

    #[test]
    fn what_others_replaced_is_older() {
        let others = Others {
            bodies: HashMap::new(),
            paths: ["pydantic/config.py", "pydantic/v1/config.py"]
                .map(str::to_owned)
                .into(),
            newest: HashMap::from([("zod/".to_owned(), 4), ("pydantic/".to_owned(), 1)]),
        };
        let question = Question::read("how is it configured", false);
        let is_older = |path: &str| others.is_older(path, &question);
        assert!(is_older("pydantic/v1/config.py"), "the same without it");
        assert!(!is_older("pydantic/v1/main.py"), "nothing beside it");
        assert!(is_older("zod/v3/types.ts"));
        assert!(!is_older("zod/v4/core/types.ts"));
        assert!(is_older("lib/compat/a.rb"));
        assert!(!is_older("v2/mod.go"));
        let question = Question::read("how v3 reports errors", false);
        assert!(!others.is_older("zod/v3/types.ts", &question), "asked for");
    }
}
