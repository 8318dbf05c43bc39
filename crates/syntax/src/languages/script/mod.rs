//! TypeScript, TSX and JavaScript: three grammars that name their nodes alike.

mod modules;

use tree_sitter::Node;

use crate::facts::{Binding, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Found, Mode, Role, Rules, Seen};
use crate::signature::type_text;

use Role::*;
use modules::{common_exports, dynamic, exported, import, reexport, required};

pub(crate) static TYPESCRIPT: Rules = rules(|| tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into());
pub(crate) static TSX: Rules = rules(|| tree_sitter_typescript::LANGUAGE_TSX.into());
pub(crate) static JAVASCRIPT: Rules = rules(|| tree_sitter_javascript::LANGUAGE.into());

const fn rules(grammar: fn() -> tree_sitter::Language) -> Rules {
    Rules {
        grammar,
        separator: ".",
        roles: ROLES,
        members: &[
            ("member_expression", "object", "property"),
            ("nested_identifier", "object", "property"),
            ("nested_type_identifier", "module", "name"),
        ],
        indexes: &["subscript_expression"],
        casts: &[("as_expression", "-1")],
        wrappers: &[
            ("await_expression", "0"),
            ("parenthesized_expression", "0"),
            ("non_null_expression", "0"),
            ("as_expression", "0"),
            ("satisfies_expression", "0"),
            ("generic_type", "name"),
            ("instantiation_expression", "0"),
        ],
        type_fields: &["return_type", "type"],
        type_positions: &[],
        annotations: &[],
        pattern_leaves: &["identifier", "shorthand_property_identifier_pattern"],
        builtins: &["undefined"],
        closures: &[
            ("arrow_function", "parameter"),
            ("arrow_function", "parameters"),
            ("function_expression", "parameters"),
        ],
        first_result: false,
        plain_docs: true,
        visibility,
        is_test: |seen| seen.kind == Kind::Test,
        finish: |_, _| {},
        readable: |_| None,
    }
}

static ROLES: &[(&str, Role)] = &[
    (
        "function_declaration",
        Element(Kind::Function, "name", "body"),
    ),
    (
        "generator_function_declaration",
        Element(Kind::Function, "name", "body"),
    ),
    ("function_signature", Element(Kind::Function, "name", "")),
    ("class_declaration", Element(Kind::Class, "name", "body")),
    (
        "abstract_class_declaration",
        Element(Kind::Class, "name", "body"),
    ),
    ("method_definition", Declares(method)),
    ("method_signature", Declares(signature)),
    ("abstract_method_signature", Declares(signature)),
    ("property_signature", Declares(signature)),
    (
        "interface_declaration",
        Element(Kind::Interface, "name", "body"),
    ),
    (
        "type_alias_declaration",
        Element(Kind::Type, "name", "value"),
    ),
    ("enum_declaration", Element(Kind::Enum, "name", "body")),
    ("enum_assignment", Element(Kind::Variant, "name", "")),
    ("property_identifier", Declares(case)),
    ("internal_module", Element(Kind::Module, "name", "body")),
    ("module", Element(Kind::Module, "name", "body")),
    ("public_field_definition", Declares(field)),
    ("field_definition", Declares(field)),
    ("variable_declarator", Imports(required)),
    ("variable_declarator", Declares(variable)),
    ("variable_declarator", Binds("name", "type", "value")),
    ("assignment_expression", Declares(assigned)),
    ("assignment_expression", Binds("left", "", "right")),
    ("assignment_expression", ExportsNames(common_exports)),
    ("pair", Declares(pair)),
    ("export_statement", Imports(reexport)),
    ("export_statement", Declares(default_export)),
    ("export_statement", Exports),
    ("export_statement", ExportsNames(exported)),
    ("export_clause", Skip),
    ("import_statement", Imports(import)),
    ("call_expression", Imports(dynamic)),
    ("call_expression", Declares(test)),
    (
        "call_expression",
        Uses(ReferenceKind::Call, "function", "arguments"),
    ),
    (
        "new_expression",
        Uses(ReferenceKind::Construct, "constructor", "arguments"),
    ),
    ("jsx_opening_element", Label("name")),
    ("jsx_opening_element", Finds(component)),
    ("jsx_self_closing_element", Label("name")),
    ("jsx_self_closing_element", Finds(component)),
    ("function_expression", Label("name")),
    ("jsx_closing_element", Skip),
    ("decorator", Attribute),
    ("decorator", Finds(decorator)),
    ("class_heritage", In(Mode::Extends)),
    ("extends_type_clause", In(Mode::Extends)),
    ("implements_clause", In(Mode::Extends)),
    ("type_arguments", In(Mode::Type)),
    ("type_query", In(Mode::Value)),
    ("member_expression", Member),
    ("nested_type_identifier", TypeMember),
    ("identifier", Name),
    ("shorthand_property_identifier", Name),
    ("type_identifier", TypeName),
    ("type_parameter", Label("name")),
    ("formal_parameters", Names),
    ("arrow_function", Binds("parameter", "", "")),
    ("required_parameter", Binds("pattern", "type", "value")),
    ("optional_parameter", Binds("pattern", "type", "value")),
    ("required_parameter", BindsBy(parameter_property)),
    ("optional_parameter", BindsBy(parameter_property)),
    ("catch_clause", Binds("parameter", "", "")),
    ("for_in_statement", BindsEach("left", "", "right")),
    ("index_signature", Label("name")),
    ("comment", Comment),
    ("string", Text),
    ("template_string", Text),
    ("jsx_text", Text),
    ("if_statement", Branch),
    ("for_statement", Branch),
    ("for_in_statement", Branch),
    ("while_statement", Branch),
    ("do_statement", Branch),
    ("catch_clause", Branch),
    ("else_clause", Else),
    ("ternary_expression", Ternary),
    ("switch_statement", Switch),
    ("switch_case", Case(".")),
    ("binary_expression", Chain("operator", &["&&", "||", "??"])),
    ("arrow_function", Closure),
    ("function_expression", Closure),
    ("generator_function", Closure),
];

