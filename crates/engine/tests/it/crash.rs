//! The engine's end without warning: what was stored is whole, and the next start can go on.

use std::sync::Arc;

use mira_protocol::EventKind;
use mira_protocol::message::ReleaseQueue;
use mira_protocol::operation::OperationState;
use mira_protocol::session::SessionRef;
use mira_protocol::table::calls;
use mira_testkit::{Collector, Reply, ScriptedModel, ScriptedModels, TempProject, TestEngine};
use serde_json::json;

use crate::support::{check_laws, completed, resumed, say};

fn script() -> ScriptedModel {
    ScriptedModel::replies([
        Reply::text("Finished after all.")
            .when_user("Go on")
            .always(),
        Reply::text("I begin with a few words, then I write.").and_call(
            "write_project_file",
            json!({ "path": "a.txt", "content": "one\n" }),
        ),
        Reply::text("Then a command.").and_call(
            "run_command",
            json!({ "command": "echo two >> a.txt; sleep 0.05" }),
        ),
        Reply::text("Then two at once.")
            .and_call("read_project_file", json!({ "path": "a.txt" }))
            .and_call("list_project_files", json!({})),
        Reply::text("All of it is done."),
    ])
}

/// Runs until so many events are stored, then drops everything at once. False where the operation
/// ended before.
fn crash_after(
    events: u64,
    data: &Arc<tempfile::TempDir>,
    project: &TempProject,
    model: &ScriptedModel,
) -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let ended = runtime.block_on(async {
        let engine = TestEngine::again(
            data.clone(),
            Some(ScriptedModels::new(model.clone())),
            |_| {},
        )
        .await;
        let opened = engine.open(project).await;
        let mut collector = Collector::new(&engine.engine);
        let started = engine.start(say(&opened.id, "Work")).await;
        let end = |kind: &EventKind| matches!(kind, EventKind::OperationFinished { .. });
        let seen = collector
            .until(&started.session_id, 0, |event| {
                event.seq >= events || end(&event.kind)
            })
            .await;
        seen.expect("events")
            .last()
            .is_some_and(|event| end(&event.kind))
    });
    runtime.shutdown_background();
    ended
}

#[test]
fn wherever_it_stops_the_next_start_finds_a_whole_session_and_goes_on() {
    let mut crashes = 0;
    for point in 2..40 {
        let data = Arc::new(tempfile::tempdir().expect("a folder"));
        let project = TempProject::new("");
        let model = script();
        if crash_after(point, &data, &project, &model) {
            break;
        }
        crashes += 1;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let engine = reopen(&data, &model).await;
            let last = engine
                .engine
                .call(calls::SessionLast(Default::default()))
                .await
                .expect("a reply");
            let session = last.session.expect("the session");
            let events = engine.events(&session.id).await;
            check_laws(&events);
            let finished = events.iter().find_map(|event| match event.kind {
                EventKind::OperationFinished { state, .. } => {
                    event.operation_id.clone().zip(Some(state))
                }
                _ => None,
            });
            let Some((operation_id, state)) = finished else {
                // It had not begun: the message waits, and goes when the person says so.
                let mut collector = Collector::new(&engine.engine);
                let release = ReleaseQueue {
                    session_id: session.id.clone(),
                };
                let released = engine
                    .engine
                    .call(calls::OperationRelease(release))
                    .await
                    .expect("released");
                let events = collector
                    .finished(&session.id, &released.operation_id)
                    .await
                    .expect("an end");
                assert_eq!(completed(&events), "All of it is done.", "at point {point}");
                check_laws(&engine.events(&session.id).await);
                engine.engine.shutdown().await;
                return;
            };
            if state == OperationState::Completed {
                return;
            }
            assert_eq!(state, OperationState::Interrupted, "at point {point}");
            assert_eq!(
                session.resumable_operation_id.as_ref(),
                Some(&operation_id),
                "at point {point}"
            );
            let mut collector = Collector::new(&engine.engine);
            let resumed = engine
                .engine
                .call(calls::OperationResume(resumed(&operation_id)))
                .await
                .expect("resumed");
            let events = collector
                .finished(&session.id, &resumed.operation_id)
                .await
                .expect("an end");
            assert_eq!(
                completed(&events),
                "Finished after all.",
                "at point {point}"
            );
            model.assert_clean();
            check_laws(&engine.events(&session.id).await);
            engine
                .engine
                .call(calls::SessionGet(SessionRef {
                    session_id: session.id,
                }))
                .await
                .expect("the session");
            engine.engine.shutdown().await;
        });
    }
    assert!(crashes > 10, "only {crashes} points were tried");
}

/// The dead engine's threads may need a moment to let go of the folder.
async fn reopen(data: &Arc<tempfile::TempDir>, model: &ScriptedModel) -> TestEngine {
    let lock = data.path().join("data").join("lock");
    for _ in 0..500 {
        let free = std::fs::File::open(&lock).is_ok_and(|file| file.try_lock().is_ok());
        if free {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    TestEngine::again(
        data.clone(),
        Some(ScriptedModels::new(model.clone())),
        |_| {},
    )
    .await
}

#[tokio::test]
async fn a_second_engine_on_the_same_folder_is_refused() {
    let engine = TestEngine::with_model(&ScriptedModel::replies([])).await;
    let mut settings = mira_engine::settings::Settings::under(engine.data.path());
    settings.log = "off".into();
    let ports = ScriptedModels::new(ScriptedModel::replies([])).ports();
    let refused = mira_engine::Engine::open(settings, ports)
        .await
        .err()
        .expect("it is locked");
    assert_eq!(refused.code, mira_protocol::Code::Locked);
    assert!(refused.hint.is_some());
}
