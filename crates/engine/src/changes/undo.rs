//! Undo and redo of an operation, or of some of its files.

use std::collections::BTreeMap;

use mira_protocol::change::{
    Choice, DiffLine, DiffLineKind, Hunk, Resolve, ReviewMark, UndoConflict, UndoReport,
    UndoRequest,
};
use mira_protocol::checkpoint::CheckpointKind;
use mira_protocol::{Code, EventKind, Failure};
use mira_store::{RowState, StepFiles};
use mira_workspace::{Change, Conflict, Direction, Plan, Way, diff};

use super::{Changes, Checkpoint, Reviewed, Row, Standing, Wish, blocking, change_of, normal};
use crate::failure::from_store;

/// What an undo or a redo comes to.
pub(super) struct Asked {
    pub plan: Plan,
    pub rows: Vec<RowState>,
}

impl Changes {
    pub(super) async fn restore(
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
        if reviewed.pruned {
            return Err(given_up());
        }
        let undone = direction == Direction::Undo;
        let only = request.paths.map(normal);
        if only.as_ref().is_some_and(Vec::is_empty) {
            return Err(Failure::new(Code::BadParams, "`paths` names no path.")
                .hint("Leave `paths` out to take back the whole operation."));
        }
        let preview = request.preview.unwrap_or(false);
        let answers = Answers::new(request.resolve);
        let Checkpoint {
            session_id,
            project_id,
            ..
        } = reviewed.checkpoint.clone();
        let steps = self
            .store
            .steps_of(&operation_id)
            .await
            .map_err(from_store)?;
        let notes = match undone {
            true => background_notes(&steps),
            false => vec![],
        };
        let chains = chains(&steps)?;
        let whole = only.is_none();
        let (asked, workspace) = blocking(move || {
            let asked = reviewed.ask(direction, only.as_deref(), &chains, &answers)?;
            Ok::<_, Failure>((asked, reviewed.workspace))
        })
        .await??;
        let blocked = whole && !asked.plan.conflicts.is_empty();
        let mut report = UndoReport {
            operation_id: operation_id.clone(),
            session_id: session_id.clone(),
            paths: if blocked { vec![] } else { asked.plan.files() },
            conflicts: asked.plan.conflicts.iter().cloned().map(conflict).collect(),
            preview,
            notes,
            checkpoint_id: None,
        };
        if blocked || preview || asked.rows.is_empty() {
            return Ok(report);
        }
        let word = if undone { "undo" } else { "redo" };
        let event = EventKind::Undone {
            operation_id: operation_id.clone(),
            undone,
            paths: report.paths.clone(),
        };
        let wish = Wish {
            session: session_id.clone(),
            project: project_id.clone(),
            operation: Some(operation_id),
            kind: match undone {
                true => CheckpointKind::Undo,
                false => CheckpointKind::Redo,
            },
            title: word.to_owned(),
            marks: None,
        };
        report.checkpoint_id = self
            .carry_out(&workspace, wish, asked.plan, asked.rows, |_| event)
            .await?;
        self.stale(&session_id, project_id.as_ref());
        Ok(report)
    }
}

impl Reviewed {
    /// What undo or redo would do, and what becomes of the rows then.
    fn ask(
        &self,
        direction: Direction,
        only: Option<&[String]>,
        chains: &BTreeMap<String, Vec<Change>>,
        answers: &Answers,
    ) -> Result<Asked, Failure> {
        let undone = direction == Direction::Undo;
        let fits = |row: &&Row| {
            if undone {
                row.is_undoable()
            } else {
                row.undone
            }
        };
        let open: Vec<&Row> = self.rows.iter().filter(fits).collect();
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
        let mut ways = Vec::new();
        let mut still = Vec::new();
        for row in &open {
            let way = self.way(row, undone, chains)?;
            // A wholly rejected file is on neither way: it is as it was before all the time.
            match way.expected() == way.target() {
                true => still.push(row.change.path.clone()),
                false => ways.push(way),
            }
        }
        let plan = self
            .workspace
            .plan(ways, only, &|path| answers.of(path))
            .map_err(super::refused)?;
        let mut plan = plan;
        plan.conflicts
            .retain(|conflict| !still.contains(&conflict.path));
        let rows = self.flipped(&open, &plan, only, &still, undone)?;
        Ok(Asked { plan, rows })
    }

    fn way(
        &self,
        row: &Row,
        undone: bool,
        chains: &BTreeMap<String, Vec<Change>>,
    ) -> Result<Way, Failure> {
        let from = self.on_disk(row)?;
        let path = row.change.path.as_str();
        let to = match &row.standing {
            Some(standing) if !(undone && standing.partial) => standing.other,
            _ if undone => row.change.before,
            _ => self.reviewed(row)?,
        };
        let mut way = Way::new(path, from, to);
        let reviewed = row.mark == ReviewMark::Rejected || !row.rejected.is_empty();
        if let Some(chain) = chains.get(path)
            && undone
            && row.standing.is_none()
            && !reviewed
        {
            let hops: Vec<_> = chain
                .iter()
                .rev()
                .map(|change| (change.after, change.before))
                .collect();
            let fits = hops.first().map(|hop| hop.0) == Some(from)
                && hops.last().map(|hop| hop.1) == Some(to);
            if fits && hops.windows(2).any(|pair| pair[0].1 != pair[1].0) {
                way.hops = hops;
                way.doubt = Some("Somebody else changed it in the middle of this turn.".into());
            }
        }
        Ok(way)
    }

