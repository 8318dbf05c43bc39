//! Keeping indexes up to date, and telling that they changed.

use std::sync::Arc;
use std::time::Duration;

use mira_index::What;
use mira_protocol::{Event, EventKind, ProjectId, SessionId, StoredEvent, Topic};
use tokio::sync::broadcast::error::RecvError;

use super::{Held, Knowledge};

/// How often clients are told at most that an index changed.
const TELL_EVERY: Duration = Duration::from_millis(200);

impl Knowledge {
    /// Looks at the whole project now, follows changes from then on, and looks again whenever it is
    /// asked to, until it is closed.
    pub(super) fn keep_up(&self, held: Arc<Held>) {
        let (on, of) = (self.clone(), held.clone());
        self.0.tasks.spawn(async move { on.look(of).await });
        let (on, of) = (self.clone(), held.clone());
        self.0.tasks.spawn(async move { on.embed(of).await });
        let (on, of) = (self.clone(), held.clone());
        self.0.tasks.spawn(async move { on.look_into(of).await });
        let (on, of) = (self.clone(), held.clone());
        self.0
            .tasks
            .spawn(async move { on.follow_commits(of).await });
        let on = self.clone();
        self.0.tasks.spawn(async move { on.tell(held).await });
    }

    async fn look(&self, held: Arc<Held>) {
        let mut watch = None;
        while !held.closed.is_cancelled() {
            match held.index.sync(What::Whole, &held.closed).await {
                Ok(report) => tracing::debug!(?report, project = %held.project.id, "indexed"),
                Err(_) if held.closed.is_cancelled() => return,
                Err(error) => tracing::warn!(%error, "the code index is not up to date"),
            }
            held.fresh.send_replace(true);
            self.say(&held);
            watch.get_or_insert_with(|| held.index.watch());
            tokio::select! {
                () = held.again.notified() => {}
                () = held.closed.cancelled() => return,
            }
        }
    }

    /// One word to clients for many changes.
    async fn tell(&self, held: Arc<Held>) {
        let mut states = held.index.follow();
        loop {
            let changed = tokio::select! {
                changed = states.changed() => changed,
                () = held.closed.cancelled() => return,
            };
            if changed.is_err() {
                return;
            }
            self.say(&held);
            tokio::select! {
                () = tokio::time::sleep(TELL_EVERY) => {}
                () = held.closed.cancelled() => return,
            }
        }
    }

    pub(super) fn say(&self, held: &Held) {
        self.0.events.topic(Topic::Code {
            project_id: held.project.id.clone(),
        });
    }

    /// What Mira itself writes is found at once.
    pub(super) fn follow_edits(&self) {
        let (on, mut events) = (self.clone(), self.0.events.listen());
        self.0.tasks.spawn(async move {
            let closed = on.0.closed.clone();
            loop {
                let event = tokio::select! {
                    event = events.recv() => event,
                    () = closed.cancelled() => return,
                };
                match event {
                    Ok(event) => on.heard(&event).await,
                    Err(RecvError::Lagged(_)) => on.look_everywhere().await,
                    Err(RecvError::Closed) => return,
                }
            }
        });
    }

    async fn heard(&self, event: &Event) {
        match event {
            Event::Stored(stored) => {
                let paths = written(stored);
                if !paths.is_empty() {
                    self.written(&stored.session_id, paths).await;
                }
            }
            // Said with each beginning and end of an operation too.
            Event::Topic(Topic::Sessions) => self.listen_again().await,
            Event::Signal(_) | Event::Topic(_) => {}
        }
    }

    async fn written(&self, session: &SessionId, paths: Vec<String>) {
        if self.0.held.lock().await.is_empty() {
            return;
        }
        let Ok(session) = self.0.store.session(session).await else {
            return;
        };
        if let Some(project) = session.project_id {
            self.changed(&project, paths).await;
        }
    }

    /// Reads these files again before it returns, where the project's index is open.
    pub(crate) async fn changed(&self, project: &ProjectId, paths: Vec<String>) {
        let Some(held) = self.opened(project).await else {
            return;
        };
        if let Err(error) = held.index.sync(What::Paths(paths), &held.closed).await {
            tracing::debug!(%error, "written files are not indexed yet");
        }
    }

    async fn look_everywhere(&self) {
        for held in self.0.held.lock().await.values() {
            held.again.notify_one();
            held.messages.change();
        }
    }

    async fn listen_again(&self) {
        for held in self.0.held.lock().await.values() {
            held.messages.change();
        }
    }
}

/// The files that a step wrote.
fn written(event: &StoredEvent) -> Vec<String> {
    match &event.kind {
        EventKind::ToolResult { changes, .. } => {
            changes.iter().map(|change| change.path.clone()).collect()
        }
        EventKind::Undone { paths, .. } | EventKind::Rewound { paths, .. } => paths.clone(),
        EventKind::Reviewed { path, .. } => vec![path.clone()],
        _ => Vec::new(),
    }
}
