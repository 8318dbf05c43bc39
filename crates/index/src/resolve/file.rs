//! One file's references to edges.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use mira_syntax::{Import, Kind, Reference, ReferenceKind};

use super::bindings::Bindings;
use super::ground::{Family, Thing};
use super::names::{Names, prefer_near};
use super::receivers::Spot;
use crate::symbols::{Symbol, SymbolFile};
use crate::uses::Uses;

/// Who uses whom.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Edge {
    /// An element, or the top level of a file: its id below zero.
    pub caller: i64,
    pub callee: i64,
    pub kind: ReferenceKind,
    pub line: usize,
    pub times: i64,
    /// 0 to 1.
    pub confidence: f64,
    pub reason: &'static str,
}

/// An import and where it leads.
pub(crate) struct Brought {
    pub import: Import,
    /// JSON.
    pub names: Option<String>,
    pub target: Option<i64>,
    pub package: Option<(&'static str, String)>,
}

pub(crate) struct Resolved {
    pub file: i64,
    pub edges: Vec<Edge>,
    pub imports: Vec<Brought>,
}

/// A guess among more candidates than this says nothing.
const MOST_CANDIDATES: usize = 3;
/// And among more overrides of one method.
const MOST_OVERRIDES: usize = 12;

/// What an edge can lead to, how sure that is, and why.
type Ends = Vec<(Thing, f64, &'static str)>;

/// The file whose references are being resolved.
pub(super) struct Here<'a> {
    pub file: &'a SymbolFile,
    pub family: Family,
    pub bindings: Bindings<'a>,
    /// Names that imports bring in from outside.
    pub outside: OnceCell<HashSet<&'a str>>,
    guesses: RefCell<HashMap<Box<str>, Ends>>,
}

/// The methods of a name, all of them, and those that override or implement none of the others.
pub(crate) struct Methods<'g> {
    all: Vec<&'g Symbol>,
    roots: Vec<i64>,
}

impl<'g> Names<'g> {
    pub fn resolve(&self, file: &SymbolFile, uses: &Uses) -> Resolved {
        let here = Here {
            file,
            family: Family::of(file.language.as_deref()),
            bindings: Bindings::new(&uses.bindings),
            outside: OnceCell::new(),
            guesses: RefCell::default(),
        };
        let mut edges: HashMap<(i64, i64, ReferenceKind), Edge> = HashMap::new();
        for reference in &uses.references {
            let index = reference.within;
            let within = index.and_then(|index| file.elements.get(index));
            let within = within.and_then(|id| self.ground.element(*id));
            let caller = within.map_or(-file.id, |symbol| symbol.id);
            for (callee, confidence, reason) in self.meaning(&here, within, reference) {
                let is_itself = callee == caller && reference.kind != ReferenceKind::Call;
                if is_itself {
                    continue;
                }
                let edge = edges
                    .entry((caller, callee, reference.kind))
                    .or_insert(Edge {
                        caller,
                        callee,
                        kind: reference.kind,
                        line: reference.line,
                        times: 0,
                        confidence,
                        reason,
                    });
                edge.times += 1;
                if confidence > edge.confidence {
                    (edge.confidence, edge.reason) = (confidence, reason);
                }
            }
        }
        let mut edges: Vec<Edge> = edges.into_values().collect();
        edges.sort_by_key(|edge| (edge.caller, edge.callee, edge.kind));
        Resolved {
            file: file.id,
            edges,
            imports: self.imports(file),
        }
    }

    fn imports(&self, file: &SymbolFile) -> Vec<Brought> {
        let brought = file.imports.iter().enumerate().map(|(index, import)| {
            let target = self.target(file, index);
            let first = target.things.first().and_then(|thing| match thing {
                Thing::File(id) => Some(*id),
                Thing::Element(id) => self.ground.element(*id).map(|one| one.file),
            });
            Brought {
                names: crate::write::names_json(import),
                import: import.clone(),
                target: first,
                package: target.package.clone(),
            }
        });
        brought.collect()
    }