    /// Rows that are in their other state with the plan, folders too.
    fn flipped(
        &self,
        open: &[&Row],
        plan: &Plan,
        only: Option<&[String]>,
        still: &[String],
        undone: bool,
    ) -> Result<Vec<RowState>, Failure> {
        let answered = |path: &str| plan.answered.iter().any(|(other, _)| other == path);
        let done = |row: &Row| {
            let path = row.change.path.as_str();
            match only {
                None => true,
                Some(only) => {
                    let wanted = still.iter().any(|p| p == path) && only.iter().any(|p| p == path);
                    wanted || answered(path) || !row.change.is_dir() && plan.outcome(path).is_some()
                }
            }
        };
        let files_left = open.iter().any(|row| !row.change.is_dir() && !done(row));
        let any = open.iter().any(|row| done(row));
        let mut states = Vec::new();
        for row in open.iter().filter(|row| done(row) || any && !files_left) {
            let path = row.change.path.as_str();
            let (from, now) = (self.on_disk(row)?, plan.outcome(path));
            let standing = if answered(path) {
                let found = plan
                    .changes()
                    .into_iter()
                    .find(|change| change.path == path);
                let was = found.map_or_else(|| now.unwrap_or(from), |change| change.before);
                Some(Standing {
                    now: now.unwrap_or(from),
                    other: was,
                    partial: false,
                })
            } else {
                row.standing
                    .as_ref()
                    .map(|old| match (undone, old.partial) {
                        (true, true) => Standing {
                            now: row.change.before,
                            other: old.other,
                            partial: false,
                        },
                        (false, true) => Standing {
                            now: old.other,
                            other: row.change.before,
                            partial: false,
                        },
                        _ => Standing {
                            now: old.other,
                            other: old.now,
                            partial: false,
                        },
                    })
            };
            let standing = match standing {
                Some(standing) => self.told(row, undone, standing)?,
                None => None,
            };
            states.push(row.state(&self.checkpoint.operation_id, undone, standing)?);
        }
        Ok(states)
    }
}

/// The person's answers to conflicts.
pub(super) struct Answers(Vec<Resolve>);

impl Answers {
    pub(super) fn new(resolve: Option<Vec<Resolve>>) -> Self {
        Self(resolve.unwrap_or_default())
    }

    pub(super) fn of(&self, path: &str) -> Option<mira_workspace::Choice> {
        let named = self.0.iter().find(|resolve| resolve.path == path);
        let any = || self.0.iter().find(|resolve| resolve.path == "*");
        named.or_else(any).map(|resolve| choice(resolve.choice))
    }
}

pub(super) fn choice(choice: Choice) -> mira_workspace::Choice {
    match choice {
        Choice::Keep => mira_workspace::Choice::Keep,
        Choice::Take => mira_workspace::Choice::Take,
        Choice::Merge => mira_workspace::Choice::Merge,
    }
}

pub(super) fn conflict(conflict: Conflict) -> UndoConflict {
    let choices = conflict.choices.into_iter().map(|choice| match choice {
        mira_workspace::Choice::Keep => Choice::Keep,
        mira_workspace::Choice::Take => Choice::Take,
        mira_workspace::Choice::Merge => Choice::Merge,
    });
    UndoConflict {
        path: conflict.path,
        reason: conflict.reason,
        choices: choices.collect(),
        hunks: conflict
            .others
            .hunks
            .into_iter()
            .map(|found| hunk(found, ReviewMark::Pending))
            .collect(),
    }
}

pub(super) fn hunk(hunk: diff::Hunk, mark: ReviewMark) -> Hunk {
    let line = |line: diff::Line| DiffLine {
        kind: match line.kind {
            diff::LineKind::Context => DiffLineKind::Context,
            diff::LineKind::Added => DiffLineKind::Added,
            diff::LineKind::Removed => DiffLineKind::Removed,
            diff::LineKind::NoNewline => DiffLineKind::NoNewline,
        },
        text: line.text,
    };
    Hunk {
        id: hunk.id,
        old_start: hunk.old_start as u32,
        old_lines: hunk.old_lines as u32,
        new_start: hunk.new_start as u32,
        new_lines: hunk.new_lines as u32,
        mark,
        lines: hunk.lines.into_iter().map(line).collect(),
    }
}

/// The kinds of steps that are an operation's own work.
pub(super) fn is_own(kind: CheckpointKind) -> bool {
    matches!(
        kind,
        CheckpointKind::Write | CheckpointKind::Command | CheckpointKind::Recovered
    )
}

/// By path, what the operation's own calls did to it, in order.
fn chains(steps: &[StepFiles]) -> Result<BTreeMap<String, Vec<Change>>, Failure> {
    let mut chains = BTreeMap::<String, Vec<Change>>::new();
    for (row, files) in steps.iter().filter(|(row, _)| is_own(row.step.kind)) {
        // What was given up cannot be part of a chain.
        if row.swept_at.is_some() {
            continue;
        }
        for file in files {
            let change = change_of(file.clone())?;
            chains.entry(change.path.clone()).or_default().push(change);
        }
    }
    Ok(chains)
}

/// What the operation's background commands changed after their calls had ended.
fn background_notes(steps: &[StepFiles]) -> Vec<String> {
    steps
        .iter()
        .filter(|(row, _)| row.step.kind == CheckpointKind::Job && row.swept_at.is_none())
        .map(|(row, _)| {
            format!(
                "While `{}` went on in the background, {} changed (by it or by somebody else); \
                 that is checkpoint {}.",
                row.step.title,
                if row.files == 1 {
                    "1 file".to_owned()
                } else {
                    format!("{} files", row.files)
                },
                row.id
            )
        })
        .collect()
}

pub(super) fn given_up() -> Failure {
    Failure::new(
        Code::Conflict,
        "The contents that this needs were removed to save space.",
    )
    .hint("`mira checkpoints usage` shows what is kept and for how long; MIRA_CHECKPOINT_DAYS and MIRA_CHECKPOINT_BYTES change it.")
}
