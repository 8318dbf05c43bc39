//! Who may come in: the token, the cookie, the one-time link, and where requests may come from.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use sha2::{Digest, Sha256};

/// Links that were made and not used yet; older ones are forgotten beyond this number.
const OPEN_LINKS: usize = 16;

/// Decides on a request by its headers alone.
pub struct Access {
    token: String,
    /// What the browser keeps: made from the token, so that it outlives a restart of the engine,
    /// and not the token itself, so that it opens nothing but this UI.
    cookie: String,
    cookie_name: String,
    addr: SocketAddr,
    remote: bool,
    links: Mutex<Vec<String>>,
}

/// How a request proved who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// The token or the cookie is right.
    Valid,
    /// There is none.
    None,
    /// There is one, and it is wrong.
    Wrong,
}

impl Access {
    pub fn new(token: String, addr: SocketAddr, remote: bool) -> Self {
        let cookie = hex(&Sha256::digest(format!("mira web ui\0{token}")));
        // Cookies know no ports: the port is in the name, so that two engines do not collide.
        let cookie_name = format!("mira_{}", addr.port());
        Self {
            token,
            cookie,
            cookie_name,
            addr,
            remote,
            links: Mutex::default(),
        }
    }

    pub fn is_token(&self, token: &str) -> bool {
        same(token, &self.token)
    }

    /// The header wins over the cookie.
    pub fn credential(&self, headers: &HeaderMap) -> Credential {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let token = value
                .to_str()
                .ok()
                .and_then(|text| text.strip_prefix("Bearer "));
            return match token {
                Some(token) if self.is_token(token.trim()) => Credential::Valid,
                _ => Credential::Wrong,
            };
        }
        match self.cookie_of(headers) {
            Some(cookie) if same(cookie, &self.cookie) => Credential::Valid,
            _ => Credential::None,
        }
    }

    fn cookie_of<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(name, _)| *name == self.cookie_name)
            .map(|(_, value)| value)
    }

    pub fn set_cookie(&self) -> String {
        format!(
            "{}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000",
            self.cookie_name, self.cookie
        )
    }

    /// `http://127.0.0.1:PORT/?link=NONCE`
    pub fn new_link(&self) -> String {
        let nonce = random_hex::<16>();
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() == OPEN_LINKS {
            links.remove(0);
        }
        links.push(nonce.clone());
        let mut addr = self.addr;
        if addr.ip().is_unspecified() {
            addr.set_ip(IpAddr::from([127, 0, 0, 1]));
        }
        format!("http://{addr}/?link={nonce}")
    }

    /// True once for each link.
    pub fn use_link(&self, nonce: &str) -> bool {
        let mut links = self.links.lock().unwrap_or_else(PoisonError::into_inner);
        match links.iter().position(|link| same(link, nonce)) {
            Some(position) => {
                links.remove(position);
                true
            }
            None => false,
        }
    }

    /// A page of another site must not reach the engine, even where its name resolves to this
    /// machine: `Host` has to be an address of ours (or "localhost"), and `Origin`, where a
    /// browser sends one, has to be that same host.
    pub fn is_from_here(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (Some(host), None) = (
            hosts.next().and_then(|host| host.to_str().ok()),
            hosts.next(),
        ) else {
            return false;
        };
        if !self.is_our_host(host) {
            return false;
        }
        let mut origins = headers.get_all(header::ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => true,
            (Some(origin), None) => origin.to_str().ok().is_some_and(|origin| {
                origin
                    .strip_prefix("http://")
                    .is_some_and(|rest| rest.eq_ignore_ascii_case(host))
            }),
            _ => false,
        }
    }

    fn is_our_host(&self, host: &str) -> bool {
        let (name, port) = match host.rsplit_once(':') {
            Some((name, port)) if !port.ends_with(']') => (name, port.parse().ok()),
            _ => (host, Some(80)),
        };
        if port != Some(self.addr.port()) {
            return false;
        }
        if name.eq_ignore_ascii_case("localhost") {
            return true;
        }
        let literal = name
            .strip_prefix('[')
            .and_then(|name| name.strip_suffix(']'));
        let ip = literal.unwrap_or(name).parse::<IpAddr>();
        ip.is_ok_and(|ip| ip.is_loopback() || self.remote)
    }
}

/// The token of the file, made where there is none, or where others could have read it.
pub fn token(path: &Path) -> io::Result<String> {
    if let Ok(text) = fs::read_to_string(path) {
        let token = text.trim();
        let whole = token.len() == 64 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        if whole && is_private(path)? {
            return Ok(token.to_owned());
        }
    }
    let token = random_hex::<32>();
    write_private(path, token.as_bytes())?;
    Ok(token)
}

/// Writes a file that only the owner can read; readers see the old content or the new one.
pub fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", random_hex::<8>()));
    let draft = path.with_file_name(name);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options
        .open(&draft)
        .and_then(|mut file| file.write_all(content));
    let written = written.and_then(|()| fs::rename(&draft, path));
    if written.is_err() {
        let _ = fs::remove_file(&draft);
    }
    written
}

