//! Elevated commands: lists, requests, audit. Who runs them is `operations/elevated.rs`; here is
//! what a person sees and edits, and how a command is matched.

mod binding;
mod matching;

use mira_protocol::approval::{DecideApproval, Decision};
use mira_protocol::sudo::{
    AddSudoBlock, AddSudoPermission, ChangeSudoBlock, ChangeSudoPermission, DecideSudo, ListSudo,
    ListSudoRequests, ReadSudoAudit, SudoAuditPage, SudoBlock, SudoBlocklist, SudoMatch,
    SudoPermission, SudoPermissions, SudoRef, SudoRequests,
};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, Topic};
use mira_store::Store;

use crate::approvals::Approvals;
use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;

pub use binding::Bound;
pub use matching::{Known, blocked, own_block, permitted};

const DEFAULT_ROWS: u32 = 100;
const MOST_ROWS: u32 = 1_000;

/// Cheap to clone.
#[derive(Clone)]
pub struct Sudo {
    store: Store,
    events: EventLog,
    approvals: Approvals,
}

impl Sudo {
    pub fn new(store: Store, events: EventLog, approvals: Approvals) -> Self {
        Self {
            store,
            events,
            approvals,
        }
    }

    pub async fn permissions(&self, list: ListSudo) -> Result<SudoPermissions, Failure> {
        let permissions = self
            .store
            .sudo_permissions(&list)
            .await
            .map_err(from_store)?;
        Ok(SudoPermissions { permissions })
    }

    pub async fn add_permission(&self, add: AddSudoPermission) -> Result<SudoPermission, Failure> {
        named(&add.name)?;
        own(&add.matches)?;
        let id = self
            .store
            .add_sudo_permission(&add, now_ms())
            .await
            .map_err(from_store)?;
        self.permission(id).await
    }

    pub async fn change_permission(
        &self,
        change: ChangeSudoPermission,
    ) -> Result<SudoPermission, Failure> {
        let mut to = self.permission(change.id).await?;
        to.name = change.name.unwrap_or(to.name);
        to.description = change.description.unwrap_or(to.description);
        to.matches = change.matches.unwrap_or(to.matches);
        to.requires_approval = change.requires_approval.unwrap_or(to.requires_approval);
        to.enabled = change.enabled.unwrap_or(to.enabled);
        to.notes = change.notes.unwrap_or(to.notes);
        named(&to.name)?;
        own(&to.matches)?;
        self.store
            .save_sudo_permission(&to)
            .await
            .map_err(from_store)?;
        self.permission(change.id).await
    }

