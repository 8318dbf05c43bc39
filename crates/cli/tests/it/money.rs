//! `mira budget`, `mira route`: what was spent, why, and what may still be.

use mira_testkit::{FakeVendor, Reply, Script, TempProject};
use serde_json::{Value, json};

use crate::home::{Home, text};

fn json_of(home: &Home, args: &[&str]) -> Value {
    let output = home.run(args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        text(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{args:?}: {error}"))
}

fn text_of(home: &Home, args: &[&str]) -> String {
    let output = home.run(args);
    assert!(
        output.status.success(),
        "{args:?}: {}",
        text(&output.stderr)
    );
    text(&output.stdout)
}

#[test]
fn the_ledger_is_shown_down_to_a_call_and_caps_hold() {
    let vendor = FakeVendor::start(
        Script::new([
            Reply::call("read_project_file", json!({ "path": "a.txt" })),
            Reply::text("It says x."),
        ])
        .aside("A title"),
    );
    let (home, project) = (Home::with(&vendor), TempProject::new("-- a.txt\nx\n"));
    let ran = home.exec(&project, &["What does a.txt say?"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);

    let now = json_of(&home, &["budget", "--json"]);
    assert_eq!(now["calls_today"], 2);
    let spent = now["today_micro_usd"].as_i64().unwrap();
    assert!(spent > 0);
    for by in [
        "day",
        "month",
        "model",
        "tier",
        "project",
        "session",
        "purpose",
        "operation",
    ] {
        let view = json_of(&home, &["budget", "--by", by, "--json"]);
        assert_eq!(view["total"]["cost_micro_usd"], spent, "by {by}");
        let csv = text_of(&home, &["budget", "--by", by, "--csv"]);
        assert!(csv.starts_with("key,label,calls"), "{csv}");
        let shown = text_of(&home, &["budget", "--by", by]);
        assert!(shown.contains("total"), "{shown}");
    }
    let shown = text_of(&home, &["budget"]);
    assert!(
        shown.contains("forecast") && shown.contains("no limit"),
        "{shown}"
    );
    let calls = json_of(&home, &["budget", "calls", "--json"]);
    assert_eq!(calls["total"], 2);
    let id = calls["calls"][0]["id"].to_string();
    let call = json_of(&home, &["budget", "call", &id, "--json"]);
    let sum = |key: &str| -> i64 {
        let lines = call["lines"].as_array().unwrap();
        lines.iter().filter_map(|line| line[key].as_i64()).sum()
    };
    assert_eq!(
        Some(sum("micro_usd")),
        call["call"]["cost_micro_usd"].as_i64()
    );
    let receipt = text_of(&home, &["budget", "call", &id]);
    assert!(
        receipt.contains("conversation") && receipt.contains("total"),
        "{receipt}"
    );
    for more in ["forecast", "savings", "rebuild", "caps", "pauses"] {
        text_of(&home, &["budget", more]);
    }

    let none = text_of(&home, &["budget", "--until", "2001-01-01"]);
    assert!(!none.contains("gpt-"), "only those days: {none}");
    text_of(&home, &["budget", "cap", "day", "0.000001"]);
    let ran = home.exec(&project, &["And now?"]);
    assert_eq!(ran.code, 3, "{}", ran.stderr);
    assert_eq!(ran.last()["code"], "budget_exceeded");
    text_of(&home, &["budget", "cap", "day", "none"]);
    vendor.then([Reply::text("Again.")]);
    assert_eq!(home.exec(&project, &["And now, please?"]).code, 0);
    vendor.assert_clean();
}

#[test]
fn a_route_is_explained_without_asking_anybody() {
    let vendor = FakeVendor::start(Script::new([]));
    let (home, project) = (Home::with(&vendor), TempProject::new(""));
    let root = project.root().display().to_string();
    let explain = |message: &str| {
        json_of(
            &home,
            &["route", "explain", message, "--project", &root, "--json"],
        )
    };
    for (message, tier) in [
        ("list the files", "fast"),
        ("why is it slow?", "voice"),
        ("fix the parser", "code"),
        ("rewrite the whole codebase", "agentic"),
    ] {
        let told = explain(message);
        assert_eq!(told["decision"]["tier"], tier, "{message}");
        assert_eq!(told["decision"]["tiers"].as_array().map(Vec::len), Some(4));
    }
    let chosen = ["route", "choose", "--project", &root, "--tier", "fast"];
    assert!(text_of(&home, &chosen).contains("the fast tier"));
    assert_eq!(
        explain("fix the parser")["decision"]["rule"],
        "project_choice"
    );
    let shown = text_of(&home, &["route", "explain", "fix it", "--project", &root]);
    assert!(
        shown.contains("→ fast") && shown.contains("code work"),
        "{shown}"
    );
    text_of(&home, &["route", "outcomes"]);
    assert!(vendor.requests().is_empty());
}