#[cfg(unix)]
fn is_private(path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::symlink_metadata(path)?.permissions().mode() & 0o7777 == 0o600)
}

/// Elsewhere the profile folder's own access list protects it.
#[cfg(not(unix))]
fn is_private(_: &Path) -> io::Result<bool> {
    Ok(true)
}

fn random_hex<const BYTES: usize>() -> String {
    let mut bytes = [0; BYTES];
    rand::fill(&mut bytes);
    hex(&bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Equal, in a time that does not tell where they differ.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len()
        && a.bytes()
            .zip(b.bytes())
            .fold(0, |diff, (a, b)| diff | (a ^ b))
            == 0
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn access(remote: bool) -> Access {
        Access::new(
            "t".repeat(64),
            SocketAddr::from(([127, 0, 0, 1], 3001)),
            remote,
        )
    }

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name, value.parse().unwrap());
        }
        map
    }

    #[test]
    fn only_our_own_host_and_origin_are_let_in() {
        let cases = [
            ("127.0.0.1:3001", None, true, true),
            ("localhost:3001", None, true, true),
            ("LocalHost:3001", Some("http://localhost:3001"), true, true),
            ("[::1]:3001", Some("http://[::1]:3001"), true, true),
            ("127.0.0.1:3001", Some("http://127.0.0.1:3001"), true, true),
            ("192.168.1.4:3001", None, false, true),
            ("127.0.0.1:3002", None, false, false),
            ("127.0.0.1", None, false, false),
            ("evil.example:3001", None, false, false),
            ("localhost.evil.example:3001", None, false, false),
            ("127.0.0.1.evil.example:3001", None, false, false),
            ("127.0.0.1:3001", Some("http://evil.example"), false, false),
            (
                "127.0.0.1:3001",
                Some("http://localhost:3001"),
                false,
                false,
            ),
            (
                "127.0.0.1:3001",
                Some("https://127.0.0.1:3001"),
                false,
                false,
            ),
            ("127.0.0.1:3001", Some("null"), false, false),
        ];
        for (host, origin, here, remote) in cases {
            let mut pairs = vec![(header::HOST, host)];
            pairs.extend(origin.map(|origin| (header::ORIGIN, origin)));
            let headers = headers(&pairs);
            assert_eq!(
                access(false).is_from_here(&headers),
                here,
                "{host} {origin:?}"
            );
            assert_eq!(
                access(true).is_from_here(&headers),
                remote,
                "{host} {origin:?} (remote)"
            );
        }
        assert!(!access(false).is_from_here(&HeaderMap::new()), "no Host");
        let two = headers(&[
            (header::HOST, "127.0.0.1:3001"),
            (header::HOST, "evil.example"),
        ]);
        assert!(!access(false).is_from_here(&two), "two Hosts");
    }

    #[test]
    fn a_link_works_once_and_gives_a_cookie_that_works() {
        let access = access(false);
        let link = access.new_link();
        let nonce = link.split("link=").nth(1).unwrap();
        assert!(!access.use_link("0"));
        assert!(access.use_link(nonce));
        assert!(!access.use_link(nonce));

        let set = access.set_cookie();
        assert!(
            set.contains("HttpOnly") && set.contains("SameSite=Strict"),
            "{set}"
        );
        let cookie = set.split(';').next().unwrap();
        let with = |cookie: &str| headers(&[(header::COOKIE, &format!("theme=dark; {cookie}"))]);
        assert_eq!(access.credential(&with(cookie)), Credential::Valid);
        assert_eq!(access.credential(&with("mira_3001=0")), Credential::None);
        assert!(
            !access.is_token(cookie.split_once('=').unwrap().1),
            "the cookie is no token"
        );
    }

    #[test]
    fn a_wrong_header_is_not_saved_by_a_right_cookie() {
        let access = access(false);
        let cookie = access.set_cookie();
        let cookie = cookie.split(';').next().unwrap();
        let pairs = [
            (header::AUTHORIZATION, "Bearer x"),
            (header::COOKIE, cookie),
        ];
        assert_eq!(access.credential(&headers(&pairs)), Credential::Wrong);
    }

    #[cfg(unix)]
    #[test]
    fn the_token_is_kept_while_it_is_private_and_replaced_when_it_was_not() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ws-token");
        let first = token(&path).unwrap();
        assert_eq!(first.len(), 64);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        assert_eq!(token(&path).unwrap(), first);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let second = token(&path).unwrap();
        assert_ne!(second, first);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );

        fs::write(&path, "short").unwrap();
        assert_eq!(token(&path).unwrap().len(), 64);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            1,
            "no draft is left"
        );
    }

    #[test]
    fn links_that_nobody_used_do_not_pile_up() {
        let access = access(false);
        let links: HashSet<_> = (0..OPEN_LINKS + 5).map(|_| access.new_link()).collect();
        assert_eq!(links.len(), OPEN_LINKS + 5);
        assert_eq!(access.links.lock().unwrap().len(), OPEN_LINKS);
    }
}
