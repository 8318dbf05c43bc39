//! Where vectors lie and who makes them: a model that costs, a Qdrant server that goes and comes, a
//! move from one place to the other.

use mira_fake_qdrant::FakeQdrant;
use mira_protocol::budget::LedgerCall;
use mira_protocol::code::*;
use mira_protocol::egress::ListEgress;
use mira_protocol::project::ProjectRef;
use mira_protocol::settings::SetSetting;
use mira_protocol::system::{CheckState, Nothing};
use mira_protocol::table::calls;
use mira_protocol::vectors::*;
use mira_protocol::{Code, ProjectId};
use mira_testkit::{FakeVendor, Script, TempProject, TestEngine};

use crate::support::{ledger, project};

const SHOP: &str = "\
-- cart.rs
/// Adds up the prices.
pub fn total_price(items: &[u64]) -> u64 {
    items.iter().sum()
}
-- rain.rs
/// Water from above.
pub fn drizzle() {}
";

pub fn of(project: &ProjectId) -> ProjectRef {
    ProjectRef {
        project_id: project.clone(),
    }
}

/// Asks until the answer fits; each time anew when the engine tells something.
pub async fn until<T>(on: &TestEngine, ask: impl AsyncFn() -> T, fits: impl Fn(&T) -> bool) -> T {
    let mut events = on.engine.events();
    loop {
        let answer = ask().await;
        if fits(&answer) {
            return answer;
        }
        // What is waited for may be told by nobody: a place that is tried again.
        let quiet = std::time::Duration::from_millis(50);
        let _ = tokio::time::timeout(quiet, events.recv()).await;
    }
}

pub async fn meaning(on: &TestEngine, project: &ProjectId) -> MeaningState {
    let state = on.engine.call(calls::CodeState(of(project))).await;
    state.expect("a state").meaning
}

/// Every piece has its vector.
pub async fn embedded(on: &TestEngine, project: &ProjectId) -> MeaningState {
    let whole = |now: &MeaningState| now.total > 0 && now.done == now.total;
    until(on, async || meaning(on, project).await, whole).await
}

async fn search(on: &TestEngine, project: &ProjectId) -> CodeHits {
    let ask = calls::CodeSearch(SearchCode {
        project_id: project.clone(),
        query: "adds up the prices".into(),
        mode: SearchMode::Ranked,
        limit: None,
        path: None,
        language: None,
        token_budget: None,
        explain: true,
    });
    on.engine.call(ask).await.expect("found")
}

fn by_meaning(hits: &CodeHits) -> bool {
    let mut reasons = hits.hits.iter().flat_map(|hit| &hit.reasons);
    reasons.any(|one| one.signal == "meaning")
}

pub async fn set(on: &TestEngine, name: &str, value: &str) {
    let set = calls::SettingsSet(SetSetting {
        name: name.into(),
        value: Some(value.into()),
    });
    on.engine.call(set).await.expect("saved");
}

pub async fn state(on: &TestEngine) -> VectorsState {
    let state = on.engine.call(calls::VectorsGet(Nothing {})).await;
    state.expect("a state")
}

/// A model on this machine, so that nobody is asked; short vectors are enough.
pub async fn with_local_server(vendor: &FakeVendor, server: Option<&FakeQdrant>) -> TestEngine {
    let (vendor, server) = (vendor.url(), server.map(FakeQdrant::url));
    TestEngine::tuned(None, move |settings| {
        settings.local_base_url = Some(vendor);
        settings.embedding_model = "local/small".into();
        settings.embedding_dimensions = Some(16);
        settings.vector_maker = VectorMaker::Provider;
        settings.qdrant_url = server;
    })
    .await
}

pub async fn again(on: TestEngine, vendor: &FakeVendor, server: &FakeQdrant) -> TestEngine {
    on.engine.shutdown().await;
    let data = on.data.clone();
    let lock = on.data_dir().join("lock");
    drop(on);
    while !std::fs::File::open(&lock).is_ok_and(|file| file.try_lock().is_ok()) {
        tokio::task::yield_now().await;
    }
    let (vendor, server) = (vendor.url(), server.url());
    TestEngine::again(data, None, move |settings| {
        settings.local_base_url = Some(vendor);
        settings.embedding_model = "local/small".into();
        settings.embedding_dimensions = Some(16);
        settings.vector_maker = VectorMaker::Provider;
        settings.qdrant_url = Some(server);
    })
    .await
}

