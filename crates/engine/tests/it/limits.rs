//! What ends an operation that would not end by itself.

use mira_protocol::operation::{OperationState, StartOperation};
use mira_protocol::{Code, EventKind};
use mira_testkit::{Entry, Reply, Script, ScriptedModel, ScriptedModels, TestEngine};
use serde_json::json;

use crate::support::{check_laws, completed, end, project, results, say, say_in};

fn read() -> Reply {
    Reply::call("read_project_file", json!({ "path": "a.txt" }))
}

#[tokio::test]
async fn going_round_in_circles_is_pointed_out_and_then_stopped() {
    let model = ScriptedModel::replies([read().always()]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "-- a.txt\nsame\n").await;
    let (started, events) = engine.ask(say(&id, "Look")).await;
    let (state, failure, _) = end(&events);
    assert_eq!(state, OperationState::Failed);
    assert_eq!(
        failure.map(|failure| failure.code),
        Some(Code::LimitReached)
    );
    let all = results(&events);
    assert!(all.len() <= 8, "{} identical calls were run", all.len());
    assert!(
        all.iter()
            .any(|(_, output)| output.contains("same call several times"))
    );
    assert!(!all[0].1.contains("several times"));
    model.assert_clean();
    check_laws(&engine.events(&started.session_id).await);
}

#[tokio::test]
async fn the_same_call_with_another_result_is_no_circle() {
    let run = || {
        Reply::call(
            "run_command",
            json!({ "command": "echo x >> grow.txt; wc -l < grow.txt" }),
        )
    };
    let model = ScriptedModel::replies((0..8).map(|_| run()).chain([Reply::text("Eight lines.")]));
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    let (_, events) = engine.ask(say(&id, "Grow")).await;
    assert_eq!(completed(&events), "Eight lines.");
    assert_eq!(folder.read("grow.txt").lines().count(), 8);
}

#[tokio::test]
async fn the_iteration_limit_ends_it_and_it_can_be_resumed() {
    let steps = (0..3).map(|at| {
        Reply::call(
            "write_project_file",
            json!({ "path": "a.txt", "content": format!("{at}") }),
        )
    });
    let model = ScriptedModel::replies(steps.chain([Reply::text("Done.")]));
    let engine = TestEngine::tuned(Some(ScriptedModels::new(model.clone())), |settings| {
        settings.max_iterations = 3
    })
    .await;
    let (_folder, id) = project(&engine, "").await;
    let (started, events) = engine.ask(say(&id, "Write")).await;
    assert_eq!(
        end(&events).1.map(|failure| failure.code),
        Some(Code::LimitReached)
    );
    let (_, more) = engine.ask(say_in(&started.session_id, "Go on")).await;
    assert_eq!(completed(&more), "Done.");
    model.assert_clean();
}

#[tokio::test]
async fn the_time_limit_kills_what_runs() {
    let model = ScriptedModel::replies([Reply::call(
        "run_command",
        json!({ "command": "sleep 300; touch late" }),
    )]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "").await;
    let (started, events) = engine
        .ask(StartOperation {
            timeout_ms: Some(300),
            ..say(&id, "Sleep")
        })
        .await;
    let (state, failure, _) = end(&events);
    assert_eq!(state, OperationState::Failed);
    assert_eq!(
        failure.map(|failure| failure.code),
        Some(Code::LimitReached)
    );
    assert!(!folder.exists("late"));
    check_laws(&engine.events(&started.session_id).await);
}

