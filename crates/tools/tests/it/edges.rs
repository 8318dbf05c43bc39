//! What is unusual: pages, binaries, line ends, wrong arguments, ways out of the project.

use mira_tools::ToolError;
use serde_json::{Value, json};

use crate::project::Project;

#[tokio::test]
async fn pages_of_a_file_join_to_the_file() {
    let whole: String = (1..=1_234)
        .map(|n| format!("line {n} äöü 漢字\n"))
        .collect();
    let project = Project::new(&[("big.txt", &whole)]);
    let (mut joined, mut offset, mut pages) = (String::new(), 1, 0);
    loop {
        let page = project
            .ok(
                "read_project_file",
                json!({"path": "big.txt", "offset": offset}),
            )
            .await;
        pages += 1;
        let lines: Vec<&str> = page
            .text
            .lines()
            .filter(|line| !line.starts_with('['))
            .collect();
        for line in &lines {
            let (number, text) = line.split_once('\t').expect("a numbered line");
            assert_eq!(number, offset.to_string());
            joined.push_str(&format!("{text}\n"));
            offset += 1;
        }
        assert!(lines.len() <= 500);
        match page.truncated {
            true => assert!(
                page.text.contains(&format!("go on with offset {offset}]")),
                "{}",
                page.text
            ),
            false => break,
        }
    }
    assert!(pages >= 3 && joined == whole);
}

#[tokio::test]
async fn unusual_files_are_told_as_what_they_are() {
    let project = Project::new(&[
        ("empty", ""),
        ("crlf.txt", "a\r\nb"),
        ("bin", "\0\u{1}\u{2}"),
    ]);
    let read = |path: &'static str| {
        let project = &project;
        async move {
            project
                .ok("read_project_file", json!({ "path": path }))
                .await
                .text
        }
    };
    assert!(read("empty").await.contains("is empty"));
    assert!(read("bin").await.contains("is binary, 3 bytes"));
    let crlf = read("crlf.txt").await;
    assert!(
        crlf.starts_with("1\ta\n2\tb\n") && crlf.contains("CRLF"),
        "{crlf}"
    );
    let past = project
        .ok(
            "read_project_file",
            json!({"path": "crlf.txt", "offset": 9}),
        )
        .await;
    assert!(past.text.contains("has only 2 lines"), "{}", past.text);
    project
        .refused("read_project_file", json!({"path": "missing"}), "missing")
        .await;
    project
        .refused("read_project_file", json!({"path": "."}), "folder")
        .await;
}

#[tokio::test]
async fn a_file_keeps_its_line_ends() {
    let project = Project::new(&[("a.txt", "\u{feff}one\r\ntwo\r\n")]);
    let edits = json!([{"old": "one\ntwo", "new": "1\n2\n3"}]);
    project
        .ok(
            "edit_project_file",
            json!({"path": "a.txt", "edits": edits}),
        )
        .await;
    assert_eq!(project.text("a.txt"), "\u{feff}1\r\n2\r\n3\r\n");
    let written = project
        .ok(
            "write_project_file",
            json!({"path": "a.txt", "content": "x\ny\n"}),
        )
        .await;
    assert_eq!(project.text("a.txt"), "\u{feff}x\r\ny\r\n");
    assert_eq!(written.changes.len(), 1);
    let again = project
        .ok(
            "write_project_file",
            json!({"path": "a.txt", "content": "x\ny\n"}),
        )
        .await;
    assert!(again.changes.is_empty() && again.text.contains("nothing changed"));
}

#[tokio::test]
async fn an_edit_that_does_not_fit_changes_nothing() {
    let text = "fn one() {\n    let x = 1;\n}\n";
    let project = Project::new(&[("a.rs", text)]);
    let cases = [
        (json!([{"old": "let y = 1;", "new": ""}]), "was not found"),
        (json!([{"old": "n", "new": ""}]), "was found"),
        (
            json!([{"old": "one", "new": "two"}, {"old": "gone", "new": ""}]),
            "Edit 2",
        ),
        (json!([]), "No edit"),
        (
            json!([{"old": "one", "new": "one"}]),
            "nothing would change",
        ),
        (json!([{"new": "x"}]), "`edits[0].old` is missing"),
    ];
    for (edits, part) in cases {
        let arguments = json!({"path": "a.rs", "edits": edits});
        project.refused("edit_project_file", arguments, part).await;
        assert_eq!(project.text("a.rs"), text);
    }
}

