//! Sessions through the door: named, found, forked, deleted and restored, exported.

use mira_protocol::session::*;
use mira_protocol::system::Nothing;
use mira_protocol::table::calls;
use mira_protocol::{Code, Event, SessionId, StoredEvent, Topic};
use mira_testkit::{Reply, ScriptedModel, TestEngine};

use crate::support::*;

/// An engine with one finished conversation about herons.
async fn conversation() -> (TestEngine, mira_testkit::TempProject, SessionId) {
    let model = ScriptedModel::replies([
        Reply::call("list_project_files", serde_json::json!({})),
        Reply::text("A ```heron``` is a bird."),
    ]);
    let engine = TestEngine::with_model(&model).await;
    let (project, id) = project(&engine, "").await;
    std::fs::write(project.root().join("egret.txt"), "white").unwrap();
    let (started, events) = engine.ask(say(&id, "What is a heron?")).await;
    completed(&events);
    (engine, project, started.session_id)
}

fn of(id: &SessionId) -> SessionRef {
    SessionRef {
        session_id: id.clone(),
    }
}

async fn events(engine: &TestEngine, id: &SessionId) -> Vec<StoredEvent> {
    engine.engine.replay(id, 0, 5_000).await.unwrap()
}

#[tokio::test]
async fn a_session_is_named_pinned_found_deleted_and_restored() {
    let (on, _project, id) = conversation().await;
    let engine = &on.engine;
    let mut heard = engine.events();
    let rename = RenameSession {
        session_id: id.clone(),
        name: "  Birds of the lake ".into(),
    };
    let renamed = engine.call(calls::SessionRename(rename)).await.unwrap();
    assert_eq!(renamed.name, "Birds of the lake");
    loop {
        if *heard.recv().await.unwrap() == Event::Topic(Topic::Sessions) {
            break;
        }
    }
    for name in ["", " \n ", "two\nlines", &"x".repeat(201)] {
        let rename = RenameSession {
            session_id: id.clone(),
            name: name.into(),
        };
        let failure = engine.call(calls::SessionRename(rename)).await.unwrap_err();
        assert_eq!(failure.code, Code::BadParams, "{name:?}");
    }
    let pin = PinSession {
        session_id: id.clone(),
        pinned: true,
    };
    assert!(engine.call(calls::SessionPin(pin)).await.unwrap().pinned);

    let search = |query: &str| {
        let query = SearchSessions {
            query: query.into(),
            ..SearchSessions::default()
        };
        engine.call(calls::SessionSearch(query))
    };
    let roles = async |query: &str| {
        let hits = search(query).await.unwrap().hits;
        hits.into_iter()
            .map(|hit| hit.role.word())
            .collect::<Vec<_>>()
    };
    assert_eq!(roles("egret").await, ["tool"]);
    let mut both = roles("heron").await;
    both.sort();
    assert_eq!(both, ["assistant", "user"]);

    engine.call(calls::SessionDelete(of(&id))).await.unwrap();
    assert!(roles("heron").await.is_empty());
    let list = engine
        .call(calls::SessionList(ListSessions::default()))
        .await
        .unwrap();
    assert_eq!(list.total, 0);
    let last = engine
        .call(calls::SessionLast(LastSession::default()))
        .await
        .unwrap();
    assert_eq!(last.session, None);
    let failure = engine
        .call(calls::OperationStart(say_in(&id, "More")))
        .await
        .unwrap_err();
    assert_eq!(failure.code, Code::Conflict);
    let restored = engine.call(calls::SessionRestore(of(&id))).await.unwrap();
    assert!(!restored.deleted && restored.pinned);
    assert_eq!(roles("egret").await, ["tool"]);
}