#[tokio::test]
async fn a_conversation_that_no_longer_fits_is_compacted_and_goes_on() {
    let big = "a line of some length that fills the window\n".repeat(400);
    let reads =
        (0..12).map(|at| Reply::call("read_project_file", json!({ "path": format!("{at}.txt") })));
    let script = Script::new(reads.chain([Reply::text("I have read everything.")]));
    // The model takes less than the engine believes: it must compact when the model says so.
    let model = ScriptedModel::new(script.context_tokens(24_000));
    let engine = TestEngine::tuned(Some(ScriptedModels::new(model.clone())), |_| {}).await;
    let fixture: String = (0..12).map(|at| format!("-- {at}.txt\n{big}")).collect();
    let (_folder, id) = project(&engine, &fixture).await;
    let (started, events) = engine
        .ask(say(
            &id,
            "Read all of it, and remember the word heliotrope.",
        ))
        .await;
    assert_eq!(completed(&events), "I have read everything.");
    let compacted = events.iter().find_map(|event| match &event.kind {
        EventKind::Compacted {
            summary,
            dropped_items,
            dropped_tokens,
            ..
        } => Some((summary, *dropped_items, *dropped_tokens)),
        _ => None,
    });
    let (_, items, tokens) = compacted.expect("it was compacted, and says so");
    assert!(items > 0 && tokens > 0);
    let last = model.turns().pop().expect("a prompt");
    assert!(
        last.entries
            .iter()
            .any(|entry| matches!(entry, Entry::User(text) if text.contains("heliotrope")))
    );
    model.assert_clean();
    check_laws(&engine.events(&started.session_id).await);
}

#[tokio::test]
async fn a_known_window_is_never_overrun() {
    let big = "a line of some length that fills the window\n".repeat(400);
    let reads =
        (0..12).map(|at| Reply::call("read_project_file", json!({ "path": format!("{at}.txt") })));
    let script = Script {
        check_prefix: Some(false),
        ..Script::new(reads.chain([Reply::text("Done.")]))
    };
    let model = ScriptedModel::new(script);
    let models = ScriptedModels {
        context_tokens: Some(32_000),
        ..ScriptedModels::new(model.clone())
    };
    let engine = TestEngine::tuned(Some(models), |_| {}).await;
    let fixture: String = (0..12).map(|at| format!("-- {at}.txt\n{big}")).collect();
    let (_folder, id) = project(&engine, &fixture).await;
    let (_, events) = engine.ask(say(&id, "Read all of it")).await;
    completed(&events);
    for turn in model.turns() {
        assert!(
            turn.estimated_tokens() <= 32_000,
            "{} tokens",
            turn.estimated_tokens()
        );
    }
    model.assert_clean();
}

#[tokio::test]
async fn a_message_that_can_never_fit_fails_clearly() {
    let model =
        ScriptedModel::new(Script::new([Reply::text("never").always()]).context_tokens(2_000));
    let engine = TestEngine::tuned(Some(ScriptedModels::new(model)), |_| {}).await;
    let (_folder, id) = project(&engine, "").await;
    let (_, events) = engine.ask(say(&id, &"many words ".repeat(4_000))).await;
    let failure = end(&events).1.expect("a failure");
    assert_eq!(failure.code, Code::ContextTooLong);
    assert!(failure.hint.is_some());
}

#[tokio::test]
async fn ids_that_a_weak_server_repeats_are_kept_apart() {
    let call = |path: &str| {
        let mut reply = Reply::call("read_project_file", json!({ "path": path }));
        reply.calls[0].id = Some("call_0".into());
        reply
    };
    let model = ScriptedModel::replies([call("a.txt"), call("b.txt"), Reply::text("Both read.")]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "-- a.txt\nx\n-- b.txt\ny\n").await;
    let (started, events) = engine.ask(say(&id, "Read both")).await;
    assert_eq!(completed(&events), "Both read.");
    model.assert_clean();
    check_laws(&engine.events(&started.session_id).await);
}

#[tokio::test]
async fn three_commands_of_one_answer_run_at_the_same_time() {
    // Each waits for the other two: one after the other they would never end.
    let wait = |own: &str| {
        format!(
            "touch {own}.here; while [ ! -e a.here ] || [ ! -e b.here ] || [ ! -e c.here ]; do sleep 0.01; done; echo met"
        )
    };
    let reply = ["a", "b", "c"].iter().fold(Reply::default(), |reply, own| {
        reply.and_call("run_command", json!({ "command": wait(own) }))
    });
    let model = ScriptedModel::replies([reply, Reply::text("They met.")]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let (_, events) = engine
        .ask(StartOperation {
            timeout_ms: Some(30_000),
            ..say(&id, "Meet")
        })
        .await;
    assert_eq!(completed(&events), "They met.");
    assert!(
        results(&events)
            .iter()
            .all(|(success, output)| *success && output.contains("met"))
    );
}
