//! What is known of each open project's code: one index a project, made when it is first asked
//! for, kept up to date in the background, closed with the project.
//!
//! Nothing here runs before somebody asks about code, the model's tools included, so that a turn's
//! first token never waits for it. Questions are answered from what was read so far; the answer's notes say what is
//! missing.

mod agreement;
mod answers;
mod commits;
mod insight;
mod judged;
mod keep;
mod meaning;
mod messages;
pub(crate) mod naming;
mod overview;
mod places;
mod port;
mod quality;
mod related;
mod search;
mod told;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use mira_index::{Index, IndexError};
use mira_protocol::project::Project;
use mira_protocol::{Code, Failure, ProjectId};
use mira_secrets::Masker;
use mira_store::Store;
use mira_workspace::{Access, Blobs, Workspace};
use tokio::sync::{Mutex, Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::changes::{blocking, refused};
use crate::events::EventLog;
use crate::failure::internal;
use crate::files::existing;
use crate::gitview::GitView;
use crate::projects::Projects;
use crate::vectors::Vectors;
pub(crate) use port::ForTools;

/// The folder under the data directory where indexes lie, one folder a project.
const FOLDER: &str = "index";
/// So much of a text is looked through for secrets.
const MOST_MASKED_BYTES: usize = 1_000_000;

/// Cheap to clone.
#[derive(Clone)]
pub struct Knowledge(Arc<Inner>);

struct Inner {
    store: Store,
    events: EventLog,
    projects: Projects,
    git: GitView,
    blobs: Arc<Blobs>,
    data_dir: PathBuf,
    held: Mutex<HashMap<ProjectId, Arc<Held>>>,
    vectors: Vectors,
    /// Rises when the person says yes to what a model costs, or changes what may be spent.
    agreed: watch::Sender<u64>,
    /// One project at a time is looked into.
    looking: Semaphore,
    closed: CancellationToken,
    tasks: TaskTracker,
}

/// An open index.
pub(crate) struct Held {
    pub project: Project,
    pub index: Index,
    /// Anew where the settings of vectors change.
    sense: RwLock<Arc<meaning::Sense>>,
    look: insight::Look,
    commits: commits::Reading,
    messages: messages::Heard,
    /// Ends the request that names parts of it, while one runs.
    naming: std::sync::Mutex<Option<CancellationToken>>,
    /// Looked at the whole project since it was opened.
    fresh: watch::Sender<bool>,
    /// Look again.
    again: Notify,
    closed: CancellationToken,
}

impl Held {
    pub fn is_fresh(&self) -> bool {
        *self.fresh.borrow()
    }

    /// Returns once the whole project was looked at.
    async fn until_fresh(&self) {
        // An error says that the sender is gone; it lives as long as this.
        let _ = self.fresh.subscribe().wait_for(|fresh| *fresh).await;
    }
}

impl Knowledge {
    pub fn new(
        store: Store,
        events: EventLog,
        projects: Projects,
        git: GitView,
        blobs: Arc<Blobs>,
        vectors: Vectors,
        data_dir: &Path,
    ) -> Self {
        let knowledge = Self(Arc::new(Inner {
            store,
            events,
            projects,
            git,
            blobs,
            data_dir: data_dir.to_owned(),
            held: Mutex::default(),
            vectors,
            agreed: watch::Sender::new(0),
            looking: Semaphore::new(1),
            closed: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }));
        knowledge.follow_edits();
        knowledge
    }

    /// The index of a project; opened, and begun to be brought up to date, the first time.
    pub(crate) async fn of(&self, id: &ProjectId) -> Result<Arc<Held>, Failure> {
        let mut held = self.0.held.lock().await;
        if let Some(held) = held.get(id) {
            return Ok(held.clone());
        }
        if self.0.closed.is_cancelled() {
            return Err(Failure::new(Code::Cancelled, "Mira is ending."));
        }
        let opened = Arc::new(self.open(id).await?);
        held.insert(id.clone(), opened.clone());
        self.keep_up(opened.clone());
        Ok(opened)
    }

    /// The index of a project if somebody asked for it before; opens nothing.
    pub(crate) async fn opened(&self, id: &ProjectId) -> Option<Arc<Held>> {
        self.0.held.lock().await.get(id).cloned()
    }

    async fn open(&self, id: &ProjectId) -> Result<Held, Failure> {
        let project = existing(&self.0.projects, id).await?;
        let root = PathBuf::from(&project.path);
        let (blobs, protected) = (self.0.blobs.clone(), vec![self.0.data_dir.clone()]);
        let workspace =
            blocking(move || Workspace::open(&root, Access::Read, blobs, protected)).await?;
        let parts = self.0.vectors.parts().await;
        let index = Index::open(&self.database(id), workspace.map_err(refused)?)
            .await
            .map_err(from_index)?;
        Ok(Held {
            sense: RwLock::new(Arc::new(
                meaning::Sense::new(parts, &index, id, self.texts()).await,
            )),
            project,
            index,
            look: insight::Look::new(),
            commits: commits::Reading::new(),
            messages: messages::Heard::new(),
            naming: std::sync::Mutex::default(),
            fresh: watch::Sender::new(false),
            again: Notify::new(),
            closed: self.0.closed.child_token(),
        })
    }

    fn database(&self, id: &ProjectId) -> PathBuf {
        let folder = self.0.data_dir.join(FOLDER).join(&id.0);
        folder.join("index.db")
    }

    /// Closes the index of a project that was forgotten, and removes it: it can be made again.
    pub async fn forget(&self, id: &ProjectId) {
        let held = self.0.held.lock().await.remove(id);
        if let Some(held) = held {
            held.closed.cancel();
        }
        if let Err(error) = self.0.vectors.forget("project", &id.0).await {
            tracing::warn!(%error, "the vectors of a forgotten project were not removed");
        }
        let Some(folder) = self.database(id).parent().map(Path::to_owned) else {
            return;
        };
        let removed = blocking(move || match folder.exists() {
            true => std::fs::remove_dir_all(&folder),
            false => Ok(()),
        });
        if let Ok(Err(error)) = removed.await {
            tracing::warn!(%error, "the code index of a forgotten project was not removed");
        }
    }

    /// Ends what runs; what was read so far stays.
    pub async fn shutdown(&self) {
        self.0.closed.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.held.lock().await.clear();
    }
}

/// Text without secrets, cut. Masked first: half a secret is none that is known.
fn masked(masker: &Masker, text: &str, most_bytes: usize) -> String {
    let masked = masker.mask(&text[..text.floor_char_boundary(MOST_MASKED_BYTES)]);
    masked[..masked.floor_char_boundary(most_bytes)].to_owned()
}

/// Why a search went by words alone, for whoever asked.
fn by_words(why: &str, hint: &str) -> String {
    let note = format!("searched by words, not by meaning: {why}. {hint}");
    note.trim_end().to_owned()
}

/// The index's errors as what a client is told.
pub(crate) fn from_index(error: IndexError) -> Failure {
    match error {
        IndexError::Project(refusal) => refused(refusal),
        IndexError::Unsuitable(text) => Failure::new(Code::BadParams, text),
        IndexError::Cancelled => Failure::new(Code::Cancelled, "Cancelled."),
        IndexError::Vectors(error) => internal(&error).hint(error.hint()),
        error @ (IndexError::Io { .. } | IndexError::Sql(_) | IndexError::Broken(_)) => {
            internal(error).hint(
                "The code index holds nothing of its own: remove the folder `index` in Mira's data \
                 directory, and it is made again.",
            )
        }
    }
}
