//! What was asked, taken apart.

use mira_syntax::Kind;

use crate::tokens::{parts_of, question_words};

/// A question, and what can be told from its words alone.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    pub text: String,
    /// Words that may be in code, without the glue between them; each with its parts.
    pub words: Vec<Vec<String>>,
    /// Runs as they were written, glue left out.
    pub written: Vec<String>,
    /// Of these, what does not only ask for code as such.
    pub names: Vec<String>,
    /// It is a name, or names: not a sentence.
    pub is_name: bool,
    /// It is about tests.
    pub wants_tests: bool,
    /// It is about how something is used.
    pub wants_examples: bool,
    /// It is about what was written for people.
    pub wants_prose: bool,
    /// It may be.
    pub may_want_prose: bool,
    /// The kind that was named: `class Foo`.
    pub kind: Option<Kind>,
}

/// Words that hold sentences together and say nothing of code.
const GLUE: &[&str] = &[
    "a", "about", "after", "all", "also", "an", "and", "any", "are", "as", "at", "be", "been",
    "before", "being", "between", "both", "but", "by", "can", "could", "did", "do", "does",
    "doing", "down", "during", "each", "for", "from", "had", "has", "have", "having", "here",
    "how", "i", "if", "in", "into", "is", "it", "its", "just", "may", "me", "more", "most", "must",
    "my", "no", "not", "of", "off", "on", "once", "one", "only", "or", "other", "our", "out",
    "over", "own", "place", "s", "same", "should", "so", "some", "such", "t", "than", "that",
    "the", "their", "them", "then", "there", "these", "they", "this", "those", "through", "to",
    "too", "under", "until", "up", "use", "used", "uses", "using", "very", "was", "we", "were",
    "what", "when", "where", "which", "while", "who", "whose", "why", "will", "with", "would",
    "you", "your",
];
/// Words that ask for code as such.
const ASKING: &[&str] = &[
    "code",
    "declaration",
    "declared",
    "defined",
    "definition",
    "find",
    "implementation",
    "implemented",
    "show",
    "source",
    "located",
];

/// So many names may be asked for at once.
const MOST_NAMES: usize = 4;
/// One name may have so many parts: `a.b::c`.
const MOST_OF_A_NAME: usize = 5;

/// How words begin that ask how something is used.
const EXAMPLES: &[&str] = &["example", "demo", "sample"];
/// How words begin that ask for what was written for people.
const PROSE: &[&str] = &[
    "readme",
    "guide",
    "tutorial",
    "changelog",
    "release",
    "licen",
    "contribut",
    "install",
];
/// How words begin that may ask for it, and may as well be about code that writes or reads such.
const MAYBE_PROSE: &[&str] = &["doc", "markdown"];

impl Question {
    pub fn read(text: &str, wants_tests: bool) -> Self {
        let runs: Vec<&str> = text
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|run| !run.is_empty())
            .collect();
        let lower = |run: &str| run.to_lowercase();
        let glued = runs.iter().any(|run| GLUE.contains(&lower(run).as_str()));
        let kind = runs.iter().find_map(|run| kind_of(&lower(run)));
        let written: Vec<String> = runs
            .iter()
            .filter(|run| !GLUE.contains(&lower(run).as_str()))
            .map(|run| (*run).to_owned())
            .collect();
        let asks = |run: &&String| ASKING.contains(&lower(run).as_str());
        let names: Vec<String> = written.iter().filter(|run| !asks(run)).cloned().collect();
        // `Context.ensure_object definition` is one name; `WebSocket client` is none, but words.
        let spoken = text.split_whitespace().filter(|word| {
            let mut runs = word.split(|c: char| !(c.is_alphanumeric() || c == '_'));
            let asks_or_kind = |run: &str| {
                let run = lower(run);
                run.is_empty() || ASKING.contains(&run.as_str()) || kind_of(&run).is_some()
            };
            !runs.all(asks_or_kind)
        });
        let spoken: Vec<&str> = spoken.collect();
        let is_name = !glued
            && match spoken.as_slice() {
                [] => false,
                [_] => names.len() <= MOST_OF_A_NAME,
                more => more.len() <= MOST_NAMES && more.iter().all(|word| is_written(word)),
            };
        let tests = [
            "test", "tests", "tested", "testing", "spec", "specs", "fixture",
        ];
        let words = names.iter().flat_map(|name| question_words(name)).collect();
        let begins = |with: &[&str]| {
            runs.iter()
                .any(|run| with.iter().any(|word| lower(run).starts_with(word)))
        };
        Self {
            text: text.to_owned(),
            words,
            is_name,
            wants_tests: wants_tests || runs.iter().any(|run| tests.contains(&lower(run).as_str())),
            wants_examples: begins(EXAMPLES),
            wants_prose: begins(PROSE),
            may_want_prose: begins(MAYBE_PROSE),
            kind: kind.filter(|_| is_name),
            written,
            names,
        }
    }

    /// For FTS5: any of the words or of their parts; None where there is none.
    pub fn expression(&self) -> Option<String> {
        let mut words: Vec<&String> = self.words.iter().flatten().collect();
        words.sort_unstable();
        words.dedup();
        // Quoted, so that no word is an operator; words hold letters, digits and `_` only.
        let words: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        (!words.is_empty()).then(|| words.join(" OR "))
    }
}

