//! The gate over real sockets.

mod door;

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use mira_egress::{Arrival, Caller, Departure, Gate, Ledger, is_this_machine, within};
use reqwest::{Client, Url};

#[derive(Default)]
struct Book(
    Mutex<Vec<(Departure, Option<Arrival>)>>,
    Mutex<Vec<Departure>>,
);

impl Ledger for Book {
    fn leaves(&self, departure: Departure) -> u64 {
        let mut rows = self.0.lock().expect("whole");
        rows.push((departure, None));
        rows.len() as u64 - 1
    }

    fn ended(&self, number: u64, arrival: Arrival) {
        self.0.lock().expect("whole")[number as usize].1 = Some(arrival);
    }

    fn ran(&self, departure: Departure) {
        self.0.lock().expect("whole").push((departure, None));
    }

    fn held(&self, departure: Departure) {
        self.1.lock().expect("whole").push(departure);
    }
}

async fn server() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    let app = Router::new().route(
        "/echo",
        post(|body: Bytes| async move { [body.clone(), body].concat() }),
    );
    tokio::spawn(async move { axum::serve(listener, app).await });
    format!("http://{address}")
}

#[tokio::test]
async fn what_goes_and_comes_is_written_down_with_its_caller() {
    let (book, base) = (Arc::new(Book::default()), server().await);
    let gate = Gate::new(book.clone());
    let request = Client::new()
        .post(format!("{base}/echo?q=typed"))
        .body("12345");
    let caller = Caller {
        session: Some("s".into()),
        operation: Some("o".into()),
    };
    let answer = within(caller.clone(), gate.send(request, "model"))
        .await
        .expect("an answer");
    let body = answer.bytes().await.expect("whole");
    assert_eq!(body, b"1234512345");
    let rows = book.0.lock().expect("whole");
    let (departure, arrival) = &rows[0];
    assert_eq!(departure.caller, caller);
    assert_eq!(
        (departure.path.as_str(), departure.sent_bytes),
        ("/echo", Some(5))
    );
    assert!(departure.local);
    assert_eq!(
        *arrival,
        Some(Arrival {
            received_bytes: 10,
            status: Some(200),
            sent_bytes: None,
        })
    );
}

#[tokio::test]
async fn a_closed_gate_holds_all_but_this_machine() {
    let (book, base) = (Arc::new(Book::default()), server().await);
    let gate = Gate::new(book.clone());
    gate.set_closed(true);
    let client = Client::new();
    for url in [
        "https://example.org/a",
        "http://192.0.2.1/",
        "http://localhost.example/",
    ] {
        let error = gate
            .send(client.get(url), "page")
            .await
            .err()
            .expect("held");
        assert!(error.is_offline(), "{error}");
        assert!(
            gate.pass("GET", &Url::parse(url).expect("a URL"), "update")
                .is_err()
        );
    }
    gate.send(client.post(format!("{base}/echo")).body("x"), "model")
        .await
        .expect("goes");
    assert_eq!(book.1.lock().expect("whole").len(), 6);
    assert_eq!(book.0.lock().expect("whole").len(), 1);
    gate.set_closed(false);
    assert!(!gate.is_closed());
}

#[tokio::test]
async fn a_request_without_an_answer_ends_too() {
    let book = Arc::new(Book::default());
    let gate = Gate::new(book.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let error = gate
        .send(Client::new().get(format!("http://{address}/")), "model")
        .await;
    assert!(!error.err().expect("refused").is_offline());
    let rows = book.0.lock().expect("whole");
    assert_eq!(
        rows[0].1,
        Some(Arrival {
            received_bytes: 0,
            status: None,
            sent_bytes: None,
        })
    );
}

#[test]
fn this_machine_by_name_and_number() {
    let check = |url: &str| is_this_machine(&Url::parse(url).expect("a URL"));
    for url in [
        "http://localhost:1/",
        "http://a.localhost/",
        "http://127.0.0.9/",
        "http://[::1]/",
    ] {
        assert!(check(url), "{url}");
    }
    for url in [
        "http://localhost.example/",
        "http://10.0.0.1/",
        "http://0.0.0.0/",
        "http://example.org/",
    ] {
        assert!(!check(url), "{url}");
    }
}

#[test]
fn a_command_with_the_network_is_written_down_without_bytes() {
    let book = Arc::new(Book::default());
    Gate::new(book.clone()).command("curl");
    let rows = book.0.lock().expect("whole");
    assert_eq!(
        (rows[0].0.path.as_str(), rows[0].0.sent_bytes),
        ("curl", None)
    );
}
