//! Projects: folders that people opened, and the guidelines that apply in them.

use std::path::{Path, PathBuf};

use mira_protocol::operation::Focus;
use mira_protocol::project::{
    CreateProject, GuidelineFile, Guidelines, OpenProject, Project, ProjectList, ProjectRef, UpdateProject,
};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, ProjectId, Topic};
use mira_store::{ProjectRow, Store};

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::from_store;
use crate::settings::SettingsHandle;

/// Guideline files in the order of their names' age: the project's own conventions of several
/// assistants are honoured alike.
const GUIDELINE_NAMES: &[&str] = &["AGENTS.md", "CLAUDE.md", "MIRA.md"];
/// The most of one guideline file that is read, in bytes.
const MAX_GUIDELINE_BYTES: usize = 32 * 1024;
/// Folders that are not projects: opening one would put a whole system in reach.
const SYSTEM_FOLDERS: &[&str] = &[
    "/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr",
    "/var", "/System", "/Library", "/Applications", "C:\\", "C:\\Windows",
];

#[derive(Clone)]
pub struct Projects {
    store: Store,
    events: EventLog,
    settings: SettingsHandle,
}

impl Projects {
    pub fn new(store: Store, events: EventLog, settings: SettingsHandle) -> Self {
        Self { store, events, settings }
    }

    /// The project of a folder, found or made.
    pub async fn open(&self, request: OpenProject) -> Result<Project, Failure> {
        let path = expanded(request.path.trim());
        if path.as_os_str().is_empty() {
            return Err(Failure::new(Code::BadParams, "No folder was named."));
        }
        let canonical = std::fs::canonicalize(&path).map_err(|error| {
            Failure::new(Code::NotFound, format!("The folder {} cannot be opened: {error}.", path.display()))
                .hint("Check the path; it must be an existing folder.")
        })?;
        if !canonical.is_dir() {
            return Err(Failure::new(Code::BadParams, format!("{} is not a folder.", canonical.display()))
                .hint("Open the folder that contains it."));
        }
        if SYSTEM_FOLDERS.iter().any(|folder| canonical == Path::new(folder)) {
            return Err(Failure::new(
                Code::Refused,
                format!("{} is a system folder, not a project.", canonical.display()),
            )
            .hint("Open a folder of your own below it."));
        }
        if self.settings.current().data_dir.starts_with(&canonical)
            && canonical != Path::new(&home().unwrap_or_default())
        {
            return Err(Failure::new(
                Code::Refused,
                format!("{} holds Mira's own data.", canonical.display()),
            )
            .hint("Open a project folder instead."));
        }
        let Some(text) = canonical.to_str() else {
            return Err(Failure::new(
                Code::BadParams,
                format!("The path {} is not UTF-8.", canonical.display()),
            )
            .hint("Rename the folder."));
        };
        let name = canonical.file_name().map_or(text.to_owned(), |name| name.to_string_lossy().into_owned());
        let row = self.store.open_project(text, &name, now_ms()).await.map_err(from_store)?;
        self.events.topic(Topic::Projects);
        Ok(project(row))
    }

    /// A new folder, opened. One that is there and empty will do.
    pub async fn create(&self, request: CreateProject) -> Result<Project, Failure> {
        let name = request.name.trim();
        if name.is_empty() || name.contains(['/', '\\', '\0']) || name.starts_with('.') {
            return Err(Failure::new(
                Code::BadParams,
                format!("{name:?} is no name for a project: it names a folder, without / and without a leading dot."),
            ));
        }
        let path = match &request.path {
            Some(path) => expanded(path.trim()),
            None => self.settings.current().data_dir.join("projects").join(name),
        };
        let occupied = std::fs::read_dir(&path).is_ok_and(|mut entries| entries.next().is_some());
        if occupied {
            return Err(Failure::new(
                Code::Conflict,
                format!("The folder {} exists and is not empty.", path.display()),
            )
            .hint("Open it instead, or choose another name."));
        }
        std::fs::create_dir_all(&path).map_err(|error| {
            Failure::new(Code::Internal, format!("The folder {} cannot be made: {error}.", path.display()))
        })?;
        let made = self.open(OpenProject { path: path.display().to_string() }).await?;
        self.update(UpdateProject {
            project_id: made.id,
            name: Some(name.to_owned()),
            description: request.description,
        })
        .await
    }

