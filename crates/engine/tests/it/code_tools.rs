//! The model's tools about code, through an operation: the index is opened by the first call.

use mira_protocol::EventKind;
use mira_testkit::{Reply, ScriptedModel, TestEngine};
use serde_json::{Value, json};

use crate::support::{completed, project, results, say};

const SHOP: &str = "\
-- Cargo.toml
[package]
name = \"shop\"

[dependencies]
serde = \"1\"
-- src/lib.rs
pub mod cart;

use serde::Serialize;

pub fn checkout(cart: &cart::Cart) -> u64 {
    cart.total_price()
}
-- src/cart.rs
/// Things with their prices.
pub struct Cart {
    items: Vec<u64>,
}

impl Cart {
    /// Adds up the prices.
    pub fn total_price(&self) -> u64 {
        self.items.iter().sum()
    }
}
-- tests/shop.rs
#[test]
fn an_empty_cart_costs_nothing() {
    shop::checkout(&todo!());
}
";

/// Each tool, and what its answer has in it.
fn calls() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("get_codebase_overview", json!({}), "pub struct Cart"),
        (
            "search_code_semantic",
            json!({"query": "adds up the prices"}),
            "Adds up the prices.",
        ),
        (
            "find_function",
            json!({"name": "total_price"}),
            "src/cart.rs:",
        ),
        (
            "find_class_or_struct",
            json!({"name": "Cart"}),
            "struct Cart — pub struct Cart",
        ),
        (
            "get_file_symbols",
            json!({"path": "src/cart.rs"}),
            "method: pub fn total_price",
        ),
        (
            "get_element_definition",
            json!({"name": "checkout"}),
            "5\tpub fn checkout",
        ),
        (
            "find_callers",
            json!({"name": "total_price"}),
            "src/lib.rs:6 in function checkout: call",
        ),
        (
            "find_tests_for_code",
            json!({"name": "checkout"}),
            "an_empty_cart_costs_nothing",
        ),
        (
            "find_imports",
            json!({"name": "serde"}),
            "package serde (crates)",
        ),
        (
            "analyze_dependencies",
            json!({}),
            "serde 1 (crates), 1 file; Cargo.toml:5 normal",
        ),
        (
            "get_complexity_hotspots",
            json!({"min_complexity": 1}),
            "medium src/",
        ),
        ("get_quality_issues", json!({}), "dead_export"),
    ]
}

#[tokio::test]
async fn each_tool_answers_beside_the_others_and_opens_the_index_itself() {
    let mut ask = Reply::default();
    for (tool, arguments, _) in calls() {
        ask = ask.and_call(tool, arguments);
    }
    let model = ScriptedModel::replies([ask, Reply::text("Known.")]);
    let on = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&on, SHOP).await;
    let (_, events) = on.ask(say(&id, "What is here?")).await;
    assert_eq!(completed(&events), "Known.");
    let answered = results(&events);
    assert_eq!(answered.len(), calls().len());
    for (tool, _, expected) in calls() {
        let answer = events.iter().find_map(|event| match &event.kind {
            EventKind::ToolResult {
                tool: of,
                output,
                success: true,
                summary,
                ..
            } if of == tool && !summary.is_empty() => Some(output),
            _ => None,
        });
        let answer = answer.unwrap_or_else(|| panic!("{tool} failed: {answered:?}"));
        assert!(answer.contains(expected), "{tool}: {answer}");
    }
    model.assert_clean();
}

#[tokio::test]
async fn what_was_just_written_is_in_the_answer() {
    let write = |name: &str| {
        Reply::call(
            "write_project_file",
            json!({"path": "src/fresh.rs", "content": format!("pub fn {name}() {{}}\n")}),
        )
    };
    let find = |name: &str| Reply::call("find_function", json!({"name": name}));
    let model = ScriptedModel::replies([
        find("first_fresh"),
        write("first_fresh"),
        find("first_fresh"),
        write("second_fresh"),
        find("first_fresh").and_call("find_function", json!({"name": "second_fresh"})),
        Reply::text("Done."),
    ]);
    let on = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&on, SHOP).await;
    let (_, events) = on.ask(say(&id, "Write it.")).await;
    completed(&events);
    let said: Vec<&str> = results(&events).into_iter().map(|(_, text)| text).collect();
    assert!(said[0].starts_with("No function named"), "{said:#?}");
    assert!(said[2].contains("src/fresh.rs:1-1"), "{said:#?}");
    let last = said[4..].concat();
    assert!(last.contains("function second_fresh — "), "{said:#?}");
    assert!(!last.contains("function first_fresh — "), "{said:#?}");
}

#[tokio::test]
async fn nothing_of_it_is_opened_for_a_turn_that_asks_nothing_about_code() {
    let model = ScriptedModel::replies([Reply::text("Hello.")]);
    let on = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&on, SHOP).await;
    let (_, events) = on.ask(say(&id, "Hello")).await;
    completed(&events);
    assert!(!on.data_dir().join("index").exists());
}
