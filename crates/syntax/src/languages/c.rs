//! C and C++: one table, of which the grammar of C knows a part.

mod macros;

use tree_sitter::Node;

use crate::facts::{Import, ImportKind, Kind, ReferenceKind, Visibility};
use crate::rules::{Cx, Declared, Mode, Role, Rules, Seen, at, has_word};

use Role::*;

pub(crate) static C: Rules = rules(|| tree_sitter_c::LANGUAGE.into());
pub(crate) static CPP: Rules = rules(|| tree_sitter_cpp::LANGUAGE.into());

const fn rules(grammar: fn() -> tree_sitter::Language) -> Rules {
    Rules {
        grammar,
        separator: "::",
        roles: ROLES,
        members: &[
            ("field_expression", "argument", "field"),
            ("qualified_identifier", "scope", "name"),
        ],
        indexes: &["subscript_expression"],
        casts: &[("cast_expression", "type")],
        wrappers: &[
            ("parenthesized_expression", "0"),
            ("pointer_expression", "argument"),
            ("template_function", "name"),
            ("template_method", "name"),
            ("template_type", "name"),
            ("dependent_name", "0"),
            ("co_await_expression", "argument"),
            ("type_descriptor", "type"),
        ],
        type_fields: &["type"],
        type_positions: &["type"],
        annotations: &["attribute_declaration"],
        pattern_leaves: &["identifier"],
        builtins: &[
            "NULL", "nullptr", "size_t", "int8_t", "int16_t", "int32_t", "int64_t", "uint8_t",
            "uint16_t", "uint32_t", "uint64_t",
        ],
        closures: &[],
        first_result: false,
        plain_docs: true,
        visibility,
        is_test: |seen| seen.kind == Kind::Test,
        finish: |_, _| {},
        readable: macros::without_bare,
    }
}

static ROLES: &[(&str, Role)] = &[
    ("preproc_include", Imports(include)),
    ("using_declaration", Imports(using)),
    ("preproc_def", Element(Kind::Macro, "name", "value")),
    (
        "preproc_function_def",
        Element(Kind::Macro, "name", "value"),
    ),
    ("preproc_params", Names),
    ("preproc_defined", Skip),
    ("destructor_name", Label("0")),
    ("namespace_definition", Declares(namespace)),
    ("function_definition", Declares(function)),
    ("declaration", Declares(declaration)),
    ("field_declaration", Declares(field)),
    ("type_definition", Declares(type_definition)),
    ("alias_declaration", Element(Kind::Type, "name", "")),
    ("concept_definition", Element(Kind::Type, "name", "")),
    ("struct_specifier", Declares(record)),
    ("class_specifier", Declares(record)),
    ("union_specifier", Declares(record)),
    ("enum_specifier", Declares(record)),
    ("enumerator", Element(Kind::Variant, "name", "")),
    ("access_specifier", Section(section)),
    (
        "call_expression",
        Uses(ReferenceKind::Call, "function", "arguments"),
    ),
    (
        "new_expression",
        Uses(ReferenceKind::Construct, "type", "arguments"),
    ),
    (
        "compound_literal_expression",
        Uses(ReferenceKind::Construct, "type", ""),
    ),
    ("base_class_clause", In(Mode::Extends)),
    ("template_argument_list", In(Mode::Type)),
    ("template_parameter_list", Attribute),
    ("type_parameter_declaration", Label("0")),
    ("field_expression", Member),
    ("qualified_identifier", Member),
    ("identifier", Name),
    ("type_identifier", TypeName),
    (
        "declaration",
        Binds("declarator", "type", "declarator/value"),
    ),
    ("parameter_declaration", Binds("declarator", "type", "")),
    (
        "optional_parameter_declaration",
        Binds("declarator", "type", ""),
    ),
    ("for_range_loop", BindsEach("declarator", "type", "right")),
    ("lambda_capture_initializer", Binds("left", "", "right")),
    ("field_designator", Skip),
    ("comment", Comment),
    ("string_literal", Text),
    ("raw_string_literal", Text),
    ("if_statement", Branch),
    ("for_statement", Branch),
    ("for_range_loop", Branch),
    ("while_statement", Branch),
    ("do_statement", Branch),
    ("catch_clause", Branch),
    ("else_clause", Else),
    ("conditional_expression", Ternary),
    ("switch_statement", Switch),
    ("case_statement", Case("value")),
    ("goto_statement", Jump),
    (
        "binary_expression",
        Chain("operator", &["&&", "||", "and", "or"]),
    ),
    ("lambda_expression", Closure),
];

