//! Against a server on loopback; names and addresses are the tests' own.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use mira_workspace::{Access, Blobs, Jobs, Workspace};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::*;

/// Answers each path with what is written for it; the address it listens on.
async fn server(pages: &[(&str, Vec<u8>)]) -> SocketAddr {
    let pages: HashMap<String, Vec<u8>> = pages
        .iter()
        .map(|(path, page)| ((*path).to_owned(), page.clone()))
        .collect();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 2_048];
            let length = stream.read(&mut request).await.unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = request.split(' ').nth(1).unwrap_or_default();
            let missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec();
            let _ = stream.write_all(pages.get(path).unwrap_or(&missing)).await;
        }
    });
    address
}

fn page(kind: &str, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    write!(out, "HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len()).expect("memory");
    out.extend_from_slice(body);
    out
}

fn redirect(to: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    )
    .into_bytes()
}

/// Knows these names; may reach the addresses that the second list names, and public ones.
fn web(names: &[(&str, Vec<SocketAddr>)], allowed: &[SocketAddr]) -> Web {
    let names: HashMap<String, Vec<SocketAddr>> = names
        .iter()
        .map(|(name, to)| ((*name).to_owned(), to.clone()))
        .collect();
    let allowed = allowed.to_vec();
    let lookup: Lookup = Arc::new(move |host| {
        let found = names.get(&host).cloned();
        Box::pin(async move { found.ok_or_else(|| io::Error::other("no such name")) })
    });
    let check: Check = Arc::new(move |address| match allowed.contains(&address) {
        true => None,
        false => mira_egress::forbidden(address.ip()),
    });
    Web::with(lookup, check)
}

/// Pages have nothing to do with the project's code.
struct NoCode;

#[async_trait::async_trait]
impl crate::CodeKnowledge for NoCode {
    async fn open(&self) -> Result<crate::Known, ToolError> {
        Err(ToolError::Refused("there is no index".into()))
    }
}

fn cx(dir: &Path, private: bool) -> ToolCx {
    let blobs = Blobs::open(&dir.join("blobs")).expect("blobs");
    ToolCx {
        workspace: Workspace::open(dir, Access::Project, blobs, Vec::new()).expect("workspace"),
        code: Arc::new(NoCode),
        jobs: Jobs::open(&dir.join("jobs"), mira_secrets::Masker::new([3; 32])).expect("jobs"),
        sandbox: mira_workspace::Sandbox::off(),
        session: "s".into(),
        operation: "o".into(),
        cancel: CancellationToken::new(),
        progress: Arc::new(|_| ()),
        gate: Gate::default(),
        masker: mira_secrets::Masker::new([3; 32]),
        output_cap_bytes: 30_000,
        allow_private_hosts: private,
    }
}

async fn get(web: &Web, url: &str, private: bool) -> Result<Document, String> {
    let dir = tempfile::tempdir().expect("a folder");
    web.get(url, "page", &cx(dir.path(), private))
        .await
        .map_err(|error| error.to_string())
}

async fn refused(web: &Web, url: &str, part: &str) {
    let reason = get(web, url, false).await.expect_err(url);
    assert!(reason.contains(part), "{url}: {reason}");
}

#[tokio::test]
async fn only_web_addresses_are_taken() {
    let web = web(&[], &[]);
    refused(&web, "file:///etc/passwd", "only http:// and https://").await;
    refused(&web, "ftp://example.com/", "only http:// and https://").await;
    refused(&web, "nonsense", "Give a whole address").await;
    refused(
        &web,
        "http://user:pass@example.com/",
        "user name or password",
    )
    .await;
    refused(&web, "http://nowhere.test/", "no such name").await;
}

