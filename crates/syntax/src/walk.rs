//! One walk over a syntax tree, by the rules of its language. The walk keeps its own stack: how
//! deep a text is nested costs memory, never the program's stack.

use std::collections::HashSet;
use std::time::Instant;

use tree_sitter::{Node, Tree, TreeCursor};

use crate::facts::{
    Binding, Element, FileFacts, Import, ImportKind, Kind, Limits, Note, NoteKind, Reference,
    ReferenceKind, TextKind, Visibility,
};
use crate::plan::Plan;
use crate::rules::{Callee, Cx, Declared, Found, Mode, Role, Seen, at};
use crate::signature;
use crate::texts::{self, Run};

/// How often the clock is looked at, in nodes.
const CLOCK: usize = 4_096;
/// How many nodes of a pattern are looked at for names.
const MAX_PATTERN: usize = 256;

/// Fills `facts` from the tree of `text`.
pub(crate) fn walk(
    plan: &'static Plan,
    tree: &Tree,
    text: &str,
    limits: &Limits,
    begun: Instant,
    facts: &mut FileFacts,
) {
    let mut walk = Walk {
        plan,
        text,
        limits,
        facts,
        open: Vec::new(),
        sections: Vec::new(),
        scopes: Vec::new(),
        mode: Mode::Value,
        is_exported: false,
        claimed: HashSet::new(),
        seen: HashSet::new(),
        attributes: Vec::new(),
        decorators_from: 0,
        run: None,
        variables: HashSet::new(),
        exported: HashSet::new(),
    };
    let mut cursor = tree.walk();
    let mut frames: Vec<Frame> = Vec::new();
    let mut visited = 0_usize;
    loop {
        visited += 1;
        if visited.is_multiple_of(CLOCK) && begun.elapsed() > limits.time {
            walk.note(NoteKind::TimedOut, line(cursor.node()), || {
                format!(
                    "reading it took longer than {} ms; what comes after is missing",
                    limits.time.as_millis()
                )
            });
            break;
        }
        if cursor.node().kind() == "else"
            && let Some(above) = frames.last_mut()
        {
            above.saw_else = true;
        }
        let frame = walk.enter(&cursor, frames.last());
        let is_deep = frames.len() >= limits.depth;
        if is_deep {
            walk.note(NoteKind::TooDeep, line(cursor.node()), || {
                format!(
                    "nested deeper than {} levels; the inside is missing",
                    limits.depth
                )
            });
        }
        if !frame.skips && !is_deep && cursor.goto_first_child() {
            frames.push(frame);
            continue;
        }
        walk.leave(&frame);
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                walk.finish();
                return;
            }
            if let Some(frame) = frames.pop() {
                walk.leave(&frame);
            }
        }
    }
    walk.finish();
}

/// What has to be put back when a node is left.
struct Frame {
    skips: bool,
    /// No other role counts.
    is_done: bool,
    opens: bool,
    opens_scope: bool,
    /// By how much it is deeper inside.
    nests: u32,
    mode: Mode,
    was_exported: bool,
    /// `if`: an `else` below it belongs to it.
    is_branch: bool,
    is_else: bool,
    /// The word `else` has been read in it.
    saw_else: bool,
    /// The operator of a chain; zero where it is none.
    chain: usize,
}

/// A function that is being read.
struct Scope<'t> {
    element: usize,
    nesting: u32,
    cyclomatic: i64,
    cognitive: u32,
    locals: HashSet<&'t str>,
}

