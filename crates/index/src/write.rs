//! One batch of files into the database: one transaction, after which they can be found.

use std::collections::HashMap;

use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Sqlite, Transaction};

use crate::model::flag;
use crate::reading::{FileRead, Hash, Outcome, ReadPiece, Stamp};
use crate::resolve::manifests::is_manifest;
use crate::rows::{insert, json};
use crate::symbols::Touched;
use crate::uses::import_word;
use crate::{Index, IndexError};

/// The one connection that writes.
pub(crate) struct Writer {
    pub connection: SqliteConnection,
    /// SQLite's number of the state that the symbols in memory are of; it changes when another
    /// program writes.
    pub symbols_of: Option<i64>,
    pub manifests_may_differ: bool,
}

impl Writer {
    pub fn new(connection: SqliteConnection) -> Self {
        Self {
            connection,
            symbols_of: None,
            manifests_may_differ: true,
        }
    }
}

/// A file as it was written, with the ids that it got.
pub(crate) struct Written {
    pub file_id: i64,
    pub read: Box<FileRead>,
    pub element_ids: Vec<i64>,
}

/// What a commit changed.
#[derive(Default)]
pub(crate) struct Committed {
    pub written: Vec<Written>,
    /// Ids of files that are gone.
    pub gone: Vec<i64>,
}

impl Index {
    /// Writes what became of files, in one transaction. The caller holds the writer.
    pub(crate) async fn commit(
        &self,
        writer: &mut Writer,
        outcomes: Vec<Outcome>,
        now_ms: i64,
    ) -> Result<Committed, IndexError> {
        self.load_symbols(writer).await?;
        let symbols_of = writer.symbols_of.take();
        let has_manifest = |one: &Outcome| is_manifest(one.path());
        writer.manifests_may_differ |= outcomes.iter().any(has_manifest);
        let mut transaction = writer.connection.begin_with("BEGIN IMMEDIATE").await?;
        let paths: Vec<&str> = outcomes.iter().map(Outcome::path).collect();
        let known = known_ids(&mut transaction, &paths).await?;
        let mut committed = Committed::default();
        let mut reads = Vec::new();
        for outcome in outcomes {
            match outcome {
                Outcome::Gone(path) => committed.gone.extend(known.get(&path)),
                Outcome::Same { path, stamp } => {
                    if let Some(id) = known.get(&path) {
                        restamp(&mut transaction, *id, stamp, now_ms).await?;
                    }
                }
                Outcome::Read(read) => reads.push(read),
            }
        }
        let old = Old::load(
            &mut transaction,
            reads.iter().filter_map(|read| known.get(&read.path)),
        )
        .await?;
        let mut ids = Ids::next(&mut transaction).await?;
        let mut kept_chunks = Vec::new();
        let mut rows = Rows::default();
        for read in reads {
            let file_id = known.get(&read.path).copied().unwrap_or_else(|| ids.file());
            let element_ids = old.element_ids(file_id, &read, &mut ids);
            for (place, piece) in read.pieces.iter().enumerate() {
                let element_id = piece.at.element.map(|index| element_ids[index]);
                let row = ChunkRow {
                    id: 0,
                    file_id,
                    element_id,
                    file: committed.written.len(),
                    piece: place,
                };
                match old.take_chunk(file_id, &piece.hash) {
                    Some(id) => {
                        kept_chunks.push(id);
                        rows.moved_chunks.push(ChunkRow { id, ..row });
                    }
                    None => rows.chunks.push(ChunkRow {
                        id: ids.chunk(),
                        ..row
                    }),
                }
            }
            committed.written.push(Written {
                file_id,
                read,
                element_ids,
            });
        }
        clear(&mut transaction, &committed, &kept_chunks).await?;
        store(&mut transaction, &committed.written, &rows, now_ms).await?;
        let touched = self
            .shared
            .symbols_mut()
            .apply(&committed.written, &committed.gone);
        note_unresolved(&mut transaction, touched).await?;
        transaction.commit().await?;
        // Only now: after an error the symbols are loaded again.
        writer.symbols_of = symbols_of;
        Ok(committed)
    }
}

async fn note_unresolved(
    transaction: &mut Transaction<'_, Sqlite>,
    touched: Touched,
) -> Result<(), sqlx::Error> {
    let query = match touched {
        Touched::Nothing => return Ok(()),
        Touched::All => sqlx::query(
            "INSERT OR IGNORE INTO unresolved (file_id) SELECT file_id FROM file_references",
        ),
        Touched::Files(files) => sqlx::query(
            "INSERT OR IGNORE INTO unresolved (file_id)
             SELECT file_id FROM file_references
             WHERE file_id IN (SELECT value FROM json_each(?1))",
        )
        .bind(json(files)),
    };
    query.execute(&mut **transaction).await?;
    Ok(())
}

