//! A server that goes away, comes back, says no, or must not be asked.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mira_egress::{Arrival, Departure, Gate, Ledger};
use mira_fake_qdrant::FakeQdrant;
use mira_vectors::{Error, Filter, Qdrant, Reach, VectorIndex};

use crate::contract::{collection, noise, point};

fn client(server: &FakeQdrant) -> Qdrant {
    Qdrant::new(&server.url(), None, Gate::default()).expect("an address")
}

#[tokio::test]
async fn a_killed_server_is_said_left_alone_and_found_again() {
    let mut server = FakeQdrant::start().expect("a server");
    let index = client(&server);
    let of = collection(3);
    index
        .upsert(&of, vec![point(1, &[1.0; 3], "one", "a.rs", 1)])
        .await
        .expect("stored");
    server.stop();

    let error = index
        .count(&of, &Filter::all())
        .await
        .expect_err("nobody there");
    assert!(
        matches!(error, Error::Unreachable { .. }) && error.is_passing(),
        "{error:?}"
    );
    assert!(error.hint().contains("QDRANT_URL"));
    // The first wait is short: on a busy machine it may be over before it is looked at.
    while index.reach() == Reach::Ready {
        index
            .count(&of, &Filter::all())
            .await
            .expect_err("still nobody there");
    }

    server.restart().expect("the same port");
    let back = tokio::time::timeout(Duration::from_secs(60), async {
        loop {
            match index.count(&of, &Filter::all()).await {
                Ok(count) => break count,
                Err(error) => assert!(error.is_passing(), "{error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    assert_eq!(back.await.expect("found again"), 1);
    assert_eq!(index.reach(), Reach::Ready);
}

#[tokio::test]
async fn a_wrong_key_is_refused_with_a_hint() {
    let server = FakeQdrant::start_with(0, Some("right")).expect("a server");
    let index = Qdrant::new(&server.url(), Some("wrong"), Gate::default()).expect("an address");
    let error = index.ensure(&collection(3)).await.expect_err("refused");
    assert!(
        matches!(error, Error::Refused { .. }) && !error.is_passing(),
        "{error:?}"
    );
    assert!(error.hint().contains("QDRANT_API_KEY"));
    assert!(!error.to_string().contains("wrong"), "{error}");
}

#[tokio::test]
async fn a_server_that_cannot_says_why() {
    let server = FakeQdrant::start().expect("a server");
    let index = client(&server);
    let of = collection(3);
    index.ensure(&of).await.expect("made");
    server.fail(Some("Points/Upsert"));
    let points = || vec![point(1, &[1.0; 3], "one", "a.rs", 1)];
    let error = index.upsert(&of, points()).await.expect_err("no space");
    assert!(error.to_string().contains("No space left"), "{error}");
    server.fail(None);
    index.upsert(&of, points()).await.expect("stored");
}

#[tokio::test]
async fn a_collection_that_somebody_removed_is_made_again() {
    let server = FakeQdrant::start().expect("a server");
    let index = client(&server);
    let of = collection(3);
    let points = || vec![point(1, &[1.0; 3], "one", "a.rs", 1)];
    index.upsert(&of, points()).await.expect("stored");
    server.lose(&of.identity());
    assert_eq!(index.count(&of, &Filter::all()).await.expect("a count"), 0);
    index.upsert(&of, points()).await.expect("stored again");
    let found = index
        .query(&of, &[1.0; 3], &Filter::is("project", "one"), 1)
        .await;
    assert_eq!(found.expect("its fields are indexed again").len(), 1);
    assert_eq!(server.complaints(), Vec::<String>::new());
}

#[tokio::test]
async fn many_points_go_in_messages_of_bearable_size() {
    let server = FakeQdrant::start().expect("a server");
    let index = client(&server);
    let of = collection(3_072);
    let points = (0..400).map(|n| point(n, &noise(n as u64, 3_072), "one", "a.rs", 1));
    index.upsert(&of, points.collect()).await.expect("stored");
    assert_eq!(server.complaints(), Vec::<String>::new());
    let puts = server
        .calls()
        .iter()
        .filter(|call| *call == "Points/Upsert")
        .count();
    assert!((3..=8).contains(&puts), "{puts} messages");
    assert_eq!(
        index.count(&of, &Filter::all()).await.expect("a count"),
        400
    );
}

#[test]
fn addresses_are_read_with_care() {
    for (address, place) in [
        ("http://localhost:6334", "localhost:6334"),
        ("http://localhost", "localhost:6334"),
        (" https://a.example:1234/path?x=1 ", "a.example:1234"),
    ] {
        let index = Qdrant::new(address, None, Gate::default()).expect(address);
        assert_eq!(index.place(), place);
    }
    for address in [
        "",
        "localhost:6334",
        "ftp://a",
        "http://",
        "http://me:secret@a.example",
    ] {
        let error = Qdrant::new(address, None, Gate::default())
            .err()
            .expect(address);
        assert!(error.to_string().contains("QDRANT_URL"), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn the_port_of_rest_is_pointed_out() {
    let index = Qdrant::new("http://127.0.0.1:6333", None, Gate::default()).expect("an address");
    // A real server may be there in somebody's test run; then nothing is to be pointed out.
    if let Err(error) = index.ensure(&collection(3)).await {
        assert!(
            error.to_string().contains("6334") || !error.is_passing(),
            "{error}"
        );
    }
}

#[derive(Default)]
struct Book(Mutex<Vec<String>>);

impl Ledger for Book {
    fn leaves(&self, on: Departure) -> u64 {
        let local = if on.local { "local" } else { "away" };
        let line = format!("{local} {} {} {}", on.purpose, on.method, on.path);
        assert!(on.sent_bytes.is_some_and(|bytes| bytes > 0), "{line}");
        self.0.lock().expect("the book").push(line);
        0
    }
    fn ended(&self, _: u64, _: Arrival) {}
    fn held(&self, on: Departure) {
        self.0
            .lock()
            .expect("the book")
            .push(format!("held {}", on.host));
    }
    fn ran(&self, _: Departure) {}
}

#[tokio::test]
async fn every_call_stands_in_the_book_and_offline_holds_back_what_leaves() {
    let book = Arc::new(Book::default());
    let gate = Gate::new(Arc::clone(&book) as Arc<dyn Ledger>);
    let server = FakeQdrant::start().expect("a server");
    let here = Qdrant::new(&server.url(), None, gate.clone()).expect("an address");
    let of = collection(3);
    gate.set_closed(true);
    // This machine is not the network.
    here.upsert(&of, vec![point(1, &[1.0; 3], "one", "a.rs", 1)])
        .await
        .expect("stored");
    let lines = book.0.lock().expect("the book").clone();
    assert!(
        lines.contains(&"local vectors POST /qdrant.Points/Upsert".to_owned()),
        "{lines:?}"
    );

    let away = Qdrant::new("https://vectors.invalid", None, gate.clone()).expect("an address");
    let error = away.count(&of, &Filter::all()).await.expect_err("offline");
    assert!(matches!(error, Error::Offline { .. }), "{error:?}");
    let lines = book.0.lock().expect("the book").clone();
    assert_eq!(
        lines.last().map(String::as_str),
        Some("held vectors.invalid")
    );
}
