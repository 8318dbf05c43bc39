//! Real repositories, made with libgit2 so that no `git` needs to be installed.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use git2::{IndexAddOption, Repository, Signature, Time};
use mira_git::{
    FileStep, GitError, Status, StatusLine, Target, branch, diff, head, history, is_repo, log,
    messages, reachable, status,
};

struct Repo {
    dir: tempfile::TempDir,
    git: Repository,
}

impl Repo {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = git2::RepositoryInitOptions::new();
        let git = Repository::init_opts(dir.path(), options.initial_head("main")).unwrap();
        Self { dir, git }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().canonicalize().unwrap()
    }

    fn put(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn add(&self) {
        let mut index = self.git.index().unwrap();
        index.add_all(["*"], IndexAddOption::DEFAULT, None).unwrap();
        index.update_all(["*"], None).unwrap();
        index.write().unwrap();
    }

    /// Commits everything, `minute` minutes after the epoch.
    fn commit(&self, message: &str, minute: i64) -> String {
        self.add();
        let tree = self
            .git
            .find_tree(self.git.index().unwrap().write_tree().unwrap())
            .unwrap();
        let who = Signature::new("Ada", "ada@example.org", &Time::new(minute * 60, 0)).unwrap();
        let parent = self
            .git
            .head()
            .ok()
            .and_then(|head| head.peel_to_commit().ok());
        let parents: Vec<_> = parent.iter().collect();
        self.git
            .commit(Some("HEAD"), &who, &who, message, &tree, &parents)
            .unwrap()
            .to_string()
    }
}

fn lines(status: &Status) -> Vec<(&str, &str, bool)> {
    status
        .changed
        .iter()
        .map(
            |StatusLine {
                 path,
                 state,
                 staged,
             }| (path.as_str(), *state, *staged),
        )
        .collect()
}

fn patch(root: &Path, target: &Target, path: Option<&str>) -> String {
    diff(root, target, path, 1 << 20).unwrap().text
}

#[test]
fn status_tells_branch_and_changes_of_the_folder() {
    let repo = Repo::new();
    repo.put("a", "1\n");
    repo.put("gone", "1\n");
    repo.put("sub/b", "1\n");
    repo.put(".gitignore", "*.log\n");
    assert_eq!(
        branch(&repo.root()).as_deref(),
        Some("main"),
        "before the first commit"
    );
    repo.commit("Begin", 1);
    assert!(is_repo(&repo.root()) && status(&repo.root()).unwrap().changed.is_empty());

    repo.put("staged", "new\n");
    repo.add();
    repo.put("staged", "newer\n");
    repo.put("sub/b", "2\n");
    repo.put("sub/new/c", "1\n");
    repo.put("noise.log", "x");
    std::fs::remove_file(repo.root().join("gone")).unwrap();
    let all = status(&repo.root()).unwrap();
    assert_eq!(
        lines(&all),
        [
            ("gone", "deleted", false),
            ("staged", "new", true),
            ("staged", "modified", false),
            ("sub/b", "modified", false),
            ("sub/new/c", "new", false),
        ]
    );
    let below = status(&repo.root().join("sub")).unwrap();
    assert_eq!(
        lines(&below),
        [("b", "modified", false), ("new/c", "new", false)]
    );

    let commit = repo.git.head().unwrap().target().unwrap();
    repo.git.set_head_detached(commit).unwrap();
    assert_eq!(status(&repo.root()).unwrap().branch, None);

    let plain = tempfile::tempdir().unwrap();
    assert_eq!(status(plain.path()).unwrap(), Status::default());
    assert!(matches!(
        log(plain.path(), 1, None),
        Err(GitError::NotARepository(_))
    ));
}

