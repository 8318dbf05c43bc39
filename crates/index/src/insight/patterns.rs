//! Shapes that many programs share, found by structure and names. Each finding lists what speaks
//! for it: nothing is claimed beyond that.

mod acting;
mod building;
mod making;

use std::collections::{HashMap, HashSet};

use mira_syntax::{Kind, ReferenceKind};
use serde::Serialize;

use super::Code;
use super::code::SURE;
use acting::{command, iterator, observer, strategy, visitor};
use building::{model_view_controller, repository, wrapper};
use making::{builder, factory, singleton};

/// A design pattern, and who plays which part in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pattern {
    /// `strategy`, `builder`, `observer`.
    pub name: &'static str,
    /// The element it is named after.
    pub element: usize,
    /// Others that take part, with their part.
    pub parts: Vec<(usize, &'static str)>,
    /// 0 to 1: more, the more speaks for it.
    pub confidence: f64,
    /// What speaks for it, for people.
    pub evidence: String,
}

/// Patterns by name, then by place.
pub(super) fn find(code: &Code) -> Vec<Pattern> {
    let view = View::of(code);
    let mut found = Vec::new();
    for element in 0..code.elements.len() {
        if !code.is_product(element) {
            continue;
        }
        let one = &code.elements[element];
        if one.kind.is_type() {
            found.extend(singleton(&view, element));
            found.extend(builder(&view, element));
            found.extend(observer(&view, element));
            found.extend(repository(&view, element));
            found.extend(visitor(&view, element));
            found.extend(iterator(&view, element));
            found.extend(strategy(&view, element));
            found.extend(command(&view, element));
            found.extend(wrapper(&view, element));
        } else if one.kind.is_callable() {
            found.extend(factory(&view, element));
        }
    }
    found.extend(model_view_controller(code));
    found.sort_by_key(|pattern| (pattern.name, pattern.element));
    found
}

/// The code, looked at by types.
struct View<'c> {
    code: &'c Code,
    /// For each type its members, those of its implementations in the same file included.
    members: HashMap<usize, Vec<usize>>,
    implementers: HashMap<usize, Vec<usize>>,
    /// For each type what it extends.
    extends: HashMap<usize, Vec<usize>>,
    /// For each function what it makes.
    makes: HashMap<usize, Vec<usize>>,
    /// For each word that stands in the type of a field the types with such a field, in order.
    holders: HashMap<&'c str, Vec<usize>>,
}

impl<'c> View<'c> {
    fn of(code: &'c Code) -> Self {
        let mut types: HashMap<(usize, &str), usize> = HashMap::new();
        for (index, element) in code.elements.iter().enumerate() {
            if element.kind.is_type() {
                types.entry((element.file, &*element.name)).or_insert(index);
            }
        }
        let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, element) in code.elements.iter().enumerate() {
            let owner = match element
                .parent
                .map(|parent| (parent, &code.elements[parent]))
            {
                Some((_, around)) if around.kind == Kind::Implementation => {
                    types.get(&(around.file, &*around.name)).copied()
                }
                Some((parent, _)) => Some(parent),
                None if element.kind == Kind::Method => {
                    types.get(&(element.file, element.owner())).copied()
                }
                None => None,
            };
            if let Some(owner) = owner {
                members.entry(owner).or_default().push(index);
            }
        }
        let implementers = code.implementers();
        let mut extends: HashMap<usize, Vec<usize>> = HashMap::new();
        for (of, by) in &implementers {
            for by in by {
                extends.entry(*by).or_default().push(*of);
            }
        }
        let mut makes: HashMap<usize, Vec<usize>> = HashMap::new();
        for edge in code.edges.iter().filter(|edge| edge.confidence >= SURE) {
            let is_type = code.elements[edge.to].kind.is_type();
            let is_made = matches!(edge.kind, ReferenceKind::Construct | ReferenceKind::Call);
            if let Some(from) = edge.from.filter(|_| is_type && is_made) {
                makes.entry(from).or_default().push(edge.to);
            }
        }
        Self {
            code,
            holders: holders(code, &members),
            members,
            implementers,
            extends,
            makes,
        }
    }

    fn name(&self, element: usize) -> &str {
        &self.code.elements[element].name
    }

    fn methods(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let members = self.members.get(&of).into_iter().flatten().copied();
        members.filter(|at| self.code.elements[*at].kind.is_callable())
    }

    fn fields(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let members = self.members.get(&of).into_iter().flatten().copied();
        members.filter(|at| is_field(self.code, *at))
    }

    /// Methods whose names, in small letters without `_`, are among these.
    fn methods_named(&self, of: usize, names: &[&str]) -> Vec<usize> {
        self.methods(of)
            .filter(|at| names.contains(&plain(self.name(*at)).as_str()))
            .collect()
    }

    /// Each once: a method may be there for several kinds of its type.
    fn names(&self, elements: &[usize]) -> Vec<&str> {
        let mut seen = HashSet::new();
        let names = elements.iter().map(|at| self.name(*at));
        names.filter(|name| seen.insert(*name)).collect()
    }

    fn list(&self, elements: &[usize]) -> String {
        let names = self.names(elements);
        match names.len() {
            0..=4 => names.join(", "),
            many => format!("{} and {} more", names[..4].join(", "), many - 4),
        }
    }

    fn verb(&self, elements: &[usize], one: &'static str, many: &'static str) -> &'static str {
        match self.names(elements).len() {
            1 => one,
            _ => many,
        }
    }

    fn mentions(&self, field: usize, type_: usize) -> bool {
        let text = self.code.elements[field]
            .type_text
            .as_deref()
            .unwrap_or_default();
        words(text).any(|word| word == self.name(type_))
    }
}

fn is_field(code: &Code, element: usize) -> bool {
    matches!(code.elements[element].kind, Kind::Field | Kind::Property)
}

fn holders<'c>(
    code: &'c Code,
    members: &HashMap<usize, Vec<usize>>,
) -> HashMap<&'c str, Vec<usize>> {
    let mut holders: HashMap<&str, Vec<usize>> = HashMap::new();
    for (owner, members) in members {
        let fields = members.iter().filter(|at| is_field(code, **at));
        let texts = fields.filter_map(|at| code.elements[*at].type_text.as_deref());
        let types: HashSet<&str> = texts.flat_map(words).collect();
        for word in types {
            holders.entry(word).or_default().push(*owner);
        }
    }
    holders
        .values_mut()
        .for_each(|owners| owners.sort_unstable());
    holders
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

fn pattern(
    name: &'static str,
    element: usize,
    parts: Vec<(usize, &'static str)>,
    confidence: f64,
    evidence: String,
) -> Pattern {
    Pattern {
        name,
        element,
        parts,
        confidence: confidence.min(0.95),
        evidence,
    }
}

fn part(elements: &[usize], part: &'static str) -> Vec<(usize, &'static str)> {
    elements.iter().map(|element| (*element, part)).collect()
}

/// Whether something with this name may give the one there is.
pub(super) fn gives_the_one(name: &str) -> bool {
    const NAMES: [&str; 5] = [
        "instance",
        "getinstance",
        "shared",
        "sharedinstance",
        "theinstance",
    ];
    NAMES.contains(&plain(name).as_str())
}
