//! Finds secrets in text and puts a mark in their place: keys and tokens of known vendors, private
//! keys, passwords in addresses, values that are assigned to names which say "secret", and every
//! value of a `.env` file.
//!
//! Text in, text out; a masker remembers the values of the `.env` files that it was shown, and
//! nothing else. What is masked, and when, is the caller's to say. A mark names the kind
//! of secret and a short keyed digest, `[secret:github-token:3f9a1c04]`: the same secret has the
//! same mark on this installation, another installation cannot compare them, and nobody can try
//! passwords against it. Masking marked text again changes nothing.

mod env;
mod known;
mod place;
mod rules;
mod stream;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, LazyLock, PoisonError, RwLock};

use aho_corasick::AhoCorasick;
use regex::Regex;

pub use env::is_env_file;
pub use place::is_secret_file;
pub use stream::Stream;

use known::Known;
use rules::{RULES, Rule};

/// Bytes of the key that marks are made with.
pub const KEY_BYTES: usize = 32;

/// Where a secret stands, and which rule found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// "github-token", "private-key", "env-value", …
    pub kind: &'static str,
    /// In bytes of the text that was looked at.
    pub range: Range<usize>,
}

/// Makes marks, and puts secrets back in their place. Cheap to clone; clones know the same values.
#[derive(Clone)]
pub struct Masker {
    key: [u8; KEY_BYTES],
    known: Arc<RwLock<Known>>,
}

impl std::fmt::Debug for Masker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Masker")
    }
}

/// A text holds marks whose secrets are not where they would be put back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownMarks(pub Vec<String>);

impl Masker {
    /// With the installation's own key: who has it can test guesses against marks.
    pub fn new(key: [u8; KEY_BYTES]) -> Self {
        Self {
            key,
            known: Arc::default(),
        }
    }

    /// Remembers the values of a `.env` file that are secret by their names or by their look, so
    /// that they are masked in every text from now on; other files are passed over. A value like
    /// `development` or `localhost` is masked in the file alone.
    pub fn learn(&self, path: &str, text: &str) {
        if !is_env_file(path) {
            return;
        }
        let mut values = env::telling(text);
        {
            let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
            values.retain(|value| !known.has(value));
        }
        if !values.is_empty() {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.add(values);
        }
    }

    /// The text without its secrets; borrowed where there are none.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        self.replace(text, &self.with_known(find(text), text))
    }

    /// The same for what stands in a file: in `.env` files every value is a secret, and is
    /// remembered as [`Masker::learn`] does.
    pub fn mask_file<'a>(&self, path: &str, text: &'a str) -> Cow<'a, str> {
        self.learn(path, text);
        self.replace(text, &self.found_in_file(path, text))
    }

    fn found_in_file(&self, path: &str, text: &str) -> Vec<Finding> {
        self.with_known(find_in_file(path, text), text)
    }

    /// A value that is known has the same mark everywhere, whatever rule would find it as well.
    fn with_known(&self, found: Vec<Finding>, text: &str) -> Vec<Finding> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let ranges = known.find(text);
        if ranges.is_empty() {
            return found;
        }
        let known = ranges.into_iter().map(|range| Finding {
            kind: env::KIND,
            range,
        });
        settled(known.chain(found).collect(), text)
    }

    /// Puts the secrets of `original`, a file of that path, back where `text` has their marks, so
    /// that an edit of masked text does not destroy them.
    ///
    /// # Errors
    /// The marks whose secrets `original` does not hold.
    pub fn restore<'a>(
        &self,
        text: &'a str,
        path: &str,
        original: &str,
    ) -> Result<Cow<'a, str>, UnknownMarks> {
        if !text.contains(MARK_START) {
            return Ok(Cow::Borrowed(text));
        }
        // A mark may have been made before its value was known.
        let secrets: BTreeMap<String, &str> = find_in_file(path, original)
            .into_iter()
            .chain(self.found_in_file(path, original))
            .map(|finding| {
                let secret = &original[finding.range.clone()];
                (self.mark(finding.kind, secret), secret)
            })
            .collect();
        let mut unknown = Vec::new();
        let restored = MARK.replace_all(text, |mark: &regex::Captures<'_>| {
            let mark = mark[0].to_owned();
            // A mark that the file itself spells out is its own text.
            if let Some(secret) = secrets.get(&mark) {
                return (*secret).to_owned();
            }
            if !original.contains(&mark) {
                unknown.push(mark.clone());
            }
            mark
        });
        if unknown.is_empty() {
            Ok(restored)
        } else {
            unknown.dedup();
            Err(UnknownMarks(unknown))
        }
    }

    fn replace<'a>(&self, text: &'a str, findings: &[Finding]) -> Cow<'a, str> {
        if findings.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        for finding in findings {
            out += &text[done..finding.range.start];
            out += &self.mark(finding.kind, &text[finding.range.clone()]);
            done = finding.range.end;
        }
        out += &text[done..];
        Cow::Owned(out)
    }

    fn mark(&self, kind: &str, secret: &str) -> String {
        let digest = blake3::keyed_hash(&self.key, secret.as_bytes());
        let [a, b, c, d, ..] = *digest.as_bytes();
        format!("{MARK_START}{kind}:{a:02x}{b:02x}{c:02x}{d:02x}]")
    }
}

