//! Code for a message: an element that was picked, and what the message is about by its words.

use std::collections::HashSet;
use std::sync::Arc;

use mira_index::{Element, Query, With};
use mira_protocol::code::ElementRef;
use mira_protocol::{Failure, ProjectId};
use mira_secrets::is_secret_file;

use super::port::PATIENCE;
use super::{Held, Knowledge, from_index};
use crate::operations::RELATED_CAP_TOKENS;

/// The most lines of an element that is picked.
const MOST_LINES: u32 = 2_000;
/// Names in a message that are looked up.
const NAMES: usize = 6;
/// Places of one name.
const PLACES: usize = 3;
/// Places that a search adds, and hits that are looked at for them.
const FOUND: usize = 5;
const HITS: usize = 12;
/// Words of a message that its hits must share, and how many letters of a word count.
const SHARED: usize = 2;
const STEM: usize = 5;
const HEAD: &str = "Places in this project's code that the message may be about, found by its words (path:lines kind name, \
     signature). They can be beside the point; read them before you rely on them.\n";

/// An element's text.
pub(crate) struct Definition {
    pub name: String,
    pub text: String,
}

impl Knowledge {
    /// The index of a project, where it is open and was read: nobody waits for it.
    pub(crate) async fn ready(&self, project: &ProjectId) -> Option<Arc<Held>> {
        self.opened(project).await.filter(|held| held.is_fresh())
    }

    /// The text of the element that is meant.
    ///
    /// # Errors
    /// Where there is none, or several; then they are named.
    pub(crate) async fn definition(
        &self,
        project: &ProjectId,
        path: &str,
        name: &str,
    ) -> Result<Definition, Failure> {
        let held = self.of(project).await?;
        let wanted = ElementRef {
            project_id: project.clone(),
            id: None,
            name: Some(name.to_owned()),
            path: Some(path.to_owned()).filter(|path| !path.is_empty()),
            depth: None,
            limit: None,
        };
        let element = match held.find(&wanted).await {
            Err(_) if !held.is_fresh() => {
                // Where it takes longer, the answer says how far it is.
                let _ = tokio::time::timeout(PATIENCE, held.until_fresh()).await;
                held.find(&wanted).await?
            }
            found => found?,
        };
        if is_secret_file(&element.path) {
            let text = format!("{name} stands in a secret file and is not told.");
            return Err(
                Failure::new(mira_protocol::Code::BadParams, text).hint("Take the mention out.")
            );
        }
        let last = element.end_line.min(element.start_line + MOST_LINES);
        let excerpt = held.index.excerpt(&element.path, element.start_line, last);
        let excerpt = excerpt.await.map_err(from_index)?;
        Ok(Definition {
            name: format!(
                "{} ({}:{}-{})",
                element.qualified_name, element.path, element.start_line, element.end_line
            ),
            text: excerpt.text,
        })
    }
}

impl Held {
    /// Places that a message is about; None where there is nothing worth saying. `known` files are
    /// left out: they are told whole.
    pub(crate) async fn related(&self, message: &str, known: &[String]) -> Option<String> {
        let mut places = Places::new(known);
        for name in names(message).into_iter().take(NAMES) {
            let found = self.index.named(&name, None).await.ok()?;
            // A name that many things have says nothing.
            if found.len() <= PLACES {
                found.iter().for_each(|element| places.add(element));
            }
        }
        let words = words(message);
        if words.len() >= SHARED {
            let query = Query {
                limit: HITS,
                ..Query::new(message)
            };
            let with = With::Words { why: "", hint: "" };
            let answer = self.index.search(&query, with).await.ok()?;
            let elements = answer.hits.into_iter().filter_map(|hit| hit.element);
            elements
                .filter(|element| shares(element, &words))
                .take(FOUND)
                .for_each(|element| places.add(&element));
        }
        places.text()
    }
}

struct Places<'a> {
    known: &'a [String],
    seen: HashSet<i64>,
    text: String,
}

impl<'a> Places<'a> {
    fn new(known: &'a [String]) -> Self {
        Self {
            known,
            seen: HashSet::new(),
            text: HEAD.to_owned(),
        }
    }

    fn add(&mut self, element: &Element) {
        let is_told = self.known.contains(&element.path) || is_secret_file(&element.path);
        if is_told || !self.seen.insert(element.id) {
            return;
        }
        let line = format!(
            "{}:{}-{} {} {}, {}\n",
            element.path,
            element.start_line,
            element.end_line,
            element.kind.as_str(),
            element.qualified_name,
            element.signature
        );
        if self.text.len() + line.len() <= RELATED_CAP_TOKENS * 4 {
            self.text.push_str(&line);
        }
    }

    fn text(self) -> Option<String> {
        (self.text.len() > HEAD.len()).then_some(self.text)
    }
}

/// Words that are written like names of code: `total_price`, `Cart::total`, `CartItem`, `` `cart` ``.
fn names(message: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let is_end = |c: char| !(c.is_alphanumeric() || c == '_');
    for word in message.split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ',' | ';')) {
        let bare = word.trim_matches(is_end);
        let is_path = word.contains('/');
        if bare.len() >= 3
            && !is_path
            && is_name(word, bare)
            && !found.iter().any(|one| one == bare)
        {
            found.push(bare.to_owned());
        }
    }
    found
}

fn is_name(word: &str, bare: &str) -> bool {
    let is_quoted = word.starts_with('`') && word.trim_end_matches(['.', ':', '?']).ends_with('`');
    let mut letters = bare.chars().zip(bare.chars().skip(1));
    let has_hump = letters.any(|(one, next)| one.is_lowercase() && next.is_uppercase());
    is_quoted || has_hump || bare.contains('_') || bare.contains("::")
}

/// What a message is about, cut to stems; words that every message has are left out.
fn words(message: &str) -> HashSet<String> {
    const COMMON: &[&str] = &[
        "about", "after", "again", "also", "before", "change", "check", "code", "could", "does",
        "each", "every", "file", "files", "find", "fix", "from", "have", "here", "into", "just",
        "like", "look", "make", "more", "need", "only", "please", "project", "read", "rename",
        "should", "show", "some", "tell", "test", "tests", "than", "that", "them", "then", "there",
        "these", "they", "this", "those", "want", "what", "when", "where", "which", "will", "with",
        "work", "would", "write", "your",
    ];
    message
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| word.chars().count() >= 4 && !COMMON.contains(&word.as_str()))
        .map(|word| word.chars().take(STEM).collect())
        .collect()
}

/// Whether the element itself speaks of what the message is about.
fn shares(element: &Element, words: &HashSet<String>) -> bool {
    let doc = element.doc.as_deref().unwrap_or_default();
    let own = format!("{} {} {}", element.qualified_name, element.signature, doc).to_lowercase();
    words
        .iter()
        .filter(|word| own.contains(word.as_str()))
        .count()
        >= SHARED
}

#[cfg(test)]
mod tests {
    use super::{names, words};

    #[test]
    fn names_of_code_are_told_from_words() {
        let message =
            "Rename `cart` in src/a_b.rs: total_price() and Cart::total, CartItem; not Hello.";
        assert_eq!(
            names(message),
            ["cart", "total_price", "Cart::total", "CartItem"]
        );
        assert!(names("Go on where you stopped.").is_empty());
        assert!(words("Hello, please fix this").len() < 2);
        assert_eq!(words("Where are the prices summed?").len(), 2);
    }
}
