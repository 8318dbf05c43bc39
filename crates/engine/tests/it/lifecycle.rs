//! From a message to its end: states, numbers, receipts, titles, copies.

use mira_protocol::operation::{OperationKind, OperationState, StartOperation};
use mira_protocol::session::{ForkSession, RenameSession, SessionRef};
use mira_protocol::table::calls;
use mira_protocol::{Code, EventKind, SessionId};
use mira_testkit::{Entry, Reply, ScriptedModel, ScriptedModels, TestEngine};
use serde_json::json;

use crate::support::{check_laws, completed, end, project, results, say, say_in};

#[tokio::test]
async fn every_step_is_stored_in_order_with_one_end() {
    let model = ScriptedModel::replies([
        Reply::text("I look.")
            .and_call("list_project_files", json!({}))
            .and_call("read_project_file", json!({ "path": "a.txt" })),
        Reply::text("One file."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "-- a.txt\nhello\n").await;
    let (started, events) = engine.ask(say(&id, "What is here?")).await;

    assert_eq!(completed(&events), "One file.");
    let all = engine.events(&started.session_id).await;
    check_laws(&all);
    let states: Vec<OperationState> = all
        .iter()
        .filter_map(|event| match event.kind {
            EventKind::OperationState { state, .. } => Some(state),
            _ => None,
        })
        .collect();
    assert_eq!(
        &states[..3],
        [
            OperationState::Pending,
            OperationState::Started,
            OperationState::Generating
        ]
    );
    assert_eq!(results(&all).len(), 2);
    model.assert_clean();
}

#[tokio::test]
async fn the_newest_message_is_last_and_the_history_grows_only_at_its_end() {
    let model =
        ScriptedModel::replies([Reply::text("one"), Reply::text("two"), Reply::text("three")]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let (started, _) = engine.ask(say(&id, "first")).await;
    engine.ask(say_in(&started.session_id, "second")).await;
    engine.ask(say_in(&started.session_id, "third")).await;

    let turns = model.turns();
    assert_eq!(turns.len(), 3);
    for (turn, message) in turns.iter().zip(["first", "second", "third"]) {
        assert!(matches!(turn.entries.last(), Some(Entry::User(text)) if text.contains(message)));
    }
    // That each is the previous one and more is the model's own rule.
    model.assert_clean();
    check_laws(&engine.events(&started.session_id).await);
}

#[tokio::test]
async fn a_session_that_nobody_made_is_made_and_an_odd_id_is_refused() {
    let model = ScriptedModel::replies([Reply::text("hello")]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let named = StartOperation {
        session_id: Some(SessionId("my-own:1".into())),
        ..say(&id, "hi")
    };
    let (started, _) = engine.ask(named).await;
    assert_eq!(started.session_id.0, "my-own:1");

    let odd = StartOperation {
        session_id: Some(SessionId("../x".into())),
        ..say(&id, "hi")
    };
    let refused = engine
        .engine
        .call(calls::OperationStart(odd))
        .await
        .expect_err("no such id");
    assert_eq!(refused.code, Code::BadParams);
    let empty = engine
        .engine
        .call(calls::OperationStart(say(&id, "  \n")))
        .await
        .expect_err("nothing asked");
    assert_eq!(empty.code, Code::BadParams);
}

#[tokio::test]
async fn a_title_stands_from_the_first_message_on_and_a_given_one_stays() {
    let held = Reply::text("I look at it now.").gate("hold");
    let model = ScriptedModel::replies([held, Reply::text("done").always()]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = mira_testkit::Collector::new(&engine.engine);
    let started = engine
        .start(say(&id, "Please explain the parser to me. With details"))
        .await;
    let session = SessionRef {
        session_id: started.session_id.clone(),
    };
    model.wait_gate("hold").await;
    let named = engine
        .engine
        .call(calls::SessionGet(session.clone()))
        .await
        .expect("the session");
    assert_eq!(named.name, "Explain the parser to me");
    model.release("hold");
    collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");

    let rename = RenameSession {
        session_id: started.session_id.clone(),
        name: "Mine".into(),
    };
    engine
        .engine
        .call(calls::SessionRename(rename))
        .await
        .expect("renamed");
    engine
        .ask(say_in(&started.session_id, "Another thing"))
        .await;
    let kept = engine
        .engine
        .call(calls::SessionGet(session))
        .await
        .expect("the session");
    assert_eq!(kept.name, "Mine");
}

#[tokio::test]
async fn the_receipt_names_every_part_of_the_request() {
    let model = ScriptedModel::replies([Reply::text("done")]);
    let engine = TestEngine::tuned(Some(ScriptedModels::new(model.clone()).priced()), |_| {}).await;
    let (_folder, id) = project(&engine, "-- AGENTS.md\nUse tabs, never spaces.\n").await;
    let (_, events) = engine.ask(say(&id, "hello")).await;
    let receipt = events
        .iter()
        .find_map(|event| match &event.kind {
            EventKind::ContextGathered { receipt } => Some(receipt),
            _ => None,
        })
        .expect("a receipt");
    let names: Vec<&str> = receipt
        .fragments
        .iter()
        .map(|line| line.name.as_str())
        .collect();
    for wanted in ["instructions", "guidelines", "tools", "conversation"] {
        assert!(names.contains(&wanted), "{wanted} in {names:?}");
    }
    assert_eq!(
        receipt.total_tokens,
        receipt
            .fragments
            .iter()
            .map(|line| line.tokens)
            .sum::<u64>()
    );
    assert!(
        receipt
            .estimated_input_micro_usd
            .is_some_and(|cost| cost > 0)
    );
    assert!(
        model.prompts()[0]
            .instructions
            .contains("Use tabs, never spaces.")
    );
    let cost = events.iter().find_map(|event| match event.kind {
        EventKind::OperationFinished { cost_micro_usd, .. } => Some(cost_micro_usd),
        _ => None,
    });
    assert!(cost.is_some_and(|cost| cost > 0));
}

#[tokio::test]
async fn the_kind_follows_from_the_deeds() {
    let model = ScriptedModel::replies([
        Reply::text("It greets.").when_user("explain"),
        Reply::call(
            "write_project_file",
            json!({ "path": "new.txt", "content": "x\n" }),
        )
        .when_user("write"),
        Reply::text("Written.").when_user("write"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let kind = |events: &[mira_protocol::StoredEvent]| {
        events.iter().rev().find_map(|event| match event.kind {
            EventKind::OperationState { kind, .. } => kind,
            _ => None,
        })
    };
    let (_, talk) = engine.ask(say(&id, "Explain the greeting")).await;
    assert_eq!(kind(&talk), Some(OperationKind::Chat));
    let (_, work) = engine.ask(say(&id, "Write a new file")).await;
    assert_eq!(kind(&work), Some(OperationKind::CodeGeneration));
}

#[tokio::test]
async fn a_fork_goes_its_own_way() {
    let model = ScriptedModel::replies([
        Reply::text("Blue."),
        Reply::text("Green."),
        Reply::text("You said blue."),
        Reply::text("You said green too."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let (started, first) = engine.ask(say(&id, "A colour")).await;
    let after_first = first.last().expect("an end").seq;
    engine.ask(say_in(&started.session_id, "Another")).await;

    let fork = ForkSession {
        session_id: started.session_id.clone(),
        up_to_seq: Some(after_first),
        name: None,
    };
    let copy = engine
        .engine
        .call(calls::SessionFork(fork))
        .await
        .expect("forked");
    assert_eq!(copy.forked_from.as_ref(), Some(&started.session_id));
    let (_, answer) = engine.ask(say_in(&copy.id, "What was it?")).await;
    assert_eq!(end(&answer).2, "You said blue.");
    let told = model.turns().pop().expect("a prompt");
    assert!(
        told.entries
            .iter()
            .any(|entry| matches!(entry, Entry::Assistant(text) if text == "Blue."))
    );
    assert!(
        !told
            .entries
            .iter()
            .any(|entry| matches!(entry, Entry::Assistant(text) if text == "Green."))
    );

    engine.ask(say_in(&started.session_id, "And now?")).await;
    let copied = engine.events(&copy.id).await;
    assert!(
        copied
            .iter()
            .enumerate()
            .all(|(at, event)| event.seq == at as u64 + 1)
    );
    model.assert_clean();
}
