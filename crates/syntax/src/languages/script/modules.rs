//! What a script brings in and gives out: `import`, `export`, `require`, `module.exports`.

use tree_sitter::Node;

use crate::facts::{Import, ImportKind, ImportedName};
use crate::rules::Cx;

fn unquoted(text: &str) -> String {
    text.trim_matches(['"', '\'', '`']).to_owned()
}

pub(super) fn import<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let source = cx.field(node, "source");
    let mut import = Import::default();
    let mut cursor = node.walk();
    for clause in node.named_children(&mut cursor) {
        match clause.kind() {
            "import_clause" => clause_of(cx, clause, &mut import),
            // `import fs = require("fs")`
            "import_require_clause" => {
                import.module = cx.field(clause, "source").map(unquoted).unwrap_or_default();
                import.alias = clause.named_child(0).map(|name| cx.of(name).to_owned());
            }
            _ => {}
        }
    }
    if let Some(source) = source {
        import.module = unquoted(source);
    }
    imports.extend(Some(import).filter(|import| !import.module.is_empty()));
}

fn clause_of<'t>(cx: &Cx<'_, 't>, clause: Node<'t>, import: &mut Import) {
    let mut cursor = clause.walk();
    for part in clause.named_children(&mut cursor) {
        match part.kind() {
            "identifier" => import.names.push(ImportedName {
                name: "default".to_owned(),
                alias: Some(cx.of(part).to_owned()),
            }),
            "namespace_import" => {
                import.alias = part.named_child(0).map(|name| cx.of(name).to_owned());
            }
            "named_imports" => import.names.extend(specifiers(cx, part)),
            _ => {}
        }
    }
}

fn specifiers<'t>(cx: &Cx<'_, 't>, list: Node<'t>) -> Vec<ImportedName> {
    let mut cursor = list.walk();
    list.named_children(&mut cursor)
        .filter_map(|part| {
            Some(ImportedName {
                name: cx.field(part, "name").map(unquoted)?,
                alias: cx.field(part, "alias").map(unquoted),
            })
        })
        .collect()
}

pub(super) fn reexport<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some(source) = cx.field(node, "source") else {
        return;
    };
    let mut import = Import {
        module: unquoted(source),
        is_reexport: true,
        is_wildcard: true,
        ..Import::default()
    };
    let mut cursor = node.walk();
    for part in node.named_children(&mut cursor) {
        match part.kind() {
            "export_clause" => {
                import.names = specifiers(cx, part);
                import.is_wildcard = false;
            }
            "namespace_export" => {
                import.alias = part.named_child(0).map(|name| cx.of(name).to_owned());
                import.is_wildcard = false;
            }
            _ => {}
        }
    }
    imports.push(import);
}

/// `export { a, b as c }`, `export default a`
pub(super) fn exported<'t>(cx: &Cx<'_, 't>, node: Node<'t>, names: &mut Vec<&'t str>) {
    if node.child_by_field_name("source").is_some() {
        return;
    }
    if let Some(value) = node.child_by_field_name("value") {
        names.push(cx.of(value));
    }
    let mut cursor = node.walk();
    for part in node.named_children(&mut cursor) {
        if part.kind() == "export_clause" {
            let mut cursor = part.walk();
            let specifiers = part.named_children(&mut cursor);
            names.extend(specifiers.filter_map(|one| cx.field(one, "name")));
        }
    }
}

/// `module.exports = { a, b: c }`, `module.exports = a`, `exports.a = a`
pub(super) fn common_exports<'t>(cx: &Cx<'_, 't>, node: Node<'t>, names: &mut Vec<&'t str>) {
    let left = cx.field(node, "left").unwrap_or_default();
    let Some(right) = node.child_by_field_name("right") else {
        return;
    };
    if left != "module.exports"
        && !left.starts_with("exports.")
        && !left.starts_with("module.exports.")
    {
        return;
    }
    names.push(left.rsplit('.').next().unwrap_or_default());
    if right.kind() != "object" {
        names.push(cx.of(right));
        return;
    }
    let mut cursor = right.walk();
    names.extend(
        right
            .named_children(&mut cursor)
            .map(|part| match part.kind() {
                "pair" => cx.field(part, "value").unwrap_or_default(),
                _ => cx.of(part),
            }),
    );
}

/// `const fs = require("fs")`, `const { a, b: c } = await import("x")`
pub(super) fn required<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some((name, value)) = node
        .child_by_field_name("name")
        .zip(node.child_by_field_name("value"))
    else {
        return;
    };
    let value = cx.bare(value);
    let (call, member) = match cx.member(value) {
        Some((Some(object), member)) => (cx.bare(object), Some(cx.of(member))),
        _ => (value, None),
    };
    let Some((module, kind)) = module_of(cx, call) else {
        return;
    };
    let mut import = Import {
        module,
        kind,
        ..Import::default()
    };
    let alias = |name: Node<'t>| Some(cx.of(name).to_owned());
    match (name.kind(), member) {
        ("identifier", Some(member)) => import.names.push(ImportedName {
            name: member.to_owned(),
            alias: alias(name),
        }),
        ("identifier", None) => import.alias = alias(name),
        _ => import.names = taken(cx, name),
    }
    imports.push(import);
}

/// The names that an object pattern takes.
fn taken<'t>(cx: &Cx<'_, 't>, pattern: Node<'t>) -> Vec<ImportedName> {
    let mut cursor = pattern.walk();
    pattern
        .named_children(&mut cursor)
        .map(|part| match part.kind() {
            "pair_pattern" => ImportedName {
                name: cx.field(part, "key").unwrap_or_default().to_owned(),
                alias: cx.field(part, "value").map(str::to_owned),
            },
            _ => ImportedName {
                name: cx.of(part).to_owned(),
                alias: None,
            },
        })
        .collect()
}

pub(super) fn dynamic<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    if let Some((module, kind)) = module_of(cx, node) {
        imports.push(Import {
            module,
            kind,
            ..Import::default()
        });
    }
}

/// The module that a call of `require` or `import` names.
fn module_of<'t>(cx: &Cx<'_, 't>, call: Node<'t>) -> Option<(String, ImportKind)> {
    if call.kind() != "call_expression" {
        return None;
    }
    let kind = match cx.field(call, "function")? {
        "require" => ImportKind::Module,
        "import" => ImportKind::Dynamic,
        _ => return None,
    };
    let arguments = call.child_by_field_name("arguments")?;
    let module = arguments
        .named_child(0)
        .filter(|module| module.kind() == "string")?;
    Some((unquoted(cx.of(module)), kind))
}
