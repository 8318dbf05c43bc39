//! The words in names and documentation, and how much each says.

use std::collections::HashMap;

use mira_syntax::Kind;

use super::Code;

/// Words that say nothing of what a program is about.
const COMMON: &[&str] = &[
    "a", "about", "above", "add", "after", "again", "all", "also", "an", "and", "any", "are",
    "arg", "args", "as", "at", "be", "because", "been", "before", "being", "below", "between",
    "bool", "both", "but", "by", "call", "can", "class", "clear", "close", "code", "const", "copy",
    "could", "count", "create", "data", "default", "delete", "did", "do", "does", "done", "during",
    "each", "else", "empty", "end", "enum", "error", "ever", "every", "false", "few", "field",
    "file", "find", "first", "fn", "for", "from", "func", "function", "get", "given", "had",
    "handle", "has", "have", "her", "here", "his", "how", "id", "if", "impl", "in", "index",
    "info", "init", "insert", "int", "into", "is", "it", "item", "items", "its", "just", "key",
    "kind", "last", "least", "len", "length", "less", "like", "line", "list", "load", "main",
    "make", "many", "map", "max", "may", "method", "min", "module", "more", "most", "much", "must",
    "name", "never", "new", "next", "no", "node", "none", "nor", "not", "null", "num", "number",
    "object", "of", "off", "on", "once", "one", "only", "open", "option", "or", "other", "our",
    "ours", "out", "over", "own", "param", "parent", "path", "per", "pub", "put", "read", "ref",
    "remove", "result", "return", "returns", "run", "same", "save", "self", "set", "she", "should",
    "show", "since", "size", "so", "some", "start", "state", "static", "still", "stop", "str",
    "string", "struct", "such", "test", "tests", "text", "than", "that", "the", "their", "them",
    "then", "there", "these", "they", "this", "those", "though", "through", "time", "to", "too",
    "true", "two", "type", "under", "until", "update", "upon", "use", "used", "uses", "using",
    "val", "value", "var", "very", "via", "was", "were", "what", "when", "where", "which", "while",
    "who", "whom", "whose", "why", "will", "with", "without", "would", "write", "yet", "you",
    "your",
];

/// What words each element is named and described with.
pub(super) struct Terms {
    pub words: Vec<String>,
    /// For each element its words with their weight, by word.
    pub of_element: Vec<Vec<(u32, f32)>>,
    /// In how many elements a word stands.
    pub frequency: Vec<u32>,
    /// How many elements have words at all.
    named: f64,
}

const IN_NAME: f32 = 3.0;
const AROUND: f32 = 1.0;
const IN_DOC: f32 = 1.0;
/// Words of documentation beyond so many add little.
const DOC_WORDS: usize = 60;

impl Terms {
    pub fn of(code: &Code) -> Self {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut words = Vec::new();
        let mut of_element = Vec::with_capacity(code.elements.len());
        let mut frequency: Vec<u32> = Vec::new();
        for (index, element) in code.elements.iter().enumerate() {
            let mut weights: HashMap<u32, f32> = HashMap::new();
            let mut add = |word: String, weight: f32| {
                let number = *numbers.entry(word).or_insert_with_key(|word| {
                    words.push(word.clone());
                    u32::try_from(words.len() - 1).unwrap_or(u32::MAX)
                });
                let all = weights.entry(number).or_default();
                *all = (*all + weight).min(IN_NAME * 2.0);
            };
            if code.is_product(index) && is_named(element.kind) {
                for word in cut(&element.name) {
                    add(word, IN_NAME);
                }
                for word in cut(&element.around) {
                    add(word, AROUND);
                }
                let doc = element.doc.iter().flat_map(|doc| cut(doc));
                for word in doc.take(DOC_WORDS) {
                    add(word, IN_DOC);
                }
            }
            let mut weights: Vec<(u32, f32)> = weights.into_iter().collect();
            weights.sort_unstable_by_key(|(number, _)| *number);
            frequency.resize(words.len(), 0);
            for (number, _) in &weights {
                frequency[*number as usize] += 1;
            }
            of_element.push(weights);
        }
        let named = of_element.iter().filter(|of| !of.is_empty()).count() as f64;
        Self {
            named,
            words,
            of_element,
            frequency,
        }
    }

    /// How much a word says: more, the fewer elements have it.
    pub fn says(&self, word: u32) -> f64 {
        (1.0 + self.named / f64::from(self.frequency[word as usize].max(1))).ln()
    }
}

/// Elements whose names are chosen to say something.
pub(super) fn is_named(kind: Kind) -> bool {
    kind.is_callable() && kind != Kind::Test
        || kind.is_type()
        || matches!(
            kind,
            Kind::Module | Kind::Constant | Kind::Table | Kind::View
        )
}

/// `parseHTTPRequests` → `parse`, `http`, `request`, without words that say nothing.
pub(super) fn cut(text: &str) -> impl Iterator<Item = String> {
    pieces(text)
        .into_iter()
        .filter(|word| word.len() > 2 && word.len() < 30 && !is_common(word))
        .map(singular)
        .filter(|word| !is_common(word))
}

fn is_common(word: &str) -> bool {
    COMMON.binary_search(&word).is_ok()
}

/// Words in small letters, in order.
pub(super) fn pieces(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut word = String::new();
    let chars: Vec<char> = text.chars().collect();
    for (at, c) in chars.iter().enumerate() {
        let is_border = c.is_uppercase()
            && at > 0
            && (chars[at - 1].is_lowercase()
                || chars[at - 1].is_uppercase()
                    && chars.get(at + 1).is_some_and(|next| next.is_lowercase()));
        if (is_border || !c.is_alphabetic()) && !word.is_empty() {
            found.push(std::mem::take(&mut word));
        }
        if c.is_alphabetic() {
            word.extend(c.to_lowercase());
        }
    }
    if !word.is_empty() {
        found.push(word);
    }
    found
}

fn singular(word: String) -> String {
    let stem = |cut: usize, end: &str| format!("{}{end}", &word[..word.len() - cut]);
    match word.as_str() {
        _ if !word.is_ascii() || word.len() < 5 => word,
        of if of.ends_with("ies") => stem(3, "y"),
        of if of.ends_with("sses") || of.ends_with("xes") || of.ends_with("ches") => stem(2, ""),
        of if of.ends_with('s')
            && !of.ends_with("ss")
            && !of.ends_with("us")
            && !of.ends_with("is") =>
        {
            stem(1, "")
        }
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_without_meaning_are_left_out() {
        // They are looked up by halves.
        assert!(COMMON.is_sorted());
        let left: Vec<String> = cut("These are the mostUsed requests of their owners").collect();
        assert_eq!(left, ["request", "owner"]);
    }
}
