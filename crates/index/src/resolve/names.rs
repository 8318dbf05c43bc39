//! What a name means at a place: scopes from the inside out, then what a thing has inside it.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use mira_syntax::{Import, Kind};

use super::ground::{Family, Ground, Thing};
use super::modules::Target;
use crate::symbols::{Symbol, SymbolFile};

/// How far re-exports and base types are followed.
const DEPTH: usize = 6;

/// What a name means, and how that is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub things: Vec<Thing>,
    pub confidence: f64,
    pub reason: &'static str,
}

impl Found {
    fn new(things: Vec<Thing>, confidence: f64, reason: &'static str) -> Option<Self> {
        (!things.is_empty()).then_some(Self {
            things,
            confidence,
            reason,
        })
    }
}

/// Remembers what it found out: one for each thread of a run.
pub(crate) struct Names<'g> {
    pub ground: &'g Ground<'g>,
    targets: RefCell<HashMap<(i64, usize), Rc<Target>>>,
    in_files: RefCell<HashMap<InFile, Option<Rc<Found>>>>,
    /// What is being found out just now: who asks for it again goes in a circle.
    asked_targets: RefCell<HashSet<(i64, usize)>>,
    asked_names: RefCell<HashSet<InFile>>,
    circles: Cell<u64>,
    /// Values within values whose types are being found out.
    pub(super) nested: Cell<usize>,
}

/// A name at the top of a file.
type InFile = (i64, Box<str>);

impl<'g> Names<'g> {
    pub fn new(ground: &'g Ground<'g>) -> Self {
        Self {
            ground,
            targets: RefCell::default(),
            in_files: RefCell::default(),
            asked_targets: RefCell::default(),
            asked_names: RefCell::default(),
            circles: Cell::default(),
            nested: Cell::default(),
        }
    }

    /// Where an import of a file leads.
    pub fn target(&self, file: &SymbolFile, index: usize) -> Rc<Target> {
        let key = (file.id, index);
        if let Some(known) = self.targets.borrow().get(&key) {
            return known.clone();
        }
        if !self.asked_targets.borrow_mut().insert(key) {
            self.circles.set(self.circles.get() + 1);
            return Rc::default();
        }
        let circles = self.circles.get();
        let target = Rc::new(self.find_target(file, &file.imports[index]));
        self.asked_targets.borrow_mut().remove(&key);
        if self.is_sure(circles) {
            self.targets.borrow_mut().insert(key, target.clone());
        }
        target
    }

    /// Whether an answer is the whole one, whoever asked first: no circle was cut on the way, or
    /// nothing is waiting for it.
    fn is_sure(&self, circles_before: u64) -> bool {
        self.circles.get() == circles_before
            || self.asked_targets.borrow().is_empty() && self.asked_names.borrow().is_empty()
    }

    fn find_target(&self, file: &SymbolFile, import: &Import) -> Target {
        let mut target = self.ground.target(file, import);
        let is_rust = Family::of(file.language.as_deref()) == Family::Rust;
        if !is_rust || target.package.is_some() {
            return target;
        }
        target.things = if import.kind == mira_syntax::ImportKind::Submodule {
            let child = self.ground.rust_child(file, &import.module);
            child.into_iter().map(Thing::File).collect()
        } else {
            self.rust_path(file, &import.module, DEPTH)
        };
        target
    }

    /// What a name alone means inside `within`, or at the top of the file.
    pub fn lookup(&self, file: &SymbolFile, within: Option<&Symbol>, name: &str) -> Option<Found> {
        let family = Family::of(file.language.as_deref());
        let mut around = within;
        while let Some(symbol) = around {
            let children = self.ground.children(symbol.id, name);
            let is_type = symbol.kind.is_type() || symbol.kind == Kind::Implementation;
            if is_type && family.has_implicit_self() {
                let members = self.member(Thing::Element(symbol.id), name, DEPTH);
                if let Some(found) = Found::new(members, 0.9, "a member of the type around it") {
                    return Some(found);
                }
            } else if !is_type && let Some(found) = Found::new(children, 0.95, "declared around it")
            {
                return Some(found);
            }
            // Go and C++ name the type of a method outside of it.
            if family.has_implicit_self()
                && symbol.parent.is_none()
                && let Some(owner) = &symbol.owner
            {
                let members = self.of_owner(owner, name, Some(symbol));
                if let Some(found) = Found::new(members, 0.85, "a member of the same type") {
                    return Some(found);
                }
            }
            around = symbol.parent.and_then(|parent| self.ground.element(parent));
        }
        self.in_file(file, name).map(|found| (*found).clone())
    }

    fn in_file(&self, file: &SymbolFile, name: &str) -> Option<Rc<Found>> {
        let key = (file.id, Box::from(name));
        if let Some(known) = self.in_files.borrow().get(&key) {
            return known.clone();
        }
        if !self.asked_names.borrow_mut().insert(key.clone()) {
            self.circles.set(self.circles.get() + 1);
            return None;
        }
        let circles = self.circles.get();
        let found = self.find_in_file(file, name).map(Rc::new);
        self.asked_names.borrow_mut().remove(&key);
        if self.is_sure(circles) {
            self.in_files.borrow_mut().insert(key, found.clone());
        }
        found
    }