fn visibility(seen: &Seen<'_, '_>) -> Visibility {
    let modifier = (0..seen.node.named_child_count().min(4) as u32)
        .filter_map(|index| seen.node.named_child(index))
        .find(|child| child.kind() == "accessibility_modifier");
    match modifier.map(|modifier| seen.cx.of(modifier)) {
        Some("private") => return Visibility::Private,
        Some("protected") => return Visibility::Protected,
        Some(_) => return Visibility::Public,
        None if seen.name.starts_with('#') => return Visibility::Private,
        None => {}
    }
    let is_member = seen.cx.inside().is_some_and(|kind| kind != Kind::Module);
    match is_member || seen.is_exported {
        true => Visibility::Public,
        false => Visibility::Private,
    }
}

fn is_function(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "arrow_function" | "function_expression" | "function" | "generator_function"
    )
}

/// Named by `name`; its code is the function `value`.
fn of_function<'t>(
    cx: &Cx<'_, 't>,
    kind: Kind,
    node: Node<'t>,
    name: Node<'t>,
    value: Node<'t>,
) -> Option<Declared<'t>> {
    let end = value
        .child_by_field_name("body")
        .map_or(value.end_byte(), |body| body.start_byte());
    let declared = Declared::new(cx, kind, node, name, "")?.ending(end);
    Some(Declared {
        body: Some(value),
        type_text: cx.field(value, "return_type").map(type_text),
        ..declared
    })
}

fn method<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = node.child_by_field_name("name")?;
    let kind = match cx.of(name) {
        "constructor" => Kind::Constructor,
        _ => Kind::Method,
    };
    Declared::new(cx, kind, node, name, "body")
}

/// Members of interfaces and classes; those of types in annotations are not declarations.
fn signature<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let is_member = matches!(
        cx.inside(),
        Some(Kind::Interface | Kind::Class | Kind::Type)
    );
    let kind = match node.kind() {
        "property_signature" => Kind::Field,
        _ => Kind::Method,
    };
    let name = node.child_by_field_name("name").filter(|_| is_member)?;
    Declared::new(cx, kind, node, name, "")
}

fn field<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = node
        .child_by_field_name("name")
        .or_else(|| node.child_by_field_name("property"))?;
    match node.child_by_field_name("value") {
        Some(value) if is_function(value) => of_function(cx, Kind::Method, node, name, value),
        _ => Declared::new(cx, Kind::Field, node, name, "value"),
    }
}

fn variable<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = node
        .child_by_field_name("name")
        .filter(|name| name.kind() == "identifier")?;
    let value = node.child_by_field_name("value");
    let is_const = cx
        .above
        .is_some_and(|around| cx.of(around).starts_with("const"));
    let prefix = if is_const { "const " } else { "let " };
    let declared = match value {
        Some(value) if is_function(value) => of_function(cx, Kind::Function, node, name, value),
        _ if cx.is_local => None,
        _ if is_const => Declared::new(cx, Kind::Constant, node, name, "value"),
        _ => Declared::new(cx, Kind::Variable, node, name, "value"),
    };
    declared.map(|declared| Declared { prefix, ..declared })
}