#[test]
fn diffs_of_every_target() {
    let repo = Repo::new();
    repo.put("a", "one\n");
    repo.put("sub/b", "one\n");
    assert!(
        patch(&repo.root(), &Target::Uncommitted, None).contains("+one"),
        "no commit yet"
    );
    let first = repo.commit("First", 1);
    let head = repo
        .git
        .find_commit(git2::Oid::from_str(&first).unwrap())
        .unwrap();
    repo.git.branch("base", &head, false).unwrap();
    repo.put("a", "two\n");
    let second = repo.commit("Second", 2);
    repo.put("a", "three\n");
    repo.add();
    repo.put("sub/b", "two\n");
    repo.put("sub/untracked", "fresh\n");

    let all = diff(&repo.root(), &Target::Uncommitted, None, 1 << 20).unwrap();
    assert_eq!(
        (all.files, all.additions, all.deletions, all.truncated),
        (3, 3, 2, false)
    );
    assert!(
        all.text.contains("-two\n+three\n") && all.text.contains("+fresh\n"),
        "{}",
        all.text
    );
    assert!(
        all.text.contains("diff --git a/sub/b b/sub/b"),
        "{}",
        all.text
    );
    let staged = patch(&repo.root(), &Target::Staged, None);
    assert!(
        staged.contains("+three") && !staged.contains("fresh"),
        "{staged}"
    );
    let on_branch = patch(
        &repo.root(),
        &Target::Branch {
            base: "base".into(),
        },
        None,
    );
    assert!(
        on_branch.contains("-one\n+two\n") && !on_branch.contains("three"),
        "{on_branch}"
    );
    let commit = patch(
        &repo.root(),
        &Target::Commit {
            commit: second[..10].into(),
        },
        None,
    );
    assert!(commit.contains("-one\n+two\n"), "{commit}");
    let root_commit = patch(&repo.root(), &Target::Commit { commit: first }, None);
    assert!(root_commit.contains("+one"), "{root_commit}");

    let one = patch(&repo.root(), &Target::Uncommitted, Some("sub/b"));
    assert!(one.contains("+two") && !one.contains("fresh"), "{one}");
    let below = patch(&repo.root().join("sub"), &Target::Uncommitted, None);
    assert!(
        below.contains("fresh") && !below.contains("three"),
        "{below}"
    );
    let cut = diff(&repo.root(), &Target::Uncommitted, None, 120).unwrap();
    assert!(cut.truncated && cut.text.len() <= 120 && cut.additions == 3);
}

#[test]
fn hostile_names_and_paths_are_refused() {
    let repo = Repo::new();
    repo.put("sub/a", "1\n");
    repo.commit("First", 1);
    for name in [
        "--output=/tmp/x",
        "",
        "HEAD@{1}",
        ":/First",
        "a b",
        "HEAD:sub/a",
        "none",
        "$(id)",
    ] {
        let target = Target::Commit {
            commit: name.into(),
        };
        let error = diff(&repo.root(), &target, None, 100).unwrap_err();
        assert!(
            matches!(error, GitError::BadReference(_)),
            "{name}: {error}"
        );
    }
    for path in ["../x", "/etc", "sub/../../x", "a\0"] {
        let error = diff(&repo.root(), &Target::Uncommitted, Some(path), 100).unwrap_err();
        assert!(
            matches!(error, GitError::BadReference(_)),
            "{path}: {error}"
        );
    }
    // From below, what lies above is not reached.
    assert!(log(&repo.root().join("sub"), 5, Some("../sub")).is_err());
}

