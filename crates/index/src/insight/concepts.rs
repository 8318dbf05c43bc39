//! The words a project thinks in: single words and pairs that stand in many of its names, but not
//! in all.

use std::collections::HashMap;

use serde::Serialize;

use super::Code;
use super::terms::{Terms, cut, is_named};

/// A word, or two that stand together, with the elements it is about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Concept {
    /// `checkpoint`, `call graph`.
    pub name: String,
    /// How much of the project it explains, against the strongest concept: 0 to 1.
    pub weight: f64,
    /// Places of elements with how much each is about it (0 to 1), the strongest first.
    pub elements: Vec<(usize, f64)>,
}

/// At most so many, the strongest first.
const MOST: usize = 400;
const FEWEST_ELEMENTS: u32 = 3;
/// In a small project a word may stand in all of one part.
const ALWAYS_FEW: u32 = 12;
/// What stands in more of all names than this says nothing any more.
const TOO_COMMON: f64 = 0.25;
/// A pair is a concept of its own, if so much of its rarer word stands in it.
const PAIRED: f64 = 0.5;

pub(super) fn find(code: &Code, terms: &Terms) -> Vec<Concept> {
    let named = terms.of_element.iter().filter(|of| !of.is_empty()).count();
    let most = ((named as f64 * TOO_COMMON) as u32).max(ALWAYS_FEW);
    let fits = |count: u32| (FEWEST_ELEMENTS..=most).contains(&count);
    let mut by_word: Vec<Vec<(usize, f64)>> = vec![Vec::new(); terms.words.len()];
    for (element, words) in terms.of_element.iter().enumerate() {
        for (word, weight) in words {
            if fits(terms.frequency[*word as usize]) {
                by_word[*word as usize].push((element, f64::from(*weight) / 6.0));
            }
        }
    }
    let pairs = pairs(code, terms);
    let mut found: Vec<Concept> = Vec::new();
    for (pair, elements) in pairs {
        let (first, second) = pair;
        let rarer = terms.frequency[first as usize].min(terms.frequency[second as usize]);
        let share = elements.len() as f64 / f64::from(rarer.max(1));
        let count = u32::try_from(elements.len()).unwrap_or(u32::MAX);
        if fits(count) && share >= PAIRED {
            let name = format!(
                "{} {}",
                terms.words[first as usize], terms.words[second as usize]
            );
            let says = terms.says(first) + terms.says(second);
            found.push(concept(
                name,
                says,
                elements.into_iter().map(|one| (one, 1.0)).collect(),
            ));
            // The rarer of the two means nothing else.
            for word in [first, second] {
                if share > 0.8 && terms.frequency[word as usize] == rarer {
                    by_word[word as usize].clear();
                }
            }
        }
    }
    for (word, elements) in by_word.into_iter().enumerate() {
        let count = elements.iter().filter(|(_, weight)| *weight >= 0.5).count();
        // A word of documentation alone names nothing.
        if count >= FEWEST_ELEMENTS as usize {
            let says = terms.says(u32::try_from(word).unwrap_or(u32::MAX));
            found.push(concept(terms.words[word].clone(), says, elements));
        }
    }
    found.sort_by(|a, b| {
        b.weight
            .total_cmp(&a.weight)
            .then_with(|| a.name.cmp(&b.name))
    });
    found.truncate(MOST);
    let strongest = found.first().map_or(1.0, |concept| concept.weight);
    for concept in &mut found {
        concept.weight /= strongest;
    }
    found
}

fn concept(name: String, says: f64, mut elements: Vec<(usize, f64)>) -> Concept {
    elements.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    let held: f64 = elements.iter().map(|(_, weight)| weight).sum();
    Concept {
        name,
        weight: held.sqrt() * says,
        elements,
    }
}

/// Words that stand side by side in a name.
fn pairs(code: &Code, terms: &Terms) -> Vec<((u32, u32), Vec<usize>)> {
    let numbers: HashMap<&str, u32> = terms
        .words
        .iter()
        .zip(0..)
        .map(|(word, number)| (word.as_str(), number))
        .collect();
    let mut found: HashMap<(u32, u32), Vec<usize>> = HashMap::new();
    for (index, element) in code.elements.iter().enumerate() {
        if terms.of_element[index].is_empty() || !is_named(element.kind) {
            continue;
        }
        let words: Vec<u32> = cut(&element.name)
            .filter_map(|word| numbers.get(word.as_str()).copied())
            .collect();
        for pair in words.windows(2) {
            let elements = found.entry((pair[0], pair[1])).or_default();
            if elements.last() != Some(&index) {
                elements.push(index);
            }
        }
    }
    let mut found: Vec<_> = found.into_iter().collect();
    found.sort_unstable_by_key(|(pair, _)| *pair);
    found
}