fn visibility(seen: &Seen<'_, '_>) -> Visibility {
    match seen.cx.parent {
        Some(parent) if matches!(parent.kind, Kind::Class) => {
            seen.section.unwrap_or(Visibility::Private)
        }
        Some(parent) if parent.kind == Kind::Struct => seen.section.unwrap_or(Visibility::Public),
        _ if has_word(
            seen.signature.split('(').next().unwrap_or_default(),
            "static",
        ) =>
        {
            Visibility::Private
        }
        _ => Visibility::Public,
    }
}

fn section(cx: &Cx<'_, '_>, node: Node<'_>) -> Option<Visibility> {
    Some(match cx.of(node).trim() {
        "public" => Visibility::Public,
        "protected" => Visibility::Protected,
        "private" => Visibility::Private,
        _ => return None,
    })
}

fn include<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some(path) = at(node, "path") else { return };
    let kind = match path.kind() {
        "system_lib_string" => ImportKind::System,
        "string_literal" => ImportKind::File,
        _ => return,
    };
    imports.push(Import {
        module: cx.of(path).trim_matches(['"', '<', '>']).to_owned(),
        kind,
        ..Import::default()
    });
}

/// `using namespace a::b;`, `using a::c;`
fn using<'t>(cx: &Cx<'_, 't>, node: Node<'t>, imports: &mut Vec<Import>) {
    let Some(path) = node.named_child(0) else {
        return;
    };
    let path = cx.of(path);
    let is_wildcard = has_word(cx.of(node), "namespace");
    let (module, name) = match path.rsplit_once("::") {
        Some((module, name)) if !is_wildcard => (module, Some(name)),
        _ => (path, None),
    };
    let names = name.map(|name| crate::facts::ImportedName {
        name: name.to_owned(),
        alias: None,
    });
    imports.push(Import {
        module: module.to_owned(),
        names: names.into_iter().collect(),
        is_wildcard,
        ..Import::default()
    });
}

fn namespace<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let name = at(node, "name")?;
    Declared::new(cx, Kind::Module, node, name, "body")
}

/// The declarator of a function inside those of pointers and references.
fn function_declarator(mut node: Node<'_>) -> Option<Node<'_>> {
    for _ in 0..16 {
        if node.kind() == "function_declarator" {
            // `int (*handler)(int)` is a variable.
            let is_pointer = at(node, "declarator")
                .is_some_and(|inner| inner.kind() == "parenthesized_declarator");
            return (!is_pointer).then_some(node);
        }
        node = at(node, "declarator").or_else(|| match node.kind() {
            "reference_declarator" => node.named_child(0),
            _ => None,
        })?;
    }
    None
}

/// The name of a function. In `API int (add)(int);` the macro is read as its type, and the name as a
/// parameter of `int`.
fn function_name(declarator: Node<'_>) -> Option<Node<'_>> {
    let name = at(declarator, "declarator")?;
    if name.kind() != "function_declarator" {
        return Some(name);
    }
    let parameters = at(name, "parameters").filter(|all| all.named_child_count() == 1)?;
    let only = parameters.named_child(0)?;
    at(only, "type")
        .filter(|word| word.kind() == "type_identifier")
        .or(Some(name))
}

/// The name in a declarator.
fn leaf(mut node: Node<'_>) -> Node<'_> {
    for _ in 0..16 {
        let inner = at(node, "declarator").or_else(|| match node.kind() {
            "reference_declarator" | "parenthesized_declarator" => node.named_child(0),
            _ => None,
        });
        match inner {
            Some(inner) => node = inner,
            None => break,
        }
    }
    node
}

fn function<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let declarator = function_declarator(at(node, "declarator")?)?;
    let name = function_name(declarator)?;
    if let Some(test) = test(cx, node, declarator) {
        return Some(test);
    }
    named(cx, node, name, Kind::Function, "body")
}

/// `TEST(Suite, adds) { … }`
fn test<'t>(cx: &Cx<'_, 't>, node: Node<'t>, declarator: Node<'t>) -> Option<Declared<'t>> {
    let word = cx.field(declarator, "declarator")?;
    let is_test = ["TEST", "TEST_F", "TEST_P", "TYPED_TEST", "TEST_CASE"].contains(&word);
    let names = cx.field(declarator, "parameters").filter(|_| is_test)?;
    let names = names.trim_matches(['(', ')', '"']).replace(", ", ".");
    let end = at(node, "body")?.start_byte();
    Some(Declared::named(&names, Kind::Test, node)?.ending(end))
}

/// A function or variable by its name, which may say what it belongs to: `Cart::add`.
fn named<'t>(
    cx: &Cx<'_, 't>,
    node: Node<'t>,
    name: Node<'t>,
    kind: Kind,
    body: &str,
) -> Option<Declared<'t>> {
    let mut leaf = name;
    while let Some((_, inner)) = cx.member(leaf) {
        leaf = inner;
    }
    let scope = cx.text.get(name.start_byte()..leaf.start_byte())?;
    let scope = scope.trim().trim_end_matches("::");
    // `Box<T>::add`
    let scope = scope.split('<').next().unwrap_or_default();
    let text = cx.of(cx.bare(leaf));
    let owner = match scope {
        "" => cx
            .parent
            .filter(|parent| parent.kind.is_type())
            .map(|parent| &*parent.name),
        scope => scope.rsplit("::").next(),
    };
    let kind = match kind {
        Kind::Function if owner.is_some_and(|owner| owner == text) => Kind::Constructor,
        Kind::Function if !scope.is_empty() => Kind::Method,
        kind => kind,
    };
    let declared = Declared::new(cx, kind, node, cx.bare(leaf), body)?;
    let around = cx.parent.map(|parent| parent.qualified_name.as_str());
    let qualifier = match (around, scope) {
        (_, "") => None,
        (Some(around), scope) => Some(format!("{around}::{scope}")),
        (None, scope) => Some(scope.to_owned()),
    };
    Some(Declared {
        qualifier,
        ..declared
    })
}