#[test]
fn the_log_is_newest_first_and_can_be_of_one_path() {
    let repo = Repo::new();
    assert_eq!(log(&repo.root(), 5, None).unwrap(), []);
    repo.put("a", "1\n");
    repo.commit("First\n\nWith a body.\n", 1);
    repo.put("sub/b", "1\n");
    repo.commit("Second", 2);
    repo.put("a", "2\n");
    repo.commit("Third", 3);
    let subjects = |limit, path: Option<&str>| {
        let commits = log(&repo.root(), limit, path).unwrap();
        commits
            .into_iter()
            .map(|commit| commit.subject)
            .collect::<Vec<_>>()
    };
    assert_eq!(subjects(10, None), ["Third", "Second", "First"]);
    assert_eq!(subjects(2, None), ["Third", "Second"]);
    assert_eq!(subjects(10, Some("a")), ["Third", "First"]);
    assert_eq!(subjects(1, Some("sub")), ["Second"]);
    let first = log(&repo.root(), 3, None).unwrap().remove(2);
    assert_eq!(
        (first.author.as_str(), first.email.as_str()),
        ("Ada", "ada@example.org")
    );
    assert_eq!(
        (first.at, first.body.as_str(), first.hash.len()),
        (60_000, "With a body.", 40)
    );
    let below = log(&repo.root().join("sub"), 10, None).unwrap();
    assert_eq!(below[0].subject, "Second");
    assert_eq!(below.len(), 1);
}

/// Everything in a repository's configuration that makes git run programs.
#[test]
fn a_hostile_configuration_runs_nothing() {
    let repo = Repo::new();
    repo.put("a.txt", "1\n");
    repo.put(".gitattributes", "*.txt diff=evil filter=evil\n");
    repo.commit("First", 1);
    let trap = repo.root().join(".git/trap.sh");
    let sprung = repo.root().join(".git/sprung");
    std::fs::write(
        &trap,
        format!("#!/bin/sh\ntouch {}\ncat\n", sprung.display()),
    )
    .unwrap();
    std::fs::set_permissions(&trap, PermissionsExt::from_mode(0o755)).unwrap();
    let trap = trap.to_str().unwrap();
    let mut config = repo.git.config().unwrap();
    for name in [
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "gpg.program",
        "core.alternateRefsCommand",
    ] {
        config.set_str(name, trap).unwrap();
    }
    for hook in ["post-index-change", "pre-commit", "post-checkout"] {
        std::fs::copy(trap, repo.root().join(".git/hooks").join(hook)).unwrap();
    }
    repo.put("a.txt", "2\n");
    assert_eq!(status(&repo.root()).unwrap().changed.len(), 1);
    assert!(patch(&repo.root(), &Target::Uncommitted, None).contains("+2"));
    assert_eq!(log(&repo.root(), 5, Some("a.txt")).unwrap().len(), 1);
    assert!(!sprung.exists(), "a program of the repository was run");
}

#[test]
fn the_history_counts_lines_and_follows_names() {
    let repo = Repo::new();
    assert_eq!(head(&repo.root()).unwrap(), None);
    assert_eq!(history(&repo.root(), 10, &|| false).unwrap(), []);
    let text: String = (0..20).map(|at| format!("line {at}\n")).collect();
    repo.put("old.rs", &text);
    repo.put("sub/a.rs", "1\n2\n");
    repo.commit("Begin", 1);
    repo.put("old.rs", text.replace("line 3\n", "line three\n"));
    repo.commit("Mend line 3\n\nWith a reason.", 2);
    std::fs::rename(repo.root().join("old.rs"), repo.root().join("new.rs")).unwrap();
    let newest = repo.commit("Rename", 3);
    repo.put("new.rs", "one line\n");
    let last = repo.commit("Rewrite", 4);
    assert_ne!(newest, last);
    assert_eq!(head(&repo.root()).unwrap(), Some(last));

    type Told = Vec<(String, Vec<(String, u32, u32)>)>;
    let told = |root: &Path, most| -> Told {
        let steps = history(root, most, &|| false).unwrap();
        let file = |file: &FileStep| (file.path.clone(), file.added, file.removed);
        steps
            .iter()
            .map(|step| (step.subject.clone(), step.files.iter().map(file).collect()))
            .collect()
    };
    let one = |path: &str, added, removed| vec![(path.to_owned(), added, removed)];
    let all = told(&repo.root(), 10);
    assert_eq!(
        all,
        [
            ("Rewrite".to_owned(), one("new.rs", 1, 20)),
            ("Mend line 3".to_owned(), one("new.rs", 1, 1)),
            (
                "Begin".to_owned(),
                [one("new.rs", 20, 0), one("sub/a.rs", 2, 0)].concat()
            ),
        ],
        "a file that was only moved did not change"
    );
    assert_eq!(told(&repo.root(), 1).len(), 1);
    assert_eq!(
        told(&repo.root().join("sub"), 10),
        [("Begin".to_owned(), one("a.rs", 2, 0))]
    );
    assert_eq!(history(&repo.root(), 10, &|| true).unwrap(), []);
}

