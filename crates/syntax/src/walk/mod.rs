//! One walk over a syntax tree, by the rules of its language. The walk keeps its own stack: how
//! deep a text is nested costs memory, never the program's stack.

mod declare;
mod uses;
mod weigh;
mod words;

use std::collections::HashSet;

use tree_sitter::{Node, Tree, TreeCursor};

use crate::clock::Clock;
use crate::facts::{
    Binding, FileFacts, Import, ImportKind, Limits, Note, NoteKind, ReferenceKind, TextKind,
    Visibility,
};
use crate::plan::Plan;
use crate::rules::{Cx, Declared, Mode, Role, at};
use crate::signature;
use crate::texts::Run;
use weigh::is_alternative;

/// How often the clock is looked at, in nodes.
const CLOCK: usize = 4_096;

/// Fills `facts` from the tree of `text`.
pub(crate) fn walk(
    plan: &'static Plan,
    tree: &Tree,
    text: &str,
    limits: &Limits,
    clock: &Clock,
    facts: &mut FileFacts,
) {
    let mut walk = Walk {
        plan,
        text,
        limits,
        facts,
        above: None,
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
        closures: Vec::new(),
    };
    let mut cursor = tree.walk();
    let mut frames: Vec<Frame<'_>> = Vec::new();
    let mut visited = 0_usize;
    loop {
        visited += 1;
        if visited.is_multiple_of(CLOCK) && clock.elapsed() > limits.time {
            walk.note(NoteKind::TimedOut, line(cursor.node()), || {
                format!(
                    "reading it took longer than {} ms; what comes after is missing",
                    limits.time.as_millis()
                )
            });
            break;
        }
        if plan.words_else.contains(&cursor.node().kind_id())
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
struct Frame<'t> {
    node: Node<'t>,
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
    is_closure: bool,
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
    /// The node around the one that is read.
    above: Option<Node<'t>>,
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
    /// Last lines of the functions without a name around.
    closures: Vec<usize>,
}

impl<'t> Walk<'_, 't> {
    fn enter(&mut self, cursor: &TreeCursor<'t>, above: Option<&Frame<'t>>) -> Frame<'t> {
        let node = cursor.node();
        self.above = above.map(|above| above.node);
        let mut frame = self.frame(node);
        if node.is_error() {
            self.broken(node);
        }
        let roles = self.plan.roles(node.kind_id());
        let is_word = self.plan.words_else.contains(&node.kind_id());
        if node.is_named() && !is_word && above.is_some_and(|above| is_alternative(cursor, above)) {
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
        above: Option<&Frame<'t>>,
        frame: &mut Frame<'t>,
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
                self.binds(node, (pattern, type_, value), frame.opens, false);
            }
            Role::BindsEach(pattern, type_, values) => {
                self.binds(node, (pattern, type_, values), false, true);
            }
            Role::BindsBy(read) => {
                let binding = read(&self.cx(), node);
                self.facts.bindings.extend(binding.map(|binding| Binding {
                    line: line(node),
                    within: self.open.last().copied(),
                    until: self.closures.last().copied(),
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

    fn leave(&mut self, frame: &Frame<'t>) {
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
        if frame.is_closure {
            self.closures.pop();
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

    fn frame(&self, node: Node<'t>) -> Frame<'t> {
        Frame {
            node,
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
            is_closure: false,
            chain: 0,
        }
    }

    /// The first of those that say the same is kept.
    fn note(&mut self, kind: NoteKind, line: usize, text: impl FnOnce() -> String) {
        let text = text();
        if self.facts.notes.iter().all(|note| note.text != text) {
            self.facts.notes.push(Note {
                kind,
                text,
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
            above: self.above,
        }
    }
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
