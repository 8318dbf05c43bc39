//! `mira sudo`: lists are seen and edited, and outlive the program.

use mira_testkit::{FakeVendor, Reply, Script, TempProject};
use serde_json::{Value, json};

use crate::home::Home;

#[test]
fn permissions_and_the_block_list_are_edited_and_stay() {
    let vendor = FakeVendor::start(Script::new([Reply::text("unused").always()]));
    let home = Home::with(&vendor);
    let run = |words: &[&str]| {
        let out = home.run(words);
        let said = String::from_utf8_lossy(&out.stdout).into_owned();
        let failed = String::from_utf8_lossy(&out.stderr).into_owned();
        (out.status.success(), said, failed)
    };
    let json = |words: &[&str]| -> Value {
        let (success, said, failed) = run(words);
        assert!(success, "{failed}");
        serde_json::from_str(&said).unwrap()
    };
    let (_, said, _) = run(&["sudo", "permissions"]);
    assert!(said.contains("each elevated one is asked about"), "{said}");
    let (success, said, failed) = run(&[
        "sudo",
        "permissions",
        "add",
        "updates",
        "--prefix",
        "apt-get update",
        "--no-approval",
    ]);
    assert!(
        success && said.contains("runs without a question"),
        "{said}{failed}"
    );
    let (success, _, failed) = run(&["sudo", "permissions", "add", "bad", "--pattern", "("]);
    assert!(!success && failed.contains("expression"), "{failed}");
    assert!(run(&["sudo", "permissions", "change", "1", "--ask", "--disable"]).0);
    let list = json(&["sudo", "permissions", "list", "--json"]);
    assert_eq!(
        (&list[0]["enabled"], &list[0]["requires_approval"]),
        (&Value::Bool(false), &Value::Bool(true))
    );
    assert!(
        run(&["sudo", "permissions", "APT-GET"])
            .1
            .contains("updates")
    );
    let (_, said, _) = run(&["sudo", "permissions", "dnf"]);
    assert!(said.contains("Nothing fits"), "{said}");
    assert!(run(&["sudo", "permissions", "remove", "1"]).0);
    assert_eq!(
        json(&["sudo", "permissions", "list", "--json"]),
        Value::Array(vec![])
    );
    let removed = json(&["sudo", "permissions", "--removed", "--json"]);
    assert!(removed[0]["removed_at"].is_i64(), "{removed}");
    assert!(
        run(&["sudo", "permissions", "restore", "1"])
            .1
            .contains("updates")
    );

    let blocks = json(&["sudo", "blocklist", "list", "--json"]);
    assert_eq!(blocks.as_array().map(Vec::len), Some(11));
    let boot = json(&["sudo", "blocklist", "boot", "--json"]);
    assert_eq!(boot.as_array().map(Vec::len), Some(2), "{boot}");
    let (success, _, failed) = run(&["sudo", "blocklist", "remove", "1"]);
    assert!(!success && failed.contains("Switch it off"), "{failed}");
    assert!(
        run(&["sudo", "blocklist", "disable", "1"])
            .1
            .contains("off")
    );

    assert!(run(&["sudo", "requests"]).1.contains("No elevated command"));
    assert!(run(&["sudo", "audit"]).1.contains("Nothing was run"));
    for words in [["sudo", "audit", "apt"], ["sudo", "requests", "apt"]] {
        assert!(run(&words).1.contains("Nothing fits"), "{words:?}");
    }
    let (success, _, failed) = run(&["sudo", "allow", "apr_none"]);
    assert!(!success && !failed.is_empty());
}

#[test]
fn without_a_person_nothing_is_elevated_whatever_the_flag_says() {
    let call = Reply::call("run_command", json!({ "command": "sudo id" }));
    let vendor = FakeVendor::start(Script::new([call.always()]));
    let home = Home::with(&vendor);
    let project = TempProject::new("-- a.txt\none\n");
    for approve in ["safe", "all"] {
        let ran = home.exec(&project, &["--approve", approve, "Who is root?"]);
        assert_eq!(ran.code, 4, "{}", ran.stderr);
    }
    let audit = home.run(&["sudo", "audit", "--json"]);
    let audit: Value = serde_json::from_slice(&audit.stdout).unwrap();
    let outcomes: Vec<&Value> = audit
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| &entry["outcome"])
        .collect();
    assert_eq!(outcomes, ["not_asked", "not_asked"]);
    let session = audit[0]["session_id"].as_str().unwrap();
    let lines = home.run(&["sudo", "audit", "sudo id"]);
    let lines = String::from_utf8_lossy(&lines.stdout).into_owned();
    assert!(
        lines.contains("not_asked") && lines.contains(session),
        "{lines}"
    );
}
