//! `mira:` links: read with care, since anybody may have written them. A link can show a session
//! or offer a folder; it starts no work.

use std::path::Path;

use mira_protocol::SessionId;
use serde::Serialize;
use tauri::{AppHandle, Emitter, Url};

use crate::window;

pub const SCHEME: &str = "mira";
/// Sent to a page with a [`Link`].
const OPEN_LINK: &str = "open-link";
/// Bytes of a link that is looked at.
const LONGEST: usize = 4_096;

/// What a link asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Link {
    /// `mira://session/ses_…`: show it.
    Session { session_id: SessionId },
    /// `mira://open?path=/home/ada/project`: offer it; the person decides.
    Open { path: String },
    /// Anything else of this scheme: said so, and nothing done.
    Broken,
}

/// The first word that is a link; None without one.
pub fn link_in(words: &[String]) -> Option<Link> {
    words
        .iter()
        .skip(1)
        .find(|word| is_link(word))
        .map(|word| read(word))
}

pub fn is_link(word: &str) -> bool {
    word.get(..SCHEME.len() + 1)
        .is_some_and(|start| start.eq_ignore_ascii_case("mira:"))
}

/// Reads a link of the scheme.
pub fn read(text: &str) -> Link {
    if text.len() > LONGEST {
        return Link::Broken;
    }
    let Ok(url) = Url::parse(text) else {
        return Link::Broken;
    };
    let bare = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    match url.host_str() {
        Some("session") if bare => session(&url),
        Some("open") if bare => folder(&url),
        _ => None,
    }
    .unwrap_or(Link::Broken)
}

fn session(url: &Url) -> Option<Link> {
    let id = url.path().strip_prefix('/')?.trim_end_matches('/');
    let legal = id.starts_with("ses_")
        && id.len() <= 80
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
    legal.then(|| Link::Session {
        session_id: SessionId::from(id),
    })
}

fn folder(url: &Url) -> Option<Link> {
    let mut paths = url.query_pairs().filter(|(name, _)| name == "path");
    let (_, path) = paths.next()?;
    let only = paths.next().is_none() && matches!(url.path(), "" | "/");
    let legal = Path::new(path.as_ref()).is_absolute() && !path.chars().any(char::is_control);
    (only && legal).then(|| Link::Open {
        path: path.into_owned(),
    })
}

/// Brings a window forward and tells its page.
pub fn show(app: &AppHandle, link: Link) {
    let Some(label) = window::bring_forward(app) else {
        return;
    };
    if let Err(error) = app.emit_to(label.as_str(), OPEN_LINK, link) {
        tracing::warn!(%error, "the page could not be told of a link");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_or_a_folder_is_read() {
        assert_eq!(
            read("mira://session/ses_01H-x"),
            Link::Session {
                session_id: SessionId::from("ses_01H-x")
            }
        );
        assert_eq!(
            read("MIRA://open?path=%2Fhome%2Fada%2Fmy%20project"),
            Link::Open {
                path: "/home/ada/my project".into()
            }
        );
    }

    #[test]
    fn anything_else_does_nothing() {
        for text in [
            "mira://session/",
            "mira://session/../etc",
            "mira://session/ses_1/undo",
            "mira://session/ses_1%0a",
            "mira://open",
            "mira://open?path=relative/folder",
            "mira://open?path=/a&path=/b",
            "mira://open?path=%2Fa%0Ab",
            "mira://run?command=rm",
            "mira://user@session/ses_1",
            "mira:session",
            "mira://",
        ] {
            assert_eq!(read(text), Link::Broken, "{text}");
        }
        assert_eq!(
            read(&format!("mira://open?path=/{}", "a".repeat(LONGEST))),
            Link::Broken
        );
        assert_eq!(link_in(&["mira".into(), "/folder".into()]), None);
        assert_eq!(
            link_in(&["mira".into(), "Mira://x".into()]),
            Some(Link::Broken)
        );
    }
}
