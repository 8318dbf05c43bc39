//! Shell scripts.

use tree_sitter::Node;

use crate::facts::{Import, ImportKind, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Role, Rules, at};

use Role::*;

pub(crate) static BASH: Rules = Rules {
    grammar: || tree_sitter_bash::LANGUAGE.into(),
    separator: ".",
    roles: &[
        (
            "function_definition",
            Element(Kind::Function, "name", "body"),
        ),
        ("variable_assignment", Declares(variable)),
        ("variable_assignment", Binds("name", "", "")),
        ("command", Imports(source)),
        ("command", Uses(ReferenceKind::Call, "name/0", "")),
        ("variable_name", Name),
        ("for_statement", Binds("variable", "", "")),
        ("comment", Comment),
        ("string", Text),
        ("raw_string", Text),
        ("heredoc_body", Text),
        ("if_statement", Branch),
        ("for_statement", Branch),
        ("c_style_for_statement", Branch),
        ("while_statement", Branch),
        ("elif_clause", ElseIf),
        ("else_clause", Else),
        ("case_statement", Switch),
        ("case_item", Case(".")),
        ("list", Chain(":&&", &["&&"])),
        ("list", Chain(":||", &["||"])),
    ],
    members: &[],
    indexes: &[],
    casts: &[],
    wrappers: &[],
    type_fields: &[],
    type_positions: &[],
    annotations: &[],
    pattern_leaves: &["variable_name"],
    builtins: &[
        "echo", "cd", "exit", "return", "local", "set", "shift", "printf", "test", "[", "true",
        "false", ":", "eval", "exec", "export", "read", "trap",
    ],
    closures: &[],
    first_result: false,
    plain_docs: true,
    visibility: |_| Visibility::Public,
    is_test: |seen| seen.kind.is_callable() && seen.name.starts_with("test_"),
    finish: |_, _| {},
    readable: |_| None,
};

fn variable<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name").filter(|name| !cx.is_local && name.kind() == "variable_name")?;
    Declared::new(cx, Kind::Variable, node, name, "value")
}

/// `source a.sh`, `. ./a.sh`
fn source<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    if !matches!(cx.field(node, "name"), Some("source" | ".")) {
        return;
    }
    imports.extend(cx.field(node, "argument").map(|path| Import {
        module: path.trim_matches(['"', '\'']).to_owned(),
        kind: ImportKind::File,
        ..Import::default()
    }));
}
