//! The files of a project that count only where its folder is trusted.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Component, Path, PathBuf};

use mira_protocol::trust::{CustomCommand, TrustChange, TrustItem, TrustKind};

/// Larger files are left out, and named as such.
const LARGEST_BYTES: u64 = 1 << 20;
/// What a person is shown of one file.
const SHOWN_BYTES: usize = 64 << 10;
/// More files than this are left out.
const MOST_FILES: usize = 500;
/// Folders below `.mira` that are looked into.
const DEEPEST: usize = 6;

/// What a folder brings, read once: what is hashed is what is used.
#[derive(Debug, Clone, Default)]
pub struct Brought {
    pub items: Vec<TrustItem>,
    /// Over kind, path and content of every item.
    pub hash: String,
    texts: BTreeMap<String, String>,
}

impl Brought {
    /// Reads the folder. Nothing in it is followed: a link is named and left out.
    pub fn look(root: &Path) -> Self {
        let mut found = Found {
            root,
            items: Vec::new(),
            texts: BTreeMap::new(),
        };
        found.folder(".mira", 0);
        if let Some(hooks) = found.texts.get(".mira/hooks.toml").cloned() {
            for path in programs(&hooks, root) {
                found.file(&path, TrustKind::HookProgram);
            }
        }
        let Found {
            mut items, texts, ..
        } = found;
        items.sort_by(|a, b| a.path.cmp(&b.path));
        items.dedup_by(|a, b| a.path == b.path);
        let mut hasher = blake3::Hasher::new();
        for item in &items {
            for part in [
                item.path.as_str(),
                item.hash.as_str(),
                item.problem.as_deref().unwrap_or(""),
            ] {
                hasher.update(&(part.len() as u64).to_le_bytes());
                hasher.update(part.as_bytes());
            }
        }
        Self {
            hash: hasher.finalize().to_hex().to_string(),
            items,
            texts,
        }
    }

    pub fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }
}

struct Found<'a> {
    root: &'a Path,
    items: Vec<TrustItem>,
    texts: BTreeMap<String, String>,
}

impl Found<'_> {
    fn folder(&mut self, relative: &str, depth: usize) {
        let whole = self.root.join(relative);
        match fs::symlink_metadata(&whole) {
            Ok(data) if data.is_dir() => {}
            Ok(data) if data.is_symlink() => {
                let kind = kind_of(relative).unwrap_or(TrustKind::Hooks);
                self.left_out(relative, kind, "it is a link, which is not followed");
                return;
            }
            _ => return,
        }
        let Ok(entries) = fs::read_dir(&whole) else {
            return;
        };
        let mut names: Vec<(String, fs::FileType)> = entries
            .flatten()
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                Some((name, entry.file_type().ok()?))
            })
            .collect();
        names.sort_by(|a, b| a.0.cmp(&b.0));
        for (name, file_type) in names {
            let path = format!("{relative}/{name}");
            if file_type.is_dir() && depth < DEEPEST {
                self.folder(&path, depth + 1);
            } else if let Some(kind) = kind_of(&path) {
                self.file(&path, kind);
            }
        }
    }

    fn file(&mut self, relative: &str, kind: TrustKind) {
        if self.items.len() >= MOST_FILES || self.items.iter().any(|item| item.path == relative) {
            return;
        }
        match read(self.root, relative) {
            Ok(bytes) => {
                let text = String::from_utf8(bytes.clone()).ok();
                let mut content = text.clone().unwrap_or_default();
                if content.len() > SHOWN_BYTES {
                    let mut end = SHOWN_BYTES;
                    while !content.is_char_boundary(end) {
                        end -= 1;
                    }
                    content.truncate(end);
                }
                if let Some(text) = text {
                    self.texts.insert(relative.to_owned(), text);
                }
                self.items.push(TrustItem {
                    kind,
                    path: relative.to_owned(),
                    content,
                    bytes: bytes.len() as u64,
                    hash: blake3::hash(&bytes).to_hex().to_string(),
                    change: TrustChange::New,
                    problem: None,
                });
            }
            Err(problem) => self.left_out(relative, kind, &problem),
        }
    }

    fn left_out(&mut self, relative: &str, kind: TrustKind, problem: &str) {
        self.items.push(TrustItem {
            kind,
            path: relative.to_owned(),
            content: String::new(),
            bytes: 0,
            hash: String::new(),
            change: TrustChange::New,
            problem: Some(problem.to_owned()),
        });
    }
}

