//! Which nodes of which grammar declare something.

use tree_sitter::Node;

use crate::{Grammar, Kind};

pub(crate) struct Declared {
    pub kind: Kind,
    pub name: String,
    /// The word before the node that belongs to the signature, with a blank.
    pub prefix: &'static str,
    /// Byte at which the signature ends.
    pub signature_end: usize,
    /// Its members are elements too.
    pub has_members: bool,
}

pub(crate) fn read(
    grammar: Grammar,
    node: Node<'_>,
    text: &str,
    inside: Option<Kind>,
) -> Option<Declared> {
    if node.is_error() || node.is_missing() {
        return None;
    }
    match grammar {
        Grammar::Rust => rust(node, text, inside),
        Grammar::Python => python(node, text, inside),
        Grammar::Go => go(node, text),
        Grammar::TypeScript | Grammar::Tsx | Grammar::JavaScript => script(node, text, inside),
        Grammar::Markdown => None,
    }
}

/// What a word declares that begins a declaration.
pub(crate) fn of_keyword(word: &str) -> Option<Kind> {
    Some(match word {
        "fn" | "def" | "func" | "function" => Kind::Function,
        "class" => Kind::Class,
        "struct" => Kind::Struct,
        "enum" => Kind::Enum,
        "trait" => Kind::Trait,
        "interface" => Kind::Interface,
        "mod" => Kind::Module,
        _ => return None,
    })
}

/// Nodes that declare nothing themselves but hold declarations. Broken code counts: what stands
/// whole inside it is found.
pub(crate) fn is_transparent(node: Node<'_>, inside: Option<Kind>) -> bool {
    if inside.is_some_and(|kind| matches!(kind, Kind::Function | Kind::Method)) {
        return false;
    }
    node.is_error()
        || matches!(
            node.kind(),
            "declaration_list"
                | "class_body"
                | "interface_body"
                | "object_type"
                | "enum_body"
                | "statement_block"
                | "block"
                | "decorated_definition"
                | "export_statement"
                | "expression_statement"
                | "ambient_declaration"
                | "lexical_declaration"
                | "variable_declaration"
                | "const_declaration"
                | "var_declaration"
                | "var_spec_list"
                | "type_declaration"
                | "if_statement"
                | "else_clause"
                | "try_statement"
                | "foreign_mod_item"
        )
}

fn rust(node: Node<'_>, text: &str, inside: Option<Kind>) -> Option<Declared> {
    let in_type = matches!(inside, Some(Kind::Implementation | Kind::Trait));
    let kind = match node.kind() {
        "function_item" | "function_signature_item" if in_type => Kind::Method,
        "function_item" | "function_signature_item" => Kind::Function,
        "struct_item" => Kind::Struct,
        "enum_item" => Kind::Enum,
        "union_item" => Kind::Union,
        "trait_item" => Kind::Trait,
        "mod_item" => Kind::Module,
        "type_item" => Kind::Type,
        "const_item" | "static_item" => Kind::Constant,
        "macro_definition" => Kind::Macro,
        "impl_item" => {
            let name = field(node, "type", text)?;
            let signature_end = body_start(node);
            let kind = Kind::Implementation;
            return Some(Declared {
                kind,
                name,
                signature_end,
                has_members: true,
                prefix: "",
            });
        }
        _ => return None,
    };
    let name = field(node, "name", text)?;
    let signature_end = match kind {
        Kind::Constant => field_start(node, "value").unwrap_or(node.end_byte()),
        Kind::Macro => node.child_by_field_name("name")?.end_byte(),
        _ => body_start(node),
    };
    let has_members = matches!(kind, Kind::Trait | Kind::Module);
    Some(Declared {
        kind,
        name,
        prefix: "",
        signature_end,
        has_members,
    })
}

fn python(node: Node<'_>, text: &str, inside: Option<Kind>) -> Option<Declared> {
    match node.kind() {
        "function_definition" => {
            let kind = if inside == Some(Kind::Class) {
                Kind::Method
            } else {
                Kind::Function
            };
            let name = field(node, "name", text)?;
            Some(Declared {
                kind,
                name,
                signature_end: body_start(node),
                has_members: false,
                prefix: "",
            })
        }
        "class_definition" => {
            let name = field(node, "name", text)?;
            let (kind, signature_end) = (Kind::Class, body_start(node));
            Some(Declared {
                kind,
                name,
                signature_end,
                has_members: true,
                prefix: "",
            })
        }
        // Constants by their spelling.
        "assignment" if inside.is_none() => {
            let name = field(node, "left", text)?;
            let is_constant = name.chars().any(|c| c.is_ascii_uppercase())
                && name
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
            let signature_end = field_start(node, "right").unwrap_or(node.end_byte());
            is_constant.then_some(Declared {
                kind: Kind::Constant,
                name,
                signature_end,
                has_members: false,
                prefix: "",
            })
        }
        _ => None,
    }
}

