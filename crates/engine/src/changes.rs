//! File changes of operations: shown, reviewed, taken back, brought again.
//!
//! For each path the store has the state before the operation and the one after it, and what the
//! person made of it. From those follows what must be on disk now ([`Row::on_disk`]); whatever
//! else is there somebody else wrote, and it is not touched.

mod review;
mod shown;

use std::path::Path;
use std::sync::Arc;

use mira_protocol::change::{ChangeSet, Review, ReviewMark, UndoConflict, UndoReport, UndoRequest};
use mira_protocol::operation::OperationRef;
use mira_protocol::{Code, EventKind, Failure, OperationId, SessionId, Topic};
use mira_store::{Checkpoint, CheckpointFile, Scope, Store};
use mira_workspace::{
    Access, Blobs, Change, Direction, Entry, Hash, Refusal, RestoreReport, Workspace, diff,
};
use tokio::sync::Mutex;

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::{from_store, internal};
use crate::projects::Projects;

/// Cheap to clone.
#[derive(Clone)]
pub struct Changes {
    store: Store,
    events: EventLog,
    projects: Projects,
    blobs: Arc<Blobs>,
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
}

/// An operation's changes with the project that they are in.
struct Reviewed {
    checkpoint: Checkpoint,
    rows: Vec<Row>,
    workspace: Arc<Workspace>,
}

impl Changes {
    pub fn new(store: Store, events: EventLog, projects: Projects, blobs: Arc<Blobs>) -> Self {
        Self {
            store,
            events,
            projects,
            blobs,
            one: Arc::default(),
        }
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
        let (row, reviewed) = blocking(move || {
            let mut reviewed = reviewed;
            reviewed.review(&asked).map(|row| (row, reviewed))
        })
        .await??;
        let Review {
            operation_id,
            path,
            hunk,
            mark,
        } = request;
        self.store
            .mark_file(&operation_id, &path, row.mark, &row.kept, &row.rejected)
            .await
            .map_err(from_store)?;
        let event = EventKind::Reviewed {
            operation_id,
            path,
            hunk,
            mark,
        };
        self.events.append(&session_id, None, event).await?;
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

    async fn restore(
        &self,
        request: UndoRequest,
        direction: Direction,
    ) -> Result<UndoReport, Failure> {
        let _one = self.one.lock().await;
        let operation_id = self.target(&request, direction).await?;
        self.check_ended(&operation_id).await?;
        let Some(reviewed) = self.load(&operation_id).await? else {
            return Err(Failure::new(
                Code::NotFound,
                format!(
                    "The operation {operation_id} changed no file, so there is nothing to take back."
                ),
            ));
        };
        let undone = direction == Direction::Undo;
        let only = request.paths.map(normal);
        if only.as_ref().is_some_and(Vec::is_empty) {
            return Err(Failure::new(Code::BadParams, "`paths` names no path.")
                .hint("Leave `paths` out to take back the whole operation."));
        }
        let Checkpoint {
            session_id,
            project_id,
            ..
        } = reviewed.checkpoint.clone();
        let (report, flipped) =
            blocking(move || reviewed.restore(direction, only.as_deref())).await??;
        if !flipped.is_empty() {
            self.store
                .set_files_undone(&operation_id, &flipped, undone, now_ms())
                .await
                .map_err(from_store)?;
            let event = EventKind::Undone {
                operation_id: operation_id.clone(),
                undone,
                paths: report.restored.clone(),
            };
            self.events.append(&session_id, None, event).await?;
            self.stale(&session_id, project_id.as_ref());
        }
        let conflicts = report.conflicts.into_iter().map(|conflict| UndoConflict {
            path: conflict.path,
            reason: conflict.reason,
        });
        Ok(UndoReport {
            operation_id,
            session_id,
            paths: report.restored,
            conflicts: conflicts.collect(),
        })
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
            checkpoint,
            rows,
            workspace,
        }))
    }

    fn stale(&self, session: &SessionId, project: Option<&mira_protocol::ProjectId>) {
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
    /// Puts the files into their other state. Returns what was done, and all paths (folders too)
    /// that are in that state now.
    fn restore(
        &self,
        direction: Direction,
        only: Option<&[String]>,
    ) -> Result<(RestoreReport, Vec<String>), Failure> {
        let undone = direction == Direction::Undo;
        let open: Vec<&Row> = self
            .rows
            .iter()
            .filter(|row| row.undone != undone)
            .collect();
        if open.is_empty() {
            let word = if undone {
                "already taken back"
            } else {
                "in force"
            };
            return Err(Failure::new(
                Code::Conflict,
                format!("The changes of this operation are {word}."),
            ));
        }
        let changes: Vec<Change> = open
            .iter()
            .map(|row| {
                Ok(Change {
                    after: self.reviewed(row)?,
                    ..row.change.clone()
                })
            })
            .collect::<Result<_, Failure>>()?;
        let mut report = self
            .workspace
            .restore(&changes, direction, only)
            .map_err(refused)?;
        // A wholly rejected file is on neither way: it is as it was before all the time.
        let untouched = |path: &str| {
            changes
                .iter()
                .any(|change| change.path == path && change.is_noop())
        };
        report
            .conflicts
            .retain(|conflict| !untouched(&conflict.path));
        if only.is_none() && !report.conflicts.is_empty() {
            return Ok((report, vec![]));
        }
        let mut flipped: Vec<String> = match only {
            None => open.iter().map(|row| row.change.path.clone()).collect(),
            Some(only) => report
                .restored
                .iter()
                .cloned()
                .chain(only.iter().filter(|path| untouched(path)).cloned())
                .collect(),
        };
        let files_left = open
            .iter()
            .any(|row| !row.change.is_dir() && !flipped.contains(&row.change.path));
        if !flipped.is_empty() && !files_left {
            flipped = open.iter().map(|row| row.change.path.clone()).collect();
        }
        Ok((report, flipped))
    }

    /// What the operation and the person's review left of a path, whether it is undone or not.
    /// Content that a review made is stored.
    fn reviewed(&self, row: &Row) -> Result<Option<Entry>, Failure> {
        if row.mark == ReviewMark::Rejected {
            return Ok(row.change.before);
        }
        let Some(after) = row.change.after.filter(|_| !row.rejected.is_empty()) else {
            return Ok(row.change.after);
        };
        let (before, content) = (self.content(row.change.before)?, self.content(Some(after))?);
        let merged = diff::apply_hunks(&before, &content, &row.rejected);
        let hash = self.workspace.blobs().put(&merged).map_err(refused)?;
        Ok(Some(Entry {
            hash,
            size: merged.len() as u64,
            ..after
        }))
    }

    /// What must be on disk now.
    fn on_disk(&self, row: &Row) -> Result<Option<Entry>, Failure> {
        if row.undone {
            Ok(row.change.before)
        } else {
            self.reviewed(row)
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
        let entry = |value: Option<serde_json::Value>| {
            value
                .map(serde_json::from_value::<Entry>)
                .transpose()
                .map_err(internal)
        };
        Ok(Self {
            change: Change {
                path: file.path,
                before: entry(file.before)?,
                after: entry(file.after)?,
            },
            mark: file.mark,
            kept: file.kept_hunks,
            rejected: file.rejected_hunks,
            undone: file.undone,
        })
    }
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
