//! The project's files as they were before an operation.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use mira_protocol::operation::Operation;
use mira_protocol::{EventKind, Failure, StoredEvent};
use mira_secrets::Masker;
use mira_store::Store;
use mira_workspace::{Blobs, Entry, Kind};
use serde_json::{Value, json};

use crate::failure::{from_store, internal};

/// The whole project is written down up to so many files and bytes.
const MAX_FILES: usize = 200;
const MAX_BYTES: u64 = 512 * 1024;
/// A single file is written down up to so many bytes.
const MAX_FILE_BYTES: u64 = 128 * 1024;

/// The `setup` of the scenario.
pub struct Setup {
    pub dirs: Vec<String>,
    pub files: Vec<Value>,
    /// What is missing, as a further sentence of the description.
    pub note: String,
}

/// A path as the operation found it.
enum State {
    Nothing,
    Folder,
    /// Content and permission bits.
    File(Vec<u8>, u32),
}

pub async fn before(
    store: &Store,
    blobs: &Arc<Blobs>,
    masker: &Masker,
    operation: &Operation,
    events: &[StoredEvent],
) -> Result<Setup, Failure> {
    let Some(project_id) = &operation.project_id else {
        return Ok(Setup {
            dirs: vec![],
            files: vec![],
            note: String::new(),
        });
    };
    let root = PathBuf::from(store.project(project_id).await.map_err(from_store)?.path);
    let taken_back = taken_back(store, blobs, operation).await?;
    let read = read_paths(events);
    let masker = masker.clone();
    tokio::task::spawn_blocking(move || collect(&root, taken_back, &read, &masker))
        .await
        .map_err(internal)
}

/// Files as this operation found them, where it or a later one of the session changed them.
async fn taken_back(
    store: &Store,
    blobs: &Arc<Blobs>,
    operation: &Operation,
) -> Result<BTreeMap<String, State>, Failure> {
    let mut states = BTreeMap::new();
    let rows = store
        .operations(&operation.session_id)
        .await
        .map_err(from_store)?;
    for row in rows.iter().rev() {
        let own = row.operation.id == operation.id;
        if let Some((_, files)) = store
            .checkpoint(&row.operation.id)
            .await
            .map_err(from_store)?
        {
            for file in files {
                if file.undone && !own {
                    continue;
                }
                let entry: Option<Entry> = file
                    .before
                    .and_then(|entry| serde_json::from_value(entry).ok());
                let state = match entry {
                    Some(entry) if entry.kind == Kind::Dir => State::Folder,
                    Some(entry) if entry.kind == Kind::File => {
                        let content = blobs.get(entry.hash).map_err(internal)?;
                        content.map_or(State::Nothing, |bytes| State::File(bytes, entry.mode))
                    }
                    _ => State::Nothing,
                };
                states.insert(file.path, state);
            }
        }
        if own {
            break;
        }
    }
    Ok(states)
}

/// What the operation's tools name as their path.
fn read_paths(events: &[StoredEvent]) -> BTreeSet<String> {
    let named = events.iter().filter_map(|event| match &event.kind {
        EventKind::ToolCall { arguments, .. } => arguments["path"].as_str().map(str::to_owned),
        _ => None,
    });
    named.collect()
}

fn collect(
    root: &Path,
    taken_back: BTreeMap<String, State>,
    read: &BTreeSet<String>,
    masker: &Masker,
) -> Setup {
    let mut states = taken_back;
    let (mut on_disk, mut dirs) = walk(root);
    let total: u64 = on_disk.values().map(|(_, bytes)| bytes).sum();
    let whole = on_disk.len() <= MAX_FILES && total <= MAX_BYTES;
    if !whole {
        on_disk.retain(|path, _| read.contains(path));
    }
    let mut left_out = Vec::new();
    for (path, (mode, bytes)) in on_disk {
        if states.contains_key(&path) {
            continue;
        }
        if bytes > MAX_FILE_BYTES {
            left_out.push(path);
            continue;
        }
        if let Ok(content) = std::fs::read(root.join(&path)) {
            states.insert(path, State::File(content, mode));
        }
    }
    let mut files = Vec::new();
    for (path, state) in states {
        let (content, mode) = match state {
            State::Nothing => {
                dirs.retain(|dir| *dir != path);
                continue;
            }
            State::Folder => {
                dirs.push(path);
                continue;
            }
            State::File(content, mode) => (content, mode),
        };
        if Path::new(&path).is_absolute() {
            left_out.push(path);
            continue;
        }
        files.push(file(&path, masked(masker, &path, content), mode));
    }
    let mut note = String::new();
    if !whole {
        note +=
            " The project is large: only the files that the operation named or changed are here.";
    }
    if !left_out.is_empty() {
        note += &format!(" Left out: {}.", left_out.join(", "));
    }
    Setup {
        dirs: if whole { dirs } else { vec![] },
        files,
        note,
    }
}

/// Text without its secrets; other bytes as they are.
fn masked(masker: &Masker, path: &str, content: Vec<u8>) -> Vec<u8> {
    match std::str::from_utf8(&content).map(|text| masker.mask_file(path, text)) {
        Ok(Cow::Owned(masked)) => masked.into_bytes(),
        _ => content,
    }
}

fn file(path: &str, content: Vec<u8>, mode: u32) -> Value {
    let plain = |c: char| c == '\n' || c == '\t' || c == '\r' || !c.is_control();
    let mut file = match String::from_utf8(content) {
        Ok(text) if text.chars().all(plain) && !text.contains('\u{FEFF}') => {
            json!({ "path": path, "content": text })
        }
        Ok(text) => {
            json!({ "path": path, "content_base64": base64::engine::general_purpose::STANDARD.encode(text) })
        }
        Err(error) => {
            json!({ "path": path, "content_base64": base64::engine::general_purpose::STANDARD.encode(error.into_bytes()) })
        }
    };
    if mode & 0o100 != 0 {
        file["executable"] = true.into();
    }
    file
}

/// Files (permission bits and bytes) and empty folders below the root, without `.git`; at most a
/// few more than [`MAX_FILES`], which is enough to know that there are too many.
fn walk(root: &Path) -> (BTreeMap<String, (u32, u64)>, Vec<String>) {
    use std::os::unix::fs::PermissionsExt;
    let (mut files, mut empty) = (BTreeMap::new(), Vec::new());
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        let mut any = false;
        for entry in entries.flatten() {
            any = true;
            let path = entry.path();
            let Ok(meta) = path.symlink_metadata() else {
                continue;
            };
            let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) else {
                continue;
            };
            if name == ".git" {
                continue;
            }
            if meta.is_dir() {
                folders.push(path.clone());
            } else if meta.is_file() {
                files.insert(
                    name.to_owned(),
                    (meta.permissions().mode() & 0o777, meta.len()),
                );
            }
            if files.len() > MAX_FILES * 20 {
                return (files, empty);
            }
        }
        if !any
            && folder != root
            && let Some(name) = folder.strip_prefix(root).ok().and_then(Path::to_str)
        {
            empty.push(name.to_owned());
        }
    }
    empty.sort();
    (files, empty)
}
