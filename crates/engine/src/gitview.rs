//! A project's repository, as people see it.
use mira_protocol::git::{CommitList, GitDiff, GitDiffText, GitLog, GitStatus};
use mira_protocol::project::ProjectRef;
use mira_protocol::Failure;

use crate::failure::internal;
use crate::projects::Projects;

#[derive(Clone)]
pub struct GitView {}

impl GitView {
    pub fn new(_: Projects) -> Self {
        Self {}
    }
    pub async fn status(&self, _: ProjectRef) -> Result<GitStatus, Failure> {
        Err(internal("git"))
    }
    pub async fn diff(&self, _: GitDiff) -> Result<GitDiffText, Failure> {
        Err(internal("git"))
    }
    pub async fn log(&self, _: GitLog) -> Result<CommitList, Failure> {
        Err(internal("git"))
    }
}