async fn known_ids(
    transaction: &mut Transaction<'_, Sqlite>,
    paths: &[&str],
) -> Result<HashMap<String, i64>, IndexError> {
    let list = serde_json::to_string(paths).unwrap_or_else(|_| "[]".into());
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT path, id FROM files WHERE path IN (SELECT value FROM json_each(?1))",
    )
    .bind(list)
    .fetch_all(&mut **transaction)
    .await?;
    Ok(rows.into_iter().collect())
}

async fn restamp(
    transaction: &mut Transaction<'_, Sqlite>,
    id: i64,
    stamp: Stamp,
    now_ms: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "UPDATE files SET size_bytes = ?2, modified_ns = ?3, changed_ns = ?4, inode = ?5,
           indexed_ms = ?6 WHERE id = ?1",
    )
    .bind(id)
    .bind(stamp.size)
    .bind(stamp.modified_ns)
    .bind(stamp.changed_ns)
    .bind(stamp.inode)
    .bind(now_ms)
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Ids are given out here, so that rows that refer to each other are written in any order.
struct Ids {
    file: i64,
    element: i64,
    chunk: i64,
}

impl Ids {
    async fn next(transaction: &mut Transaction<'_, Sqlite>) -> Result<Self, sqlx::Error> {
        let (file, element, chunk) = sqlx::query_as(
            "SELECT coalesce((SELECT max(id) FROM files), 0),
                    coalesce((SELECT max(id) FROM elements), 0),
                    coalesce((SELECT max(id) FROM chunks), 0)",
        )
        .fetch_one(&mut **transaction)
        .await?;
        Ok(Self {
            file,
            element,
            chunk,
        })
    }

    fn file(&mut self) -> i64 {
        self.file += 1;
        self.file
    }

    fn element(&mut self) -> i64 {
        self.element += 1;
        self.element
    }

    fn chunk(&mut self) -> i64 {
        self.chunk += 1;
        self.chunk
    }
}

/// What the files of the batch had before: elements and pieces that stay keep their ids.
#[derive(Default)]
struct Old {
    /// By file, kind and qualified name; in the order of the file.
    elements: HashMap<(i64, String, String), Vec<i64>>,
    chunks: std::cell::RefCell<HashMap<(i64, Hash), Vec<i64>>>,
}

impl Old {
    async fn load(
        transaction: &mut Transaction<'_, Sqlite>,
        files: impl Iterator<Item = &i64>,
    ) -> Result<Self, IndexError> {
        let files = json(files.copied());
        let mut old = Self::default();
        if files == "[]" {
            return Ok(old);
        }
        // Backwards, so that the first of several is the last in its list and is taken first.
        let rows = sqlx::query(
            "SELECT file_id, kind, qualified_name, id FROM elements
             WHERE file_id IN (SELECT value FROM json_each(?1)) ORDER BY start_byte DESC, id DESC",
        )
        .bind(&files)
        .fetch_all(&mut **transaction)
        .await?;
        for row in &rows {
            let key = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            old.elements.entry(key).or_default().push(row.try_get(3)?);
        }
        let rows = sqlx::query(
            "SELECT file_id, hash, id FROM chunks
             WHERE file_id IN (SELECT value FROM json_each(?1)) ORDER BY start_byte DESC, id DESC",
        )
        .bind(&files)
        .fetch_all(&mut **transaction)
        .await?;
        let mut chunks = old.chunks.borrow_mut();
        for row in &rows {
            let key = (row.try_get(0)?, hash_at(row, 1)?);
            chunks.entry(key).or_default().push(row.try_get(2)?);
        }
        drop(chunks);
        Ok(old)
    }

    fn element_ids(&self, file: i64, read: &FileRead, ids: &mut Ids) -> Vec<i64> {
        let mut used: HashMap<(&str, &str), usize> = HashMap::new();
        let given = read.elements.iter().map(|element| {
            let kind = element.kind.as_str();
            if self.elements.is_empty() {
                return ids.element();
            }
            let nth = used.entry((kind, &element.qualified_name)).or_default();
            *nth += 1;
            let key = (file, kind.to_owned(), element.qualified_name.clone());
            self.elements
                .get(&key)
                .and_then(|old| old.len().checked_sub(*nth).map(|at| old[at]))
                .unwrap_or_else(|| ids.element())
        });
        given.collect()
    }