#[test]
fn merges_change_nothing_of_their_own() {
    let repo = Repo::new();
    repo.put("a", "1\n");
    repo.commit("Begin", 1);
    let begin = repo.git.head().unwrap().peel_to_commit().unwrap();
    repo.put("a", "2\n");
    repo.commit("One side", 2);
    let side = repo.git.head().unwrap().peel_to_commit().unwrap();
    let who = Signature::new("Bob", "bob@example.org", &Time::new(180, 0)).unwrap();
    repo.git
        .commit(
            Some("HEAD"),
            &who,
            &who,
            "Merge",
            &side.tree().unwrap(),
            &[&side, &begin],
        )
        .unwrap();
    let subjects: Vec<String> = history(&repo.root(), 10, &|| false)
        .unwrap()
        .into_iter()
        .map(|step| step.subject)
        .collect();
    assert_eq!(subjects, ["One side", "Begin"]);
}

#[test]
fn messages_name_what_was_said_and_touched_newest_first() {
    let repo = Repo::new();
    assert_eq!(reachable(&repo.root(), 10).unwrap(), Vec::<String>::new());
    repo.put("web/page.html", "one\n");
    repo.put("core/sum.rs", "fn sum() {}\n");
    let first = repo.commit("Begin", 1);
    repo.put("core/sum.rs", "fn sum() -> u8 { 2 }\n");
    let second = repo.commit("Sum again\n\nThe first was wrong.\n", 2);
    let all = reachable(&repo.root(), 10).unwrap();
    assert_eq!(all, [second.clone(), first.clone()]);
    let newest = reachable(&repo.root(), 1).unwrap();
    assert_eq!(newest, std::slice::from_ref(&second));
    let told = messages(&repo.root(), &all).unwrap();
    assert_eq!(told[0].commit.body, "The first was wrong.");
    assert_eq!(told[0].paths, ["core/sum.rs"]);
    assert_eq!(told[1].paths, ["core/sum.rs", "web/page.html"]);

    // Asked about a folder: its own names, and what touched it.
    let web = repo.root().join("web");
    let told = messages(&web, &all).unwrap();
    assert!(!told[0].is_here && told[0].paths.is_empty());
    assert!(told[1].is_here && told[1].paths == ["page.html"]);

    // A tree that was lost, or never fetched, takes the names of files with it and nothing else.
    let commit = repo.git.find_commit(second.parse().unwrap()).unwrap();
    let tree = commit.tree_id().to_string();
    let objects = repo.git.path().join("objects");
    let object = objects.join(&tree[..2]).join(&tree[2..]);
    std::fs::remove_file(object).unwrap();
    let told = messages(&repo.root(), std::slice::from_ref(&second)).unwrap();
    assert_eq!(told[0].commit.subject, "Sum again");
    assert!(told[0].paths.is_empty() && told[0].is_here);

    // What is not there is left out; a folder without a repository has none.
    let none = "0123456789012345678901234567890123456789".to_owned();
    assert_eq!(messages(&repo.root(), &[none, first]).unwrap().len(), 1);
    let bare = tempfile::tempdir().unwrap();
    assert_eq!(reachable(bare.path(), 10).unwrap(), Vec::<String>::new());
}
