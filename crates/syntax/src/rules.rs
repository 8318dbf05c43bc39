//! The words in which a language's file says what its nodes mean. One walker reads them all.

use std::ops::Range;

use tree_sitter::{Language, Node};

use crate::facts::{Binding, Element, FileFacts, Import, Kind, ReferenceKind, Visibility};
use crate::texts;

/// What one language is made of.
pub(crate) struct Rules {
    pub grammar: fn() -> Language,
    /// Between the parts of a qualified name.
    pub separator: &'static str,
    /// What nodes mean. A node may stand in several rows; they apply in order.
    pub roles: &'static [(&'static str, Role)],
    /// Accesses of a member: node, place of the object, place of the name.
    pub members: &'static [(&'static str, &'static str, &'static str)],
    /// Nodes around an expression that do not change what it is: node, place of the expression.
    pub wrappers: &'static [(&'static str, &'static str)],
    /// Expressions for one of several.
    pub indexes: &'static [&'static str],
    /// Expressions that say the type of a value: node, place of the type.
    pub casts: &'static [(&'static str, &'static str)],
    /// Places of a declaration where its type or result stands.
    pub type_fields: &'static [&'static str],
    /// Fields in which names are types, where the grammar knows only one sort of names.
    pub type_positions: &'static [&'static str],
    /// Nodes that may stand before a declaration as part of it, and are no part of its signature.
    pub annotations: &'static [&'static str],
    /// Leaves that name something new inside a pattern.
    pub pattern_leaves: &'static [&'static str],
    /// Names that come with the language: no use of them is told.
    pub builtins: &'static [&'static str],
    /// Functions without a name: node, place of its parameters.
    pub closures: &'static [(&'static str, &'static str)],
    /// Of several names that take the result of one call, the first takes what it is about (Go).
    pub first_result: bool,
    /// Any comment right above a declaration belongs to it, not only a marked one.
    pub plain_docs: bool,
    pub visibility: fn(&Seen<'_, '_>) -> Visibility,
    pub is_test: fn(&Seen<'_, '_>) -> bool,
    /// What can only be said once the whole text has been read.
    pub finish: fn(&mut FileFacts, &str),
    /// What the grammar reads in place of the text, byte for byte as long; None: the text itself.
    pub readable: fn(&str) -> Option<String>,
}

/// A declaration, for the questions that each language answers in its own way.
pub(crate) struct Seen<'s, 't> {
    pub cx: &'s Cx<'s, 't>,
    pub node: Node<'t>,
    pub kind: Kind,
    pub name: &'s str,
    pub signature: &'s str,
    /// Attributes and decorators right before it, as written.
    pub attributes: &'s [&'t str],
    /// It stands inside an export.
    pub is_exported: bool,
    /// What the last section mark in the element around says.
    pub section: Option<Visibility>,
}

impl Seen<'_, '_> {
    /// An attribute contains `word` as a whole word.
    pub fn has_attribute(&self, word: &str) -> bool {
        self.attributes.iter().any(|text| has_word(text, word))
    }
}

impl Seen<'_, '_> {
    /// What a word before the name says, or else the section it stands in.
    pub fn said_visibility(&self) -> Option<Visibility> {
        let before = self.signature.split(self.name).next().unwrap_or_default();
        let before = before.split('(').next().unwrap_or_default();
        let said = before.split_whitespace().find_map(|word| {
            Some(match word {
                "public" | "open" | "export" => Visibility::Public,
                "protected" => Visibility::Protected,
                "private" | "fileprivate" => Visibility::Private,
                "internal" | "package" => Visibility::Internal,
                _ => return None,
            })
        });
        said.or(self.section)
    }
}

pub(crate) fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|part| part == word)
}

/// The node at a place below another. A place is the name of a field, `0` or `-1` for the first or
/// the last named child, `:kind` for the first child of that kind, `.` for the node itself, or
/// several of these joined by `/`. An empty place is none.
pub(crate) fn at<'t>(node: Node<'t>, place: &str) -> Option<Node<'t>> {
    if let Some((first, rest)) = place.split_once('/') {
        return at(at(node, first)?, rest);
    }
    match place {
        "" => None,
        "." => Some(node),
        "0" => node.named_child(0),
        "-1" => node.named_child(
            u32::try_from(node.named_child_count())
                .ok()?
                .checked_sub(1)?,
        ),
        _ => match place.strip_prefix(':') {
            None => node.child_by_field_name(place),
            Some(kind) => {
                let mut cursor = node.walk();
                node.children(&mut cursor)
                    .find(|child| child.kind() == kind)
            }
        },
    }
}

/// Where the walk is when a rule is asked.
pub(crate) struct Cx<'s, 't> {
    pub text: &'t str,
    pub rules: &'static Rules,
    /// The innermost element around the node.
    pub parent: Option<&'s Element>,
    /// The node stands in a function.
    pub is_local: bool,
    /// How many elements are around it.
    pub depth: usize,
    /// The node around it.
    pub above: Option<Node<'t>>,
}

