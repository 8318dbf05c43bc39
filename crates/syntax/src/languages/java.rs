//! Java.

use tree_sitter::Node;

use crate::facts::{Import, ImportedName, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Mode, Role, Rules, Seen, at};

use Role::*;

pub(crate) static JAVA: Rules = Rules {
    grammar: || tree_sitter_java::LANGUAGE.into(),
    separator: ".",
    roles: &[
        ("package_declaration", Package(package)),
        ("import_declaration", Imports(import)),
        ("class_declaration", Element(Kind::Class, "name", "body")),
        ("record_declaration", Element(Kind::Class, "name", "body")),
        (
            "interface_declaration",
            Element(Kind::Interface, "name", "body"),
        ),
        (
            "annotation_type_declaration",
            Element(Kind::Interface, "name", "body"),
        ),
        ("enum_declaration", Element(Kind::Enum, "name", "body")),
        ("enum_constant", Element(Kind::Variant, "name", "body")),
        ("method_declaration", Element(Kind::Method, "name", "body")),
        (
            "annotation_type_element_declaration",
            Element(Kind::Method, "name", ""),
        ),
        (
            "constructor_declaration",
            Element(Kind::Constructor, "name", "body"),
        ),
        (
            "compact_constructor_declaration",
            Element(Kind::Constructor, "name", "body"),
        ),
        ("field_declaration", Declares(field)),
        ("constant_declaration", Declares(constant)),
        (
            "method_invocation",
            Uses(ReferenceKind::Call, ".", "arguments"),
        ),
        (
            "object_creation_expression",
            Uses(ReferenceKind::Construct, "type", "arguments"),
        ),
        (
            "explicit_constructor_invocation",
            Uses(ReferenceKind::Call, "constructor", "arguments"),
        ),
        ("annotation", Uses(ReferenceKind::Decorator, "name", "")),
        (
            "marker_annotation",
            Uses(ReferenceKind::Decorator, "name", ""),
        ),
        ("superclass", In(Mode::Extends)),
        ("super_interfaces", In(Mode::Extends)),
        ("extends_interfaces", In(Mode::Extends)),
        ("type_arguments", In(Mode::Type)),
        ("type_parameter", Label(":type_identifier")),
        ("field_access", Member),
        ("method_reference", Member),
        ("scoped_type_identifier", TypeMember),
        ("identifier", Name),
        ("type_identifier", TypeName),
        (
            "local_variable_declaration",
            NamesIn("variable_declarator", "name"),
        ),
        (
            "local_variable_declaration",
            Binds("declarator/name", "type", "declarator/value"),
        ),
        ("formal_parameter", Declares(component)),
        ("formal_parameter", Binds("name", "type", "")),
        (
            "spread_parameter",
            Binds(":variable_declarator/name", "0", ""),
        ),
        ("enhanced_for_statement", BindsEach("name", "type", "value")),
        ("resource", Binds("name", "type", "value")),
        ("catch_formal_parameter", Binds("name", ":catch_type", "")),
        ("lambda_expression", Binds(":identifier", "", "")),
        ("inferred_parameters", Names),
        ("instanceof_expression", Binds("name", "right", "")),
        ("type_pattern", Binds("-1", "0", "")),
        ("element_value_pair", Label("key")),
        ("labeled_statement", Label("0")),
        ("line_comment", Comment),
        ("block_comment", Comment),
        ("string_literal", Text),
        ("if_statement", Branch),
        ("for_statement", Branch),
        ("enhanced_for_statement", Branch),
        ("while_statement", Branch),
        ("do_statement", Branch),
        ("catch_clause", Branch),
        ("ternary_expression", Ternary),
        ("switch_expression", Switch),
        // `default` holds nothing.
        ("switch_label", Case("0")),
        ("binary_expression", Chain("operator", &["&&", "||"])),
        ("lambda_expression", Closure),
    ],
    members: &[
        ("method_invocation", "object", "name"),
        ("field_access", "object", "field"),
        ("scoped_identifier", "scope", "name"),
        ("scoped_type_identifier", "0", "-1"),
        ("method_reference", "0", "-1"),
    ],
    indexes: &["array_access"],
    casts: &[("cast_expression", "type")],
    wrappers: &[
        ("generic_type", "0"),
        ("parenthesized_expression", "0"),
        ("cast_expression", "value"),
    ],
    type_fields: &["type"],
    type_positions: &[],
    annotations: &["annotation", "marker_annotation"],
    pattern_leaves: &["identifier"],
    builtins: &["String", "Object", "Override", "var"],
    closures: &[("lambda_expression", "parameters")],
    first_result: false,
    plain_docs: true,
    visibility,
    is_test,
    finish: |_, _| {},
    readable: |_| None,
};

fn visibility(seen: &Seen<'_, '_>) -> Visibility {
    seen.said_visibility().unwrap_or(match seen.cx.parent {
        _ if seen.node.kind() == "formal_parameter" => Visibility::Public,
        Some(parent) if matches!(parent.kind, Kind::Interface | Kind::Enum) => parent.visibility,
        _ => Visibility::Internal,
    })
}

fn is_test(seen: &Seen<'_, '_>) -> bool {
    ["Test", "ParameterizedTest", "RepeatedTest", "TestFactory"]
        .into_iter()
        .any(|word| seen.has_attribute(word))
}

fn package(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<String> {
    let text = cx.of(node).trim_end_matches(';');
    text.split_whitespace().last().map(str::to_owned)
}

/// `import a.b.C;`, `import static a.b.C.d;`, `import a.b.*;`
fn import<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some(path) = at(node, ":scoped_identifier").or_else(|| at(node, ":identifier")) else {
        return;
    };
    let path = cx.of(path);
    let is_wildcard = at(node, ":asterisk").is_some();
    imports.push(match path.rsplit_once('.') {
        Some((module, name)) if !is_wildcard => Import {
            module: module.to_owned(),
            names: vec![ImportedName {
                name: name.to_owned(),
                alias: None,
            }],
            ..Import::default()
        },
        _ => Import {
            module: path.to_owned(),
            is_wildcard,
            ..Import::default()
        },
    });
}

fn field<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    variables(cx, node, Kind::Field)
}

/// `record Point(int x, int y)`
fn component<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name").filter(|_| !cx.is_local && cx.inside() == Some(Kind::Class))?;
    Declared::new(cx, Kind::Field, node, name, "")
}

fn constant<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    variables(cx, node, Kind::Constant)
}

fn variables<'t>(cx: &Cx<'_, 't>, node: Node<'t>, kind: Kind) -> Option<Declared<'t>> {
    let mut cursor = node.walk();
    let declarators: Vec<Node<'t>> = node
        .children_by_field_name("declarator", &mut cursor)
        .collect();
    let mut names = declarators.iter().filter_map(|one| at(*one, "name"));
    let name = names.next()?;
    let also = names.collect();
    let end = declarators
        .first()
        .and_then(|one| at(*one, "value"))
        .map_or(node.end_byte(), |value| value.start_byte());
    let declared = Declared::new(cx, kind, node, name, "")?.ending(end);
    Some(Declared { also, ..declared })
}
