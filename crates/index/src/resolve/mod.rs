//! Names to elements: `call_graph`, and where imports lead.
//!
//! What a commit touched is noted in `unresolved` within the commit's own transaction; this takes
//! it from there, some files at a time, so that a crash loses nothing and a writer never waits
//! long. An edge depends on the file's own facts, on symbols whose names it mentions and on
//! manifests; `symbols` tells which files a change touches.

mod bindings;
mod closures;
mod file;
mod ground;
mod known;
pub(crate) mod manifests;
mod members;
mod modules;
mod names;
mod outside;
mod parts;
mod receivers;
mod remembered;
mod rust;
mod types;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mira_syntax::ReferenceKind;
use sqlx::sqlite::SqliteConnection;
use sqlx::{Connection as _, Row as _};
use tokio_util::sync::CancellationToken;

use crate::rows::{insert, json};
use crate::state::Phase;
use crate::uses::Uses;
use crate::write::delete_edges;
use crate::{Index, IndexError, Shared};
use file::Resolved;
use ground::Ground;
use manifests::{Declared, Manifests, is_manifest};
use names::Names;

const STACK_BYTES: usize = 32 * 1024 * 1024;
/// Files that are resolved in one transaction.
const AT_ONCE: usize = 400;

impl Index {
    /// Resolves what is noted; tells in how many steps. What was committed before an error or
    /// `cancel` stays.
    pub(crate) async fn resolve(&self, cancel: &CancellationToken) -> Result<u64, IndexError> {
        let _one_at_a_time = self.shared.resolving.lock().await;
        self.read_manifests().await?;
        let total: i64 = sqlx::query_scalar("SELECT count(*) FROM unresolved")
            .fetch_one(self.reader())
            .await?;
        let (mut done, mut steps) = (0, 0);
        while !cancel.is_cancelled() {
            let (files, taken) = self.resolve_some().await?;
            if files == 0 {
                return Ok(steps);
            }
            steps += taken;
            done += files as u64;
            let total = total.unsigned_abs().max(done);
            self.tell(|state| {
                (state.phase, state.done, state.total) = (Phase::Resolving, done, total);
                state.generation += 1;
            });
        }
        Err(IndexError::Cancelled)
    }

    /// How many files, and in how many steps.
    async fn resolve_some(&self) -> Result<(usize, u64), IndexError> {
        let mut writer = self.writer().await;
        self.load_symbols(&mut writer).await?;
        let rows = sqlx::query(
            "SELECT u.file_id, r.packed FROM unresolved u
             LEFT JOIN file_references r ON r.file_id = u.file_id ORDER BY u.file_id LIMIT ?1",
        )
        .bind(AT_ONCE as i64)
        .fetch_all(&mut writer.connection)
        .await?;
        let mut files = Vec::with_capacity(rows.len());
        for row in &rows {
            let packed: Option<&[u8]> = row.try_get(1)?;
            files.push((row.try_get::<i64, _>(0)?, packed.map(<[u8]>::to_vec)));
        }
        if files.is_empty() {
            return Ok((0, 0));
        }
        let ids = json(files.iter().map(|(id, _)| *id));
        let shared = self.shared.clone();
        let (resolved, steps) = tokio::task::spawn_blocking(move || resolve_files(&shared, files))
            .await
            .map_err(|error| IndexError::Broken(error.to_string()))?;
        write(&mut writer.connection, &ids, &resolved).await?;
        Ok((rows.len(), steps))
    }

    /// Reads all manifests again where one may have changed; what follows from a difference is
    /// noted as unresolved.
    async fn read_manifests(&self) -> Result<(), IndexError> {
        let mut writer = self.writer().await;
        if !std::mem::take(&mut writer.manifests_may_differ) {
            return Ok(());
        }
        self.load_symbols(&mut writer).await?;
        let paths: Vec<String> = {
            let symbols = self.symbols();
            let paths = symbols.by_path.keys().filter(|path| is_manifest(path));
            paths.map(|path| path.to_string()).collect()
        };
        let workspace = self.workspace().clone();
        let manifests = tokio::task::spawn_blocking(move || {
            let texts: BTreeMap<String, String> = paths
                .into_iter()
                .filter_map(|path| {
                    let bytes = workspace.read(&path).ok()?.bytes;
                    Some((path, String::from_utf8_lossy(&bytes).into_owned()))
                })
                .collect();
            Manifests::read(&texts)
        })
        .await
        .map_err(|error| IndexError::Broken(error.to_string()))?;
        let hash = blake3::hash(format!("{manifests:?}").as_bytes()).to_hex();
        let before: Option<String> =
            sqlx::query_scalar("SELECT hash FROM made_from WHERE what = 'manifests'")
                .fetch_optional(&mut writer.connection)
                .await?;
        if before.as_deref() != Some(hash.as_str()) {
            store_manifests(&mut writer.connection, &manifests.declared, hash.as_str()).await?;
        }
        *self
            .shared
            .manifests
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Arc::new(manifests);
        Ok(())
    }
}

