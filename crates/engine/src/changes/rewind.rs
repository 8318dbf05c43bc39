//! Going back to a message or a call, and taking that back.
//!
//! Files: every step since then is gone through backwards, so that undos, reviews and earlier
//! rewinds count too. The conversation: events are hidden, never deleted.

mod conversation;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use mira_protocol::change::{ChangeKind, FileChangeSummary};
use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::rewind::{RewindReport, RewindRequest, RewindWhat, SeqRange, UnrewindRequest};
use mira_protocol::{
    CheckpointId, Code, EventKind, Failure, OperationId, ProjectId, SessionId, StoredEvent,
};
use mira_store::{RowState, StepFiles};
use mira_workspace::{Access, Change, Plan, Way, Workspace, diff};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::undo::{Answers, conflict, given_up, is_own};
use super::{Changes, Reviewed, Row, Standing, Wish, blocking, change_of, refused};
use crate::failure::{from_store, internal};
use conversation::Point;

/// Events read at a time.
const PAGE: u32 = 5_000;

/// A mark of an operation's file as it was before a rewind.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OldMark {
    operation_id: OperationId,
    path: String,
    undone: bool,
    standing: Option<Value>,
}

impl OldMark {
    pub(super) fn of(operation_id: &OperationId, row: &Row) -> Result<Self, Failure> {
        let standing = row.standing.as_ref().map(serde_json::to_value);
        Ok(Self {
            operation_id: operation_id.clone(),
            path: row.change.path.clone(),
            undone: row.undone,
            standing: standing.transpose().map_err(internal)?,
        })
    }

    pub(super) fn state(self) -> RowState {
        RowState {
            operation_id: self.operation_id,
            path: self.path,
            undone: self.undone,
            standing: self.standing,
            review: None,
        }
    }
}

/// What a rewind does to a session.
struct Rewind {
    session: SessionId,
    what: RewindWhat,
    to_seq: u64,
    hidden: Vec<SeqRange>,
    shown: Vec<SeqRange>,
    undoes_seq: Option<u64>,
    message: String,
    messages: u32,
    /// The steps that are gone back through, oldest first.
    steps: Vec<StepFiles>,
    /// Marks that come back, in place of those that follow from the steps.
    marks: Vec<OldMark>,
}

/// The files' part of a rewind, ready to be done.
struct FilesPart {
    workspace: Arc<Workspace>,
    project: ProjectId,
    plan: Plan,
    ways: Vec<Way>,
}

impl Changes {
    /// Goes back to before a message; files also to before any other event.
    pub async fn rewind(&self, request: RewindRequest) -> Result<RewindReport, Failure> {
        let _one = self.one.lock().await;
        let events = self.all_events(&request.session_id).await?;
        let point = Point::find(&events, &request)?;
        let steps = match request.what.files() {
            true => self.steps_from(&request.session_id, &point).await?,
            false => vec![],
        };
        let (hidden, messages) = match request.what.conversation() {
            true => point.hidden(&events, request.what),
            false => (vec![], 0),
        };
        let rewind = Rewind {
            session: request.session_id,
            what: request.what,
            to_seq: point.seq,
            hidden,
            shown: vec![],
            undoes_seq: None,
            message: point.message,
            messages,
            steps,
            marks: vec![],
        };
        self.go(rewind, request.preview, Answers::new(request.resolve))
            .await
    }

    /// Takes the newest rewind back: what was written and changed since then is hidden and taken
    /// back instead.
    pub async fn unrewind(&self, request: UnrewindRequest) -> Result<RewindReport, Failure> {
        let _one = self.one.lock().await;
        let events = self.all_events(&request.session_id).await?;
        let last = conversation::newest_rewind(&events).ok_or_else(|| {
            Failure::new(
                Code::NotFound,
                "There is no rewind to take back in this session.",
            )
        })?;
        let session = &request.session_id;
        let steps = match last.checkpoint_id {
            Some(id) => self.store.steps_since(session, 0, id).await,
            // It changed no file; what was changed since is gone back behind all the same.
            None if last.what.files() => self.store.steps_since(session, last.seq, 0).await,
            None => Ok(vec![]),
        };
        let steps = steps.map_err(from_store)?;
        let marks = last.checkpoint_id.and(steps.first());
        let marks = marks.and_then(|(row, _)| row.step.marks.clone());
        let marks = marks
            .map(serde_json::from_value)
            .transpose()
            .map_err(internal)?;
        let (hidden, messages) = last.hidden_by_undo(&events);
        let rewind = Rewind {
            session: request.session_id,
            what: last.what,
            to_seq: last.to_seq,
            hidden,
            shown: last.hidden,
            undoes_seq: Some(last.seq),
            message: String::new(),
            messages,
            steps,
            marks: marks.unwrap_or_default(),
        };
        self.go(rewind, request.preview, Answers::new(request.resolve))
            .await
    }

