//! Kotlin.

use tree_sitter::Node;

use crate::facts::{Import, ImportedName, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Found, Mode, Role, Rules, at, has_word};
use crate::signature::type_text;

use Role::*;

pub(crate) static KOTLIN: Rules = Rules {
    grammar: || tree_sitter_kotlin_ng::LANGUAGE.into(),
    separator: ".",
    roles: &[
        ("package_header", Package(package)),
        ("import", Imports(import)),
        ("class_declaration", Declares(class)),
        (
            "object_declaration",
            Element(Kind::Class, "name", ":class_body"),
        ),
        ("companion_object", Declares(companion)),
        (
            "enum_entry",
            Element(Kind::Variant, ":identifier", ":class_body"),
        ),
        ("function_declaration", Declares(function)),
        ("anonymous_function", Declares(extension)),
        ("secondary_constructor", Declares(constructor)),
        ("property_declaration", Declares(property)),
        ("class_parameter", Declares(class_parameter)),
        ("type_alias", Element(Kind::Type, "type", "")),
        (
            "call_expression",
            Uses(ReferenceKind::Call, "0", ":value_arguments"),
        ),
        (
            "constructor_delegation_call",
            Uses(ReferenceKind::Call, "0", ":value_arguments"),
        ),
        ("annotation", Finds(annotation)),
        ("annotation", Skip),
        ("delegation_specifiers", In(Mode::Extends)),
        ("type_arguments", In(Mode::Type)),
        ("value_arguments", In(Mode::Value)),
        ("user_type", Types),
        ("type_parameter", Label(":identifier")),
        ("navigation_expression", Member),
        ("callable_reference", Member),
        ("identifier", Name),
        (
            "property_declaration",
            Binds(":variable_declaration/0", ":variable_declaration/-1", "-1"),
        ),
        ("parameter", Binds("0", "-1", "")),
        ("class_parameter", Binds(":identifier", "-1", "")),
        ("variable_declaration", Binds("0", "-1", "")),
        ("catch_block", Binds(":identifier", ":user_type", "")),
        ("this_expression", Skip),
        ("super_expression", Skip),
        ("label", Skip),
        ("line_comment", Comment),
        ("block_comment", Comment),
        ("string_literal", Text),
        ("multiline_string_literal", Text),
        ("if_expression", Branch),
        ("for_statement", Branch),
        ("while_statement", Branch),
        ("do_while_statement", Branch),
        ("catch_block", Branch),
        ("when_expression", Switch),
        ("when_entry", Case("condition")),
        ("binary_expression", Chain("operator", &["&&", "||", "?:"])),
        ("lambda_literal", Closure),
        ("anonymous_function", Closure),
    ],
    members: &[
        ("navigation_expression", "0", "-1"),
        ("callable_reference", "0", "-1"),
    ],
    indexes: &["index_expression"],
    casts: &[("as_expression", "-1")],
    wrappers: &[
        ("parenthesized_expression", "0"),
        ("nullable_type", "0"),
        ("user_type", ":identifier"),
    ],
    type_fields: &[":user_type", ":nullable_type", ":variable_declaration/-1"],
    type_positions: &[],
    annotations: &["annotation"],
    pattern_leaves: &["identifier"],
    builtins: &[
        "Any", "Boolean", "Int", "List", "Long", "Map", "Set", "String", "Unit", "it", "null",
        "println", "break", "continue", "field", "this", "super",
    ],
    closures: &[],
    first_result: false,
    plain_docs: true,
    visibility: |seen| seen.said_visibility().unwrap_or(Visibility::Public),
    is_test: |seen| {
        ["Test", "ParameterizedTest"]
            .into_iter()
            .any(|word| seen.has_attribute(word))
    },
    finish: |_, _| {},
    readable: |_| None,
};

fn package(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<String> {
    at(node, "0").map(|name| cx.of(name).to_owned())
}

/// `import a.b.C as D`, `import a.b.*`
fn import<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some(path) = at(node, "0") else { return };
    let path = cx.of(path);
    let is_wildcard = cx.of(node).trim_end().ends_with('*');
    let alias = match has_word(cx.of(node), "as") {
        true => at(node, "-1").map(|alias| cx.of(alias).to_owned()),
        false => None,
    };
    let (module, name) = match path.rsplit_once('.') {
        Some((module, name)) if !is_wildcard => (module, Some(name)),
        _ => (path, None),
    };
    let names = name.map(|name| ImportedName {
        name: name.to_owned(),
        alias,
    });
    imports.push(Import {
        module: module.to_owned(),
        names: names.into_iter().collect(),
        is_wildcard,
        ..Import::default()
    });
}