    fn take_chunk(&self, file: i64, hash: &Hash) -> Option<i64> {
        let mut chunks = self.chunks.borrow_mut();
        chunks.get_mut(&(file, *hash))?.pop()
    }
}

fn hash_at(row: &SqliteRow, column: usize) -> Result<Hash, sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    Ok(Hash::try_from(bytes).unwrap_or_default())
}

/// A piece to be written: of which file in the batch, and which of its pieces.
#[derive(Clone, Copy)]
struct ChunkRow {
    id: i64,
    file_id: i64,
    element_id: Option<i64>,
    file: usize,
    piece: usize,
}

impl ChunkRow {
    fn piece<'w>(&self, written: &'w [Written]) -> &'w ReadPiece {
        &written[self.file].read.pieces[self.piece]
    }
}

#[derive(Default)]
struct Rows {
    chunks: Vec<ChunkRow>,
    /// Same words, perhaps another place: the words stay.
    moved_chunks: Vec<ChunkRow>,
}

/// Removes what the batch replaces. Rows of `call_graph` that lead to elements that are gone are
/// replaced when the files they stand in are resolved again.
async fn clear(
    transaction: &mut Transaction<'_, Sqlite>,
    committed: &Committed,
    kept_chunks: &[i64],
) -> Result<(), IndexError> {
    let written = committed.written.iter().map(|written| written.file_id);
    let files = json(written.chain(committed.gone.iter().copied()));
    let kept = json(kept_chunks.iter().copied());
    if files == "[]" {
        return Ok(());
    }
    // Words first: which they are is known from the chunks.
    sqlx::query(
        "DELETE FROM words WHERE rowid IN (
           SELECT id FROM chunks WHERE file_id IN (SELECT value FROM json_each(?1))
             AND id NOT IN (SELECT value FROM json_each(?2)))",
    )
    .bind(&files)
    .bind(&kept)
    .execute(&mut **transaction)
    .await?;
    delete_edges(transaction, &files).await?;
    for sql in [
        "DELETE FROM chunks WHERE file_id IN (SELECT value FROM json_each(?1))",
        "DELETE FROM elements WHERE file_id IN (SELECT value FROM json_each(?1))",
        "DELETE FROM imports WHERE file_id IN (SELECT value FROM json_each(?1))",
        "DELETE FROM file_references WHERE file_id IN (SELECT value FROM json_each(?1))",
        "DELETE FROM unresolved WHERE file_id IN (SELECT value FROM json_each(?1))",
        "DELETE FROM files WHERE id IN (SELECT value FROM json_each(?1))",
    ] {
        sqlx::query(sql)
            .bind(&files)
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// Removes the edges that begin in files (a JSON list of ids): at their elements, or at their top.
pub(crate) async fn delete_edges(
    connection: &mut SqliteConnection,
    files: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "DELETE FROM call_graph WHERE caller_id IN (
           SELECT id FROM elements WHERE file_id IN (SELECT value FROM json_each(?1))
           UNION ALL SELECT -value FROM json_each(?1))",
    )
    .bind(files)
    .execute(connection)
    .await?;
    Ok(())
}

async fn store(
    transaction: &mut Transaction<'_, Sqlite>,
    written: &[Written],
    rows: &Rows,
    now_ms: i64,
) -> Result<(), IndexError> {
    insert(
        transaction,
        "INSERT INTO files (id, path, language, hash, size_bytes, modified_ns, changed_ns, inode,
           reading, lines, roles, package, doc, note, note_text, indexed_ms)",
        16,
        written,
        |query, one| {
            let read = &one.read;
            query
                .bind(one.file_id)
                .bind(read.path.clone())
                .bind(read.language.clone())
                .bind(read.hash.map(|hash| hash.to_vec()))
                .bind(read.stamp.size)
                .bind(read.stamp.modified_ns)
                .bind(read.stamp.changed_ns)
                .bind(read.stamp.inode)
                .bind(read.reading)
                .bind(read.lines as i64)
                .bind(read.roles.bits())
                .bind(read.uses.package.clone())
                .bind(read.doc.clone())
                .bind(read.note.as_ref().map(|(kind, _)| kind.clone()))
                .bind(read.note.as_ref().map(|(_, text)| text.clone()))
                .bind(now_ms)
        },
    )
    .await?;
    store_elements(transaction, written).await?;
    store_uses(transaction, written).await?;
    store_chunks(transaction, written, rows).await
}

