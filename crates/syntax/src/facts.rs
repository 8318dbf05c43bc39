//! What is known of a file from its text alone.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Everything one pass over a file finds. Names are as written: which file or package an import
/// means, and which element a name means, is for others to find out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFacts {
    /// `Rust`, `TSX`; none where no grammar fits the file's name.
    pub language: Option<String>,
    /// Lines of the text; a last line without a line break counts.
    pub lines: usize,
    /// The package or namespace the whole file stands in, where its language says so in the file
    /// (Go, Java, Kotlin, Scala, C#, PHP).
    pub package: Option<String>,
    /// What the file says of itself at its top.
    pub doc: Option<String>,
    /// A comment at the top says that a program wrote it, or its lines are those of a minified
    /// file.
    pub is_generated: bool,
    /// In the order in which they begin; a parent stands before what is inside it.
    pub elements: Vec<Element>,
    /// In the order in which they stand. Each call and each construction; types, and names read
    /// as values, once for each element they stand in.
    pub references: Vec<Reference>,
    pub imports: Vec<Import>,
    /// Variables, parameters and fields whose type is said or evident.
    pub bindings: Vec<Binding>,
    pub texts: Vec<Text>,
    /// What was left out, and why. Empty: everything was read and understood.
    pub notes: Vec<Note>,
}

/// Something a file declares.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Element {
    pub kind: Kind,
    pub name: String,
    /// The name with those of the elements around it (or of its receiver type), joined as its
    /// language joins them: `Point::new`, `Shop.Cart.add`. Without the file's package.
    pub qualified_name: String,
    /// The declaration without its body, on one line, at most 160 characters.
    pub signature: String,
    pub visibility: Visibility,
    /// The comment that belongs to it, without its marks.
    pub doc: Option<String>,
    /// The declared type of a field, variable or constant; what a function returns. As written.
    pub type_text: Option<String>,
    /// Byte offsets into the text.
    pub bytes: Range<usize>,
    /// 1-based, inclusive.
    pub start_line: usize,
    pub end_line: usize,
    /// Where the name stands (1-based); differs from `start_line` where attributes come first.
    pub name_line: usize,
    /// The innermost element around it: an index into [`FileFacts::elements`], smaller than its
    /// own.
    pub parent: Option<usize>,
    pub is_async: bool,
    /// It is a test, or stands inside one.
    pub is_test: bool,
    /// Paths through it (McCabe): 1 + branches, loops, cases and short circuits. Zero for what
    /// has no code of its own. Local functions count for themselves, closures for the function
    /// around them.
    pub cyclomatic: u32,
    /// How hard it is to follow: breaks in the flow, weighed by how deep they are nested.
    pub cognitive: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Function,
    Method,
    Constructor,
    Class,
    Struct,
    Enum,
    Union,
    Interface,
    Trait,
    /// Rust `impl`, Swift `extension`: named after the type.
    Implementation,
    /// A module, namespace or package with members.
    Module,
    /// A type alias, or a type of another sort.
    Type,
    Constant,
    Variable,
    Field,
    Property,
    /// A case of an enum.
    Variant,
    Macro,
    /// A test that has a sentence for a name: `it("adds", …)`.
    Test,
    Heading,
    /// A key of a data file.
    Key,
    /// A style rule, named by its selector.
    Selector,
    /// An element of a page that can be pointed at.
    Tag,
    Table,
    View,
    Column,
}

impl Kind {
    pub const ALL: [Self; 26] = [
        Self::Function,
        Self::Method,
        Self::Constructor,
        Self::Class,
        Self::Struct,
        Self::Enum,
        Self::Union,
        Self::Interface,
        Self::Trait,
        Self::Implementation,
        Self::Module,
        Self::Type,
        Self::Constant,
        Self::Variable,
        Self::Field,
        Self::Property,
        Self::Variant,
        Self::Macro,
        Self::Test,
        Self::Heading,
        Self::Key,
        Self::Selector,
        Self::Tag,
        Self::Table,
        Self::View,
        Self::Column,
    ];

    /// The word that stands for it in tables and messages: `function`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Method => "method",
            Self::Constructor => "constructor",
            Self::Class => "class",
            Self::Struct => "struct",
            Self::Enum => "enum",
            Self::Union => "union",
            Self::Interface => "interface",
            Self::Trait => "trait",
            Self::Implementation => "implementation",
            Self::Module => "module",
            Self::Type => "type",
            Self::Constant => "constant",
            Self::Variable => "variable",
            Self::Field => "field",
            Self::Property => "property",
            Self::Variant => "variant",
            Self::Macro => "macro",
            Self::Test => "test",
            Self::Heading => "heading",
            Self::Key => "key",
            Self::Selector => "selector",
            Self::Tag => "tag",
            Self::Table => "table",
            Self::View => "view",
            Self::Column => "column",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// It can be called and has code of its own.
    pub fn is_callable(self) -> bool {
        matches!(
            self,
            Self::Function | Self::Method | Self::Constructor | Self::Macro | Self::Test
        )
    }

    /// It names a type.
    pub fn is_type(self) -> bool {
        matches!(
            self,
            Self::Class
                | Self::Struct
                | Self::Enum
                | Self::Union
                | Self::Interface
                | Self::Trait
                | Self::Type
        )
    }

    /// A part of a type that is not code: a field, a case.
    pub fn is_member(self) -> bool {
        matches!(self, Self::Field | Self::Variant | Self::Column)
    }
}

