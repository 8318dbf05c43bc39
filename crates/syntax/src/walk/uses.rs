//! Names that are used, and names that are new.

use tree_sitter::Node;

use super::{Walk, last_line, line};
use crate::facts::{Binding, Given, Kind, NoteKind, Reference, ReferenceKind};
use crate::rules::{Callee, Found, Mode, Role, at};
use crate::signature;

/// How many nodes of a pattern are looked at for names.
const MAX_PATTERN: usize = 256;

impl<'t> Walk<'_, 't> {
    pub(super) fn uses(&mut self, node: Node<'t>, kind: ReferenceKind, of: &str, arguments: &str) {
        let Some(callee) = at(node, of).and_then(|of| self.cx().callee(of)) else {
            return;
        };
        let list = at(node, arguments);
        if let Some(list) = list.filter(|_| kind == ReferenceKind::Call) {
            self.gives(node, list);
        }
        let arguments =
            list.map(|list| u32::try_from(list.named_child_count()).unwrap_or(u32::MAX));
        // Somebody above knows better what it is: a decorator, a test.
        if self.claimed.contains(&callee.name.id()) {
            return;
        }
        self.claimed.insert(callee.whole.id());
        self.found(Found {
            kind,
            name: callee.name,
            receiver: callee.receiver,
            arguments,
        });
    }

    /// What the parameters of functions without a name are, the called function says.
    fn gives(&mut self, node: Node<'t>, list: Node<'t>) {
        let rules = self.plan.rules;
        let is_closure = |of: &Node<'_>| rules.closures.iter().any(|row| row.0 == of.kind());
        let mut cursor = list.walk();
        let arguments = list
            .named_children(&mut cursor)
            .filter(|one| !one.is_extra());
        let closures: Vec<(usize, Node<'t>)> = arguments
            .enumerate()
            .filter(|(_, one)| is_closure(one))
            .collect();
        if closures.is_empty() {
            return;
        }
        let Some(Made::By(call)) = self.made(node) else {
            return;
        };
        for (argument, closure) in closures {
            let places = rules.closures.iter().filter(|row| row.0 == closure.kind());
            let Some(list) = places.filter_map(|(_, place)| at(closure, place)).next() else {
                continue;
            };
            let mut cursor = list.walk();
            let several = list
                .named_children(&mut cursor)
                .filter(|one| !one.is_extra());
            let parameters: Vec<Node<'t>> = match rules.pattern_leaves.contains(&list.kind()) {
                true => vec![list],
                false => several.collect(),
            };
            for (parameter, pattern) in parameters.iter().enumerate() {
                let Some(leaf) = untyped_leaf(*pattern, rules.pattern_leaves) else {
                    continue;
                };
                if self.facts.bindings.len() >= self.limits.references {
                    return;
                }
                self.facts.bindings.push(Binding {
                    name: self.cx().of(leaf).to_owned(),
                    type_text: None,
                    call: Some(call.clone()),
                    given: Some(Given {
                        argument,
                        parameter,
                        of: parameters.len(),
                    }),
                    until: Some(last_line(closure)),
                    line: line(closure),
                    within: self.open.last().copied(),
                    ..Binding::default()
                });
            }
        }
    }

    pub(super) fn member(&mut self, node: Node<'t>, is_type: bool) {
        let Some(Callee { name, receiver, .. }) = self.cx().callee(node) else {
            return;
        };
        if self.claimed.remove(&node.id()) || self.claimed.contains(&name.id()) {
            return;
        }
        let kind = match self.mode {
            Mode::Value if is_type => ReferenceKind::Type,
            Mode::Value => ReferenceKind::Read,
            Mode::Type => ReferenceKind::Type,
            Mode::Extends => ReferenceKind::Extends,
        };
        if is_type {
            // What a type stands in is a module or package.
            self.claimed
                .extend(node.named_child(0).map(|object| object.id()));
        }
        self.claimed.insert(name.id());
        self.reference(kind, name, receiver, None);
    }

    pub(super) fn name(&mut self, node: Node<'t>, kind: Option<ReferenceKind>) {
        if self.claimed.remove(&node.id()) {
            return;
        }
        let kind = kind.unwrap_or(match self.mode {
            Mode::Value => ReferenceKind::Read,
            Mode::Type => ReferenceKind::Type,
            Mode::Extends => ReferenceKind::Extends,
        });
        let name = self.cx().of(node);
        let is_local = || self.scopes.iter().any(|scope| scope.locals.contains(name));
        if kind == ReferenceKind::Read && is_local() {
            return;
        }
        self.reference(kind, node, None, None);
    }

    pub(super) fn found(&mut self, found: Found<'t>) {
        self.claimed.insert(found.name.id());
        self.reference(found.kind, found.name, found.receiver, found.arguments);
    }

    pub(super) fn reference(
        &mut self,
        kind: ReferenceKind,
        node: Node<'t>,
        receiver: Option<String>,
        arguments: Option<u32>,
    ) {
        let name = self.cx().of(node).trim();
        let within = self.open.last().copied();
        if name.starts_with(|c: char| c.is_ascii_digit()) {
            return;
        }
        let once = matches!(kind, ReferenceKind::Read | ReferenceKind::Type);
        // One letter stands for any type.
        let is_parameter = kind == ReferenceKind::Type && name.chars().nth(1).is_none();
        let is_builtin = !matches!(kind, ReferenceKind::Construct | ReferenceKind::Decorator)
            && receiver.is_none()
            && self.plan.rules.builtins.contains(&name);
        if is_parameter || is_builtin {
            return;
        }
        let place = within.map_or(0, |index| index + 1);
        if name.is_empty() || once && !self.seen.insert((place, kind, name)) {
            return;
        }
        if self.facts.references.len() >= self.limits.references {
            let most = self.limits.references;
            self.note(NoteKind::TooMany, line(node), || {
                format!("more than {most} uses of names; those after are missing")
            });
            return;
        }
        self.facts.references.push(Reference {
            kind,
            name: name.to_owned(),
            receiver: receiver
                .filter(|text| text.contains(|c: char| c.is_alphanumeric() || c == '_')),
            arguments,
            line: line(node),
            byte: node.start_byte(),
            within,
        });
    }

    /// `is_several`: the value holds several, and the variable is each of them.
    pub(super) fn binds(
        &mut self,
        node: Node<'t>,
        fields: (&str, &str, &str),
        is_element: bool,
        is_several: bool,
    ) {
        let (pattern, type_, value) = fields;
        let mut cursor = node.walk();
        // A name of a field may stand for several.
        let several = node.children_by_field_name(pattern, &mut cursor);
        let mut patterns: Vec<Node<'t>> = several.filter(Node::is_named).collect();
        if patterns.is_empty() {
            patterns.extend(at(node, pattern));
        }
        let Some(pattern) = patterns.first().copied() else {
            return;
        };
        let cx = self.cx();
        let type_node = at(node, type_).filter(|type_| *type_ != pattern);
        let type_text = type_node.map(|type_| signature::type_text(cx.of(type_)));
        let type_text = type_text.filter(|text| !is_inferred(text));
        let mut made = Binding::default();
        match at(node, value).and_then(|value| self.made(cx.value(value))) {
            Some(Made::As(text)) if !is_several => made.type_text = Some(text),
            Some(Made::By(text)) => made.call = Some(text),
            Some(Made::From(text)) => made.value = Some(text),
            Some(Made::As(_)) | None => {}
        }
        if let Some(value) = made.value.as_deref()
            && cx.member(pattern).is_some()
            && let Some(told) = self.told(value)
        {
            // Others see the field, but not what it is set from.
            made = told;
        }
        let type_text = type_text.or(made.type_text).filter(|text| !text.is_empty());
        if type_text.is_some() {
            (made.call, made.value) = (None, None);
        }
        let is_made = made.call.is_some() || made.value.is_some();
        let is_member = cx.member(pattern).is_some();
        let mut names = Vec::new();
        if is_member {
            // `self.cart = …` gives a field its type; other members are uses.
            if !matches!(self.object_of(pattern), Some("self" | "this" | "$this")) {
                return;
            }
            names.push(cx.of(pattern));
        } else if is_element {
            let leaves = self.plan.rules.pattern_leaves;
            names.extend(
                patterns
                    .iter()
                    .filter_map(|one| declared_leaf(*one, leaves))
                    .map(|leaf| cx.of(leaf)),
            );
        } else {
            for pattern in &patterns {
                self.names(*pattern, &mut names);
            }
        }
        let is_list = patterns.len() > 1 && !is_made;
        // `a, b := open()`: what is known is known of the first, and in a list of types of all.
        if names.len() > 1 && !is_list {
            let is_first = self.plan.rules.first_result && !is_several;
            names.truncate(usize::from(is_first));
        }
        let names_function = self
            .open
            .last()
            .is_some_and(|index| is_element && self.facts.elements[*index].kind.is_callable());
        if names_function || type_text.is_none() && !is_made {
            return;
        }
        // Two rows may tell of the same variable; the first knows more.
        let told = self.facts.bindings.last();
        let is_same = |told: &Binding| told.given.is_none() && told.line == line(node);
        if told.is_some_and(|told| is_same(told) && names == [&*told.name]) {
            return;
        }
        let within = match is_element {
            true => self.open.iter().rev().nth(1).copied(),
            false => self.open.last().copied(),
        };
        let is_field = |index: usize| self.facts.elements[index].kind == Kind::Field;
        if !is_element && within.is_some_and(is_field) {
            return;
        }
        for name in names {
            if self.facts.bindings.len() >= self.limits.references {
                return;
            }
            self.facts.bindings.push(Binding {
                name: name.to_owned(),
                type_text: type_text.clone(),
                call: made.call.clone(),
                value: made.value.clone(),
                is_each: is_several && is_made,
                given: None,
                until: self.closures.last().copied(),
                line: line(node),
                within,
            });
        }
    }

    /// What was told of a variable of the element that is read.
    fn told(&self, name: &str) -> Option<Binding> {
        const MOST: usize = 200;
        let within = self.open.last().copied();
        let mut told = self.facts.bindings.iter().rev().take(MOST);
        let is_it = |one: &&Binding| one.within == within && one.name == name;
        told.find(is_it).filter(|one| one.given.is_none()).cloned()
    }

    pub(super) fn object_of(&self, member: Node<'t>) -> Option<&'t str> {
        let (object, _) = self.cx().member(member)?;
        Some(self.cx().of(object?))
    }

    /// What a value is made as, by or from.
    fn made(&self, value: Node<'t>) -> Option<Made> {
        let cx = self.cx();
        if let Some(of) = cx.cast(value) {
            return Some(Made::As(signature::type_text(cx.of(of))));
        }
        for role in self.plan.roles(value.kind_id()) {
            let Role::Uses(kind, of, _) = role else {
                continue;
            };
            let Callee {
                name,
                receiver,
                mark,
                ..
            } = cx.callee(at(value, of)?)?;
            let name = cx.of(name);
            // Ruby's way to make one.
            if let ("new", ".", Some(of)) = (name, mark, &receiver) {
                return Some(Made::As(of.clone()));
            }
            let text = match receiver {
                Some(receiver) => format!("{receiver}{mark}{name}"),
                None => name.to_owned(),
            };
            return match kind {
                ReferenceKind::Construct => Some(Made::As(text)),
                ReferenceKind::Call => Some(Made::By(text)),
                _ => None,
            };
        }
        let is_name = self.plan.rules.pattern_leaves.contains(&value.kind());
        let is_part = is_name || cx.member(value).is_some() || cx.is_index(value);
        let text = is_part.then(|| cx.chain(value))?;
        let is_value = !text.starts_with('…') && !self.plan.rules.builtins.contains(&&*text);
        is_value.then_some(Made::From(text))
    }

    /// The leaves of a pattern become local names.
    pub(super) fn names(&mut self, pattern: Node<'t>, names: &mut Vec<&'t str>) {
        let leaves = self.plan.rules.pattern_leaves;
        let mut left = vec![pattern];
        let mut looked = 0;
        while let Some(node) = left.pop() {
            looked += 1;
            if looked > MAX_PATTERN {
                break;
            }
            if leaves.contains(&node.kind()) {
                let name = self.cx().of(node);
                // Capital letters begin constants and cases, which patterns only compare with.
                let is_new = self.plan.rules.separator != "::"
                    || !name.starts_with(|c: char| c.is_uppercase());
                if is_new {
                    names.push(name);
                    self.claimed.insert(node.id());
                    if let Some(scope) = self.scopes.last_mut().filter(|_| !name.starts_with('@')) {
                        scope.locals.insert(name);
                    }
                }
                continue;
            }
            let mut cursor = node.walk();
            if !cursor.goto_first_child() {
                continue;
            }
            let from = left.len();
            loop {
                let is_other = matches!(
                    cursor.field_name(),
                    Some(
                        "type"
                            | "right"
                            | "default"
                            | "default_value"
                            | "condition"
                            | "key"
                            | "parameters"
                            | "size"
                    )
                ) || cursor.field_name() == Some("value")
                    && node.kind() != "pair_pattern";
                if cursor.node().is_named() && !is_other {
                    left.push(cursor.node());
                }
                if !cursor.goto_next_sibling() {
                    break;
                }
            }
            // The first is looked at first.
            left[from..].reverse();
        }
    }
}

