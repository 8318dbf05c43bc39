//! What a name means at a place: scopes from the inside out, then what the file brings in.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use mira_syntax::{Import, Kind};

use super::file::Methods;
use super::ground::{Family, Ground, Thing};
use super::members::Owned;
use super::modules::Target;
use super::remembered::Remembered;
use super::types::Types;
use crate::symbols::{Symbol, SymbolFile};

/// How far re-exports and base types are followed.
pub(super) const DEPTH: usize = 6;

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

/// Remembers what it found out: one for each thread of a run. What is asked for twice is found out
/// once, so that the work grows with the project and not with the ways through it.
pub(crate) struct Names<'g> {
    pub ground: &'g Ground<'g>,
    targets: RefCell<HashMap<(i64, usize), Rc<Target>>>,
    in_files: Remembered<i64, Option<Rc<Found>>>,
    /// What is being found out just now: who asks for it again goes in a circle.
    asked_targets: RefCell<HashSet<(i64, usize)>>,
    asked_names: RefCell<HashSet<(i64, Box<str>)>>,
    circles: Cell<u64>,
    /// By name, for each language family.
    named: Remembered<Family, Rc<[&'g Symbol]>>,
    pub(super) methods: Remembered<(Family, bool), Rc<Methods<'g>>>,
    pub(super) owned: RefCell<HashMap<&'g str, Rc<Owned<'g>>>>,
    /// By thing and how far it is followed.
    pub(super) members: Remembered<(Thing, usize), Rc<[Thing]>>,
    pub(super) types: Types<'g>,
    /// What was found out, and not remembered from before.
    pub(super) steps: Cell<u64>,
}

impl<'g> Names<'g> {
    pub fn new(ground: &'g Ground<'g>) -> Self {
        Self {
            ground,
            targets: RefCell::default(),
            in_files: Remembered::default(),
            asked_targets: RefCell::default(),
            asked_names: RefCell::default(),
            circles: Cell::default(),
            named: Remembered::default(),
            methods: Remembered::default(),
            owned: RefCell::default(),
            members: Remembered::default(),
            types: Types::default(),
            steps: Cell::default(),
        }
    }

    /// How much had to be found out so far.
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }

    pub(super) fn step_taken(&self) {
        self.steps.set(self.steps.get() + 1);
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
        self.step_taken();
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
    pub(super) fn is_sure(&self, circles_before: u64) -> bool {
        self.circles.get() == circles_before
            || self.asked_targets.borrow().is_empty() && self.asked_names.borrow().is_empty()
    }

    pub(super) fn circles(&self) -> u64 {
        self.circles.get()
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
    pub fn lookup(
        &self,
        file: &SymbolFile,
        within: Option<&Symbol>,
        name: &str,
    ) -> Option<Rc<Found>> {
        let family = Family::of(file.language.as_deref());
        let mut around = within;
        while let Some(symbol) = around {
            let is_type = symbol.kind.is_type() || symbol.kind == Kind::Implementation;
            if is_type && family.has_implicit_self() {
                let members = self.member(Thing::Element(symbol.id), name, DEPTH);
                let reason = "a member of the type around it";
                if let Some(found) = Found::new(members.to_vec(), 0.9, reason) {
                    return Some(Rc::new(found));
                }
            } else if !is_type {
                let children = self.ground.children(symbol.id, name);
                if let Some(found) = Found::new(children, 0.95, "declared around it") {
                    return Some(Rc::new(found));
                }
            }
            // Go and C++ name the type of a method outside of it.
            if family.has_implicit_self()
                && symbol.parent.is_none()
                && let Some(owner) = &symbol.owner
            {
                let members = self.of_owner(owner, name, Some(symbol));
                if let Some(found) = Found::new(members, 0.85, "a member of the same type") {
                    return Some(Rc::new(found));
                }
            }
            around = symbol.parent.and_then(|parent| self.ground.element(parent));
        }
        self.in_file(file, name)
    }

    fn in_file(&self, file: &SymbolFile, name: &str) -> Option<Rc<Found>> {
        if let Some(known) = self.in_files.get(&file.id, name) {
            return known;
        }
        let asked = (file.id, Box::from(name));
        if !self.asked_names.borrow_mut().insert(asked.clone()) {
            self.circles.set(self.circles.get() + 1);
            return None;
        }
        self.step_taken();
        let circles = self.circles.get();
        let found = self.find_in_file(file, name).map(Rc::new);
        self.asked_names.borrow_mut().remove(&asked);
        if self.is_sure(circles) {
            self.in_files.put(file.id, name, found.clone());
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
        let mut all: Vec<&Symbol> = self.named(family, name).to_vec();
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
    pub fn named(&self, family: Family, name: &str) -> Rc<[&'g Symbol]> {
        if let Some(known) = self.named.get(&family, name) {
            return known;
        }
        let symbols = self.ground.symbols;
        let ids = symbols.by_name.get(name);
        let mut found: Vec<&Symbol> = ids
            .into_iter()
            .flatten()
            .filter_map(|id| self.ground.element(*id))
            .filter(|symbol| self.ground.family(symbol) == family)
            .collect();
        found.sort_by_key(|one| (symbols.path_of(one), one.start_line));
        let found: Rc<[&Symbol]> = found.into();
        self.named.put(family, name, found.clone());
        found
    }
}

/// Those that share most of their path with `near`, where some share more than others.
pub(crate) fn prefer_near(all: &mut Vec<&Symbol>, ground: &Ground<'_>, near: &str) {
    let shared = |one: &Symbol| super::ground::shared(ground.symbols.path_of(one), near);
    if all.len() > 1
        && let Some(most) = all.iter().map(|one| shared(one)).max()
    {
        all.retain(|one| shared(one) == most);
    }
}

pub(super) enum Brought<'i> {
    Module,
    Name(&'i str),
}

/// Whether an import gives `name` a meaning here, and what of the module it is.
pub(super) fn brings_in<'i>(family: Family, import: &'i Import, name: &str) -> Option<Brought<'i>> {
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
