//! Scala.

use tree_sitter::Node;

use crate::facts::{Import, ImportedName, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Mode, Role, Rules, Seen, at};

use Role::*;

pub(crate) static SCALA: Rules = Rules {
    grammar: || tree_sitter_scala::LANGUAGE.into(),
    separator: ".",
    roles: &[
        ("package_clause", Package(package)),
        ("import_declaration", Imports(import)),
        ("class_definition", Element(Kind::Class, "name", "body")),
        ("object_definition", Element(Kind::Class, "name", "body")),
        ("package_object", Element(Kind::Module, "name", "body")),
        ("trait_definition", Element(Kind::Trait, "name", "body")),
        ("enum_definition", Element(Kind::Enum, "name", "body")),
        ("simple_enum_case", Element(Kind::Variant, "name", "")),
        ("full_enum_case", Element(Kind::Variant, "name", "")),
        (
            "function_definition",
            Element(Kind::Function, "name", "body"),
        ),
        ("function_declaration", Element(Kind::Function, "name", "")),
        ("given_definition", Element(Kind::Constant, "name", "body")),
        ("val_definition", Declares(value)),
        ("var_definition", Declares(value)),
        ("val_declaration", Element(Kind::Field, "name", "")),
        ("var_declaration", Element(Kind::Field, "name", "")),
        ("class_parameter", Element(Kind::Field, "name", "")),
        ("type_definition", Element(Kind::Type, "name", "")),
        ("call_expression", Declares(test)),
        ("infix_expression", Declares(sentence)),
        (
            "call_expression",
            Uses(ReferenceKind::Call, "function", "arguments"),
        ),
        (
            "instance_expression",
            Uses(ReferenceKind::Construct, "0", "arguments"),
        ),
        ("annotation", Uses(ReferenceKind::Decorator, "name", "")),
        ("extends_clause", In(Mode::Extends)),
        ("arguments", In(Mode::Value)),
        ("type_arguments", In(Mode::Type)),
        ("type_parameters", Label("name")),
        ("field_expression", Member),
        ("stable_identifier", Member),
        ("stable_type_identifier", TypeMember),
        ("identifier", Name),
        ("type_identifier", TypeName),
        ("val_definition", Binds("pattern", "type", "value")),
        ("var_definition", Binds("pattern", "type", "value")),
        ("parameter", Binds("name", "type", "")),
        ("class_parameter", Binds("name", "type", "")),
        ("binding", Binds("name", "type", "")),
        ("lambda_expression", Binds("parameters", "", "")),
        ("enumerator", Binds("0", "", "")),
        ("typed_pattern", Binds("pattern", "type", "")),
        ("capture_pattern", Binds("name", "", "")),
        ("case_clause", NamesIn("identifier", ".")),
        ("case_clause", Binds("pattern", "", "")),
        ("comment", Comment),
        ("block_comment", Comment),
        ("string", Text),
        ("interpolated_string_expression", Label("interpolator")),
        ("interpolated_string", Text),
        ("if_expression", Branch),
        ("for_expression", Branch),
        ("while_expression", Branch),
        ("do_while_expression", Branch),
        ("catch_clause", Switch),
        ("match_expression", Match),
        ("case_clause", Case(".")),
        ("infix_expression", Chain("operator", &["&&", "||"])),
        ("lambda_expression", Closure),
    ],
    members: &[
        ("field_expression", "value", "field"),
        ("stable_identifier", "0", "-1"),
        ("stable_type_identifier", "0", "-1"),
        ("projected_type", "type", "selector"),
    ],
    indexes: &[],
    casts: &[],
    wrappers: &[
        ("generic_function", "function"),
        ("generic_type", "type"),
        ("parenthesized_expression", "0"),
    ],
    type_fields: &["return_type", "type"],
    type_positions: &[],
    annotations: &["annotation"],
    pattern_leaves: &["identifier"],
    builtins: &[
        "String", "Int", "Boolean", "Unit", "Any", "Long", "Double", "Some", "None", "println", "_",
    ],
    closures: &[],
    first_result: false,
    plain_docs: true,
    visibility: |seen| seen.said_visibility().unwrap_or(Visibility::Public),
    is_test,
    finish: |_, _| {},
    readable: |_| None,
};

fn is_test(seen: &Seen<'_, '_>) -> bool {
    match seen.kind {
        Kind::Test => true,
        Kind::Class => ["FunSuite", "FlatSpec", "WordSpec", "FreeSpec", "FunSpec"]
            .iter()
            .any(|word| seen.signature.contains(word)),
        _ => seen.has_attribute("Test"),
    }
}

fn package(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<String> {
    at(node, "name").map(|name| cx.of(name).to_owned())
}

/// `import a.b.C`, `import a.b.{C, D => E}`, `import a.b._`, `import a.b.*`
fn import<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let text = cx.of(node).trim_start_matches("import").trim();
    if let Some((module, list)) = text.split_once(".{") {
        let mut import = Import {
            module: module.to_owned(),
            ..Import::default()
        };
        for part in list.trim_end_matches('}').split(',') {
            let mut words = part.split_whitespace();
            match words.next() {
                Some("_" | "*") => import.is_wildcard = true,
                Some(name) => import.names.push(ImportedName {
                    name: name.to_owned(),
                    alias: words.nth(1).map(str::to_owned),
                }),
                None => {}
            }
        }
        imports.push(import);
        return;
    }
    for path in text.split(',').map(str::trim) {
        let Some((module, name)) = path.rsplit_once('.') else {
            continue;
        };
        let is_wildcard = matches!(name, "_" | "*");
        imports.push(Import {
            module: module.to_owned(),
            names: match is_wildcard {
                true => Vec::new(),
                false => vec![ImportedName {
                    name: name.to_owned(),
                    alias: None,
                }],
            },
            is_wildcard,
            ..Import::default()
        });
    }
}

fn value<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "pattern").filter(|of| !cx.is_local && of.kind() == "identifier")?;
    let kind = match cx.inside() {
        Some(_) => Kind::Field,
        None if node.kind() == "val_definition" => Kind::Constant,
        None => Kind::Variable,
    };
    Declared::new(cx, kind, node, name, "value")
}

/// `test("adds") { … }`
fn test<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let call = at(node, "function").filter(|call| call.kind() == "call_expression")?;
    let word = cx.field(call, "function")?;
    let name = at(call, "arguments/0").filter(|name| name.kind() == "string")?;
    if !["test", "it", "describe", "feature", "scenario"].contains(&word) {
        return None;
    }
    let text = cx.of(name).trim_matches('"');
    Some(Declared::named(text, Kind::Test, node)?.ending(name.end_byte()))
}

/// `"a cart" should "add" in { … }`
fn sentence<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let left = at(node, "left")?;
    let ends = matches!(cx.field(node, "operator")?, "in" | "should" | "when");
    let body = at(node, "right").filter(|body| ends && body.kind() == "block")?;
    let said = cx.of(left).replace('"', "");
    let is_said = cx.of(left).contains('"') && left.end_position().row == left.start_position().row;
    Some(
        Declared::named(is_said.then_some(said.as_str())?, Kind::Test, node)?
            .ending(body.start_byte()),
    )
}
