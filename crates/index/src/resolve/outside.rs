//! What is not of the project: a method of it is none of the project's, whatever its name is.

use std::collections::HashSet;

use mira_syntax::Kind;

use super::file::Here;
use super::ground::{Family, Thing};
use super::known::{CONTAINERS, TRANSPARENT};
use super::names::{Names, last_part};
use super::parts::split;
use super::receivers::Spot;

/// Types that anything may be of.
const ANYTHING: &[&str] = &[
    "Any",
    "any",
    "unknown",
    "object",
    "Object",
    "interface",
    "mixed",
];

impl<'g> Names<'g> {
    /// The receiver begins with something that is imported from outside.
    pub(super) fn begins_outside(&self, here: &Here<'_>, receiver: &str) -> bool {
        let first = words(receiver).next().unwrap_or_default();
        self.outside(here).contains(first)
    }

    /// Names that imports bring in from outside.
    fn outside<'h>(&self, here: &'h Here<'_>) -> &'h HashSet<&'h str> {
        here.outside.get_or_init(|| {
            let mut outside = HashSet::new();
            for (index, import) in here.file.imports.iter().enumerate() {
                if self.target(here.file, index).package.is_none() {
                    continue;
                }
                outside.insert(import.alias.as_deref().unwrap_or(last_part(&import.module)));
                let names = import.names.iter();
                outside.extend(names.map(|one| one.alias.as_deref().unwrap_or(&one.name)));
            }
            outside
        })
    }

    /// The receiver is a variable, parameter or field, said to be of a type from outside.
    pub(super) fn is_said_outside(&self, here: &Here<'_>, spot: &Spot<'_>, receiver: &str) -> bool {
        let parts = split(receiver);
        let Some(first) = parts.first().filter(|part| !part.is_call) else {
            return false;
        };
        if let Some(text) = self.said(spot, &first.name) {
            return self.is_from_outside(here, text);
        }
        let fields = match (first.name.as_str(), parts.get(1)) {
            ("self" | "this" | "cls", Some(field)) if !field.is_call => {
                let around = self.type_around(spot).map(|one| Thing::Element(one.id));
                around.map(|around| self.member(around, &field.name, 6).to_vec())
            }
            (name, _) => {
                let found = self.lookup(spot.file, spot.within, name);
                found.map(|found| found.things.to_vec())
            }
        };
        let mut fields = fields.into_iter().flatten();
        fields.any(|thing| {
            let text = self.field_type(here, thing);
            text.is_some_and(|text| self.is_from_outside(here, text))
        })
    }

    /// The type as written of the nearest variable of this name, from the inside out.
    fn said<'s>(&self, spot: &Spot<'s>, name: &str) -> Option<&'s str> {
        let mut around = spot.within_index;
        loop {
            let near = spot.bindings.nearest(around, name, spot.line);
            if let [one] = near[..] {
                return spot.bindings.get(one).type_text.as_deref();
            }
            if !near.is_empty() {
                return None;
            }
            let id = spot.file.elements.get(around?)?;
            let parent = self.ground.element(*id)?.parent;
            around = parent.and_then(|parent| self.place_in(spot.file, parent));
        }
    }

    /// Of a field that is declared in this file: its imports say where the type is from.
    fn field_type(&self, here: &Here<'_>, thing: Thing) -> Option<&'g str> {
        let Thing::Element(id) = thing else {
            return None;
        };
        let symbol = self.ground.element(id)?;
        let is_value = matches!(
            symbol.kind,
            Kind::Field | Kind::Property | Kind::Variable | Kind::Constant
        );
        (is_value && symbol.file == here.file.id)
            .then_some(symbol.type_text.as_deref())
            .flatten()
    }

    /// A name in the type is imported from outside; or the language knows all of its types by
    /// name, and the project has none of this one.
    fn is_from_outside(&self, here: &Here<'_>, text: &str) -> bool {
        let says = |word: &&str| {
            !TRANSPARENT.contains(word) && !CONTAINERS.contains(word) && !ANYTHING.contains(word)
        };
        let types: Vec<&str> = words(text).filter(says).collect();
        // `Pair<Cart, Far>`: what is taken out of it may be a cart.
        let is_here = |word: &&str| {
            let named = self.named(here.family, word);
            named.iter().any(|one| one.kind.is_type())
        };
        let Some(first) = types.first().filter(|_| !types.iter().any(is_here)) else {
            return false;
        };
        let outside = self.outside(here);
        let is_java = here.file.language.as_deref() == Some("Java");
        types.iter().any(|word| outside.contains(word))
            || is_java
                && first.starts_with(char::is_uppercase)
                // `T`, `KEY`: whatever the caller says.
                && first.contains(char::is_lowercase)
    }

    /// What is declared for types of others, too.
    pub(super) fn is_of_trait(&self, thing: Thing) -> bool {
        let Thing::Element(id) = thing else {
            return false;
        };
        let parent = self.ground.element(id).and_then(|one| one.parent);
        let parent = parent.and_then(|id| self.ground.element(id));
        parent.is_some_and(|parent| {
            let is_trait = parent.kind == Kind::Trait;
            let is_for = parent.kind == Kind::Implementation && !parent.bases.is_empty();
            self.ground.family(parent) == Family::Rust && (is_trait || is_for)
        })
    }
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
        .filter(|word| !word.is_empty())
}
