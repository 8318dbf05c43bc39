//! `mira index`, `mira search`, `mira symbols`: code without a model, a key or a network.

use mira_testkit::{FakeVendor, Reply, Script, TempProject};
use serde_json::Value;

use crate::home::{Home, text};

fn home() -> (Home, TempProject) {
    let home = Home::at("http://127.0.0.1:9/v1").without_key();
    let project = TempProject::new(
        "-- src/net.rs\n/// Reads the head of a request.\npub fn parse_http_header(line: &str) -> usize {\n    line.len()\n}\n-- image.bin\n\u{0}\u{1}\n-- a.py\nclass Umbrella:\n    def open(self):\n        pass\n",
    );
    (home, project)
}

fn run(home: &Home, project: &TempProject, args: &[&str]) -> (i32, String, String) {
    let root = project.root();
    let mut all = args.to_vec();
    all.extend(["--project", root.to_str().unwrap()]);
    let output = home.run(&all);
    (
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn json(home: &Home, project: &TempProject, args: &[&str]) -> Value {
    let mut all = args.to_vec();
    all.push("--json");
    let (code, stdout, stderr) = run(home, project, &all);
    assert_eq!(code, 0, "{args:?}: {stderr}");
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{args:?}: {error}\n{stdout}"))
}

#[test]
fn code_is_indexed_searched_and_named_without_a_key() {
    let (home, project) = home();
    let state = json(&home, &project, &["index"]);
    assert_eq!(state["is_complete"], true);
    assert_eq!(state["totals"]["files"], 3);

    let (code, said, _) = run(
        &home,
        &project,
        &["search", "head", "of", "a", "request", "--why"],
    );
    assert_eq!(code, 0);
    assert!(said.starts_with("src/net.rs:"), "{said}");
    assert!(said.contains(" words: "), "{said}");
    let found = json(&home, &project, &["search", "parseHttpHeader"]);
    assert_eq!(found["hits"][0]["path"], "src/net.rs");
    let (code, said, _) = run(&home, &project, &["search", "--text", "line.len()"]);
    assert_eq!((code, said.contains("src/net.rs")), (0, true), "{said}");
    let (code, said, _) = run(&home, &project, &["search", "--text", "nowhereatall"]);
    assert_eq!(code, 1);
    assert!(said.contains("Nothing fits"), "{said}");

    let (code, said, _) = run(&home, &project, &["symbols", "umbr"]);
    assert_eq!(code, 0);
    assert!(said.contains("class") && said.contains("a.py:1"), "{said}");
    assert!(!said.contains("Alike"), "{said}");
    let (code, said, _) = run(&home, &project, &["symbols", "umbrela"]);
    assert_eq!(code, 0);
    assert!(
        said.starts_with("No name has \"umbrela\" in it. Alike are:"),
        "{said}"
    );
    let found = json(&home, &project, &["symbols", "--path", "src/net.rs"]);
    assert_eq!(found["elements"][0]["name"], "parse_http_header");
    let (code, _, said) = run(&home, &project, &["symbols"]);
    assert_eq!((code, said.contains("or --path")), (2, true), "{said}");
    let (code, _, said) = run(&home, &project, &["symbols", "umbr", "--path", "nowhere"]);
    assert_eq!(code, 1);
    assert!(said.contains("nowhere is no file or folder"), "{said}");
    let (code, _, said) = run(&home, &project, &["symbols", "umbr", "--limit", "0"]);
    assert_eq!((code, said.contains("1..=1000")), (2, true), "{said}");
    let (code, _, said) = run(&home, &project, &["symbols", "x", "--kind", "poem"]);
    assert_eq!(code, 2);
    assert!(said.contains("no kind of element"), "{said}");
}

#[test]
fn who_uses_whom_is_told_with_how_sure_it_is() {
    let home = Home::at("http://127.0.0.1:9/v1").without_key();
    let project = TempProject::new(
        "-- app.py\nfrom shop import price\n\ndef bill():\n    return price()\n-- shop.py\ndef price():\n    return 1\n",
    );
    let (code, said, _) = run(&home, &project, &["callers", "price"]);
    assert_eq!(code, 0);
    assert!(
        said.contains("bill") && said.contains("app.py:4") && said.contains(" %"),
        "{said}"
    );
    let found = json(&home, &project, &["callees", "bill"]);
    assert_eq!(found["edges"][0]["element"]["name"], "price");
    let (code, said, _) = run(&home, &project, &["deps", "shop.py"]);
    assert_eq!(code, 0);
    assert!(said.contains("app.py:1"), "{said}");
    let (code, said, _) = run(&home, &project, &["map"]);
    assert_eq!(code, 0);
    assert!(said.contains("shop.py"), "{said}");
    let (code, _, said) = run(&home, &project, &["callers", "nowhere_at_all"]);
    assert_eq!(code, 1);
    assert!(said.contains("nowhere_at_all"), "{said}");
    let (code, said, _) = run(&home, &project, &["tests", "price"]);
    assert_eq!(code, 1);
    assert!(said.contains("No test"), "{said}");
}

#[test]
fn what_is_left_out_is_named_and_languages_are_switched() {
    let (home, project) = home();
    let (_, said, _) = run(&home, &project, &["index", "skipped"]);
    assert!(
        said.contains("image.bin") && said.contains("name only"),
        "{said}"
    );
    let (code, said, _) = run(&home, &project, &["index", "languages", "Python", "--off"]);
    assert_eq!(code, 0);
    let line = said
        .lines()
        .find(|line| line.starts_with("Python"))
        .unwrap();
    assert!(line.contains("off"), "{line}");
    let (code, _, _) = run(&home, &project, &["symbols", "Umbrella"]);
    assert_eq!(code, 1);
    let set = |value| {
        let all = [
            "index",
            "languages",
            "Python",
            "--on",
            "--extensions",
            value,
        ];
        let (code, said, _) = run(&home, &project, &all);
        let line = said.lines().find(|line| line.starts_with("Python"));
        (code, line.is_some_and(|line| line.contains("pyx9")))
    };
    assert_eq!((set("pyx9"), set("")), ((0, true), (0, false)));
    let (code, said, _) = run(&home, &project, &["index"]);
    assert_eq!(code, 0);
    assert!(said.contains("left out  1 by name only: "), "{said}");
    let (code, _, said) = run(&home, &project, &["index", "languages", "Klingon", "--on"]);
    assert_eq!(code, 2);
    assert!(said.contains("no language"), "{said}");
}

#[test]
fn commits_are_found_by_what_they_said_and_touched() {
    let (home, project) = home();
    let project = project.with_git();
    std::fs::write(project.root().join("a.py"), "class Umbrella:\n    pass\n").unwrap();
    project.git(&[
        "commit",
        "-q",
        "-a",
        "-m",
        "Umbrellas stay shut indoors\n\nOpening one in the hall broke a lamp.",
    ]);

    let found = json(
        &home,
        &project,
        &["search", "--commits", "--why", "lamp", "broke"],
    );
    let hit = &found["hits"][0];
    assert_eq!(hit["commit"]["subject"], "Umbrellas stay shut indoors");
    assert_eq!(hit["paths"][0], "a.py");
    assert!(!hit["reasons"].as_array().unwrap().is_empty(), "{hit}");
    let (code, said, _) = run(&home, &project, &["search", "--commits", "umbrellas"]);
    assert!(
        code == 0 && said.contains("Umbrellas stay shut indoors") && said.contains("a.py"),
        "{said}"
    );
    let (code, said, _) = run(&home, &project, &["search", "--commits", "zebra"]);
    assert_eq!((code, said.as_str()), (1, "No commit fits \"zebra\".\n"));
}

const HARD: &str = "def open_account(items, is_open):\n    total = 0\n    for item in items:\n        if is_open:\n            if item > 3:\n                for other in items:\n                    if other > item and is_open or total > 9:\n                        if other == 7:\n                            total += 1\n            elif item == 2:\n                total += 2\n    return close_account(total)\n\n\ndef close_account(total):\n    return total\n\n\ndef audit_account(total):\n    return close_account(total)\n";

#[test]
fn quality_hotspots_and_concepts_are_told_with_their_measures() {
    let home = Home::at("http://127.0.0.1:9/v1").without_key();
    let project = TempProject::new(&format!(
        "-- src/bank.py\n{HARD}-- lib/calm.py\nimport src.bank\n"
    ));
    let project = project.with_git();

    let quality = json(&home, &project, &["quality", "--kind", "complexity"]);
    let issue = &quality["issues"][0];
    assert_eq!(issue["element"]["name"], "open_account");
    assert_eq!(issue["threshold"], 15.0);
    assert!(issue["value"].as_f64().unwrap() > 15.0, "{issue}");
    let (code, said, _) = run(&home, &project, &["quality", "--path", "src"]);
    assert_eq!(code, 0);
    assert!(said.contains("> 15 cognitive complexity"), "{said}");
    let (code, said, _) = run(
        &home,
        &project,
        &["quality", "--path", "lib", "--severity", "high"],
    );
    assert_eq!((code, said.as_str()), (1, "Nothing passes a threshold.\n"));

    let hotspots = json(&home, &project, &["hotspots"]);
    assert_eq!(hotspots["window"]["commits"], 1);
    assert_eq!(hotspots["hotspots"][0]["path"], "src/bank.py");
    let (_, said, _) = run(&home, &project, &["hotspots"]);
    assert!(said.contains("1 commit counted"), "{said}");
    assert!(said.contains("\n–") && !said.contains("1.00"), "{said}");

    let (code, said, _) = run(&home, &project, &["concepts"]);
    assert!(code == 0 && said.contains("account"), "{said}");
    let (code, said, _) = run(&home, &project, &["concepts", "account"]);
    assert!(code == 0 && said.contains("close_account"), "{said}");
    let (code, _, said) = run(&home, &project, &["concepts", "umbrella"]);
    assert!(code != 0 && said.contains("mira concepts"), "{said}");
    let (code, said, _) = run(&home, &project, &["patterns"]);
    assert_eq!(
        (code, said.contains("No design pattern")),
        (1, true),
        "{said}"
    );
    let (code, said, _) = run(&home, &project, &["modules"]);
    assert!(code == 0 && said.contains("src"), "{said}");
    let (_, said, _) = run(&home, &project, &["index"]);
    assert!(said.contains("insight"), "{said}");
}

#[test]
fn a_model_names_concepts_once_and_says_before_what_it_costs() {
    let vendor = FakeVendor::start(Script::new([]));
    let home = Home::with(&vendor);
    let project = TempProject::new(
        "-- src/bank.py\ndef open_account(items):\n    return items\n\n\ndef close_account(items):\n    return items\n\n\ndef audit_account(items):\n    return items\n",
    );
    let found = json(&home, &project, &["concepts"]);
    let count = found["concepts"].as_array().unwrap().len();
    let items: Vec<Value> = (1..=count)
        .map(|id| serde_json::json!({"id": id, "name": "Bank accounts", "sentence": "Where money lies."}))
        .collect();
    vendor.then([Reply::call(
        "name_items",
        serde_json::json!({ "items": items }),
    )]);
    let (code, said, before) = run(&home, &project, &["concepts", "--describe"]);
    assert_eq!(code, 0, "{before}");
    assert!(
        before.contains("about $") && before.contains("at most $"),
        "{before}"
    );
    assert!(
        said.contains("account") && said.contains("“Bank accounts”: Where money lies. (named by "),
        "{said}"
    );
    let (code, said, before) = run(&home, &project, &["concepts", "--describe"]);
    assert!(
        code == 0 && said.contains("named by ") && before.is_empty(),
        "{before}"
    );
    assert_eq!(vendor.requests().len(), 1);
}
