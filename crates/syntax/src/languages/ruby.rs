//! Ruby.

use tree_sitter::Node;

use crate::facts::{Import, ImportKind, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Found, Mode, Role, Rules, Seen, at};

use Role::*;

pub(crate) static RUBY: Rules = Rules {
    grammar: || tree_sitter_ruby::LANGUAGE.into(),
    separator: "::",
    roles: &[
        ("module", Declares(module)),
        ("class", Declares(class)),
        ("method", Declares(method)),
        ("singleton_method", Declares(method)),
        ("assignment", Declares(constant)),
        ("call", Imports(require)),
        ("call", Declares(test)),
        ("call", Declares(accessor)),
        ("call", Finds(mixins)),
        ("call", Uses(ReferenceKind::Call, ".", "arguments")),
        ("identifier", Section(section)),
        ("superclass", In(Mode::Extends)),
        ("scope_resolution", Member),
        ("identifier", Name),
        ("constant", Name),
        ("instance_variable", Name),
        ("assignment", Binds("left", "", "right")),
        ("method_parameters", Names),
        ("block_parameters", Names),
        ("lambda_parameters", Names),
        ("for", Binds("pattern", "", "")),
        ("exception_variable", Names),
        ("alias", Skip),
        ("comment", Comment),
        ("string", Text),
        ("heredoc_body", Text),
        ("if", Branch),
        ("unless", Branch),
        ("while", Branch),
        ("until", Branch),
        ("for", Branch),
        ("if_modifier", Branch),
        ("unless_modifier", Branch),
        ("while_modifier", Branch),
        ("until_modifier", Branch),
        ("rescue", Branch),
        ("rescue_modifier", Branch),
        ("elsif", ElseIf),
        ("else", Else),
        ("conditional", Ternary),
        ("case", Switch),
        ("case_match", Switch),
        ("when", Case(".")),
        ("in_clause", Case(".")),
        ("binary", Chain("operator", &["&&", "||", "and", "or"])),
        ("block", Closure),
        ("do_block", Closure),
        ("lambda", Closure),
    ],
    members: &[
        ("call", "receiver", "method"),
        ("scope_resolution", "scope", "name"),
    ],
    indexes: &["element_reference"],
    casts: &[],
    wrappers: &[("parenthesized_statements", "0")],
    type_fields: &[],
    type_positions: &[],
    annotations: &[],
    pattern_leaves: &["identifier", "instance_variable"],
    builtins: &[
        "private",
        "public",
        "protected",
        "nil",
        "true",
        "false",
        "raise",
        "puts",
        "lambda",
        "proc",
        "loop",
        "attr_reader",
        "attr_writer",
        "attr_accessor",
        "include",
        "extend",
        "prepend",
        "block_given?",
        "require",
        "require_relative",
    ],
    closures: &[],
    first_result: false,
    plain_docs: true,
    visibility,
    is_test,
    finish: |_, _| {},
    readable: |_| None,
};

fn visibility(seen: &Seen<'_, '_>) -> Visibility {
    // `private def add`
    let list = seen.cx.above.filter(|list| list.kind() == "argument_list");
    let said = list
        .and_then(|list| list.parent())
        .and_then(|call| of_word(seen.cx.field(call, "method")?));
    let section = seen.section.filter(|_| seen.kind.is_callable());
    said.or(section).unwrap_or(Visibility::Public)
}

fn is_test(seen: &Seen<'_, '_>) -> bool {
    match seen.kind {
        Kind::Test => true,
        Kind::Class => {
            seen.signature.contains("Minitest::Test") || seen.signature.contains("TestCase")
        }
        _ => seen.kind.is_callable() && seen.name.starts_with("test_"),
    }
}

