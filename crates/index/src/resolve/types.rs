//! Types: what a text names, and the type whose code something is.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use mira_syntax::Kind;

use super::bindings::Bindings;
use super::ground::Thing;
use super::known::{CONTAINERS, TRANSPARENT};
use super::names::{Names, prefer_near};
use super::receivers::Spot;
use super::remembered::Remembered;
use crate::symbols::{Symbol, SymbolFile};

/// A value that can be more than this can be anything.
const MOST_TYPES: usize = 32;

/// Possible types of a value, or modules.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Typed {
    pub things: Vec<Thing>,
    /// The value holds several of them.
    pub is_container: bool,
    pub confidence: f64,
}

impl Typed {
    pub fn of(mut things: Vec<Thing>, confidence: f64) -> Option<Self> {
        if things.len() > 1 {
            let mut seen = HashSet::new();
            things.retain(|thing| seen.insert(*thing));
        }
        let is_element = |thing: &&Thing| matches!(thing, Thing::Element(_));
        let elements = things.iter().filter(is_element).count();
        (!things.is_empty() && elements <= MOST_TYPES).then_some(Self {
            things,
            is_container: false,
            confidence,
        })
    }

    /// It may be either: what holds several says less.
    pub fn or(self, other: Self) -> Self {
        match (self.is_container, other.is_container) {
            (true, _) => other,
            (false, true) => self,
            (false, false) => {
                let confidence = self.confidence.min(other.confidence);
                let things = [self.things.clone(), other.things].concat();
                Self::of(things, confidence).unwrap_or(self)
            }
        }
    }
}

/// What was found out of types: of values of elements, of fields that bodies set, and of whose code
/// an element is. With each of them stands how far it is followed.
#[derive(Default)]
pub(crate) struct Types<'g> {
    values: RefCell<HashMap<(i64, bool, usize), Option<Typed>>>,
    fields: Remembered<(i64, usize, usize), Option<Typed>>,
    around: RefCell<HashMap<i64, Option<&'g Symbol>>>,
    pub(super) bindings: RefCell<HashMap<i64, Rc<Bindings<'g>>>>,
}

impl Types<'_> {
    pub fn value(
        &self,
        key: (i64, bool, usize),
        find: impl FnOnce() -> Option<Typed>,
    ) -> Option<Typed> {
        if let Some(known) = self.values.borrow().get(&key) {
            return known.clone();
        }
        let found = find();
        self.values.borrow_mut().insert(key, found.clone());
        found
    }

    pub fn field(
        &self,
        key: (i64, usize, usize),
        name: &str,
        find: impl FnOnce() -> Option<Typed>,
    ) -> Option<Typed> {
        if let Some(known) = self.fields.get(&key, name) {
            return known;
        }
        let found = find();
        self.fields.put(key, name, found.clone());
        found
    }
}

impl<'g> Names<'g> {
    pub(super) fn is_type_or_module(&self, thing: Thing) -> bool {
        match thing {
            Thing::File(_) => true,
            Thing::Element(id) => self
                .ground
                .element(id)
                .is_some_and(|one| one.kind.is_type() || one.kind == Kind::Module),
        }
    }

    /// The types that a text names: `Option<Arc<Store>>` is `Store`.
    pub fn of_type_text(
        &self,
        file: &SymbolFile,
        within: Option<&Symbol>,
        text: &str,
    ) -> Option<Typed> {
        let mut is_container =
            text.contains("[]") || text.starts_with('[') || text.starts_with("&[");
        let mut things: Vec<Thing> = Vec::new();
        let words = text
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')))
            .filter(|word| !word.is_empty());
        for word in words.take(12) {
            if CONTAINERS.contains(&word) {
                is_container = true;
                continue;
            }
            if TRANSPARENT.contains(&word) || word.starts_with(|c: char| c.is_ascii_digit()) {
                continue;
            }
            if matches!(word, "Self" | "self" | "this") {
                let around = self.around(within)?;
                things.push(Thing::Element(around.id));
            } else if let Some(found) = self.lookup(file, within, word) {
                let mut types = found.things.clone();
                types.retain(|thing| self.is_type_or_module(*thing));
                // `module.Type`: the module only leads there.
                if let Some(Thing::File(_)) = types.first() {
                    if let Some(typed) = self.in_module(&types, text, word) {
                        things.extend(typed);
                    }
                } else {
                    things.extend(types);
                }
            }
            // The key of a map and the error of a result are not what is meant.
            if !things.is_empty() && !is_container {
                break;
            }
        }
        if is_container && things.len() > 1 {
            things = things.split_off(things.len() - 1);
        }
        let typed = Typed::of(things, 0.9)?;
        Some(Typed {
            is_container,
            ..typed
        })
    }

    fn in_module(&self, modules: &[Thing], text: &str, module: &str) -> Option<Vec<Thing>> {
        let (_, after) = text.split_once(module)?;
        let after = after.trim_start_matches(['.', ':']);
        let end = after
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(after.len());
        let found = modules
            .iter()
            .flat_map(|thing| self.member(*thing, &after[..end], 6).to_vec())
            .collect();
        Some(found)
    }

    /// The type whose code this is.
    pub fn type_around(&self, spot: &Spot<'_>) -> Option<&'g Symbol> {
        let within = spot.within.and_then(|one| self.ground.element(one.id));
        self.around(within)
    }

    pub(super) fn around(&self, within: Option<&Symbol>) -> Option<&'g Symbol> {
        let id = within?.id;
        if let Some(known) = self.types.around.borrow().get(&id) {
            return *known;
        }
        let found = self.find_around(id);
        self.types.around.borrow_mut().insert(id, found);
        found
    }

    fn find_around(&self, id: i64) -> Option<&'g Symbol> {
        self.step_taken();
        let mut around = self.ground.element(id);
        while let Some(symbol) = around {
            if symbol.kind.is_type() || symbol.kind == Kind::Implementation {
                return Some(self.declaration(symbol));
            }
            if let (None, Some(owner)) = (symbol.parent, &symbol.owner) {
                let family = self.ground.family(symbol);
                let file = self.ground.file_of(symbol)?;
                let mut types = self.named(family, owner).to_vec();
                types.retain(|one| one.kind.is_type());
                prefer_near(&mut types, self.ground, &file.path);
                return types.first().copied();
            }
            around = symbol.parent.and_then(|parent| self.ground.element(parent));
        }
        None
    }

    /// The number of an element in its file.
    pub(super) fn place_in(&self, file: &SymbolFile, id: i64) -> Option<usize> {
        file.elements.iter().position(|one| *one == id)
    }

    /// The type that an implementation is of, where it is in the project.
    fn declaration(&self, symbol: &'g Symbol) -> &'g Symbol {
        if symbol.kind != Kind::Implementation {
            return symbol;
        }
        let Some(file) = self.ground.file_of(symbol) else {
            return symbol;
        };
        let Some(found) = self.lookup(file, None, &symbol.name) else {
            return symbol;
        };
        found
            .things
            .iter()
            .filter_map(|thing| match thing {
                Thing::Element(id) => self.ground.element(*id),
                Thing::File(_) => None,
            })
            .find(|one| one.kind.is_type())
            .unwrap_or(symbol)
    }
}