/// Who may use an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Everybody who can name what is around it.
    Public,
    /// Its package, crate, module or assembly.
    Internal,
    /// Its type and those derived from it.
    Protected,
    /// Its type or file.
    Private,
    /// Stands inside a function.
    Local,
}

impl Visibility {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Protected => "protected",
            Self::Private => "private",
            Self::Local => "local",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        [
            Self::Public,
            Self::Internal,
            Self::Protected,
            Self::Private,
            Self::Local,
        ]
        .into_iter()
        .find(|visibility| visibility.as_str() == word)
    }
}

/// A name used, not declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    pub kind: ReferenceKind,
    /// The last word: `push` in `self.items.push(1)`.
    pub name: String,
    /// What stands before it, on one line, at most 120 characters: `self.items`, `std::fs`.
    /// A longer chain is cut from its left and begins with `…`.
    pub receiver: Option<String>,
    /// How many arguments a call gives.
    pub arguments: Option<u32>,
    /// 1-based.
    pub line: usize,
    /// Byte offset of the name.
    pub byte: usize,
    /// The innermost element it stands in; none at the top of the file.
    pub within: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReferenceKind {
    Call,
    /// A new value of a type: `new Box()`, `Point { … }`.
    Construct,
    Macro,
    Type,
    /// A type that the element around it extends or implements.
    Extends,
    /// A decorator, annotation or attribute.
    Decorator,
    /// A name used as a value: a constant, a function passed on, a field. Local variables are
    /// left out.
    Read,
}

impl ReferenceKind {
    pub const ALL: [Self; 7] = [
        Self::Call,
        Self::Construct,
        Self::Macro,
        Self::Type,
        Self::Extends,
        Self::Decorator,
        Self::Read,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Construct => "construct",
            Self::Macro => "macro",
            Self::Type => "type",
            Self::Extends => "extends",
            Self::Decorator => "decorator",
            Self::Read => "read",
        }
    }

    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// One module that a file brings in. `use a::{b, c::d}` is two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// As written, without quotes: `std::fs`, `../shape`, `..pkg.mod`, `stdio.h`, `java.util`.
    pub module: String,
    /// What is taken out of it. Empty: the module itself.
    pub names: Vec<ImportedName>,
    /// The name the module itself gets here: `np` in `import numpy as np`.
    pub alias: Option<String>,
    pub kind: ImportKind,
    /// Everything in it: `use a::*`, `from a import *`.
    pub is_wildcard: bool,
    /// It is given on to others: `pub use`, `export … from`.
    pub is_reexport: bool,
    /// 1-based.
    pub line: usize,
    pub within: Option<usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedName {
    pub name: String,
    pub alias: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportKind {
    /// Named by its module path.
    #[default]
    Module,
    /// A file of its own that belongs to this module: Rust `mod name;`.
    Submodule,
    /// A path beside the file: `#include "a.h"`, `require_relative`, `source a.sh`.
    File,
    /// A path on the system's search path: `#include <a.h>`.
    System,
    /// Asked for while running: `import("…")`, `importlib.import_module("…")`.
    Dynamic,
}

/// A variable whose type can be known where it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// `cart`; `self.cart` or `this.cart` for a field set in a body.
    pub name: String,
    /// Its type as written, or that of the value made for it (`new Cart()`).
    pub type_text: Option<String>,
    /// The function whose result it is, with its receiver: `Cart::open`, `shop.cart`.
    pub call: Option<String>,
    /// The variable, field or part that it is, as written: `self.items[0]`, `cart`.
    pub value: Option<String>,
    /// It is each of what `call` or `value` holds, one after the other.
    pub is_each: bool,
    /// It is a parameter of a function without a name that is given to `call`.
    pub given: Option<Given>,
    /// The last line of the function without a name that it counts in, 1-based.
    pub until: Option<usize>,
    /// 1-based.
    pub line: usize,
    pub within: Option<usize>,
}

/// Which parameter of which argument, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Given {
    pub argument: usize,
    pub parameter: usize,
    /// How many parameters there are.
    pub of: usize,
}

/// Words for people in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Text {
    pub kind: TextKind,
    /// Without marks and quotes.
    pub text: String,
    /// 1-based, where it begins.
    pub line: usize,
    /// The element it stands in, or belongs to.
    pub within: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextKind {
    Comment,
    Doc,
    String,
}

/// Something that was not read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub kind: NoteKind,
    /// For people: `2.1 MB; files over 2 MB are not parsed`.
    pub text: String,
    /// 1-based, where it can be said.
    pub line: Option<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    TooLarge,
    Binary,
    TimedOut,
    TooDeep,
    TooMany,
    /// The text does not follow its grammar in places; what stands whole was read.
    Broken,
}

/// How much a file may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Larger files are not parsed.
    pub bytes: usize,
    /// For parsing and reading together, in which the thread worked (on Windows: by the clock).
    pub time: Duration,
    /// Levels of the syntax tree.
    pub depth: usize,
    pub elements: usize,
    /// References, and bindings.
    pub references: usize,
    pub texts: usize,
    /// Characters of one comment or string; longer ones are cut.
    pub text_chars: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 2 * 1024 * 1024,
            time: Duration::from_millis(1_500),
            depth: 1_000,
            elements: 20_000,
            references: 100_000,
            texts: 50_000,
            text_chars: 4_000,
        }
    }
}
