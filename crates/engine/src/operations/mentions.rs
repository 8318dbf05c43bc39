//! What a message points at, read once when the message is taken: each mention becomes a named
//! part with a cap, told to the model as data.

use std::sync::Arc;

use mira_git::Target;
use mira_protocol::message::{Fragment, Mention};
use mira_protocol::project::Project;
use mira_protocol::{Code, EventKind, Failure, SessionId, StoredEvent};
use mira_store::StoreError;
use mira_workspace::{Workspace, files, truncate};

use super::Operations;
use crate::changes::blocking;
use crate::failure::from_store;

/// The most that one mention may bring, in bytes (about a quarter as many tokens).
const MAX_BYTES: usize = 64 * 1024;
/// The most that all mentions of a message may bring together, in bytes.
const MAX_ALL_BYTES: usize = 256 * 1024;
const MAX_MENTIONS: usize = 40;
/// Entries of a folder that are told, and how deep.
const MAX_ENTRIES: usize = 300;
const FOLDER_DEPTH: usize = 2;
/// Characters of one answer of another session.
const MAX_ANSWER_CHARS: usize = 4_000;
/// Events of another session that are looked through, from its end.
const SESSION_EVENTS: u32 = 4_000;

impl Operations {
    /// Reads what is mentioned, each once. Fails on the first that is not there: a message that
    /// points at nothing would be answered with a guess.
    pub(super) async fn resolve_mentions(
        &self,
        mentions: &[Mention],
        project: &Project,
        workspace: &Arc<Workspace>,
    ) -> Result<Vec<Fragment>, Failure> {
        if mentions.len() > MAX_MENTIONS {
            return Err(Failure::new(
                Code::BadParams,
                format!("A message may mention {MAX_MENTIONS} things at most."),
            ));
        }
        let mut fragments: Vec<Fragment> = Vec::new();
        let mut left = MAX_ALL_BYTES;
        for mention in mentions {
            let is_known = fragments.iter().any(|known| known.mention == *mention);
            // What comes by itself is not asked for.
            if is_known || *mention == Mention::Related {
                continue;
            }
            let read = self.read_mention(mention, project, workspace).await?;
            let fragment = fragment(mention, read, left.min(MAX_BYTES));
            left -= fragment.text.len().min(left);
            fragments.push(fragment);
        }
        Ok(fragments)
    }

    async fn read_mention(
        &self,
        mention: &Mention,
        project: &Project,
        workspace: &Arc<Workspace>,
    ) -> Result<Read, Failure> {
        let workspace = workspace.clone();
        match mention.clone() {
            Mention::File { path } => blocking(move || file(&workspace, &path)).await?,
            Mention::Folder { path } => blocking(move || folder(&workspace, &path)).await?,
            Mention::Session { session_id } => self.conversation(&session_id).await,
            Mention::Commit { commit } => {
                let root = std::path::PathBuf::from(&project.path);
                blocking(move || described(&root, commit)).await?
            }
            Mention::Symbol { path, name } => {
                let found = self.knowledge.definition(&project.id, &path, &name).await?;
                Ok(Read {
                    name: found.name,
                    text: found.text,
                    dropped: None,
                    keep_end: false,
                })
            }
            Mention::Related => Err(gone("What comes by itself")),
        }
    }

    async fn conversation(&self, id: &SessionId) -> Result<Read, Failure> {
        let session = match self.store.session(id).await {
            Err(StoreError::NotFound { .. }) => return Err(gone(&format!("The session {id}"))),
            session => session.map_err(from_store)?,
        };
        let (events, earlier) = self
            .store
            .events_before(id, 0, SESSION_EVENTS)
            .await
            .map_err(from_store)?;
        let name = match session.name.as_str() {
            "" => id.to_string(),
            name => name.to_owned(),
        };
        Ok(Read {
            name: format!("session {name}"),
            text: told(&events),
            dropped: earlier.then(|| "its earlier part".to_owned()),
            keep_end: true,
        })
    }
}

/// A mention's content before the cap.
struct Read {
    name: String,
    text: String,
    dropped: Option<String>,
    /// The newest part matters most.
    keep_end: bool,
}