impl<'t> Cx<'_, 't> {
    pub fn of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    pub fn field(&self, node: Node<'t>, place: &str) -> Option<&'t str> {
        at(node, place).map(|child| self.of(child))
    }

    pub fn inside(&self) -> Option<Kind> {
        self.parent.map(|parent| parent.kind)
    }

    /// The node is one of several.
    pub fn is_index(&self, node: Node<'_>) -> bool {
        self.rules.indexes.contains(&node.kind())
    }

    /// The type that a value is said to be of.
    pub fn cast(&self, node: Node<'t>) -> Option<Node<'t>> {
        let mut casts = self.rules.casts.iter();
        let (_, place) = casts.find(|(kind, _)| *kind == node.kind())?;
        at(node, place)
    }

    /// What an expression is without what stands around it.
    pub fn bare(&self, node: Node<'t>) -> Node<'t> {
        self.without(node, |_| false)
    }

    /// The same, but one of several is not all of them, and what is said to be of a type is.
    pub fn value(&self, node: Node<'t>) -> Node<'t> {
        self.without(node, |node| {
            self.is_index(node) || self.cast(node).is_some()
        })
    }

    fn without(&self, mut node: Node<'t>, is_last: impl Fn(Node<'t>) -> bool) -> Node<'t> {
        for _ in 0..16 {
            if is_last(node) {
                break;
            }
            let wrapper = self
                .rules
                .wrappers
                .iter()
                .find(|(kind, _)| *kind == node.kind());
            match wrapper.and_then(|(_, place)| at(node, place)) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node
    }

    /// The object and the name of a member access.
    pub fn member(&self, node: Node<'t>) -> Option<(Option<Node<'t>>, Node<'t>)> {
        let kind = node.kind();
        let (_, object, name) = self.rules.members.iter().find(|row| row.0 == kind)?;
        let name = at(node, name)?;
        Some((at(node, object), name))
    }

    /// The name and the receiver that an expression, called or made, goes by.
    pub fn callee(&self, node: Node<'t>) -> Option<Callee<'t>> {
        let node = self.bare(node);
        if let Some((object, mut name)) = self.member(node) {
            name = self.bare(name);
            let mut receiver = object.map(|object| self.chain(object));
            // `a::b::c` may be read from its right.
            while let Some((_, inner)) = self.member(name) {
                name = self.bare(inner);
                let path = self.text.get(node.start_byte()..name.start_byte());
                receiver = path.map(|path| path.trim_end_matches([':', '.', ' ']).to_owned());
            }
            let from = object.map_or(name.start_byte(), |object| object.end_byte());
            let between = self.text.get(from..name.start_byte());
            return Some(Callee {
                name,
                whole: node,
                receiver,
                mark: match between.is_some_and(|text| text.contains("::")) {
                    true => "::",
                    false => ".",
                },
            });
        }
        (node.named_child_count() == 0 && node.is_named()).then_some(Callee {
            name: node,
            whole: node,
            receiver: None,
            mark: "",
        })
    }

    /// The text of a receiver on one line; where it is long without what stands in brackets, or
    /// the end of it.
    pub fn chain(&self, node: Node<'t>) -> String {
        const MAX: usize = 120;
        let text = self
            .of(self.without(node, |node| self.is_index(node)))
            .trim_end_matches(['?', '!']);
        if text.len() <= MAX && !text.contains('\n') {
            return text.to_owned();
        }
        // Each call of a chain reads all that is before it: what is longer than this is not read.
        let short = (text.len() <= MAX * 40).then(|| texts::outside_brackets(text));
        if let Some(short) = short.flatten().filter(|short| short.len() <= MAX) {
            return short;
        }
        let mut from = text.len().saturating_sub(MAX * 4);
        while !text.is_char_boundary(from) {
            from += 1;
        }
        let line: String = text[from..].split_whitespace().collect();
        let chars = line.chars().count();
        if from == 0 && chars <= MAX {
            return line;
        }
        let end: String = line.chars().skip(chars.saturating_sub(MAX - 1)).collect();
        format!("…{end}")
    }
}

pub(crate) struct Callee<'t> {
    pub name: Node<'t>,
    pub whole: Node<'t>,
    pub receiver: Option<String>,
    /// Between the receiver and the name.
    pub mark: &'static str,
}

impl<'t> Callee<'t> {
    pub fn found(self, kind: ReferenceKind) -> Found<'t> {
        Found {
            kind,
            name: self.name,
            receiver: self.receiver,
            arguments: None,
        }
    }
}

/// What a node means. Words in quotes are places (see [`at`]).
pub(crate) enum Role {
    /// Declares an element: kind, its name, where its signature ends.
    Element(Kind, &'static str, &'static str),
    /// Declares one in a way of its own, or not at all.
    Declares(for<'s, 't> fn(&Cx<'s, 't>, Node<'t>) -> Option<Declared<'t>>),
    /// Uses a name: kind, the name or expression, the arguments.
    Uses(ReferenceKind, &'static str, &'static str),
    /// Uses names in a way of its own.
    Finds(for<'s, 't> fn(&Cx<'s, 't>, Node<'t>, &mut Vec<Found<'t>>)),
    /// A member access that is not called.
    Member,
    /// A member access that names a type.
    TypeMember,
    /// A leaf that names a value, or a type where types stand.
    Name,
    /// A leaf that always names a type.
    TypeName,
    /// A new variable: its pattern, its type, its value.
    Binds(&'static str, &'static str, &'static str),
    /// A new variable that is each of several in turn: its pattern, its type, what holds them.
    BindsEach(&'static str, &'static str, &'static str),
    /// A variable whose type is said in a way of its own.
    BindsBy(for<'s, 't> fn(&Cx<'s, 't>, Node<'t>) -> Option<Binding>),
    /// What stands here names something, but uses nothing of this file.
    Label(&'static str),
    /// Its leaves are new variables.
    Names,
    /// So are those of this field of its children of this kind, before anything in it is read.
    NamesIn(&'static str, &'static str),
    /// What is below it is read in another way.
    In(Mode),
    /// Names below it are types, extended ones where those are named.
    Types,
    /// What follows it in the element around is seen so far: `private:`.
    Section(for<'s, 't> fn(&Cx<'s, 't>, Node<'t>) -> Option<Visibility>),
    Imports(for<'s, 't> fn(&Cx<'s, 't>, Node<'t>, &mut Vec<Import>)),
    /// Says in which package the file stands.
    Package(for<'s, 't> fn(&Cx<'s, 't>, Node<'t>) -> Option<String>),
    /// What it holds is given to others.
    Exports,
    /// Names that are given to others, wherever they are declared.
    ExportsNames(for<'s, 't> fn(&Cx<'s, 't>, Node<'t>, &mut Vec<&'t str>)),
    /// Belongs to the declaration that follows.
    Attribute,
    Comment,
    Text,
    /// Words for people that are no string.
    Prose,
    /// A body that may begin with a text that says what it is for.
    Docstring(for<'s, 't> fn(&Cx<'s, 't>, Node<'t>) -> Option<Node<'t>>),
    /// `if`, loops, `catch`: a path of its own, deeper inside.
    Branch,
    /// `else if` as a node of its own.
    ElseIf,
    Else,
    /// A choice whose other side counts for nothing more.
    Ternary,
    /// A choice among cases: deeper inside, its cases are the paths.
    Switch,
    /// A choice of which one case always fits: one path less than cases.
    Match,
    /// A case, if there is something here.
    Case(&'static str),
    /// A chain of `&&` and `||`: the operator, operators that count (empty: all).
    Chain(&'static str, &'static [&'static str]),
    /// Leaves in the middle: `break 'outer`, `goto`.
    Jump,
    /// A function without a name.
    Closure,
    /// Nothing in it is read.
    Skip,
}

/// How names are to be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Value,
    Type,
    /// Types that the element around extends.
    Extends,
}

/// A declaration as its language's rule read it.
pub(crate) struct Declared<'t> {
    pub kind: Kind,
    pub name: String,
    /// The leaf in which the name stands: it is no use of that name.
    pub name_node: Option<Node<'t>>,
    /// More names that the same words declare: `var a, b int`.
    pub also: Vec<Node<'t>>,
    /// Words before the signature, with a blank.
    pub prefix: &'static str,
    /// Bytes of the declaration without its body.
    pub signature: Range<usize>,
    /// The type it belongs to, where that is not the element around it.
    pub qualifier: Option<String>,
    pub type_text: Option<String>,
    pub doc: Option<String>,
    /// The function that is its body: not a closure.
    pub body: Option<Node<'t>>,
}

impl<'t> Declared<'t> {
    /// Named by a node; its signature reaches to the field `body`, or to its end.
    pub fn new(
        cx: &Cx<'_, 't>,
        kind: Kind,
        node: Node<'t>,
        name: Node<'t>,
        body: &str,
    ) -> Option<Self> {
        let end = match at(node, body) {
            Some(body) => body.start_byte(),
            // Broken off before its body.
            None if !body.is_empty() && node.has_error() => {
                let first = cx.of(node).lines().next().unwrap_or_default();
                node.start_byte() + first.len()
            }
            None => node.end_byte(),
        };
        Self::named(cx.of(name), kind, node)
            .map(|declared| Self {
                name_node: Some(name),
                ..declared
            })
            .map(|declared| declared.ending(end))
    }

    /// Named by a text; its signature is the whole node.
    pub fn named(name: &str, kind: Kind, node: Node<'t>) -> Option<Self> {
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        // `finds one` in Kotlin, Swift, Scala.
        let name = name.trim_matches('`').to_owned();
        (!name.is_empty()).then_some(Self {
            kind,
            name,
            name_node: None,
            also: Vec::new(),
            prefix: "",
            signature: node.byte_range(),
            qualifier: None,
            type_text: None,
            doc: None,
            body: None,
        })
    }

    pub fn ending(mut self, end: usize) -> Self {
        self.signature.end = end.max(self.signature.start);
        self
    }
}

/// A use that a rule found.
pub(crate) struct Found<'t> {
    pub kind: ReferenceKind,
    pub name: Node<'t>,
    pub receiver: Option<String>,
    pub arguments: Option<u32>,
}
