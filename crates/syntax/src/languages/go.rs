//! Go.

use tree_sitter::Node;

use crate::facts::{Import, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Found, Mode, Role, Rules, Seen};

use Role::*;

pub(crate) static GO: Rules = Rules {
    grammar: || tree_sitter_go::LANGUAGE.into(),
    separator: ".",
    roles: &[
        ("package_clause", Package(package)),
        ("import_spec", Imports(import)),
        (
            "function_declaration",
            Element(Kind::Function, "name", "body"),
        ),
        ("method_declaration", Declares(method)),
        ("method_elem", Element(Kind::Method, "name", "")),
        ("type_spec", Declares(type_spec)),
        ("type_alias", Declares(type_spec)),
        ("const_spec", Declares(constant)),
        ("var_spec", Declares(variable)),
        ("var_spec", Binds("name", "type", "value")),
        ("const_spec", Binds("name", "", "")),
        ("field_declaration", Declares(field)),
        ("field_declaration", Finds(embedded)),
        ("interface_type", Finds(embedded_interfaces)),
        (
            "call_expression",
            Uses(ReferenceKind::Call, "function", "arguments"),
        ),
        (
            "composite_literal",
            Uses(ReferenceKind::Construct, "type", ""),
        ),
        ("selector_expression", Member),
        ("qualified_type", TypeMember),
        ("identifier", Name),
        ("type_identifier", TypeName),
        ("type_arguments", In(Mode::Type)),
        ("type_parameter_declaration", Names),
        ("short_var_declaration", Binds("left", "", "right")),
        ("range_clause", BindsEach("left/-1", "", "right")),
        ("range_clause", Binds("left", "", "")),
        ("receive_statement", Binds("left", "", "")),
        ("type_switch_statement", Binds("alias", "", "")),
        ("parameter_declaration", Binds("name", "type", "")),
        ("variadic_parameter_declaration", Binds("name", "type", "")),
        ("comment", Comment),
        ("interpreted_string_literal", Text),
        ("raw_string_literal", Text),
        ("if_statement", Branch),
        ("for_statement", Branch),
        ("expression_switch_statement", Switch),
        ("type_switch_statement", Switch),
        ("select_statement", Switch),
        ("expression_case", Case(".")),
        ("type_case", Case(".")),
        ("communication_case", Case(".")),
        ("goto_statement", Jump),
        ("binary_expression", Chain("operator", &["&&", "||"])),
        ("func_literal", Closure),
    ],
    members: &[
        ("selector_expression", "operand", "field"),
        ("qualified_type", "package", "name"),
    ],
    indexes: &["index_expression"],
    casts: &[("type_assertion_expression", "type")],
    wrappers: &[
        ("parenthesized_expression", "0"),
        ("expression_list", "0"),
        ("unary_expression", "operand"),
        ("generic_type", "type"),
        // `New[int]()`
        ("index_expression", "operand"),
        ("type_instantiation_expression", "type"),
        ("pointer_type", "0"),
    ],
    type_fields: &["result", "type"],
    type_positions: &[],
    annotations: &[],
    pattern_leaves: &["identifier"],
    builtins: &[
        "_",
        "any",
        "append",
        "bool",
        "byte",
        "cap",
        "close",
        "complex128",
        "complex64",
        "copy",
        "delete",
        "error",
        "false",
        "float32",
        "float64",
        "int",
        "int16",
        "int32",
        "int64",
        "int8",
        "iota",
        "len",
        "make",
        "max",
        "min",
        "new",
        "nil",
        "panic",
        "recover",
        "rune",
        "string",
        "true",
        "uint",
        "uint16",
        "uint32",
        "uint64",
        "uint8",
        "uintptr",
    ],
    plain_docs: true,
    closures: &[],
    first_result: true,
    visibility: |seen| match seen.name.starts_with(char::is_uppercase) {
        true => Visibility::Public,
        false => Visibility::Internal,
    },
    is_test,
    finish: |_, _| {},
    readable: |_| None,
};

fn is_test(seen: &Seen<'_, '_>) -> bool {
    let begins = |word: &str| seen.name.starts_with(word);
    seen.kind == Kind::Function
        && (begins("Example")
            || ["Test", "Benchmark", "Fuzz"].into_iter().any(begins)
                && seen.signature.contains("testing."))
}

fn package(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<String> {
    node.named_child(0).map(|name| cx.of(name).to_owned())
}

fn import<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some(path) = cx.field(node, "path") else {
        return;
    };
    let name = cx.field(node, "name");
    imports.push(Import {
        module: path.trim_matches(['"', '`']).to_owned(),
        is_wildcard: name == Some("."),
        alias: name.filter(|name| *name != ".").map(str::to_owned),
        ..Import::default()
    });
}

fn method<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = node.child_by_field_name("name")?;
    let declared = Declared::new(cx, Kind::Method, node, name, "body")?;
    let receiver = cx.field(node, "receiver")?;
    // `(p *Point[T])`
    let of = receiver.split('[').next().unwrap_or_default();
    let of = of.rsplit([' ', '*', '(']).find(|word| !word.is_empty());
    Some(Declared {
        qualifier: of.map(|of| of.trim_end_matches(')').to_owned()),
        ..declared
    })
}

fn type_spec<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = node.child_by_field_name("name")?;
    let of = node.child_by_field_name("type")?;
    let kind = match of.kind() {
        "struct_type" => Kind::Struct,
        "interface_type" => Kind::Interface,
        _ => Kind::Type,
    };
    let end = match kind {
        Kind::Type => node.end_byte(),
        _ => of.start_byte() + cx.of(of).find('{').unwrap_or(0),
    };
    let declared = Declared::new(cx, kind, node, name, "")?.ending(end);
    Some(Declared {
        prefix: "type ",
        type_text: (kind != Kind::Type).then(String::new),
        ..declared
    })
}

fn constant<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    names(cx, node, Kind::Constant, "const ")
}

fn variable<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    names(cx, node, Kind::Variable, "var ")
}

fn names<'t>(
    cx: &Cx<'_, 't>,
    node: Node<'t>,
    kind: Kind,
    prefix: &'static str,
) -> Option<Declared<'t>> {
    if cx.is_local {
        return None;
    }
    let mut cursor = node.walk();
    let mut names = node
        .children_by_field_name("name", &mut cursor)
        .filter(|name| name.is_named());
    let first = names.next()?;
    let also = names.collect();
    let declared = Declared::new(cx, kind, node, first, "value")?;
    Some(Declared {
        prefix,
        also,
        ..declared
    })
}

fn field<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    (!cx.is_local)
        .then(|| names(cx, node, Kind::Field, ""))
        .flatten()
}

/// A field without a name: the type takes over what the other can do.
fn embedded<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    if node.child_by_field_name("name").is_some() {
        return;
    }
    let callee = node
        .child_by_field_name("type")
        .and_then(|of| cx.callee(of));
    found.extend(callee.map(|of| of.found(ReferenceKind::Extends)));
}

fn embedded_interfaces<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let mut cursor = node.walk();
    for part in node.named_children(&mut cursor) {
        if part.kind() == "type_elem" && part.named_child_count() == 1 {
            let callee = part.named_child(0).and_then(|of| cx.callee(of));
            found.extend(callee.map(|of| of.found(ReferenceKind::Extends)));
        }
    }
}