impl Shared {
    pub(crate) fn manifests(&self) -> Arc<Manifests> {
        self.manifests
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn store_manifests(
    connection: &mut SqliteConnection,
    declared: &[Declared],
    hash: &str,
) -> Result<(), IndexError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    sqlx::query("DELETE FROM external_dependencies")
        .execute(&mut *transaction)
        .await?;
    insert(
        &mut transaction,
        "INSERT INTO external_dependencies (manifest, ecosystem, name, requirement, version, scope,
           line)",
        7,
        declared,
        |query, one| {
            query
                .bind(one.manifest.clone())
                .bind(one.ecosystem)
                .bind(one.name.clone())
                .bind(one.requirement.clone())
                .bind(one.version.clone())
                .bind(one.scope)
                .bind(one.line as i64)
        },
    )
    .await?;
    sqlx::query("INSERT OR IGNORE INTO unresolved (file_id) SELECT file_id FROM file_references")
        .execute(&mut *transaction)
        .await?;
    sqlx::query("INSERT OR REPLACE INTO made_from (what, hash) VALUES ('manifests', ?1)")
        .bind(hash)
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

/// On all cores; in the order of the files. And how many steps it took.
fn resolve_files(shared: &Shared, files: Vec<(i64, Option<Vec<u8>>)>) -> (Vec<Resolved>, u64) {
    let symbols = shared.symbols();
    let manifests = shared.manifests();
    let ground = Ground::new(&symbols, &manifests);
    let threads = match files.len() {
        0..8 => 1,
        _ => std::thread::available_parallelism().map_or(1, usize::from),
    };
    let next = AtomicUsize::new(0);
    let steps = AtomicU64::new(0);
    let all = Mutex::new(Vec::with_capacity(files.len()));
    let work = || {
        let names = Names::new(&ground);
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some((id, packed)) = files.get(at) else {
                steps.fetch_add(names.steps(), Ordering::Relaxed);
                return;
            };
            let uses = packed.as_deref().and_then(Uses::unpack);
            let file = ground.symbols.files.get(id);
            if let (Some(file), Some(uses)) = (file, uses) {
                let resolved = names.resolve(file, &uses);
                all.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(resolved);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..threads {
            // Modules that give on what others give on are followed far down.
            let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
            if let Err(error) = thread.spawn_scoped(scope, work) {
                tracing::warn!(%error, "a thread could not be started");
                work();
            }
        }
    });
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.sort_by_key(|one| one.file);
    (all, steps.into_inner())
}

/// As `kind` of the schema reads it.
fn code_of(kind: ReferenceKind) -> i64 {
    match kind {
        ReferenceKind::Call => 0,
        ReferenceKind::Construct => 1,
        ReferenceKind::Macro => 2,
        ReferenceKind::Type => 3,
        ReferenceKind::Extends => 4,
        ReferenceKind::Decorator => 5,
        ReferenceKind::Read => 6,
    }
}

/// Ids of sentences, new ones where there were none.
async fn reasons(
    connection: &mut SqliteConnection,
    said: impl Iterator<Item = &'static str>,
) -> Result<HashMap<String, i64>, sqlx::Error> {
    let said: BTreeSet<&str> = said.collect();
    for text in said {
        sqlx::query("INSERT OR IGNORE INTO reasons (text) VALUES (?1)")
            .bind(text)
            .execute(&mut *connection)
            .await?;
    }
    let known: Vec<(String, i64)> = sqlx::query_as("SELECT text, id FROM reasons")
        .fetch_all(connection)
        .await?;
    Ok(known.into_iter().collect())
}

async fn write(
    connection: &mut SqliteConnection,
    files: &str,
    resolved: &[Resolved],
) -> Result<(), IndexError> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    delete_edges(&mut transaction, files).await?;
    for sql in [
        "DELETE FROM imports WHERE file_id IN (SELECT value FROM json_each(?1))",
        "DELETE FROM unresolved WHERE file_id IN (SELECT value FROM json_each(?1))",
    ] {
        sqlx::query(sql)
            .bind(files)
            .execute(&mut *transaction)
            .await?;
    }
    let edges: Vec<(i64, &file::Edge)> = resolved
        .iter()
        .flat_map(|one| one.edges.iter().map(|edge| (one.file, edge)))
        .collect();
    let reasons = reasons(&mut transaction, edges.iter().map(|(_, edge)| edge.reason)).await?;
    insert(
        &mut transaction,
        "INSERT INTO call_graph (caller_id, callee_id, kind_code, file_id, line, times,
           confidence_permille, reason_id)",
        8,
        &edges,
        |query, (file, edge)| {
            query
                .bind(edge.caller)
                .bind(edge.callee)
                .bind(code_of(edge.kind))
                .bind(*file)
                .bind(edge.line as i64)
                .bind(edge.times)
                .bind((edge.confidence * 1000.0).round() as i64)
                .bind(reasons.get(edge.reason))
        },
    )
    .await?;
    let imports: Vec<(i64, &file::Brought)> = resolved
        .iter()
        .flat_map(|one| one.imports.iter().map(|import| (one.file, import)))
        .collect();
    insert(
        &mut transaction,
        "INSERT INTO imports (file_id, line, module, names, kind, is_wildcard, is_reexport,
           target_id, ecosystem, package)",
        10,
        &imports,
        |query, (file, brought)| {
            let import = &brought.import;
            query
                .bind(*file)
                .bind(import.line as i64)
                .bind(import.module.clone())
                .bind(brought.names.clone())
                .bind(crate::uses::import_word(import.kind))
                .bind(import.is_wildcard)
                .bind(import.is_reexport)
                .bind(brought.target)
                .bind(brought.package.as_ref().map(|(ecosystem, _)| *ecosystem))
                .bind(brought.package.as_ref().map(|(_, name)| name.clone()))
        },
    )
    .await?;
    transaction.commit().await?;
    Ok(())
}
