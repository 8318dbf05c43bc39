//! Source text to outline: what a file declares, where, and how it is called.
//!
//! Pure: no files are opened, nothing is kept between calls. Broken code gives what can be had;
//! text in no known language gives nothing.

mod declarations;
mod markdown;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde::Serialize;
use tree_sitter::{Language, Node, ParseOptions, Parser, TreeCursor};

/// A declaration of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Element {
    pub kind: Kind,
    pub name: String,
    /// The declaration without its body, on one line, at most 160 characters.
    pub signature: String,
    /// 1-based, inclusive.
    pub start_line: usize,
    pub end_line: usize,
    /// How many elements it stands inside.
    pub depth: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Function,
    Method,
    Class,
    Struct,
    Enum,
    Union,
    Interface,
    Trait,
    Implementation,
    Module,
    Type,
    Constant,
    Variable,
    Macro,
    Heading,
}

/// Files larger than this, in bytes, have no outline.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// An outline has at most so many elements.
pub const MAX_ELEMENTS: usize = 2_000;

const TIME_LIMIT: Duration = Duration::from_millis(1_500);
const MAX_SIGNATURE_CHARS: usize = 160;
/// How deep in the syntax tree declarations are looked for.
const MAX_TREE_DEPTH: usize = 64;

/// The language of a file by its name, if it has an outline.
pub fn language(path: &str) -> Option<&'static str> {
    Some(match grammar(path)? {
        Grammar::Rust => "Rust",
        Grammar::TypeScript => "TypeScript",
        Grammar::Tsx => "TSX",
        Grammar::JavaScript => "JavaScript",
        Grammar::Python => "Python",
        Grammar::Go => "Go",
        Grammar::Markdown => "Markdown",
    })
}

/// The declarations of `text`, in the order in which they stand. Empty for other languages, for
/// texts over [`MAX_BYTES`], and where reading it takes longer than 1.5 s.
pub fn outline(path: &str, text: &str) -> Vec<Element> {
    let Some(grammar) = grammar(path).filter(|_| text.len() <= MAX_BYTES) else {
        return Vec::new();
    };
    if grammar == Grammar::Markdown {
        return markdown::headings(text);
    }
    parsed_outline(grammar, text).unwrap_or_default()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grammar {
    Rust,
    TypeScript,
    Tsx,
    JavaScript,
    Python,
    Go,
    Markdown,
}

impl Grammar {
    fn language(self) -> Option<Language> {
        Some(match self {
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::Markdown => return None,
        })
    }
}

fn grammar(path: &str) -> Option<Grammar> {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    let extension = name.rsplit_once('.')?.1.to_ascii_lowercase();
    Some(match extension.as_str() {
        "rs" => Grammar::Rust,
        "ts" | "mts" | "cts" => Grammar::TypeScript,
        "tsx" => Grammar::Tsx,
        "js" | "mjs" | "cjs" | "jsx" => Grammar::JavaScript,
        "py" | "pyi" => Grammar::Python,
        "go" => Grammar::Go,
        "md" | "markdown" => Grammar::Markdown,
        _ => return None,
    })
}

fn parsed_outline(grammar: Grammar, text: &str) -> Option<Vec<Element>> {
    let mut parser = Parser::new();
    parser.set_language(&grammar.language()?).ok()?;
    let begun = Instant::now();
    let mut give_up = |_: &tree_sitter::ParseState| match begun.elapsed() > TIME_LIMIT {
        true => ControlFlow::Break(()),
        false => ControlFlow::Continue(()),
    };
    let options = ParseOptions::new().progress_callback(&mut give_up);
    let bytes = text.as_bytes();
    let mut rest = |at: usize, _| bytes.get(at..).unwrap_or_default();
    let tree = parser.parse_with_options(&mut rest, None, Some(options))?;
    let mut walk = Walk {
        grammar,
        text,
        found: Vec::new(),
    };
    walk.broken_off(tree.root_node(), 0);
    walk.children(
        &mut tree.walk(),
        Place {
            depth: 0,
            tree_depth: 0,
            inside: None,
        },
    );
    Some(walk.found)
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    tree_depth: usize,
    /// The kind of the innermost element around it.
    inside: Option<Kind>,
}

struct Walk<'t> {
    grammar: Grammar,
    text: &'t str,
    found: Vec<Element>,
}

impl<'t> Walk<'t> {
    fn children(&mut self, cursor: &mut TreeCursor<'t>, place: Place) {
        if place.tree_depth > MAX_TREE_DEPTH || !cursor.goto_first_child() {
            return;
        }
        loop {
            let node = cursor.node();
            if node.is_named() && self.found.len() < MAX_ELEMENTS {
                self.visit(node, cursor, place);
            }
            if !cursor.goto_next_sibling() {
                break;
            }
        }
        cursor.goto_parent();
    }

    /// A declaration whose body never ends leaves only its first words in an error.
    fn broken_off(&mut self, node: Node<'t>, depth: usize) {
        if !node.is_error() {
            return;
        }
        let mut cursor = node.walk();
        let children: Vec<Node<'t>> = node.children(&mut cursor).take(MAX_ELEMENTS).collect();
        for pair in children.windows(2) {
            let name = pair[1];
            let kind = declarations::of_keyword(pair[0].kind());
            let (Some(kind), true) = (kind, name.is_named() && name.kind().contains("identifier"))
            else {
                continue;
            };
            let Some(text) = self.text.get(name.byte_range()) else {
                continue;
            };
            let line = self.text[pair[0].start_byte()..]
                .lines()
                .next()
                .unwrap_or_default();
            let start_line = name.start_position().row + 1;
            self.found.push(Element {
                kind,
                name: text.to_owned(),
                signature: one_line(line),
                start_line,
                end_line: start_line,
                depth,
            });
        }
    }

    fn visit(&mut self, node: Node<'t>, cursor: &mut TreeCursor<'t>, place: Place) {
        let below = Place {
            tree_depth: place.tree_depth + 1,
            ..place
        };
        match declarations::read(self.grammar, node, self.text, place.inside) {
            Some(declared) => {
                let end_of_signature = declared.signature_end.max(node.start_byte());
                self.found.push(Element {
                    kind: declared.kind,
                    name: declared.name,
                    signature: declared.prefix.to_owned()
                        + &one_line(&self.text[node.start_byte()..end_of_signature]),
                    start_line: node.start_position().row + 1,
                    end_line: last_line(node),
                    depth: place.depth,
                });
                if declared.has_members {
                    let inside = Some(declared.kind);
                    self.children(
                        cursor,
                        Place {
                            depth: place.depth + 1,
                            inside,
                            ..below
                        },
                    );
                }
            }
            None if declarations::is_transparent(node, place.inside) => {
                self.broken_off(node, place.depth);
                self.children(cursor, below);
            }
            None => {}
        }
    }
}

/// A node that ends with a line break ends on the line before.
fn last_line(node: Node<'_>) -> usize {
    let end = node.end_position();
    let row = if end.column == 0 && end.row > node.start_position().row {
        end.row
    } else {
        end.row + 1
    };
    row.max(node.start_position().row + 1)
}

fn one_line(text: &str) -> String {
    let mut line = String::new();
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > MAX_SIGNATURE_CHARS * 4 {
            break;
        }
    }
    let line = line.trim_end_matches(['{', ':', '=', ';', ' ']);
    match line.char_indices().nth(MAX_SIGNATURE_CHARS) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line.to_owned(),
    }
}
