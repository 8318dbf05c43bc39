//! What an operation turned out to do, from what it did.

use std::collections::HashSet;

use mira_protocol::change::{ChangeKind, FileChangeSummary};
use mira_protocol::operation::OperationKind;

/// What is remembered of a running operation for this and nothing else.
#[derive(Debug, Default)]
pub struct Deeds {
    tools: HashSet<String>,
    /// A test or command failed before the last change.
    saw_failure: bool,
}

impl Deeds {
    pub fn used(&mut self, tool: &str, success: bool) {
        self.tools.insert(tool.to_owned());
        if !success && matches!(tool, "run_tests" | "run_command") {
            self.saw_failure = true;
        }
    }

    pub fn kind(&self, message: &str, changes: &[FileChangeSummary]) -> OperationKind {
        let message = message.to_lowercase();
        if changes.is_empty() {
            let reviewed = self.tools.contains("git_diff") || message.contains("review");
            return if reviewed && !self.tools.is_empty() {
                OperationKind::CodeReview
            } else {
                OperationKind::Chat
            };
        }
        if message.contains("refactor") || message.contains("rename") {
            OperationKind::Refactor
        } else if self.saw_failure || message.contains("fix") || message.contains("bug") {
            OperationKind::Debug
        } else if changes
            .iter()
            .all(|change| change.change == ChangeKind::Created)
        {
            OperationKind::CodeGeneration
        } else {
            OperationKind::CodeModification
        }
    }
}