#[tokio::test]
async fn no_tool_leaves_the_project() {
    let outside = tempfile::tempdir().expect("a folder");
    std::fs::write(outside.path().join("secret"), "secret\n").expect("a file");
    let project = Project::new(&[("in.txt", "x\n")]);
    std::os::unix::fs::symlink(outside.path(), project.root().join("link")).expect("a link");
    let absolute = outside.path().join("secret").display().to_string();
    for path in [
        "../secret",
        "link/secret",
        "/etc/passwd",
        "~/.ssh/id_rsa",
        &absolute,
        "a\0b",
    ] {
        for (tool, arguments) in [
            ("read_project_file", json!({"path": path})),
            ("write_project_file", json!({"path": path, "content": "x"})),
            (
                "edit_project_file",
                json!({"path": path, "edits": [{"old": "secret", "new": "x"}]}),
            ),
            ("search_codebase", json!({"pattern": "s", "path": path})),
            ("list_project_files", json!({"path": path})),
            ("get_file_summary", json!({"path": path})),
            ("run_command", json!({"command": "ls", "cwd": path})),
            ("run_tests", json!({"path": path})),
        ] {
            let result = project.call(tool, arguments).await;
            assert!(
                matches!(result, Err(ToolError::Refused(_))),
                "{tool} {path}: {result:?}"
            );
        }
    }
    let kept = std::fs::read_to_string(outside.path().join("secret")).expect("still there");
    assert_eq!(kept, "secret\n");
    let found = project
        .ok("search_codebase", json!({"pattern": "secret"}))
        .await;
    assert_eq!(found.summary, "no match");
}

#[tokio::test]
async fn searches_and_lists_are_capped() {
    let many: String = (0..500)
        .map(|n| format!("needle {n} {}\n", "ä".repeat(100)))
        .collect();
    let project = Project::new(&[
        ("a.txt", &many),
        ("b.txt", "Needle\n"),
        (".gitignore", "c.txt\n"),
        ("c.txt", "needle\n"),
    ]);
    project.git(&["init", "-q"]);
    let found = project
        .ok("search_codebase", json!({"pattern": "needle", "max": 1000}))
        .await;
    assert!(
        found.truncated && found.text.contains("there may be more"),
        "{}",
        found.summary
    );
    let found = project
        .ok("search_codebase", json!({"pattern": "Needle"}))
        .await;
    assert_eq!(found.text, "b.txt\n1:Needle\n");
    let found = project
        .ok("search_codebase", json!({"pattern": "nothing at all"}))
        .await;
    assert!(found.text.contains("No match") && !found.failed);
    project
        .refused("search_codebase", json!({"pattern": "a(b"}), "a(b")
        .await;
    project
        .refused(
            "search_codebase",
            json!({"pattern": ""}),
            "`pattern` is empty",
        )
        .await;
    for n in 0..1_200 {
        std::fs::write(
            project
                .root()
                .join(format!("file-{n:04}-{}", "x".repeat(20))),
            "",
        )
        .expect("a file");
    }
    let listed = project.ok("list_project_files", json!({})).await;
    assert!(listed.truncated && listed.text.contains("there is more"));
}

#[tokio::test]
async fn commands_tell_how_they_ended() {
    let project = Project::new(&[]);
    let run = |arguments: Value| project.ok("run_command", arguments);
    let failed = run(json!({"command": "echo no; exit 3"})).await;
    assert!(
        failed.failed && failed.text.starts_with("no\n[exit 3 in"),
        "{}",
        failed.text
    );
    let silent = run(json!({"argv": ["true"]})).await;
    assert!(
        !silent.failed && silent.text.starts_with("[no output]\n[exit 0"),
        "{}",
        silent.text
    );
    let slow = run(json!({"command": "sleep 60", "timeout_seconds": 1})).await;
    assert!(
        slow.failed && slow.text.contains("time limit of 1 s"),
        "{}",
        slow.text
    );
    project
        .refused("run_command", json!({}), "give `command`")
        .await;
    project
        .refused(
            "run_command",
            json!({"command": "ls", "argv": ["ls"]}),
            "both given",
        )
        .await;

    let long = run(json!({"command": "seq 1 20000"})).await;
    assert!(
        long.truncated && long.text.starts_with("1\n2\n"),
        "{}",
        long.summary
    );
    assert!(long.text.contains("\n20000\n"));
    let id = long.text.split("job_id ").nth(1).expect("how to read on");
    let id: String = id
        .chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let page = project
        .ok(
            "background_job",
            json!({"action": "read", "job_id": id, "offset": 60_000}),
        )
        .await;
    assert!(page.text.contains("12000\n"), "{}", page.text);
}

#[tokio::test]
async fn jobs_run_are_read_and_end() {
    let project = Project::new(&[]);
    let started = project
        .ok(
            "run_command",
            json!({"command": "echo ready; sleep 600", "background": true}),
        )
        .await;
    let id = started
        .summary
        .strip_prefix("started ")
        .expect("a job")
        .to_owned();
    let listed = project
        .ok("background_job", json!({"action": "list"}))
        .await;
    assert!(
        listed.text.contains(&format!("{id} running")),
        "{}",
        listed.text
    );
    let read = loop {
        let read = project
            .ok("background_job", json!({"action": "read", "job_id": id}))
            .await;
        if read.text.starts_with("ready\n") {
            break read;
        }
        tokio::task::yield_now().await;
    };
    assert!(
        read.text.contains("still running; go on with offset 6]"),
        "{}",
        read.text
    );
    let ended = project
        .ok("background_job", json!({"action": "kill", "job_id": id}))
        .await;
    assert!(!ended.text.contains("running"), "{}", ended.text);
    project
        .refused(
            "background_job",
            json!({"action": "read"}),
            "`job_id` is missing",
        )
        .await;
    project
        .refused(
            "background_job",
            json!({"action": "kill", "job_id": "job_x"}),
            "no job",
        )
        .await;
    project
        .refused(
            "background_job",
            json!({"action": "stop"}),
            "one of \"list\", \"read\", \"kill\"",
        )
        .await;
}

