//! Contents of a path before and after an operation, and what a screen is told of them.

use mira_protocol::change::{FileKind, FileState};
use mira_protocol::operation::OperationRef;
use mira_protocol::{Code, Failure, OperationId, ProjectId};
use mira_workspace::{Entry, Kind, diff};

use super::{Changes, Reviewed, blocking, not_changed};

/// One side of an operation's change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

impl Changes {
    /// A path's content before or after an operation of that project.
    pub(crate) async fn content(
        &self,
        project: &ProjectId,
        operation: &OperationId,
        path: String,
        side: Side,
    ) -> Result<Vec<u8>, Failure> {
        let reviewed = self.load(operation).await?;
        let reviewed = reviewed.filter(|on| on.checkpoint.project_id.as_ref() == Some(project));
        let Some(reviewed) = reviewed else {
            return Err(not_changed(&path));
        };
        blocking(move || {
            let row = reviewed
                .rows
                .iter()
                .find(|row| row.change.path == path && !row.change.is_dir())
                .ok_or_else(|| not_changed(&path))?;
            let entry = match side {
                Side::Before => reviewed.base(row)?,
                Side::After => row.change.after,
            };
            if entry.is_none() {
                let when = match side {
                    Side::Before => "before",
                    Side::After => "after",
                };
                return Err(Failure::new(
                    Code::NotFound,
                    format!("{path} was not there {when} the operation."),
                ));
            }
            reviewed.content(entry)
        })
        .await?
    }

    /// Fails where the operation does not exist.
    pub(super) async fn reviewed(&self, id: &OperationId) -> Result<Option<Reviewed>, Failure> {
        let of = OperationRef {
            operation_id: id.clone(),
        };
        self.load(&of.operation_id).await
    }
}

/// What is told of one side; `content` is its bytes.
pub(super) fn state(entry: Entry, content: &[u8]) -> FileState {
    FileState {
        hash: Some(entry.hash.to_hex()),
        ..told(entry.kind, entry.size, content)
    }
}

pub(crate) fn told(kind: Kind, size: u64, content: &[u8]) -> FileState {
    let text = kind == Kind::File && content.len() <= diff::MAX_DIFF_BYTES;
    let lines = (text && !mira_workspace::files::is_binary(content))
        .then(|| content.split_inclusive(|byte| *byte == b'\n').count() as u32);
    FileState {
        kind: match kind {
            Kind::File => FileKind::File,
            Kind::Symlink => FileKind::Symlink,
            Kind::Dir => FileKind::Folder,
        },
        size_bytes: size,
        hash: None,
        lines,
        target: (kind == Kind::Symlink).then(|| String::from_utf8_lossy(content).into_owned()),
        image: (kind == Kind::File)
            .then(|| crate::media::image(content))
            .flatten()
            .map(str::to_owned),
    }
}
