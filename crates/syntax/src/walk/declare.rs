//! Declarations become elements.

use std::collections::HashSet;

use tree_sitter::Node;

use super::{Frame, Scope, Walk, last_line, line};
use crate::facts::{Element, Kind, NoteKind, ReferenceKind, TextKind, Visibility};
use crate::rules::{Cx, Declared, Mode, Seen};
use crate::signature;
use crate::texts::Run;

impl<'t> Walk<'_, 't> {
    pub(super) fn declare(
        &mut self,
        node: Node<'t>,
        declared: Option<Declared<'t>>,
        frame: &mut Frame<'t>,
    ) {
        let Some(declared) = declared.filter(|_| !node.is_missing() && !frame.opens) else {
            return;
        };
        if self.facts.elements.len() >= self.limits.elements {
            let most = self.limits.elements;
            self.note(NoteKind::TooMany, line(node), || {
                format!("more than {most} elements; those after are missing")
            });
            return;
        }
        if let Some(name) = declared.name_node {
            self.claimed.insert(name.id());
            let place = self.open.last().map_or(0, |index| index + 1);
            let is_variable =
                matches!(declared.kind, Kind::Constant | Kind::Variable | Kind::Field);
            if is_variable && !self.variables.insert((place, self.cx().of(name))) {
                return;
            }
        }
        if let Some(body) = declared.body {
            self.claimed.insert(body.id());
        }
        let also = declared.also.clone();
        let (element, doc_run) = self.element(node, declared);
        let index = self.facts.elements.len();
        if element.kind.is_callable() {
            frame.opens_scope = true;
            self.scopes.push(Scope {
                element: index,
                nesting: 0,
                cyclomatic: 1,
                cognitive: 0,
                locals: HashSet::new(),
            });
        }
        let others: Vec<Element> = also
            .into_iter()
            .filter_map(|name| self.renamed(&element, name))
            .collect();
        self.facts.elements.push(element);
        self.facts.elements.extend(others);
        if let Some(run) = doc_run {
            self.text(TextKind::Doc, run.text, run.line, Some(index));
        }
        if !self.attributes.is_empty() {
            // Decorators stand before what they decorate.
            for reference in &mut self.facts.references[self.decorators_from..] {
                if reference.kind == ReferenceKind::Decorator {
                    reference.within = Some(index);
                }
            }
            self.attributes.clear();
        }
        self.open.push(index);
        self.sections.push(None);
        frame.opens = true;
        self.mode = Mode::Value;
        // What is exported is the declaration, not what stands inside it.
        self.is_exported = false;
    }

    /// The same declaration, for another of its names.
    pub(super) fn renamed(&mut self, element: &Element, name: Node<'t>) -> Option<Element> {
        self.claimed.insert(name.id());
        let text = self.cx().of(name).trim_start_matches([':', '$']);
        let around = element.qualified_name.strip_suffix(&element.name)?;
        Some(Element {
            name: text.to_owned(),
            qualified_name: format!("{around}{text}"),
            name_line: line(name),
            ..element.clone()
        })
    }

    pub(super) fn element(
        &mut self,
        node: Node<'t>,
        declared: Declared<'t>,
    ) -> (Element, Option<Run>) {
        let start_line = line(node);
        let cx = self.cx();
        let mut own = Vec::new();
        let begins = unannotated(&cx, node, &mut own);
        let from = match declared.signature.start == node.start_byte() {
            true => begins.min(declared.signature.end),
            false => declared.signature.start,
        };
        let range = from..declared.signature.end;
        let words = signature::one_line(self.text.get(range).unwrap_or_default());
        let signature = declared.prefix.to_owned() + &words;
        let mut kind = declared.kind;
        if kind == Kind::Function && !cx.is_local && cx.inside().is_some_and(has_methods) {
            kind = Kind::Method;
        }
        // Those of something else that was no element are too far above.
        let mut next_line = start_line;
        let mut attributes: Vec<&str> = Vec::new();
        for (last_line, text) in self.attributes.iter().rev() {
            if last_line + 3 >= next_line {
                attributes.push(text);
                next_line = *last_line;
            }
        }
        attributes.extend(own);
        let seen = Seen {
            cx: &cx,
            node,
            kind,
            name: &declared.name,
            signature: &signature,
            attributes: &attributes,
            is_exported: self.is_exported,
            section: self.sections.last().copied().flatten(),
        };
        let visibility = match cx.is_local {
            true if !cx.inside().is_some_and(has_methods) => Visibility::Local,
            _ => (cx.rules.visibility)(&seen),
        };
        let is_test = cx.parent.is_some_and(|parent| parent.is_test) || (cx.rules.is_test)(&seen);
        let separator = cx.rules.separator;
        let around = declared
            .qualifier
            .as_deref()
            .or(cx.parent.map(|parent| parent.qualified_name.as_str()))
            .filter(|around| !around.is_empty());
        let qualified_name = match around {
            // An implementation is of its type, wherever it stands.
            Some(around) => format!("{around}{separator}{}", declared.name),
            None => declared.name.clone(),
        };
        let type_text = declared.type_text.or_else(|| {
            let fields = cx.rules.type_fields.iter();
            let mut found = fields.filter_map(|field| cx.field(node, field));
            found.next().map(signature::type_text)
        });
        let type_text = type_text.filter(|text| !text.is_empty());
        let name_line = declared.name_node.map_or(start_line, line);
        let is_async = signature
            .split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| matches!(word, "async" | "suspend"));
        let plain_docs = cx.rules.plain_docs;
        let belongs = |run: &Run| {
            run.last_line + 1 >= start_line && !run.is_inner && (run.is_doc || plain_docs)
        };
        let run = self.run.take_if(|run| belongs(run));
        self.flush();
        let doc = declared
            .doc
            .or_else(|| run.as_ref().map(|run| run.text.clone()));
        let element = Element {
            kind,
            name: declared.name,
            qualified_name,
            signature,
            visibility,
            doc: doc.filter(|doc| !doc.is_empty()),
            type_text,
            bytes: node.byte_range(),
            start_line,
            end_line: last_line(node),
            name_line,
            parent: self.open.last().copied(),
            is_async,
            is_test,
            cyclomatic: 0,
            cognitive: 0,
        };
        (element, run)
    }

    /// A declaration whose body never ends leaves only its first words in an error.
    pub(super) fn broken(&mut self, node: Node<'t>) {
        self.note(NoteKind::Broken, line(node), || {
            "does not follow its grammar here; what stands whole was read".to_owned()
        });
        let mut cursor = node.walk();
        let mut before: Option<Node<'t>> = None;
        let children: Vec<Node<'t>> = node.children(&mut cursor).take(2_000).collect();
        for child in children {
            let keyword = before.replace(child);
            let Some(kind) = keyword.and_then(|word| of_keyword(word.kind())) else {
                continue;
            };
            let (Some(keyword), true) = (
                keyword,
                child.is_named() && child.kind().contains("identifier"),
            ) else {
                continue;
            };
            let rest = &self.text[keyword.start_byte()..];
            let first = rest.lines().next().unwrap_or_default();
            let declared =
                Declared::named(self.cx().of(child), kind, child).map(|declared| Declared {
                    name_node: Some(child),
                    signature: keyword.start_byte()..keyword.start_byte() + first.len(),
                    ..declared
                });
            let mut frame = self.frame(child);
            self.declare(child, declared, &mut frame);
            self.leave(&frame);
        }
    }
}

