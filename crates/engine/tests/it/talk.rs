//! Messages found by words and meaning: real sessions, a real index, vectors that leave with what
//! was said.

use std::sync::Arc;

use mira_fake_qdrant::FakeQdrant;
use mira_protocol::code::MeaningState;
use mira_protocol::rewind::{RewindRequest, RewindWhat, UnrewindRequest};
use mira_protocol::session::*;
use mira_protocol::table::calls;
use mira_protocol::vectors::*;
use mira_protocol::{ProjectId, SessionId};
use mira_testkit::{
    FakeVendor, Reply, Script, ScriptedModel, ScriptedModels, TempProject, TestEngine,
};

use crate::support::{completed, say, say_in};
use crate::vectors::{embedding_calls, of, phase, set, state, until};

const TOKEN: &str = concat!("ghp_", "0123456789abcdefghijABCDEFGHIJ456789");

/// Vectors by a server of this machine, answers as they are written here.
async fn engine(
    data: Option<Arc<tempfile::TempDir>>,
    model: &ScriptedModel,
    vendor: &FakeVendor,
    server: Option<&FakeQdrant>,
) -> TestEngine {
    let (vendor, server) = (vendor.url(), server.map(FakeQdrant::url));
    let models = Some(ScriptedModels::new(model.clone()));
    let tune = move |settings: &mut mira_engine::settings::Settings| {
        settings.local_base_url = Some(vendor);
        settings.embedding_model = "local/small".into();
        settings.embedding_dimensions = Some(16);
        settings.vector_maker = VectorMaker::Provider;
        settings.qdrant_url = server;
    };
    match data {
        Some(data) => TestEngine::again(data, models, tune).await,
        None => TestEngine::tuned(models, tune).await,
    }
}

async fn find(on: &TestEngine, project: &ProjectId, query: &str) -> SearchHits {
    let ask = SearchSessions {
        query: query.into(),
        project_id: Some(project.clone()),
        ..SearchSessions::default()
    };
    on.engine
        .call(calls::SessionSearch(ask))
        .await
        .expect("found")
}

fn has(hit: &SearchHit, signal: &str) -> bool {
    hit.reasons.iter().any(|one| one.signal == signal)
}

fn by_meaning(found: &SearchHits) -> bool {
    found.hits.iter().any(|hit| has(hit, "meaning"))
}

async fn messages(on: &TestEngine, project: &ProjectId) -> MeaningState {
    let state = on.engine.call(calls::CodeState(of(project))).await;
    state.expect("a state").messages
}

/// So many messages, each with its vectors.
async fn made(on: &TestEngine, project: &ProjectId, count: u64) {
    let whole = |now: &MeaningState| (now.done, now.total) == (count, count);
    until(on, async || messages(on, project).await, whole).await;
    let there = |state: &VectorsState| points(state) == Some(count);
    until(on, async || state(on).await, there).await;
}

fn points(state: &VectorsState) -> Option<u64> {
    let mut all = state.collections.iter();
    let found = all.find(|one| one.name == "mira_conversation");
    found.map(|one| one.points)
}

fn whole(id: &SessionId) -> SessionRef {
    SessionRef {
        session_id: id.clone(),
    }
}

/// Two conversations of a question and an answer each; before one answer a tool was used.
async fn talk(on: &TestEngine, folder: &TempProject) -> (ProjectId, SessionId, SessionId) {
    let id = on.open(folder).await.id;
    let (first, events) = on.ask(say(&id, "How is a parcel sent?")).await;
    completed(&events);
    let secret = format!("Where do herons sleep? My token is {TOKEN}.");
    let (second, events) = on.ask(say(&id, &secret)).await;
    completed(&events);
    (id, first.session_id, second.session_id)
}

fn answers() -> ScriptedModel {
    ScriptedModel::replies([
        Reply::call("list_project_files", serde_json::json!({})).with_text("Let me look."),
        Reply::text("By post, with a label on it."),
        Reply::text("In trees near the water."),
    ])
}