const MARK_START: &str = "[secret:";

static MARK: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[secret:[a-z0-9-]+:[0-9a-f]{8}\]"));

/// Whether the text has marks in it, as [`Masker::mask`] leaves them.
pub fn has_marks(text: &str) -> bool {
    text.contains(MARK_START) && MARK.is_match(text)
}

/// Secrets in a text, in order, none inside another.
pub fn find(text: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    for rule in wanted(text) {
        for groups in rule.regex().captures_iter(text) {
            let Some(secret) = groups.get(1).or_else(|| groups.get(0)) else {
                continue;
            };
            if rule.accepts(secret.as_str()) {
                found.push(Finding {
                    kind: rule.kind,
                    range: secret.range(),
                });
            }
        }
    }
    settled(found, text)
}

/// The same, where the text is a file's.
pub fn find_in_file(path: &str, text: &str) -> Vec<Finding> {
    let mut found = find(text);
    if is_env_file(path) {
        found.extend(env::values(text));
        return settled(found, text);
    }
    found
}

/// Rules whose words the text has: the others cannot match, and looking for words is fast.
fn wanted(text: &str) -> Vec<&'static Rule> {
    static WORDS: LazyLock<(AhoCorasick, Vec<usize>)> = LazyLock::new(|| {
        let words = RULES
            .iter()
            .enumerate()
            .flat_map(|(at, rule)| rule.words.iter().map(move |word| (at, *word)));
        let (rules, words): (Vec<usize>, Vec<&str>) = words.unzip();
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(words)
            .unwrap_or_else(|error| unreachable!("the words of the rules are fixed: {error}"));
        (automaton, rules)
    });
    let (automaton, rules) = &*WORDS;
    let mut seen = vec![false; RULES.len()];
    let mut left = RULES.len();
    for hit in automaton.find_overlapping_iter(text) {
        let at = rules[hit.pattern().as_usize()];
        if !std::mem::replace(&mut seen[at], true) {
            left -= 1;
            if left == 0 {
                break;
            }
        }
    }
    RULES
        .iter()
        .zip(seen)
        .filter_map(|(rule, seen)| seen.then_some(rule))
        .collect()
}

/// In order, without overlaps: the one that begins first stays, of two that begin together the
/// longer; nothing inside a mark.
fn settled(mut found: Vec<Finding>, text: &str) -> Vec<Finding> {
    if found.is_empty() {
        return found;
    }
    found.sort_by_key(|one| (one.range.start, std::cmp::Reverse(one.range.end)));
    let marks: Vec<Range<usize>> = if text.contains(MARK_START) {
        MARK.find_iter(text).map(|mark| mark.range()).collect()
    } else {
        vec![]
    };
    let mut end = 0;
    found.retain(|one| {
        let marked = marks
            .iter()
            .any(|mark| one.range.start < mark.end && mark.start < one.range.end);
        let free = one.range.start >= end && !marked;
        if free {
            end = one.range.end;
        }
        free
    });
    found
}

fn pattern(text: &str) -> Regex {
    Regex::new(text).unwrap_or_else(|error| unreachable!("a fixed pattern: {error}"))
}