    fn find_in_file(&self, file: &SymbolFile, name: &str) -> Option<Found> {
        let family = Family::of(file.language.as_deref());
        let own = self.own(file, name);
        if !own.is_empty() {
            return Found::new(own, 0.95, "declared in the same file");
        }
        let mut wildcards = Vec::new();
        for (index, import) in file.imports.iter().enumerate() {
            if import.is_wildcard || family == Family::C {
                wildcards.push(index);
            }
            if let Some(of) = brings_in(family, import, name) {
                let target = self.target(file, index);
                if target.package.is_some() {
                    return None;
                }
                let things = match of {
                    Brought::Module => target.things.clone(),
                    Brought::Name(inner) => self.inside(&target.things, inner, name),
                };
                if let Some(found) = Found::new(things, 0.95, "imported") {
                    return Some(found);
                }
            }
        }
        if family.shares_folder()
            && let Some(found) = self.of_the_same_package(file, name)
        {
            return Some(found);
        }
        for index in wildcards {
            let things = self.inside(&self.target(file, index).things, name, name);
            if let Some(found) = Found::new(things, 0.85, "among all that is imported") {
                return Some(found);
            }
        }
        if family == Family::Rust {
            let things = self.rust_first(file, name);
            if let Some(found) = Found::new(things, 0.9, "a module or crate of this name") {
                return Some(found);
            }
        }
        self.only_one(file, family, name)
    }

    fn of_the_same_package(&self, file: &SymbolFile, name: &str) -> Option<Found> {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let files = match &file.package {
            // Go has a package a folder, and a second one for its tests.
            Some(package) if Family::of(file.language.as_deref()) != Family::Go => {
                self.ground.packages.get(&**package)?
            }
            _ => self.ground.folders.get(folder)?,
        };
        Found::new(
            self.ground.top(files, name),
            0.9,
            "declared in the same package",
        )
    }

    /// A name without a scope that the whole program knows.
    fn only_one(&self, file: &SymbolFile, family: Family, name: &str) -> Option<Found> {
        let mut all: Vec<&Symbol> = self.named(family, name).collect();
        if family == Family::Rust {
            all.retain(|symbol| symbol.kind == Kind::Macro);
        } else if !family.has_global_names() {
            return None;
        } else {
            all.retain(|symbol| symbol.owner.is_none());
        }
        // A definition says more than a declaration in a header.
        let has_body = |symbol: &&Symbol| symbol.end_line > symbol.start_line;
        if all.iter().any(has_body) {
            all.retain(has_body);
        }
        prefer_near(&mut all, self.ground, &file.path);
        let confidence = if all.len() == 1 {
            0.7
        } else {
            0.6 / all.len() as f64
        };
        let things = all
            .iter()
            .take(4)
            .map(|symbol| Thing::Element(symbol.id))
            .collect();
        Found::new(things, confidence, "the only one of this name within reach")
    }

