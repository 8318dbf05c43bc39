//! Short words for what every test here needs.

use mira_protocol::budget::{CallRef, LedgerCall, ListCalls};
use mira_protocol::operation::{ApproveMode, OperationState, ResumeOperation, StartOperation};
use mira_protocol::route::RouteDecision;
use mira_protocol::table::calls;
use mira_protocol::{CallId, EventKind, Failure, OperationId, ProjectId, SessionId, StoredEvent};
use mira_testkit::{Collector, TempProject, TestEngine};

/// Ask in a project; everything that may be approved is.
pub fn say(project: &ProjectId, content: &str) -> StartOperation {
    StartOperation {
        content: content.into(),
        project_id: Some(project.clone()),
        approve: ApproveMode::All,
        ..StartOperation::default()
    }
}

/// Go on with it, on the same tier.
pub fn resumed(operation: &OperationId) -> ResumeOperation {
    ResumeOperation {
        operation_id: operation.clone(),
        tier: None,
        model: None,
    }
}

/// All calls in the ledger, the oldest first.
pub async fn ledger(engine: &TestEngine) -> Vec<LedgerCall> {
    let list = engine
        .engine
        .call(calls::BudgetCalls(ListCalls::default()))
        .await;
    let mut calls = list.expect("the ledger").calls;
    calls.reverse();
    calls
}

/// How a call of the ledger was routed.
pub async fn route_of(engine: &TestEngine, call: &LedgerCall) -> RouteDecision {
    let asked = CallRef { id: call.id };
    let told = engine.engine.call(calls::BudgetCall(asked)).await;
    told.expect("a call").route.expect("routed like every call")
}

/// The same in a session.
pub fn say_in(session: &SessionId, content: &str) -> StartOperation {
    StartOperation {
        content: content.into(),
        session_id: Some(session.clone()),
        approve: ApproveMode::All,
        ..StartOperation::default()
    }
}

pub async fn project(engine: &TestEngine, fixture: &str) -> (TempProject, ProjectId) {
    let project = TempProject::new(fixture);
    let opened = engine.open(&project).await;
    (project, opened.id)
}

/// State, failure and last words of the only terminal event.
pub fn end(events: &[StoredEvent]) -> (OperationState, Option<&Failure>, &str) {
    let ends: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::OperationFinished {
                state,
                failure,
                content,
                ..
            } => Some((*state, failure.as_ref(), content.as_str())),
            _ => None,
        })
        .collect();
    assert_eq!(ends.len(), 1, "one terminal event in {events:#?}");
    ends[0]
}

/// The operation completed; its last words.
pub fn completed(events: &[StoredEvent]) -> &str {
    let (state, failure, content) = end(events);
    assert_eq!(
        (state, failure),
        (OperationState::Completed, None),
        "in {events:#?}"
    );
    content
}

/// Success and output of each tool result.
pub fn results(events: &[StoredEvent]) -> Vec<(bool, &str)> {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::ToolResult {
                success, output, ..
            } => Some((*success, output.as_str())),
            _ => None,
        })
        .collect()
}

/// Texts of the assistant's messages, with their marks of partial and superseded.
pub fn messages(events: &[StoredEvent]) -> Vec<(&str, bool, bool)> {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::AssistantMessage {
                content,
                partial,
                superseded,
                ..
            } => Some((content.as_str(), *partial, *superseded)),
            _ => None,
        })
        .collect()
}

pub fn notices(events: &[StoredEvent]) -> Vec<&str> {
    events
        .iter()
        .filter_map(|event| match &event.kind {
            EventKind::Notice { text, .. } => Some(text.as_str()),
            _ => None,
        })
        .collect()
}

/// Laws of every session's log: numbered from 1 without gaps; one terminal event an operation and
/// nothing of it after; each call with exactly one result.
pub fn check_laws(events: &[StoredEvent]) {
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event.seq, at as u64 + 1, "a gap or a double in {events:#?}");
    }
    let mut ended: Vec<&OperationId> = Vec::new();
    let (mut calls, mut answers): (Vec<&CallId>, Vec<&CallId>) = (Vec::new(), Vec::new());
    for event in events {
        if let Some(id) = &event.operation_id {
            assert!(
                !ended.contains(&id),
                "{:?} after the end of {id}",
                event.kind
            );
            if matches!(event.kind, EventKind::OperationFinished { .. }) {
                ended.push(id);
            }
        }
        match &event.kind {
            EventKind::ToolCall { call_id, .. } => calls.push(call_id),
            EventKind::ToolResult { call_id, .. } => answers.push(call_id),
            _ => {}
        }
    }
    calls.sort();
    answers.sort();
    assert_eq!(calls, answers, "each call has one result");
}

/// Waits until the session has an event that fits.
pub async fn wait_for(
    collector: &mut Collector,
    session: &SessionId,
    fits: impl Fn(&EventKind) -> bool,
) -> StoredEvent {
    let seen = collector.until(session, 0, |event| fits(&event.kind)).await;
    seen.unwrap_or_else(|failure| panic!("{failure}"))
        .pop()
        .expect("the event that fits")
}

/// Ends the engine and starts another one on its data, with the same scripted model.
pub async fn restarted(on: TestEngine, model: &mira_testkit::ScriptedModel) -> TestEngine {
    on.engine.shutdown().await;
    let lock = on.data_dir().join("lock");
    let data = on.data.clone();
    drop(on);
    // Tasks in the background let go of the directory a moment later.
    for _ in 0..500 {
        if std::fs::File::open(&lock).is_ok_and(|file| file.try_lock().is_ok()) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let models = mira_testkit::ScriptedModels::new(model.clone());
    TestEngine::again(data, Some(models), |_| {}).await
}
