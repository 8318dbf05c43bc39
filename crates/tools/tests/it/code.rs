//! The tools about code: what they say when there is more, less, or nothing, and what they hide.

use serde_json::{Value, json};

use crate::project::Project;

const SHOP: &[(&str, &str)] = &[
    (
        "Cargo.toml",
        "[package]\nname = \"shop\"\n\n[dependencies]\nserde = \"1\"\nrand = \"0.9\"\n",
    ),
    (
        "src/lib.rs",
        "pub mod cart;\npub mod stock;\n\nuse serde::Serialize;\n\npub fn checkout(cart: &cart::Cart) -> u64 {\n    cart.total()\n}\n",
    ),
    (
        "src/cart.rs",
        "/// Things with prices.\npub struct Cart {\n    items: Vec<u64>,\n}\n\nimpl Cart {\n    /// Adds up all prices.\n    pub fn total(&self) -> u64 {\n        self.items.iter().sum()\n    }\n}\n",
    ),
    (
        "src/stock.rs",
        "pub struct Stock;\n\nimpl Stock {\n    pub fn total(&self) -> u64 {\n        if true && false { 1 } else { 2 }\n    }\n}\n",
    ),
    (
        "tests/cart.rs",
        "use shop::cart::Cart;\n\n#[test]\nfn an_empty_cart_costs_nothing() {\n    shop::checkout(&todo!());\n}\n",
    ),
    (".env", "TOTAL_KEY=hush-hush-hush\n"),
];

async fn text(project: &Project, name: &str, arguments: Value) -> String {
    project.ok(name, arguments).await.text
}

#[tokio::test]
async fn a_name_that_means_several_things_is_answered_for_each() {
    let project = Project::new(SHOP);
    let both = text(&project, "get_element_definition", json!({"name": "total"})).await;
    assert!(
        both.contains("src/cart.rs") && both.contains("src/stock.rs"),
        "{both}"
    );
    let one = text(
        &project,
        "get_element_definition",
        json!({"name": "Cart::total"}),
    )
    .await;
    assert!(
        one.contains("8\t    pub fn total") && !one.contains("stock"),
        "{one}"
    );
    let by_path = json!({"name": "total", "path": "./src/stock.rs"});
    let one = text(&project, "get_element_definition", by_path).await;
    assert!(!one.contains("cart.rs"), "{one}");
}

#[tokio::test]
async fn uses_tests_and_packages_are_told_with_how_that_is_known() {
    let project = Project::new(SHOP);
    let callers = text(&project, "find_callers", json!({"name": "Cart::total"})).await;
    assert!(
        callers.contains("src/lib.rs:7 in function checkout: call (90 %: "),
        "{callers}"
    );
    let far = json!({"name": "Cart::total", "depth": 2});
    let far = text(&project, "find_callers", far).await;
    assert!(
        far.contains("an_empty_cart_costs_nothing") && far.contains("2 steps away"),
        "{far}"
    );
    let tests = text(&project, "find_tests_for_code", json!({"name": "checkout"})).await;
    assert!(
        tests.contains("tests/cart.rs:5 test function an_empty_cart_costs_nothing (90 %: uses it"),
        "{tests}"
    );
    let imports = text(&project, "find_imports", json!({"name": "serde"})).await;
    assert!(
        imports.contains("src/lib.rs:4 ") && imports.contains("package serde (crates)"),
        "{imports}"
    );
    let packages = text(&project, "analyze_dependencies", json!({})).await;
    assert!(
        packages.contains("Declared and used (1):\n  serde 1 (crates), 1 file; Cargo.toml:5"),
        "{packages}"
    );
    assert!(
        packages.contains("no import of it is known (1):\n  rand"),
        "{packages}"
    );
    let file = text(
        &project,
        "analyze_dependencies",
        json!({"path": "src/cart.rs"}),
    )
    .await;
    assert!(file.contains("tests/cart.rs:1 shop::cart"), "{file}");
    let folder = json!({"path": "src"});
    let folder = text(&project, "analyze_dependencies", folder).await;
    assert!(
        folder.contains("(1):\n  package serde (crates), 1 file")
            && folder.contains("by (1):\n  tests/cart.rs"),
        "{folder}"
    );
    let nowhere = json!({"path": "nowhere"});
    project
        .refused("analyze_dependencies", nowhere, "not in the code index")
        .await;
}

#[tokio::test]
async fn tests_and_what_is_not_public_are_left_out_aloud() {
    let project = Project::new(SHOP);
    let name = "an_empty*";
    let hidden = text(&project, "find_function", json!({"name": name})).await;
    assert!(
        hidden.contains("1 were left out: in tests; set include_tests"),
        "{hidden}"
    );
    let shown = json!({"name": name, "include_tests": true});
    assert!(
        text(&project, "find_function", shown)
            .await
            .contains("test function an_empty_cart_costs_nothing")
    );
    let near = text(&project, "find_function", json!({"name": "chekout"})).await;
    assert!(near.contains("No function is named exactly \"chekout\"") && near.contains("checkout"));
    project
        .refused("find_function", json!({"name": "*"}), "at least a letter")
        .await;
}