fn has_methods(kind: Kind) -> bool {
    kind.is_type() || kind == Kind::Implementation
}

/// Where a declaration begins behind its annotations, which are given out.
fn unannotated<'t>(cx: &Cx<'_, 't>, node: Node<'t>, annotations: &mut Vec<&'t str>) -> usize {
    let is_one = |node: Node<'_>| cx.rules.annotations.contains(&node.kind());
    if cx.rules.annotations.is_empty() {
        return node.start_byte();
    }
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        if is_one(child) {
            annotations.push(cx.of(child));
        } else if child.kind() == "modifiers" {
            let mut inner = child.walk();
            let mut word = None;
            for part in child.children(&mut inner) {
                match is_one(part) {
                    true => annotations.push(cx.of(part)),
                    false => word = word.or(Some(part.start_byte())),
                }
            }
            if let Some(word) = word {
                return word;
            }
        } else if !child.is_extra() {
            return child.start_byte();
        }
    }
    node.start_byte()
}

/// What a word declares that begins a declaration.
fn of_keyword(word: &str) -> Option<Kind> {
    Some(match word {
        "fn" | "def" | "func" | "fun" | "function" => Kind::Function,
        "class" => Kind::Class,
        "struct" => Kind::Struct,
        "enum" => Kind::Enum,
        "trait" => Kind::Trait,
        "interface" | "protocol" => Kind::Interface,
        "mod" | "module" | "namespace" => Kind::Module,
        _ => return None,
    })
}
