//! Files and git of a project, as clients ask for them.

use mira_protocol::git::{GitDiff, GitLog};
use mira_protocol::project::{FindFiles, ListFiles, ProjectRef, ReadFile};
use mira_protocol::table::calls;
use mira_protocol::{Code, ProjectId};
use mira_testkit::{ScriptedModel, TempProject, TestEngine};

async fn opened(project: &TempProject) -> (TestEngine, ProjectId) {
    let engine = TestEngine::with_model(&ScriptedModel::replies([])).await;
    let id = engine.open(project).await.id;
    (engine, id)
}

#[tokio::test]
async fn files_are_listed_read_and_found_inside_the_project_only() {
    let project = TempProject::new(
        "-- src/main.rs\nfn main() {}\n// end\n-- src/session.rs\n\n-- .gitignore\ntarget/\n-- target/x\nx\n",
    );
    std::os::unix::fs::symlink("/etc", project.path("etc")).unwrap();
    let (engine, project_id) = opened(&project).await;
    let list = async |path: &str| {
        let list = ListFiles {
            project_id: project_id.clone(),
            path: path.into(),
        };
        engine.engine.call(calls::FileList(list)).await
    };
    let root = list("").await.unwrap();
    let names: Vec<_> = root
        .entries
        .iter()
        .map(|entry| (entry.path.as_str(), entry.is_dir, entry.ignored))
        .collect();
    assert_eq!(
        names,
        [
            ("src", true, false),
            ("target", true, true),
            (".gitignore", false, false),
            ("etc", false, false)
        ]
    );
    assert_eq!(list("src").await.unwrap().entries.len(), 2);

    let read = async |path: &str, offset| {
        let (project_id, path) = (project_id.clone(), path.to_owned());
        let read = ReadFile {
            project_id,
            path,
            offset,
            limit: Some(1),
            version: None,
        };
        engine.engine.call(calls::FileRead(read)).await
    };
    let page = read("src/main.rs", Some(2)).await.unwrap();
    assert_eq!(
        (page.text.as_str(), page.first_line, page.total_lines),
        ("// end\n", 2, 2)
    );
    for path in ["etc/passwd", "../x", "/etc/passwd"] {
        assert_eq!(
            read(path, None).await.unwrap_err().code,
            Code::Refused,
            "{path}"
        );
    }
    assert_eq!(read("none", None).await.unwrap_err().code, Code::NotFound);
    assert_eq!(read("src", None).await.unwrap_err().code, Code::BadParams);
    assert_eq!(list("etc").await.unwrap_err().code, Code::Refused);

    let find = FindFiles {
        project_id: project_id.clone(),
        query: "sess".into(),
        limit: Some(1),
    };
    let found = engine.engine.call(calls::FileFind(find)).await.unwrap();
    assert_eq!(found.entries[0].path, "src/session.rs");

    let root = project.root();
    drop(project);
    assert!(!root.exists());
    assert_eq!(list("").await.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn git_answers_and_says_where_there_is_none() {
    let project = TempProject::new("-- a.txt\none\n").with_git();
    let (engine, project_id) = opened(&project).await;
    project.write("a.txt", "two\n");
    let of = ProjectRef {
        project_id: project_id.clone(),
    };
    let status = engine.engine.call(calls::GitStatus(of)).await.unwrap();
    assert_eq!(
        (status.is_repo, status.branch.as_deref()),
        (true, Some("main"))
    );
    assert_eq!(
        (
            status.changed[0].path.as_str(),
            status.changed[0].state.as_str()
        ),
        ("a.txt", "modified")
    );
    let diff = async |target: Option<&str>, commit: Option<&str>| {
        let diff = GitDiff {
            project_id: project_id.clone(),
            target: target.map(str::to_owned),
            base: None,
            commit: commit.map(str::to_owned),
            path: None,
        };
        engine.engine.call(calls::GitDiff(diff)).await
    };
    assert!(
        diff(None, None)
            .await
            .unwrap()
            .diff
            .contains("-one\n+two\n")
    );
    assert!(
        diff(None, Some("HEAD"))
            .await
            .unwrap()
            .diff
            .contains("+one\n")
    );
    assert!(diff(Some("staged"), None).await.unwrap().diff.is_empty());
    for (target, commit) in [
        (Some("branch"), None),
        (Some("other"), None),
        (None, Some("--all")),
    ] {
        assert_eq!(
            diff(target, commit).await.unwrap_err().code,
            Code::BadParams
        );
    }
    let log = GitLog {
        project_id: project_id.clone(),
        limit: None,
        path: None,
    };
    let log = engine.engine.call(calls::GitLog(log)).await.unwrap();
    assert_eq!(log.commits[0].subject, "Begin");

    let plain = TempProject::new("-- a\n1\n");
    let id = engine.open(&plain).await.id;
    let status = engine
        .engine
        .call(calls::GitStatus(ProjectRef {
            project_id: id.clone(),
        }))
        .await;
    assert!(!status.unwrap().is_repo);
    let log = GitLog {
        project_id: id,
        limit: None,
        path: None,
    };
    assert_eq!(
        engine
            .engine
            .call(calls::GitLog(log))
            .await
            .unwrap_err()
            .code,
        Code::Conflict
    );
}
