//! Of which type a receiver is: `self.store`, `cart`, `Shop::open().cart`.

use mira_syntax::{Binding, Kind};

use super::ground::{Family, Thing};
use super::known::{CONTAINERS, EVERYWHERE, PASSES_ON, TAKES_ONE, TRANSPARENT};
use super::names::Names;
use crate::symbols::{Symbol, SymbolFile};

/// Values within values that are followed.
const MOST_NESTED: usize = 6;

/// Possible types of a value, or modules.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Typed {
    pub things: Vec<Thing>,
    /// The value holds several of them.
    pub is_container: bool,
    pub confidence: f64,
}

impl Typed {
    fn of(things: Vec<Thing>, confidence: f64) -> Option<Self> {
        (!things.is_empty()).then_some(Self {
            things,
            is_container: false,
            confidence,
        })
    }
}

/// Where a receiver stands.
pub(crate) struct Spot<'a> {
    pub file: &'a SymbolFile,
    pub within: Option<&'a Symbol>,
    pub within_index: Option<usize>,
    pub line: usize,
    pub bindings: &'a [Binding],
}

impl<'g> Names<'g> {
    /// What a receiver is: types, or modules.
    pub fn receiver(&self, spot: &Spot<'_>, text: &str) -> Option<Typed> {
        self.chain(spot, text, 4)
    }

    fn chain(&self, spot: &Spot<'_>, text: &str, depth: usize) -> Option<Typed> {
        // A field that is made from another, which is made from the first, has no end.
        if depth == 0 || text.starts_with('…') || self.nested.get() > MOST_NESTED {
            return None;
        }
        self.nested.set(self.nested.get() + 1);
        let typed = self.along(spot, text, depth);
        self.nested.set(self.nested.get() - 1);
        typed
    }

    fn along(&self, spot: &Spot<'_>, text: &str, depth: usize) -> Option<Typed> {
        let mut parts = split(text).into_iter();
        let first = parts.next()?;
        let mut typed = self.first(spot, &first, depth)?;
        for part in parts {
            typed = self.step(&typed, &part)?;
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
            return Typed::of(bases.flat_map(|found| found.things).collect(), 0.9);
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
        for thing in found.things {
            match self.value_of(thing, part.is_call) {
                Some(typed) => {
                    is_container |= typed.is_container;
                    things.extend(typed.things);
                }
                None if !part.is_call => things.push(thing),
                None => {}
            }
        }
        things.dedup();
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
            let in_scope = spot
                .bindings
                .iter()
                .filter(|one| one.within == around && one.name == name);
            let nearest = in_scope
                .clone()
                .filter(|one| one.line <= spot.line)
                .max_by_key(|one| one.line)
                .or_else(|| in_scope.clone().min_by_key(|one| one.line));
            if let Some(binding) = nearest {
                return self.of_binding(spot, binding, depth);
            }
            let index = around?;
            let id = spot.file.elements.get(index)?;
            let parent = self.ground.element(*id)?.parent;
            around =
                parent.and_then(|parent| spot.file.elements.iter().position(|one| *one == parent));
        }
    }

    fn of_binding(&self, spot: &Spot<'_>, binding: &Binding, depth: usize) -> Option<Typed> {
        if let Some(text) = &binding.type_text {
            return self.of_type_text(spot.file, spot.within, text);
        }
        let call = binding.call.as_deref()?;
        let earlier = Spot {
            line: binding.line.saturating_sub(1),
            file: spot.file,
            within: spot.within,
            within_index: spot.within_index,
            bindings: spot.bindings,
        };
        let text = if call.ends_with(')') {
            call.to_owned()
        } else {
            format!("{call}()")
        };
        self.chain(&earlier, &text, depth - 1)
    }

