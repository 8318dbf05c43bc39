//! What the index tells.

use mira_syntax::{Kind, Visibility};
use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

/// A declaration somewhere in the project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Element {
    /// Stays the same while kind and qualified name do.
    pub id: i64,
    pub path: String,
    pub language: Option<String>,
    pub kind: Kind,
    pub name: String,
    /// With the names around it, joined as its language does: `Point::new`.
    pub qualified_name: String,
    pub signature: String,
    pub visibility: Visibility,
    pub doc: Option<String>,
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    pub parent: Option<i64>,
    pub is_async: bool,
    pub is_test: bool,
    pub cyclomatic: u32,
    pub cognitive: u32,
}

pub(crate) const ELEMENT_COLUMNS: &str = "e.id, f.path, f.language, e.kind, e.name, \
     e.qualified_name, e.signature, e.visibility, e.doc, e.start_line, e.end_line, e.parent_id, \
     e.flags, e.cyclomatic, e.cognitive";

impl Element {
    /// From [`ELEMENT_COLUMNS`].
    pub(crate) fn of(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let flags: i64 = row.try_get(12)?;
        let kind: &str = row.try_get(3)?;
        let visibility: &str = row.try_get(7)?;
        Ok(Self {
            id: row.try_get(0)?,
            path: row.try_get(1)?,
            language: row.try_get(2)?,
            kind: Kind::from_word(kind).unwrap_or(Kind::Variable),
            name: row.try_get(4)?,
            qualified_name: row.try_get(5)?,
            signature: row.try_get(6)?,
            visibility: Visibility::from_word(visibility).unwrap_or(Visibility::Private),
            doc: row.try_get(8)?,
            start_line: row.try_get(9)?,
            end_line: row.try_get(10)?,
            parent: row.try_get(11)?,
            is_async: flags & flag::ASYNC != 0,
            is_test: flags & flag::TEST != 0,
            cyclomatic: row.try_get(13)?,
            cognitive: row.try_get(14)?,
        })
    }
}

/// Bits of `elements.flags`.
pub(crate) mod flag {
    pub const ASYNC: i64 = 1;
    pub const TEST: i64 = 2;
}

/// What a file is for, by its name and its own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Roles {
    pub is_test: bool,
    /// Written by a program, or minified.
    pub is_generated: bool,
    /// Brought along from elsewhere.
    pub is_vendored: bool,
}

impl Roles {
    /// Not what the project is made of: a test, or not written by its people.
    pub(crate) fn is_apart(self) -> bool {
        self.is_test || self.is_generated || self.is_vendored
    }

    pub(crate) fn bits(self) -> i64 {
        i64::from(self.is_test)
            | (i64::from(self.is_generated) << 1)
            | (i64::from(self.is_vendored) << 2)
    }

    pub(crate) fn of_bits(bits: i64) -> Self {
        Self {
            is_test: bits & 1 != 0,
            is_generated: bits & 2 != 0,
            is_vendored: bits & 4 != 0,
        }
    }
}

/// A file as the index knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileRow {
    pub id: i64,
    pub path: String,
    pub language: Option<String>,
    pub size_bytes: u64,
    pub lines: u32,
    pub roles: Roles,
    pub note: Option<FileNote>,
}

/// Why a file, or a part of it, is not in the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileNote {
    /// `too_large`, `binary`, `unreadable`, `link`, `odd`, `not_utf8`, `utf16`, `switched_off`, or
    /// a word of the parser (`timed_out`, `too_deep`, `too_many`, `broken`).
    pub kind: String,
    /// For people.
    pub text: String,
    /// Nothing of the file can be found but its name.
    pub is_skipped: bool,
}

/// Notes with which a file has no words in the index.
pub(crate) const SKIPPED: &[&str] = &[
    "too_large",
    "binary",
    "unreadable",
    "link",
    "odd",
    "switched_off",
];

pub(crate) const FILE_COLUMNS: &str =
    "f.id, f.path, f.language, f.size_bytes, f.lines, f.roles, f.note, f.note_text";

impl FileRow {
    /// From [`FILE_COLUMNS`].
    pub(crate) fn of(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        let kind: Option<String> = row.try_get(6)?;
        let text: Option<String> = row.try_get(7)?;
        Ok(Self {
            id: row.try_get(0)?,
            path: row.try_get(1)?,
            language: row.try_get(2)?,
            size_bytes: u64::try_from(row.try_get::<i64, _>(3)?).unwrap_or(0),
            lines: row.try_get(4)?,
            roles: Roles::of_bits(row.try_get(5)?),
            note: kind.map(|kind| FileNote {
                is_skipped: SKIPPED.contains(&kind.as_str()),
                text: text.unwrap_or_default(),
                kind,
            }),
        })
    }
}

/// A piece of a file: the unit that is ranked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Chunk {
    pub id: i64,
    pub file_id: i64,
    pub path: String,
    pub language: Option<String>,
    pub roles: Roles,
    /// The element it is, or is a part of.
    pub element: Option<i64>,
    /// 1-based, inclusive.
    pub start_line: u32,
    pub end_line: u32,
    /// When the file was last changed, Unix milliseconds.
    pub modified_ms: i64,
}

pub(crate) const CHUNK_COLUMNS: &str = "c.id, c.file_id, f.path, f.language, f.roles, \
     c.element_id, c.start_line, c.end_line, f.modified_ns";

impl Chunk {
    /// From [`CHUNK_COLUMNS`].
    pub(crate) fn of(row: &SqliteRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row.try_get(0)?,
            file_id: row.try_get(1)?,
            path: row.try_get(2)?,
            language: row.try_get(3)?,
            roles: Roles::of_bits(row.try_get(4)?),
            element: row.try_get(5)?,
            start_line: row.try_get(6)?,
            end_line: row.try_get(7)?,
            modified_ms: row.try_get::<i64, _>(8)? / 1_000_000,
        })
    }
}
