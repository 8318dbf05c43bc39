//! What a browser and a monitor see.

use mira_testkit::ScriptedModel;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::Host;

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
            .next()
    }
}

async fn ask(host: &Host, method: &str, path: &str, headers: &str) -> Answer {
    let address = host.server.addr();
    let own_host = format!("Host: {address}\r\n");
    let host_line = if headers.contains("Host:") {
        ""
    } else {
        &own_host
    };
    let request =
        format!("{method} {path} HTTP/1.1\r\n{host_line}{headers}Connection: close\r\n\r\n");
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    stream.read_to_end(&mut text).await.unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

#[tokio::test]
async fn health_readiness_and_figures() {
    let host = Host::with_model(&ScriptedModel::replies([])).await;
    let _client = host.client().await;
    for (path, part) in [
        ("/health", "ok"),
        ("/ready", "ready"),
        ("/metrics", "mira_clients 1\n"),
    ] {
        let answer = ask(&host, "GET", path, "").await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(answer.body.contains(part), "{path}: {}", answer.body);
    }
    let metrics = ask(&host, "GET", "/metrics", "").await.body;
    for line in metrics.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.split_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(metrics.contains(&format!("# TYPE {name} ")), "{line}");
    }
    let memory = metrics
        .lines()
        .find(|line| line.starts_with("process_resident_memory"))
        .unwrap();
    assert_ne!(memory.split_once(' ').unwrap().1, "0");
}

#[tokio::test]
async fn a_link_opens_the_ui_once_and_the_cookie_keeps_it_open() {
    let host = Host::with_model(&ScriptedModel::replies([])).await;
    assert_eq!(ask(&host, "GET", "/", "").await.status, 401);

    let link = host.server.link();
    let path = link
        .split_once(&host.server.addr().to_string())
        .unwrap()
        .1
        .to_owned();
    let first = ask(&host, "GET", &path, "").await;
    assert_eq!((first.status, first.header("location")), (303, Some("/")));
    let cookie = first.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    assert_eq!(
        ask(&host, "GET", &path, "").await.status,
        401,
        "a used link"
    );

    let cookie = format!("Cookie: {}\r\n", cookie.split(';').next().unwrap());
    let page = ask(&host, "GET", "/", &cookie).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("script-src 'self'"));
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        ask(&host, "GET", &path, &cookie).await.status,
        303,
        "reloading is no lock-out"
    );

    let cookie = cookie.trim_start_matches("Cookie: ").trim_end().to_owned();
    let mut client = host.dial(&[("cookie", &cookie)]).await.unwrap();
    assert_eq!(client.next().await.unwrap()["type"], "welcome");
}

#[tokio::test]
async fn a_new_link_is_for_who_holds_the_token() {
    let host = Host::with_model(&ScriptedModel::replies([])).await;
    assert_eq!(
        ask(&host, "POST", "/api/link", "Content-Length: 0\r\n")
            .await
            .status,
        401
    );
    let bearer = format!(
        "Authorization: Bearer {}\r\nContent-Length: 0\r\n",
        host.token()
    );
    let answer = ask(&host, "POST", "/api/link", &bearer).await;
    let url = serde_json::from_str::<serde_json::Value>(&answer.body).unwrap();
    let url = url["url"].as_str().unwrap().to_owned();
    let path = url.split_once(&host.server.addr().to_string()).unwrap().1;
    assert_eq!(ask(&host, "GET", path, "").await.status, 303);
}

#[tokio::test]
async fn every_page_is_refused_to_other_sites_and_what_is_not_there_is_404() {
    let host = Host::with_model(&ScriptedModel::replies([])).await;
    for path in ["/", "/health", "/metrics", "/ws", "/api/link", "/none.js"] {
        let answer = ask(&host, "GET", path, "Host: evil.example\r\n").await;
        assert_eq!(answer.status, 403, "{path}");
    }
    for path in [
        "/none.js",
        "/../Cargo.toml",
        "/assets/%2e%2e/%2e%2e/Cargo.toml",
    ] {
        assert_eq!(ask(&host, "GET", path, "").await.status, 404, "{path}");
    }
}
