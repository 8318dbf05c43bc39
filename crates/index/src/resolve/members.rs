//! What a thing has inside it: a file its declarations and what it gives on, a type its members
//! and those of its bases.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use mira_syntax::{Import, Kind};

use super::ground::{Family, Thing};
use super::names::{Brought, DEPTH, Names, brings_in, prefer_near};
use crate::symbols::{Symbol, SymbolFile};

/// The members of all types of one name, by their own names; each in a fixed order.
pub(super) type Owned<'g> = HashMap<&'g str, Vec<&'g Symbol>>;

impl<'g> Names<'g> {
    /// `name` in any of these things; a default export has the name that it gets.
    pub(super) fn inside(&self, things: &[Thing], name: &str, here: &str) -> Vec<Thing> {
        let mut found: Vec<Thing> = Vec::new();
        for thing in things {
            found.extend(self.member(*thing, name, DEPTH).iter());
            if found.is_empty() && name == "default" {
                found.extend(self.member(*thing, here, DEPTH).iter());
            }
        }
        if found.is_empty()
            && things
                .iter()
                .any(|thing| matches!(thing, Thing::Element(_)))
        {
            // `import a.b.Type` is the type itself.
            found.extend(things.iter().filter(|thing| {
                match thing {
                    Thing::Element(id) => self
                        .ground
                        .element(*id)
                        .is_some_and(|one| &*one.name == name),
                    Thing::File(_) => false,
                }
            }));
        }
        found
    }

    /// What `thing` has under a name.
    pub fn member(&self, thing: Thing, name: &str, depth: usize) -> Rc<[Thing]> {
        if depth == 0 {
            return Rc::default();
        }
        if let Some(known) = self.members.get(&(thing, depth), name) {
            return known;
        }
        self.step_taken();
        let circles = self.circles();
        let members: Rc<[Thing]> = self.find_member(thing, name, depth).into();
        if self.is_sure(circles) {
            self.members.put((thing, depth), name, members.clone());
        }
        members
    }

    fn find_member(&self, thing: Thing, name: &str, depth: usize) -> Vec<Thing> {
        match thing {
            Thing::File(id) => match self.ground.symbols.files.get(&id) {
                Some(file) => self.member_of_file(file, name, depth),
                None => Vec::new(),
            },
            Thing::Element(id) => match self.ground.element(id) {
                Some(symbol) if symbol.kind == Kind::Module => {
                    let children = self.ground.children(id, name);
                    match (children.is_empty(), self.ground.file_of(symbol)) {
                        // `use` inside of a module is noted for its file.
                        (true, Some(file)) => self.given_on(file, name, depth),
                        _ => children,
                    }
                }
                Some(symbol) => {
                    let members = self.member_of_type(symbol, name, depth);
                    match members.is_empty() && symbol.kind.is_callable() {
                        true => self.made_inside(id, name),
                        false => members,
                    }
                }
                None => Vec::new(),
            },
        }
    }

    /// Functions that a function makes, and gives on in an object.
    fn made_inside(&self, id: i64, name: &str) -> Vec<Thing> {
        let mut made = self.ground.children(id, name);
        made.retain(|thing| match thing {
            Thing::Element(id) => self
                .ground
                .element(*id)
                .is_some_and(|one| one.kind.is_callable()),
            Thing::File(_) => false,
        });
        made
    }

    /// What a file declares at its top; `mod name;` of Rust is the file of that module.
    pub(super) fn own(&self, file: &SymbolFile, name: &str) -> Vec<Thing> {
        let mut own = self.ground.top(&[file.id], name);
        let is_module = |thing: &Thing| match thing {
            Thing::Element(id) => self
                .ground
                .element(*id)
                .is_some_and(|one| one.kind == Kind::Module),
            Thing::File(_) => false,
        };
        if Family::of(file.language.as_deref()) == Family::Rust
            && own.iter().any(is_module)
            && let Some(child) = self.ground.rust_child(file, name)
        {
            own.retain(|thing| !is_module(thing));
            own.push(Thing::File(child));
        }
        own
    }

    fn member_of_file(&self, file: &SymbolFile, name: &str, depth: usize) -> Vec<Thing> {
        let own = self.own(file, name);
        if !own.is_empty() {
            return own;
        }
        match Family::of(file.language.as_deref()) {
            Family::Rust => {
                if let Some(child) = self.ground.rust_child(file, name) {
                    return vec![Thing::File(child)];
                }
            }
            Family::Python => {
                let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let child = [
                    format!("{folder}/{name}.py"),
                    format!("{folder}/{name}/__init__.py"),
                ]
                .iter()
                .find_map(|path| self.ground.file(path.trim_start_matches('/')));
                if let Some(child) = child.filter(|_| file.path.ends_with("__init__.py")) {
                    return vec![Thing::File(child)];
                }
            }
            _ => {}
        }
        self.given_on(file, name, depth)
    }

