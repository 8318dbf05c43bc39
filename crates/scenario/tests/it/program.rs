//! `mira-test` as a program: outputs, exit codes, choices.

use std::path::Path;
use std::process::{Command, Output};

fn mira_test(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mira-test"))
        .args(words)
        .output()
        .expect("mira-test runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A folder with a scenario that passes, one that fails, and one that is skipped.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write(
        "a-pass.yaml",
        "name: Passes\ntags: [good]\nsteps:\n  - prompt: hi\n    mock_response: { text: hello }\n    assertions: [{ type: response_contains, text: hello }]\n",
    );
    write(
        "b-fail.yaml",
        "name: Fails <here>\ntags: [bad]\nsteps:\n  - name: wrong\n    prompt: hi\n    mock_response: { text: hello }\n    assertions: [{ type: response_contains, text: goodbye }]\n  - name: never\n    prompt: hi\n",
    );
    write(
        "c-skip.yml",
        "name: Skips\nsteps:\n  - prompt: hi\n    skip: true\n    skip_reason: not now\n",
    );
    folder
}

fn path(folder: &Path) -> String {
    folder.display().to_string()
}

#[test]
fn json_stands_alone_and_tells_everything() {
    let folder = folder();
    let output = mira_test(&[
        "run",
        &path(folder.path()),
        "--mock",
        "--output",
        "json",
        "--parallel",
        "3",
    ]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("valid JSON alone");
    let summary = &report["summary"];
    assert_eq!(
        (
            &summary["total"],
            &summary["passed"],
            &summary["failed"],
            &summary["skipped"]
        ),
        (&3.into(), &1.into(), &1.into(), &1.into())
    );
    let names: Vec<&str> = report["scenarios"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|s| s["name"].as_str())
        .collect();
    assert_eq!(names, ["Passes", "Fails <here>", "Skips"]);
    let wrong = &report["scenarios"][1]["steps"];
    assert_eq!(
        wrong.as_array().map(Vec::len),
        Some(1),
        "nothing is built on a failed step"
    );
    assert_eq!(wrong[0]["assertions"][0]["type"], "response_contains");
    assert_eq!(wrong[0]["assertions"][0]["passed"], false);
    assert!(report["scenarios"][0]["steps"][0]["event_count"].as_u64() > Some(5));
}

#[test]
fn tags_and_names_choose_and_junit_is_well_formed() {
    let folder = folder();
    let good = mira_test(&[
        "run",
        &path(folder.path()),
        "--mock",
        "--tags",
        "good,other",
    ]);
    assert_eq!(good.status.code(), Some(0), "{}", stdout(&good));
    assert!(stdout(&good).contains("1 scenarios: 1 passed, 0 failed, 0 skipped"));
    let named = mira_test(&[
        "run",
        &path(folder.path()),
        "--mock",
        "--name",
        "fails",
        "--output",
        "junit",
    ]);
    assert_eq!(named.status.code(), Some(1));
    let xml = stdout(&named);
    assert!(
        xml.starts_with("<?xml")
            && xml.contains("name=\"Fails &lt;here&gt;\"")
            && xml.contains("<failure"),
        "{xml}"
    );
    assert_eq!(
        xml.matches("<testsuite ").count(),
        xml.matches("</testsuite>").count()
    );
    let none = mira_test(&["run", &path(folder.path()), "--mock", "--name", "no such"]);
    assert_eq!(none.status.code(), Some(2));
}

#[test]
fn fail_fast_leaves_the_rest() {
    let folder = folder();
    std::fs::rename(
        folder.path().join("a-pass.yaml"),
        folder.path().join("z-pass.yaml"),
    )
    .expect("renamed");
    let output = mira_test(&[
        "run",
        &path(folder.path()),
        "--mock",
        "--fail-fast",
        "--output",
        "json",
    ]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("valid JSON");
    assert_eq!(report["summary"]["failed"], 1);
    assert_eq!(report["summary"]["skipped"], 2);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn list_and_validate_do_not_play() {
    let folder = folder();
    let list = mira_test(&["list", &path(folder.path()), "--tags", "bad"]);
    assert!(stdout(&list).contains("Fails <here>") && !stdout(&list).contains("Passes"));
    assert_eq!(
        mira_test(&["validate", &path(folder.path())]).status.code(),
        Some(0)
    );
    std::fs::write(
        folder.path().join("d.yaml"),
        "name: A\nsteps:\n  - promt: hi\n",
    )
    .expect("a file");
    let wrong = mira_test(&["validate", &path(folder.path())]);
    assert_eq!(wrong.status.code(), Some(1));
    assert!(stdout(&wrong).contains("promt") && stdout(&wrong).contains("d.yaml"));
    assert_eq!(
        mira_test(&["run", &path(folder.path()), "--mock"])
            .status
            .code(),
        Some(2)
    );
}

#[test]
fn a_reply_that_is_missing_or_left_over_fails_the_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("a.yaml");
    let run = |text: &str| {
        std::fs::write(&file, text).expect("a file");
        let output = mira_test(&["run", &path(&file), "--mock"]);
        (output.status.code(), stdout(&output))
    };
    let (code, said) = run("name: A\nsteps:\n  - prompt: hi\n");
    assert!(
        code == Some(1) && said.contains("no reply is scripted"),
        "{said}"
    );
    let (code, said) = run(
        "name: A\nsteps:\n  - prompt: hi\n    mock_responses: [{ text: one }, { text: two }]\n",
    );
    assert!(
        code == Some(1) && said.contains("never asked for"),
        "{said}"
    );
    let (code, said) = run(
        "name: A\nsteps:\n  - prompt: hi\n    expect_failure: true\n    mock_response: { text: one }\n",
    );
    assert!(
        code == Some(1) && said.contains("failure was expected"),
        "{said}"
    );
    let (code, said) =
        run("name: A\nsteps:\n  - prompt: hi\n    mock_response: { error: quota }\n");
    assert!(code == Some(1) && said.contains("Failed"), "{said}");
}

#[test]
fn the_scenarios_of_the_product_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios");
    let output = mira_test(&["run", &path(&folder), "--mock", "--parallel", "4"]);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        String::from_utf8_lossy(&output.stderr)
    );
}
