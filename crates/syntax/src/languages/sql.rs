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
    indexes: &[],
    casts: &[],
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
    readable: without_options,
};

/// What SQLite writes behind the columns of a table, and the grammar does not know.
const OPTIONS: [&str; 2] = ["STRICT", "WITHOUT ROWID"];

/// More of them, and the blanks between them, is not looked through, in bytes.
const LONGEST: usize = 100;

/// The text with `STRICT` and `WITHOUT ROWID` blank between a bracket and the end of its statement.
fn without_options(text: &str) -> Option<String> {
    let mut readable = String::with_capacity(text.len());
    for (at, _) in text.match_indices(')') {
        let behind = &text[at + 1..];
        let behind = &behind[..behind.floor_char_boundary(LONGEST)];
        let Some((options, _)) = behind.split_once(';') else {
            continue;
        };
        let mut words = options.split(',').map(|one| {
            let words: Vec<&str> = one.split_whitespace().collect();
            words.join(" ").to_uppercase()
        });
        if words.all(|one| OPTIONS.contains(&one.as_str())) {
            readable.push_str(&text[readable.len()..=at]);
            let blank = |letter: char| if letter == '\n' { '\n' } else { ' ' };
            readable.extend(options.chars().map(blank));
        }
    }
    if readable.is_empty() {
        return None;
    }
    readable.push_str(&text[readable.len()..]);
    Some(readable)
}

fn trigger<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, ":object_reference/name")?;
    Declared::new(cx, Kind::Function, node, name, "")
}

#[cfg(test)]
mod tests {
    use super::without_options;

    #[test]
    fn options_of_tables_are_blank_and_nothing_else() {
        let text =
            "CREATE TABLE a (b INTEGER CHECK (b > 0)) strict,\n  WITHOUT  ROWID;\nSELECT (1);";
        let readable = without_options(text).unwrap();
        assert_eq!(readable.len(), text.len());
        let code: Vec<&str> = readable.split_whitespace().collect();
        assert_eq!(
            code.join(" "),
            "CREATE TABLE a (b INTEGER CHECK (b > 0)) ; SELECT (1);"
        );
        assert_eq!(without_options("SELECT (1) strict_mode; x (größe"), None);
    }
}
