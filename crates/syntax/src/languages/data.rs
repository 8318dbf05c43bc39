//! JSON, YAML and TOML: their upper keys.

use tree_sitter::Node;

use crate::facts::{Kind, Visibility};
use crate::rules::{Cx, Declared, Role, Rules, at};

use Role::*;

/// Keys below so many others are left out: they are data, not structure.
const MAX_DEPTH: usize = 3;

const DATA: Rules = Rules {
    grammar: || tree_sitter_json::LANGUAGE.into(),
    separator: ".",
    roles: &[],
    members: &[],
    indexes: &[],
    casts: &[],
    wrappers: &[],
    type_fields: &[],
    type_positions: &[],
    annotations: &[],
    pattern_leaves: &[],
    builtins: &[],
    closures: &[],
    first_result: false,
    plain_docs: true,
    visibility: |_| Visibility::Public,
    is_test: |_| false,
    finish: |_, _| {},
    readable: |_| None,
};

pub(crate) static JSON: Rules = Rules {
    roles: &[
        ("pair", Declares(pair)),
        ("array", Skip),
        ("comment", Comment),
    ],
    ..DATA
};

pub(crate) static YAML: Rules = Rules {
    grammar: || tree_sitter_yaml::LANGUAGE.into(),
    roles: &[
        ("block_mapping_pair", Declares(pair)),
        ("flow_pair", Declares(pair)),
        ("block_sequence", Skip),
        ("flow_sequence", Skip),
        ("comment", Comment),
    ],
    ..DATA
};

pub(crate) static TOML: Rules = Rules {
    grammar: || tree_sitter_toml_ng::LANGUAGE.into(),
    roles: &[
        ("table", Declares(table)),
        ("table_array_element", Declares(table)),
        ("pair", Declares(toml_pair)),
        ("array", Skip),
        ("comment", Comment),
    ],
    ..DATA
};

fn key<'t>(cx: &Cx<'_, 't>, node: Node<'t>, key: Node<'t>) -> Option<Declared<'t>> {
    if cx.depth >= MAX_DEPTH {
        return None;
    }
    let name = cx.of(key).trim_matches(['"', '\'']);
    let declared = Declared::named(name, Kind::Key, node)?;
    // What is longer than its line is shown by its key.
    Some(match node.start_position().row == node.end_position().row {
        true => declared,
        false => declared.ending(key.end_byte()),
    })
}

fn pair<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    key(cx, node, at(node, "key")?)
}

fn toml_pair<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    key(cx, node, at(node, "0")?)
}

fn table<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "0")?;
    let declared = Declared::named(cx.of(name), Kind::Key, node)?;
    let line = cx.of(node).lines().next().unwrap_or_default();
    Some(declared.ending(node.start_byte() + line.len()))
}
