//! Every tool once with all its arguments, in a real project with a real repository.

use std::collections::BTreeSet;

use mira_tools::{Command, CommandLine, Effect, Endpoints, all, specs};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::project::Project;

const MAIN: &str = "fn main() {\n    println!(\"{}\", add(1, 2));\n}\n\nfn add(a: u8, b: u8) -> u8 {\n    a + b\n}\n";

fn project(endpoints: Endpoints) -> Project {
    let project = Project::reaching(
        &[
            ("src/main.rs", MAIN),
            ("src/deep/other.rs", "pub struct Other;\n"),
            ("README.md", "# Title\n\ntext\n"),
            ("Makefile", "test:\n\t@echo checking $(TEST)\n"),
            (".gitignore", "target/\n"),
            ("target/x.rs", "fn add() {}\n"),
        ],
        endpoints,
    );
    project.git(&["init", "-q", "-b", "main"]);
    project.commit("Begin");
    project
}

/// A page for `fetch_url` and a result for `web_search`.
async fn web() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("loopback");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 2_048];
            let length = stream.read(&mut request).await.unwrap_or_default();
            let searched = String::from_utf8_lossy(&request[..length]).contains("q=rust+tools");
            let body = match searched {
                true => "<a class=\"result__a\" href=\"https://docs.rs/\">Docs</a>",
                false => "<html><body><h1>Page</h1><p>Some <b>text</b></p></body></html>",
            };
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = stream.write_all((head + body).as_bytes()).await;
        }
    });
    format!("http://{address}/")
}

#[tokio::test]
async fn every_tool_works_with_all_its_arguments() {
    let base = web().await;
    let project = project(Endpoints {
        web_search: base.clone(),
    });
    std::fs::write(project.root().join("notes.txt"), "new\n").expect("a file");
    // Arguments, and what the answer has in it.
    let calls: Vec<(&str, Value, &str)> = vec![
        (
            "read_project_file",
            json!({"path": "src/main.rs", "offset": 2, "limit": 2}),
            "2\t    println!",
        ),
        (
            "write_project_file",
            json!({"path": "a/b/new.txt", "content": "one\ntwo\n"}),
            "Created a/b/new.txt (2 lines",
        ),
        (
            "edit_project_file",
            json!({"path": "src/main.rs", "edits": [
                {"old": "add(1, 2)", "new": "add(2, 2)", "replace_all": false},
                {"old": "u8", "new": "u16", "replace_all": true},
            ]}),
            "Edited src/main.rs (2 edits)",
        ),
        (
            "search_codebase",
            json!({"pattern": "FN ADD(", "path": "src", "glob": "*.rs", "context": 1,
                   "case": "insensitive", "literal": true, "max": 5}),
            "src/main.rs\n4-\n5:fn add(a: u16",
        ),
        (
            "list_project_files",
            json!({"path": "src", "depth": 3, "glob": "*.rs"}),
            "src/deep/other.rs\n",
        ),
        (
            "get_file_summary",
            json!({"path": "src/main.rs"}),
            "5-7 fn add(a: u16, b: u16) -> u16",
        ),
        (
            "run_command",
            json!({"command": "pwd; echo out; echo err >&2", "cwd": "src", "timeout_seconds": 20,
                   "background": false, "purpose": "look", "hosts": [], "network": false, "unconfined": false,
                   "elevate": false}),
            "/src\nout\nerr\n[exit 0 in",
        ),
        (
            "background_job",
            json!({"action": "list", "job_id": "", "offset": 0}),
            "No background command",
        ),
        (
            "run_tests",
            json!({"filter": "sums", "path": "", "timeout_seconds": 30}),
            "checking sums",
        ),
        ("git_log", json!({"limit": 3, "path": "src"}), " Ada: Begin"),
        (
            "git_diff",
            json!({"path": "src/main.rs", "staged": false, "base": "", "commit": ""}),
            "+    println!(\"{}\", add(2, 2));",
        ),
        (
            "fetch_url",
            json!({"url": base.clone(), "offset": 2}),
            "Page\n\nSome **text**",
        ),
        (
            "web_search",
            json!({"query": "rust tools"}),
            "1. Docs\n   https://docs.rs/",
        ),
        (
            "get_codebase_overview",
            json!({"path": "src", "tokens": 500}),
            "fn add(a: u16, b: u16) -> u16",
        ),
        (
            "search_code_semantic",
            json!({"query": "add two numbers", "path": "src", "limit": 3}),
            "src/main.rs:5-7 function add (score 1.00: ",
        ),
        (
            "find_function",
            json!({"name": "ad*", "path": "src", "include_tests": true, "min_complexity": 1,
                   "limit": 5}),
            "src/main.rs:5-7 function add — fn add(a: u16, b: u16) -> u16, used 1×",
        ),
        (
            "find_class_or_struct",
            json!({"name": "Other", "path": "src", "public_only": true, "limit": 5}),
            "src/deep/other.rs:1-1 struct Other — pub struct Other",
        ),
        (
            "get_file_symbols",
            json!({"path": "src/main.rs", "public_only": false}),
            "5-7 private function: fn add(a: u16, b: u16) -> u16",
        ),
        (
            "get_element_definition",
            json!({"name": "add", "path": "src/main.rs"}),
            "5\tfn add(a: u16, b: u16) -> u16 {\n6\t    a + b\n7\t}",
        ),
        (
            "find_callers",
            json!({"name": "add", "path": "src/main.rs", "depth": 2, "limit": 5}),
            "src/main.rs:2 in function main: call (95 %: ",
        ),
        (
            "find_tests_for_code",
            json!({"name": "add", "path": "src/main.rs"}),
            "none is known: no test calls it",
        ),
        (
            "find_imports",
            json!({"name": "serde", "limit": 5}),
            "Nothing imports \"serde\"",
        ),
        (
            "analyze_dependencies",
            json!({"path": "src/main.rs"}),
            "src/main.rs imports (0):",
        ),
        (
            "get_complexity_hotspots",
            json!({"path": "src", "min_complexity": 1, "limit": 1}),
            "complexity 1, effort 0, 3 lines",
        ),
        (
            "get_quality_issues",
            json!({"path": "src", "kind": "dead_export", "min_severity": "low", "limit": 5}),
            "low dead_export src/deep/other.rs:1-1 struct Other: nothing in this project uses",
        ),
    ];
    for spec in specs(&all()) {
        let (_, arguments, expected) = calls
            .iter()
            .find(|(name, ..)| *name == spec.name)
            .unwrap_or_else(|| panic!("{} is not called here", spec.name));
        let given: BTreeSet<&String> = arguments.as_object().expect("an object").keys().collect();
        let known: BTreeSet<&String> = spec.parameters["properties"]
            .as_object()
            .expect("an object")
            .keys()
            .collect();
        // A command has one of two forms.
        let missing: Vec<_> = known
            .difference(&given)
            .filter(|name| **name != "argv")
            .collect();
        assert!(
            missing.is_empty() && given.is_subset(&known),
            "{}: {missing:?}",
            spec.name
        );
        let output = project.ok(spec.name, arguments.clone()).await;
        assert!(
            output.text.contains(expected),
            "{}: {}",
            spec.name,
            output.text
        );
        assert!(
            !output.failed && !output.summary.is_empty(),
            "{}: {output:?}",
            spec.name
        );
    }
    assert_eq!(project.text("a/b/new.txt"), "one\ntwo\n");
    assert_eq!(
        project.text("src/main.rs"),
        MAIN.replace("add(1", "add(2").replace("u8", "u16")
    );
    assert!(project.live.lock().expect("whole").contains("out\n"));
}

