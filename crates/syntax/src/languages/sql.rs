//! SQL, of no dialect in particular.

use crate::facts::{Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Role, Rules, at};

use tree_sitter::Node;

use Role::*;

pub(crate) static SQL: Rules = Rules {
    grammar: || tree_sitter_sequel::LANGUAGE.into(),
    separator: ".",
    roles: &[
        (
            "create_table",
            Element(Kind::Table, ":object_reference/name", ":column_definitions"),
        ),
        (
            "create_view",
            Element(Kind::View, ":object_reference/name", ":create_query"),
        ),
        (
            "create_materialized_view",
            Element(Kind::View, ":object_reference/name", ":create_query"),
        ),
        (
            "create_function",
            Element(Kind::Function, ":object_reference/name", ":function_body"),
        ),
        ("create_trigger", Declares(trigger)),
        ("create_index", Element(Kind::Constant, "column", "")),
        (
            "create_type",
            Element(Kind::Type, ":object_reference/name", ""),
        ),
        ("column_definition", Element(Kind::Column, "name", "")),
        (
            "invocation",
            Uses(ReferenceKind::Call, ":object_reference", ""),
        ),
        ("field", Skip),
        ("object_reference", Member),
        ("comment", Comment),
        ("marginalia", Comment),
        ("literal", Text),
        ("case", Switch),
        ("when_clause", Case(".")),
    ],
    members: &[("object_reference", "schema", "name")],
    wrappers: &[],
    type_fields: &["type", "custom_type"],
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

fn trigger<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, ":object_reference/name")?;
    Declared::new(cx, Kind::Function, node, name, "")
}