fn declaration<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let declarator = at(node, "declarator").filter(|_| !cx.is_local)?;
    if let Some(function) = function_declarator(declarator) {
        return named(cx, node, function_name(function)?, Kind::Function, "");
    }
    let kind = match has_word(cx.of(node).split('=').next().unwrap_or_default(), "const")
        || cx.of(node).starts_with("constexpr")
    {
        true => Kind::Constant,
        false => Kind::Variable,
    };
    variables(cx, node, kind)
}

fn variables<'t>(cx: &Cx<'_, 't>, node: Node<'t>, kind: Kind) -> Option<Declared<'t>> {
    let mut cursor = node.walk();
    let declarators: Vec<Node<'t>> = node
        .children_by_field_name("declarator", &mut cursor)
        .collect();
    let mut names = declarators.iter().map(|one| leaf(*one));
    let name = names.next()?;
    let also = names.collect();
    let end = declarators
        .first()
        .and_then(|one| at(*one, "value"))
        .map_or(node.end_byte(), |value| value.start_byte());
    let declared = named(cx, node, name, kind, "")?.ending(end);
    Some(Declared { also, ..declared })
}

fn field<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let declarator = at(node, "declarator")?;
    match function_declarator(declarator) {
        Some(function) => named(cx, node, function_name(function)?, Kind::Function, ""),
        None => variables(cx, node, Kind::Field),
    }
}

/// `typedef struct { … } Cart;` is a struct, other typedefs are types.
fn type_definition<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    let of = at(node, "type")?;
    let name = leaf(at(node, "declarator")?);
    let body = at(of, "body").filter(|_| at(of, "name").is_none());
    let Some(body) = body else {
        return Declared::new(cx, Kind::Type, node, name, "");
    };
    let kind = record_kind(of)?;
    let declared = Declared::new(cx, kind, node, name, "")?;
    Some(Declared {
        type_text: Some(String::new()),
        ..declared.ending(body.start_byte())
    })
}

fn record_kind(node: Node<'_>) -> Option<Kind> {
    Some(match node.kind() {
        "struct_specifier" => Kind::Struct,
        "class_specifier" => Kind::Class,
        "union_specifier" => Kind::Union,
        "enum_specifier" => Kind::Enum,
        _ => return None,
    })
}

/// With a body it is a declaration, without one a use.
fn record<'t>(cx: &Cx<'_, 't>, node: Node<'t>) -> Option<Declared<'t>> {
    at(node, "body")?;
    let name = cx.bare(at(node, "name")?);
    Declared::new(cx, record_kind(node)?, node, name, "body")
}
