//! One engine a data directory.

use std::fs::{File, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;

use mira_protocol::{Code, Failure};

/// Held while the engine lives; the system lets go of it however the process ends.
pub struct DataDirLock {
    file: File,
    /// The process that held it last and did not let go of it in order.
    pub died: Option<u32>,
}

impl DataDirLock {
    /// Makes the directory where it is missing, for its owner only, and locks it.
    ///
    /// # Errors
    /// [`Code::Locked`], naming the process that holds it; [`Code::Internal`] where the directory
    /// cannot be used.
    pub fn take(data_dir: &Path) -> Result<Self, Failure> {
        let unusable = |error: std::io::Error| {
            Failure::new(
                Code::Internal,
                format!(
                    "The data directory {} cannot be used: {error}.",
                    data_dir.display()
                ),
            )
            .hint("Check its permissions and the disk, or name another with MIRA_DATA_DIR.")
        };
        make_private_dir(data_dir).map_err(unusable)?;
        let mut file = File::options()
            .create(true)
            .read(true)
            .write(true)
            .truncate(false)
            .open(data_dir.join("lock"))
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(held(data_dir, &mut file)),
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        let mut last = String::new();
        // A file that is not text is no process's.
        let _ = file.read_to_string(&mut last);
        file.set_len(0).map_err(unusable)?;
        file.rewind().map_err(unusable)?;
        file.write_all(std::process::id().to_string().as_bytes())
            .map_err(unusable)?;
        Ok(Self {
            file,
            died: last.trim().parse().ok(),
        })
    }

    /// Everything ended in order: the next start has nothing to clean up.
    pub fn end(&self) {
        if let Err(error) = self.file.set_len(0) {
            tracing::warn!(%error, "the lock was not emptied");
        }
    }
}

fn held(data_dir: &Path, file: &mut File) -> Failure {
    let mut pid = String::new();
    // Without the number the message says less, but the same.
    let _ = file.read_to_string(&mut pid);
    let who = match pid.trim() {
        "" => String::new(),
        pid => format!(" (process {pid})"),
    };
    Failure::new(
        Code::Locked,
        format!(
            "Another Mira{who} uses the data directory {}.",
            data_dir.display()
        ),
    )
    .hint(
        "Attach to it: switch its socket on (MIRA_SOCKET in the settings), or start it with \
         `mira serve`. Or close it, or take another directory with MIRA_DATA_DIR.",
    )
}

/// One that is there and empty is made so, too; one that holds other things may be meant for
/// others, and `mira doctor` names it.
#[cfg(unix)]
fn make_private_dir(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)?;
    let is_open = super::doctor::others_may_enter(path);
    if is_open && std::fs::read_dir(path)?.next().is_none() {
        // Who does not own it is told by the doctor.
        let _ = std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700));
    }
    Ok(())
}

#[cfg(not(unix))]
fn make_private_dir(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_engine_is_told_who_holds_the_directory() {
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("new/data");
        let first = DataDirLock::take(&data_dir).unwrap();
        let Err(failure) = DataDirLock::take(&data_dir) else {
            panic!("two locks");
        };
        assert_eq!(failure.code, Code::Locked);
        let pid = std::process::id().to_string();
        assert!(failure.message.contains(&pid), "{}", failure.message);
        assert!(failure.hint.unwrap().contains("mira serve"));
        drop(first);
        DataDirLock::take(&data_dir).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_new_directory_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let data_dir = folder.path().join("data");
        let _lock = DataDirLock::take(&data_dir).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&data_dir), 0o700);

        let made = |name: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            path
        };
        let empty = made("empty");
        let _lock = DataDirLock::take(&empty).unwrap();
        assert_eq!(mode(&empty), 0o700);
        let shared = made("shared");
        std::fs::write(shared.join("theirs.txt"), "").unwrap();
        let _lock = DataDirLock::take(&shared).unwrap();
        assert_eq!(mode(&shared), 0o755);
        let check = super::super::doctor::data_dir(&shared);
        assert!(check.detail.contains("others"), "{check:?}");
        assert!(check.hint.unwrap().contains("chmod 700"));
    }
}