    /// Where messages without a project work: a folder of Mira's own.
    pub async fn scratch(&self) -> Result<Project, Failure> {
        let path = self.settings.current().data_dir.join("projects").join("scratch");
        std::fs::create_dir_all(&path).map_err(|error| {
            Failure::new(Code::Internal, format!("The folder {} cannot be made: {error}.", path.display()))
        })?;
        self.open(OpenProject { path: path.display().to_string() }).await
    }

    pub async fn list(&self) -> Result<ProjectList, Failure> {
        let rows = self.store.projects().await.map_err(from_store)?;
        Ok(ProjectList { projects: rows.into_iter().map(project).collect() })
    }

    pub async fn get(&self, request: ProjectRef) -> Result<Project, Failure> {
        self.get_by_id(&request.project_id).await
    }

    pub async fn get_by_id(&self, id: &ProjectId) -> Result<Project, Failure> {
        Ok(project(self.store.project(id).await.map_err(from_store)?))
    }

    pub async fn update(&self, request: UpdateProject) -> Result<Project, Failure> {
        if request.name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            return Err(Failure::new(Code::BadParams, "A project needs a name."));
        }
        self.store
            .update_project(
                &request.project_id,
                request.name.as_deref().map(str::trim),
                request.description.as_deref(),
            )
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Projects);
        self.get_by_id(&request.project_id).await
    }

    pub async fn remove(&self, request: ProjectRef) -> Result<Nothing, Failure> {
        self.store.forget_project(&request.project_id, now_ms()).await.map_err(from_store)?;
        self.events.topic(Topic::Projects);
        Ok(Nothing {})
    }

    pub async fn guidelines(&self, request: ProjectRef) -> Result<Guidelines, Failure> {
        let project = self.get_by_id(&request.project_id).await?;
        Ok(Guidelines { files: self.guidelines_for(&project, None) })
    }

    /// The guideline files that apply, nearest last: the person's own, then from the project's
    /// root down to the folder of the file in focus.
    pub fn guidelines_for(&self, project: &Project, focus: Option<&Focus>) -> Vec<GuidelineFile> {
        let root = Path::new(&project.path);
        let mut files = read_guidelines(&self.settings.current().config_dir, None);
        files.extend(read_guidelines(root, Some(root)));
        let Some(path) = focus.and_then(|focus| focus.file_path.as_deref()) else { return files };
        let mut folder = root.to_path_buf();
        let parents = Path::new(path).parent().into_iter().flat_map(Path::components);
        for part in parents {
            let std::path::Component::Normal(part) = part else { break };
            folder.push(part);
            // A link would lead to guidelines from outside.
            if folder.is_symlink() || !folder.is_dir() {
                break;
            }
            files.extend(read_guidelines(&folder, Some(root)));
        }
        files
    }
}

/// One folder's guideline files. Where names point to one file (a link), it is read once.
fn read_guidelines(folder: &Path, root: Option<&Path>) -> Vec<GuidelineFile> {
    let mut seen: Vec<PathBuf> = Vec::new();
    let mut files = Vec::new();
    for name in GUIDELINE_NAMES {
        let Ok(path) = std::fs::canonicalize(folder.join(name)) else { continue };
        let inside = root.is_none_or(|root| path.starts_with(root));
        if !inside || !path.is_file() || seen.contains(&path) {
            continue;
        }
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let mut content = String::from_utf8_lossy(&bytes[..bytes.len().min(MAX_GUIDELINE_BYTES)]).into_owned();
        if bytes.len() > MAX_GUIDELINE_BYTES {
            content += "\n[cut here]";
        }
        let shown = match root.and_then(|root| folder.strip_prefix(root).ok()) {
            Some(relative) => relative.join(name),
            None => folder.join(name),
        };
        files.push(GuidelineFile { path: shown.display().to_string(), bytes: bytes.len() as u64, content });
        seen.push(path);
    }
    files
}

fn project(row: ProjectRow) -> Project {
    let path = Path::new(&row.path);
    Project {
        exists: path.is_dir(),
        is_git: path.join(".git").exists(),
        id: row.id,
        name: row.name,
        path: row.path,
        description: row.description,
        created_at: row.created_at,
        last_opened_at: row.last_opened_at,
    }
}

/// `~` is the home folder; all else is taken as it is.
fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix('~'), home()) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            PathBuf::from(home).join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(path),
    }
}

fn home() -> Option<String> {
    std::env::var("HOME").or_else(|_| std::env::var("USERPROFILE")).ok().filter(|home| !home.is_empty())
}
