//! Swift.

use tree_sitter::Node;

use crate::facts::{Import, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Found, Mode, Role, Rules, Seen, at};

use Role::*;

pub(crate) static SWIFT: Rules = Rules {
    grammar: || tree_sitter_swift::LANGUAGE.into(),
    separator: ".",
    roles: &[
        ("import_declaration", Imports(import)),
        ("class_declaration", Declares(class)),
        (
            "protocol_declaration",
            Element(Kind::Interface, "name", "body"),
        ),
        ("function_declaration", Declares(function)),
        ("protocol_function_declaration", Declares(function)),
        ("init_declaration", Declares(init)),
        ("property_declaration", Declares(property)),
        ("protocol_property_declaration", Declares(property)),
        ("enum_entry", Declares(cases)),
        ("typealias_declaration", Element(Kind::Type, "name", "")),
        (
            "associatedtype_declaration",
            Element(Kind::Type, "name", ""),
        ),
        (
            "call_expression",
            Uses(ReferenceKind::Call, "0", ":call_suffix/:value_arguments"),
        ),
        (
            "constructor_expression",
            Uses(
                ReferenceKind::Construct,
                "constructed_type",
                ":constructor_suffix/:value_arguments",
            ),
        ),
        ("attribute", Finds(attribute)),
        ("attribute", Skip),
        ("inheritance_specifier", In(Mode::Extends)),
        ("type_arguments", In(Mode::Type)),
        ("type_parameter", Label(":type_identifier")),
        ("navigation_expression", Member),
        ("simple_identifier", Name),
        ("type_identifier", TypeName),
        (
            "property_declaration",
            Binds("name", ":type_annotation/0", "value"),
        ),
        ("parameter", Binds("name", "type", "")),
        ("parameter", Label("external_name")),
        ("lambda_parameter", Binds("name", "type", "")),
        ("for_statement", BindsEach("item", "", "collection")),
        ("if_statement", Binds("bound_identifier", "", "")),
        ("guard_statement", Binds("bound_identifier", "", "")),
        ("while_statement", Binds("bound_identifier", "", "")),
        ("capture_list_item", Binds("name", "", "")),
        ("catch_block", Binds("error", "", "")),
        ("value_argument_label", Skip),
        ("comment", Comment),
        ("multiline_comment", Comment),
        ("line_string_literal", Text),
        ("multi_line_string_literal", Text),
        ("if_statement", Branch),
        ("guard_statement", Ternary),
        ("for_statement", Branch),
        ("while_statement", Branch),
        ("repeat_while_statement", Branch),
        ("catch_block", Branch),
        ("ternary_expression", Ternary),
        ("switch_statement", Switch),
        ("switch_entry", Case(":switch_pattern")),
        (
            "conjunction_expression",
            Chain("", &["conjunction_expression"]),
        ),
        (
            "disjunction_expression",
            Chain("", &["disjunction_expression"]),
        ),
        (
            "nil_coalescing_expression",
            Chain("", &["nil_coalescing_expression"]),
        ),
        ("lambda_literal", Closure),
    ],
    members: &[("navigation_expression", "target", "suffix/suffix")],
    indexes: &[],
    casts: &[],
    wrappers: &[
        ("try_expression", "expr"),
        ("await_expression", "expr"),
        ("postfix_expression", "target"),
        ("user_type", ":type_identifier"),
        ("pattern", "bound_identifier"),
    ],
    type_fields: &["return_type", ":type_annotation/0"],
    type_positions: &[],
    annotations: &["attribute"],
    pattern_leaves: &["simple_identifier"],
    builtins: &[
        "String", "Int", "Bool", "Double", "Void", "Any", "print", "Never", "error", "$0", "$1",
    ],
    closures: &[],
    first_result: false,
    plain_docs: true,
    visibility: |seen| seen.said_visibility().unwrap_or(Visibility::Internal),
    is_test,
    finish: |_, _| {},
    readable: |_| None,
};

fn is_test(seen: &Seen<'_, '_>) -> bool {
    match seen.kind {
        Kind::Class => seen.signature.contains("XCTestCase"),
        _ => seen.has_attribute("Test"),
    }
}

fn import<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    imports.extend(at(node, ":identifier").map(|name| Import {
        module: cx.of(name).to_owned(),
        ..Import::default()
    }));
}

/// Classes, structs, enums, actors and extensions are one node.
fn class<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let kind = match cx.field(node, "declaration_kind")? {
        "struct" => Kind::Struct,
        "enum" => Kind::Enum,
        "extension" => Kind::Implementation,
        _ => Kind::Class,
    };
    let name = cx.bare(at(node, "name")?);
    let declared = Declared::new(cx, kind, node, name, "body")?;
    Some(Declared {
        // An extension uses the type's name.
        name_node: declared.name_node.filter(|_| kind != Kind::Implementation),
        ..declared
    })
}

fn function<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name")?;
    Declared::new(cx, Kind::Function, node, name, "body")
}

fn init<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name")?;
    Declared::new(cx, Kind::Constructor, node, name, "body")
}

fn property<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let pattern = at(node, "name").filter(|_| !cx.is_local)?;
    let name = cx.bare(pattern);
    let kind = match cx.inside() {
        Some(_) => Kind::Field,
        None if cx.of(node).contains("let ") => Kind::Constant,
        None => Kind::Variable,
    };
    let end = at(node, "value").or_else(|| at(node, "computed_value"));
    let end = end.map_or(node.end_byte(), |body| body.start_byte());
    Some(Declared::new(cx, kind, node, name, "")?.ending(end))
}

/// `case open, paid`
fn cases<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let mut cursor = node.walk();
    let mut names = node
        .children_by_field_name("name", &mut cursor)
        .filter(|name| name.kind() == "simple_identifier");
    let name = names.next()?;
    let also = names.collect();
    let declared = Declared::new(cx, Kind::Variant, node, name, "")?;
    Some(Declared { also, ..declared })
}

fn attribute<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let callee = at(node, "0").and_then(|of| cx.callee(of));
    found.extend(callee.map(|of| of.found(ReferenceKind::Decorator)));
}
