//! Of which type a receiver is: `self.store`, `cart`, `Shop::open().cart`.

use std::rc::Rc;

use mira_syntax::Kind;

use super::bindings::Bindings;
use super::ground::{Family, Thing};
use super::known::{EVERYWHERE, FINDS, GATHERS, KEEPS, PASSES_ON, TAKES_ONE};
use super::names::Names;
use super::parts::{Part, split};
use super::types::Typed;
use crate::symbols::{Symbol, SymbolFile};

/// Values that are made from values, which are made from values: so far they are followed.
const DEEPEST: usize = 7;
/// Base types whose code may set a field.
const BASES: usize = 3;

/// Where a receiver stands.
pub(crate) struct Spot<'a> {
    pub file: &'a SymbolFile,
    pub within: Option<&'a Symbol>,
    pub within_index: Option<usize>,
    pub line: usize,
    pub bindings: &'a Bindings<'a>,
    /// The binding whose own value stands here: in `let cart = cart::open()` the second `cart` is
    /// not the first.
    pub value_of: Option<usize>,
}

impl<'g> Names<'g> {
    /// What a receiver is: types, or modules.
    pub fn receiver(&self, spot: &Spot<'_>, text: &str) -> Option<Typed> {
        self.chain(spot, text, DEEPEST)
    }

    /// `depth` is all that an answer depends on besides the project: with it answers can be
    /// remembered, and a field that is made from another, which is made from the first, has an end.
    fn chain(&self, spot: &Spot<'_>, text: &str, depth: usize) -> Option<Typed> {
        if depth == 0 || text.starts_with('…') {
            return None;
        }
        self.along(spot, &split(text), depth)
    }

    /// What a chain of parts is.
    pub(super) fn along(&self, spot: &Spot<'_>, parts: &[Part], depth: usize) -> Option<Typed> {
        let (first, others) = parts.split_first()?;
        let mut typed = self.first(spot, first, depth)?;
        for part in others {
            typed = self.step(&typed, part, depth)?;
        }
        Some(typed)
    }

    fn first(&self, spot: &Spot<'_>, part: &Part, depth: usize) -> Option<Typed> {
        let name = part.name.as_str();
        if matches!(name, "self" | "this" | "Self" | "cls" | "static" | "@") && !part.is_call {
            let around = self.type_around(spot)?;
            return Typed::of(vec![Thing::Element(around.id)], 0.95);
        }
        if matches!(name, "super" | "parent" | "base") {
            let around = self.type_around(spot)?;
            let file = self.ground.file_of(around)?;
            let bases = around
                .bases
                .iter()
                .filter_map(|base| self.lookup(file, None, base));
            return Typed::of(bases.flat_map(|found| found.things.clone()).collect(), 0.9);
        }
        if matches!(name, "crate" | "$crate") {
            return Typed::of(self.rust_path(spot.file, "crate", 2), 0.95);
        }
        // `super::a` of Rust is a path, and was caught above only where a type is around it.
        if !part.is_call
            && let Some(typed) = self.bound(spot, name, depth)
        {
            return Some(typed);
        }
        let found = self.lookup(spot.file, spot.within, name)?;
        let confidence = found.confidence;
        let mut things = Vec::new();
        let mut is_container = false;
        for thing in found.things.iter().copied() {
            match self.value_of(thing, part.is_call, depth) {
                Some(typed) => {
                    is_container |= typed.is_container;
                    things.extend(typed.things);
                }
                None if !part.is_call => things.push(thing),
                None => {}
            }
        }
        let typed = Typed::of(things, confidence)?;
        Some(Typed {
            is_container: is_container && !part.is_indexed,
            ..typed
        })
    }

    /// A variable, parameter or field whose type was seen: the nearest before it, from the inside
    /// out.
    fn bound(&self, spot: &Spot<'_>, name: &str, depth: usize) -> Option<Typed> {
        let mut around = spot.within_index;
        loop {
            let mut near = spot.bindings.nearest(around, name, spot.line);
            near.retain(|binding| spot.value_of != Some(*binding));
            if !near.is_empty() {
                let of = |binding| self.of_binding(spot.file, spot.bindings, binding, depth);
                return near.into_iter().filter_map(of).reduce(Typed::or);
            }
            let id = spot.file.elements.get(around?)?;
            let parent = self.ground.element(*id)?.parent;
            around = parent.and_then(|parent| self.place_in(spot.file, parent));
        }
    }

    /// The type of what the binding of this number is made from.
    fn of_binding(
        &self,
        file: &SymbolFile,
        bindings: &Bindings<'_>,
        number: usize,
        depth: usize,
    ) -> Option<Typed> {
        let binding = bindings.get(number);
        bindings.remembered(number, depth, || {
            self.step_taken();
            let within = binding.within.and_then(|index| file.elements.get(index));
            let within = within.and_then(|id| self.ground.element(*id));
            if let Some(text) = &binding.type_text {
                return self.of_type_text(file, within, text);
            }
            let spot = Spot {
                file,
                within,
                within_index: binding.within,
                line: binding.line.saturating_sub(1),
                bindings,
                value_of: Some(number),
            };
            let typed = match (&binding.call, &binding.value) {
                (Some(call), _) => match binding.given {
                    Some(given) => return self.handed(&spot, call, given, depth - 1),
                    None if call.ends_with(')') => self.chain(&spot, call, depth - 1),
                    None => self.chain(&spot, &format!("{call}()"), depth - 1),
                },
                (None, Some(value)) => self.chain(&spot, value, depth - 1),
                (None, None) => None,
            }?;
            match binding.is_each {
                true => typed.is_container.then_some(Typed {
                    is_container: false,
                    ..typed
                }),
                false => Some(typed),
            }
        })
    }

