//! PHP.

use tree_sitter::Node;

use crate::facts::{Import, ImportKind, ImportedName, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Mode, Role, Rules, Seen, at};

use Role::*;

pub(crate) static PHP: Rules = Rules {
    grammar: || tree_sitter_php::LANGUAGE_PHP.into(),
    separator: "::",
    roles: &[
        ("namespace_definition", Package(package)),
        ("namespace_use_declaration", Imports(uses)),
        ("require_expression", Imports(require)),
        ("require_once_expression", Imports(require)),
        ("include_expression", Imports(require)),
        ("include_once_expression", Imports(require)),
        (
            "function_definition",
            Element(Kind::Function, "name", "body"),
        ),
        ("class_declaration", Element(Kind::Class, "name", "body")),
        (
            "interface_declaration",
            Element(Kind::Interface, "name", "body"),
        ),
        ("trait_declaration", Element(Kind::Trait, "name", "body")),
        ("enum_declaration", Element(Kind::Enum, "name", "body")),
        ("enum_case", Element(Kind::Variant, "name", "")),
        ("method_declaration", Declares(method)),
        ("property_declaration", Declares(property)),
        ("const_declaration", Declares(constant)),
        (
            "function_call_expression",
            Uses(ReferenceKind::Call, "function", "arguments"),
        ),
        (
            "member_call_expression",
            Uses(ReferenceKind::Call, ".", "arguments"),
        ),
        (
            "nullsafe_member_call_expression",
            Uses(ReferenceKind::Call, ".", "arguments"),
        ),
        (
            "scoped_call_expression",
            Uses(ReferenceKind::Call, ".", "arguments"),
        ),
        (
            "object_creation_expression",
            Uses(ReferenceKind::Construct, "0", ":arguments"),
        ),
        ("attribute", Uses(ReferenceKind::Decorator, "0", "")),
        ("base_clause", In(Mode::Extends)),
        ("class_interface_clause", In(Mode::Extends)),
        ("use_declaration", In(Mode::Extends)),
        ("named_type", In(Mode::Type)),
        ("member_access_expression", Member),
        ("nullsafe_member_access_expression", Member),
        ("class_constant_access_expression", Member),
        ("qualified_name", Member),
        ("name", Name),
        ("assignment_expression", Binds("left", "", "right")),
        ("simple_parameter", Binds("name", "type", "")),
        ("variadic_parameter", Binds("name", "type", "")),
        ("property_promotion_parameter", Binds("name", "type", "")),
        ("property_promotion_parameter", BindsBy(promoted)),
        ("variable_name", Skip),
        ("argument", Label("name")),
        ("comment", Comment),
        ("string", Text),
        ("encapsed_string", Text),
        ("heredoc_body", Text),
        ("text", Prose),
        ("if_statement", Branch),
        ("for_statement", Branch),
        ("foreach_statement", Branch),
        ("while_statement", Branch),
        ("do_statement", Branch),
        ("catch_clause", Branch),
        ("else_if_clause", ElseIf),
        ("else_clause", Else),
        ("conditional_expression", Ternary),
        ("switch_statement", Switch),
        ("case_statement", Case("value")),
        ("match_expression", Match),
        ("match_conditional_expression", Case(".")),
        ("match_default_expression", Case(".")),
        ("goto_statement", Jump),
        (
            "binary_expression",
            Chain("operator", &["&&", "||", "and", "or", "??"]),
        ),
        ("anonymous_function", Closure),
        ("arrow_function", Closure),
    ],
    members: &[
        ("member_call_expression", "object", "name"),
        ("nullsafe_member_call_expression", "object", "name"),
        ("scoped_call_expression", "scope", "name"),
        ("member_access_expression", "object", "name"),
        ("nullsafe_member_access_expression", "object", "name"),
        ("class_constant_access_expression", "0", "-1"),
        ("qualified_name", "prefix", "-1"),
    ],
    indexes: &["subscript_expression"],
    casts: &[],
    wrappers: &[("parenthesized_expression", "0"), ("named_type", "0")],
    type_fields: &["return_type", "type"],
    type_positions: &[],
    annotations: &["attribute_list"],
    pattern_leaves: &["variable_name"],
    builtins: &["self", "parent", "static", "true", "false", "null"],
    closures: &[],
    first_result: false,
    plain_docs: true,
    visibility: |seen| seen.said_visibility().unwrap_or(Visibility::Public),
    is_test,
    finish: |_, _| {},
    readable: |_| None,
};

fn is_test(seen: &Seen<'_, '_>) -> bool {
    seen.kind == Kind::Method && (seen.name.starts_with("test") || seen.has_attribute("Test"))
        || seen.kind == Kind::Class && seen.signature.contains("TestCase")
}

fn package(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<String> {
    cx.of(node)
        .trim_start_matches("namespace")
        .split(['{', ';'])
        .next()
        .map(|name| name.trim().to_owned())
}

fn method<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name")?;
    let kind = match cx.of(name) {
        "__construct" => Kind::Constructor,
        _ => Kind::Method,
    };
    Declared::new(cx, kind, node, name, "body")
}

fn property<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    several(cx, node, Kind::Field, ":property_element", "name/0")
}

fn constant<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    several(cx, node, Kind::Constant, ":const_element", "0")
}

fn several<'t>(
    cx: &Cx<'_, 't>,
    node: Node<'t>,
    kind: Kind,
    of: &str,
    name: &str,
) -> Option<Declared<'t>> {
    let mut cursor = node.walk();
    let parts = node.named_children(&mut cursor);
    let mut names = parts
        .filter(|part| Some(part.kind()) == of.strip_prefix(':'))
        .filter_map(|part| at(part, name));
    let first = names.next()?;
    let also = names.collect();
    let declared = Declared::new(cx, kind, node, first, "")?.ending(first.end_byte());
    Some(Declared { also, ..declared })
}

/// `function __construct(private Shop $shop)` makes a field.
fn promoted(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<crate::facts::Binding> {
    let name = at(node, "name").map(|name| cx.of(name))?;
    let of = at(node, "type").map(|of| cx.of(of))?;
    Some(crate::facts::Binding {
        name: format!("$this->{}", name.trim_start_matches('$')),
        type_text: Some(crate::signature::type_text(of)),
        ..crate::facts::Binding::default()
    })
}

/// `use A\B\C as D;`, `use A\{B, C};`
fn uses<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let prefix = cx.field(node, ":namespace_name").unwrap_or_default();
    let group = at(node, "body").unwrap_or(node);
    let mut cursor = group.walk();
    for clause in group.named_children(&mut cursor) {
        if clause.kind() != "namespace_use_clause" {
            continue;
        }
        let Some(path) = at(clause, "0") else {
            continue;
        };
        let path = match prefix {
            "" => cx.of(path).to_owned(),
            prefix => format!("{prefix}\\{}", cx.of(path)),
        };
        let path = path.trim_start_matches('\\');
        let (module, name) = path.rsplit_once('\\').unwrap_or(("", path));
        imports.push(Import {
            module: module.to_owned(),
            names: vec![ImportedName {
                name: name.to_owned(),
                alias: cx.field(clause, "alias").map(str::to_owned),
            }],
            ..Import::default()
        });
    }
}

fn require<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    // `__DIR__ . "/a.php"`
    let text = cx.of(node);
    let path = text.split(['"', '\'']).nth(1);
    imports.extend(path.filter(|path| !path.is_empty()).map(|path| Import {
        module: match text.contains("__DIR__") {
            true => format!("./{}", path.trim_start_matches('/')),
            false => path.to_owned(),
        },
        kind: ImportKind::File,
        ..Import::default()
    }));
}
