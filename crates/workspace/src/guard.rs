//! The one path guard: what a path means, and whether it may be used.
//!
//! A path is resolved as the kernel would resolve it, symbolic links and `..` included, but for
//! paths that do not exist yet too; what counts is where it ends. [`open_parent`] then walks from
//! the root again without following any link, so that a link put in the way after the check
//! leads nowhere.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{Mode, OFlags};

use crate::{Refusal, Workspace};

/// How far an operation may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Read inside the project.
    Read,
    /// Read and write inside the project.
    Project,
    /// Read and write inside the project and the home folder.
    Home,
    /// Read and write wherever the OS user may.
    System,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    Read,
    Write,
}

/// A path that the guard let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// Canonical: no link, no `.` and `..` in it. Its last parts need not exist.
    pub absolute: PathBuf,
    /// Relative to the root with `/` between parts (empty: the root itself). None: outside.
    pub relative: Option<String>,
}

impl Resolved {
    /// How the path is named to people and in changes.
    pub fn shown(&self) -> String {
        match self.relative.as_deref() {
            Some("") => ".".into(),
            Some(relative) => relative.into(),
            None => self.absolute.to_string_lossy().into_owned(),
        }
    }
}

const MAX_PATH_BYTES: usize = 4096;
const MAX_NAME_BYTES: usize = 255;
const MAX_LINKS: u32 = 40;

impl Workspace {
    /// What `path` means and whether it may be used so. Relative paths start at the root, `~` at
    /// the home folder. Fails with a reason that names the way out.
    pub fn resolve(&self, path: &str, intent: Intent) -> Result<Resolved, Refusal> {
        let absolute = self.absolute(path)?;
        let canonical = canonical(&absolute, path, true)?;
        self.admit(canonical, path, intent)
    }

    /// As [`resolve`](Self::resolve), but a link at the end of the path is meant itself.
    pub fn resolve_entry(&self, path: &str, intent: Intent) -> Result<Resolved, Refusal> {
        let absolute = self.absolute(path)?;
        let canonical = canonical(&absolute, path, false)?;
        self.admit(canonical, path, intent)
    }

    /// The folder of `path` as a working directory for a command.
    pub fn cwd(&self, path: &str) -> Result<PathBuf, Refusal> {
        let resolved = self.resolve(path, Intent::Read)?;
        match std::fs::metadata(&resolved.absolute) {
            Ok(meta) if meta.is_dir() => Ok(resolved.absolute),
            Ok(_) => Err(Refusal::Unsuitable(format!(
                "{path:?} is a file, not a folder; a command needs a folder to run in."
            ))),
            Err(error) => Err(Refusal::io(
                format_args!("run in the folder {path:?}"),
                &error,
            )),
        }
    }

    fn absolute(&self, path: &str) -> Result<PathBuf, Refusal> {
        if path.contains('\0') {
            return Err(Refusal::Denied(
                "The path has a NUL character in it.".into(),
            ));
        }
        if path.len() > MAX_PATH_BYTES {
            return Err(Refusal::Denied(format!(
                "The path is {} bytes long; at most {MAX_PATH_BYTES} are possible.",
                path.len()
            )));
        }
        let path = match path.strip_prefix('~') {
            Some(rest) if rest.is_empty() || rest.starts_with('/') => {
                let home = self.home.as_ref().ok_or_else(|| {
                    Refusal::Denied("The path begins with ~, but there is no home folder.".into())
                })?;
                home.join(rest.trim_start_matches('/'))
            }
            _ => self.root.join(path),
        };
        let too_long = path.iter().find(|part| part.len() > MAX_NAME_BYTES);
        if let Some(part) = too_long {
            return Err(Refusal::Denied(format!(
                "A part of the path is {} bytes long; at most {MAX_NAME_BYTES} are possible.",
                part.len()
            )));
        }
        Ok(path)
    }

    /// Whether a canonical path may be used; `asked` is how it was written.
    fn admit(&self, path: PathBuf, asked: &str, intent: Intent) -> Result<Resolved, Refusal> {
        let relative = path.strip_prefix(&self.root).ok();
        let relative = match relative.map(Path::to_str) {
            Some(None) => return Err(not_utf8(asked)),
            Some(Some(relative)) => Some(relative.to_owned()),
            None => None,
        };
        self.check_reach(&path, relative.is_some(), asked, intent)?;
        self.check_protected(&path, relative.is_some(), asked)?;
        if intent == Intent::Write {
            check_writable(&path, &self.root, relative.as_deref(), asked)?;
        }
        check_kind(&path, asked)?;
        Ok(Resolved {
            absolute: path,
            relative,
        })
    }

    fn check_reach(
        &self,
        path: &Path,
        inside: bool,
        asked: &str,
        intent: Intent,
    ) -> Result<(), Refusal> {
        let root = self.root.display();
        let in_home = self
            .home
            .as_ref()
            .is_some_and(|home| path.starts_with(home));
        match self.access {
            Access::Read if intent == Intent::Write => Err(Refusal::Denied(format!(
                "{asked:?} cannot be written: this conversation may only read. Ask the person to allow changes."
            ))),
            Access::Read | Access::Project if !inside => {
                let way = if path.to_string_lossy() == asked {
                    ""
                } else {
                    " after following links and `..`"
                };
                Err(Refusal::Denied(format!(
                    "{asked:?} is outside the project {root}{way}; use a path relative to the project root."
                )))
            }
            Access::Home if !inside && !in_home => Err(Refusal::Denied(format!(
                "{asked:?} is outside the project {root} and outside the home folder; use a path inside one of them."
            ))),
            _ => Ok(()),
        }
    }