pub async fn embedding_calls(on: &TestEngine) -> usize {
    let all = ledger(on).await;
    all.iter()
        .filter(|call| call.purpose == "embedding")
        .count()
}

#[tokio::test]
async fn a_qdrant_server_that_is_killed_is_done_without_and_found_again() {
    let (vendor, mut server) = (
        FakeVendor::start(Script::new([])),
        FakeQdrant::start().expect("a server"),
    );
    let on = with_local_server(&vendor, Some(&server)).await;
    let (folder, id) = project(&on, SHOP).await;
    let now = embedded(&on, &id).await;
    let place = server.url().replace("http://", "");
    assert_eq!(now.place.as_deref(), Some(place.as_str()));
    let found = search(&on, &id).await;
    assert!(by_meaning(&found) && found.notes.is_empty(), "{found:?}");
    let told = state(&on).await;
    assert_eq!((told.store, told.away), (VectorStore::Qdrant, None));
    let names: Vec<&str> = told
        .collections
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(names, ["mira_code"]);
    assert_eq!(told.collections[0].points, now.done);

    server.stop();
    let gone = |hits: &CodeHits| !by_meaning(hits);
    let found = until(&on, async || search(&on, &id).await, gone).await;
    assert_eq!(found.hits[0].path, "cart.rs");
    assert!(
        found.notes[0].contains("cannot be reached"),
        "{:?}",
        found.notes
    );
    assert!(
        state(&on)
            .await
            .away
            .is_some_and(|why| why.contains(&place))
    );
    let checks = on.engine.call(calls::SystemDoctor(Nothing {})).await;
    let checks = checks.expect("a report").checks;
    let check = checks
        .iter()
        .find(|one| one.name == "vectors")
        .expect("a check");
    assert_eq!(check.state, CheckState::Warning, "{check:?}");
    // What is written meanwhile gets its vectors later.
    folder.write("snow.rs", "/// Frozen water.\npub fn flake() {}\n");
    let noted = |now: &MeaningState| now.note.as_ref().is_some_and(|note| note.contains(&place));
    until(&on, async || meaning(&on, &id).await, noted).await;

    server.restart().expect("the same port");
    until(&on, async || search(&on, &id).await, by_meaning).await;
    let more = |state: &MeaningState| state.done > now.done && state.note.is_none();
    until(&on, async || meaning(&on, &id).await, more).await;
    assert_eq!(server.complaints(), Vec::<String>::new());
    // Each call went through the gate, and a forgotten project takes its vectors along.
    let book = on
        .engine
        .call(calls::EgressList(ListEgress {
            local: true,
            ..ListEgress::default()
        }))
        .await;
    let book = book.expect("a book").entries;
    assert!(book.iter().any(|one| one.purpose == "vectors" && one.local));
    on.engine
        .call(calls::ProjectRemove(of(&id)))
        .await
        .expect("forgotten");
    assert_eq!(state(&on).await.collections[0].points, 0);
}

#[tokio::test]
async fn a_server_elsewhere_is_not_asked_offline() {
    let on = TestEngine::tuned(None, |settings| {
        settings.qdrant_url = Some("http://vectors.example:6334".into());
        settings.offline = true;
    })
    .await;
    let away = state(&on).await.away.expect("it is away");
    assert!(away.contains("offline"), "{away}");
    let test = calls::VectorsTest(TestVectors::default());
    let failure = on.engine.call(test).await.expect_err("not asked");
    assert_eq!(failure.code, Code::Refused);
    let book = on
        .engine
        .call(calls::EgressList(ListEgress {
            local: true,
            ..ListEgress::default()
        }))
        .await;
    let book = book.expect("a book").entries;
    assert!(book.iter().all(|one| one.held), "{book:?}");
}

#[tokio::test]
async fn a_server_is_tested_with_its_key_and_a_wrong_one_is_told() {
    let server = FakeQdrant::start_with(0, Some("right")).expect("a server");
    let on = TestEngine::tuned(None, |_| {}).await;
    let test = |key: &str| {
        on.engine.call(calls::VectorsTest(TestVectors {
            url: Some(server.url()),
            key: Some(key.into()),
        }))
    };
    assert_eq!(test("right").await.expect("it answers").collections, 0);
    let failure = test("wrong").await.expect_err("refused");
    assert!(failure.hint.expect("a hint").contains("QDRANT_API_KEY"));
    let nowhere = on
        .engine
        .call(calls::VectorsTest(TestVectors::default()))
        .await;
    assert_eq!(nowhere.expect_err("no address").code, Code::BadParams);
    // Without a keychain the key is not saved anywhere.
    let save = calls::VectorsSetKey(SetVectorsKey {
        key: "right".into(),
    });
    let failure = on.engine.call(save).await.expect_err("no keychain");
    assert_eq!(failure.code, Code::KeychainUnavailable);
}

