//! Where commands put what need not last.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// One for each project, ours alone. The same for each command, so that one command finds what
/// another put there.
pub(super) fn temporary_folder(root: &Path) -> io::Result<PathBuf> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    let user = rustix::process::geteuid().as_raw();
    let base = std::env::temp_dir().join(format!("mira-{user}"));
    let make = |path: &Path| match std::fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    };
    make(&base)?;
    let meta = std::fs::symlink_metadata(&base)?;
    if !meta.is_dir() || meta.uid() != user || meta.mode() & 0o077 != 0 {
        return Err(io::Error::other(format!(
            "{} is not a folder of yours alone; remove it",
            base.display()
        )));
    }
    let name = blake3::hash(root.as_os_str().as_bytes()).to_hex();
    let folder = base.join(&name.as_str()[..16]);
    make(&folder)?;
    folder.canonicalize()
}
