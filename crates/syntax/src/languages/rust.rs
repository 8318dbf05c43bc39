//! Rust.

use tree_sitter::Node;

use crate::facts::{Import, ImportKind, ImportedName, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Found, Mode, Role, Rules, Seen, has_word};

use Role::*;

pub(crate) static RUST: Rules = Rules {
    grammar: || tree_sitter_rust::LANGUAGE.into(),
    separator: "::",
    roles: &[
        ("function_item", Element(Kind::Function, "name", "body")),
        (
            "function_signature_item",
            Element(Kind::Function, "name", "body"),
        ),
        ("struct_item", Element(Kind::Struct, "name", "body")),
        ("enum_item", Element(Kind::Enum, "name", "body")),
        ("union_item", Element(Kind::Union, "name", "body")),
        ("trait_item", Element(Kind::Trait, "name", "body")),
        ("mod_item", Imports(submodule)),
        ("mod_item", Element(Kind::Module, "name", "body")),
        ("type_item", Element(Kind::Type, "name", "")),
        ("associated_type", Element(Kind::Type, "name", "")),
        ("const_item", Declares(constant)),
        ("static_item", Declares(constant)),
        ("macro_definition", Declares(macro_definition)),
        ("macro_rule", Skip),
        ("impl_item", Declares(implementation)),
        ("field_declaration", Element(Kind::Field, "name", "")),
        ("enum_variant", Element(Kind::Variant, "name", "body")),
        ("use_declaration", Imports(uses)),
        ("extern_crate_declaration", Imports(extern_crate)),
        (
            "call_expression",
            Uses(ReferenceKind::Call, "function", "arguments"),
        ),
        (
            "struct_expression",
            Uses(ReferenceKind::Construct, "name", ""),
        ),
        ("macro_invocation", Uses(ReferenceKind::Macro, "macro", "")),
        ("token_tree", Finds(tokens)),
        ("impl_item", Finds(implemented)),
        ("scoped_identifier", Member),
        ("scoped_type_identifier", TypeMember),
        ("field_expression", Member),
        ("identifier", Name),
        ("type_identifier", TypeName),
        ("trait_bounds", In(Mode::Type)),
        ("let_declaration", Binds("pattern", "type", "value")),
        ("let_condition", Binds("pattern", "", "value")),
        ("for_expression", BindsEach("pattern", "", "value")),
        ("parameter", Binds("pattern", "type", "")),
        ("closure_parameters", Names),
        ("match_pattern", Names),
        ("type_parameter", Label("name")),
        ("lifetime", Skip),
        ("label", Skip),
        ("visibility_modifier", Skip),
        ("fragment_specifier", Skip),
        ("attribute_item", Attribute),
        ("attribute_item", Finds(attribute)),
        ("attribute_item", Skip),
        ("inner_attribute_item", Skip),
        ("line_comment", Comment),
        ("block_comment", Comment),
        ("string_literal", Text),
        ("raw_string_literal", Text),
        ("if_expression", Branch),
        ("while_expression", Branch),
        ("for_expression", Branch),
        ("loop_expression", Branch),
        ("match_expression", Match),
        ("match_arm", Case(".")),
        ("else_clause", Else),
        ("binary_expression", Chain("operator", &["&&", "||"])),
        ("closure_expression", Closure),
    ],
    members: &[
        ("field_expression", "value", "field"),
        ("scoped_identifier", "path", "name"),
        ("scoped_type_identifier", "path", "name"),
    ],
    indexes: &["index_expression"],
    casts: &[("type_cast_expression", "type")],
    wrappers: &[
        ("generic_function", "function"),
        ("generic_type_with_turbofish", "type"),
        ("generic_type", "type"),
        ("try_expression", "0"),
        ("await_expression", "0"),
        ("parenthesized_expression", "0"),
        ("reference_expression", "value"),
    ],
    type_fields: &["return_type", "type"],
    type_positions: &[],
    annotations: &[],
    pattern_leaves: &[
        "identifier",
        "shorthand_field_identifier",
        "type_identifier",
    ],
    builtins: &["Some", "None", "Ok", "Err", "Self"],
    closures: &[("closure_expression", "parameters")],
    first_result: false,
    plain_docs: false,
    visibility,
    is_test,
    finish: |_, _| {},
    readable: |_| None,
};

