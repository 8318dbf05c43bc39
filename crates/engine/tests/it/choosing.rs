//! What the person pins and leaves out of a session's requests.

use mira_protocol::context::{ChooseContext, ContextTarget, GetContext, Inclusion};
use mira_protocol::message::EstimateMessage;
use mira_protocol::table::calls;
use mira_protocol::{Code, Failure, SessionId};
use mira_testkit::{Reply, ScriptedModel, TestEngine};

use crate::support::{project, restarted, say, say_in};

async fn choose(
    on: &TestEngine,
    session: &SessionId,
    target: ContextTarget,
    choice: Option<Inclusion>,
) -> Result<usize, Failure> {
    let request = ChooseContext {
        session_id: session.clone(),
        target,
        choice,
    };
    let context = on.engine.call(calls::ContextChoose(request)).await?;
    Ok(context.choices.len())
}

#[tokio::test]
async fn choices_count_from_the_next_turn_on_and_survive_a_restart() {
    let model = ScriptedModel::replies([Reply::text("Hello.").always()]);
    let on = TestEngine::with_model(&model).await;
    let fixture = "-- AGENTS.md\nUse tabs.\n-- notes.txt\nPinned words.\n";
    let (folder, id) = project(&on, fixture).await;
    let first = on.ask(say(&id, "My secret is 42")).await.0;
    let session = first.session_id.clone();
    let prompt = || {
        let turn = model.turns().pop().unwrap();
        (turn.instructions.clone(), format!("{turn:?}"))
    };
    let (instructions, _) = prompt();
    assert!(instructions.contains("Use tabs.") && !instructions.contains("Pinned words."));

    let file = |path: &str| ContextTarget::File { path: path.into() };
    let guideline = ContextTarget::Guideline {
        path: "AGENTS.md".into(),
    };
    let turn = ContextTarget::Turn {
        operation_id: first.operation_id.clone(),
    };
    let (pin, exclude) = (Some(Inclusion::Pin), Some(Inclusion::Exclude));
    choose(&on, &session, file("notes.txt"), pin).await.unwrap();
    choose(&on, &session, file("missing.txt"), pin)
        .await
        .unwrap();
    choose(&on, &session, file("../outside.txt"), pin)
        .await
        .unwrap();
    choose(&on, &session, guideline.clone(), exclude)
        .await
        .unwrap();
    let count = choose(&on, &session, turn.clone(), exclude).await.unwrap();
    assert_eq!(count, 5);
    for (target, choice) in [
        (file("a"), exclude),
        (guideline.clone(), pin),
        (turn.clone(), pin),
    ] {
        let refused = choose(&on, &session, target, choice).await.unwrap_err();
        assert_eq!(refused.code, Code::BadParams);
    }
    let on = restarted(on, &model).await;

    let message = EstimateMessage {
        content: "And now?".into(),
        session_id: Some(session.clone()),
        ..EstimateMessage::default()
    };
    let estimate = on.engine.call(calls::OperationEstimate(message)).await;
    on.ask(say_in(&session, "And now?")).await;
    let (instructions, whole) = prompt();
    assert!(instructions.contains("Pinned words.") && !instructions.contains("Use tabs."));
    assert!(whole.contains("And now?") && !whole.contains("My secret is 42"));
    let get = GetContext {
        session_id: session.clone(),
    };
    let context = on.engine.call(calls::ContextGet(get)).await.unwrap();
    let receipt = context.receipt.unwrap();
    // What stands beside Send is what was sent, a few tokens of form aside.
    let (expected, sent) = (estimate.unwrap().prompt_tokens, receipt.total_tokens);
    assert!(expected.abs_diff(sent) <= 20, "{expected} and {sent}");
    let line = |name: &str| {
        let line = receipt.fragments.iter().find(|line| line.name == name);
        line.unwrap().clone()
    };
    let pinned = line("pinned");
    assert_eq!(pinned.detail, "notes.txt");
    let dropped = pinned.dropped.unwrap();
    assert!(dropped.contains("missing.txt") && dropped.contains("outside.txt"));
    assert!(line("guidelines").parts[0].excluded);
    let turns: Vec<_> = line("conversation")
        .parts
        .into_iter()
        .map(|part| (part.label, part.excluded))
        .collect();
    assert_eq!(
        turns,
        [
            ("And now?".to_owned(), false),
            ("My secret is 42".to_owned(), true)
        ]
    );

    // Back to what happens by itself; the pinned file is read anew.
    folder.write("notes.txt", "Other words.\n");
    choose(&on, &session, guideline, None).await.unwrap();
    choose(&on, &session, turn, None).await.unwrap();
    on.ask(say_in(&session, "Once more")).await;
    let (instructions, whole) = prompt();
    assert!(instructions.contains("Use tabs.") && instructions.contains("Other words."));
    assert!(whole.contains("My secret is 42"));
    // Leaving a turn out changes what requests begin with, as it must; nothing else is odd.
    let violations = model.violations();
    assert!(
        violations.iter().all(|one| one.contains("is no prefix")),
        "{violations:?}"
    );
}