    async fn go(
        &self,
        rewind: Rewind,
        preview: Option<bool>,
        answers: Answers,
    ) -> Result<RewindReport, Failure> {
        let mut report = RewindReport {
            session_id: rewind.session.clone(),
            what: rewind.what,
            done: false,
            to_seq: rewind.to_seq,
            message: rewind.message.clone(),
            messages: rewind.messages,
            files: vec![],
            conflicts: vec![],
            notes: notes(&rewind.steps),
            checkpoint_id: None,
        };
        let part = self.files_part(&rewind, answers).await?;
        if let Some(part) = &part {
            report.conflicts = part.plan.conflicts.iter().cloned().map(conflict).collect();
            report.files = part.files();
        }
        if preview.unwrap_or(false) || !report.conflicts.is_empty() {
            return Ok(report);
        }
        let paths: Vec<String> = report.files.iter().map(|file| file.path.clone()).collect();
        let event = |checkpoint_id| EventKind::Rewound {
            what: rewind.what,
            to_seq: rewind.to_seq,
            hidden: rewind.hidden.clone(),
            shown: rewind.shown.clone(),
            paths,
            undoes_seq: rewind.undoes_seq,
            checkpoint_id,
        };
        match part {
            None => {
                self.events
                    .append(&rewind.session, None, event(None))
                    .await?;
            }
            Some(part) => {
                let (rows, marks) = self.rows(&rewind.steps, rewind.marks, &part).await?;
                let wish = Wish {
                    session: rewind.session.clone(),
                    project: Some(part.project.clone()),
                    operation: None,
                    kind: CheckpointKind::Rewind,
                    title: match rewind.undoes_seq {
                        None => format!("rewind to {}", rewind.to_seq),
                        Some(_) => "rewind taken back".to_owned(),
                    },
                    marks: Some(serde_json::to_value(marks).map_err(internal)?),
                };
                let FilesPart {
                    workspace, plan, ..
                } = part;
                report.checkpoint_id = self.carry_out(&workspace, wish, plan, rows, event).await?;
            }
        }
        report.done = true;
        let project = rewind
            .steps
            .first()
            .and_then(|(row, _)| row.step.project_id.clone());
        self.stale(&rewind.session, project.as_ref());
        self.events.topic(mira_protocol::Topic::Sessions);
        Ok(report)
    }

    async fn all_events(&self, session: &SessionId) -> Result<Vec<StoredEvent>, Failure> {
        self.store.session(session).await.map_err(from_store)?;
        let mut events: Vec<StoredEvent> = Vec::new();
        loop {
            let since = events.last().map_or(0, |event| event.seq);
            let page = self.store.events_since(session, since, PAGE).await;
            let page = page.map_err(from_store)?;
            if page.is_empty() {
                return Ok(events);
            }
            events.extend(page);
        }
    }

    async fn steps_from(
        &self,
        session: &SessionId,
        point: &Point,
    ) -> Result<Vec<StepFiles>, Failure> {
        let from = match &point.call {
            Some(call) => self
                .store
                .step_of_call(session, call)
                .await
                .map_err(from_store)?,
            None => None,
        };
        let (seq, from) = match from {
            Some(step) => (0, step),
            None => (point.files_seq, 0),
        };
        self.store
            .steps_since(session, seq, from)
            .await
            .map_err(from_store)
    }

    /// None where no file was changed since.
    async fn files_part(
        &self,
        rewind: &Rewind,
        answers: Answers,
    ) -> Result<Option<FilesPart>, Failure> {
        let Some(project) = rewind
            .steps
            .iter()
            .rev()
            .find_map(|(row, _)| row.step.project_id.clone())
        else {
            return Ok(None);
        };
        if rewind.steps.iter().any(|(row, _)| row.swept_at.is_some()) {
            return Err(given_up());
        }
        let elsewhere = |(row, _): &StepFiles| row.step.project_id.as_ref() != Some(&project);
        if rewind.steps.iter().any(elsewhere) {
            return Err(Failure::new(
                Code::Conflict,
                "The session worked in several projects since then; its files cannot be taken back in one go.",
            )
            .hint("Take the checkpoints back one by one: `mira checkpoints list`."));
        }
        let ways = ways(&rewind.steps)?;
        let folder = self.projects.get_by_id(&project).await?.path;
        let outside = ways.iter().any(|way| way.path.starts_with('/'));
        let access = if outside {
            Access::System
        } else {
            Access::Project
        };
        let blobs = self.blobs.clone();
        blocking(move || {
            let workspace =
                Workspace::open(Path::new(&folder), access, blobs, vec![]).map_err(refused)?;
            let plan = workspace
                .plan(ways.clone(), None, &|path| answers.of(path))
                .map_err(refused)?;
            Ok(Some(FilesPart {
                workspace,
                project,
                plan,
                ways,
            }))
        })
        .await?
    }

