//! File changes of operations: shown, reviewed, taken back, brought again.
//!
//! For each path the store has the state before the operation and the one after it, and what the
//! person made of it. From those follows what must be on disk now ([`Row::on_disk`]); whatever
//! else is there somebody else wrote, and it is not touched.

mod checkpoints;
mod renames;
mod retention;
mod review;
mod rewind;
mod session;
mod shown;
mod standing;
mod undo;
mod versions;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use mira_protocol::change::{ChangeSet, Review, ReviewMark, UndoReport, UndoRequest};
use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::operation::OperationRef;
use mira_protocol::{
    CheckpointId, Code, EventKind, Failure, OperationId, ProjectId, SessionId, Topic,
};
use mira_store::{
    Checkpoint, CheckpointFile, FileBeforeAfter, Restore, RowState, Scope, Step, Store,
};
use mira_workspace::{
    Access, Blobs, Change, Direction, Entry, Hash, Journals, Plan, Refusal, Workspace, diff,
};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::{from_store, internal};
use crate::projects::Projects;
use crate::settings::SettingsHandle;
use standing::Standing;

pub use retention::InUse;

pub(crate) use shown::pending;
pub(crate) use versions::{Side, told};

/// Cheap to clone.
#[derive(Clone)]
pub struct Changes {
    store: Store,
    events: EventLog,
    projects: Projects,
    blobs: Arc<Blobs>,
    settings: SettingsHandle,
    journals: Arc<Journals>,
    /// Contents that running commands and restores rely on must not be swept away.
    in_use: InUse,
    /// Held while files are put into another state, and that is noted.
    one: Arc<Mutex<()>>,
}

/// What an operation did to a path, and what became of it.
#[derive(Clone)]
struct Row {
    change: Change,
    mark: ReviewMark,
    kept: Vec<String>,
    rejected: Vec<String>,
    undone: bool,
    standing: Option<Standing>,
}

/// An operation's changes with the project that they are in.
struct Reviewed {
    checkpoint: Checkpoint,
    rows: Vec<Row>,
    workspace: Arc<Workspace>,
    pruned: bool,
    /// Files that it moved: new path → old path. Found when first asked for.
    renames: OnceLock<BTreeMap<String, String>>,
}

/// A restore that is about to be made.
struct Wish {
    session: SessionId,
    project: Option<ProjectId>,
    operation: Option<OperationId>,
    kind: CheckpointKind,
    title: String,
    marks: Option<Value>,
}

impl Changes {
    pub fn new(
        store: Store,
        events: EventLog,
        projects: Projects,
        blobs: Arc<Blobs>,
        settings: SettingsHandle,
        in_use: InUse,
    ) -> Result<Self, Failure> {
        let folder = settings.current().data_dir.join("restores");
        Ok(Self {
            store,
            events,
            projects,
            blobs,
            settings,
            journals: Arc::new(Journals::open(&folder).map_err(refused)?),
            in_use,
            one: Arc::default(),
        })
    }

    /// Takes restores back that were under way when the engine was killed; those that had been
    /// noted stay. Called before anything new runs.
    pub async fn recover(&self) -> Result<(), Failure> {
        for journal in self.journals.pending() {
            let noted = self.store.knows_journal(&journal.name).await;
            if noted.map_err(from_store)? {
                journal.tidy();
                journal.close();
                continue;
            }
            let opened = Workspace::open(&journal.root, Access::System, self.blobs.clone(), vec![]);
            let Ok(workspace) = opened else {
                // The project is not there now; it may be again at the next start.
                continue;
            };
            let left = blocking(move || {
                let left = workspace.roll_back(&journal).left;
                journal.close();
                left
            })
            .await?;
            for path in left {
                tracing::warn!(path, "changed by others while a restore was taken back");
            }
        }
        Ok(())
    }

    /// What an operation did to files, as it is on disk now.
    pub async fn of(&self, request: OperationRef) -> Result<ChangeSet, Failure> {
        let operation_id = request.operation_id;
        match self.load(&operation_id).await? {
            None => Ok(ChangeSet {
                operation_id,
                undone: false,
                files: vec![],
                not_covered: vec![],
                pruned: false,
            }),
            Some(reviewed) => blocking(move || reviewed.shown()).await?,
        }
    }