fn visibility(seen: &Seen<'_, '_>) -> Visibility {
    let modifier = (0..seen.node.named_child_count().min(4) as u32)
        .filter_map(|index| seen.node.named_child(index))
        .find(|child| child.kind() == "visibility_modifier");
    if let Some(modifier) = modifier {
        return match seen.cx.of(modifier).trim() {
            "pub" => Visibility::Public,
            "pub(self)" => Visibility::Private,
            _ => Visibility::Internal,
        };
    }
    match seen.cx.parent {
        // What belongs to a trait is seen as far as the trait.
        Some(parent) if matches!(parent.kind, Kind::Trait | Kind::Enum) => parent.visibility,
        Some(parent)
            if parent.kind == Kind::Implementation && has_word(&parent.signature, "for") =>
        {
            Visibility::Public
        }
        _ if seen.kind == Kind::Implementation => Visibility::Public,
        _ if seen.kind == Kind::Macro && seen.has_attribute("macro_export") => Visibility::Public,
        _ => Visibility::Private,
    }
}

fn is_test(seen: &Seen<'_, '_>) -> bool {
    match seen.kind {
        Kind::Module => seen
            .attributes
            .iter()
            .any(|text| has_word(text, "cfg") && has_word(text, "test") && !has_word(text, "not")),
        _ => [
            "test",
            "rstest",
            "test_case",
            "proptest",
            "quickcheck",
            "bench",
        ]
        .iter()
        .any(|word| seen.attributes.iter().any(|text| is_attribute(text, word))),
    }
}

/// `#[test]`, `#[tokio::test(…)]`, but not `#[cfg(test)]`.
fn is_attribute(text: &str, word: &str) -> bool {
    let path = text.trim_start_matches(['#', '[']);
    let path = path.split(['(', ']', '=']).next().unwrap_or_default();
    path.trim().rsplit("::").next() == Some(word)
}

fn constant<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = node.child_by_field_name("name")?;
    Declared::new(cx, Kind::Constant, node, name, "value")
}

fn macro_definition<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = node.child_by_field_name("name")?;
    Some(Declared::new(cx, Kind::Macro, node, name, "")?.ending(name.end_byte()))
}

fn implementation<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = cx.bare(node.child_by_field_name("type")?);
    let name = match name.kind() {
        "reference_type" => cx.bare(name.child_by_field_name("type")?),
        _ => name,
    };
    let name = cx.member(name).map_or(name, |(_, name)| name);
    let declared = Declared::new(cx, Kind::Implementation, node, name, "body")?;
    // The type is named here, not declared.
    Some(Declared {
        name_node: None,
        ..declared
    })
}

/// `impl Trait for Type`: the type extends the trait.
fn implemented<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let callee = node
        .child_by_field_name("trait")
        .and_then(|of| cx.callee(of));
    found.extend(callee.map(|of| of.found(ReferenceKind::Extends)));
}

fn attribute<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let Some(attribute) = node.named_child(0) else {
        return;
    };
    let Some(callee) = attribute.named_child(0).and_then(|path| cx.callee(path)) else {
        return;
    };
    let derives = cx.of(callee.name) == "derive";
    found.push(callee.found(ReferenceKind::Decorator));
    let Some(list) = attribute
        .child_by_field_name("arguments")
        .filter(|_| derives)
    else {
        return;
    };
    let mut cursor = list.walk();
    let traits = list.named_children(&mut cursor);
    found.extend(
        traits
            .filter(|token| token.kind() == "identifier")
            .filter_map(|token| cx.callee(token))
            .map(|of| of.found(ReferenceKind::Extends)),
    );
}

/// Calls in the arguments of a macro, which the grammar leaves as bare tokens.
fn tokens<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    let mut cursor = node.walk();
    let mut before: Vec<Node<'t>> = Vec::new();
    for child in node.children(&mut cursor) {
        let is_group = child.kind() == "token_tree";
        let name = before.last().copied();
        if let Some(name) = name.filter(|name| is_group && name.kind() == "identifier")
            && cx.of(child).starts_with('(')
        {
            let receiver = receiver(cx, &before);
            found.push(Found {
                kind: ReferenceKind::Call,
                name,
                receiver,
                arguments: None,
            });
        } else if let [.., name, mark] = before[..]
            && is_group
            && mark.kind() == "!"
            && name.kind() == "identifier"
        {
            found.push(Found {
                kind: ReferenceKind::Macro,
                name,
                receiver: None,
                arguments: None,
            });
        }
        if before.len() == 16 {
            before.remove(0);
        }
        before.push(child);
    }
}