/// Where a value comes from.
enum Made {
    /// Of this type, as written.
    As(String),
    /// The result of this function.
    By(String),
    /// Another variable, its field, or one of several.
    From(String),
}

/// The first new name in a pattern.
fn declared_leaf<'t>(mut pattern: Node<'t>, leaves: &[&str]) -> Option<Node<'t>> {
    for _ in 0..8 {
        if leaves.contains(&pattern.kind()) {
            return Some(pattern);
        }
        pattern = at(pattern, "declarator").or_else(|| pattern.named_child(0))?;
    }
    None
}

/// The one name that a parameter gives, where no type stands beside it.
fn untyped_leaf<'t>(mut pattern: Node<'t>, leaves: &[&str]) -> Option<Node<'t>> {
    for _ in 0..4 {
        if leaves.contains(&pattern.kind()) {
            return Some(pattern);
        }
        if at(pattern, "type").is_some() {
            return None;
        }
        pattern = match pattern.kind() {
            "reference_pattern" | "mut_pattern" => at(pattern, "-1")?,
            _ => at(pattern, "pattern")?,
        };
    }
    None
}

/// The word says that the compiler finds out the type.
fn is_inferred(type_text: &str) -> bool {
    let word = type_text
        .trim_start_matches("const ")
        .trim_end_matches(['&', '*', ' ']);
    matches!(word, "auto" | "var" | "val" | "let" | "dynamic")
}