#[tokio::test]
async fn a_model_that_costs_waits_for_a_word_stays_in_budget_and_stands_in_the_ledger() {
    let vendor = FakeVendor::start(Script::new([]));
    let on = TestEngine::with_vendor(&vendor).await;
    let (folder, id) = project(&on, SHOP).await;
    set(&on, "EMBEDDING_DIMENSIONS", "64").await;
    set(&on, "MIRA_EMBEDDER", "provider").await;
    let waits = |now: &MeaningState| now.waits;
    let now = until(&on, async || meaning(&on, &id).await, waits).await;
    assert_eq!(now.done, 0);
    assert!(now.note.expect("a note").contains("$"));
    let found = search(&on, &id).await;
    assert!(
        found.notes[0].contains("were not asked"),
        "{:?}",
        found.notes
    );
    assert_eq!(embedding_calls(&on).await, 0, "nothing was sent");

    let estimate = on.engine.call(calls::VectorsEstimate(of(&id))).await;
    let estimate = estimate.expect("an estimate");
    assert_eq!(estimate.model, "openai/text-embedding-3-large");
    assert!(estimate.is_paid && !estimate.is_agreed && estimate.pieces >= 2);
    assert!(
        estimate.cost_micro_usd.is_some_and(|cost| cost > 0),
        "{estimate:?}"
    );
    let agree = |model: &str, tokens| {
        on.engine.call(calls::VectorsAgree(AgreeVectors {
            project_id: id.clone(),
            model: model.into(),
            dimensions: 64,
            tokens,
            commit_tokens: 0,
            message_tokens: None,
        }))
    };
    for (model, tokens) in [("openai/other", estimate.tokens), (&*estimate.model, 1)] {
        let failure = agree(model, tokens).await.expect_err("not what was shown");
        assert_eq!(failure.code, Code::Conflict);
    }

    // Yes, but no money.
    set(&on, "BUDGET_DAILY_LIMIT_USD", "0.000001").await;
    let agreed = agree(&estimate.model, estimate.tokens).await;
    assert!(agreed.expect("agreed").is_agreed);
    let short = |now: &MeaningState| now.note.as_ref().is_some_and(|note| note.contains("cap"));
    until(&on, async || meaning(&on, &id).await, short).await;
    assert_eq!(embedding_calls(&on).await, 0, "a cap holds");
    set(&on, "BUDGET_DAILY_LIMIT_USD", "5").await;
    let now = embedded(&on, &id).await;
    assert_eq!(now.note, None);
    let made = embedding_calls(&on).await;
    assert_eq!(made, 1, "all in one request");
    let paid = ledger(&on).await;
    assert!(
        paid.iter()
            .all(|call| call.cost_micro_usd.is_some_and(|cost| cost > 0))
    );
    let named = |call: &&LedgerCall| call.purpose == "embedding";
    let named = paid.iter().filter(named);
    assert!(
        named
            .map(|call| &call.project_id)
            .all(|of| *of == Some(id.clone()))
    );
    assert!(by_meaning(&search(&on, &id).await));

    // Content that comes back costs nothing; vectors leave with their text.
    let before = embedding_calls(&on).await;
    let rain = folder.read("rain.rs");
    std::fs::remove_file(folder.root().join("rain.rs")).expect("removed");
    let fewer = |state: &VectorsState| {
        state
            .collections
            .iter()
            .any(|one| one.is_used && one.points < now.done)
    };
    until(&on, async || state(&on).await, fewer).await;
    folder.write("rain.rs", &rain);
    until(
        &on,
        async || meaning(&on, &id).await,
        |state| state.done == now.done,
    )
    .await;
    assert_eq!(embedding_calls(&on).await, before);
    vendor.assert_clean();
}