#[tokio::test]
async fn a_cancelled_command_is_cancelled() {
    let project = Project::new(&[]);
    let (got, ()) = tokio::join!(
        project.call("run_command", json!({"command": "echo up; sleep 600"})),
        async {
            while !project.live.lock().expect("whole").contains("up") {
                tokio::task::yield_now().await;
            }
            project.cx.cancel.cancel();
        }
    );
    assert!(matches!(got, Err(ToolError::Cancelled)), "{got:?}");
    let after = project.call("list_project_files", json!({})).await;
    assert!(matches!(after, Err(ToolError::Cancelled)), "{after:?}");
}

#[test]
fn test_commands_are_found() {
    let npm = r#"{"scripts": {"test": "vitest run"}}"#;
    let empty = r#"{"scripts": {"test": "echo \"Error: no test specified\" && exit 1"}}"#;
    let cases: [(&[(&str, &str)], &str); 16] = [
        (&[("Cargo.toml", "")], "cargo test sums"),
        (&[("package.json", npm)], "npm test -- sums"),
        (
            &[("package.json", npm), ("pnpm-lock.yaml", "")],
            "pnpm test sums",
        ),
        (
            &[("package.json", npm), ("yarn.lock", "")],
            "yarn test sums",
        ),
        (
            &[("package.json", empty), ("Makefile", "test: a b\n")],
            "make test",
        ),
        (&[("deno.json", "{}")], "deno test --filter sums"),
        (&[("go.mod", "")], "go test ./... -run sums"),
        (
            &[("pyproject.toml", "[tool.pytest.ini_options]")],
            "python3 -m pytest -q -k sums",
        ),
        (
            &[("tests/test_a.py", ""), ("a.py", "")],
            "python3 -m unittest discover -s tests -t . -k sums",
        ),
        (&[("test_a.py", "")], "python3 -m unittest discover -k sums"),
        (
            &[("pom.xml", ""), ("mvnw", "")],
            "./mvnw -q test -Dtest=sums",
        ),
        (&[("build.gradle.kts", "")], "gradle test --tests sums"),
        (&[("app.sln", "")], "dotnet test --filter sums"),
        (&[("mix.exs", "")], "mix test sums"),
        (
            &[("Makefile", "test:\n\techo $(TEST)\n")],
            "make test TEST=sums",
        ),
        (&[("justfile", "test name:\n  echo\n")], "just test sums"),
    ];
    for (files, expected) in cases {
        let project = Project::new(files);
        let effect = project.effect("run_tests", json!({"filter": "sums"}));
        let Ok(mira_tools::Effect::Runs(command)) = effect else {
            panic!("{files:?}: {effect:?}")
        };
        let mira_tools::CommandLine::Argv(argv) = command.line else {
            panic!("a shell line")
        };
        assert_eq!(argv.join(" "), expected);
    }
    let none = Project::new(&[("Makefile", "tests := a\nall:\n")]);
    let refused = none
        .effect("run_tests", json!({}))
        .expect_err("nothing to run")
        .to_string();
    assert!(refused.contains("No test command was found"), "{refused}");
    let flag = Project::new(&[("Cargo.toml", "")]).effect("run_tests", json!({"filter": "--help"}));
    assert!(flag.is_err());
}

#[tokio::test]
async fn git_tools_say_where_there_is_no_repository() {
    let project = Project::new(&[("a.txt", "1\n")]);
    project
        .refused("git_log", json!({}), "not in a git repository")
        .await;
    project.git(&["init", "-q", "-b", "main"]);
    project.commit("One");
    assert_eq!(
        project.ok("git_diff", json!({})).await.text,
        "No differences."
    );
    std::fs::write(project.root().join("a.txt"), "2\n").expect("a file");
    project.git(&["checkout", "-q", "-b", "side"]);
    project.commit("Two");
    let branch = project.ok("git_diff", json!({"base": "main"})).await;
    assert!(
        branch.text.contains("-1\n+2\n") && branch.summary == "1 file, +1 −1",
        "{branch:?}"
    );
    project
        .refused("git_diff", json!({"commit": "nonsense"}), "nonsense")
        .await;
    project
        .refused(
            "git_diff",
            json!({"staged": true, "base": "main"}),
            "only one",
        )
        .await;
    project
        .refused("git_log", json!({"path": "../x"}), "outside")
        .await;
}
