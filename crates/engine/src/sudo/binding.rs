//! What an answer counts for: exactly these words, this program, this folder, this environment,
//! this session.

use std::path::{Path, PathBuf};

use mira_workspace::Hash;

/// Where the system's programs lie, in the order in which they are looked for. Not the person's
/// search path: a project could have put a folder of its own into that.
const PROGRAMS: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// A command as it will be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    /// The program as a whole path.
    pub argv: Vec<String>,
    pub user: String,
    pub cwd: PathBuf,
    /// Variables that its starter is given.
    pub environment: Vec<(String, String)>,
    /// Over all of it, in hexadecimal.
    pub hash: String,
}

/// Why there is nothing to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unbound(pub String);

impl Bound {
    /// Finds the program and binds everything. Reads the program.
    pub fn new(
        argv: &[String],
        user: &str,
        cwd: &Path,
        environment: Vec<(String, String)>,
        session: &str,
    ) -> Result<Self, Unbound> {
        let mut argv = argv.to_vec();
        let Some(first) = argv.first_mut() else {
            return Err(Unbound("There is no program to run.".into()));
        };
        let program = find(first, cwd)?;
        *first = program.to_string_lossy().into_owned();
        let content = std::fs::read(&program)
            .map(|bytes| Hash::of(&bytes).to_hex())
            // A program that only root may read cannot be changed by others either.
            .unwrap_or_default();
        let all = serde_json::json!([argv, content, user, cwd, environment, session]);
        let hash = Hash::of(all.to_string().as_bytes()).to_hex();
        Ok(Self {
            argv,
            user: user.to_owned(),
            cwd: cwd.to_owned(),
            environment,
            hash,
        })
    }

    /// The same, looked at again now: another hash where anything changed meanwhile.
    pub fn again(&self, session: &str) -> Result<Self, Unbound> {
        Self::new(
            &self.argv,
            &self.user,
            &self.cwd,
            self.environment.clone(),
            session,
        )
    }
}

fn find(program: &str, cwd: &Path) -> Result<PathBuf, Unbound> {
    if program.contains('/') {
        let whole = cwd.join(program);
        return whole
            .canonicalize()
            .ok()
            .filter(|path| path.is_file())
            .ok_or_else(|| Unbound(format!("There is no program {}.", whole.display())));
    }
    PROGRAMS
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.is_file())
        .ok_or_else(|| {
            Unbound(format!(
                "There is no program {program:?} among the system's; name it by its whole path."
            ))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anything_else_is_something_else() {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("install.sh");
        std::fs::write(&script, "echo one").unwrap();
        let program = script.display().to_string();
        let words = |last: &str| vec![program.clone(), last.to_owned()];
        let bind = |argv: &[String], user: &str, cwd: &Path, env: &str, session: &str| {
            let env = vec![("PATH".to_owned(), env.to_owned())];
            Bound::new(argv, user, cwd, env, session).unwrap().hash
        };
        let one = bind(&words("a"), "root", folder.path(), "/bin", "s");
        assert_eq!(one, bind(&words("a"), "root", folder.path(), "/bin", "s"));
        for other in [
            bind(&words("b"), "root", folder.path(), "/bin", "s"),
            bind(&words("a"), "www", folder.path(), "/bin", "s"),
            bind(&words("a"), "root", folder.path(), "/tmp", "s"),
            bind(&words("a"), "root", folder.path(), "/bin", "t"),
        ] {
            assert_ne!(one, other);
        }
        std::fs::write(&script, "echo two").unwrap();
        assert_ne!(one, bind(&words("a"), "root", folder.path(), "/bin", "s"));
    }

    #[test]
    fn a_name_means_a_program_of_the_system() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("nothing-like-it"), "x").unwrap();
        let bound = Bound::new(
            &["nothing-like-it".into()],
            "root",
            folder.path(),
            vec![],
            "s",
        );
        assert!(bound.is_err());
        let bound = Bound::new(&["true".into()], "root", folder.path(), vec![], "s").unwrap();
        assert!(bound.argv[0].starts_with('/'));
    }
}