fn fragment(mention: &Mention, read: Read, cap: usize) -> Fragment {
    let whole = read.text.len();
    let kept = match read.keep_end {
        true => truncate::tail(&read.text, cap),
        false => truncate::head(&read.text, cap),
    };
    let cut = (kept.len() < whole).then(|| {
        let side = if read.keep_end { "first" } else { "last" };
        format!("its {side} {} of {whole} bytes", whole - kept.len())
    });
    let dropped: Vec<String> = read.dropped.into_iter().chain(cut).collect();
    Fragment {
        mention: mention.clone(),
        name: read.name,
        tokens: (kept.len() as u64).div_ceil(4),
        text: kept.to_owned(),
        dropped: (!dropped.is_empty()).then(|| dropped.join(" and ")),
    }
}

fn gone(what: &str) -> Failure {
    Failure::new(
        Code::NotFound,
        format!("{what} is mentioned and is not there."),
    )
    .hint("Take the mention out, or correct it.")
}

fn file(workspace: &Workspace, path: &str) -> Result<Read, Failure> {
    let read = workspace
        .read(path)
        .map_err(|refusal| unreadable(path, &refusal))?;
    if files::is_binary(&read.bytes) {
        return Err(Failure::new(
            Code::BadParams,
            format!("{path} is mentioned and is no text."),
        )
        .hint("Attach it if it is an image; else name it without the @."));
    }
    Ok(Read {
        name: read.path.shown(),
        text: String::from_utf8_lossy(&read.bytes).into_owned(),
        dropped: None,
        keep_end: false,
    })
}

fn folder(workspace: &Workspace, path: &str) -> Result<Read, Failure> {
    let listing = workspace
        .list(path, FOLDER_DEPTH, None, MAX_ENTRIES)
        .map_err(|refusal| unreadable(path, &refusal))?;
    let lines = listing.entries.iter().map(|entry| {
        let folder = if entry.is_dir { "/" } else { "" };
        let ignored = if entry.ignored { "  (ignored)" } else { "" };
        format!("{}{folder}{ignored}\n", entry.path)
    });
    Ok(Read {
        name: format!("{}/", path.trim_end_matches('/')),
        text: lines.collect(),
        dropped: listing
            .truncated
            .then(|| format!("entries after the first {MAX_ENTRIES}")),
        keep_end: false,
    })
}

fn unreadable(path: &str, refusal: &mira_workspace::Refusal) -> Failure {
    Failure::new(
        Code::BadParams,
        format!("{path} is mentioned and cannot be read: {refusal}"),
    )
    .hint("Take the mention out, or correct it.")
}

fn described(root: &std::path::Path, commit: String) -> Result<Read, Failure> {
    let shown: String = commit.chars().take(10).collect();
    let found = mira_git::commit(root, &commit).map_err(|error| {
        Failure::new(
            Code::BadParams,
            format!("The commit {shown} is mentioned and cannot be read: {error}"),
        )
        .hint("Take the mention out, or correct it.")
    })?;
    let target = Target::Commit {
        commit: found.hash.clone(),
    };
    let diff = mira_git::diff(root, &target, None, MAX_BYTES)
        .map_err(|error| Failure::new(Code::BadParams, error.to_string()))?;
    let short = &found.hash[..found.hash.len().min(8)];
    Ok(Read {
        name: format!("commit {short} {}", found.subject),
        text: format!(
            "commit {}\nAuthor: {} <{}>\n\n{}\n{}\n\n{}",
            found.hash, found.author, found.email, found.subject, found.body, diff.text
        ),
        dropped: diff.truncated.then(|| "the end of its diff".to_owned()),
        keep_end: false,
    })
}

/// What was asked and answered, oldest first.
fn told(events: &[StoredEvent]) -> String {
    let mut text = String::new();
    for event in events {
        match &event.kind {
            EventKind::UserMessage { content, .. } => {
                text += &format!("## The developer\n{content}\n\n");
            }
            EventKind::AssistantMessage {
                content,
                superseded: false,
                ..
            } => {
                text += &format!("## Mira\n{}\n\n", truncate::line(content, MAX_ANSWER_CHARS));
            }
            EventKind::OperationFinished { changes, .. } if !changes.is_empty() => {
                let paths: Vec<&str> = changes.iter().map(|change| change.path.as_str()).collect();
                text += &format!("[Changed: {}]\n\n", paths.join(", "));
            }
            _ => {}
        }
    }
    text
}
