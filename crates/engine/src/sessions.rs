//! Sessions: conversations, listed, named, searched, copied, exported.

mod export;

use mira_protocol::session::{
    CreateSession, ExportSession, ExportedSession, ForkSession, LastSession, ListSessions, MaybeSession,
    PinSession, RenameSession, SearchHits, SearchSessions, Session, SessionList, SessionRef,
};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, EventKind, Failure, SessionId, Topic};
use mira_store::{NewSession, Store};

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;

/// The longest name, in characters.
const MAX_NAME_CHARS: usize = 200;

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
        let name = request.name.as_deref().map(checked_name).transpose()?.unwrap_or_default();
        if let Some(project) = &request.project_id {
            self.store.project(project).await.map_err(from_store)?;
        }
        let new = NewSession {
            id: SessionId::new(),
            project_id: request.project_id,
            name,
            kind: request.kind,
            created_at: now_ms(),
        };
        self.store.create_session(&new).await.map_err(from_store)?;
        self.events.topic(Topic::Sessions);
        self.session(&new.id).await
    }

    pub async fn list(&self, request: ListSessions) -> Result<SessionList, Failure> {
        let (sessions, total) = self.store.sessions(&request).await.map_err(from_store)?;
        Ok(SessionList { sessions, total })
    }

    pub async fn get(&self, request: SessionRef) -> Result<Session, Failure> {
        self.session(&request.session_id).await
    }

    pub async fn last(&self, request: LastSession) -> Result<MaybeSession, Failure> {
        let session = self.store.last_session(request.project_id.as_ref()).await.map_err(from_store)?;
        Ok(MaybeSession { session })
    }

    pub async fn search(&self, request: SearchSessions) -> Result<SearchHits, Failure> {
        let hits = self.store.search(&request).await.map_err(from_store)?;
        Ok(SearchHits { hits })
    }

    pub async fn rename(&self, request: RenameSession) -> Result<Session, Failure> {
        let name = checked_name(&request.name)?;
        if name.is_empty() {
            return Err(Failure::new(Code::BadParams, "A session's name is not empty."));
        }
        let renamed = EventKind::Renamed { name, by_person: true };
        self.events.append(&request.session_id, None, renamed).await?;
        self.events.topic(Topic::Sessions);
        self.session(&request.session_id).await
    }

    pub async fn pin(&self, request: PinSession) -> Result<Session, Failure> {
        self.store.pin_session(&request.session_id, request.pinned).await.map_err(from_store)?;
        self.events.topic(Topic::Sessions);
        self.session(&request.session_id).await
    }

    /// Out of sight, nothing is lost: `restore` brings it back.
    pub async fn delete(&self, request: SessionRef) -> Result<Nothing, Failure> {
        self.store.set_session_deleted(&request.session_id, Some(now_ms())).await.map_err(from_store)?;
        self.events.topic(Topic::Sessions);
        Ok(Nothing {})
    }

    pub async fn restore(&self, request: SessionRef) -> Result<Session, Failure> {
        self.store.set_session_deleted(&request.session_id, None).await.map_err(from_store)?;
        self.events.topic(Topic::Sessions);
        self.session(&request.session_id).await
    }

    pub async fn fork(&self, request: ForkSession) -> Result<Session, Failure> {
        let source = self.session(&request.session_id).await?;
        let name = match &request.name {
            Some(name) => checked_name(name)?,
            None if source.name.is_empty() => String::new(),
            None => format!("{} (fork)", source.name),
        };
        let fork = SessionId::new();
        let name = (!name.is_empty()).then_some(name);
        self.store
            .fork_session(&source.id, &fork, request.up_to_seq, name.as_deref(), now_ms())
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Sessions);
        self.session(&fork).await
    }

    pub async fn export(&self, request: ExportSession) -> Result<ExportedSession, Failure> {
        let session = self.session(&request.session_id).await?;
        let mut events = Vec::new();
        loop {
            let since = events.last().map_or(0, |event: &mira_protocol::StoredEvent| event.seq);
            let page = self.store.events_since(&session.id, since, 5_000).await.map_err(from_store)?;
            if page.is_empty() {
                break;
            }
            events.extend(page);
        }
        export::export(&session, &events, request.format)
    }

    async fn session(&self, id: &SessionId) -> Result<Session, Failure> {
        self.store.session(id).await.map_err(from_store)
    }
}

/// One line, not too long.
fn checked_name(name: &str) -> Result<String, Failure> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.chars().count() > MAX_NAME_CHARS {
        return Err(Failure::new(
            Code::BadParams,
            format!("A session's name has at most {MAX_NAME_CHARS} characters."),
        ));
    }
    Ok(name)
}
