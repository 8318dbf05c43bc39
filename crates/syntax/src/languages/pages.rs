//! HTML, CSS and Markdown: what can be pointed at in a page, a style sheet, a text.

use tree_sitter::Node;

use crate::facts::{FileFacts, Import, ImportKind, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Found, Role, Rules, at};

use Role::*;

const PAGE: Rules = Rules {
    grammar: || tree_sitter_html::LANGUAGE.into(),
    separator: " > ",
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

pub(crate) static HTML: Rules = Rules {
    roles: &[
        ("element", Declares(tag)),
        ("element", Imports(link)),
        ("script_element", Imports(script)),
        ("raw_text", Skip),
        ("text", Prose),
        ("comment", Comment),
    ],
    ..PAGE
};

pub(crate) static CSS: Rules = Rules {
    grammar: || tree_sitter_css::LANGUAGE.into(),
    roles: &[
        ("import_statement", Imports(import)),
        ("rule_set", Declares(rule_set)),
        ("keyframes_statement", Declares(at_rule)),
        ("media_statement", Declares(at_rule)),
        ("supports_statement", Declares(at_rule)),
        ("declaration", Declares(custom_property)),
        ("plain_value", Finds(custom_value)),
        ("comment", Comment),
    ],
    ..PAGE
};

pub(crate) static MARKDOWN: Rules = Rules {
    grammar: || tree_sitter_md::LANGUAGE.into(),
    roles: &[
        ("atx_heading", Declares(heading)),
        ("setext_heading", Declares(heading)),
        ("paragraph", Prose),
        ("pipe_table", Prose),
        ("code_fence_content", Prose),
        ("indented_code_block", Prose),
    ],
    finish: nest,
    readable: |_| None,
    ..PAGE
};

/// The value of an attribute of a tag.
fn attribute<'t>(cx: &Cx<'_, 't>, tag: Node<'t>, name: &str) -> Option<&'t str> {
    let mut cursor = tag.walk();
    let mut attributes = tag.named_children(&mut cursor);
    let found = attributes.find(|one| cx.field(*one, ":attribute_name") == Some(name))?;
    let value = cx.field(found, "-1")?.trim_matches(['"', '\'']);
    (!value.is_empty() && value != name).then_some(value)
}

fn start<'t>(node: Node<'t>) -> Option<Node<'t>> {
    at(node, ":start_tag").or_else(|| at(node, ":self_closing_tag"))
}

/// A heading, or what has an `id`.
fn tag<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let start = start(node)?;
    let name = cx.field(start, ":tag_name")?;
    let is_heading = matches!(name, "h1" | "h2" | "h3" | "h4" | "title");
    let text = at(node, ":text")
        .map(|text| cx.of(text))
        .filter(|_| is_heading);
    let (kind, name) = match (text, attribute(cx, start, "id")) {
        (Some(text), _) => (Kind::Heading, text),
        (None, Some(id)) => (Kind::Tag, id),
        (None, None) => return None,
    };
    Some(Declared::named(name, kind, node)?.ending(start.end_byte()))
}

fn link<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some(start) = start(node).filter(|tag| cx.field(*tag, ":tag_name") == Some("link")) else {
        return;
    };
    imports.extend(attribute(cx, start, "href").map(file));
}

fn script<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    imports.extend(
        start(node)
            .and_then(|tag| attribute(cx, tag, "src"))
            .map(file),
    );
}

fn file(path: &str) -> Import {
    Import {
        module: path.to_owned(),
        kind: ImportKind::File,
        ..Import::default()
    }
}

/// `@import "a.css"`, `@import url(a.css)`
fn import<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let text = cx.of(node).trim_start_matches("@import").trim();
    let path = text
        .trim_start_matches("url(")
        .trim_matches(['"', '\''])
        .split(['"', '\'', ')', ';', ' '])
        .next();
    imports.extend(path.filter(|path| !path.is_empty()).map(file));
}

fn rule_set<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let selectors = at(node, ":selectors")?;
    let name = crate::signature::cut(cx.of(selectors), 120);
    Some(Declared::named(&name, Kind::Selector, node)?.ending(selectors.end_byte()))
}

/// `@media …`, `@keyframes …`: named by all that stands before the block.
fn at_rule<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let body = at(node, ":block").or_else(|| at(node, ":keyframe_block_list"))?;
    let name = cx.text.get(node.start_byte()..body.start_byte())?;
    let name = crate::signature::cut(name, 120);
    Some(Declared::named(&name, Kind::Selector, node)?.ending(body.start_byte()))
}

fn custom_property<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "0").filter(|name| cx.of(*name).starts_with("--"))?;
    Declared::new(cx, Kind::Variable, node, name, "")
}

/// `var(--main)`
fn custom_value<'t>(cx: &Cx<'_, 't>, node: Node<'t>, found: &mut Vec<Found<'t>>) {
    if cx.of(node).starts_with("--") {
        found.push(Found {
            kind: ReferenceKind::Read,
            name: node,
            receiver: None,
            arguments: None,
        });
    }
}

/// `## Name ##`, or a line with `====` or `----` below it.
fn heading<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let content = at(node, "heading_content")?;
    let text = cx.of(content);
    let name = text.trim().trim_end_matches('#').trim_end();
    let indent = text.len() - text.trim_start().len();
    let prefix = match cx.field(node, "-1") {
        _ if node.kind() == "atx_heading" => "",
        Some(mark) if mark.starts_with('=') => "# ",
        _ => "## ",
    };
    let begins = match prefix {
        "" => node.start_byte(),
        _ => content.start_byte(),
    };
    let declared = Declared::named(name, Kind::Heading, node)?;
    Some(Declared {
        prefix,
        signature: begins..content.start_byte() + indent + name.len(),
        ..declared
    })
}

/// A heading reaches to the next of its level or above; what stands below it belongs to it.
fn nest(facts: &mut FileFacts, text: &str) {
    let mut open: Vec<(usize, usize)> = Vec::new();
    for index in 0..facts.elements.len() {
        let (done, rest) = facts.elements.split_at_mut(index);
        let element = &mut rest[0];
        let level = element.signature.chars().take_while(|c| *c == '#').count();
        while let Some((_, above)) = open.pop_if(|(above, _)| *above >= level) {
            done[above].end_line = element.start_line - 1;
            done[above].bytes.end = element.bytes.start;
        }
        element.parent = open.last().map(|(_, above)| *above);
        if let Some(above) = element.parent {
            element.qualified_name = format!("{} > {}", done[above].qualified_name, element.name);
        }
        open.push((level, index));
    }
    for (_, index) in open {
        facts.elements[index].end_line = facts.lines;
        facts.elements[index].bytes.end = text.len();
    }
    for text in &mut facts.texts {
        let below = facts
            .elements
            .partition_point(|element| element.start_line <= text.line);
        text.within = below.checked_sub(1);
    }
}