    /// Keeps or rejects a file or a hunk; what is rejected leaves the disk at once.
    pub async fn review(&self, request: Review) -> Result<ChangeSet, Failure> {
        let _one = self.one.lock().await;
        self.check_ended(&request.operation_id).await?;
        let Some(reviewed) = self.load(&request.operation_id).await? else {
            return Err(not_changed(&request.path));
        };
        let Checkpoint {
            session_id,
            project_id,
            ..
        } = reviewed.checkpoint.clone();
        let asked = request.clone();
        let (reviewed, asked) = blocking(move || {
            let mut reviewed = reviewed;
            reviewed.review(&asked).map(|asked| (reviewed, asked))
        })
        .await??;
        let Review {
            operation_id,
            path,
            hunk,
            mark,
            ..
        } = request;
        let event = EventKind::Reviewed {
            operation_id: operation_id.clone(),
            path: path.clone(),
            hunk,
            mark,
        };
        let wish = Wish {
            session: session_id.clone(),
            project: project_id.clone(),
            operation: Some(operation_id),
            kind: CheckpointKind::Review,
            title: format!("review of {path}"),
            marks: None,
        };
        self.carry_out(&reviewed.workspace, wish, asked.plan, asked.rows, |_| event)
            .await?;
        self.stale(&session_id, project_id.as_ref());
        blocking(move || reviewed.shown()).await?
    }

    /// Takes an operation's changes back.
    pub async fn undo(&self, request: UndoRequest) -> Result<UndoReport, Failure> {
        self.restore(request, Direction::Undo).await
    }

    /// Brings changes that were taken back again.
    pub async fn redo(&self, request: UndoRequest) -> Result<UndoReport, Failure> {
        self.restore(request, Direction::Redo).await
    }

    /// The operation that is meant: the one named, else the newest one there is something to do
    /// for.
    async fn target(
        &self,
        request: &UndoRequest,
        direction: Direction,
    ) -> Result<OperationId, Failure> {
        if let Some(id) = &request.operation_id {
            return Ok(id.clone());
        }
        let scope = match (&request.session_id, &request.project_path) {
            (Some(session), _) => Scope::Session(session.clone()),
            (None, Some(path)) => self.project_at(path).await?,
            (None, None) => {
                return Err(Failure::new(
                    Code::BadParams,
                    "Neither an operation, a session nor a project was named.",
                ));
            }
        };
        let (found, word) = match direction {
            Direction::Undo => (self.store.next_undo(&scope).await, "undo"),
            Direction::Redo => (self.store.next_redo(&scope).await, "redo"),
        };
        found.map_err(from_store)?.ok_or_else(|| {
            let place = if request.session_id.is_some() {
                "session"
            } else {
                "project"
            };
            Failure::new(
                Code::NotFound,
                format!("There is nothing to {word} in this {place}."),
            )
        })
    }

    /// The project of a folder, or the nearest one above it.
    async fn project_at(&self, path: &str) -> Result<Scope, Failure> {
        let folder = Path::new(path);
        let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        let projects = self.projects.list().await?.projects;
        projects
            .into_iter()
            .filter(|project| folder.starts_with(&project.path))
            .max_by_key(|project| project.path.len())
            .map(|project| Scope::Project(project.id))
            .ok_or_else(|| {
                Failure::new(
                    Code::NotFound,
                    format!("{path} is not in a project that Mira knows."),
                )
                .hint("Name the folder that the operation worked in.")
            })
    }

    /// Files are left alone while their operation may still write them.
    async fn check_ended(&self, id: &OperationId) -> Result<(), Failure> {
        let row = self.store.operation(id).await.map_err(from_store)?;
        if row.operation.state.is_terminal() {
            return Ok(());
        }
        Err(Failure::new(
            Code::Conflict,
            "The operation is still running, so its changes cannot be taken back or reviewed yet.",
        )
        .hint("Wait until it ends, or cancel it first."))
    }