#[tokio::test]
async fn private_addresses_are_refused_however_written() {
    let at = server(&[("/", page("text/plain", b"secret"))]).await;
    let metadata: SocketAddr = "169.254.169.254:80".parse().expect("an address");
    let public: SocketAddr = "1.1.1.1:80".parse().expect("an address");
    let web = web(
        &[
            ("evil.test", vec![at]),
            ("meta.test", vec![metadata]),
            ("mixed.test", vec![public, at]),
        ],
        &[],
    );
    for host in [
        "127.0.0.1",
        "0x7f.1",
        "2130706433",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "0",
        "127.1",
    ] {
        refused(
            &web,
            &format!("http://{host}:{}/", at.port()),
            "Only public addresses",
        )
        .await;
    }
    refused(
        &web,
        &format!("http://evil.test:{}/", at.port()),
        "loopback",
    )
    .await;
    refused(&web, "http://meta.test/latest/meta-data", "link-local").await;
    refused(
        &web,
        &format!("http://mixed.test:{}/", at.port()),
        "loopback",
    )
    .await;
    // The switch for tests and local setups opens them.
    let opened = get(&web, &format!("http://evil.test:{}/", at.port()), true).await;
    assert_eq!(opened.expect("allowed").text, "secret");
}

#[tokio::test]
async fn each_hop_of_a_redirect_is_checked() {
    let inner = server(&[("/", page("text/plain", b"secret"))]).await;
    let (port, pages) = (
        inner.port(),
        [
            (
                "/private",
                redirect(&format!("http://127.0.0.1:{}/", inner.port())),
            ),
            ("/same", redirect("/end")),
            ("/end", page("text/plain", b"arrived")),
            ("/loop", redirect("/loop")),
            ("/file", redirect("file:///etc/passwd")),
            ("/other", redirect("https://other.test/")),
            (
                "/port",
                redirect(&format!("http://first.test:{}/", inner.port())),
            ),
        ],
    );
    let at = server(&pages).await;
    let web = web(
        &[("first.test", vec![at])],
        &[at, SocketAddr::new(at.ip(), 0)],
    );
    let url = |path: &str| format!("http://first.test:{}{path}", at.port());
    assert_eq!(
        get(&web, &url("/same"), false).await.expect("reached").text,
        "arrived"
    );
    refused(&web, &url("/loop"), "redirects more than 5 times").await;
    refused(&web, &url("/file"), "not http or https").await;
    refused(&web, &url("/other"), "another host: https://other.test/").await;
    refused(&web, &url("/private"), "another host").await;
    // The same literal host on another port: the address check stands alone.
    let literal = format!("http://127.0.0.1:{}/private", at.port());
    refused(&web, &literal, "Only public addresses").await;
    assert_ne!(port, at.port());
}

#[tokio::test]
async fn answers_are_capped_by_type_and_size() {
    let big = vec![b'x'; MAX_BYTES + 10];
    let at = server(&[
        ("/big", page("text/plain", &big)),
        ("/image", page("image/png", b"x")),
        ("/pdf", page("application/pdf", b"x")),
        ("/nul", page("", b"a\0b")),
        ("/latin", page("text/plain; charset=ISO-8859-1", b"caf\xe9")),
        ("/json", page("application/vnd.api+json", b"{}")),
    ])
    .await;
    let web = web(&[], &[]);
    let url = |path: &str| format!("http://{at}{path}");
    let got = get(&web, &url("/big"), true).await.expect("read");
    assert!(got.cut && got.text.len() == MAX_BYTES);
    for path in ["/image", "/pdf", "/nul", "/missing"] {
        assert!(get(&web, &url(path), true).await.is_err(), "{path}");
    }
    assert_eq!(
        get(&web, &url("/latin"), true).await.expect("read").text,
        "café"
    );
    assert_eq!(
        get(&web, &url("/json"), true).await.expect("read").text,
        "{}"
    );
}

#[tokio::test]
async fn a_cancelled_request_ends_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let url = format!("http://{}/", listener.local_addr().expect("bound"));
    let dir = tempfile::tempdir().expect("a folder");
    let cx = cx(dir.path(), true);
    let web = web(&[], &[]);
    let (got, ()) = tokio::join!(web.get(&url, "page", &cx), async {
        let accepted = listener.accept().await;
        cx.cancel.cancel();
        drop(accepted);
    });
    assert!(matches!(got, Err(ToolError::Cancelled)));
}