#[test]
fn effects_say_what_a_call_would_do() {
    let project = project(Endpoints::default());
    let effect = |name: &str, arguments: Value| project.effect(name, arguments).expect("an effect");
    for (name, arguments) in [
        ("read_project_file", json!({"path": "x"})),
        ("search_codebase", json!({"pattern": "x"})),
        ("list_project_files", json!({})),
        ("get_file_summary", json!({"path": "x"})),
        ("git_log", json!({})),
        ("git_diff", json!({})),
        ("get_codebase_overview", json!({})),
        ("search_code_semantic", json!({"query": "x"})),
        ("find_function", json!({"name": "x"})),
        ("find_class_or_struct", json!({"name": "x"})),
        ("get_file_symbols", json!({"path": "x"})),
        ("get_element_definition", json!({"name": "x"})),
        ("find_callers", json!({"name": "x"})),
        ("find_tests_for_code", json!({"name": "x"})),
        ("find_imports", json!({"name": "x"})),
        ("analyze_dependencies", json!({})),
        ("get_complexity_hotspots", json!({})),
        ("get_quality_issues", json!({})),
    ] {
        assert_eq!(effect(name, arguments), Effect::Reads, "{name}");
    }
    let writes = Effect::Writes(vec!["src/x.rs".into()]);
    assert_eq!(
        effect(
            "write_project_file",
            json!({"path": "src/../src/x.rs", "content": ""})
        ),
        writes
    );
    let edits = json!([{"old": "a", "new": "b"}]);
    assert_eq!(
        effect(
            "edit_project_file",
            json!({"path": "./src/x.rs", "edits": edits})
        ),
        writes
    );
    let run = |line, cwd: &str, background, seconds: u64, purpose: Option<&str>| {
        let (cwd, purpose) = (cwd.to_owned(), purpose.map(str::to_owned));
        Effect::Runs(Command {
            line,
            cwd,
            background,
            timeout_ms: seconds * 1_000,
            purpose,
            network: false,
            hosts: vec![],
            unconfined: false,
            elevate: false,
        })
    };
    let arguments =
        json!({"command": "ls | wc", "cwd": "src/", "background": true, "purpose": "count"});
    let line = CommandLine::Shell("ls | wc".into());
    assert_eq!(
        effect("run_command", arguments),
        run(line, "src", true, 120, Some("count"))
    );
    let argv = CommandLine::Argv(vec!["ls".into(), "-l".into()]);
    let arguments = json!({"argv": ["ls", "-l"], "timeout_seconds": "999999"});
    assert_eq!(
        effect("run_command", arguments),
        run(argv, "", false, 3_600, None)
    );
    let line = CommandLine::Argv(vec!["make".into(), "test".into()]);
    let purpose = Some("run the project's tests");
    assert_eq!(
        effect("run_tests", json!({})),
        run(line, "", false, 600, purpose)
    );
    assert_eq!(
        effect("background_job", json!({"action": "list"})),
        Effect::Jobs
    );
    let url = || "https://example.com/a".to_owned();
    assert_eq!(
        effect("fetch_url", json!({"url": url()})),
        Effect::Reaches { url: url() }
    );
    let searched = Effect::Reaches {
        url: "https://html.duckduckgo.com/html/?q=a+b%26c".into(),
    };
    assert_eq!(effect("web_search", json!({"query": "a b&c"})), searched);
}