#[tokio::test]
async fn messages_are_found_by_meaning_and_their_vectors_leave_with_them() {
    let vendor = FakeVendor::start(Script::new([]));
    let server = FakeQdrant::start().expect("a server");
    let model = answers();
    let on = engine(None, &model, &vendor, Some(&server)).await;
    set(&on, "MIRA_VECTORS", "embedded").await;
    let folder = TempProject::new("-- a.txt\nplain\n");
    let (id, parcel, herons) = talk(&on, &folder).await;
    // Neither what was said on the way nor what a tool printed.
    made(&on, &id, 4).await;
    let sent = format!("{:?}", vendor.asides());
    assert!(
        sent.contains("label on it") && sent.contains("[secret:"),
        "{sent}"
    );
    assert!(!sent.contains(TOKEN) && !sent.contains("Let me look"));

    // Other words than were written.
    let found = find(&on, &id, "shipping").await;
    assert_eq!(found.hits.len(), 4);
    assert!(found.notes.is_empty(), "{found:?}");
    assert!(
        found
            .hits
            .iter()
            .all(|hit| has(hit, "meaning") && !has(hit, "words"))
    );
    let answer = found
        .hits
        .iter()
        .find(|hit| hit.snippet.starts_with("By post"));
    let answer = answer.expect("the answer");
    assert_eq!(
        (&answer.session_id, answer.role),
        (&parcel, SearchRole::Assistant)
    );
    // The very words come first.
    let found = find(&on, &id, "herons sleep").await;
    let first = &found.hits[0];
    assert!(has(first, "words") && has(first, "meaning") && first.snippet.contains('\u{2}'));
    assert_eq!(first.session_id, herons);
    // Narrowed, as words are.
    let narrow = SearchSessions {
        query: "shipping".into(),
        session_id: Some(herons.clone()),
        role: Some(SearchRole::User),
        ..SearchSessions::default()
    };
    let found = on.engine.call(calls::SessionSearch(narrow)).await;
    let found = found.expect("in all projects");
    assert_eq!(found.hits.len(), 1);
    assert!(found.hits[0].snippet.contains("[secret:"), "{found:?}");

    // A deleted session leaves, with its vectors; brought back, it costs nothing.
    let asked = embedding_calls(&on).await;
    on.engine
        .call(calls::SessionDelete(whole(&herons)))
        .await
        .expect("deleted");
    let found = find(&on, &id, "shipping").await;
    assert!(
        found.hits.iter().all(|hit| hit.session_id == parcel),
        "{found:?}"
    );
    made(&on, &id, 2).await;
    on.engine
        .call(calls::SessionRestore(whole(&herons)))
        .await
        .expect("back");
    made(&on, &id, 4).await;
    // So does what was taken back.
    let back = RewindRequest {
        session_id: herons.clone(),
        message_id: None,
        seq: Some(1),
        what: RewindWhat::Conversation,
        preview: None,
        resolve: None,
    };
    model.rewound();
    on.engine
        .call(calls::SessionRewind(back))
        .await
        .expect("rewound");
    made(&on, &id, 2).await;
    let again = UnrewindRequest {
        session_id: herons.clone(),
        preview: None,
        resolve: None,
    };
    model.rewound();
    on.engine
        .call(calls::SessionUnrewind(again))
        .await
        .expect("again");
    made(&on, &id, 4).await;
    assert_eq!(embedding_calls(&on).await, asked);

    // They move with the others, and a new start makes none of them again.
    let to = VectorStore::Qdrant;
    let moved = on.engine.call(calls::VectorsMigrate(Migrate { to })).await;
    moved.expect("begun");
    let done = |state: &VectorsState| phase(state) == Some(MigrationPhase::Done);
    let told = until(&on, async || state(&on).await, done).await;
    assert_eq!((told.store, points(&told)), (to, Some(4)));
    let on = restarted(on, &model, &vendor, &server).await;
    made(&on, &id, 4).await;
    assert_eq!(embedding_calls(&on).await, asked);

    // Also a session whose project nobody looked at since the start.
    let on = restarted(on, &model, &vendor, &server).await;
    on.engine
        .call(calls::SessionDelete(whole(&herons)))
        .await
        .expect("deleted");
    assert_eq!(points(&state(&on).await), Some(2));
    made(&on, &id, 2).await;
    on.engine
        .call(calls::ProjectRemove(of(&id)))
        .await
        .expect("forgotten");
    assert_eq!(points(&state(&on).await), Some(0));
    assert_eq!(server.complaints(), Vec::<String>::new());
    model.assert_clean();
}

async fn restarted(
    on: TestEngine,
    model: &ScriptedModel,
    vendor: &FakeVendor,
    server: &FakeQdrant,
) -> TestEngine {
    on.engine.shutdown().await;
    let data = on.data.clone();
    drop(on);
    engine(Some(data), model, vendor, Some(server)).await
}