    /// Names that a file has from elsewhere and gives on.
    fn given_on(&self, file: &SymbolFile, name: &str, depth: usize) -> Vec<Thing> {
        let family = Family::of(file.language.as_deref());
        let gives = |import: &Import| match family {
            Family::Python | Family::Rust => true,
            Family::C => true,
            _ => import.is_reexport,
        };
        let mut wildcards = Vec::new();
        for (index, import) in file
            .imports
            .iter()
            .enumerate()
            .filter(|(_, one)| gives(one))
        {
            if import.is_wildcard {
                wildcards.push(index);
            }
            let target = match brings_in(family, import, name) {
                Some(Brought::Module) => return self.target(file, index).things.clone(),
                Some(Brought::Name(inner)) => (self.target(file, index), inner),
                None => continue,
            };
            for thing in &target.0.things {
                let found = self.member(*thing, target.1, depth - 1);
                if !found.is_empty() {
                    return found.to_vec();
                }
            }
        }
        for index in wildcards {
            for thing in &self.target(file, index).things {
                if *thing == Thing::File(file.id) {
                    continue;
                }
                let found = self.member(*thing, name, depth - 1);
                if !found.is_empty() {
                    return found.to_vec();
                }
            }
        }
        Vec::new()
    }

    fn member_of_type(&self, symbol: &Symbol, name: &str, depth: usize) -> Vec<Thing> {
        let own = self.of_owner(&symbol.name, name, Some(symbol));
        if !own.is_empty() {
            return own;
        }
        // Its base types; for Rust those of all its implementations.
        let mut holders: Vec<&Symbol> = vec![symbol];
        let family = self.ground.family(symbol);
        holders.extend(
            self.named(family, &symbol.name)
                .iter()
                .filter(|one| one.id != symbol.id && one.kind == Kind::Implementation),
        );
        let mut seen = HashSet::new();
        for holder in holders {
            let Some(file) = self.ground.file_of(holder) else {
                continue;
            };
            for base in holder.bases.iter().filter(|base| **base != symbol.name) {
                if !seen.insert(base) {
                    continue;
                }
                let Some(found) = self.lookup(file, None, base) else {
                    continue;
                };
                for thing in &found.things {
                    let members = self.member(*thing, name, depth - 1);
                    if !members.is_empty() {
                        return members.to_vec();
                    }
                }
            }
        }
        Vec::new()
    }

    /// Members by the name of their type: those in the type's own file where there are some, else
    /// those that no other type of the name is nearer to.
    pub(super) fn of_owner(&self, owner: &str, name: &str, symbol: Option<&Symbol>) -> Vec<Thing> {
        let owned = self.owned(owner);
        let family = symbol.map(|symbol| self.ground.family(symbol));
        let mut members: Vec<&Symbol> = owned
            .get(name)
            .into_iter()
            .flatten()
            .copied()
            .filter(|one| family.is_none_or(|family| self.ground.family(one) == family))
            .collect();
        if let Some(symbol) = symbol {
            let here = |one: &&Symbol| one.file == symbol.file;
            if members.iter().any(here) {
                members.retain(here);
            } else if let Some(family) = family {
                let others: HashSet<i64> = self
                    .named(family, owner)
                    .iter()
                    .filter(|one| one.kind.is_type() && one.id != symbol.id)
                    .map(|one| one.file)
                    .collect();
                members.retain(|one| !others.contains(&one.file));
                prefer_near(
                    &mut members,
                    self.ground,
                    self.ground.symbols.path_of(symbol),
                );
            }
        }
        members
            .into_iter()
            .map(|one| Thing::Element(one.id))
            .collect()
    }

    fn owned(&self, owner: &str) -> Rc<Owned<'g>> {
        if let Some(known) = self.owned.borrow().get(owner) {
            return known.clone();
        }
        let Some((owner, ids)) = self.ground.symbols.by_owner.get_key_value(owner) else {
            return Rc::default();
        };
        let mut owned = Owned::new();
        for one in ids.iter().filter_map(|id| self.ground.element(*id)) {
            owned.entry(&one.name).or_default().push(one);
        }
        for members in owned.values_mut() {
            members.sort_unstable_by_key(|one| (one.file, one.start_line, one.id));
        }
        let owned = Rc::new(owned);
        self.owned.borrow_mut().insert(owner, owned.clone());
        owned
    }
}