/// `class Shop::Cart` stands in `Shop`.
fn scoped<'t>(cx: &Cx<'_, 't>, node: Node<'t>, kind: Kind, end: usize) -> Option<Declared<'t>> {
    let path = at(node, "name")?;
    let Some((scope, name)) = cx.member(path) else {
        return Some(Declared::new(cx, kind, node, path, "")?.ending(end));
    };
    let declared = Declared::new(cx, kind, node, name, "")?.ending(end);
    let around = cx
        .parent
        .map(|parent| format!("{}::", parent.qualified_name));
    Some(Declared {
        qualifier: scope.map(|scope| around.unwrap_or_default() + cx.of(scope)),
        ..declared
    })
}

fn module<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let end = at(node, "name")?.end_byte();
    scoped(cx, node, Kind::Module, end)
}

fn class<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let last = at(node, "superclass").or_else(|| at(node, "name"))?;
    scoped(cx, node, Kind::Class, last.end_byte())
}

fn method<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name")?;
    let is_member = matches!(cx.inside(), Some(Kind::Class | Kind::Module));
    let kind = match cx.of(name) {
        "initialize" if is_member => Kind::Constructor,
        _ if is_member => Kind::Method,
        _ => Kind::Function,
    };
    let end = at(node, "parameters").unwrap_or(name).end_byte();
    Some(Declared::new(cx, kind, node, name, "")?.ending(end))
}

fn constant<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let left = at(node, "left").filter(|left| left.kind() == "constant")?;
    Declared::new(cx, Kind::Constant, node, left, "right")
}

/// The word of a call without a receiver.
fn word<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<&'t str> {
    match at(node, "receiver") {
        None => cx.field(node, "method"),
        Some(_) => None,
    }
}

/// `it "adds" do … end`
fn test<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let body = at(node, "block")?;
    let word = match at(node, "receiver") {
        Some(receiver) if cx.of(receiver) == "RSpec" => cx.field(node, "method")?,
        Some(_) => return None,
        None => cx.field(node, "method")?,
    };
    if ![
        "it", "describe", "context", "specify", "test", "feature", "scenario",
    ]
    .contains(&word)
    {
        return None;
    }
    let name = at(node, "arguments/0")?;
    let text = cx.of(name).trim_matches(['"', '\'']);
    let declared = Declared::named(text, Kind::Test, node)?.ending(name.end_byte());
    Some(Declared {
        body: Some(body),
        ..declared
    })
}

/// `attr_reader :name, :size`
fn accessor<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    word(cx, node).filter(|word| word.starts_with("attr_"))?;
    let arguments = at(node, "arguments")?;
    let mut cursor = arguments.walk();
    let mut names = arguments
        .named_children(&mut cursor)
        .filter(|child| child.kind() == "simple_symbol");
    let name = names.next()?;
    let also = names.collect();
    Some(Declared {
        also,
        name_node: Some(name),
        ..Declared::named(cx.of(name).trim_start_matches(':'), Kind::Property, node)?
    })
}

fn section(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<Visibility> {
    of_word(cx.of(node))
}

fn of_word(word: &str) -> Option<Visibility> {
    Some(match word {
        "private" => Visibility::Private,
        "protected" => Visibility::Protected,
        "public" => Visibility::Public,
        _ => return None,
    })
}

fn mixins<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    if !matches!(word(cx, node), Some("include" | "extend" | "prepend")) {
        return;
    }
    let Some(arguments) = at(node, "arguments") else {
        return;
    };
    let mut cursor = arguments.walk();
    for argument in arguments.named_children(&mut cursor) {
        if matches!(argument.kind(), "constant" | "scope_resolution") {
            found.extend(
                cx.callee(argument)
                    .map(|of| of.found(ReferenceKind::Extends)),
            );
        }
    }
}

fn require<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let kind = match word(cx, node) {
        Some("require") => ImportKind::Module,
        Some("require_relative" | "load") => ImportKind::File,
        _ => return,
    };
    let argument = at(node, "arguments/0").filter(|argument| argument.kind() == "string");
    imports.extend(argument.map(|argument| Import {
        module: cx.of(argument).trim_matches(['"', '\'']).to_owned(),
        kind,
        ..Import::default()
    }));
}