fn class<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name")?;
    let body = at(node, ":class_body").or_else(|| at(node, ":enum_class_body"));
    let end = body.map_or(node.end_byte(), |body| body.start_byte());
    let before = cx.text.get(node.start_byte()..name.start_byte())?;
    let kind = match () {
        () if has_word(before, "interface") => Kind::Interface,
        () if has_word(before, "enum") => Kind::Enum,
        () => Kind::Class,
    };
    Some(Declared {
        type_text: Some(String::new()),
        ..Declared::new(cx, kind, node, name, "")?.ending(end)
    })
}

fn companion<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = cx.field(node, "name").unwrap_or("Companion");
    let end = at(node, ":class_body").map_or(node.end_byte(), |body| body.start_byte());
    Some(Declared::named(name, Kind::Class, node)?.ending(end))
}

/// `fun Cart.total(): Int` belongs to `Cart`.
fn function<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name")?;
    let declared = Declared::new(cx, Kind::Function, node, name, ":function_body")?;
    let mut cursor = node.walk();
    let types: Vec<Node<'t>> = node
        .named_children(&mut cursor)
        .filter(|child| matches!(child.kind(), "user_type" | "nullable_type"))
        .collect();
    let (before, after): (Vec<_>, Vec<_>) = types
        .into_iter()
        .partition(|of| of.start_byte() < name.start_byte());
    let receiver = before.first().map(|of| cx.of(cx.bare(*of)).to_owned());
    let result = after.first().map(|of| type_text(cx.of(*of)));
    Some(Declared {
        kind: match receiver {
            Some(_) => Kind::Method,
            None => declared.kind,
        },
        qualifier: receiver,
        type_text: Some(result.unwrap_or_default()),
        ..declared
    })
}

/// Without a body in braces the grammar takes `fun Cart.total() = 1` for a function without a name.
fn extension<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let path = at(node, "0").filter(|path| path.kind() == "user_type")?;
    let name = at(path, "-1").filter(|name| name.kind() == "identifier")?;
    let receiver = cx.text.get(path.start_byte()..name.start_byte())?;
    let receiver = receiver.trim_end_matches(['.', '?']);
    if receiver.is_empty() {
        return None;
    }
    let declared = Declared::new(cx, Kind::Method, node, name, ":function_body")?;
    let mut cursor = node.walk();
    let result = node
        .named_children(&mut cursor)
        .filter(|child| matches!(child.kind(), "user_type" | "nullable_type"))
        .nth(1);
    Some(Declared {
        qualifier: Some(receiver.split('<').next().unwrap_or_default().to_owned()),
        type_text: Some(result.map(|of| type_text(cx.of(of))).unwrap_or_default()),
        body: Some(node),
        ..declared
    })
}

fn constructor<'t>(_: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let end = at(node, ":block").map_or(node.end_byte(), |body| body.start_byte());
    Some(Declared::named("constructor", Kind::Constructor, node)?.ending(end))
}

fn property<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, ":variable_declaration/0").filter(|_| !cx.is_local)?;
    let kind = match cx.inside() {
        Some(_) => Kind::Field,
        None if cx.of(node).contains("const ") => Kind::Constant,
        None => Kind::Variable,
    };
    let variable = at(node, ":variable_declaration")?;
    let of = at(variable, "-1").filter(|of| *of != name);
    Some(Declared {
        type_text: Some(of.map(|of| type_text(cx.of(of))).unwrap_or_default()),
        ..Declared::new(cx, kind, node, name, "")?.ending(variable.end_byte())
    })
}

/// `class Cart(val owner: User)`
fn class_parameter<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, ":identifier")?;
    let before = cx.text.get(node.start_byte()..name.start_byte())?;
    let is_field = has_word(before, "val") || has_word(before, "var");
    is_field
        .then(|| Declared::new(cx, Kind::Field, node, name, ""))
        .flatten()
}

fn annotation<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let of = at(node, ":constructor_invocation/0").or_else(|| at(node, ":user_type"));
    let callee = of.and_then(|of| cx.callee(of));
    found.extend(callee.map(|of| of.found(ReferenceKind::Decorator)));
}