    pub async fn remove_permission(&self, request: SudoRef) -> Result<Nothing, Failure> {
        self.store
            .remove_sudo_permission(request.id, Some(now_ms()))
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Sudo);
        Ok(Nothing {})
    }

    pub async fn restore_permission(&self, request: SudoRef) -> Result<SudoPermission, Failure> {
        self.store
            .remove_sudo_permission(request.id, None)
            .await
            .map_err(from_store)?;
        self.permission(request.id).await
    }

    /// One, after a change.
    async fn permission(&self, id: i64) -> Result<SudoPermission, Failure> {
        self.events.topic(Topic::Sudo);
        let all = self
            .store
            .sudo_permissions(&ListSudo::default())
            .await
            .map_err(from_store)?;
        all.into_iter()
            .find(|one| one.id == id)
            .ok_or_else(|| missing("permission", id))
    }

    pub async fn blocklist(&self, list: ListSudo) -> Result<SudoBlocklist, Failure> {
        let blocks = self.store.sudo_blocklist(&list).await.map_err(from_store)?;
        Ok(SudoBlocklist { blocks })
    }

    pub async fn add_block(&self, add: AddSudoBlock) -> Result<SudoBlock, Failure> {
        named(&add.name)?;
        own(&add.matches)?;
        let id = self
            .store
            .add_sudo_block(&add, now_ms())
            .await
            .map_err(from_store)?;
        self.block(id).await
    }

    pub async fn change_block(&self, change: ChangeSudoBlock) -> Result<SudoBlock, Failure> {
        self.store
            .change_sudo_block(&change)
            .await
            .map_err(from_store)?;
        self.block(change.id).await
    }

    pub async fn remove_block(&self, request: SudoRef) -> Result<Nothing, Failure> {
        if self.block(request.id).await?.is_default {
            return Err(Failure::new(
                Code::Refused,
                "This entry belongs to Mira and cannot be removed.",
            )
            .hint("Switch it off instead; it can be switched on again."));
        }
        self.store
            .remove_sudo_block(request.id, Some(now_ms()))
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Sudo);
        Ok(Nothing {})
    }

    pub async fn restore_block(&self, request: SudoRef) -> Result<SudoBlock, Failure> {
        self.store
            .remove_sudo_block(request.id, None)
            .await
            .map_err(from_store)?;
        self.block(request.id).await
    }

    async fn block(&self, id: i64) -> Result<SudoBlock, Failure> {
        self.events.topic(Topic::Sudo);
        let all = self
            .store
            .sudo_blocklist(&ListSudo::default())
            .await
            .map_err(from_store)?;
        all.into_iter()
            .find(|one| one.id == id)
            .ok_or_else(|| missing("block list entry", id))
    }

    pub async fn requests(&self, list: ListSudoRequests) -> Result<SudoRequests, Failure> {
        let limit = list.limit.unwrap_or(DEFAULT_ROWS).clamp(1, MOST_ROWS);
        let mut requests = self
            .store
            .sudo_requests(&list, limit + 1)
            .await
            .map_err(from_store)?;
        let more = requests.len() > limit as usize;
        requests.truncate(limit as usize);
        Ok(SudoRequests { requests, more })
    }

    /// The person's answer, only to what they were shown.
    pub async fn decide(&self, decide: DecideSudo) -> Result<Nothing, Failure> {
        let waiting = self.approvals.list().approvals;
        let waiting = waiting.iter().find(|one| one.id == decide.request_id);
        let asked = waiting.and_then(|one| one.elevation.as_ref());
        if let (Some(asked), Some(shown)) = (asked, &decide.binding)
            && asked.binding != *shown
        {
            return Err(Failure::new(
                Code::Conflict,
                "This answer belongs to another command than the one that waits; nothing was decided.",
            )
            .hint("Look at what waits now: `mira sudo requests --status pending`."));
        }
        if waiting.is_some() && asked.is_none() {
            return Err(Failure::new(
                Code::NotFound,
                "This question is not about an elevated command.",
            ));
        }
        let decision = if decide.allow {
            Decision::Allow
        } else {
            Decision::Deny
        };
        self.approvals
            .decide(DecideApproval {
                approval_id: decide.request_id,
                decision,
            })
            .await
    }

    pub async fn audit(&self, read: ReadSudoAudit) -> Result<SudoAuditPage, Failure> {
        let limit = read.limit.unwrap_or(DEFAULT_ROWS).clamp(1, MOST_ROWS);
        let mut entries = self
            .store
            .sudo_audit(&read, limit + 1)
            .await
            .map_err(from_store)?;
        let more = entries.len() > limit as usize;
        entries.truncate(limit as usize);
        Ok(SudoAuditPage { entries, more })
    }
}

fn missing(what: &str, id: i64) -> Failure {
    Failure::new(Code::NotFound, format!("There is no {what} {id}."))
}

fn named(name: &str) -> Result<(), Failure> {
    if name.trim().is_empty() || name.chars().count() > 120 {
        return Err(Failure::new(
            Code::BadParams,
            "Give it a name of 1 to 120 characters.",
        ));
    }
    Ok(())
}

/// What a person may write: words that are words, expressions that can be read.
fn own(matches: &SudoMatch) -> Result<(), Failure> {
    matching::check(matches).map_err(|why| Failure::new(Code::BadParams, why))
}
