//! Commits found by words and meaning: a real repository, a real index, vectors that move along.

use mira_fake_qdrant::FakeQdrant;
use mira_protocol::ProjectId;
use mira_protocol::code::{CommitsState, IndexState};
use mira_protocol::git::*;
use mira_protocol::table::calls;
use mira_protocol::vectors::*;
use mira_testkit::{FakeVendor, Script, TempProject, TestEngine};

use crate::support::ledger;
use crate::vectors::{
    again, embedded, embedding_calls, of, phase, set, state, until, with_local_server,
};

const TOKEN: &str = concat!("ghp_", "0123456789abcdefghijABCDEFGHIJ456789");

fn commit(folder: &TempProject, path: &str, text: &str, message: &str) {
    folder.write(path, text);
    folder.git(&["add", "-A"]);
    folder.git(&["commit", "-q", "-m", message]);
}

/// Four commits, one of them with a secret in what was said.
fn shop() -> TempProject {
    let folder = TempProject::new("-- cart.rs\npub fn total() {}\n").with_git();
    let why = "Retry a question once more\n\nThe server forgets the first after a restart.";
    commit(&folder, "net/ask.rs", "pub fn ask() {}\n", why);
    let said = format!("Print receipts\n\nTested with {TOKEN}.");
    commit(&folder, "print.rs", "pub fn print() {}\n", &said);
    commit(
        &folder,
        "cart.rs",
        "pub fn total() -> u64 { 0 }\n",
        "Count in cents",
    );
    folder
}

async fn search(
    on: &TestEngine,
    project: &ProjectId,
    query: &str,
    path: Option<&str>,
) -> CommitHits {
    let ask = calls::GitSearch(SearchCommits {
        project_id: project.clone(),
        query: query.into(),
        path: path.map(str::to_owned),
        limit: None,
        explain: true,
    });
    on.engine.call(ask).await.expect("found")
}

fn has(hit: &CommitHit, signal: &str) -> bool {
    hit.reasons.iter().any(|one| one.signal == signal)
}

fn subjects(found: &CommitHits) -> Vec<&str> {
    let hits = found.hits.iter();
    hits.map(|hit| hit.commit.subject.as_str()).collect()
}

async fn commits(on: &TestEngine, project: &ProjectId) -> CommitsState {
    let state = on.engine.call(calls::CodeState(of(project))).await;
    state.expect("a state").commits
}

/// So many commits, each with its vector.
async fn made(on: &TestEngine, project: &ProjectId, count: u64) {
    let whole = |now: &CommitsState| {
        now.is_read && (now.known, now.meaning.done, now.meaning.total) == (count, count, count)
    };
    until(on, async || commits(on, project).await, whole).await;
}

/// So many files are known.
async fn read(on: &TestEngine, project: &ProjectId, files: u64) {
    let state = async || on.engine.call(calls::CodeState(of(project))).await;
    let known = |state: &IndexState| state.totals.files == files;
    until(on, async || state().await.expect("a state"), known).await;
}

fn points(state: &VectorsState) -> Option<u64> {
    let mut all = state.collections.iter();
    all.find(|one| one.name == "mira_git").map(|one| one.points)
}

