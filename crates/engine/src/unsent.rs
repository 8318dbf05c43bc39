//! What a person has written and not sent: kept for each session, across restarts and windows.

use mira_protocol::message::{Draft, DraftRef, SaveDraft};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, ProjectId, SessionId};
use mira_store::Store;

use crate::clock::now_ms;
use crate::failure::from_store;

/// The most text of one draft, in bytes.
const MAX_TEXT_BYTES: usize = 4 * 1024 * 1024;
/// The most that all its attachments may bring, in bytes of base64.
const MAX_ATTACHED_BYTES: usize = 64 * 1024 * 1024;

#[derive(Clone)]
pub struct Unsent {
    store: Store,
}

impl Unsent {
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    pub async fn get(&self, request: DraftRef) -> Result<Draft, Failure> {
        let place = place(request.session_id.as_ref(), request.project_id.as_ref());
        self.store.unsent(&place).await.map_err(from_store)
    }

    pub async fn save(&self, request: SaveDraft) -> Result<Nothing, Failure> {
        let attached: usize = request
            .attachments
            .iter()
            .flatten()
            .filter_map(|one| one.data_base64.as_ref())
            .map(String::len)
            .sum();
        if request.content.len() > MAX_TEXT_BYTES || attached > MAX_ATTACHED_BYTES {
            return Err(
                Failure::new(Code::BadParams, "The draft is too large to be kept.")
                    .hint("Send it, or attach less."),
            );
        }
        let place = place(request.session_id.as_ref(), request.project_id.as_ref());
        // An empty draft is kept too: when it was emptied tells other windows that theirs is old.
        self.store
            .keep_unsent(
                &place,
                &request.content,
                &request.mentions,
                request.attachments.as_deref(),
                now_ms(),
            )
            .await
            .map_err(from_store)?;
        Ok(Nothing {})
    }
}

fn place(session: Option<&SessionId>, project: Option<&ProjectId>) -> String {
    match (session, project) {
        (Some(session), _) => format!("session:{session}"),
        (None, Some(project)) => format!("project:{project}"),
        (None, None) => "project:".to_owned(),
    }
}