    /// Elements of a family by name, in a fixed order.
    pub fn named<'a>(
        &'a self,
        family: Family,
        name: &str,
    ) -> impl Iterator<Item = &'g Symbol> + use<'a, 'g> {
        let ids = self.ground.symbols.by_name.get(name);
        let mut found: Vec<&Symbol> = ids
            .into_iter()
            .flatten()
            .filter_map(|id| self.ground.element(*id))
            .filter(|symbol| self.ground.family(symbol) == family)
            .collect();
        found.sort_by(|left, right| {
            let place =
                |one: &Symbol| (self.ground.symbols.path_of(one).to_owned(), one.start_line);
            place(left).cmp(&place(right))
        });
        found.into_iter()
    }

    /// `name` in any of these things; a default export has the name that it gets.
    fn inside(&self, things: &[Thing], name: &str, here: &str) -> Vec<Thing> {
        let mut found: Vec<Thing> = Vec::new();
        for thing in things {
            found.extend(self.member(*thing, name, DEPTH));
            if found.is_empty() && name == "default" {
                found.extend(self.member(*thing, here, DEPTH));
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
    pub fn member(&self, thing: Thing, name: &str, depth: usize) -> Vec<Thing> {
        if depth == 0 {
            return Vec::new();
        }
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
    fn own(&self, file: &SymbolFile, name: &str) -> Vec<Thing> {
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
                    return found;
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
                    return found;
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
                .filter(|one| one.id != symbol.id && one.kind == Kind::Implementation),
        );
        let mut seen = HashSet::new();
        for holder in holders {
            let Some(file) = self.ground.file_of(holder) else {
                continue;
            };
            for base in holder.bases.iter().filter(|base| **base != symbol.name) {
                if !seen.insert(base.clone()) {
                    continue;
                }
                let Some(found) = self.lookup(file, None, base) else {
                    continue;
                };
                for thing in found.things {
                    let members = self.member(thing, name, depth - 1);
                    if !members.is_empty() {
                        return members;
                    }
                }
            }
        }
        Vec::new()
    }

    /// Members by the name of their type: those in the type's own file where there are some, else
    /// those that no other type of the name is nearer to.
    fn of_owner(&self, owner: &str, name: &str, symbol: Option<&Symbol>) -> Vec<Thing> {
        let Some(ids) = self.ground.symbols.by_owner.get(owner) else {
            return Vec::new();
        };
        let family = symbol.map(|symbol| self.ground.family(symbol));
        let mut members: Vec<&Symbol> = ids
            .iter()
            .filter_map(|id| self.ground.element(*id))
            .filter(|one| &*one.name == name)
            .filter(|one| family.is_none_or(|family| self.ground.family(one) == family))
            .collect();
        members.sort_by_key(|one| (one.file, one.start_line, one.id));
        if let Some(symbol) = symbol {
            let here = |one: &&Symbol| one.file == symbol.file;
            if members.iter().any(here) {
                members.retain(here);
            } else if let Some(family) = family {
                let others: HashSet<i64> = self
                    .named(family, owner)
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

    /// A path of Rust, from a file: `crate::a::B`, `super::c`, `other_crate::d`.
    pub fn rust_path(&self, file: &SymbolFile, path: &str, depth: usize) -> Vec<Thing> {
        if depth == 0 {
            return Vec::new();
        }
        let mut parts = path
            .split("::")
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .peekable();
        let (base, mut place) = self.ground.rust_place(&file.path);
        let file_at = |place: &[&str]| {
            let found = self.ground.rust_file(&base, place);
            found.map(Thing::File).into_iter().collect::<Vec<_>>()
        };
        let first = parts.next().unwrap_or_default();
        let mut things = match first {
            "crate" | "$crate" => file_at(&[]),
            "self" => vec![Thing::File(file.id)],
            "super" => {
                place.pop();
                while parts.next_if_eq(&"super").is_some() {
                    place.pop();
                }
                let above = file_at(&place);
                // Inside of an inline module `super` is the file itself.
                if above.is_empty() {
                    vec![Thing::File(file.id)]
                } else {
                    above
                }
            }
            name => {
                let own = self.own(file, name);
                if own.is_empty() {
                    self.rust_first(file, name)
                } else {
                    own
                }
            }
        };
        for part in parts {
            let mut next = Vec::new();
            for thing in &things {
                next.extend(self.member(*thing, part, depth - 1));
            }
            if next.is_empty() && first == "super" {
                next = self.member(Thing::File(file.id), part, depth - 1);
            }
            things = next;
        }
        things
    }

    /// A name that begins a path: a submodule, or a crate of the workspace.
    fn rust_first(&self, file: &SymbolFile, name: &str) -> Vec<Thing> {
        let child = self.ground.rust_child(file, name);
        let found = child.or_else(|| {
            let base = self.ground.crate_root(name)?;
            self.ground.rust_file(&base, &[])
        });
        found.map(Thing::File).into_iter().collect()
    }
}

/// Those that share most of their path with `near`, where some share more than others.
pub(crate) fn prefer_near(all: &mut Vec<&Symbol>, ground: &Ground<'_>, near: &str) {
    let shared = |one: &Symbol| super::ground::shared(ground.symbols.path_of(one), near);
    if let Some(most) = all.iter().map(|one| shared(one)).max() {
        all.retain(|one| shared(one) == most);
    }
}

enum Brought<'i> {
    Module,
    Name(&'i str),
}

/// Whether an import gives `name` a meaning here, and what of the module it is.
fn brings_in<'i>(family: Family, import: &'i Import, name: &str) -> Option<Brought<'i>> {
    for one in &import.names {
        if one.alias.as_deref().unwrap_or(&one.name) == name {
            return Some(if one.name == "self" || one.name == "*" {
                Brought::Module
            } else {
                Brought::Name(&one.name)
            });
        }
    }
    if let Some(alias) = &import.alias {
        return (alias == name).then_some(Brought::Module);
    }
    if !import.names.is_empty() || import.is_wildcard {
        return None;
    }
    let last = last_part(&import.module);
    let is_named = match family {
        Family::Rust | Family::Jvm | Family::Php | Family::Go => last == name,
        Family::Python => import.module == name,
        _ => false,
    };
    is_named.then_some(Brought::Module)
}

/// The part of a module's path that names it here; of Go's `example.org/chi/v5` that is `chi`.
pub(crate) fn last_part(module: &str) -> &str {
    let is_version = |part: &str| {
        part.strip_prefix('v')
            .is_some_and(|rest| rest.parse::<u32>().is_ok())
    };
    let mut parts = module
        .rsplit(['.', '/', ':', '\\'])
        .filter(|part| !part.is_empty());
    let last = parts.next().unwrap_or(module);
    match is_version(last) && module.contains('/') {
        true => parts.next().unwrap_or(last),
        false => last,
    }
}
