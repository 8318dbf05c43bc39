//! The project out of the index, row by row, and of each row only what is looked at.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt as _;
use futures::stream::BoxStream;
use mira_syntax::{Kind, ReferenceKind, Visibility};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;
use tokio_util::sync::CancellationToken;

use super::code::{Code, CodeEdge, CodeElement, CodeFile};
use super::duplicates::Prints;
use super::patterns::gives_the_one;
use super::terms::is_named;
use crate::model::{Roles, flag};
use crate::uses::Uses;
use crate::{Index, IndexError, reading};

/// Larger files are looked through for copies by nobody.
const MAX_BYTES: u64 = 1024 * 1024;

/// What is read of each element; those of data that nothing uses are only counted.
const ELEMENTS: &str = "SELECT e.id, e.file_id, e.parent_id, e.kind, e.name, e.qualified_name,
       e.signature, e.visibility, e.doc, e.type_text, e.start_line, e.end_line, e.flags,
       e.cyclomatic, e.cognitive, e.place
     FROM files f JOIN elements e ON e.file_id = f.id
     WHERE e.kind NOT IN ('key', 'heading', 'selector', 'tag')
       OR EXISTS (SELECT 1 FROM call_graph g WHERE g.callee_id = e.id)
       OR EXISTS (SELECT 1 FROM call_graph g WHERE g.caller_id = e.id)
     ORDER BY f.path, e.place";

/// Each text once.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn one(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return known.clone();
        }
        let text: Arc<str> = text.into();
        self.0.insert(text.clone());
        text
    }
}

impl Index {
    /// All files, elements and uses as they are in the index; the text of files from disk.
    pub(super) async fn code(&self, cancel: &CancellationToken) -> Result<Code, IndexError> {
        let mut code = Code::default();
        let mut files: HashMap<i64, usize> = HashMap::new();
        let mut rows =
            sqlx::query("SELECT id, path, language, lines, roles FROM files ORDER BY path")
                .fetch(self.reader());
        while let Some(row) = rows.try_next().await? {
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
        let elements = self.load_elements(&mut code, &files, cancel).await?;
        self.load_edges(&mut code, &files, &elements, cancel)
            .await?;
        self.load_prints(code, cancel).await
    }

    /// For the id of each element that is there its place.
    async fn load_elements(
        &self,
        code: &mut Code,
        files: &HashMap<i64, usize>,
        cancel: &CancellationToken,
    ) -> Result<HashMap<i64, usize>, IndexError> {
        let decorated = self.decorated(files, cancel).await?;
        let mut texts = Texts::default();
        let mut elements: HashMap<i64, usize> = HashMap::new();
        let mut rows = sqlx::query(ELEMENTS).fetch(self.reader());
        while let Some(row) = next(&mut rows, cancel).await? {
            // A file that came since its list was read waits for the next look.
            let Some(file) = files.get(&row.try_get::<i64, _>(1)?).copied() else {
                continue;
            };
            let kind = Kind::from_word(row.try_get(3)?).unwrap_or(Kind::Variable);
            let is_test = row.try_get::<i64, _>(12)? & flag::TEST != 0;
            let roles = code.files[file].roles;
            let is_product = !is_test && !roles.is_apart();
            let is_field = matches!(kind, Kind::Field | Kind::Property);
            let parent: Option<i64> = row.try_get(2)?;
            let name: &str = row.try_get(4)?;
            let around = row.try_get::<&str, _>(5)?.strip_suffix(name);
            let signature = gives_the_one(name).then(|| row.try_get(6)).transpose()?;
            let doc: Option<&str> = row.try_get(8)?;
            let type_text: Option<&str> = row.try_get(9)?;
            elements.insert(row.try_get(0)?, code.elements.len());
            code.elements.push(CodeElement {
                id: row.try_get(0)?,
                file,
                parent: parent.and_then(|parent| elements.get(&parent).copied()),
                kind,
                visibility: Visibility::from_word(row.try_get(7)?).unwrap_or(Visibility::Private),
                name: texts.one(name),
                around: texts.one(around.unwrap_or_default()),
                signature,
                doc: doc.filter(|_| is_product && is_named(kind)).map(Box::from),
                type_text: type_text
                    .filter(|_| is_field || kind.is_callable() && !roles.is_test)
                    .map(|text| texts.one(text)),
                start_line: row.try_get(10)?,
                end_line: row.try_get(11)?,
                is_test,
                is_decorated: decorated.contains(&(file, row.try_get(15)?)),
                cyclomatic: row.try_get(13)?,
                cognitive: row.try_get(14)?,
            });
        }
        drop(rows);
        let all: i64 = sqlx::query_scalar("SELECT count(*) FROM elements")
            .fetch_one(self.reader())
            .await?;
        let all = usize::try_from(all).unwrap_or_default();
        code.silent = all.saturating_sub(code.elements.len());
        Ok(elements)
    }

    async fn load_edges(
        &self,
        code: &mut Code,
        files: &HashMap<i64, usize>,
        elements: &HashMap<i64, usize>,
        cancel: &CancellationToken,
    ) -> Result<(), IndexError> {
        let mut rows = sqlx::query(
            "SELECT caller_id, callee_id, kind, file_id, times, confidence FROM call_graph
             ORDER BY file_id, caller_id, callee_id, kind",
        )
        .fetch(self.reader());
        while let Some(row) = next(&mut rows, cancel).await? {
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
        let mut rows = sqlx::query(
            "SELECT DISTINCT file_id, target_id FROM imports WHERE target_id IS NOT NULL
             ORDER BY file_id, target_id",
        )
        .fetch(self.reader());
        while let Some(row) = next(&mut rows, cancel).await? {
            let from = files.get(&row.try_get::<i64, _>(0)?).copied();
            let to = files.get(&row.try_get::<i64, _>(1)?).copied();
            code.imports.extend(from.zip(to));
        }
        Ok(())
    }

    /// Which elements carry a decorator or attribute that may hand them to somebody outside: file,
    /// and place in the file.
    async fn decorated(
        &self,
        files: &HashMap<i64, usize>,
        cancel: &CancellationToken,
    ) -> Result<HashSet<(usize, u32)>, IndexError> {
        let mut found = HashSet::new();
        let mut rows =
            sqlx::query("SELECT file_id, packed FROM file_references").fetch(self.reader());
        while let Some(row) = next(&mut rows, cancel).await? {
            let file = files.get(&row.try_get::<i64, _>(0)?).copied();
            let (Some(file), Some(uses)) = (file, Uses::unpack(row.try_get(1)?)) else {
                continue;
            };
            let decorators = uses.references.iter().filter(|one| {
                one.kind == ReferenceKind::Decorator && !DESCRIPTIVE.contains(&one.name.as_str())
            });
            let places = decorators.filter_map(|one| u32::try_from(one.within?).ok());
            found.extend(places.map(|place| (file, place)));
        }
        Ok(found)
    }

    async fn load_prints(
        &self,
        mut code: Code,
        cancel: &CancellationToken,
    ) -> Result<Code, IndexError> {
        let root = self.workspace().root().to_owned();
        let cancel = cancel.clone();
        let has_functions: HashSet<usize> = code
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
                if !file.roles.is_apart() && has_functions.contains(&index) {
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

async fn next(
    rows: &mut BoxStream<'_, Result<SqliteRow, sqlx::Error>>,
    cancel: &CancellationToken,
) -> Result<Option<SqliteRow>, IndexError> {
    match cancel.is_cancelled() {
        true => Err(IndexError::Cancelled),
        false => Ok(rows.try_next().await?),
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