/// A word with something in it that looks as if it were from code.
fn is_written(word: &str) -> bool {
    let mut runs = word.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    runs.any(is_written_as_name)
}

/// It looks like something from code: `readFile`, `read_file`, `HTTP2`, `MyType`.
pub(super) fn is_written_as_name(run: &str) -> bool {
    let inner_capital = run.chars().skip(1).any(char::is_uppercase);
    let inner_line = run.trim_matches('_').contains('_');
    (inner_capital && run.chars().any(char::is_lowercase))
        || inner_line
        || parts_of(run).nth(1).is_some()
}

fn kind_of(word: &str) -> Option<Kind> {
    Some(match word {
        "class" => Kind::Class,
        "struct" => Kind::Struct,
        "enum" => Kind::Enum,
        "interface" => Kind::Interface,
        "trait" => Kind::Trait,
        "function" | "func" | "fn" | "def" => Kind::Function,
        "method" => Kind::Method,
        "constructor" => Kind::Constructor,
        "macro" => Kind::Macro,
        "module" | "namespace" => Kind::Module,
        "constant" | "const" => Kind::Constant,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn names(text: &str) -> (bool, Vec<String>) {
        let question = Question::read(text, false);
        (question.is_name, question.names)
    }

    #[test]
    fn names_and_sentences_are_told_apart() {
        for text in [
            "parseHeader",
            "class TableRow",
            "Context.ensure_object definition",
            "RapairDB",
            "readFile write_file",
        ] {
            assert!(names(text).0, "{text}");
        }
        for text in [
            "how is the header parsed?",
            "read a password without showing it",
            "retry logic",
            "WebSocket client implementation",
            "PowerShell completion",
        ] {
            assert!(!names(text).0, "{text}");
        }
        assert_eq!(names("where is the Foo::bar code").1, ["Foo", "bar"]);
    }

    #[test]
    fn a_question_of_glue_alone_has_no_expression() {
        assert_eq!(Question::read("what is it?", false).expression(), None);
        let question = Question::read("parseHTTP \"OR", false);
        assert_eq!(
            question.expression().as_deref(),
            Some("\"http\" OR \"parse\" OR \"parsehttp\"")
        );
    }

    #[test]
    fn kinds_and_tests_are_noticed() {
        assert_eq!(
            Question::read("struct Pool", false).kind,
            Some(Kind::Struct)
        );
        assert_eq!(Question::read("how do I class these", false).kind, None);
        assert!(Question::read("tests of the parser", false).wants_tests);
        assert!(!Question::read("the latest parser", false).wants_tests);
        assert!(Question::read("what the README says of limits", false).wants_prose);
        assert!(!Question::read("what limits a request", false).wants_prose);
        let question = Question::read("how documentation is generated", false);
        assert!(question.may_want_prose && !question.wants_prose);
    }
}