#[tokio::test]
async fn commits_are_found_follow_the_history_and_their_vectors_move_along() {
    let vendor = FakeVendor::start(Script::new([]));
    let server = FakeQdrant::start().expect("a server");
    let on = with_local_server(&vendor, Some(&server)).await;
    set(&on, "MIRA_VECTORS", "embedded").await;
    let folder = shop();
    let id = on.open(&folder).await.id;
    made(&on, &id, 4).await;
    let found = search(&on, &id, "why do we retry twice", None).await;
    let first = &found.hits[0];
    assert_eq!(first.commit.subject, "Retry a question once more");
    assert_eq!(first.paths, ["net/ask.rs"]);
    assert!(first.body.contains("forgets") && has(first, "words") && has(first, "meaning"));
    assert!(found.notes.is_empty() && !found.is_reading, "{found:?}");
    let found = search(&on, &id, "receipts", None).await;
    assert!(found.hits[0].body.contains("[secret:"), "{found:?}");
    let below = search(&on, &id, "anything", Some("net")).await;
    assert_eq!(subjects(&below), ["Retry a question once more"]);
    assert_eq!(points(&state(&on).await), Some(4));

    // A commit more, then back beyond two: what can not be reached leaves.
    commit(&folder, "late.rs", "fn late() {}\n", "Come late");
    let late = |hit: &&CommitHit| hit.commit.subject == "Come late";
    let found = search(&on, &id, "late", None).await;
    let hit = found.hits.iter().find(late).expect("found at once");
    assert!(has(hit, "words"), "{hit:?}");
    made(&on, &id, 5).await;
    // The files stay as they are.
    folder.git(&["reset", "-q", "--soft", "HEAD~2"]);
    let found = search(&on, &id, "late", None).await;
    assert!(found.hits.iter().all(|hit| !late(&hit)), "{found:?}");
    made(&on, &id, 3).await;
    assert_eq!(points(&state(&on).await), Some(3));

    // They move with the others, and a new start makes none of them again.
    // The late file is still there, and wants a vector of its own before they are counted.
    read(&on, &id, 4).await;
    embedded(&on, &id).await;
    let asked = embedding_calls(&on).await;
    let to = VectorStore::Qdrant;
    let moved = on.engine.call(calls::VectorsMigrate(Migrate { to })).await;
    moved.expect("begun");
    let done = |state: &VectorsState| phase(state) == Some(MigrationPhase::Done);
    let told = until(&on, async || state(&on).await, done).await;
    assert_eq!((told.store, points(&told)), (to, Some(3)));
    let on = again(on, &vendor, &server).await;
    made(&on, &id, 3).await;
    assert_eq!(embedding_calls(&on).await, asked);
    let found = search(&on, &id, "print", None).await;
    assert!(
        found.hits.iter().any(|hit| has(hit, "meaning")),
        "{found:?}"
    );
    on.engine
        .call(calls::ProjectRemove(of(&id)))
        .await
        .expect("forgotten");
    assert_eq!(points(&state(&on).await), Some(0));
    assert_eq!(server.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn without_vectors_commits_are_found_by_words_and_without_commits_it_is_said() {
    let on = TestEngine::tuned(None, |settings| {
        // A model that cannot be asked.
        settings.vector_maker = VectorMaker::Provider;
    })
    .await;
    let folder = shop();
    let id = on.open(&folder).await.id;
    let found = search(&on, &id, "how are receipts printed?", None).await;
    assert_eq!(subjects(&found)[0], "Print receipts");
    assert!(!has(&found.hits[0], "meaning"));
    assert!(
        found.notes[0].starts_with("searched by words, not by meaning"),
        "{found:?}"
    );
    let empty = TempProject::new("-- a.rs\nfn a() {}\n");
    let id = on.open(&empty).await.id;
    let found = search(&on, &id, "anything", None).await;
    assert_eq!(found.notes, ["this project has no commits"]);
    let nothing = calls::GitSearch(SearchCommits {
        project_id: id,
        query: " ".into(),
        path: None,
        limit: None,
        explain: false,
    });
    let failure = on.engine.call(nothing).await.expect_err("no words");
    assert_eq!(failure.code, mira_protocol::Code::BadParams);
}

#[tokio::test]
async fn who_said_yes_to_code_is_asked_about_commits() {
    let vendor = FakeVendor::start(Script::new([]));
    let on = TestEngine::with_vendor(&vendor).await;
    let folder = shop();
    let id = on.open(&folder).await.id;
    set(&on, "EMBEDDING_DIMENSIONS", "64").await;
    set(&on, "MIRA_EMBEDDER", "provider").await;
    let waits = |now: &CommitsState| now.is_read && now.meaning.waits;
    let now = until(&on, async || commits(&on, &id).await, waits).await;
    let note = now.meaning.note.expect("a note");
    assert!(
        note.contains("commits of this project") && note.contains('$'),
        "{note}"
    );
    let estimate = || async { on.engine.call(calls::VectorsEstimate(of(&id))).await };
    let shown = estimate().await.expect("an estimate");
    assert_eq!((shown.commits, shown.is_agreed), (4, false));
    let agree = |commit_tokens| {
        on.engine.call(calls::VectorsAgree(AgreeVectors {
            project_id: id.clone(),
            model: shown.model.clone(),
            dimensions: 64,
            tokens: shown.tokens,
            commit_tokens,
            message_tokens: None,
        }))
    };
    assert!(!agree(0).await.expect("code alone").is_agreed);
    embedded(&on, &id).await;
    let sent = embedding_calls(&on).await;
    assert_eq!(commits(&on, &id).await.meaning.done, 0);
    agree(1).await.expect_err("more than that would be sent");
    agree(shown.commit_tokens).await.expect("both");
    made(&on, &id, 4).await;
    assert_eq!(embedding_calls(&on).await, sent + 1);
    let paid = ledger(&on).await;
    let named = paid.iter().all(|call| call.project_id == Some(id.clone()));
    assert!(named, "{paid:?}");
    vendor.assert_clean();
}