    /// The next part of a chain.
    fn step(&self, typed: &Typed, part: &Part, depth: usize) -> Option<Typed> {
        let name = part.name.as_str();
        let mut things = Vec::new();
        let mut is_container = false;
        let mut is_known = false;
        if !typed.is_container {
            for thing in &typed.things {
                let mut members = self.member(*thing, name, 6).to_vec();
                self.keep_what_fits(&mut members, part.is_call);
                for member in members {
                    is_known = true;
                    match self.value_of(member, part.is_call, depth) {
                        Some(value) => {
                            is_container |= value.is_container;
                            things.extend(value.things);
                        }
                        None if !part.is_call && self.is_type_or_module(member) => {
                            things.push(member)
                        }
                        None => {}
                    }
                }
                if !is_known
                    && !part.is_call
                    && let Some(value) = self.set_in_body(*thing, name, BASES, depth)
                {
                    is_known = true;
                    is_container |= value.is_container;
                    things.extend(value.things);
                }
            }
        }
        if is_known {
            let next = Typed::of(things, typed.confidence * 0.97)?;
            return Some(Typed {
                is_container: is_container && !part.is_indexed,
                ..next
            });
        }
        // `Type::new()` of a type that has no such member here, of a derive or a base outside.
        let passes = PASSES_ON.contains(&name);
        let finds = part.is_call && FINDS.contains(&name);
        let takes = finds || typed.is_container && TAKES_ONE.contains(&name);
        let gathers = part.is_call && GATHERS.contains(&name);
        let keeps = gathers || part.is_call && KEEPS.contains(&name);
        (passes || takes || keeps || name.is_empty()).then(|| Typed {
            is_container: (typed.is_container || gathers) && !takes && !part.is_indexed,
            confidence: typed.confidence * 0.9,
            things: typed.things.clone(),
        })
    }

    /// A field and a method may have one name: called is the method, read is the field.
    pub(super) fn keep_what_fits(&self, members: &mut Vec<Thing>, is_call: bool) {
        let fits = |thing: &Thing| match thing {
            Thing::File(_) => false,
            Thing::Element(id) => self.ground.element(*id).is_some_and(|one| {
                one.kind.is_callable() == is_call || is_call && one.kind.is_type()
            }),
        };
        if members.iter().any(fits) {
            members.retain(fits);
        }
    }

    /// A field that is only set where the type's code runs: `self.cart = Cart()`.
    fn set_in_body(&self, thing: Thing, name: &str, bases: usize, depth: usize) -> Option<Typed> {
        let Thing::Element(id) = thing else {
            return None;
        };
        self.types.field((id, bases, depth), name, || {
            self.step_taken();
            let symbol = self.ground.element(id)?;
            let file = self.ground.file_of(symbol)?;
            let bindings = self.bindings_of(file);
            for number in bindings.of_field(name) {
                let within = bindings.get(*number).within;
                let within = within.and_then(|index| file.elements.get(index));
                let around = self.around(within.and_then(|id| self.ground.element(*id)));
                if around.is_some_and(|around| around.id == id)
                    && let Some(typed) = self.of_binding(file, &bindings, *number, depth)
                {
                    return Some(typed);
                }
            }
            let further = symbol.bases.iter().filter(|_| bases > 0);
            further
                .filter_map(|base| self.lookup(file, None, base))
                .flat_map(|found| found.things.clone())
                .find_map(|thing| self.set_in_body(thing, name, bases - 1, depth))
        })
    }

    /// The type of what an element is when it is read, or called.
    fn value_of(&self, thing: Thing, is_call: bool, depth: usize) -> Option<Typed> {
        let Thing::Element(id) = thing else {
            return None;
        };
        self.types
            .value((id, is_call, depth), || self.find_value(id, is_call, depth))
    }

    fn find_value(&self, id: i64, is_call: bool, depth: usize) -> Option<Typed> {
        self.step_taken();
        let symbol = self.ground.element(id)?;
        if symbol.kind.is_type() {
            // `Cart()` is a cart; `Cart` alone is the type, whose members are the same here.
            return Typed::of(vec![Thing::Element(id)], 0.95);
        }
        if symbol.kind == Kind::Constructor {
            let owner = symbol.parent.map(Thing::Element)?;
            return Typed::of(vec![owner], 0.95);
        }
        if symbol.kind.is_callable() && !is_call && symbol.kind != Kind::Method {
            return None;
        }
        let file = self.ground.file_of(symbol)?;
        if let Some(text) = symbol.type_text.as_deref() {
            return self.of_type_text(file, Some(symbol), text);
        }
        if is_call && symbol.kind.is_callable() && self.ground.family(symbol) == Family::Script {
            // `return { add, remove }`: what it gives holds the functions made inside of it.
            return Typed::of(vec![Thing::Element(id)], 0.8);
        }
        // `export const cart = new Cart()`.
        let is_at_top = symbol.parent.is_none() && !symbol.kind.is_callable();
        let bindings = self.bindings_of(file);
        let made = bindings.at_top(&symbol.name).filter(|_| is_at_top)?;
        self.of_binding(file, &bindings, made, depth)
    }

    /// The bindings of a file that other files can reach.
    fn bindings_of(&self, file: &'g SymbolFile) -> Rc<Bindings<'g>> {
        let mut known = self.types.bindings.borrow_mut();
        let bindings = known.entry(file.id);
        bindings
            .or_insert_with(|| Rc::new(Bindings::new(&file.fields)))
            .clone()
    }
}

impl Family {
    /// Method names that so many types have that a name alone says nothing.
    pub fn is_everywhere(name: &str) -> bool {
        EVERYWHERE.contains(&name)
    }
}