#[tokio::test]
async fn another_choice_makes_other_vectors_beside_the_old_ones() {
    let vendor = FakeVendor::start(Script::new([]));
    let on = with_local_server(&vendor, None).await;
    let (_folder, id) = project(&on, SHOP).await;
    let first = embedded(&on, &id).await;
    set(&on, "EMBEDDING_MODEL", "local/other").await;
    let other =
        |now: &MeaningState| now.model.as_deref() == Some("local/other") && now.done == now.total;
    let second = until(&on, async || meaning(&on, &id).await, other).await;
    assert_eq!(second.done, first.done);
    let told = state(&on).await;
    let mut models: Vec<(&str, bool)> = told
        .collections
        .iter()
        .map(|one| (one.model.as_str(), one.is_used))
        .collect();
    models.sort_unstable();
    assert_eq!(models, [("local/other", true), ("local/small", false)]);
    // What would be lost is told; what is in use, or is more than was shown, is not removed.
    let old = |store| on.engine.call(calls::VectorsOld(AskOldVectors { store }));
    let listed = old(None).await.expect("a list");
    let names: Vec<&str> = listed
        .collections
        .iter()
        .map(|one| one.model.as_str())
        .collect();
    assert_eq!(names, ["local/small"]);
    let small = &listed.collections[0];
    assert_eq!((small.points, small.bytes), (first.done, first.done * 64));
    assert_eq!(small.projects[0].project_id, id);
    assert_eq!(small.projects[0].points, first.done);
    let remove = |model: &str, points| {
        on.engine.call(calls::VectorsRemoveOld(RemoveOldVectors {
            store: VectorStore::Embedded,
            name: "mira_code".into(),
            model: model.into(),
            dimensions: 16,
            points,
        }))
    };
    for (model, points) in [("local/other", first.done), ("local/small", first.done - 1)] {
        let failure = remove(model, points).await.expect_err("it stays");
        assert_eq!(failure.code, Code::Conflict);
    }
    let failure = remove("local/none", 1).await.expect_err("none such");
    assert_eq!(failure.code, Code::NotFound);
    let failure = old(Some(VectorStore::Qdrant)).await.expect_err("no server");
    assert!(failure.message.contains("QDRANT_URL"), "{failure:?}");
    // Back again: they are still there.
    let before = embedding_calls(&on).await;
    set(&on, "EMBEDDING_MODEL", "local/small").await;
    let back = |now: &MeaningState| now.model == first.model && now.done == first.done;
    until(&on, async || meaning(&on, &id).await, back).await;
    assert_eq!(embedding_calls(&on).await, before);
    // Removed, the file is smaller, and that model finds none of its vectors any more.
    let left = remove("local/other", first.done).await.expect("removed");
    assert_eq!(left.collections, []);
    let left = state(&on).await.collections;
    assert!(left.iter().all(|one| one.is_used), "{left:?}");
    assert!(by_meaning(&search(&on, &id).await));
}

/// More pieces than one page of a move holds.
fn large() -> TempProject {
    let project = TempProject::new("");
    for file in 0..30 {
        let functions =
            (0..20).map(|n| format!("pub fn step_{file}_{n}() -> u32 {{\n    {n}\n}}\n\n"));
        project.write(&format!("part_{file}.rs"), functions.collect::<String>());
    }
    project
}

pub fn phase(state: &VectorsState) -> Option<MigrationPhase> {
    state.migration.as_ref().map(|one| one.phase)
}

