//! What was found by words and what was found by meaning, put together by reciprocal ranks.

use std::cmp::Ordering;
use std::collections::HashMap;
use std::hash::Hash;

use super::rank::{K, Why};

/// Something that one way of looking brought.
pub struct Found<I, T> {
    /// The same in both where it is the same.
    pub id: I,
    pub what: T,
    /// How well it fits, for people; may be empty.
    pub detail: String,
}

/// Something with what its rank is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Joined<T> {
    pub what: T,
    /// Of the best 1.
    pub score: f64,
    pub why: Vec<Why>,
}

/// Both are given the best first. A place by meaning counts `weight` times as much as the same by
/// words; among equals comes first what has the words, then what `order` says.
pub fn join<I: Hash + Eq, T>(
    words: Vec<Found<I, T>>,
    near: Vec<Found<I, T>>,
    weight: f64,
    order: impl Fn(&T, &T) -> Ordering,
) -> Vec<Joined<T>> {
    let mut all: HashMap<I, Joined<T>> = HashMap::new();
    let ways = [
        ("words", "by its words", 1.0, words),
        ("meaning", "by meaning", weight, near),
    ];
    for (signal, how, weight, found) in ways {
        for (place, one) in found.into_iter().enumerate() {
            let joined = all.entry(one.id).or_insert(Joined {
                what: one.what,
                score: 0.0,
                why: Vec::new(),
            });
            let points = weight / (K + place as f64);
            let mut text = format!("place {} {how}", place + 1);
            if !one.detail.is_empty() {
                text.push_str(&format!(" ({})", one.detail));
            }
            joined.score += points;
            joined.why.push(Why {
                signal,
                points,
                text,
            });
        }
    }
    let has_words = |one: &Joined<T>| one.why.iter().any(|why| why.signal == "words");
    let mut all: Vec<Joined<T>> = all.into_values().collect();
    all.sort_by(|a, b| {
        let by_words = has_words(b).cmp(&has_words(a));
        let same = by_words.then_with(|| order(&a.what, &b.what));
        b.score.total_cmp(&a.score).then(same)
    });
    let best = all.first().map_or(1.0, |one| one.score);
    for one in &mut all {
        one.score /= best;
        one.why.sort_by(|a, b| b.points.total_cmp(&a.points));
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&'static str]) -> Vec<Found<&'static str, &'static str>> {
        let one = |name: &&'static str| Found {
            id: *name,
            what: *name,
            detail: String::new(),
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn both_before_one_and_words_before_meaning_at_the_same_place() {
        let joined = |words: &[&'static str], near: &[&'static str], weight| {
            let all = join(found(words), found(near), weight, Ord::cmp);
            all.into_iter().map(|one| one.what).collect::<Vec<_>>()
        };
        assert_eq!(joined(&["w", "x"], &["n", "x"], 1.0), ["x", "w", "n"]);
        assert_eq!(joined(&["w", "v"], &["n", "m"], 1.0), ["w", "n", "v", "m"]);
        assert_eq!(joined(&["w"], &["n"], 1.5), ["n", "w"]);
        let all = join(found(&["w"]), found(&["w"]), 1.5, Ord::cmp);
        assert_eq!(all[0].score, 1.0);
        let signals: Vec<&str> = all[0].why.iter().map(|why| why.signal).collect();
        assert_eq!(signals, ["meaning", "words"]);
        assert!(join(found(&[]), found(&[]), 1.0, Ord::cmp).is_empty());
    }
}