fn go(node: Node<'_>, text: &str) -> Option<Declared> {
    let kind = match node.kind() {
        "function_declaration" => Kind::Function,
        "method_declaration" => Kind::Method,
        "type_spec" | "type_alias" => match node.child_by_field_name("type")?.kind() {
            "struct_type" => Kind::Struct,
            "interface_type" => Kind::Interface,
            _ => Kind::Type,
        },
        "const_spec" => Kind::Constant,
        "var_spec" => Kind::Variable,
        _ => return None,
    };
    let name = field(node, "name", text)?;
    let signature_end = match kind {
        Kind::Function | Kind::Method => body_start(node),
        Kind::Struct | Kind::Interface => {
            let body = node.child_by_field_name("type")?;
            let brace = text.get(body.byte_range())?.find('{').unwrap_or(0);
            body.start_byte() + brace
        }
        Kind::Type => node.end_byte(),
        _ => field_start(node, "value").unwrap_or(node.end_byte()),
    };
    let prefix = match kind {
        Kind::Constant => "const ",
        Kind::Variable => "var ",
        Kind::Struct | Kind::Interface | Kind::Type => "type ",
        _ => "",
    };
    Some(Declared {
        kind,
        name,
        prefix,
        signature_end,
        has_members: false,
    })
}

fn script(node: Node<'_>, text: &str, inside: Option<Kind>) -> Option<Declared> {
    let kind = match node.kind() {
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            Kind::Function
        }
        "class_declaration" | "abstract_class_declaration" => Kind::Class,
        "method_definition" | "method_signature" | "abstract_method_signature" => Kind::Method,
        "interface_declaration" => Kind::Interface,
        "type_alias_declaration" => Kind::Type,
        "enum_declaration" => Kind::Enum,
        "internal_module" | "module" => Kind::Module,
        "variable_declarator" => return variable(node, text),
        "public_field_definition" | "field_definition" => {
            let value = node
                .child_by_field_name("value")
                .filter(|value| is_function(*value))?;
            let name = field(node, "name", text).or_else(|| field(node, "property", text))?;
            let (kind, signature_end) = (Kind::Method, body_start(value));
            return Some(Declared {
                kind,
                name,
                signature_end,
                has_members: false,
                prefix: "",
            });
        }
        _ => return None,
    };
    // Methods of object types in annotations are not declarations of the file.
    if kind == Kind::Method && !matches!(inside, Some(Kind::Class | Kind::Interface)) {
        return None;
    }
    let name = field(node, "name", text)?;
    let signature_end = match kind {
        Kind::Type => field_start(node, "value").unwrap_or(node.end_byte()),
        _ => body_start(node),
    };
    let has_members = matches!(kind, Kind::Class | Kind::Interface | Kind::Module);
    Some(Declared {
        kind,
        name,
        prefix: "",
        signature_end,
        has_members,
    })
}

fn variable(node: Node<'_>, text: &str) -> Option<Declared> {
    let name = node
        .child_by_field_name("name")
        .filter(|name| name.kind() == "identifier")?;
    let name = text.get(name.byte_range())?.to_owned();
    let value = node.child_by_field_name("value");
    let is_const = node.parent().is_some_and(|parent| {
        text.get(parent.byte_range())
            .is_some_and(|text| text.starts_with("const"))
    });
    let (kind, signature_end) = match value {
        Some(value) if is_function(value) => (Kind::Function, body_start(value)),
        Some(value) if is_const => (Kind::Constant, value.start_byte()),
        Some(value) => (Kind::Variable, value.start_byte()),
        None => (Kind::Variable, node.end_byte()),
    };
    let prefix = if is_const { "const " } else { "let " };
    Some(Declared {
        kind,
        name,
        prefix,
        signature_end,
        has_members: false,
    })
}

fn is_function(node: Node<'_>) -> bool {
    matches!(
        node.kind(),
        "arrow_function" | "function_expression" | "function" | "generator_function"
    )
}

fn field(node: Node<'_>, name: &str, text: &str) -> Option<String> {
    let child = node.child_by_field_name(name)?;
    let name = text
        .get(child.byte_range())?
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    (!name.is_empty()).then_some(name)
}

fn field_start(node: Node<'_>, name: &str) -> Option<usize> {
    node.child_by_field_name(name)
        .map(|child| child.start_byte())
}

fn body_start(node: Node<'_>) -> usize {
    field_start(node, "body").unwrap_or(node.end_byte())
}