    fn meaning(
        &self,
        here: &Here<'_>,
        within: Option<&Symbol>,
        reference: &Reference,
    ) -> Vec<(i64, f64, &'static str)> {
        let found = match &reference.receiver {
            None => self.plain(here.file, within, &reference.name),
            Some(receiver) => self.of_receiver(here, within, reference, receiver),
        };
        let mut edges = Vec::new();
        for (thing, confidence, reason) in found {
            let Thing::Element(id) = thing else { continue };
            let Some(symbol) = self.ground.element(id) else {
                continue;
            };
            if fits(reference.kind, symbol.kind) {
                let ends = self.constructors(reference.kind, symbol);
                edges.extend(ends.into_iter().map(|id| (id, confidence, reason)));
            }
        }
        edges.sort_by_key(|(id, ..)| *id);
        edges.dedup_by_key(|(id, ..)| *id);
        edges
    }

    fn plain(&self, file: &SymbolFile, within: Option<&Symbol>, name: &str) -> Ends {
        let Some(found) = self.lookup(file, within, name) else {
            return Vec::new();
        };
        let (confidence, reason) = (found.confidence, found.reason);
        let end = |thing: &Thing| (*thing, confidence, reason);
        found.things.iter().map(end).collect()
    }

    fn of_receiver(
        &self,
        here: &Here<'_>,
        within: Option<&Symbol>,
        reference: &Reference,
        receiver: &str,
    ) -> Ends {
        let name = reference.name.as_str();
        if here.family == Family::Rust && receiver.contains("::") && !receiver.contains('(') {
            let path = receiver.split('<').next().unwrap_or(receiver);
            let things = self.rust_path(here.file, path, 8);
            let found = self.in_things(&things, reference, 0.95, "by its path");
            if !found.is_empty() {
                return found;
            }
        }
        if here.family == Family::Ruby && name == "new" {
            let made = receiver.rsplit("::").next().unwrap_or(receiver);
            return self.plain(here.file, within, made);
        }
        let spot = Spot {
            file: here.file,
            within,
            within_index: reference.within,
            line: reference.line,
            bindings: &here.bindings,
            value_of: None,
        };
        match self.receiver(&spot, receiver) {
            Some(typed) if !typed.is_container => {
                let reason = match receiver {
                    "self" | "this" | "Self" | "cls" | "super()" | "super" => {
                        "a member of its own type"
                    }
                    _ => "a member of the receiver's type",
                };
                self.in_things(&typed.things, reference, typed.confidence, reason)
            }
            Some(_) => Vec::new(),
            None if self.begins_outside(here, receiver) => Vec::new(),
            None if self.is_said_outside(here, &spot, receiver) => {
                let mut guessed = self.guess(here, reference);
                guessed.retain(|(thing, ..)| self.is_of_trait(*thing));
                guessed
            }
            None => self.guess(here, reference),
        }
    }

    fn in_things(
        &self,
        things: &[Thing],
        reference: &Reference,
        confidence: f64,
        reason: &'static str,
    ) -> Ends {
        let mut found: Vec<Thing> = things
            .iter()
            .flat_map(|thing| self.member(*thing, &reference.name, 6).to_vec())
            .collect();
        found.dedup();
        self.keep_what_fits(&mut found, reference.kind != ReferenceKind::Read);
        let end = |thing: Thing| (thing, confidence, reason);
        found.into_iter().map(end).collect()
    }

    /// A method of an unknown receiver: what few elements have this name.
    fn guess(&self, here: &Here<'_>, reference: &Reference) -> Ends {
        let name = reference.name.as_str();
        let is_call = matches!(reference.kind, ReferenceKind::Call);
        if !is_call || Family::is_everywhere(name) || name.len() < 4 {
            return Vec::new();
        }
        if let Some(known) = here.guesses.borrow().get(name) {
            return known.clone();
        }
        let ends = self.find_guess(here, name);
        let mut guesses = here.guesses.borrow_mut();
        guesses.insert(name.into(), ends.clone());
        ends
    }

