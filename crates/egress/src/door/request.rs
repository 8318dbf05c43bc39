//! What a program says to a proxy first: whom it wants.

use tokio::io::{AsyncRead, AsyncReadExt};
use url::Url;

/// The longest head of a request, in bytes.
const LONGEST: usize = 64 * 1024;

/// A request to a proxy.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub method: String,
    pub host: String,
    pub port: u16,
    /// Without what stands behind `?`; empty in a tunnel.
    pub path: String,
    /// The program talks to the host itself from here on.
    pub tunnel: bool,
    /// What the host is sent first.
    pub first: Vec<u8>,
}

/// Reads the head. None: the connection ended before it began.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> Result<Option<Request>, String> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return parse(&bytes, rest).map(Some);
        }
        if bytes.len() > LONGEST {
            return Err("the head of the request is too long.".into());
        }
        match from.read_buf(&mut bytes).await {
            Ok(0) | Err(_) if bytes.is_empty() => return Ok(None),
            Ok(0) | Err(_) => return Err("the request broke off.".into()),
            Ok(_) => {}
        }
    }
}

fn parse(head: &[u8], rest: Vec<u8>) -> Result<Request, String> {
    let strange = || "this is a proxy for HTTP; the request is none.".to_owned();
    let head = std::str::from_utf8(head).map_err(|_| strange())?;
    let mut lines = head.trim_end().split("\r\n");
    let words: Vec<&str> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, version] = words.as_slice() else {
        return Err(strange());
    };
    if !version.starts_with("HTTP/1.") {
        return Err(strange());
    }
    if *method == "CONNECT" {
        let (host, port) = target.rsplit_once(':').ok_or_else(strange)?;
        return Ok(Request {
            method: (*method).to_owned(),
            host: host.to_owned(),
            port: port.parse().map_err(|_| strange())?,
            path: String::new(),
            tunnel: true,
            first: rest,
        });
    }
    let url = Url::parse(target).ok().filter(|url| url.scheme() == "http");
    let url = url.ok_or_else(|| "the request names no http:// address.".to_owned())?;
    let host = url.host_str().ok_or_else(strange)?.to_owned();
    let port = url.port_or_known_default().unwrap_or(80);
    let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let named = &url[url::Position::BeforeHost..url::Position::AfterPort];
    // One request a connection: the next one may be for another host.
    let mut first = format!("{method} {path} {version}\r\nHost: {named}\r\nConnection: close\r\n");
    for line in lines {
        let name = line.split(':').next().unwrap_or_default();
        let ours = [
            "host",
            "connection",
            "proxy-connection",
            "proxy-authorization",
            "keep-alive",
        ];
        if !ours.contains(&name.to_ascii_lowercase().as_str()) {
            first.push_str(line);
            first.push_str("\r\n");
        }
    }
    first.push_str("\r\n");
    let mut first = first.into_bytes();
    first.extend(rest);
    Ok(Request {
        method: (*method).to_owned(),
        host,
        port,
        path: url.path().to_owned(),
        tunnel: false,
        first,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn check(text: &str) -> Result<Option<Request>, String> {
        read(&mut text.as_bytes()).await
    }

    #[tokio::test]
    async fn a_request_names_its_host_whatever_its_headers_say() {
        let plain = "GET http://a.test:81/x?q=1 HTTP/1.1\r\nHost: b.test\r\nAccept: */*\r\n\
                     Proxy-Connection: keep-alive\r\n\r\nbody";
        let request = check(plain).await.unwrap().unwrap();
        assert_eq!((request.host.as_str(), request.port), ("a.test", 81));
        assert_eq!(request.path, "/x");
        assert_eq!(
            String::from_utf8(request.first).unwrap(),
            "GET /x?q=1 HTTP/1.1\r\nHost: a.test:81\r\nConnection: close\r\nAccept: */*\r\n\r\nbody"
        );
        let tunnel = check("CONNECT [::1]:443 HTTP/1.1\r\nHost: x\r\n\r\n\x16\x03").await;
        let tunnel = tunnel.unwrap().unwrap();
        assert_eq!((tunnel.host.as_str(), tunnel.port), ("[::1]", 443));
        assert_eq!(tunnel.first, b"\x16\x03");
    }

    #[tokio::test]
    async fn what_is_no_request_is_refused() {
        assert_eq!(check("").await, Ok(None));
        for text in [
            "GET /x HTTP/1.1\r\n\r\n",
            "GET ftp://a/x HTTP/1.1\r\n\r\n",
            "CONNECT a HTTP/1.1\r\n\r\n",
            "CONNECT a:x HTTP/1.1\r\n\r\n",
            "SSH-2.0-OpenSSH\r\n\r\n",
            "GET http://a/",
        ] {
            assert!(check(text).await.is_err(), "{text:?}");
        }
    }
}