/// `exports.run = function …`, `Box.prototype.add = function …`
fn assigned<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let left = node.child_by_field_name("left")?;
    let value = node
        .child_by_field_name("right")
        .filter(|value| is_function(*value))?;
    let (object, name) = cx.member(left)?;
    let object = cx.of(object?);
    let kind = match object.ends_with(".prototype") {
        true => Kind::Method,
        false => Kind::Function,
    };
    if matches!(object, "this" | "window") || object.len() > 80 || cx.of(name) == "exports" {
        return None;
    }
    let declared = of_function(cx, kind, node, name, value)?;
    let qualifier = match object {
        "exports" | "module.exports" => String::new(),
        object => object.trim_end_matches(".prototype").to_owned(),
    };
    Some(Declared {
        qualifier: Some(qualifier),
        ..declared
    })
}

/// Functions in an object that is a variable of the file, or what a function returns.
fn pair<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let value = node
        .child_by_field_name("value")
        .filter(|value| is_function(*value))?;
    let key = node
        .child_by_field_name("key")
        .filter(|key| key.kind() == "property_identifier")?;
    (!cx.is_local || is_returned(node))
        .then(|| of_function(cx, Kind::Method, node, key, value))
        .flatten()
}

/// `return { … } as const`, `() => ({ … })`
fn is_returned(pair: Node<'_>) -> bool {
    let mut around = pair.parent().and_then(|object| object.parent());
    while let Some(node) = around {
        match node.kind() {
            "return_statement" | "arrow_function" => return true,
            "as_expression" | "satisfies_expression" | "parenthesized_expression" => {
                around = node.parent();
            }
            _ => return false,
        }
    }
    false
}

fn default_export<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let value = node.child_by_field_name("value")?;
    let kind = match value.kind() {
        "class" => Kind::Class,
        _ if is_function(value) => Kind::Function,
        _ => return None,
    };
    let name = cx.field(value, "name").unwrap_or("default");
    let end = value
        .child_by_field_name("body")
        .map_or(value.end_byte(), |body| body.start_byte());
    Some(Declared {
        name_node: value.child_by_field_name("name"),
        body: Some(value),
        ..Declared::named(name, kind, node)?.ending(end)
    })
}

/// A case of an enum without a value is a bare name.
fn case<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let is_case = cx.inside() == Some(Kind::Enum)
        && cx.above.is_some_and(|around| around.kind() == "enum_body");
    is_case
        .then(|| Declared::new(cx, Kind::Variant, node, node, ""))
        .flatten()
}

/// `it("adds", () => …)`: a test named by a sentence.
fn test<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    const WORDS: [&str; 8] = [
        "it", "test", "describe", "suite", "context", "specify", "bench", "Deno",
    ];
    let mut function = node.child_by_field_name("function")?;
    // `test.each(table)("…", …)`
    if function.kind() == "call_expression" {
        function = function.child_by_field_name("function")?;
    }
    let word = cx.of(function).split('.').next().unwrap_or_default();
    if !WORDS.contains(&word) {
        return None;
    }
    let arguments = node.child_by_field_name("arguments")?;
    let mut cursor = arguments.walk();
    let mut given = arguments.named_children(&mut cursor);
    let name = given
        .next()
        .filter(|first| matches!(first.kind(), "string" | "template_string"))?;
    let body = given.find(|argument| is_function(*argument))?;
    let text = cx.of(name).trim_matches(['"', '\'', '`']);
    let declared = Declared::named(text, Kind::Test, node)?.ending(name.end_byte());
    Some(Declared {
        body: Some(body),
        ..declared
    })
}

fn component<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let Some(name) = node.child_by_field_name("name") else {
        return;
    };
    let Some(callee) = cx.callee(name) else {
        return;
    };
    // A tag in small letters is one of the page's.
    let is_tag = callee.receiver.is_none() && cx.of(name).starts_with(|c: char| c.is_lowercase());
    found.push(callee.found(match is_tag {
        true => return,
        false => ReferenceKind::Call,
    }));
}

fn decorator<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let expression = node.named_child(0).map(|of| match of.kind() {
        "call_expression" => of.child_by_field_name("function").unwrap_or(of),
        _ => of,
    });
    let callee = expression.and_then(|of| cx.callee(of));
    found.extend(callee.map(|of| of.found(ReferenceKind::Decorator)));
}

/// `constructor(private shop: Shop)` makes a field.
fn parameter_property(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<Binding> {
    let text = cx.of(node);
    let is_field = ["private", "public", "protected", "readonly"]
        .iter()
        .any(|word| text.starts_with(word));
    let name = cx.field(node, "pattern").filter(|_| is_field)?;
    Some(Binding {
        name: format!("this.{name}"),
        type_text: Some(type_text(cx.field(node, "type")?)),
        ..Binding::default()
    })
}