/// The path before the last of these tokens: `a.b` in `a.b.c`.
fn receiver(cx: &Cx<'_, '_>, tokens: &[Node<'_>]) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let mut wants_mark = true;
    for token in tokens.iter().rev().skip(1) {
        let text = cx.of(*token);
        let fits = match wants_mark {
            true => matches!(text, "." | "::" | "?"),
            false => {
                matches!(
                    token.kind(),
                    "identifier" | "self" | "super" | "crate" | "token_tree"
                )
            }
        };
        if !fits {
            break;
        }
        parts.push(text);
        // A call's arguments stand right behind its name.
        wants_mark = wants_mark == (text == "?") && token.kind() != "token_tree";
    }
    parts.reverse();
    let path = parts.concat();
    let path = path
        .trim_end_matches(['.', ':'])
        .trim_start_matches(['.', ':']);
    (!path.is_empty() && path.len() <= 120).then(|| path.to_owned())
}

fn submodule(cx: &Cx<'_, '_>, node: Node<'_>, imports: &mut Vec<Import>) {
    if node.child_by_field_name("body").is_none()
        && let Some(name) = cx.field(node, "name")
    {
        imports.push(Import {
            module: name.to_owned(),
            kind: ImportKind::Submodule,
            is_reexport: cx.of(node).starts_with("pub"),
            ..Import::default()
        });
    }
}

fn extern_crate(cx: &Cx<'_, '_>, node: Node<'_>, imports: &mut Vec<Import>) {
    if let Some(name) = cx.field(node, "name") {
        imports.push(Import {
            module: name.to_owned(),
            alias: cx.field(node, "alias").map(str::to_owned),
            ..Import::default()
        });
    }
}

fn uses<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let is_reexport = cx.of(node).starts_with("pub");
    let from = imports.len();
    if let Some(argument) = node.child_by_field_name("argument") {
        tree(cx, argument, "", 0, imports);
    }
    for import in &mut imports[from..] {
        import.is_reexport = is_reexport;
    }
}

/// One branch of a `use`, below `path`.
fn tree<'t>(cx: &Cx<'_, 't>, node: Node<'t>, path: &str, depth: usize, imports: &mut Vec<Import>) {
    const MAX_DEPTH: usize = 32;
    let join = |rest: &str| match path {
        "" => rest.to_owned(),
        path => format!("{path}::{rest}"),
    };
    match node.kind() {
        _ if depth > MAX_DEPTH => {}
        "scoped_use_list" => {
            let path = cx.field(node, "path").map_or_else(|| path.to_owned(), join);
            if let Some(list) = node.child_by_field_name("list") {
                tree(cx, list, &path, depth + 1, imports);
            }
        }
        "use_list" => {
            let mut cursor = node.walk();
            for child in node.named_children(&mut cursor) {
                tree(cx, child, path, depth + 1, imports);
            }
        }
        "use_wildcard" => imports.push(Import {
            module: node
                .named_child(0)
                .map_or_else(|| path.to_owned(), |of| join(cx.of(of))),
            is_wildcard: true,
            ..Import::default()
        }),
        "use_as_clause" => {
            let alias = cx.field(node, "alias").map(str::to_owned);
            leaf(
                join(cx.field(node, "path").unwrap_or_default()),
                alias,
                imports,
            );
        }
        "identifier" | "scoped_identifier" | "crate" | "self" | "super" => {
            leaf(join(cx.of(node)), None, imports);
        }
        _ => {}
    }
}

fn leaf(path: String, alias: Option<String>, imports: &mut Vec<Import>) {
    let path: String = path.split_whitespace().collect();
    let Some((module, name)) = path.rsplit_once("::") else {
        imports.push(Import {
            module: path,
            alias,
            ..Import::default()
        });
        return;
    };
    if name == "self" {
        imports.push(Import {
            module: module.to_owned(),
            alias,
            ..Import::default()
        });
        return;
    }
    let name = ImportedName {
        name: name.to_owned(),
        alias,
    };
    // Names of one list stand together.
    match imports.last_mut() {
        Some(last) if last.module == module && !last.is_wildcard && !last.names.is_empty() => {
            last.names.push(name);
        }
        _ => imports.push(Import {
            module: module.to_owned(),
            names: vec![name],
            ..Import::default()
        }),
    }
}
