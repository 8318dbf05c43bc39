//! Python.

use tree_sitter::Node;

use crate::facts::{Import, ImportKind, ImportedName, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Found, Mode, Role, Rules, Seen};

use Role::*;

pub(crate) static PYTHON: Rules = Rules {
    grammar: || tree_sitter_python::LANGUAGE.into(),
    separator: ".",
    roles: &[
        (
            "function_definition",
            Element(Kind::Function, "name", "body"),
        ),
        ("class_definition", Element(Kind::Class, "name", "body")),
        ("assignment", Declares(assignment)),
        ("assignment", Binds("left", "type", "right")),
        ("import_statement", Imports(import)),
        ("import_from_statement", Imports(import_from)),
        ("future_import_statement", Skip),
        ("call", Imports(dynamic)),
        ("call", Uses(ReferenceKind::Call, "function", "arguments")),
        ("class_definition", Finds(bases)),
        ("attribute", Member),
        ("identifier", Name),
        ("type", In(Mode::Type)),
        ("decorator", Attribute),
        ("decorator", Finds(decorator)),
        ("parameters", Names),
        ("lambda_parameters", Names),
        ("typed_parameter", Binds("0", "type", "")),
        ("typed_default_parameter", Binds("name", "type", "")),
        ("default_parameter", Binds("name", "", "")),
        ("for_statement", BindsEach("left", "", "right")),
        ("list_comprehension", NamesIn("for_in_clause", "left")),
        ("set_comprehension", NamesIn("for_in_clause", "left")),
        ("dictionary_comprehension", NamesIn("for_in_clause", "left")),
        ("generator_expression", NamesIn("for_in_clause", "left")),
        ("named_expression", Binds("name", "", "value")),
        ("as_pattern_target", Names),
        ("keyword_argument", Label("name")),
        ("global_statement", Skip),
        ("nonlocal_statement", Skip),
        ("comment", Comment),
        ("module", Docstring(docstring)),
        ("block", Docstring(docstring)),
        ("string", Text),
        ("if_statement", Branch),
        ("while_statement", Branch),
        ("for_statement", Branch),
        ("except_clause", Branch),
        ("elif_clause", ElseIf),
        ("else_clause", Else),
        ("conditional_expression", Ternary),
        ("if_clause", Case(".")),
        ("match_statement", Switch),
        ("case_clause", Case(".")),
        ("boolean_operator", Chain("operator", &["and", "or"])),
        ("lambda", Closure),
    ],
    members: &[("attribute", "object", "attribute")],
    indexes: &["subscript"],
    casts: &[],
    wrappers: &[("await", "0"), ("parenthesized_expression", "0")],
    type_fields: &["return_type", "type"],
    type_positions: &[],
    annotations: &[],
    pattern_leaves: &["identifier"],
    builtins: &[
        "None",
        "bool",
        "bytes",
        "cls",
        "dict",
        "enumerate",
        "float",
        "int",
        "isinstance",
        "len",
        "list",
        "object",
        "print",
        "range",
        "self",
        "set",
        "str",
        "super",
        "tuple",
        "type",
        "zip",
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
    match seen.name.starts_with('_') && !seen.name.ends_with("__") {
        true => Visibility::Private,
        false => Visibility::Public,
    }
}

fn is_test(seen: &Seen<'_, '_>) -> bool {
    match seen.kind {
        Kind::Class => seen.name.starts_with("Test") || seen.signature.contains("TestCase"),
        _ => seen.kind.is_callable() && seen.name.starts_with("test_"),
    }
}

fn assignment<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let left = node.child_by_field_name("left")?;
    if cx.is_local || left.kind() != "identifier" {
        return None;
    }
    let name = cx.of(left);
    let kind = match cx.inside() {
        Some(Kind::Class) => Kind::Field,
        Some(_) => return None,
        None if is_constant(name) => Kind::Constant,
        None => Kind::Variable,
    };
    Declared::new(cx, kind, node, left, "right")
}

fn is_constant(name: &str) -> bool {
    let fits = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    name.chars().any(|c| c.is_ascii_uppercase()) && name.chars().all(fits)
}

fn bases<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let Some(list) = node.child_by_field_name("superclasses") else {
        return;
    };
    let mut cursor = list.walk();
    for base in list.named_children(&mut cursor) {
        let base = match base.kind() {
            "keyword_argument" | "call" => continue,
            // `Generic[T]`
            "subscript" => base.child_by_field_name("value").unwrap_or(base),
            _ => base,
        };
        found.extend(cx.callee(base).map(|of| of.found(ReferenceKind::Extends)));
    }
}

fn decorator<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let expression = node.named_child(0).map(|of| match of.kind() {
        "call" => of.child_by_field_name("function").unwrap_or(of),
        _ => of,
    });
    let callee = expression.and_then(|of| cx.callee(of));
    found.extend(callee.map(|of| of.found(ReferenceKind::Decorator)));
}

/// The string that is the first statement of a body.
fn docstring<'t>(_: &Cx<'_, 't>, body: Node<'t>) -> Option<Node<'t>> {
    let mut cursor = body.walk();
    let first = body
        .named_children(&mut cursor)
        .find(|child| child.kind() != "comment")?;
    let string = match first.kind() {
        "expression_statement" => first.named_child(0)?,
        _ => first,
    };
    (string.kind() == "string").then_some(string)
}

fn import<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let mut cursor = node.walk();
    for name in node.children_by_field_name("name", &mut cursor) {
        let (module, alias) = named(cx, name);
        imports.push(Import {
            module,
            alias,
            ..Import::default()
        });
    }
}

fn import_from<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some(module) = cx.field(node, "module_name") else {
        return;
    };
    let mut cursor = node.walk();
    let is_wildcard = node
        .named_children(&mut cursor)
        .any(|child| child.kind() == "wildcard_import");
    let names = node
        .children_by_field_name("name", &mut cursor)
        .map(|name| {
            let (name, alias) = named(cx, name);
            ImportedName { name, alias }
        })
        .collect();
    imports.push(Import {
        module: module.split_whitespace().collect(),
        names,
        is_wildcard,
        ..Import::default()
    });
}

fn named(cx: &Cx<'_, '_>, node: Node<'_>) -> (String, Option<String>) {
    match node.kind() {
        "aliased_import" => (
            cx.field(node, "name").unwrap_or_default().to_owned(),
            cx.field(node, "alias").map(str::to_owned),
        ),
        _ => (cx.of(node).to_owned(), None),
    }
}

/// `importlib.import_module("a.b")`, `__import__("a")`
fn dynamic<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let function = cx.field(node, "function").unwrap_or_default();
    if !matches!(
        function,
        "importlib.import_module" | "import_module" | "__import__"
    ) {
        return;
    }
    let arguments = node.child_by_field_name("arguments");
    let first = arguments.and_then(|list| list.named_child(0));
    if let Some(module) = first.filter(|first| first.kind() == "string") {
        imports.push(Import {
            module: cx.of(module).trim_matches(['"', '\'']).to_owned(),
            kind: ImportKind::Dynamic,
            ..Import::default()
        });
    }
}
