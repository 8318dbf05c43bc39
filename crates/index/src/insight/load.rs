//! The whole project out of the index.

use std::collections::HashMap;
use std::path::Path;

use mira_syntax::{Kind, ReferenceKind, Visibility};
use sqlx::Row as _;
use tokio_util::sync::CancellationToken;

use super::code::{Code, CodeEdge, CodeElement, CodeFile};
use super::duplicates::Prints;
use crate::model::{Roles, flag};
use crate::uses::Uses;
use crate::{Index, IndexError, reading};

/// Larger files are looked through for copies by nobody.
const MAX_BYTES: u64 = 1024 * 1024;

impl Index {
    /// All files, elements and uses as they are in the index; the text of files from disk.
    pub(super) async fn code(&self, cancel: &CancellationToken) -> Result<Code, IndexError> {
        let mut code = Code::default();
        let mut files: HashMap<i64, usize> = HashMap::new();
        let rows = sqlx::query("SELECT id, path, language, lines, roles FROM files ORDER BY path")
            .fetch_all(self.reader())
            .await?;
        for row in &rows {
            files.insert(row.try_get(0)?, code.files.len());
            code.files.push(CodeFile {
                id: row.try_get(0)?,
                path: row.try_get(1)?,
                language: row.try_get(2)?,
                lines: row.try_get(3)?,
                roles: Roles::of_bits(row.try_get(4)?),
                prints: Prints::default(),
            });
        }
        self.load_elements(&mut code, &files).await?;
        self.load_edges(&mut code, &files).await?;
        self.load_decorated(&mut code, &files).await?;
        if cancel.is_cancelled() {
            return Err(IndexError::Cancelled);
        }
        self.load_prints(code, cancel).await
    }

    async fn load_elements(
        &self,
        code: &mut Code,
        files: &HashMap<i64, usize>,
    ) -> Result<(), IndexError> {
        let rows = sqlx::query(
            "SELECT e.id, e.file_id, e.parent_id, e.kind, e.name, e.qualified_name, e.signature,
               e.visibility, e.doc, e.type_text, e.start_line, e.end_line, e.flags,
               e.cyclomatic, e.cognitive
             FROM files f JOIN elements e ON e.file_id = f.id ORDER BY f.path, e.place",
        )
        .fetch_all(self.reader())
        .await?;
        let mut elements: HashMap<i64, usize> = HashMap::new();
        for row in &rows {
            // A file that came since its list was read waits for the next look.
            let Some(file) = files.get(&row.try_get::<i64, _>(1)?).copied() else {
                continue;
            };
            let parent: Option<i64> = row.try_get(2)?;
            let flags: i64 = row.try_get(12)?;
            elements.insert(row.try_get(0)?, code.elements.len());
            code.elements.push(CodeElement {
                id: row.try_get(0)?,
                file,
                parent: parent.and_then(|parent| elements.get(&parent).copied()),
                kind: Kind::from_word(row.try_get(3)?).unwrap_or(Kind::Variable),
                name: row.try_get(4)?,
                qualified_name: row.try_get(5)?,
                signature: row.try_get(6)?,
                visibility: Visibility::from_word(row.try_get(7)?).unwrap_or(Visibility::Private),
                doc: row.try_get(8)?,
                type_text: row.try_get(9)?,
                start_line: row.try_get(10)?,
                end_line: row.try_get(11)?,
                is_test: flags & flag::TEST != 0,
                is_decorated: false,
                cyclomatic: row.try_get(13)?,
                cognitive: row.try_get(14)?,
            });
        }
        Ok(())
    }

