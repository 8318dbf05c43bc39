//! Sessions: list, name, copy, take away and bring back, export.

mod export;
mod export_html;

use mira_protocol::session::{
    CreateSession, ExportSession, ExportedSession, ForkSession, LastSession, ListSessions,
    MaybeSession, PinSession, RenameSession, Session, SessionList, SessionRef,
};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, EventKind, Failure, SessionId, StoredEvent, Topic};
use mira_store::{NewSession, Store};

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;

const LONGEST_NAME: usize = 200;
/// Events read at a time.
const PAGE: u32 = 5_000;

/// Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    store: Store,
    events: EventLog,
}

impl Sessions {
    pub fn new(store: Store, events: EventLog) -> Self {
        Self { store, events }
    }

    pub async fn create(&self, request: CreateSession) -> Result<Session, Failure> {
        if let Some(project) = &request.project_id {
            self.store.project(project).await.map_err(from_store)?;
        }
        let new = NewSession {
            id: SessionId::new(),
            project_id: request.project_id,
            name: request
                .name
                .as_deref()
                .map(checked_name)
                .transpose()?
                .unwrap_or_default(),
            kind: request.kind,
            created_at: now_ms(),
        };
        self.store.create_session(&new).await.map_err(from_store)?;
        self.changed(&new.id).await
    }

    pub async fn list(&self, request: ListSessions) -> Result<SessionList, Failure> {
        let (sessions, total) = self.store.sessions(&request).await.map_err(from_store)?;
        Ok(SessionList { sessions, total })
    }

    /// A session, also a deleted one (marked as such).
    pub async fn get(&self, request: SessionRef) -> Result<Session, Failure> {
        self.store
            .session(&request.session_id)
            .await
            .map_err(from_store)
    }

    pub async fn last(&self, request: LastSession) -> Result<MaybeSession, Failure> {
        let session = self
            .store
            .last_session(request.project_id.as_ref())
            .await
            .map_err(from_store)?;
        Ok(MaybeSession { session })
    }

    /// The person's name for it; no made title replaces that.
    pub async fn rename(&self, request: RenameSession) -> Result<Session, Failure> {
        let renamed = EventKind::Renamed {
            name: checked_name(&request.name)?,
            by_person: true,
        };
        self.events
            .append(&request.session_id, None, renamed)
            .await?;
        self.changed(&request.session_id).await
    }

    pub async fn pin(&self, request: PinSession) -> Result<Session, Failure> {
        let PinSession { session_id, pinned } = request;
        self.store
            .pin_session(&session_id, pinned)
            .await
            .map_err(from_store)?;
        self.changed(&session_id).await
    }

    /// Hides it from lists and searches; everything stays stored, and `restore` brings it back.
    pub async fn delete(&self, request: SessionRef) -> Result<Nothing, Failure> {
        self.set_deleted(&request.session_id, true).await?;
        Ok(Nothing {})
    }

    pub async fn restore(&self, request: SessionRef) -> Result<Session, Failure> {
        self.set_deleted(&request.session_id, false).await
    }

    /// A new session that begins as a copy; files on disk are not touched.
    pub async fn fork(&self, request: ForkSession) -> Result<Session, Failure> {
        let ForkSession {
            session_id: source,
            up_to_seq,
            name,
        } = request;
        let original = self.store.session(&source).await.map_err(from_store)?;
        let name = match name {
            Some(name) => Some(checked_name(&name)?),
            // Two of the same name could not be told apart.
            None if !original.name.is_empty() => Some(format!("{} (fork)", original.name)),
            None => None,
        };
        if let Some(seq) = up_to_seq.filter(|seq| *seq > original.last_seq) {
            return Err(Failure::new(
                Code::BadParams,
                format!(
                    "The session has no event {seq}; its last is {}.",
                    original.last_seq
                ),
            ));
        }
        let fork = SessionId::new();
        self.store
            .fork_session(&source, &fork, up_to_seq, name.as_deref(), now_ms())
            .await
            .map_err(from_store)?;
        self.changed(&fork).await
    }

    pub async fn export(&self, request: ExportSession) -> Result<ExportedSession, Failure> {
        let session = self
            .store
            .session(&request.session_id)
            .await
            .map_err(from_store)?;
        let events = self.all_events(&request.session_id).await?;
        let home = std::env::home_dir().map(|home| home.to_string_lossy().into_owned());
        export::export(
            &session,
            &events,
            request.format,
            home.as_deref(),
            self.events.masker(),
        )
    }

    async fn all_events(&self, id: &SessionId) -> Result<Vec<StoredEvent>, Failure> {
        let mut events: Vec<StoredEvent> = Vec::new();
        loop {
            let since = events.last().map_or(0, |event| event.seq);
            let page = self
                .store
                .events_since(id, since, PAGE)
                .await
                .map_err(from_store)?;
            if page.is_empty() {
                return Ok(events);
            }
            events.extend(page);
        }
    }

    async fn set_deleted(&self, id: &SessionId, deleted: bool) -> Result<Session, Failure> {
        let at = deleted.then(now_ms);
        self.store
            .set_session_deleted(id, at)
            .await
            .map_err(from_store)?;
        self.changed(id).await
    }

    async fn changed(&self, id: &SessionId) -> Result<Session, Failure> {
        self.events.topic(Topic::Sessions);
        self.store.session(id).await.map_err(from_store)
    }
}

fn checked_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Failure::new(
            Code::BadParams,
            format!("A session's name is one line of 1 to {LONGEST_NAME} characters."),
        ));
    }
    Ok(name.to_owned())
}
