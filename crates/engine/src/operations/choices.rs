//! What the person pins or leaves out of a session's requests, and what follows from it.

use std::collections::HashSet;

use mira_protocol::context::{
    ChooseContext, ContextChoice, ContextTarget, GetContext, Inclusion, SessionContext,
};
use mira_protocol::project::GuidelineFile;
use mira_protocol::{Code, Failure, OperationId, SessionId, Topic};
use mira_secrets::Masker;
use mira_workspace::{Access, Workspace};

use super::Operations;
use crate::changes::blocking;
use crate::clock::now_ms;
use crate::failure::from_store;

/// The most files that can be pinned in one session.
const MOST_PINNED: usize = 50;
/// Lines of a pinned file that are read; the cap in tokens cuts before.
const MOST_LINES: usize = 20_000;

/// A session's choices, sorted by what they are about.
#[derive(Debug, Default)]
pub struct Choices {
    pub pinned: Vec<String>,
    pub no_guidelines: HashSet<String>,
    pub no_turns: HashSet<OperationId>,
    /// Nothing from the code index comes along with messages.
    pub no_related: bool,
}

/// A pinned file as it is now.
#[derive(Debug, PartialEq, Eq)]
pub struct Pinned {
    pub path: String,
    /// Or why it cannot be read.
    pub text: Result<String, String>,
}

impl Operations {
    /// What is pinned and left out, and the newest receipt.
    pub async fn context(&self, request: GetContext) -> Result<SessionContext, Failure> {
        let session = &request.session_id;
        let choices = self.store.context_choices(session).await;
        let choices = choices.map_err(from_store)?;
        let receipt = self.store.last_receipt(session).await.map_err(from_store)?;
        Ok(SessionContext { choices, receipt })
    }

    /// Pins, leaves out, or neither; from the next operation on.
    pub async fn choose_context(&self, request: ChooseContext) -> Result<SessionContext, Failure> {
        let ChooseContext {
            session_id,
            target,
            choice,
        } = request;
        self.store.session(&session_id).await.map_err(from_store)?;
        if let Some(choice) = choice {
            self.check_choice(&session_id, &target, choice).await?;
        }
        self.store
            .choose_context(&session_id, &target, choice, now_ms())
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Changes {
            session_id: session_id.clone(),
        });
        self.context(GetContext { session_id }).await
    }

    async fn check_choice(
        &self,
        session: &SessionId,
        target: &ContextTarget,
        choice: Inclusion,
    ) -> Result<(), Failure> {
        let bad = |message: &str| Err(Failure::new(Code::BadParams, message));
        match (target, choice) {
            (ContextTarget::File { path }, Inclusion::Pin) => {
                let chosen = self.context_choices(session).await?;
                if path.trim().is_empty() || path.chars().any(char::is_control) {
                    return bad("A file to pin has a path.");
                }
                if chosen.pinned.len() >= MOST_PINNED && !chosen.pinned.contains(path) {
                    return bad("50 files are pinned already; unpin one first.");
                }
                Ok(())
            }
            (ContextTarget::Guideline { .. } | ContextTarget::Related, Inclusion::Exclude) => {
                Ok(())
            }
            (ContextTarget::Turn { operation_id }, Inclusion::Exclude) => {
                let row = self.store.operation(operation_id).await;
                let row = row.map_err(from_store)?;
                if row.operation.session_id != *session {
                    return bad("That operation belongs to another session.");
                }
                Ok(())
            }
            (ContextTarget::File { .. }, Inclusion::Exclude) => {
                bad("A file is left out by not pinning it.")
            }
            (_, Inclusion::Pin) => bad("Only files can be pinned."),
        }
    }

    pub(super) async fn context_choices(&self, session: &SessionId) -> Result<Choices, Failure> {
        let stored = self.store.context_choices(session).await;
        let mut choices = Choices::default();
        for ContextChoice { target, choice } in stored.map_err(from_store)? {
            match (target, choice) {
                (ContextTarget::File { path }, Inclusion::Pin) => choices.pinned.push(path),
                (ContextTarget::Guideline { path }, Inclusion::Exclude) => {
                    choices.no_guidelines.insert(path);
                }
                (ContextTarget::Turn { operation_id }, Inclusion::Exclude) => {
                    choices.no_turns.insert(operation_id);
                }
                (ContextTarget::Related, Inclusion::Exclude) => choices.no_related = true,
                _ => {}
            }
        }
        Ok(choices)
    }
}

impl Choices {
    /// The guidelines that go in, and those that the person left out.
    pub fn part_guidelines(
        &self,
        files: Vec<GuidelineFile>,
    ) -> (Vec<GuidelineFile>, Vec<GuidelineFile>) {
        files
            .into_iter()
            .partition(|file| !self.no_guidelines.contains(&file.path))
    }

    /// The pinned files' contents, secrets masked. They are read as any tool would be allowed to.
    pub async fn read_pinned(
        &self,
        workspace: &Workspace,
        masker: &Masker,
    ) -> Result<Vec<Pinned>, Failure> {
        if self.pinned.is_empty() {
            return Ok(vec![]);
        }
        let (paths, workspace) = (self.pinned.clone(), workspace.with_access(Access::Read));
        let masker = masker.clone();
        blocking(move || {
            paths
                .into_iter()
                .map(|path| Pinned {
                    text: match workspace.read_lines(&path, 1, MOST_LINES) {
                        Ok(page) if page.binary => Err("it is not text".into()),
                        Ok(page) => Ok(masker.mask_file(&path, &page.text).into_owned()),
                        Err(refusal) => Err(refusal.to_string()),
                    },
                    path,
                })
                .collect()
        })
        .await
    }
}
