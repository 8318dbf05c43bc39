//! What an element is for, in a sentence, and which elements are akin.

use std::collections::HashMap;

use mira_syntax::{Kind, ReferenceKind};
use serde::Serialize;

use super::Code;
use super::clusters::Cluster;
use super::code::SURE;
use super::concepts::Concept;
use super::terms::{Terms, is_named, pieces};

/// What is known of an element's sense.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Meaning {
    /// Its place among the elements.
    pub element: usize,
    /// The first sentence of its documentation; else what its name says.
    pub purpose: String,
    /// How far that can be trusted: its author's words more than its name.
    pub confidence: f64,
    /// Concepts it is about, the strongest first.
    pub concepts: Vec<String>,
    /// The cluster its file is in.
    pub domain: Option<String>,
    /// How much the project leans on it, against the element it leans on most: 0 to 1.
    pub importance: f64,
}

/// Two elements that have to do with each other beyond calls.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Kinship {
    pub from: usize,
    pub to: usize,
    /// `tests`, `implements`, `akin` (they are about the same words).
    pub relation: &'static str,
    /// 0 to 1.
    pub strength: f64,
}

const CONCEPTS: usize = 6;

pub(super) fn meanings(
    code: &Code,
    concepts: &[Concept],
    clusters: &[Cluster],
    rank: &[f64],
) -> Vec<Meaning> {
    let mut about: HashMap<usize, Vec<(f64, &str)>> = HashMap::new();
    for concept in concepts {
        for (element, weight) in &concept.elements {
            let strength = weight * concept.weight.sqrt();
            about
                .entry(*element)
                .or_default()
                .push((strength, &concept.name));
        }
    }
    let mut domain: HashMap<usize, &str> = HashMap::new();
    for cluster in clusters {
        domain.extend(
            cluster
                .files
                .iter()
                .map(|file| (*file, cluster.name.as_str())),
        );
    }
    let most = rank.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    let named = |index: &usize| is_named(code.elements[*index].kind) && code.is_product(*index);
    (0..code.elements.len())
        .filter(named)
        .map(|index| {
            let element = &code.elements[index];
            let mut concepts = about.remove(&index).unwrap_or_default();
            concepts.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
            let said = element.doc.as_deref().and_then(first_sentence);
            Meaning {
                element: index,
                confidence: if said.is_some() { 0.9 } else { 0.4 },
                purpose: said.unwrap_or_else(|| by_name(&element.name, element.kind)),
                concepts: concepts
                    .into_iter()
                    .take(CONCEPTS)
                    .map(|(_, name)| name.to_owned())
                    .collect(),
                domain: domain.get(&element.file).map(|name| (*name).to_owned()),
                importance: rank[index] / most,
            }
        })
        .collect()
}

fn first_sentence(doc: &str) -> Option<String> {
    let paragraph: Vec<&str> = doc
        .lines()
        .map(str::trim)
        .skip_while(|line| line.is_empty() || line.starts_with('@'))
        .take_while(|line| !line.is_empty() && !line.starts_with('@'))
        .collect();
    let text = paragraph.join(" ");
    let end = text
        .match_indices(['.', '!', '?'])
        .find(|(at, _)| text[at + 1..].starts_with(' ') || text.len() == at + 1)
        .map_or(text.len(), |(at, mark)| at + mark.len());
    let sentence: String = text[..end].chars().take(240).collect();
    (sentence.chars().filter(|c| c.is_alphabetic()).count() > 3).then_some(sentence)
}

/// `find_open_carts` of a function: `find open carts`; of a type: `open cart (struct)`.
fn by_name(name: &str, kind: Kind) -> String {
    let words = pieces(name).join(" ");
    let words = if words.is_empty() {
        name.to_owned()
    } else {
        words
    };
    if kind.is_callable() {
        words
    } else {
        format!("{words} ({})", kind.as_str())
    }
}

/// At most so many that are akin to one.
const AKIN: usize = 5;
const ENOUGH: f64 = 0.55;
/// Words in more elements than this are looked up for nobody.
const COMMON: u32 = 60;

pub(super) fn kinships(code: &Code, terms: &Terms) -> Vec<Kinship> {
    let mut found = Vec::new();
    let mut implementers: Vec<_> = code.implementers().into_iter().collect();
    implementers.sort_unstable();
    for (of, by) in implementers {
        found.extend(by.into_iter().map(|from| Kinship {
            from,
            to: of,
            relation: "implements",
            strength: 1.0,
        }));
    }
    let mut tests: HashMap<(usize, usize), f64> = HashMap::new();
    for edge in code.edges.iter().filter(|edge| edge.confidence >= SURE) {
        let is_use = !matches!(edge.kind, ReferenceKind::Type | ReferenceKind::Extends);
        let Some(from) = edge.from.filter(|from| is_use && code.is_test(*from)) else {
            continue;
        };
        if !code.is_test(edge.to) {
            let strength = tests.entry((from, edge.to)).or_default();
            *strength = strength.max(edge.confidence);
        }
    }
    let mut tests: Vec<_> = tests.into_iter().collect();
    tests.sort_unstable_by_key(|(pair, _)| *pair);
    found.extend(tests.into_iter().map(|((from, to), strength)| Kinship {
        from,
        to,
        relation: "tests",
        strength,
    }));
    found.extend(akin(code, terms));
    found
}

/// Elements that are about the same words, by the angle between them.
fn akin(code: &Code, terms: &Terms) -> Vec<Kinship> {
    let says: Vec<f64> = (0..terms.words.len())
        .map(|word| terms.says(u32::try_from(word).unwrap_or(u32::MAX)))
        .collect();
    let weight = |(word, weight): &(u32, f32)| (*word, f64::from(*weight) * says[*word as usize]);
    let lengths: Vec<f64> = terms
        .of_element
        .iter()
        .map(|words| {
            words
                .iter()
                .map(|word| weight(word).1.powi(2))
                .sum::<f64>()
                .sqrt()
        })
        .collect();
    let mut by_word: HashMap<u32, Vec<(usize, f64)>> = HashMap::new();
    for (element, words) in terms.of_element.iter().enumerate() {
        for (word, weight) in words.iter().map(weight) {
            if terms.frequency[word as usize] <= COMMON {
                by_word.entry(word).or_default().push((element, weight));
            }
        }
    }
    let mut found = Vec::new();
    for (element, words) in terms.of_element.iter().enumerate() {
        let mut both: HashMap<usize, f64> = HashMap::new();
        for (word, own) in words.iter().map(weight) {
            for (other, weight) in by_word.get(&word).into_iter().flatten() {
                if *other != element {
                    *both.entry(*other).or_default() += own * weight;
                }
            }
        }
        let mut close: Vec<(usize, f64)> = both
            .into_iter()
            .map(|(other, dot)| (other, dot / (lengths[element] * lengths[other])))
            .filter(|(other, angle)| {
                *angle >= ENOUGH
                    && !code.is_inside(*other, element)
                    && !code.is_inside(element, *other)
            })
            .collect();
        close.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        // Told once for each pair, by the one that stands first.
        let once = close
            .into_iter()
            .take(AKIN)
            .filter(|(other, _)| *other > element);
        found.extend(once.map(|(to, strength)| Kinship {
            from: element,
            to,
            relation: "akin",
            strength: strength.min(1.0),
        }));
    }
    found
}