    fn check_protected(&self, path: &Path, inside: bool, asked: &str) -> Result<(), Refusal> {
        let refused = self.protected.iter().any(|protected| {
            path.starts_with(protected) && !(inside && self.root.starts_with(protected))
        });
        if refused {
            return Err(Refusal::Denied(format!(
                "{asked:?} lies in Mira's own data, which no tool may touch."
            )));
        }
        Ok(())
    }
}

fn check_writable(
    path: &Path,
    root: &Path,
    relative: Option<&str>,
    asked: &str,
) -> Result<(), Refusal> {
    if relative == Some("") {
        return Err(Refusal::Denied(format!(
            "{asked:?} is the project folder itself."
        )));
    }
    let below = path.strip_prefix(root).unwrap_or(path);
    if below.iter().any(|part| part.eq_ignore_ascii_case(".git")) {
        return Err(Refusal::Denied(format!(
            "{asked:?} belongs to git's own data; change it with git commands."
        )));
    }
    Ok(())
}

/// Only files, folders and links are handled: reading a device or a pipe may block for ever.
fn check_kind(path: &Path, asked: &str) -> Result<(), Refusal> {
    use std::os::unix::fs::FileTypeExt;
    let Ok(meta) = std::fs::symlink_metadata(path) else {
        return Ok(());
    };
    let kind = meta.file_type();
    let what = if kind.is_fifo() {
        "a named pipe"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_char_device() || kind.is_block_device() {
        "a device"
    } else {
        return Ok(());
    };
    Err(Refusal::Denied(format!("{asked:?} is {what}, not a file.")))
}

fn not_utf8(asked: &str) -> Refusal {
    Refusal::Denied(format!(
        "{asked:?} leads to a path that is not valid UTF-8; rename that file or folder first."
    ))
}

/// Resolves `path` (absolute) as the kernel would. Parts that do not exist are taken as written.
fn canonical(path: &Path, asked: &str, follow_last: bool) -> Result<PathBuf, Refusal> {
    let mut done = PathBuf::from("/");
    let mut todo: Vec<OsString> = parts(path);
    let mut links = 0;
    while let Some(part) = todo.pop() {
        if part == ".." {
            done.pop();
            continue;
        }
        done.push(&part);
        if todo.is_empty() && !follow_last {
            break;
        }
        match std::fs::read_link(&done) {
            Ok(target) => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(Refusal::Denied(format!(
                        "{asked:?} goes through more than {MAX_LINKS} symbolic links (a loop?)."
                    )));
                }
                done.pop();
                if target.is_absolute() {
                    done = PathBuf::from("/");
                }
                todo.extend(parts(&target));
            }
            // Not a link, or not there: taken as written.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::NotFound
                ) => {}
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return Err(Refusal::Denied(format!(
                    "{asked:?} goes through a file as if it were a folder."
                )));
            }
            Err(error) => {
                return Err(Refusal::io(
                    format_args!("follow the path {asked:?}"),
                    &error,
                ));
            }
        }
    }
    Ok(done)
}

/// Names of a path, last first; `..` among them.
fn parts(path: &Path) -> Vec<OsString> {
    path.components()
        .rev()
        .filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect()
}

/// An open folder, and a name in it: where an operation on one entry happens.
pub(crate) struct Place {
    pub dir: OwnedFd,
    pub name: OsString,
    /// Folders that had to be made, outermost first, with their modes.
    pub made: Vec<(PathBuf, u32)>,
}

const DIR_FLAGS: OFlags = OFlags::DIRECTORY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC)
    .union(OFlags::RDONLY);

/// Opens the folder that holds `path` (canonical), walking down from `base` without following a
/// link anywhere. With `make` missing folders are made.
pub(crate) fn open_parent(base: &Path, path: &Path, make: bool) -> io::Result<Place> {
    use rustix::fs::{mkdirat, open, openat};
    let below = path
        .strip_prefix(base)
        .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    let name = below
        .file_name()
        .ok_or(io::ErrorKind::InvalidInput)?
        .to_owned();
    let mut dir = open(base, DIR_FLAGS, Mode::empty())?;
    let mut at = base.to_owned();
    let mut made = Vec::new();
    for part in below.parent().into_iter().flatten() {
        at.push(part);
        let next = match openat(&dir, part, DIR_FLAGS, Mode::empty()) {
            Err(rustix::io::Errno::NOENT) if make => {
                match mkdirat(&dir, part, Mode::from_raw_mode(0o777)) {
                    Ok(()) => {}
                    Err(rustix::io::Errno::EXIST) => {}
                    Err(error) => return Err(error.into()),
                }
                let next = openat(&dir, part, DIR_FLAGS, Mode::empty())?;
                made.push((at.clone(), rustix::fs::fstat(&next)?.st_mode & 0o7777));
                next
            }
            other => other?,
        };
        dir = next;
    }
    Ok(Place { dir, name, made })
}

impl Workspace {
    /// Where walks down to `path` begin: the root, or `/` for paths outside.
    pub(crate) fn base_of(&self, path: &Resolved) -> &Path {
        if path.relative.is_some() {
            &self.root
        } else {
            Path::new("/")
        }
    }
}
