//! Which folders may be a project. The system's own may not: one wrong write there breaks the
//! machine, and nobody keeps code in them.

use std::path::{Component, Path};

use mira_protocol::{Code, Failure};

/// These and everything below.
const SYSTEM_TREES: &[&str] = &[
    "/bin",
    "/boot",
    "/dev",
    "/etc",
    "/lib",
    "/lib32",
    "/lib64",
    "/proc",
    "/sbin",
    "/sys",
    "/usr/bin",
    "/usr/lib",
    "/usr/sbin",
    "/System",
    "/Library",
];
/// Only these themselves; projects below them are common.
const SYSTEM_ROOTS: &[&str] = &[
    "/home",
    "/media",
    "/mnt",
    "/opt",
    "/run",
    "/srv",
    "/tmp",
    "/usr",
    "/usr/local",
    "/var",
    "/var/tmp",
    "/Applications",
    "/Users",
    "/Volumes",
    "/private",
    "/private/tmp",
    "/private/var",
];

/// Refuses the system's folders, and Mira's data besides its `projects/`.
pub fn check(folder: &Path, data_dir: &Path) -> Result<(), Failure> {
    check_lexically(folder)?;
    let data_dir = std::fs::canonicalize(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    if folder.starts_with(&data_dir) && !below(folder, &data_dir.join(super::OWN_PROJECTS)) {
        return Err(refused(folder, "Mira keeps its own data there"));
    }
    Ok(())
}

/// [`check`] for a folder that need not exist yet.
pub fn check_lexically(folder: &Path) -> Result<(), Failure> {
    let is_root = folder.parent().is_none()
        || !folder
            .components()
            .any(|part| matches!(part, Component::Normal(_)));
    if is_root {
        return Err(refused(folder, "it is the root of a file system"));
    }
    let in_tree = SYSTEM_TREES.iter().any(|tree| folder.starts_with(tree))
        || std::env::var_os("SystemRoot").is_some_and(|windows| folder.starts_with(windows));
    if in_tree || SYSTEM_ROOTS.iter().any(|root| folder == Path::new(root)) {
        return Err(refused(folder, "it is a folder of the operating system"));
    }
    Ok(())
}

fn below(folder: &Path, parent: &Path) -> bool {
    folder != parent && folder.starts_with(parent)
}

fn refused(folder: &Path, why: &str) -> Failure {
    Failure::new(
        Code::Refused,
        format!("{} cannot be a project: {why}.", folder.display()),
    )
    .hint("Open the folder of the code you want to work on.")
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn system_folders_and_own_data_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let base = std::fs::canonicalize(folder.path()).unwrap();
        let data = base.join("data");
        std::fs::create_dir_all(data.join("projects/a")).unwrap();
        for refused in [
            "/",
            "/etc",
            "/etc/ssh",
            "/usr",
            "/usr/lib/x",
            "/tmp",
            "/home",
        ] {
            assert!(check(Path::new(refused), &data).is_err(), "{refused}");
        }
        for refused in [data.clone(), data.join("blobs"), data.join("projects")] {
            assert!(check(&refused, &data).is_err(), "{}", refused.display());
        }
        for legal in [
            base.clone(),
            data.join("projects/a"),
            "/home/me".into(),
            "/usr/src/x".into(),
        ] {
            assert!(check(&legal, &data).is_ok(), "{}", legal.display());
        }
    }
}