    /// The next part of a chain.
    fn step(&self, typed: &Typed, part: &Part) -> Option<Typed> {
        let name = part.name.as_str();
        let mut things = Vec::new();
        let mut is_container = false;
        let mut is_known = false;
        if !typed.is_container {
            for thing in &typed.things {
                for member in self.member(*thing, name, 6) {
                    is_known = true;
                    match self.value_of(member, part.is_call) {
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
                    && let Some(value) = self.set_in_body(*thing, name, 3)
                {
                    is_known = true;
                    is_container |= value.is_container;
                    things.extend(value.things);
                }
            }
        }
        if is_known {
            things.dedup();
            let next = Typed::of(things, typed.confidence * 0.97)?;
            return Some(Typed {
                is_container: is_container && !part.is_indexed,
                ..next
            });
        }
        // `Type::new()` of a type that has no such member here, of a derive or a base outside.
        let passes = PASSES_ON.contains(&name);
        let takes = typed.is_container && TAKES_ONE.contains(&name);
        (passes || takes || name.is_empty()).then(|| Typed {
            is_container: typed.is_container && !takes && !part.is_indexed,
            confidence: typed.confidence * 0.9,
            things: typed.things.clone(),
        })
    }

    /// A field that is only set where the type's code runs: `self.cart = Cart()`.
    fn set_in_body(&self, thing: Thing, name: &str, depth: usize) -> Option<Typed> {
        let Thing::Element(id) = thing else {
            return None;
        };
        let symbol = self.ground.element(id)?;
        let file = self.ground.file_of(symbol)?;
        for binding in file.fields.iter() {
            let is_named = binding
                .name
                .split_once('.')
                .is_some_and(|(_, field)| field == name);
            let within = binding.within.and_then(|index| file.elements.get(index));
            let within = within.and_then(|id| self.ground.element(*id));
            if !is_named
                || self
                    .around(within)
                    .is_none_or(|around| around.id != symbol.id)
            {
                continue;
            }
            let spot = Spot {
                file,
                within,
                within_index: binding.within,
                line: binding.line,
                bindings: &file.fields,
            };
            if let Some(typed) = self.of_binding(&spot, binding, 3) {
                return Some(typed);
            }
        }
        let bases = symbol.bases.iter().filter(|_| depth > 0);
        bases
            .filter_map(|base| self.lookup(file, None, base))
            .flat_map(|found| found.things)
            .find_map(|thing| self.set_in_body(thing, name, depth - 1))
    }

    fn is_type_or_module(&self, thing: Thing) -> bool {
        match thing {
            Thing::File(_) => true,
            Thing::Element(id) => self
                .ground
                .element(id)
                .is_some_and(|one| one.kind.is_type() || one.kind == Kind::Module),
        }
    }

    /// The type of what an element is when it is read, or called.
    fn value_of(&self, thing: Thing, is_call: bool) -> Option<Typed> {
        let Thing::Element(id) = thing else {
            return None;
        };
        let symbol = self.ground.element(id)?;
        if symbol.kind.is_type() {
            // `Cart()` is a cart; `Cart` alone is the type, whose members are the same here.
            return Typed::of(vec![thing], 0.95);
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
            return Typed::of(vec![thing], 0.8);
        }
        // `export const cart = new Cart()`.
        let is_at_top = symbol.parent.is_none() && !symbol.kind.is_callable();
        let made = file
            .fields
            .iter()
            .find(|one| one.within.is_none() && *one.name == *symbol.name);
        let binding = made.filter(|_| is_at_top)?;
        let spot = Spot {
            file,
            within: None,
            within_index: None,
            line: binding.line,
            bindings: &file.fields,
        };
        self.of_binding(&spot, binding, 3)
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
                let types = found
                    .things
                    .into_iter()
                    .filter(|thing| self.is_type_or_module(*thing));
                let types: Vec<Thing> = types.collect();
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
            .flat_map(|thing| self.member(*thing, &after[..end], 6))
            .collect();
        Some(found)
    }

    /// The type whose code this is.
    pub fn type_around(&self, spot: &Spot<'_>) -> Option<&'g Symbol> {
        let within = spot.within.and_then(|one| self.ground.element(one.id));
        self.around(within)
    }

    fn around(&self, within: Option<&Symbol>) -> Option<&'g Symbol> {
        let mut around = within.and_then(|one| self.ground.element(one.id));
        while let Some(symbol) = around {
            if symbol.kind.is_type() || symbol.kind == Kind::Implementation {
                return Some(self.declaration(symbol));
            }
            if let (None, Some(owner)) = (symbol.parent, &symbol.owner) {
                let family = self.ground.family(symbol);
                let file = self.ground.file_of(symbol)?;
                let mut types: Vec<&Symbol> = self
                    .named(family, owner)
                    .filter(|one| one.kind.is_type())
                    .collect();
                super::names::prefer_near(&mut types, self.ground, &file.path);
                return types.first().and_then(|one| self.ground.element(one.id));
            }
            around = symbol.parent.and_then(|parent| self.ground.element(parent));
        }
        None
    }

    /// The type that an implementation is of, where it is in the project.
    fn declaration(&self, symbol: &'g Symbol) -> &'g Symbol {
        if symbol.kind != Kind::Implementation {
            return symbol;
        }
        let Some(file) = self.ground.file_of(symbol) else {
            return symbol;
        };
        let found = self.lookup(file, None, &symbol.name);
        let types = found.into_iter().flat_map(|found| found.things);
        types
            .filter_map(|thing| match thing {
                Thing::Element(id) => self.ground.element(id),
                Thing::File(_) => None,
            })
            .find(|one| one.kind.is_type())
            .unwrap_or(symbol)
    }
}

/// A part of a chain: its name, and whether it is called or indexed.
#[derive(Debug, Clone, PartialEq, Default)]
struct Part {
    name: String,
    is_call: bool,
    is_indexed: bool,
}

/// `self.items()[0].cart` → `self`, `items()[]`, `cart`. What is inside brackets is left out.
fn split(text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = vec![Part::default()];
    let mut nested = 0usize;
    for letter in text.chars() {
        match letter {
            '(' | '[' | '{' | '<' if nested == 0 => {
                nested = 1;
                if let Some(part) = parts.last_mut() {
                    part.is_call |= letter == '(' && !part.name.is_empty();
                    part.is_indexed |= letter == '[';
                }
            }
            '(' | '[' | '{' | '<' => nested += 1,
            ')' | ']' | '}' | '>' => nested = nested.saturating_sub(1),
            _ if nested > 0 => {}
            '.' | ':' | '?' | '!' | '-' | '*' | '&' | '\\' => {
                if parts.last().is_some_and(|part| !part.name.is_empty()) {
                    parts.push(Part::default());
                }
            }
            letter if letter.is_whitespace() => {
                // `await x`, `new Cart`, `&mut x`: the word before says nothing of the type.
                if let Some(part) = parts.last_mut()
                    && matches!(
                        part.name.as_str(),
                        "await" | "new" | "mut" | "ref" | "typeof"
                    )
                {
                    part.name.clear();
                }
            }
            letter => {
                if let Some(part) = parts.last_mut() {
                    part.name.push(letter);
                }
            }
        }
    }
    parts.retain(|part| !part.name.is_empty());
    parts
}

impl Family {
    /// Method names that so many types have that a name alone says nothing.
    pub fn is_everywhere(name: &str) -> bool {
        EVERYWHERE.contains(&name)
    }
}
