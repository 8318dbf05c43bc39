//! The model's tools about code, through an operation: the index is opened by the first call.

use mira_protocol::context::{ChooseContext, ContextTarget, Inclusion};
use mira_protocol::message::{EditQueued, EstimateMessage, Mention};
use mira_protocol::operation::StartOperation;
use mira_protocol::receipt::Receipt;
use mira_protocol::route::ExplainRoute;
use mira_protocol::table::calls;
use mira_protocol::{Code, EventKind};
use mira_testkit::{Collector, Reply, ScriptedModel, ScriptedModels, TestEngine};
use serde_json::{Value, json};

use crate::knowledge::indexed;
use crate::support::{completed, project, results, say, say_in};

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
-- src/stock.rs
pub fn forgotten() -> u64 {
    1
}
-- tests/shop.rs
#[test]
fn an_empty_cart_costs_nothing() {
    shop::checkout(&todo!());
}
";

/// Each tool, and what its answer has in it.
fn every_tool() -> Vec<(&'static str, Value, &'static str)> {
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
async fn each_tool_answers_beside_the_others() {
    let mut ask = Reply::default();
    for (tool, arguments, _) in every_tool() {
        ask = ask.and_call(tool, arguments);
    }
    let model = ScriptedModel::replies([ask, Reply::text("Known.")]);
    let on = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&on, SHOP).await;
    indexed(&on, &id).await;
    let (_, events) = on.ask(say(&id, "What is here?")).await;
    assert_eq!(completed(&events), "Known.");
    let answered = results(&events);
    assert_eq!(answered.len(), every_tool().len());
    for (tool, _, expected) in every_tool() {
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
    indexed(&on, &id).await;
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
async fn the_index_is_opened_by_the_first_call_and_not_before() {
    let model = ScriptedModel::replies([Reply::text("Hello.")]);
    let on = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&on, SHOP).await;
    let (_, events) = on.ask(say(&id, "Hello")).await;
    completed(&events);
    assert!(!on.data_dir().join("index").exists());
    model.then([
        Reply::call("find_function", json!({"name": "checkout"})),
        Reply::text("Found."),
    ]);
    let (_, events) = on.ask(say(&id, "Where is it?")).await;
    assert!(results(&events)[0].0, "{events:#?}");
    assert!(on.data_dir().join("index").exists());
}

/// The newest message as the model was told it.
fn told(model: &ScriptedModel) -> String {
    let turn = model.turns().pop().expect("a prompt");
    turn.last_user().to_owned()
}

fn receipt(events: &[mira_protocol::StoredEvent]) -> Receipt {
    let receipts = events.iter().rev().find_map(|event| match &event.kind {
        EventKind::ContextGathered { receipt } => Some(receipt.clone()),
        _ => None,
    });
    receipts.expect("a receipt")
}

/// With as much patience as a busy machine may need.
async fn patient(model: &ScriptedModel) -> TestEngine {
    let models = ScriptedModels::new(model.clone());
    TestEngine::tuned(Some(models), |settings| settings.code_context_ms = 600_000).await
}

#[tokio::test]
async fn places_that_a_message_is_about_come_along_until_they_are_left_out() {
    let model = ScriptedModel::replies([Reply::text("Seen.").always()]);
    let on = patient(&model).await;
    let (_folder, id) = project(&on, SHOP).await;
    let about = "Why does total_price add up prices twice?";
    let (_, events) = on.ask(say(&id, about)).await;
    assert!(
        !told(&model).contains("from_code_index"),
        "nobody opened the index"
    );
    assert!(
        receipt(&events)
            .fragments
            .iter()
            .all(|line| line.name != "related")
    );

    indexed(&on, &id).await;
    let (started, events) = on.ask(say(&id, about)).await;
    let message = told(&model);
    assert!(message.starts_with(about), "{message}");
    assert!(
        message.contains("<from_code_index name=\"related code\">"),
        "{message}"
    );
    let place = "\nsrc/cart.rs:8-10 method Cart::total_price, ";
    assert_eq!(message.matches(place).count(), 1, "{message}");
    let of = receipt(&events);
    let line = of
        .fragments
        .iter()
        .find(|line| line.name == "related")
        .expect("its line");
    assert!(line.tokens > 0 && line.tokens <= line.cap_tokens.expect("a cap"));
    assert!(!line.parts[0].excluded);

    let session = &started.session_id;
    on.ask(say_in(session, "Hello again")).await;
    assert_eq!(told(&model), "Hello again");
    let choose = ChooseContext {
        session_id: session.clone(),
        target: ContextTarget::Related,
        choice: Some(Inclusion::Exclude),
    };
    on.engine
        .call(calls::ContextChoose(choose))
        .await
        .expect("a choice");
    let (_, events) = on.ask(say_in(session, about)).await;
    assert_eq!(told(&model), about);
    let of = receipt(&events);
    let line = of
        .fragments
        .iter()
        .find(|line| line.name == "related")
        .expect("its line");
    assert!(line.tokens == 0 && line.parts[0].excluded);
    model.assert_clean();
}

#[tokio::test]
async fn places_are_counted_before_sending_and_follow_a_message_that_is_changed() {
    let model = ScriptedModel::replies([]);
    let on = patient(&model).await;
    let (_folder, id) = project(&on, SHOP).await;
    indexed(&on, &id).await;
    let about = "Why does total_price add up prices twice?";
    let estimate = |content: &str| {
        calls::OperationEstimate(EstimateMessage {
            content: content.into(),
            project_id: Some(id.clone()),
            ..EstimateMessage::default()
        })
    };
    let without = on.engine.call(estimate("Hello")).await.expect("a guess");
    assert_eq!(without.parts, []);
    let with = on.engine.call(estimate(about)).await.expect("a guess");
    assert_eq!(with.parts.len(), 1, "{with:?}");
    let part = &with.parts[0];
    assert_eq!(part.name, "related code");
    assert_eq!(
        with.message_tokens,
        (about.len() as u64).div_ceil(4) + part.tokens
    );
    // The index is really asked, as it is when the message goes.
    model.then([Reply::text("zero")]);
    let (_, events) = on.ask(say(&id, about)).await;
    let sent = receipt(&events);
    let line = sent.fragments.iter().find(|line| line.name == "related");
    assert_eq!(line.expect("its line").tokens, part.tokens);
    let explain = ExplainRoute {
        content: about.into(),
        project_id: Some(id.clone()),
        ..ExplainRoute::default()
    };
    let explained = on.engine.call(calls::RouteExplain(explain)).await;
    let beside_send = explained.expect("a route").decision.facts.prompt_tokens;
    assert_eq!(beside_send, with.prompt_tokens);
    assert!(
        beside_send.abs_diff(sent.total_tokens) <= 20,
        "{beside_send} and {}",
        sent.total_tokens
    );

    model.then([Reply::text("one").gate("hold"), Reply::text("two")]);
    let mut collector = Collector::new(&on.engine);
    let first = on.start(say(&id, "Hello")).await;
    model.wait_gate("hold").await;
    let second = on.start(say_in(&first.session_id, "Hello again")).await;
    let change = EditQueued {
        operation_id: second.operation_id.clone(),
        content: about.into(),
        mentions: vec![],
    };
    on.engine
        .call(calls::OperationEdit(change))
        .await
        .expect("changed");
    model.release("hold");
    collector
        .finished(&first.session_id, &second.operation_id)
        .await
        .expect("an end");
    assert!(told(&model).contains("src/cart.rs:8-10 method Cart::total_price, "));
    model.assert_clean();
}

#[tokio::test]
async fn a_setting_keeps_places_out_of_messages() {
    let model = ScriptedModel::replies([Reply::text("Seen.")]);
    let models = ScriptedModels::new(model.clone());
    let on = TestEngine::tuned(Some(models), |settings| settings.code_context_ms = 0).await;
    let (_folder, id) = project(&on, SHOP).await;
    indexed(&on, &id).await;
    on.ask(say(&id, "What does total_price add up?")).await;
    assert_eq!(told(&model), "What does total_price add up?");
}

#[tokio::test]
async fn an_element_that_is_mentioned_goes_along_with_its_text() {
    let model = ScriptedModel::replies([Reply::text("Seen.").always()]);
    let on = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&on, SHOP).await;
    let symbol = |path: &str, name: &str| Mention::Symbol {
        path: path.into(),
        name: name.into(),
    };
    let ask = |mention: Mention| StartOperation {
        mentions: vec![mention],
        ..say(&id, "Explain it")
    };
    let (_, events) = on
        .ask(ask(symbol("src/cart.rs", "Cart::total_price")))
        .await;
    let message = told(&model);
    let expected =
        "<mentioned name=\"Cart::total_price (src/cart.rs:8-10)\">\n    pub fn total_price";
    assert!(message.contains(expected), "{message}");
    let of = receipt(&events);
    let line = of
        .fragments
        .iter()
        .find(|line| line.name == "mentioned")
        .expect("its line");
    assert!(line.detail.starts_with("Cart::total_price") && line.tokens > 0);
    on.ask(ask(symbol("", "checkout"))).await;
    assert!(told(&model).contains("pub fn checkout"));

    for (mention, code) in [
        (symbol("src/lib.rs", "Cart::total_price"), Code::NotFound),
        (symbol("", "nothing_of_this_name"), Code::NotFound),
    ] {
        let started = on.engine.call(calls::OperationStart(ask(mention))).await;
        let failure = started.expect_err("it is not there");
        assert_eq!(failure.code, code);
        assert!(failure.hint.is_some());
    }
}