async fn store_elements(
    transaction: &mut Transaction<'_, Sqlite>,
    written: &[Written],
) -> Result<(), IndexError> {
    let elements: Vec<(&Written, usize)> = written
        .iter()
        .flat_map(|one| (0..one.read.elements.len()).map(move |index| (one, index)))
        .collect();
    insert(
        transaction,
        "INSERT INTO elements (id, file_id, place, parent_id, kind, name, qualified_name, signature,
           visibility, doc, type_text, start_line, end_line, name_line, start_byte, end_byte,
           flags, cyclomatic, cognitive)",
        19,
        &elements,
        |query, (one, index)| {
            let element = &one.read.elements[*index];
            let parent = element
                .parent
                .and_then(|parent| one.element_ids.get(parent));
            let flags =
                (i64::from(element.is_async) * flag::ASYNC)
                    | (i64::from(element.is_test) * flag::TEST);
            query
                .bind(one.element_ids[*index])
                .bind(one.file_id)
                .bind(*index as i64)
                .bind(parent.copied())
                .bind(element.kind.as_str())
                .bind(element.name.clone())
                .bind(element.qualified_name.clone())
                .bind(element.signature.clone())
                .bind(element.visibility.as_str())
                .bind(element.doc.clone())
                .bind(element.type_text.clone())
                .bind(element.start_line as i64)
                .bind(element.end_line as i64)
                .bind(element.name_line as i64)
                .bind(element.bytes.start as i64)
                .bind(element.bytes.end as i64)
                .bind(flags)
                .bind(i64::from(element.cyclomatic))
                .bind(i64::from(element.cognitive))
        },
    )
    .await?;
    Ok(())
}

async fn store_uses(
    transaction: &mut Transaction<'_, Sqlite>,
    written: &[Written],
) -> Result<(), IndexError> {
    let with_uses: Vec<&Written> = written
        .iter()
        .filter(|one| {
            let uses = &one.read.uses;
            !(uses.references.is_empty() && uses.imports.is_empty())
        })
        .collect();
    insert(
        transaction,
        "INSERT INTO file_references (file_id, packed)",
        2,
        &with_uses,
        |query, one| query.bind(one.file_id).bind(one.read.packed.clone()),
    )
    .await?;
    let imports: Vec<(i64, &mira_syntax::Import)> = written
        .iter()
        .flat_map(|one| {
            one.read
                .uses
                .imports
                .iter()
                .map(|import| (one.file_id, import))
        })
        .collect();
    insert(
        transaction,
        "INSERT INTO imports (file_id, line, module, names, kind, is_wildcard, is_reexport)",
        7,
        &imports,
        |query, (file_id, import)| {
            query
                .bind(*file_id)
                .bind(import.line as i64)
                .bind(import.module.clone())
                .bind(names_json(import))
                .bind(import_word(import.kind))
                .bind(import.is_wildcard)
                .bind(import.is_reexport)
        },
    )
    .await?;
    Ok(())
}

pub(crate) fn names_json(import: &mira_syntax::Import) -> Option<String> {
    if import.names.is_empty() {
        return None;
    }
    let names: Vec<String> = import
        .names
        .iter()
        .map(|one| match &one.alias {
            Some(alias) => format!("{} as {alias}", one.name),
            None => one.name.clone(),
        })
        .collect();
    serde_json::to_string(&names).ok()
}

async fn store_chunks(
    transaction: &mut Transaction<'_, Sqlite>,
    written: &[Written],
    rows: &Rows,
) -> Result<(), IndexError> {
    let all: Vec<ChunkRow> = rows
        .chunks
        .iter()
        .chain(&rows.moved_chunks)
        .copied()
        .collect();
    insert(
        transaction,
        "INSERT INTO chunks (id, file_id, element_id, start_line, end_line, start_byte, end_byte,
           hash)",
        8,
        &all,
        |query, row| {
            let piece = row.piece(written);
            query
                .bind(row.id)
                .bind(row.file_id)
                .bind(row.element_id)
                .bind(piece.at.start_line as i64)
                .bind(piece.at.end_line as i64)
                .bind(piece.at.bytes.start as i64)
                .bind(piece.at.bytes.end as i64)
                .bind(piece.hash.to_vec())
        },
    )
    .await?;
    insert(
        transaction,
        "INSERT INTO words (rowid, name, path, doc, body)",
        5,
        &rows.chunks,
        |query, row| {
            let piece = row.piece(written);
            query
                .bind(row.id)
                .bind(piece.name.clone())
                .bind(piece.path.clone())
                .bind(piece.doc.clone())
                .bind(piece.body.clone())
        },
    )
    .await?;
    Ok(())
}