    fn find_guess(&self, here: &Here<'_>, name: &str) -> Ends {
        self.step_taken();
        let mut methods = self.methods(here.family, here.file.is_test, name);
        if methods.roots.len() > MOST_CANDIDATES {
            let mut near = methods.all.clone();
            prefer_near(&mut near, self.ground, &here.file.path);
            methods = Rc::new(self.with_roots(near));
        }
        let Methods { all, roots } = &*methods;
        if roots.len() > MOST_CANDIDATES || all.len() > MOST_OVERRIDES {
            return Vec::new();
        }
        // A class may extend one of its own name from outside: then none is at the top.
        let confidence = 0.5 / roots.len().max(1) as f64;
        let reason = match roots.len() {
            1 => "the only method of this name",
            _ => "one of few methods of this name",
        };
        let end = |symbol: &&Symbol| match roots.contains(&symbol.id) {
            true => (Thing::Element(symbol.id), confidence, reason),
            // It may be this one that runs, for what is declared further up.
            false => (
                Thing::Element(symbol.id),
                confidence * 0.8,
                "it implements the only method of this name",
            ),
        };
        all.iter().map(end).collect()
    }

    /// The methods of a name, for tests with those of tests.
    fn methods(&self, family: Family, for_tests: bool, name: &str) -> Rc<Methods<'g>> {
        let key = (family, for_tests);
        if let Some(known) = self.methods.get(&key, name) {
            return known;
        }
        let mut all = self.named(family, name).to_vec();
        all.retain(|symbol| {
            let is_method = symbol.kind == Kind::Method
                || symbol.kind == Kind::Function && symbol.owner.is_some();
            is_method && (for_tests || !symbol.is_test)
        });
        let methods = Rc::new(self.with_roots(all));
        self.methods.put(key, name, methods.clone());
        methods
    }

    fn with_roots(&self, all: Vec<&'g Symbol>) -> Methods<'g> {
        let owners: HashSet<&str> = all.iter().filter_map(|one| one.owner.as_deref()).collect();
        let parent = |one: &Symbol| one.parent.and_then(|id| self.ground.element(id));
        let is_derived = |one: &Symbol| {
            let bases = parent(one).map(|parent| &parent.bases);
            bases.is_some_and(|bases| bases.iter().any(|base| owners.contains(&**base)))
        };
        let roots = all.iter().filter(|one| !is_derived(one));
        Methods {
            roots: roots.map(|one| one.id).collect(),
            all,
        }
    }

    /// A call of a type is one of its constructors, where some are written.
    fn constructors(&self, kind: ReferenceKind, symbol: &Symbol) -> Vec<i64> {
        let makes = matches!(kind, ReferenceKind::Call | ReferenceKind::Construct);
        if !makes || !symbol.kind.is_type() {
            return vec![symbol.id];
        }
        const NAMES: [&str; 5] = [
            "__init__",
            "constructor",
            "initialize",
            "__construct",
            "init",
        ];
        let members = self.ground.symbols.members.get(&symbol.id);
        let written: Vec<i64> = members
            .into_iter()
            .flatten()
            .filter_map(|id| self.ground.element(*id))
            .filter(|one| {
                one.kind == Kind::Constructor
                    || one.kind.is_callable() && NAMES.contains(&&*one.name)
            })
            .map(|one| one.id)
            .collect();
        if written.is_empty() {
            vec![symbol.id]
        } else {
            written
        }
    }
}

/// Whether a use of this kind can mean an element of that kind.
fn fits(reference: ReferenceKind, kind: Kind) -> bool {
    match reference {
        ReferenceKind::Call => {
            kind.is_callable()
                || kind.is_type()
                || matches!(
                    kind,
                    Kind::Variable | Kind::Constant | Kind::Field | Kind::Property | Kind::Variant
                )
        }
        ReferenceKind::Macro => kind == Kind::Macro,
        ReferenceKind::Decorator => kind.is_callable() || kind.is_type(),
        ReferenceKind::Construct => {
            kind.is_type() || matches!(kind, Kind::Constructor | Kind::Variant)
        }
        ReferenceKind::Type | ReferenceKind::Extends => kind.is_type(),
        ReferenceKind::Read => !matches!(kind, Kind::Implementation | Kind::Heading | Kind::Key),
    }
}
