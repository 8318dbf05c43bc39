//! C#.

use tree_sitter::Node;

use crate::facts::{Import, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Mode, Role, Rules, Seen, at};

use Role::*;

pub(crate) static CSHARP: Rules = Rules {
    grammar: || tree_sitter_c_sharp::LANGUAGE.into(),
    separator: ".",
    roles: &[
        ("using_directive", Imports(using)),
        ("file_scoped_namespace_declaration", Package(package)),
        (
            "namespace_declaration",
            Element(Kind::Module, "name", "body"),
        ),
        ("class_declaration", Element(Kind::Class, "name", "body")),
        ("record_declaration", Element(Kind::Class, "name", "body")),
        ("struct_declaration", Element(Kind::Struct, "name", "body")),
        (
            "interface_declaration",
            Element(Kind::Interface, "name", "body"),
        ),
        ("enum_declaration", Element(Kind::Enum, "name", "body")),
        (
            "enum_member_declaration",
            Element(Kind::Variant, "name", ""),
        ),
        ("delegate_declaration", Element(Kind::Type, "name", "")),
        ("method_declaration", Element(Kind::Method, "name", "body")),
        (
            "local_function_statement",
            Element(Kind::Function, "name", "body"),
        ),
        (
            "constructor_declaration",
            Element(Kind::Constructor, "name", "body"),
        ),
        (
            "property_declaration",
            Element(Kind::Property, "name", "accessors"),
        ),
        ("event_declaration", Element(Kind::Property, "name", "")),
        ("field_declaration", Declares(field)),
        ("event_field_declaration", Declares(field)),
        (
            "invocation_expression",
            Uses(ReferenceKind::Call, "function", "arguments"),
        ),
        (
            "object_creation_expression",
            Uses(ReferenceKind::Construct, "type", "arguments"),
        ),
        ("attribute", Uses(ReferenceKind::Decorator, "name", "")),
        ("base_list", In(Mode::Extends)),
        ("type_argument_list", In(Mode::Type)),
        ("type_parameter", Label("name")),
        ("member_access_expression", Member),
        ("qualified_name", Member),
        ("identifier", Name),
        (
            "variable_declaration",
            NamesIn("variable_declarator", "name"),
        ),
        (
            "variable_declaration",
            Binds(
                ":variable_declarator/name",
                "type",
                ":variable_declarator/-1",
            ),
        ),
        ("parameter", Declares(component)),
        ("parameter", Binds("name", "type", "")),
        ("foreach_statement", BindsEach("left", "type", "right")),
        ("catch_declaration", Binds("name", "type", "")),
        ("declaration_expression", Binds("name", "type", "")),
        ("declaration_pattern", Binds("name", "type", "")),
        ("lambda_expression", Binds("parameters", "", "")),
        ("from_clause", Binds("name", "type", "")),
        ("argument", Label("name")),
        ("attribute_argument", Label("name")),
        ("labeled_statement", Label("0")),
        ("comment", Comment),
        ("string_literal", Text),
        ("verbatim_string_literal", Text),
        ("raw_string_literal", Text),
        ("interpolated_string_expression", Text),
        ("if_statement", Branch),
        ("for_statement", Branch),
        ("foreach_statement", Branch),
        ("while_statement", Branch),
        ("do_statement", Branch),
        ("catch_clause", Branch),
        ("conditional_expression", Ternary),
        ("switch_statement", Switch),
        ("switch_section", Case(":case")),
        ("switch_expression", Match),
        ("switch_expression_arm", Case(".")),
        ("goto_statement", Jump),
        ("binary_expression", Chain("operator", &["&&", "||", "??"])),
        ("lambda_expression", Closure),
        ("anonymous_method_expression", Closure),
    ],
    members: &[
        ("member_access_expression", "expression", "name"),
        ("member_binding_expression", "", "name"),
        ("qualified_name", "qualifier", "name"),
        ("alias_qualified_name", "alias", "name"),
        // `cart?.Add(1)`
        ("conditional_access_expression", "condition", "-1"),
    ],
    indexes: &["element_access_expression"],
    casts: &[("cast_expression", "type"), ("as_expression", "right")],
    wrappers: &[
        ("generic_name", "0"),
        ("await_expression", "0"),
        ("parenthesized_expression", "0"),
        ("nullable_type", "type"),
    ],
    type_fields: &["returns", "type"],
    type_positions: &["type", "returns"],
    annotations: &["attribute_list"],
    pattern_leaves: &["identifier", "implicit_parameter"],
    builtins: &["var", "nameof", "value", "_"],
    closures: &[],
    first_result: false,
    plain_docs: true,
    visibility,
    is_test,
    finish: |_, _| {},
    readable: |_| None,
};

fn visibility(seen: &Seen<'_, '_>) -> Visibility {
    seen.said_visibility().unwrap_or(match seen.cx.inside() {
        _ if seen.node.kind() == "parameter" => Visibility::Public,
        _ if seen.kind == Kind::Module => Visibility::Public,
        Some(Kind::Interface | Kind::Enum) => seen
            .cx
            .parent
            .map_or(Visibility::Public, |parent| parent.visibility),
        Some(Kind::Module) | None => Visibility::Internal,
        Some(_) => Visibility::Private,
    })
}

fn is_test(seen: &Seen<'_, '_>) -> bool {
    ["Test", "TestMethod", "Fact", "Theory", "TestCase"]
        .into_iter()
        .any(|word| seen.has_attribute(word))
}

fn package(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<String> {
    at(node, "name").map(|name| cx.of(name).to_owned())
}

/// `record Point(int X, int Y)`
fn component<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name").filter(|_| !cx.is_local && cx.inside() == Some(Kind::Class))?;
    Declared::new(cx, Kind::Field, node, name, "")
}

/// `using A.B;`, `using static A.B;`, `using C = A.B;`
fn using<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some(path) = at(node, "-1") else { return };
    imports.push(Import {
        module: cx.of(path).to_owned(),
        alias: cx.field(node, "name").map(str::to_owned),
        is_wildcard: at(node, "name").is_none(),
        is_reexport: cx.of(node).starts_with("global"),
        ..Import::default()
    });
}

fn field<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let declaration = at(node, ":variable_declaration")?;
    let mut cursor = declaration.walk();
    let declarators = declaration
        .named_children(&mut cursor)
        .filter(|child| child.kind() == "variable_declarator");
    let mut names = declarators.filter_map(|one| at(one, "name"));
    let name = names.next()?;
    let also = names.collect();
    let declared = Declared::new(cx, Kind::Field, node, name, "")?.ending(name.end_byte());
    Some(Declared {
        also,
        type_text: cx
            .field(declaration, "type")
            .map(crate::signature::type_text),
        ..declared
    })
}