#[tokio::test]
async fn a_fork_is_a_conversation_of_its_own() {
    let (on, _project, id) = conversation().await;
    let engine = &on.engine;
    let original = events(&on, &id).await;
    let fork = ForkSession {
        session_id: id.clone(),
        up_to_seq: None,
        name: None,
    };
    let fork = engine.call(calls::SessionFork(fork)).await.unwrap();
    assert_eq!(fork.forked_from, Some(id.clone()));
    assert_eq!(fork.message_count, 2);
    let copy = events(&on, &fork.id).await;
    let kinds = |events: &[StoredEvent]| {
        events
            .iter()
            .map(|event| event.kind.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(kinds(&copy[..original.len()]), kinds(&original));
    assert_eq!(copy.len(), original.len() + 1);
    let too_far = ForkSession {
        session_id: id.clone(),
        up_to_seq: Some(10_000),
        name: None,
    };
    let failure = engine.call(calls::SessionFork(too_far)).await.unwrap_err();
    assert_eq!(failure.code, Code::BadParams);
}

#[tokio::test]
async fn an_export_holds_the_whole_conversation() {
    let (on, _project, id) = conversation().await;
    let engine = &on.engine;
    let export = |format| {
        let request = ExportSession {
            session_id: id.clone(),
            format,
        };
        engine.call(calls::SessionExport(request))
    };
    let markdown = export(ExportFormat::Markdown).await.unwrap();
    assert!(
        markdown.file_name.ends_with(".md"),
        "{}",
        markdown.file_name
    );
    for part in [
        "## You",
        "What is a heron?",
        "list_project_files",
        "egret.txt",
        "a bird.",
    ] {
        assert!(
            markdown.content.contains(part),
            "{part} in {}",
            markdown.content
        );
    }
    let json = export(ExportFormat::Json).await.unwrap();
    let whole: serde_json::Value = serde_json::from_str(&json.content).unwrap();
    let told: Vec<StoredEvent> = serde_json::from_value(whole["events"].clone()).unwrap();
    assert_eq!(told, events(&on, &id).await);
    assert_eq!(whole["session"]["id"], id.0);
}

#[tokio::test]
async fn a_page_to_hand_on_has_no_script_and_no_secret() {
    let key = concat!("ghp_", "0123456789abcdefghijABCDEFGHIJ456789");
    let model = ScriptedModel::replies([Reply::text(
        "Use **bold** <script>alert(1)</script> and ![x](https://example.org/x.png).",
    )]);
    let on = TestEngine::with_model(&model).await;
    let (_project, id) = project(&on, "").await;
    let (_, told) = on
        .ask(say(&id, &format!("My token is {key}, <b>mind it</b>")))
        .await;
    completed(&told);
    let session_id = events_session(&told);
    let page = on
        .engine
        .call(calls::SessionExport(ExportSession {
            session_id,
            format: ExportFormat::Html,
        }))
        .await
        .unwrap();
    assert!(page.file_name.ends_with(".html"), "{}", page.file_name);
    let html = page.content;
    assert!(html.contains("default-src 'none'"));
    assert!(!html.contains(key), "{html}");
    assert!(html.contains("[secret:github-token"), "{html}");
    assert!(
        !html.contains("<script") && !html.contains("<img"),
        "{html}"
    );
    assert!(html.contains("<strong>bold</strong>") && html.contains("&lt;b&gt;mind it"));
}

fn events_session(events: &[StoredEvent]) -> SessionId {
    events[0].session_id.clone()
}

#[tokio::test]
async fn what_does_not_exist_is_said_so() {
    let on = TestEngine::with_model(&ScriptedModel::replies([])).await;
    let engine = &on.engine;
    let nobody = SessionId::from("ses_none");
    let failures = [
        engine
            .call(calls::SessionGet(of(&nobody)))
            .await
            .unwrap_err(),
        engine
            .call(calls::SessionDelete(of(&nobody)))
            .await
            .unwrap_err(),
        engine
            .call(calls::SessionRestore(of(&nobody)))
            .await
            .unwrap_err(),
        engine
            .call(calls::SessionRename(RenameSession {
                session_id: nobody.clone(),
                name: "x".into(),
            }))
            .await
            .unwrap_err(),
        engine
            .call(calls::SessionCreate(CreateSession {
                project_id: Some("prj_none".into()),
                ..Default::default()
            }))
            .await
            .unwrap_err(),
    ];
    for failure in failures {
        assert_eq!(failure.code, Code::NotFound, "{failure}");
    }
    let list = engine.call(calls::ProjectList(Nothing {})).await.unwrap();
    assert!(list.projects.is_empty());
}