#[tokio::test]
async fn nothing_found_says_what_to_do_next() {
    let project = Project::new(SHOP);
    for (name, arguments, next) in [
        (
            "find_function",
            json!({"name": "zzqqx*"}),
            "search_code_semantic",
        ),
        (
            "find_class_or_struct",
            json!({"name": "zzqqx*"}),
            "search_codebase",
        ),
        (
            "search_code_semantic",
            json!({"query": "zzqqx"}),
            "Use other words",
        ),
        ("find_imports", json!({"name": "zzqqx"}), "find_callers"),
        (
            "get_complexity_hotspots",
            json!({"min_complexity": 99}),
            "Lower `min_complexity`",
        ),
        (
            "get_quality_issues",
            json!({"kind": "duplication"}),
            "Widen `path`",
        ),
        (
            "get_codebase_overview",
            json!({"path": "tests/none"}),
            "list_project_files",
        ),
    ] {
        let said = text(&project, name, arguments).await;
        assert!(
            said.contains(next) && said.contains("indexed files"),
            "{name}: {said}"
        );
    }
    for name in [
        "find_callers",
        "find_tests_for_code",
        "get_element_definition",
    ] {
        project
            .refused(name, json!({"name": "totl"}), "Near: src/")
            .await;
    }
    project
        .refused(
            "get_file_symbols",
            json!({"path": "src/none.rs"}),
            "is not in the code index",
        )
        .await;
}

#[tokio::test]
async fn an_index_that_was_not_read_yet_says_so() {
    let mut project = Project::new(SHOP);
    project.unread();
    for (name, arguments) in [
        ("find_function", json!({"name": "total"})),
        ("find_class_or_struct", json!({"name": "Cart"})),
        ("search_code_semantic", json!({"query": "total"})),
        ("find_imports", json!({"name": "serde"})),
        ("analyze_dependencies", json!({})),
        ("get_complexity_hotspots", json!({})),
        ("get_quality_issues", json!({})),
        ("get_codebase_overview", json!({})),
    ] {
        let said = text(&project, name, arguments).await;
        assert!(said.contains("not indexed yet"), "{name}: {said}");
    }
    for name in [
        "find_callers",
        "find_tests_for_code",
        "get_element_definition",
    ] {
        project
            .refused(name, json!({"name": "total"}), "not indexed yet")
            .await;
    }
    project
        .refused(
            "get_file_symbols",
            json!({"path": "src/lib.rs"}),
            "not indexed yet",
        )
        .await;
}

#[tokio::test]
async fn what_is_left_out_is_named_and_secrets_are_not_shown() {
    let project = Project::new(SHOP);
    std::fs::write(
        project.root().join("src/huge.rs"),
        "// x\n".repeat(1_000_000),
    )
    .expect("a file");
    let said = text(&project, "find_function", json!({"name": "checkout"})).await;
    assert!(
        said.contains("[not wholly indexed: src/huge.rs (too_large)]"),
        "{said}"
    );
    let found = text(
        &project,
        "search_code_semantic",
        json!({"query": "TOTAL_KEY"}),
    )
    .await;
    assert!(!found.contains("hush"), "{found}");
    project
        .refused(
            "get_element_definition",
            json!({"name": "TOTAL_KEY"}),
            "named",
        )
        .await;
    let meaning = text(&project, "search_code_semantic", json!({"query": "prices"})).await;
    assert!(
        meaning.contains("[vectors not ready, lexical only: there is no model. Fetch it.]"),
        "{meaning}"
    );
}

#[tokio::test]
async fn answers_stay_within_the_cap_and_say_what_was_cut() {
    let many: String = (0..400)
        .map(|n| format!("pub fn step_{n}() -> u64 {{\n    {n}\n}}\n"))
        .collect();
    let mut project = Project::new(&[("src/lib.rs", &many)]);
    project.cx.output_cap_bytes = 4_000;
    for (name, arguments) in [
        ("find_function", json!({"name": "step_*", "limit": 200})),
        ("get_file_symbols", json!({"path": "src/lib.rs"})),
        (
            "get_complexity_hotspots",
            json!({"min_complexity": 1, "limit": 200}),
        ),
        (
            "get_quality_issues",
            json!({"kind": "dead_export", "limit": 400}),
        ),
    ] {
        let output = project.ok(name, arguments).await;
        assert!(
            output.truncated && output.text.contains(" more are not shown. "),
            "{name}: {}",
            output.text
        );
    }
    let map = project
        .ok("get_codebase_overview", json!({"tokens": 100}))
        .await;
    assert!(
        map.truncated && map.text.contains("of 400 symbols"),
        "{}",
        map.text
    );
}