#[tokio::test]
async fn without_vectors_messages_are_found_by_words_and_that_is_said() {
    let vendor = FakeVendor::start(Script::new([]));
    let mut server = FakeQdrant::start().expect("a server");
    let model = answers();
    let on = engine(None, &model, &vendor, Some(&server)).await;
    let folder = TempProject::new("-- a.txt\nplain\n");
    let (id, parcel, _) = talk(&on, &folder).await;
    made(&on, &id, 4).await;
    assert!(by_meaning(&find(&on, &id, "parcel").await));

    server.stop();
    let gone = |found: &SearchHits| !by_meaning(found);
    let found = until(&on, async || find(&on, &id, "parcel").await, gone).await;
    assert_eq!(found.hits.len(), 1);
    assert_eq!(found.hits[0].session_id, parcel);
    assert!(has(&found.hits[0], "words"));
    let note = &found.notes[0];
    let said = note.starts_with("searched by words, not by meaning: ");
    assert!(said && note.contains("cannot be reached"), "{note}");
    server.restart().expect("the same port");
    let back = |found: &SearchHits| by_meaning(found) && found.notes.is_empty();
    until(&on, async || find(&on, &id, "parcel").await, back).await;

    // What a tool printed has none.
    let printed = SearchSessions {
        query: "txt".into(),
        role: Some(SearchRole::Tool),
        ..SearchSessions::default()
    };
    let found = on.engine.call(calls::SessionSearch(printed)).await;
    let found = found.expect("found");
    assert!(
        found.notes[0].contains("what tools printed has no vectors"),
        "{found:?}"
    );
    assert_eq!(found.hits[0].role, SearchRole::Tool);
    // Nothing to look for, nothing to say.
    assert_eq!(
        find(&on, &id, " ?! ").await,
        SearchHits {
            hits: vec![],
            notes: vec![]
        }
    );
}

#[tokio::test]
async fn who_said_yes_to_code_is_asked_about_messages_and_not_about_each() {
    let vendor = FakeVendor::start(Script::new([]));
    let model = answers();
    let on = TestEngine::tuned(Some(ScriptedModels::new(model.clone())), {
        let url = vendor.url();
        move |settings| {
            settings.openai_base_url = url;
            settings.openai_api_key = Some(mira_engine::settings::Secret::new("sk-test"));
            settings.embedding_dimensions = Some(64);
            settings.vector_maker = VectorMaker::Provider;
        }
    })
    .await;
    let folder = TempProject::new("-- a.rs\nfn a() {}\n");
    let id = on.open(&folder).await.id;
    let (first, events) = on.ask(say(&id, "How is a parcel sent?")).await;
    completed(&events);
    let waits = |now: &MeaningState| now.waits;
    let now = until(&on, async || messages(&on, &id).await, waits).await;
    let note = now.note.expect("a note");
    assert!(
        note.contains("2 messages of this project") && note.contains('$'),
        "{note}"
    );
    let found = find(&on, &id, "parcel").await;
    assert!(
        found.notes[0].contains("2 messages of this project"),
        "{found:?}"
    );
    let shown = on.engine.call(calls::VectorsEstimate(of(&id))).await;
    let shown = shown.expect("an estimate");
    assert_eq!((shown.messages, shown.is_agreed), (2, false));
    let agree = |message_tokens| {
        on.engine.call(calls::VectorsAgree(AgreeVectors {
            project_id: id.clone(),
            model: shown.model.clone(),
            dimensions: 64,
            tokens: shown.tokens,
            commit_tokens: 0,
            message_tokens,
        }))
    };
    assert!(!agree(None).await.expect("code alone").is_agreed);
    crate::vectors::embedded(&on, &id).await;
    assert_eq!(messages(&on, &id).await.done, 0);
    assert!(
        agree(Some(shown.message_tokens))
            .await
            .expect("all")
            .is_agreed
    );
    made(&on, &id, 2).await;
    // One more is no new question.
    let (_, events) = on
        .ask(say_in(&first.session_id, "Where do herons sleep?"))
        .await;
    completed(&events);
    made(&on, &id, 4).await;
    vendor.assert_clean();
}

#[tokio::test]
async fn the_model_of_this_machine_knows_other_words() {
    let model = answers();
    let on = TestEngine::with_model(&model).await;
    let folder = TempProject::new("-- a.txt\nplain\n");
    let (id, parcel, herons) = talk(&on, &folder).await;
    if messages(&on, &id).await.model.is_none() {
        // Set-up did not reach the model.
        let found = find(&on, &id, "parcel").await;
        assert!(
            found.notes[0].contains("by words, not by meaning"),
            "{found:?}"
        );
        return;
    }
    made(&on, &id, 4).await;
    let found = find(&on, &id, "shipping a package by mail").await;
    assert_eq!(found.hits[0].session_id, parcel, "{found:?}");
    assert!(has(&found.hits[0], "meaning") && !has(&found.hits[0], "words"));
    let found = find(&on, &id, "nesting birds").await;
    assert_eq!(found.hits[0].session_id, herons, "{found:?}");
    // What is beside the point is not told, though it is the nearest there is.
    let found = find(&on, &id, "compiler diagnostics").await;
    assert_eq!(found.hits, vec![], "{found:?}");
}