    /// None: the operation changed nothing.
    async fn load(&self, id: &OperationId) -> Result<Option<Reviewed>, Failure> {
        let Some((checkpoint, files)) = self.store.checkpoint(id).await.map_err(from_store)? else {
            // Tells an operation that does not exist from one that changed nothing.
            self.store.operation(id).await.map_err(from_store)?;
            return Ok(None);
        };
        let rows = files
            .into_iter()
            .map(Row::new)
            .collect::<Result<Vec<_>, _>>()?;
        let Some(project) = &checkpoint.project_id else {
            return Err(internal("the changes belong to no project"));
        };
        let project = self.projects.get_by_id(project).await?;
        // Paths outside were written under an access that the person gave then.
        let outside = rows.iter().any(|row| row.change.path.starts_with('/'));
        let access = if outside {
            Access::System
        } else {
            Access::Project
        };
        let workspace =
            Workspace::open(Path::new(&project.path), access, self.blobs.clone(), vec![])
                .map_err(refused)?;
        Ok(Some(Reviewed {
            pruned: self.store.is_given_up(id).await.map_err(from_store)?,
            checkpoint,
            rows,
            workspace,
            renames: OnceLock::new(),
        }))
    }

    /// Does what a plan says, guarded by a journal, and notes it with the event that tells of it.
    async fn carry_out(
        &self,
        workspace: &Arc<Workspace>,
        wish: Wish,
        plan: Plan,
        rows: Vec<RowState>,
        event: impl FnOnce(Option<CheckpointId>) -> EventKind + Send,
    ) -> Result<Option<CheckpointId>, Failure> {
        let _in_use = self.in_use.clone().read_owned().await;
        let changes = plan.changes();
        let files = before_after(&changes)?;
        let (on, journals) = (workspace.clone(), self.journals.clone());
        let journal = match changes.is_empty() {
            true => None,
            false => {
                blocking(move || on.carry_out(&plan, Some(&journals)).map_err(refused)).await??
            }
        };
        let restore = Restore {
            step: Step {
                session_id: wish.session,
                project_id: wish.project,
                operation_id: wish.operation,
                call_id: None,
                kind: wish.kind,
                title: wish.title,
                at: now_ms(),
                not_covered: vec![],
                marks: wish.marks,
                journal: journal.as_ref().map(|journal| journal.name.clone()),
            },
            files,
            rows,
        };
        let noted = self.events.record_restore(&restore, event).await;
        let Some(journal) = journal else { return noted };
        if noted.is_err() {
            // Not noted is not done.
            let on = workspace.clone();
            blocking(move || {
                on.roll_back(&journal);
                journal.close();
            })
            .await?;
        } else {
            journal.close();
        }
        self.events.topic(Topic::Checkpoints);
        noted
    }

    fn stale(&self, session: &SessionId, project: Option<&ProjectId>) {
        self.events.topic(Topic::Changes {
            session_id: session.clone(),
        });
        if let Some(project_id) = project {
            self.events.topic(Topic::Files {
                project_id: project_id.clone(),
            });
            self.events.topic(Topic::Git {
                project_id: project_id.clone(),
            });
        }
    }
}

impl Reviewed {
    /// What the operation and the person's review left of a path, whether it is undone or not.
    /// Content that a review made is stored.
    fn reviewed(&self, row: &Row) -> Result<Option<Entry>, Failure> {
        if row.mark == ReviewMark::Rejected {
            return Ok(row.change.before);
        }
        let Some(after) = row.change.after.filter(|_| !row.rejected.is_empty()) else {
            return Ok(row.change.after);
        };
        let (before, content) = (self.content(self.base(row)?)?, self.content(Some(after))?);
        let merged = diff::apply_hunks(&before, &content, &row.rejected);
        let hash = self.workspace.blobs().put(&merged).map_err(refused)?;
        Ok(Some(Entry {
            hash,
            size: merged.len() as u64,
            ..after
        }))
    }