/// A file's bytes, opened without following a link anywhere below the root.
fn read(root: &Path, relative: &str) -> Result<Vec<u8>, String> {
    let mut whole = root.to_path_buf();
    for part in Path::new(relative).components() {
        whole.push(part);
        let data =
            fs::symlink_metadata(&whole).map_err(|error| format!("it cannot be read: {error}"))?;
        if data.is_symlink() {
            return Err("it is a link, which is not followed".into());
        }
    }
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(flags.bits() as i32);
    }
    let file = options
        .open(&whole)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    let data = file
        .metadata()
        .map_err(|error| format!("it cannot be read: {error}"))?;
    if !data.is_file() {
        return Err("it is no file".into());
    }
    if data.len() > LARGEST_BYTES {
        return Err(format!("it is larger than {} KiB", LARGEST_BYTES >> 10));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| format!("it cannot be read: {error}"))?;
    Ok(bytes)
}

/// What a path below `.mira` is; None for what needs no trust.
pub fn kind_of(path: &str) -> Option<TrustKind> {
    let rest = path
        .strip_prefix(".mira")
        .unwrap_or(path)
        .trim_start_matches('/');
    let is_below = |folder: &str| rest == folder || rest.starts_with(&format!("{folder}/"));
    match rest {
        "hooks.toml" => Some(TrustKind::Hooks),
        "rules.toml" => Some(TrustKind::Rules),
        "mcp.json" | "mcp.toml" => Some(TrustKind::McpServer),
        "agents.json" | "agents.toml" => Some(TrustKind::Agent),
        _ if is_below("hooks") => Some(TrustKind::HookProgram),
        _ if is_below("agents") => Some(TrustKind::Agent),
        _ if is_below("commands") && (rest.ends_with(".md") || rest == "commands") => {
            Some(TrustKind::Command)
        }
        "" => Some(TrustKind::Hooks),
        _ => None,
    }
}

/// Files of the project that its hooks name in their words.
fn programs(hooks: &str, root: &Path) -> Vec<String> {
    let Ok(table) = hooks.parse::<toml::Table>() else {
        return vec![];
    };
    let hooks = table.get("hook").and_then(toml::Value::as_array);
    let words = hooks
        .into_iter()
        .flatten()
        .filter_map(|hook| hook.get("run"));
    let words = words.flat_map(|run| match run {
        toml::Value::Array(words) => words.iter().filter_map(toml::Value::as_str).collect(),
        toml::Value::String(line) => line.split_whitespace().collect(),
        _ => vec![],
    });
    words.filter_map(|word| inside(word, root)).collect()
}

/// The path of a word below the root, where it names a file there.
fn inside(word: &str, root: &Path) -> Option<String> {
    let mut whole = PathBuf::new();
    for part in root.join(word).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                whole.pop();
            }
            part => whole.push(part),
        }
    }
    let relative = whole.strip_prefix(root).ok()?.to_str()?.to_owned();
    (!relative.is_empty() && fs::symlink_metadata(&whole).is_ok_and(|data| !data.is_dir()))
        .then_some(relative)
}

/// `.mira/commands/git/pr.md` is `git:pr`.
pub fn command_name(path: &str) -> String {
    let rest = path.strip_prefix(".mira/commands/").unwrap_or(path);
    rest.strip_suffix(".md").unwrap_or(rest).replace('/', ":")
}

/// The person's own commands, of all their folders; later ones win.
pub fn own_commands(folders: &[PathBuf]) -> Vec<CustomCommand> {
    let mut all = Vec::new();
    for folder in folders {
        own_in(folder, "", 0, &mut all);
    }
    all
}

fn own_in(folder: &Path, prefix: &str, depth: usize, all: &mut Vec<CustomCommand>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (Ok(name), Ok(file_type)) = (entry.file_name().into_string(), entry.file_type()) else {
            continue;
        };
        if file_type.is_dir() && depth < DEEPEST {
            own_in(&entry.path(), &format!("{prefix}{name}:"), depth + 1, all);
        } else if file_type.is_file()
            && let Some(short) = name.strip_suffix(".md")
            && let Ok(text) = fs::read_to_string(entry.path())
            && text.len() as u64 <= LARGEST_BYTES
        {
            all.push(CustomCommand {
                name: format!("{prefix}{short}"),
                text,
                from_project: false,
            });
        }
    }
}
