//! What the code index has for a message, beside what the person mentioned: told with the message,
//! as data, and never waited for longer than the settings allow.

use std::time::Duration;

use mira_protocol::SessionId;
use mira_protocol::context::ContextTarget;
use mira_protocol::message::{Fragment, Mention};
use mira_protocol::project::Project;
use mira_protocol::receipt::{FragmentLine, FragmentPart};

use super::Operations;

pub(super) const NAME: &str = "related code";
/// The most that comes along, in tokens.
pub(crate) const CAP_TOKENS: usize = 800;
const LABEL: &str = "What the code index has for a message";

impl Operations {
    /// None where nothing fits, where the index is not ready, or where the person wants none in
    /// this session; a message without one has no such choice yet.
    pub(super) async fn related(
        &self,
        content: &str,
        mentions: &[Mention],
        session: Option<&SessionId>,
        project: &Project,
    ) -> Option<Fragment> {
        let patience = Duration::from_millis(self.settings.current().code_context_ms);
        if patience.is_zero() {
            return None;
        }
        let index = self.knowledge.ready(&project.id).await?;
        if let Some(session) = session
            && self.context_choices(session).await.ok()?.no_related
        {
            return None;
        }
        let content = content.to_owned();
        let known: Vec<String> = mentions.iter().filter_map(path_of).collect();
        // By itself, so that the message goes on when its time is over.
        let look = tokio::spawn(async move { index.related(&content, &known).await });
        let text = tokio::time::timeout(patience, look).await.ok()?.ok()??;
        Some(Fragment {
            mention: Mention::Related,
            name: NAME.to_owned(),
            tokens: (text.len() as u64).div_ceil(4),
            text,
            dropped: None,
        })
    }
}

/// Files that stand in the message already.
fn path_of(mention: &Mention) -> Option<String> {
    match mention {
        Mention::File { path } | Mention::Symbol { path, .. } => Some(path.clone()),
        _ => None,
    }
}

/// Its line in the receipt.
pub(super) fn line(fragment: &Fragment) -> FragmentLine {
    let places = fragment.text.lines().filter(|line| !line.starts_with(' '));
    FragmentLine {
        name: "related".into(),
        detail: format!("{} places", places.count().saturating_sub(1)),
        tokens: fragment.tokens,
        bytes: fragment.text.len() as u64,
        cap_tokens: Some(CAP_TOKENS as u64),
        dropped: fragment.dropped.clone(),
        parts: vec![part(fragment.tokens, false)],
    }
}

/// The line where the person left it out, so that it can be taken in again.
pub(super) fn left_out() -> FragmentLine {
    FragmentLine {
        name: "related".into(),
        detail: String::new(),
        tokens: 0,
        bytes: 0,
        cap_tokens: Some(CAP_TOKENS as u64),
        dropped: None,
        parts: vec![part(0, true)],
    }
}

fn part(tokens: u64, excluded: bool) -> FragmentPart {
    FragmentPart {
        target: ContextTarget::Related,
        label: LABEL.to_owned(),
        tokens,
        excluded,
    }
}
