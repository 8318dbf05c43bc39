//! A door over real sockets: a server of this machine plays the host.

use std::net::SocketAddr;
use std::sync::Arc;

use mira_egress::{Caller, Door, Gate, Names};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::{Book, server};

struct House {
    book: Arc<Book>,
    gate: Gate,
    door: Door,
    address: SocketAddr,
    port: u16,
    _open: mira_egress::Open,
}

/// Every name leads to `leads_to`.
async fn house(hosts: &[&str], leads_to: Option<&str>) -> House {
    let (book, base) = (Arc::new(Book::default()), server().await);
    let gate = Gate::new(book.clone());
    let hosts = hosts.iter().map(|&host| host.to_owned()).collect();
    let caller = Caller {
        session: Some("s".into()),
        operation: Some("o".into()),
    };
    let door = match leads_to.map(|ip| ip.parse().expect("an address")) {
        Some(ip) => {
            let names: Names = Arc::new(move |_, port| {
                Box::pin(async move { Ok(vec![SocketAddr::new(ip, port)]) })
            });
            Door::with_names(gate.clone(), caller, hosts, names)
        }
        None => Door::new(gate.clone(), caller, hosts),
    };
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let open = door.serve(listener).expect("served");
    let port = base
        .rsplit(':')
        .next()
        .expect("a port")
        .parse()
        .expect("a number");
    House {
        book,
        gate,
        door,
        address,
        port,
        _open: open,
    }
}

async fn says(house: &House, text: &str) -> String {
    let mut stream = TcpStream::connect(house.address).await.expect("a door");
    stream.write_all(text.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

fn post(host: &str, port: u16) -> String {
    format!(
        "POST http://{host}:{port}/echo?q=typed HTTP/1.1\r\nHost: elsewhere\r\nContent-Length: 5\r\n\r\n12345"
    )
}

#[tokio::test]
async fn an_allowed_host_is_reached_and_stands_in_the_book() {
    let house = house(&["127.0.0.1"], None).await;
    let answer = says(&house, &post("127.0.0.1", house.port)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.ends_with("1234512345"), "{answer}");
    let tunnelled = format!(
        "CONNECT 127.0.0.1:{0} HTTP/1.1\r\n\r\nPOST /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab",
        house.port
    );
    let answer = says(&house, &tunnelled).await;
    assert!(answer.contains("200 Connection established"), "{answer}");
    assert!(answer.ends_with("abab"), "{answer}");

    let rows = house.book.0.lock().expect("whole");
    let (departure, arrival) = &rows[0];
    assert_eq!(
        (
            departure.host.as_str(),
            departure.path.as_str(),
            departure.purpose
        ),
        ("127.0.0.1", "/echo", "command")
    );
    assert_eq!(departure.caller.operation.as_deref(), Some("o"));
    let arrival = arrival.expect("ended");
    assert!(arrival.received_bytes > 10 && arrival.sent_bytes > Some(5));
    assert_eq!(rows[1].0.method, "CONNECT");
    assert!(house.door.refused().is_empty());
}

#[tokio::test]
async fn no_other_host_is_reached_however_it_is_asked_for() {
    let house = house(&["registry.test"], None).await;
    let port = house.port;
    for host in [
        "127.0.0.1",
        "localhost",
        "registry.test.evil.test",
        "REGISTRY.TEST.x",
    ] {
        let answer = says(&house, &post(host, port)).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{host}: {answer}");
        let answer = says(&house, &format!("CONNECT {host}:{port} HTTP/1.1\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{host}: {answer}");
    }
    let answer = says(&house, "GET / HTTP/1.1\r\nHost: registry.test\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    assert!(house.book.0.lock().expect("whole").is_empty());
    assert_eq!(
        house.door.refused(),
        [
            "127.0.0.1",
            "localhost",
            "registry.test.evil.test",
            "registry.test.x"
        ]
    );
}

#[tokio::test]
async fn an_allowed_name_that_leads_home_is_refused() {
    for ip in ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1"] {
        let house = house(&["registry.example.com"], Some(ip)).await;
        let answer = says(&house, &post("registry.example.com", house.port)).await;
        assert!(answer.starts_with("HTTP/1.1 502"), "{ip}: {answer}");
        assert!(answer.contains("allow the address itself"), "{answer}");
        assert_eq!(
            house.door.refused(),
            [format!("registry.example.com ({ip})")]
        );
    }
    let house = house(&["localhost"], Some("127.0.0.1")).await;
    let answer = says(&house, &post("localhost", house.port)).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn offline_the_door_is_shut_and_a_closed_door_lets_nobody_stay() {
    let house = house(&["registry.example.com"], Some("1.1.1.1")).await;
    house.gate.set_closed(true);
    let answer = says(&house, &post("registry.example.com", house.port)).await;
    assert!(
        answer.contains("403") && answer.contains("offline"),
        "{answer}"
    );
    assert_eq!(house.book.1.lock().expect("whole").len(), 1);

    let address = house.address;
    let mut waiting = TcpStream::connect(address).await.expect("a door");
    waiting.write_all(b"CONN").await.expect("written");
    drop(house);
    let read = waiting.read(&mut [0; 8]).await;
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
}