struct Walk<'f, 't> {
    plan: &'static Plan,
    text: &'t str,
    limits: &'f Limits,
    facts: &'f mut FileFacts,
    open: Vec<usize>,
    /// For each open element what its last section mark says.
    sections: Vec<Option<Visibility>>,
    scopes: Vec<Scope<'t>>,
    mode: Mode,
    is_exported: bool,
    /// Nodes whose name has been accounted for by a node above them.
    claimed: HashSet<usize>,
    /// What need not be said twice.
    seen: HashSet<(usize, ReferenceKind, &'t str)>,
    /// Last line and text of the attributes right above.
    attributes: Vec<(usize, &'t str)>,
    /// How many references there were before these.
    decorators_from: usize,
    /// The comments right above.
    run: Option<Run>,
    /// Variables that were declared: a second assignment is none.
    variables: HashSet<(usize, &'t str)>,
    exported: HashSet<&'t str>,
}

impl<'t> Walk<'_, 't> {
    fn enter(&mut self, cursor: &TreeCursor<'t>, above: Option<&Frame>) -> Frame {
        let node = cursor.node();
        let mut frame = self.frame();
        if node.is_error() {
            self.broken(node);
        }
        let roles = self.plan.roles(node.kind_id());
        if node.is_named() && above.is_some_and(|above| is_alternative(cursor, above)) {
            self.otherwise(roles);
        }
        let positions = &self.plan.type_positions;
        if !positions.is_empty()
            && self.mode == Mode::Value
            && cursor
                .field_id()
                .is_some_and(|id| positions.contains(&id.get()))
        {
            self.mode = Mode::Type;
        }
        if roles.is_empty() {
            return frame;
        }
        for role in roles {
            self.apply(role, node, cursor, above, &mut frame);
            if frame.is_done {
                break;
            }
        }
        frame
    }

    fn apply(
        &mut self,
        role: &'static Role,
        node: Node<'t>,
        cursor: &TreeCursor<'t>,
        above: Option<&Frame>,
        frame: &mut Frame,
    ) {
        match role {
            Role::Element(kind, name, body) => {
                let declared = at(node, name)
                    .and_then(|name| Declared::new(&self.cx(), *kind, node, name, body));
                self.declare(node, declared, frame);
            }
            Role::Declares(read) => {
                let declared = read(&self.cx(), node);
                self.declare(node, declared, frame);
            }
            Role::Uses(kind, of, arguments) => self.uses(node, *kind, of, arguments),
            Role::Finds(find) => {
                let mut found = Vec::new();
                find(&self.cx(), node, &mut found);
                for found in found {
                    self.found(found);
                }
            }
            Role::Member => {
                self.member(node, false);
                // Before the last name stand values or modules.
                self.mode = Mode::Value;
            }
            Role::TypeMember => {
                self.member(node, true);
                self.mode = Mode::Value;
            }
            Role::Name => self.name(node, None),
            Role::TypeName => {
                let kind = match self.mode {
                    Mode::Extends => ReferenceKind::Extends,
                    Mode::Value | Mode::Type => ReferenceKind::Type,
                };
                self.name(node, Some(kind));
            }
            Role::Binds(pattern, type_, value) => {
                self.binds(node, (pattern, type_, value), frame.opens);
            }
            Role::BindsBy(read) => {
                let binding = read(&self.cx(), node);
                self.facts.bindings.extend(binding.map(|binding| Binding {
                    line: line(node),
                    within: self.open.last().copied(),
                    ..binding
                }));
            }
            Role::Label(field) => {
                let label = at(node, field);
                self.claimed.extend(label.map(|label| label.id()));
            }
            Role::ExportsNames(find) => {
                let mut names = Vec::new();
                find(&self.cx(), node, &mut names);
                self.exported.extend(names);
            }
            Role::Names => self.names(node, &mut Vec::new()),
            Role::NamesIn(kind, field) => {
                let mut cursor = node.walk();
                let children: Vec<Node<'t>> = node.named_children(&mut cursor).collect();
                for child in children.into_iter().filter(|child| child.kind() == *kind) {
                    if let Some(pattern) = at(child, field) {
                        self.names(pattern, &mut Vec::new());
                    }
                }
            }
            Role::In(mode) => self.mode = *mode,
            Role::Types if self.mode == Mode::Extends => {}
            Role::Types => self.mode = Mode::Type,
            Role::Section(read) => {
                let said = read(&self.cx(), node);
                if let (Some(said), Some(section)) = (said, self.sections.last_mut()) {
                    *section = Some(said);
                }
            }
            Role::Imports(read) => {
                let mut imports = Vec::new();
                read(&self.cx(), node, &mut imports);
                // The file of a submodule is its element, too; else there is nothing more to say.
                let ends = |import: &Import| import.kind != ImportKind::Submodule;
                frame.is_done = imports.iter().any(ends);
                frame.skips |= frame.is_done;
                if frame.is_done {
                    self.flush();
                }
                for mut import in imports {
                    import.line = line(node);
                    import.within = self.open.last().copied();
                    self.facts.imports.push(import);
                }
            }
            Role::Package(read) => {
                if self.facts.package.is_none() {
                    self.facts.package = read(&self.cx(), node);
                }
                frame.skips = true;
            }
            Role::Exports => self.is_exported = true,
            Role::Attribute => {
                let last = last_line(node);
                if self.attributes.is_empty() {
                    self.decorators_from = self.facts.references.len();
                }
                let text = self.cx().of(node);
                self.attributes.push((last, text));
                if let Some(run) = self
                    .run
                    .as_mut()
                    .filter(|run| run.last_line + 1 >= line(node))
                {
                    run.last_line = last;
                }
            }
            Role::Comment => {
                self.comment(node);
                frame.skips = true;
            }
            Role::Text => self.string(node),
            Role::Prose => {
                let text = signature::cut(self.cx().of(node).trim(), self.limits.text_chars);
                self.text(TextKind::Doc, text, line(node), self.open.last().copied());
                frame.skips = true;
            }
            Role::Docstring(find) => {
                if above.is_none_or(|above| above.opens)
                    && let Some(string) = find(&self.cx(), node)
                {
                    self.claimed.insert(string.id());
                    self.docstring(string);
                }
            }
            Role::Skip => frame.skips = true,
            _ => self.weigh(role, node, cursor, above, frame),
        }
    }

    /// What makes a function hard to follow.
    fn weigh(
        &mut self,
        role: &'static Role,
        node: Node<'t>,
        cursor: &TreeCursor<'t>,
        above: Option<&Frame>,
        frame: &mut Frame,
    ) {
        let claimed = self.claimed.contains(&node.id());
        let Some(scope) = self.scopes.last_mut() else {
            return;
        };
        let weight = 1 + scope.nesting;
        match role {
            Role::Branch => {
                scope.cyclomatic += 1;
                // `else if`: the `else` has been counted.
                let continues =
                    above.is_some_and(|above| above.is_else || is_alternative(cursor, above));
                scope.cognitive += if continues { 0 } else { weight };
                frame.nests = u32::from(!continues);
                frame.is_branch = true;
            }
            Role::ElseIf => {
                scope.cyclomatic += 1;
                scope.cognitive += 1;
            }
            Role::Ternary => {
                scope.cyclomatic += 1;
                scope.cognitive += weight;
                frame.nests = 1;
            }
            Role::Else => {
                scope.cognitive += 1;
                frame.is_else = true;
            }
            Role::Switch | Role::Match => {
                scope.cyclomatic -= i64::from(matches!(role, Role::Match));
                scope.cognitive += weight;
                frame.nests = 1;
            }
            Role::Case(what) => scope.cyclomatic += i64::from(at(node, what).is_some()),
            Role::Chain(place, operators) => {
                let operator = match at(node, place) {
                    Some(operator) => self.text.get(operator.byte_range()).unwrap_or_default(),
                    None => node.kind(),
                };
                let number = operators.iter().position(|one| *one == operator);
                let Some(number) = number else { return };
                scope.cyclomatic += 1;
                frame.chain = number + 1;
                scope.cognitive += u32::from(above.is_none_or(|a| a.chain != frame.chain));
            }
            Role::Jump => scope.cognitive += 1,
            Role::Closure => frame.nests = u32::from(!claimed),
            _ => {}
        }
        scope.nesting += frame.nests;
    }

    /// The other side of an `if` whose `else` is no node of its own.
    fn otherwise(&mut self, roles: &[&'static Role]) {
        let counts_itself = |role: &&Role| matches!(role, Role::Else | Role::ElseIf);
        if let Some(scope) = self.scopes.last_mut()
            && !roles.iter().any(counts_itself)
        {
            scope.cognitive += 1;
        }
    }

    fn leave(&mut self, frame: &Frame) {
        self.mode = frame.mode;
        self.is_exported = frame.was_exported;
        if frame.opens_scope {
            if let Some(scope) = self.scopes.pop() {
                let element = &mut self.facts.elements[scope.element];
                element.cyclomatic = u32::try_from(scope.cyclomatic.max(1)).unwrap_or(u32::MAX);
                element.cognitive = scope.cognitive;
            }
        } else if let Some(scope) = self.scopes.last_mut() {
            scope.nesting = scope.nesting.saturating_sub(frame.nests);
        }
        if frame.opens {
            // What stands last in it belongs to it.
            self.flush();
            self.open.pop();
            self.sections.pop();
        }
    }

    fn finish(&mut self) {
        while let Some(scope) = self.scopes.pop() {
            let element = &mut self.facts.elements[scope.element];
            element.cyclomatic = u32::try_from(scope.cyclomatic.max(1)).unwrap_or(u32::MAX);
            element.cognitive = scope.cognitive;
        }
        self.flush();
        for element in &mut self.facts.elements {
            if element.parent.is_none() && self.exported.contains(element.name.as_str()) {
                element.visibility = Visibility::Public;
            }
        }
    }

    fn declare(&mut self, node: Node<'t>, declared: Option<Declared<'t>>, frame: &mut Frame) {
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
    fn renamed(&mut self, element: &Element, name: Node<'t>) -> Option<Element> {
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

    fn element(&mut self, node: Node<'t>, declared: Declared<'t>) -> (Element, Option<Run>) {
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
    fn broken(&mut self, node: Node<'t>) {
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
            let mut frame = self.frame();
            self.declare(child, declared, &mut frame);
            self.leave(&frame);
        }
    }

    fn frame(&self) -> Frame {
        Frame {
            skips: false,
            is_done: false,
            opens: false,
            opens_scope: false,
            nests: 0,
            mode: self.mode,
            was_exported: self.is_exported,
            is_branch: false,
            is_else: false,
            saw_else: false,
            chain: 0,
        }
    }

    fn uses(&mut self, node: Node<'t>, kind: ReferenceKind, of: &str, arguments: &str) {
        let Some(callee) = at(node, of).and_then(|of| self.cx().callee(of)) else {
            return;
        };
        let arguments = at(node, arguments)
            .map(|list| u32::try_from(list.named_child_count()).unwrap_or(u32::MAX));
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

    fn member(&mut self, node: Node<'t>, is_type: bool) {
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

    fn name(&mut self, node: Node<'t>, kind: Option<ReferenceKind>) {
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

    fn found(&mut self, found: Found<'t>) {
        self.claimed.insert(found.name.id());
        self.reference(found.kind, found.name, found.receiver, found.arguments);
    }

    fn reference(
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

    fn binds(&mut self, node: Node<'t>, fields: (&str, &str, &str), is_element: bool) {
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
        let made = at(node, value).and_then(|value| self.made(cx.bare(value)));
        let (made, call) = match made {
            Some((true, text)) => (Some(text), None),
            Some((false, text)) => (None, Some(text)),
            None => (None, None),
        };
        let type_text = type_text.or(made).filter(|text| !text.is_empty());
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
        let is_each = patterns.len() > 1 && call.is_none();
        if names.len() > 1 && !is_each {
            names.truncate(usize::from(self.plan.rules.first_result && call.is_some()));
        }
        let names_function = self
            .open
            .last()
            .is_some_and(|index| is_element && self.facts.elements[*index].kind.is_callable());
        if names_function || type_text.is_none() && call.is_none() {
            return;
        }
        // Two rows may tell of the same variable; the first knows more.
        let told = self.facts.bindings.last();
        if told.is_some_and(|told| told.line == line(node) && names == [&*told.name]) {
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
                call: call.clone(),
                line: line(node),
                within,
            });
        }
    }

    fn object_of(&self, member: Node<'t>) -> Option<&'t str> {
        let (object, _) = self.cx().member(member)?;
        Some(self.cx().of(object?))
    }

    /// What a value is made by: a type (true), or a function (false).
    fn made(&self, value: Node<'t>) -> Option<(bool, String)> {
        let cx = self.cx();
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
                return Some((true, of.clone()));
            }
            let text = match receiver {
                Some(receiver) => format!("{receiver}{mark}{name}"),
                None => name.to_owned(),
            };
            return match kind {
                ReferenceKind::Construct => Some((true, text)),
                ReferenceKind::Call => Some((false, text)),
                _ => None,
            };
        }
        None
    }

    /// The leaves of a pattern become local names.
    fn names(&mut self, pattern: Node<'t>, names: &mut Vec<&'t str>) {
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

    fn comment(&mut self, node: Node<'t>) {
        let raw = self.cx().of(node);
        if raw.starts_with("#!") && node.start_byte() == 0 {
            return;
        }
        let starts_line = self.starts_line(node);
        let comment = texts::comment(raw, line(node), last_line(node), starts_line, self.limits);
        match (&mut self.run, comment) {
            (Some(run), comment) if run.continues_with(&comment) => run.join(comment, self.limits),
            (_, comment) => {
                self.flush();
                self.run = Some(comment);
            }
        }
    }

    fn starts_line(&self, node: Node<'t>) -> bool {
        let before = self.text.get(..node.start_byte()).unwrap_or_default();
        let start = before.rfind('\n').map_or(0, |at| at + 1);
        before[start..].trim().is_empty()
    }

    /// Comments that belong to no declaration are texts.
    fn flush(&mut self) {
        let Some(run) = self.run.take() else { return };
        if run.is_inner {
            match self.open.last() {
                None if self.facts.doc.is_none() => self.facts.doc = Some(run.text.clone()),
                Some(index) if self.facts.elements[*index].doc.is_none() => {
                    self.facts.elements[*index].doc = Some(run.text.clone());
                }
                _ => {}
            }
        } else if run.line <= 3 && self.facts.elements.is_empty() && self.facts.doc.is_none() {
            self.facts.doc = Some(run.text.clone());
        }
        let kind = match run.is_inner {
            true => TextKind::Doc,
            false => TextKind::Comment,
        };
        let within = self.open.last().copied();
        self.text(kind, run.text, run.line, within);
    }

    fn string(&mut self, node: Node<'t>) {
        if self.claimed.remove(&node.id()) {
            return;
        }
        let text = texts::unquoted(self.cx().of(node), self.limits);
        if let Some(text) = text {
            let within = self.open.last().copied();
            self.text(TextKind::String, text, line(node), within);
        }
    }

    fn docstring(&mut self, node: Node<'t>) {
        let Some(text) = texts::docstring(self.cx().of(node), self.limits) else {
            return;
        };
        let within = self.open.last().copied();
        match within {
            Some(index) => self.facts.elements[index].doc = Some(text.clone()),
            None if self.facts.doc.is_none() => self.facts.doc = Some(text.clone()),
            _ => {}
        }
        self.text(TextKind::Doc, text, line(node), within);
    }

    fn text(&mut self, kind: TextKind, text: String, line: usize, within: Option<usize>) {
        if text.is_empty() {
            return;
        }
        if self.facts.texts.len() >= self.limits.texts {
            let most = self.limits.texts;
            self.note(NoteKind::TooMany, line, || {
                format!("more than {most} comments and strings; those after are missing")
            });
            return;
        }
        self.facts.texts.push(crate::facts::Text {
            kind,
            text,
            line,
            within,
        });
    }

    /// The first of its kind is kept.
    fn note(&mut self, kind: NoteKind, line: usize, text: impl FnOnce() -> String) {
        if self.facts.notes.iter().all(|note| note.kind != kind) {
            self.facts.notes.push(Note {
                kind,
                text: text(),
                line: Some(line),
            });
        }
    }

    fn cx(&self) -> Cx<'_, 't> {
        Cx {
            text: self.text,
            rules: self.plan.rules,
            parent: self.open.last().map(|index| &self.facts.elements[*index]),
            is_local: !self.scopes.is_empty(),
            depth: self.open.len(),
        }
    }
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

/// The word says that the compiler finds out the type.
fn is_inferred(type_text: &str) -> bool {
    let word = type_text
        .trim_start_matches("const ")
        .trim_end_matches(['&', '*', ' ']);
    matches!(word, "auto" | "var" | "val" | "let" | "dynamic")
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

/// The node is what an `if` does otherwise.
fn is_alternative(cursor: &TreeCursor<'_>, above: &Frame) -> bool {
    above.is_branch && (above.saw_else || cursor.field_name() == Some("alternative"))
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

fn line(node: Node<'_>) -> usize {
    node.start_position().row + 1
}

/// A node that ends with a line break ends on the line before.
fn last_line(node: Node<'_>) -> usize {
    let end = node.end_position();
    let row = match end.column == 0 && end.row > node.start_position().row {
        true => end.row,
        false => end.row + 1,
    };
    row.max(line(node))
}