    /// What becomes of operations' files, and what they were before.
    async fn rows(
        &self,
        all: &[StepFiles],
        marks: Vec<OldMark>,
        part: &FilesPart,
    ) -> Result<(Vec<RowState>, Vec<OldMark>), Failure> {
        let own = all.iter().filter(|(row, _)| is_own(row.step.kind));
        let mut operations: Vec<OperationId> = own
            .filter_map(|(row, _)| row.step.operation_id.clone())
            .collect();
        operations.dedup();
        let gone: BTreeSet<CheckpointId> = all.iter().map(|(row, _)| row.id).collect();
        let (mut rows, mut old) = (Vec::new(), Vec::new());
        for id in &operations {
            let Some(reviewed) = self.load(id).await? else {
                continue;
            };
            let steps = self.store.steps_of(id).await.map_err(from_store)?;
            for row in &reviewed.rows {
                if let Some(state) = rewound(&reviewed, row, &steps, &gone, part)? {
                    old.push(OldMark::of(id, row)?);
                    rows.push(state);
                }
            }
        }
        for mark in marks {
            rows.retain(|row| row.operation_id != mark.operation_id || row.path != mark.path);
            rows.push(mark.state());
        }
        Ok((rows, old))
    }
}

/// What becomes of one operation's file; None: nothing.
fn rewound(
    reviewed: &Reviewed,
    row: &Row,
    steps: &[StepFiles],
    gone: &BTreeSet<CheckpointId>,
    part: &FilesPart,
) -> Result<Option<RowState>, Failure> {
    let path = row.change.path.as_str();
    let touches = |(step, files): &&StepFiles| {
        is_own(step.step.kind) && files.iter().any(|file| file.path == path)
    };
    let touching: Vec<&StepFiles> = steps.iter().filter(touches).collect();
    let after = touching
        .iter()
        .filter(|(step, _)| gone.contains(&step.id))
        .count();
    let kept = part
        .plan
        .answered
        .iter()
        .any(|(other, choice)| other == path && *choice == mira_workspace::Choice::Keep);
    if after == 0 || kept {
        return Ok(None);
    }
    let id = &reviewed.checkpoint.operation_id;
    if after == touching.len() {
        return Ok(Some(row.state(id, true, None)?));
    }
    let now = match part.plan.outcome(path) {
        Some(now) => now,
        None => reviewed.on_disk(row)?,
    };
    let standing = Standing {
        now,
        other: reviewed.on_disk(row)?,
        partial: true,
    };
    Ok(Some(row.state(id, true, Some(standing))?))
}

/// The way of each path back through the steps.
fn ways(steps: &[StepFiles]) -> Result<Vec<Way>, Failure> {
    let mut ways = BTreeMap::<String, Way>::new();
    for (row, files) in steps.iter().rev() {
        for file in files {
            let change = change_of(file.clone())?;
            let way = ways.entry(change.path.clone()).or_insert_with(|| Way {
                path: change.path.clone(),
                hops: vec![],
                doubt: None,
            });
            way.hops.push((change.after, change.before));
            if row.step.kind == CheckpointKind::Job {
                way.doubt = Some(format!(
                    "It changed while `{}` ran in the background; that may be its work or somebody else's.",
                    row.step.title
                ));
            }
        }
    }
    let mut ways: Vec<Way> = ways.into_values().collect();
    for way in &mut ways {
        let broken = way.hops.windows(2).any(|pair| pair[0].1 != pair[1].0);
        if !broken {
            way.hops = vec![(way.expected(), way.target())];
        }
    }
    // Back where it began by itself: whatever is there now is somebody else's.
    ways.retain(|way| way.hops.len() > 1 || way.expected() != way.target());
    Ok(ways)
}

fn notes(steps: &[StepFiles]) -> Vec<String> {
    let mut notes: Vec<String> = steps
        .iter()
        .flat_map(|(row, _)| row.step.not_covered.iter().cloned())
        .collect();
    notes.sort_unstable();
    notes.dedup();
    notes
}

impl FilesPart {
    /// What happens to files, as a list of changes.
    fn files(&self) -> Vec<FileChangeSummary> {
        let blobs = self.workspace.blobs();
        let content = |entry: Option<mira_workspace::Entry>| {
            entry
                .and_then(|entry| blobs.get(entry.hash).ok().flatten())
                .unwrap_or_default()
        };
        let summary = |change: Change| {
            let found = diff::between(&content(change.before), &content(change.after));
            FileChangeSummary {
                change: match (change.before, change.after) {
                    (None, _) => ChangeKind::Created,
                    (_, None) => ChangeKind::Deleted,
                    _ if change.is_mode_only() => ChangeKind::Mode,
                    _ => ChangeKind::Modified,
                },
                additions: found.additions as u32,
                deletions: found.deletions as u32,
                binary: found.binary,
                path: change.path,
            }
        };
        let changes = self.plan.changes().into_iter();
        let files = changes.filter(|change| !change.is_dir());
        // Where conflicts wait, the rest of the wish is shown beside them.
        files
            .map(summary)
            .filter(|file| self.ways.iter().any(|way| way.path == file.path))
            .collect()
    }
}
