//! Messages before their turn and after it: what they mention, what waits, asking again, code of
//! an answer in a file, drafts, pages from the newest end.

use std::process::Command;

use mira_protocol::message::{
    ApplyCode, AskAgain, AttachmentSize, DraftMention, DraftRef, EditQueued, EstimateMessage,
    ExpandCommand, Mention, ReleaseQueue, SaveDraft,
};
use mira_protocol::operation::{
    Attachment, OperationRef, OperationStarted, OperationState, StartOperation, Tier,
};
use mira_protocol::session::{SearchSessions, SessionEvents, SessionRef};
use mira_protocol::table::calls;
use mira_protocol::{Code, EventKind, Failure, SessionId};
use mira_testkit::{
    Collector, Entry, Reply, ScriptedModel, ScriptedModels, TempProject, TestEngine,
};

use crate::support::{check_laws, completed, end, project, say, say_in};

/// Runs `git` in a project, as somebody.
fn git(project: &TempProject, arguments: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"])
        .args(arguments)
        .current_dir(project.root())
        .output()
        .expect("git runs");
    assert!(done.status.success(), "{arguments:?}: {done:?}");
}

#[tokio::test]
async fn mentions_are_read_once_and_told_as_named_parts() {
    let model = ScriptedModel::replies([Reply::text("earlier answer"), Reply::text("seen")]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(
        &engine,
        "-- src/a.rs\nfn a() {}\n-- src/b.rs\nfn b() {}\n-- README.md\nHello\n",
    )
    .await;
    git(&folder, &["init", "-q", "-b", "main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "The first one"]);
    let (earlier, _) = engine.ask(say(&id, "Earlier question")).await;

    let mentions = vec![
        Mention::File {
            path: "src/a.rs".into(),
        },
        Mention::File {
            path: "src/a.rs".into(),
        },
        Mention::Folder { path: "src".into() },
        Mention::Session {
            session_id: earlier.session_id.clone(),
        },
        Mention::Commit {
            commit: "HEAD".into(),
        },
    ];
    let (_, events) = engine
        .ask(StartOperation {
            mentions,
            ..say(&id, "Look at these")
        })
        .await;
    assert_eq!(completed(&events), "seen");
    let told = model
        .turns()
        .pop()
        .expect("a prompt")
        .last_user()
        .to_owned();
    for part in [
        "<mentioned name=\"src/a.rs\">\nfn a() {}",
        "src/b.rs",
        "Earlier question",
        "earlier answer",
        "The first one",
        "+fn b() {}",
    ] {
        assert!(told.contains(part), "{part:?} in {told}");
    }
    assert_eq!(told.matches("name=\"src/a.rs\"").count(), 1);

    let receipt = events.iter().find_map(|event| match &event.kind {
        EventKind::ContextGathered { receipt } => Some(receipt),
        _ => None,
    });
    let mentioned: Vec<_> = receipt
        .expect("a receipt")
        .fragments
        .iter()
        .filter(|line| line.name == "mentioned")
        .map(|line| line.detail.as_str())
        .collect();
    assert_eq!(mentioned.len(), 4, "{mentioned:?}");
    assert_eq!(mentioned[..2], ["src/a.rs", "src/"]);
    model.assert_clean();
}

#[tokio::test]
async fn a_mention_of_nothing_is_refused_before_anything_is_stored() {
    let engine = TestEngine::with_model(&ScriptedModel::replies([])).await;
    let (_folder, id) = project(&engine, "").await;
    for mention in [
        Mention::File {
            path: "gone.rs".into(),
        },
        Mention::File {
            path: "../outside".into(),
        },
        Mention::Folder {
            path: "gone".into(),
        },
        Mention::Session {
            session_id: "ses_gone".into(),
        },
        Mention::Commit {
            commit: "gone".into(),
        },
    ] {
        let started = engine
            .engine
            .call(calls::OperationStart(StartOperation {
                mentions: vec![mention.clone()],
                ..say(&id, "Look")
            }))
            .await;
        let failure = started.expect_err("it is not there");
        assert!(
            matches!(failure.code, Code::BadParams | Code::NotFound),
            "{mention:?}: {failure:?}"
        );
        assert!(failure.hint.is_some());
    }
}

async fn call<C>(engine: &TestEngine, call: C) -> Result<C::Reply, Failure>
where
    C: mira_protocol::Call + Into<mira_protocol::Request>,
{
    engine.engine.call(call).await
}

fn edit(started: &OperationStarted, content: &str) -> calls::OperationEdit {
    calls::OperationEdit(EditQueued {
        operation_id: started.operation_id.clone(),
        content: content.into(),
        mentions: vec![],
    })
}

#[tokio::test]
async fn what_waits_can_be_changed_and_is_told_as_it_was_changed() {
    let model = ScriptedModel::replies([Reply::text("one").gate("hold"), Reply::text("two")]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let first = engine.start(say(&id, "first")).await;
    model.wait_gate("hold").await;
    let second = engine.start(say_in(&first.session_id, "secnod")).await;
    call(&engine, edit(&second, "second"))
        .await
        .expect("changed");
    let empty = call(&engine, edit(&second, " ")).await;
    assert_eq!(empty.expect_err("nothing to say").code, Code::BadParams);
    let late = call(&engine, edit(&first, "late")).await;
    assert_eq!(late.expect_err("it runs").code, Code::Conflict);
    model.release("hold");
    collector
        .finished(&first.session_id, &second.operation_id)
        .await
        .expect("an end");
    let told = model
        .turns()
        .pop()
        .expect("a prompt")
        .last_user()
        .to_owned();
    assert!(
        told.contains("second") && !told.contains("secnod"),
        "{told}"
    );
    for (query, hits) in [("secnod", 0), ("second", 1)] {
        let search = SearchSessions {
            query: query.into(),
            ..SearchSessions::default()
        };
        let found = call(&engine, calls::SessionSearch(search))
            .await
            .expect("hits");
        assert_eq!(found.hits.len(), hits, "{query}");
    }
    check_laws(&engine.events(&first.session_id).await);
    model.assert_clean();
}

#[tokio::test]
async fn what_waits_survives_a_restart_and_goes_when_it_is_let_go() {
    let model = ScriptedModel::replies([
        Reply::text("never").gate("never"),
        Reply::text("two").when_user("second"),
        Reply::text("three").when_user("third"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let first = engine.start(say(&id, "first")).await;
    model.wait_gate("never").await;
    let session = first.session_id.clone();
    let second = engine.start(say_in(&session, "second, as typed")).await;
    let third = engine.start(say_in(&session, "third")).await;
    let data = engine.data.clone();
    engine.engine.shutdown().await;
    drop(engine);

    let models = ScriptedModels::new(model.clone());
    let engine = TestEngine::again(data, Some(models), |_| {}).await;
    let known = call(
        &engine,
        calls::SessionGet(SessionRef {
            session_id: session.clone(),
        }),
    )
    .await
    .expect("the session");
    assert_eq!(known.running_operation_id, None);
    call(&engine, edit(&second, "second, better"))
        .await
        .expect("changed");
    let mut collector = Collector::new(&engine.engine);
    let release = ReleaseQueue {
        session_id: session.clone(),
    };
    let released = call(&engine, calls::OperationRelease(release.clone()))
        .await
        .expect("let go");
    assert_eq!(released.operation_id, second.operation_id);
    let events = collector
        .finished(&session, &third.operation_id)
        .await
        .expect("an end");
    assert_eq!(completed(&events), "three");
    let none = call(&engine, calls::OperationRelease(release)).await;
    assert_eq!(none.expect_err("nothing waits").code, Code::Conflict);
    check_laws(&engine.events(&session).await);
}

#[tokio::test]
async fn behind_a_failure_nothing_goes_off_by_itself() {
    let model = ScriptedModel::replies([
        Reply::text("begun").gate("hold"),
        Reply::text("new").when_user("new"),
        Reply::text("waited").when_user("waits"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    let first = engine
        .start(StartOperation {
            timeout_ms: Some(200),
            ..say(&id, "first")
        })
        .await;
    model.wait_gate("hold").await;
    let waits = engine.start(say_in(&first.session_id, "it waits")).await;
    let failed = collector
        .finished(&first.session_id, &first.operation_id)
        .await
        .expect("an end");
    assert_eq!(end(&failed).0, OperationState::Failed);
    let held = call(
        &engine,
        calls::OperationGet(OperationRef {
            operation_id: waits.operation_id.clone(),
        }),
    )
    .await
    .expect("it is there");
    assert_eq!(held.state, OperationState::Pending);
    // What is new goes first, what waited follows.
    let new = engine
        .start(say_in(&first.session_id, "something new"))
        .await;
    assert!(!new.queued);
    let events = collector
        .finished(&first.session_id, &waits.operation_id)
        .await
        .expect("an end");
    assert_eq!(completed(&events), "waited");
    check_laws(&engine.events(&first.session_id).await);
}

#[tokio::test]
async fn asking_again_goes_on_in_a_copy_with_other_words_and_another_tier() {
    let model = ScriptedModel::replies([
        Reply::text("one"),
        Reply::text("two"),
        Reply::text("two, better"),
        Reply::text("one, again"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let (first, _) = engine.ask(say(&id, "first question")).await;
    engine
        .ask(say_in(&first.session_id, "second question"))
        .await;
    let before = engine.events(&first.session_id).await;
    let asked: Vec<u64> = before
        .iter()
        .filter(|event| matches!(event.kind, EventKind::UserMessage { .. }))
        .map(|event| event.seq)
        .collect();
    let again = |seq, content: Option<&str>| AskAgain {
        session_id: first.session_id.clone(),
        seq,
        content: content.map(str::to_owned),
        tier: Some(Tier::Agentic),
        model: None,
    };
    let mut collector = Collector::new(&engine.engine);
    let copy = call(
        &engine,
        calls::OperationAgain(again(asked[1], Some("second, changed"))),
    )
    .await
    .expect("asked again");
    assert_ne!(copy.session_id, first.session_id);
    let events = collector
        .finished(&copy.session_id, &copy.operation_id)
        .await
        .expect("an end");
    assert_eq!(completed(&events), "two, better");
    let prompt = model.turns().pop().expect("a prompt");
    assert!(prompt.last_user().contains("second, changed"));
    assert!(
        !prompt
            .entries
            .iter()
            .any(|e| matches!(e, Entry::User(text) if text.contains("second question")))
    );
    assert!(events.iter().any(|event| matches!(
        &event.kind,
        EventKind::Routed {
            tier: Tier::Agentic,
            ..
        }
    )));

    let from_the_start = call(&engine, calls::OperationAgain(again(asked[0], None)))
        .await
        .expect("asked again");
    let events = collector
        .finished(&from_the_start.session_id, &from_the_start.operation_id)
        .await
        .expect("an end");
    assert_eq!(completed(&events), "one, again");
    let wrong = call(&engine, calls::OperationAgain(again(asked[0] + 1, None))).await;
    assert_eq!(wrong.expect_err("no message").code, Code::BadParams);
    assert_eq!(engine.events(&first.session_id).await, before);
}

fn code(session: &SessionId, path: &str, content: &str, patch: bool) -> ApplyCode {
    ApplyCode {
        session_id: session.clone(),
        path: path.into(),
        content: content.into(),
        patch,
    }
}

#[tokio::test]
async fn code_of_an_answer_is_written_reviewably_and_undone() {
    let model = ScriptedModel::replies([
        Reply::text("```rust\nfn b() {}\n```"),
        Reply::text("I see that you took it."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (folder, id) = project(&engine, "-- a.rs\nfn a() {}\n").await;
    let (asked, _) = engine.ask(say(&id, "Give me b")).await;
    let session = asked.session_id;
    let wanted = code(&session, "src/b.rs", "fn b() {}", false);
    let preview = call(&engine, calls::CodePreview(wanted.clone()))
        .await
        .expect("a preview");
    assert_eq!(
        (preview.before, preview.after.as_str()),
        (None, "fn b() {}\n")
    );
    assert!(!folder.root().join("src/b.rs").exists());

    let mut collector = Collector::new(&engine.engine);
    let applied = call(&engine, calls::CodeApply(wanted.clone()))
        .await
        .expect("applied");
    let events = collector
        .finished(&session, &applied.operation_id)
        .await
        .expect("an end");
    assert_eq!(end(&events).0, OperationState::Completed);
    let read = |path: &str| std::fs::read_to_string(folder.root().join(path));
    assert_eq!(read("src/b.rs").expect("written"), "fn b() {}\n");
    let same = call(&engine, calls::CodeApply(wanted)).await;
    assert_eq!(same.expect_err("nothing to change").code, Code::Conflict);

    let diff = "--- a/a.rs\n+++ b/a.rs\n@@ -1 +1 @@\n-fn a() {}\n+fn a() -> u8 { 1 }\n";
    let patched = call(
        &engine,
        calls::CodeApply(code(&session, "a.rs", diff, true)),
    )
    .await
    .expect("applied");
    collector
        .finished(&session, &patched.operation_id)
        .await
        .expect("an end");
    assert_eq!(read("a.rs").expect("it"), "fn a() -> u8 { 1 }\n");
    let stale = call(
        &engine,
        calls::CodeApply(code(&session, "a.rs", diff, true)),
    )
    .await;
    assert_eq!(stale.expect_err("it does not fit").code, Code::Conflict);
    let outside = call(
        &engine,
        calls::CodeApply(code(&session, "../x.rs", "x", false)),
    )
    .await;
    assert!(outside.is_err());

    // The model hears of it as of a message, not as of calls that it never made.
    engine.ask(say_in(&session, "And now?")).await;
    let prompt = model.turns().pop().expect("a prompt");
    assert!(
        prompt
            .entries
            .iter()
            .any(|e| matches!(e, Entry::User(text) if text.contains("`src/b.rs`")))
    );
    assert!(
        !prompt
            .entries
            .iter()
            .any(|e| matches!(e, Entry::Call { .. }))
    );

    for operation in [&patched.operation_id, &applied.operation_id] {
        let undo = mira_protocol::change::UndoRequest {
            operation_id: Some(operation.clone()),
            ..Default::default()
        };
        call(&engine, calls::OperationUndo(undo))
            .await
            .expect("undone");
    }
    assert_eq!(read("a.rs").expect("it"), "fn a() {}\n");
    assert!(read("src/b.rs").is_err());
    check_laws(&engine.events(&session).await);
    model.assert_clean();
}

#[tokio::test]
async fn code_is_not_applied_while_something_runs() {
    let model = ScriptedModel::replies([Reply::text("slow").gate("hold")]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let started = engine.start(say(&id, "Work")).await;
    model.wait_gate("hold").await;
    let refused = call(
        &engine,
        calls::CodeApply(code(&started.session_id, "a", "x", false)),
    )
    .await;
    assert_eq!(refused.expect_err("busy").code, Code::Conflict);
    model.release("hold");
}

fn png(name: &str) -> Attachment {
    Attachment {
        name: name.into(),
        media_type: "image/png".into(),
        path: None,
        data_base64: Some("iVBORw0KGgo=".into()),
    }
}

#[tokio::test]
async fn a_model_that_cannot_see_refuses_the_image_by_name() {
    let model = ScriptedModel::replies([Reply::text("a cat")]);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let shown = |name: &str, model: Option<&str>| StartOperation {
        attachments: vec![png(name)],
        model: model.map(str::to_owned),
        ..say(&id, "What is it?")
    };
    let (_, events) = engine.ask(shown("cat.png", None)).await;
    assert_eq!(completed(&events), "a cat");
    let (_, events) = engine.ask(shown("dog.png", Some("blind"))).await;
    let (state, failure, _) = end(&events);
    assert_eq!(state, OperationState::Failed);
    let failure = failure.expect("a reason");
    assert!(
        failure.message.contains("dog.png") && failure.hint.is_some(),
        "{failure:?}"
    );

    let estimate = EstimateMessage {
        content: "And this?".into(),
        project_id: Some(id.clone()),
        attachments: vec![AttachmentSize {
            name: "dog.png".into(),
            media_type: "image/png".into(),
            size_bytes: 2_000,
        }],
        mentions: vec![Mention::File {
            path: "gone".into(),
        }],
        model: Some("blind".into()),
        ..EstimateMessage::default()
    };
    let told = call(&engine, calls::OperationEstimate(estimate))
        .await
        .expect("an estimate");
    assert!(!told.accepts_images);
    assert_eq!(told.parts[0].tokens, 1_000);
    assert!(
        told.prompt_tokens > told.message_tokens,
        "instructions and tools go along"
    );
    assert_eq!(told.problems.len(), 2, "{:?}", told.problems);
    model.assert_clean();
}

#[tokio::test]
async fn what_is_neither_text_nor_image_is_refused() {
    let engine = TestEngine::with_model(&ScriptedModel::replies([])).await;
    let (_folder, id) = project(&engine, "").await;
    let zip = Attachment {
        name: "a.zip".into(),
        media_type: "application/zip".into(),
        path: None,
        data_base64: Some("UEsDBAAAAAA=".into()),
    };
    let refused = call(
        &engine,
        calls::OperationStart(StartOperation {
            attachments: vec![zip],
            ..say(&id, "Unpack")
        }),
    )
    .await;
    assert_eq!(
        refused.expect_err("no model reads it").code,
        Code::BadParams
    );
}

#[tokio::test]
async fn a_draft_is_kept_for_its_place_over_a_restart() {
    let engine = TestEngine::with_model(&ScriptedModel::replies([])).await;
    let (_folder, id) = project(&engine, "").await;
    let save = |content: &str, attachments: Option<Vec<Attachment>>| SaveDraft {
        session_id: None,
        project_id: Some(id.clone()),
        content: content.into(),
        mentions: vec![DraftMention {
            word: "@a".into(),
            mention: Mention::File { path: "a".into() },
        }],
        attachments,
    };
    let get = DraftRef {
        session_id: None,
        project_id: Some(id.clone()),
    };
    call(
        &engine,
        calls::DraftSave(save("half a", Some(vec![png("x.png")]))),
    )
    .await
    .expect("kept");
    call(&engine, calls::DraftSave(save("half a thought", None)))
        .await
        .expect("kept");
    let data = engine.data.clone();
    engine.engine.shutdown().await;
    drop(engine);
    let engine = TestEngine::again(data, None, |_| {}).await;
    let draft = call(&engine, calls::DraftGet(get.clone()))
        .await
        .expect("a draft");
    assert_eq!(draft.content, "half a thought");
    assert_eq!((draft.attachments.len(), draft.mentions.len()), (1, 1));
    let other = DraftRef {
        session_id: Some("ses_x".into()),
        project_id: Some(id.clone()),
    };
    assert_eq!(
        call(&engine, calls::DraftGet(other))
            .await
            .expect("none")
            .saved_at,
        0
    );
    call(&engine, calls::DraftSave(save("", Some(vec![]))))
        .await
        .expect("emptied");
    let emptied = call(&engine, calls::DraftGet(get)).await.expect("empty");
    assert_eq!(
        (emptied.content.as_str(), emptied.attachments.len()),
        ("", 0)
    );
    assert!(
        emptied.saved_at >= draft.saved_at,
        "other windows must learn that what they have is old"
    );
}

#[tokio::test]
async fn pages_from_the_newest_end_never_cut_through_an_operation() {
    let replies: Vec<Reply> = (0..12)
        .map(|n| Reply::text(format!("answer {n}")))
        .collect();
    let model = ScriptedModel::replies(replies);
    let engine = TestEngine::with_model(&model).await;
    let (_folder, id) = project(&engine, "").await;
    let (first, _) = engine.ask(say(&id, "question 0")).await;
    for n in 1..12 {
        engine
            .ask(say_in(&first.session_id, &format!("question {n}")))
            .await;
    }
    let all = engine.events(&first.session_id).await;
    let mut before = 0;
    let mut pages = Vec::new();
    loop {
        let page = SessionEvents {
            session_id: first.session_id.clone(),
            since_seq: 0,
            limit: Some(15),
            before_seq: Some(before),
        };
        let page = call(&engine, calls::SessionEvents(page))
            .await
            .expect("a page");
        let begins = &page.events[0];
        assert!(
            matches!(begins.kind, EventKind::UserMessage { .. }) || begins.operation_id.is_none(),
            "{begins:?}"
        );
        before = begins.seq;
        let more = page.more;
        pages.push(page.events);
        if !more {
            break;
        }
    }
    assert!(pages.len() > 3, "{} pages", pages.len());
    pages.reverse();
    assert_eq!(pages.concat(), all);
}

#[tokio::test]
async fn own_commands_are_listed_and_review_is_a_prompt() {
    let engine = TestEngine::with_model(&ScriptedModel::replies([])).await;
    let list = call(&engine, calls::SlashList(Default::default()))
        .await
        .expect("a list");
    assert!(list.commands.iter().any(|command| command.name == "queue"));
    let expand = |arguments: &str| {
        calls::SlashExpand(ExpandCommand {
            name: "review".into(),
            arguments: arguments.into(),
        })
    };
    let prompt = call(&engine, expand("--branch main"))
        .await
        .expect("a prompt")
        .prompt;
    assert!(prompt.contains("against `main`"), "{prompt}");
    assert!(call(&engine, expand("--nonsense")).await.is_err());
}
