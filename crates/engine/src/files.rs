//! Files of a project, as people see them.

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use mira_protocol::project::{
    FileBlob, FileContent, FileEntry, FileList, FileVersion, FindFiles, ListFiles, Project,
    ProjectRef, ReadBlob, ReadFile,
};
use mira_protocol::{Code, Failure, ProjectId};
use mira_workspace::list::Listed;
use mira_workspace::{Access, Blobs, Hash, Page, Workspace, page_of_bytes};

use crate::changes::{Changes, Side, blocking, refused};
use crate::gitview::GitView;
use crate::media;
use crate::projects::Projects;

/// The most entries of one folder that are told.
const MOST_ENTRIES: usize = 5_000;
/// The most lines of one page.
const MOST_LINES: u32 = 2_000;
/// The largest content that is told whole, in bytes.
const MOST_BLOB_BYTES: usize = 8 * 1024 * 1024;

#[derive(Clone)]
pub struct Files {
    projects: Projects,
    changes: Changes,
    git: GitView,
    blobs: Arc<Blobs>,
    /// Mira's own data, which is shown to nobody through here.
    data_dir: Arc<Path>,
}

impl Files {
    pub fn new(
        projects: Projects,
        changes: Changes,
        git: GitView,
        blobs: Arc<Blobs>,
        data_dir: &Path,
    ) -> Self {
        Self {
            projects,
            changes,
            git,
            blobs,
            data_dir: data_dir.into(),
        }
    }

    /// One folder's entries, folders first.
    pub async fn list(&self, request: ListFiles) -> Result<FileList, Failure> {
        self.on(&request.project_id, move |workspace| {
            let listing = workspace
                .list(&request.path, 1, None, MOST_ENTRIES)
                .map_err(refused)?;
            let entries = listing.entries.into_iter().map(entry).collect();
            Ok(FileList {
                entries,
                truncated: listing.truncated,
            })
        })
        .await
    }

    /// Lines of a file.
    pub async fn read(&self, request: ReadFile) -> Result<FileContent, Failure> {
        let offset = request.offset.unwrap_or(1) as usize;
        let limit = request.limit.unwrap_or(MOST_LINES).min(MOST_LINES) as usize;
        let (path, version) = (request.path, request.version);
        let page = match version.unwrap_or(FileVersion::Disk) {
            FileVersion::Disk => {
                self.on(&request.project_id, move |workspace| {
                    workspace.read_lines(&path, offset, limit).map_err(refused)
                })
                .await?
            }
            version => {
                let content = self.kept(&request.project_id, &path, version).await?;
                page_of_bytes(&path, &content, offset, limit)
            }
        };
        Ok(content(page))
    }

    /// A whole content with its type; without its bytes where it is too large.
    pub async fn blob(&self, request: ReadBlob) -> Result<FileBlob, Failure> {
        let (path, version) = (request.path, request.version);
        let bytes = match version.unwrap_or(FileVersion::Disk) {
            FileVersion::Disk => {
                let path = path.clone();
                self.on(&request.project_id, move |workspace| {
                    workspace
                        .read(&path)
                        .map(|file| file.bytes)
                        .map_err(refused)
                })
                .await?
            }
            version => self.kept(&request.project_id, &path, version).await?,
        };
        let whole = bytes.len() <= MOST_BLOB_BYTES;
        Ok(FileBlob {
            path,
            media_type: media::of(&bytes).to_owned(),
            size_bytes: bytes.len() as u64,
            hash: Hash::of(&bytes).to_hex(),
            data_base64: whole.then(|| base64::engine::general_purpose::STANDARD.encode(&bytes)),
        })
    }

    /// A content that is not the one on disk.
    async fn kept(
        &self,
        project: &ProjectId,
        path: &str,
        version: FileVersion,
    ) -> Result<Vec<u8>, Failure> {
        let (operation, side) = match version {
            FileVersion::Before { operation_id } => (operation_id, Side::Before),
            FileVersion::After { operation_id } => (operation_id, Side::After),
            FileVersion::Head | FileVersion::Disk => return self.git.at_head(project, path).await,
        };
        self.changes
            .content(project, &operation, path.to_owned(), side)
            .await
    }

    /// Files by a part of their path, best first.
    pub async fn find(&self, request: FindFiles) -> Result<FileList, Failure> {
        self.on(&request.project_id, move |workspace| {
            let limit = request.limit.unwrap_or(20).min(200) as usize;
            let mut found = workspace
                .find_files(&request.query, limit + 1)
                .map_err(refused)?;
            let truncated = found.len() > limit;
            found.truncate(limit);
            Ok(FileList {
                entries: found.into_iter().map(entry).collect(),
                truncated,
            })
        })
        .await
    }

    pub(crate) async fn on<T: Send + 'static>(
        &self,
        project: &ProjectId,
        work: impl FnOnce(Arc<Workspace>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, Failure> {
        let project = existing(&self.projects, project).await?;
        let (blobs, protected) = (self.blobs.clone(), vec![self.data_dir.to_path_buf()]);
        blocking(move || {
            let root = Path::new(&project.path);
            work(Workspace::open(root, Access::Read, blobs, protected).map_err(refused)?)
        })
        .await?
    }
}

/// A project whose folder is there.
pub(crate) async fn existing(projects: &Projects, id: &ProjectId) -> Result<Project, Failure> {
    let project = projects
        .get(ProjectRef {
            project_id: id.clone(),
        })
        .await?;
    if project.exists {
        return Ok(project);
    }
    Err(Failure::new(
        Code::NotFound,
        format!(
            "The folder of the project {}, {}, is not there.",
            project.name, project.path
        ),
    )
    .hint("Open the folder again where it is now."))
}

fn content(page: Page) -> FileContent {
    FileContent {
        path: page.path,
        text: page.text,
        first_line: page.first_line as u32,
        total_lines: page.total_lines as u32,
        size_bytes: page.size,
        binary: page.binary,
    }
}

fn entry(listed: Listed) -> FileEntry {
    FileEntry {
        path: listed.path,
        is_dir: listed.is_dir,
        size_bytes: listed.size,
        ignored: listed.ignored,
    }
}