    async fn load_edges(
        &self,
        code: &mut Code,
        files: &HashMap<i64, usize>,
    ) -> Result<(), IndexError> {
        let elements: HashMap<i64, usize> = code
            .elements
            .iter()
            .enumerate()
            .map(|(index, element)| (element.id, index))
            .collect();
        let rows = sqlx::query(
            "SELECT caller_id, callee_id, kind, file_id, times, confidence FROM call_graph
             ORDER BY file_id, caller_id, callee_id, kind",
        )
        .fetch_all(self.reader())
        .await?;
        for row in &rows {
            let caller: i64 = row.try_get(0)?;
            let from = elements.get(&caller).copied();
            let to = elements.get(&row.try_get::<i64, _>(1)?).copied();
            let from_file = files.get(&row.try_get::<i64, _>(3)?).copied();
            let kind = ReferenceKind::from_word(row.try_get(2)?);
            let is_whole = from.is_some() || caller < 0;
            if let (Some(to), Some(from_file), Some(kind), true) = (to, from_file, kind, is_whole) {
                code.edges.push(CodeEdge {
                    from,
                    from_file,
                    to,
                    kind,
                    times: row.try_get(4)?,
                    confidence: row.try_get(5)?,
                });
            }
        }
        let rows = sqlx::query(
            "SELECT DISTINCT file_id, target_id FROM imports WHERE target_id IS NOT NULL
             ORDER BY file_id, target_id",
        )
        .fetch_all(self.reader())
        .await?;
        for row in &rows {
            let from = files.get(&row.try_get::<i64, _>(0)?).copied();
            let to = files.get(&row.try_get::<i64, _>(1)?).copied();
            code.imports.extend(from.zip(to));
        }
        Ok(())
    }

    /// Which elements carry a decorator or attribute that may hand them to somebody outside.
    async fn load_decorated(
        &self,
        code: &mut Code,
        files: &HashMap<i64, usize>,
    ) -> Result<(), IndexError> {
        // Places of elements in their file begin where the file's first element stands.
        let mut first: HashMap<usize, usize> = HashMap::new();
        for (index, element) in code.elements.iter().enumerate() {
            first.entry(element.file).or_insert(index);
        }
        let rows = sqlx::query("SELECT file_id, packed FROM file_references")
            .fetch_all(self.reader())
            .await?;
        for row in &rows {
            let file = files.get(&row.try_get::<i64, _>(0)?).copied();
            let (Some(file), Some(uses)) = (file, Uses::unpack(row.try_get(1)?)) else {
                continue;
            };
            let Some(first) = first.get(&file).copied() else {
                continue;
            };
            let decorators = uses.references.iter().filter(|one| {
                one.kind == ReferenceKind::Decorator && !DESCRIPTIVE.contains(&one.name.as_str())
            });
            for within in decorators.filter_map(|one| one.within) {
                let element = code.elements.get_mut(first + within);
                if let Some(element) = element.filter(|element| element.file == file) {
                    element.is_decorated = true;
                }
            }
        }
        Ok(())
    }

    async fn load_prints(
        &self,
        mut code: Code,
        cancel: &CancellationToken,
    ) -> Result<Code, IndexError> {
        let root = self.workspace().root().to_owned();
        let cancel = cancel.clone();
        let has_functions: std::collections::HashSet<usize> = code
            .elements
            .iter()
            .filter(|element| element.kind.is_callable())
            .map(|element| element.file)
            .collect();
        let read = move || {
            for (index, file) in code.files.iter_mut().enumerate() {
                if cancel.is_cancelled() {
                    return Err(IndexError::Cancelled);
                }
                let roles = file.roles;
                let is_left_out = roles.is_test || roles.is_generated || roles.is_vendored;
                if !is_left_out && has_functions.contains(&index) {
                    file.prints = prints(&root, &file.path);
                }
            }
            Ok(code)
        };
        tokio::task::spawn_blocking(read)
            .await
            .map_err(|error| IndexError::Broken(error.to_string()))?
    }
}

/// Attributes that say something of an element, and hand it to nobody.
const DESCRIPTIVE: &[&str] = &[
    "derive",
    "doc",
    "allow",
    "expect",
    "deny",
    "warn",
    "must_use",
    "inline",
    "cold",
    "repr",
    "cfg",
    "cfg_attr",
    "deprecated",
    "non_exhaustive",
    "serde",
    "error",
    "property",
    "staticmethod",
    "classmethod",
    "dataclass",
    "override",
    "Override",
    "final",
];

/// A file that cannot be read has none.
fn prints(root: &Path, path: &str) -> Prints {
    let path = root.join(path);
    let is_fit = path
        .symlink_metadata()
        .is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_BYTES);
    let bytes = std::fs::read(path).ok().filter(|_| is_fit);
    let text = bytes.and_then(|bytes| reading::decode(&bytes).ok());
    text.map(|(text, _)| Prints::of(&text)).unwrap_or_default()
}