    /// What the row's hunks start from: the state before, or where it was moved, the old file's.
    fn base(&self, row: &Row) -> Result<Option<Entry>, Failure> {
        if row.change.before.is_some() {
            return Ok(row.change.before);
        }
        let Some(old) = self.renamed_from(row)? else {
            return Ok(None);
        };
        let old = self.rows.iter().find(|row| row.change.path == old);
        Ok(old.and_then(|row| row.change.before))
    }

    /// The path that a new file had before.
    fn renamed_from(&self, row: &Row) -> Result<Option<String>, Failure> {
        Ok(self.renames()?.get(&row.change.path).cloned())
    }

    fn renames(&self) -> Result<&BTreeMap<String, String>, Failure> {
        if let Some(known) = self.renames.get() {
            return Ok(known);
        }
        let found = match self.pruned {
            true => BTreeMap::new(),
            false => renames::find(&self.rows, |entry| self.content(entry))?,
        };
        Ok(self.renames.get_or_init(|| found))
    }

    /// What must be on disk now.
    fn on_disk(&self, row: &Row) -> Result<Option<Entry>, Failure> {
        match &row.standing {
            Some(standing) => Ok(standing.now),
            None if row.undone => Ok(row.change.before),
            None => self.reviewed(row),
        }
    }

    fn content(&self, entry: Option<Entry>) -> Result<Vec<u8>, Failure> {
        let Some(Entry { hash, .. }) = entry else {
            return Ok(vec![]);
        };
        if hash == Hash::of(b"") {
            return Ok(vec![]);
        }
        self.workspace
            .blobs()
            .get(hash)
            .map_err(refused)?
            .ok_or_else(|| {
                Failure::new(
                    Code::Internal,
                    "A file's earlier content is no longer stored.",
                )
            })
    }
}

impl Row {
    fn new(file: CheckpointFile) -> Result<Self, Failure> {
        let change = change_of(FileBeforeAfter {
            path: file.path,
            before: file.before,
            after: file.after,
        })?;
        let standing = file.standing.map(serde_json::from_value).transpose();
        Ok(Self {
            change,
            mark: file.mark,
            kept: file.kept_hunks,
            rejected: file.rejected_hunks,
            undone: file.undone,
            standing: standing.map_err(internal)?,
        })
    }
}

/// Changes as the store keeps them.
pub(crate) fn before_after(changes: &[Change]) -> Result<Vec<FileBeforeAfter>, Failure> {
    let value = |entry: &Option<Entry>| entry.map(serde_json::to_value).transpose();
    let of = |change: &Change| {
        Ok(FileBeforeAfter {
            path: change.path.clone(),
            before: value(&change.before)?,
            after: value(&change.after)?,
        })
    };
    changes
        .iter()
        .map(of)
        .collect::<Result<_, serde_json::Error>>()
        .map_err(internal)
}

/// The same back.
pub(crate) fn change_of(file: FileBeforeAfter) -> Result<Change, Failure> {
    let entry = |value: Option<Value>| value.map(serde_json::from_value).transpose();
    Ok(Change {
        path: file.path,
        before: entry(file.before).map_err(internal)?,
        after: entry(file.after).map_err(internal)?,
    })
}

/// Paths as changes name them.
fn normal(paths: Vec<String>) -> Vec<String> {
    paths
        .into_iter()
        .map(|path| {
            path.trim_start_matches("./")
                .trim_end_matches('/')
                .to_owned()
        })
        .collect()
}

fn not_changed(path: &str) -> Failure {
    Failure::new(
        Code::NotFound,
        format!("The operation did not change {path}."),
    )
}

/// A refusal of the workspace, as a client is told.
pub(crate) fn refused(refusal: Refusal) -> Failure {
    let code = match refusal {
        Refusal::Denied(_) => Code::Refused,
        Refusal::Missing(_) => Code::NotFound,
        Refusal::Unsuitable(_) => Code::BadParams,
        Refusal::Broken(_) => Code::Internal,
        Refusal::Cancelled => Code::Cancelled,
    };
    Failure::new(code, refusal.to_string())
}

/// Runs `work`, which reads and writes files, beside the runtime.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(internal)
}
