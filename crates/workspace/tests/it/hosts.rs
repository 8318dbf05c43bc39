//! A command that may reach some hosts: real programs, a server of this machine as the host.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mira_egress::{Arrival, Caller, Departure, Door, Gate, Ledger};
use mira_workspace::process::run;
use mira_workspace::sandbox::{Level, protection};
use mira_workspace::{Access, CommandLine, Confinement, Exit, Network, Spec};
use tokio_util::sync::CancellationToken;

use crate::Place;

#[derive(Default)]
struct Book(Mutex<Vec<(Departure, Option<Arrival>)>>);

impl Ledger for Book {
    fn leaves(&self, departure: Departure) -> u64 {
        let mut rows = self.0.lock().unwrap();
        rows.push((departure, None));
        rows.len() as u64 - 1
    }

    fn ended(&self, number: u64, arrival: Arrival) {
        self.0.lock().unwrap()[number as usize].1 = Some(arrival);
    }

    fn held(&self, _: Departure) {}

    fn ran(&self, _: Departure) {}
}

/// Answers everything with "reached".
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\nConnection: close\r\n\r\nreached",
                );
            });
        }
    });
    port
}

async fn ran(hosts: &[&str], line: &str, book: Arc<Book>) -> Exit {
    let place = Place::new();
    let mut spec = Spec::new(CommandLine::Shell(line.into()), place.root());
    spec.timeout = Some(Duration::from_secs(20));
    let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    let caller = Caller {
        session: Some("s".into()),
        operation: Some("o".into()),
    };
    let door = Door::new(Gate::new(book), caller, hosts);
    spec.confine = Some(Arc::new(Confinement {
        root: place.root(),
        access: Access::Project,
        network: Network::Hosts(door),
        own: vec![],
        writable: vec![],
        readable: vec![],
        home: None,
        level: Level::Full,
    }));
    run(spec, &CancellationToken::new(), &|_| ()).await.unwrap()
}

/// Asks a proxy as programs do that know one, in plain bash.
fn through_the_door(url: &str) -> String {
    format!(
        "exec 3<>/dev/tcp/127.0.0.1/${{http_proxy##*:}} && \
         printf 'GET {url} HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' >&3 && cat <&3"
    )
}

fn possible() -> bool {
    let full = protection().by_host;
    assert!(
        full || std::env::var_os("CI").is_none(),
        "this machine cannot hold a command to hosts, so nothing was tried"
    );
    full
}

#[tokio::test]
async fn it_reaches_its_host_and_no_other() {
    if !possible() {
        return;
    }
    let (book, port) = (Arc::new(Book::default()), server());
    let ask = through_the_door(&format!("http://127.0.0.1:{port}/a?secret=1"));
    let exit = ran(&["127.0.0.1"], &ask, book.clone()).await;
    assert!(
        exit.success() && exit.output.ends_with("reached"),
        "{exit:?}"
    );
    {
        let rows = book.0.lock().unwrap();
        let (departure, arrival) = &rows[0];
        assert_eq!(
            (departure.host.as_str(), departure.path.as_str()),
            ("127.0.0.1", "/a")
        );
        assert_eq!(departure.caller.operation.as_deref(), Some("o"));
        let arrival = arrival.expect("ended");
        assert!(
            arrival.sent_bytes > Some(20) && arrival.received_bytes > 40,
            "{arrival:?}"
        );
    }

    // By another name, straight to the address, through what the person's own proxy would be.
    let ways = [
        through_the_door(&format!("http://localhost:{port}/")),
        format!(
            "exec 3<>/dev/tcp/127.0.0.1/{port} && printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3 && cat <&3"
        ),
        "exec 3<>/dev/tcp/1.1.1.1/80 && echo connected".to_owned(),
        "getent hosts example.com || exec 3<>/dev/udp/1.1.1.1/53 && echo x >&3 && echo sent"
            .to_owned(),
    ];
    for way in ways {
        let exit = ran(&["127.0.0.1"], &way, book.clone()).await;
        for word in ["reached", "connected", "sent"] {
            assert!(!exit.output.contains(word), "{way}: {exit:?}");
        }
    }
    assert_eq!(book.0.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn the_person_is_told_what_else_it_tried() {
    if !possible() {
        return;
    }
    let line = format!("{}; exit 1", through_the_door("http://elsewhere.test/"));
    let exit = ran(&["docs.rs"], &line, Arc::default()).await;
    let refused = exit.refused.expect("a reason");
    assert!(refused.contains("docs.rs only"), "{refused}");
    assert!(refused.contains("tried elsewhere.test"), "{refused}");
}

/// Curl knows proxies by itself, a tunnel too.
#[tokio::test]
async fn a_real_program_finds_its_way() {
    let there = std::process::Command::new("curl")
        .arg("--version")
        .output()
        .is_ok();
    assert!(
        there || std::env::var_os("CI").is_none(),
        "there is no curl, so nothing was tried"
    );
    if !there || !possible() {
        return;
    }
    let port = server();
    // The address is this machine's, which programs do not ask a proxy for unless told so.
    let line = format!(
        "curl -sS --noproxy '' http://127.0.0.1:{port}/ && curl -sS --noproxy '' -p http://127.0.0.1:{port}/ && ! curl -sS --noproxy '' -f http://localhost:{port}/"
    );
    let exit = ran(&["127.0.0.1"], &line, Arc::default()).await;
    assert!(exit.success(), "{exit:?}");
    assert!(exit.output.starts_with("reachedreached"), "{exit:?}");
}