#[tokio::test]
async fn a_move_that_is_broken_off_goes_on_after_a_restart_and_nothing_is_made_twice() {
    let vendor = FakeVendor::start(Script::new([]));
    let mut server = FakeQdrant::start().expect("a server");
    let on = with_local_server(&vendor, Some(&server)).await;
    set(&on, "MIRA_VECTORS", "embedded").await;
    let folder = large();
    let id = on.open(&folder).await.id;
    let made = embedded(&on, &id).await;
    assert!(made.done > 500, "{made:?}");
    let asked = embedding_calls(&on).await;

    // The server has no room: the move stops, says so, and search stays as it was.
    server.fail(Some("Points/Upsert"));
    let migrate = || {
        let to = VectorStore::Qdrant;
        on.engine.call(calls::VectorsMigrate(Migrate { to }))
    };
    migrate().await.expect("begun");
    let failed = |state: &VectorsState| phase(state) == Some(MigrationPhase::Failed);
    let told = until(&on, async || state(&on).await, failed).await;
    let why = told.migration.expect("a move").failure.expect("why");
    assert!(why.contains("No space left"), "{why}");
    assert_eq!(told.store, VectorStore::Embedded);
    assert_eq!(embedded(&on, &id).await.place, made.place);

    // Again; the server dies on the way, and Mira ends before it is back.
    server.fail(None);
    server.die_after("Points/Upsert", 1);
    migrate().await.expect("goes on");
    let waits = |state: &VectorsState| {
        state
            .migration
            .as_ref()
            .is_some_and(|one| one.failure.is_some() && one.done > 0)
    };
    let told = until(&on, async || state(&on).await, waits).await;
    assert_eq!(phase(&told), Some(MigrationPhase::Running));
    server.stop();
    let on = again(on, &vendor, &server).await;
    server.restart().expect("the same port");
    let done = |state: &VectorsState| phase(state) == Some(MigrationPhase::Done);
    let told = until(&on, async || state(&on).await, done).await;
    assert_eq!(told.store, VectorStore::Qdrant);
    let there: u64 = told.collections.iter().map(|one| one.points).sum();
    assert_eq!(there, made.done);
    embedded(&on, &id).await;
    assert!(by_meaning(&search(&on, &id).await));
    assert_eq!(embedding_calls(&on).await, asked + 1, "only the question");

    // And back, with what came since.
    folder.write("later.rs", "pub fn later() {}\n");
    let more = |now: &MeaningState| now.done > made.done;
    let more = until(&on, async || meaning(&on, &id).await, more).await;
    let to = VectorStore::Embedded;
    on.engine
        .call(calls::VectorsMigrate(Migrate { to }))
        .await
        .expect("begun");
    let told = until(&on, async || state(&on).await, done_in(to)).await;
    let there: u64 = told.collections.iter().map(|one| one.points).sum();
    assert_eq!(there, more.done);
    let asked = embedding_calls(&on).await;
    assert_eq!(embedded(&on, &id).await.done, more.done);
    assert_eq!(embedding_calls(&on).await, asked);
    assert_eq!(server.complaints(), Vec::<String>::new());
}

fn done_in(to: VectorStore) -> impl Fn(&VectorsState) -> bool {
    move |state| phase(state) == Some(MigrationPhase::Done) && state.store == to
}

#[tokio::test]
async fn a_move_can_be_cancelled_and_changes_nothing() {
    let vendor = FakeVendor::start(Script::new([]));
    let mut server = FakeQdrant::start().expect("a server");
    let on = with_local_server(&vendor, Some(&server)).await;
    set(&on, "MIRA_VECTORS", "embedded").await;
    let (_folder, id) = project(&on, SHOP).await;
    embedded(&on, &id).await;
    server.stop();
    let to = VectorStore::Qdrant;
    on.engine
        .call(calls::VectorsMigrate(Migrate { to }))
        .await
        .expect("begun");
    on.engine
        .call(calls::VectorsCancelMigration(Nothing {}))
        .await
        .expect("cancelled");
    let over = |state: &VectorsState| phase(state) == Some(MigrationPhase::Cancelled);
    let told = until(&on, async || state(&on).await, over).await;
    assert_eq!(told.store, VectorStore::Embedded);
    assert!(by_meaning(&search(&on, &id).await));
    let again = on
        .engine
        .call(calls::VectorsCancelMigration(Nothing {}))
        .await;
    assert_eq!(again.expect_err("nothing moves").code, Code::Conflict);
}

#[tokio::test]
async fn offline_a_model_elsewhere_is_not_asked_and_no_call_is_written_down() {
    let on = TestEngine::tuned(None, |settings| {
        settings.openai_base_url = "http://models.example/v1".into();
        settings.openai_api_key = Some(mira_engine::settings::Secret::new("sk-test"));
        settings.vector_maker = VectorMaker::Provider;
        settings.offline = true;
    })
    .await;
    let (_folder, id) = project(&on, SHOP).await;
    let estimate = on.engine.call(calls::VectorsEstimate(of(&id))).await;
    let estimate = estimate.expect("an estimate");
    let agree = calls::VectorsAgree(AgreeVectors {
        project_id: id.clone(),
        model: estimate.model,
        dimensions: estimate.dimensions,
        tokens: estimate.tokens,
        commit_tokens: 0,
        message_tokens: None,
    });
    on.engine.call(agree).await.expect("agreed");
    let said = |now: &MeaningState| {
        let note = now.note.as_deref().unwrap_or_default();
        note.contains("offline")
    };
    until(&on, async || meaning(&on, &id).await, said).await;
    let found = search(&on, &id).await;
    assert_eq!(found.hits[0].path, "cart.rs");
    assert_eq!(embedding_calls(&on).await, 0);
}
