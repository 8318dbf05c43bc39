//! What a function without a name is given: `carts.iter().map(|cart| …)`.

use mira_syntax::Given;

use super::ground::{Family, Thing};
use super::names::Names;
use super::parts::split;
use super::receivers::Spot;
use super::types::Typed;

/// Methods that call what is given first with each of what is there, or with what is there.
const HANDS: &[&str] = &[
    "map",
    "for_each",
    "forEach",
    "filter",
    "filter_map",
    "flat_map",
    "flatMap",
    "any",
    "all",
    "some",
    "every",
    "find",
    "find_map",
    "findIndex",
    "findLast",
    "position",
    "rposition",
    "take_while",
    "skip_while",
    "map_while",
    "takeWhile",
    "dropWhile",
    "inspect",
    "peek",
    "partition",
    "retain",
    "retain_mut",
    "removeIf",
    "and_then",
    "is_some_and",
    "is_ok_and",
    "is_none_or",
    "max_by_key",
    "min_by_key",
    "sort_by_key",
    "sort_unstable_by_key",
    "sort_by_cached_key",
    "try_for_each",
    "anyMatch",
    "allMatch",
    "noneMatch",
    "mapToInt",
    "mapToLong",
    "mapToDouble",
    "mapToObj",
    "ifPresent",
    "ifPresentOrElse",
    "then",
];

/// Methods that call it with two of what is there.
const COMPARES: &[&str] = &[
    "sort",
    "sort_by",
    "sort_unstable_by",
    "toSorted",
    "sorted",
    "max_by",
    "min_by",
    "dedup_by",
];

impl Names<'_> {
    /// The type of a parameter of a function that is given to a call.
    pub(super) fn handed(
        &self,
        spot: &Spot<'_>,
        call: &str,
        given: Given,
        depth: usize,
    ) -> Option<Typed> {
        let parts = split(call);
        let (called, receiver) = parts.split_last()?;
        if depth == 0 || call.starts_with('…') {
            return None;
        }
        let typed = self.along(spot, receiver, depth)?;
        let has = |name: &str| {
            let is_method = |thing: &Thing| match thing {
                Thing::Element(id) => self
                    .ground
                    .element(*id)
                    .is_some_and(|one| one.kind.is_callable()),
                Thing::File(_) => true,
            };
            let mut things = typed.things.iter();
            things.any(|thing| self.member(*thing, name, 6).iter().any(is_method))
        };
        let family = Family::of(spot.file.language.as_deref());
        let is_one = !typed.is_container;
        if !hands(&called.name, given, family, is_one) || is_one && has(&called.name) {
            return None;
        }
        // What is an iterator itself hands on something else.
        if is_one && family == Family::Rust && has("next") {
            return None;
        }
        Some(Typed {
            is_container: false,
            confidence: typed.confidence * 0.95,
            things: typed.things,
        })
    }
}

/// Whether a method of what holds several, or one at most, calls this parameter with one of them.
fn hands(name: &str, given: Given, family: Family, is_one: bool) -> bool {
    let is_known = match family {
        Family::Rust => true,
        // Of these only a promise, or an optional value, hands on what it holds one of.
        Family::Script => !is_one || name == "then",
        Family::Jvm => !is_one || matches!(name, "map" | "flatMap" | "filter" | "ifPresent"),
        _ => false,
    };
    let is_fit = match (given.argument, given.parameter) {
        // The first is the key of a map.
        (0, parameter) if family == Family::Jvm && name == "forEach" => parameter + 1 == given.of,
        (0, 0) => HANDS.contains(&name) || COMPARES.contains(&name),
        (0, 1) => COMPARES.contains(&name) || name == "reduce",
        (1, 0) => family == Family::Rust && matches!(name, "map_or" | "map_or_else"),
        (1, 1) => family == Family::Rust && matches!(name, "fold" | "try_fold"),
        _ => false,
    };
    is_known && is_fit
}
