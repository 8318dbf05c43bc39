//! Files of a project, as people see them.
use mira_protocol::project::*;
use mira_protocol::Failure;

use crate::failure::internal;
use crate::projects::Projects;

#[derive(Clone)]
pub struct Files {}

impl Files {
    pub fn new(_: Projects) -> Self {
        Self {}
    }
    pub async fn list(&self, _: ListFiles) -> Result<FileList, Failure> {
        Err(internal("files"))
    }
    pub async fn read(&self, _: ReadFile) -> Result<FileContent, Failure> {
        Err(internal("files"))
    }
    pub async fn find(&self, _: FindFiles) -> Result<FileList, Failure> {
        Err(internal("files"))
    }
}
