//! Projects: folders that the person opened, and the guidelines that lie in them.

mod guidelines;
mod places;

use std::path::{Path, PathBuf};

use mira_protocol::operation::Focus;
use mira_protocol::project::{
    CreateProject, GuidelineFile, Guidelines, OpenProject, Project, ProjectList, ProjectRef,
    UpdateProject,
};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, ProjectId, Topic};
use mira_store::{ProjectRow, Store};

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::{from_store, internal};
use crate::settings::SettingsHandle;

pub use guidelines::guidelines;

const LONGEST_NAME: usize = 120;
const LONGEST_DESCRIPTION: usize = 4_000;
/// The folder under the data directory where projects without a place of their own are made.
const OWN_PROJECTS: &str = "projects";
/// The project of operations that name none.
const SCRATCH: &str = "scratch";

/// Cheap to clone.
#[derive(Clone)]
pub struct Projects {
    store: Store,
    events: EventLog,
    settings: SettingsHandle,
}

impl Projects {
    pub fn new(store: Store, events: EventLog, settings: SettingsHandle) -> Self {
        Self {
            store,
            events,
            settings,
        }
    }

    /// Opens a folder that exists; symlinks are followed first, so one folder is one project.
    pub async fn open(&self, request: OpenProject) -> Result<Project, Failure> {
        let asked = crate::settings::expand(&request.path)?;
        let refuse = |reason: String| {
            Failure::new(
                Code::BadParams,
                format!(
                    "The folder {:?} could not be opened: {reason}.",
                    request.path
                ),
            )
        };
        let folder = std::fs::canonicalize(&asked).map_err(|error| refuse(error.to_string()))?;
        if !folder.is_dir() {
            return Err(refuse("it is a file".into()).hint("Open the folder that holds it."));
        }
        places::check(&folder, &self.settings.current().data_dir)?;
        let project = self.remember(&folder, None).await?;
        self.events.topic(Topic::Projects);
        Ok(project)
    }

    /// Makes a folder (which must not exist yet, or be empty) and opens it.
    pub async fn create(&self, request: CreateProject) -> Result<Project, Failure> {
        let name = checked_name(&request.name)?;
        let folder = match &request.path {
            Some(path) => crate::settings::expand(path)?,
            None => self.free_place(&name)?,
        };
        let refuse = |reason: String| {
            Failure::new(
                Code::Conflict,
                format!(
                    "The project {name:?} could not be made in {}: {reason}.",
                    folder.display()
                ),
            )
        };
        match std::fs::read_dir(&folder).map(|mut entries| entries.next().is_none()) {
            Ok(true) => {}
            Ok(false) => {
                return Err(refuse("there is something in that folder".into())
                    .hint("Open it as a project, or choose another folder."));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                places::check_lexically(&folder)?;
                std::fs::create_dir_all(&folder).map_err(|error| refuse(error.to_string()))?;
            }
            Err(error) => return Err(refuse(error.to_string())),
        }
        let canonical =
            std::fs::canonicalize(&folder).map_err(|error| refuse(error.to_string()))?;
        places::check(&canonical, &self.settings.current().data_dir)?;
        let project = self.remember(&canonical, Some(&name)).await?;
        let change = UpdateProject {
            project_id: project.id,
            name: Some(name),
            description: request.description,
        };
        self.update(change).await
    }

    pub async fn list(&self) -> Result<ProjectList, Failure> {
        let rows = self.store.projects().await.map_err(from_store)?;
        Ok(ProjectList {
            projects: rows.into_iter().map(look).collect(),
        })
    }

    pub async fn get(&self, request: ProjectRef) -> Result<Project, Failure> {
        self.get_by_id(&request.project_id).await
    }

    /// A project, also one that was forgotten: its sessions can go on.
    pub async fn get_by_id(&self, id: &ProjectId) -> Result<Project, Failure> {
        self.store.project(id).await.map(look).map_err(from_store)
    }

    /// The project of operations that name none: a folder of Mira's own.
    pub async fn scratch(&self) -> Result<Project, Failure> {
        let folder = self.own_projects().join(SCRATCH);
        std::fs::create_dir_all(&folder).map_err(internal)?;
        let folder = std::fs::canonicalize(&folder).map_err(internal)?;
        self.remember(&folder, Some("Scratch")).await
    }

    pub async fn update(&self, request: UpdateProject) -> Result<Project, Failure> {
        let UpdateProject {
            project_id,
            name,
            description,
        } = request;
        let name = name.as_deref().map(checked_name).transpose()?;
        if description
            .as_ref()
            .is_some_and(|text| text.len() > LONGEST_DESCRIPTION)
        {
            return Err(Failure::new(
                Code::BadParams,
                format!("The description is longer than {LONGEST_DESCRIPTION} bytes."),
            ));
        }
        self.store
            .update_project(&project_id, name.as_deref(), description.as_deref())
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Projects);
        self.get_by_id(&project_id).await
    }

    pub async fn remove(&self, request: ProjectRef) -> Result<Nothing, Failure> {
        self.store
            .forget_project(&request.project_id, now_ms())
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Projects);
        Ok(Nothing {})
    }

    pub async fn guidelines(&self, request: ProjectRef) -> Result<Guidelines, Failure> {
        let project = self.get_by_id(&request.project_id).await?;
        Ok(Guidelines {
            files: self.guidelines_for(&project, None),
        })
    }

    /// The guideline files for work in a project with `focus` open, nearest last.
    pub fn guidelines_for(&self, project: &Project, focus: Option<&Focus>) -> Vec<GuidelineFile> {
        let focus = focus.and_then(|focus| focus.file_path.as_deref());
        let config_dir = &self.settings.current().config_dir;
        guidelines(
            Path::new(&project.path),
            focus.map(Path::new),
            Some(config_dir),
        )
    }

    async fn remember(&self, folder: &Path, name: Option<&str>) -> Result<Project, Failure> {
        let Some(path) = folder.to_str() else {
            return Err(Failure::new(
                Code::BadParams,
                format!("The path {} is not valid UTF-8.", folder.display()),
            )
            .hint("Rename the folder, or open it through a symlink's target with a plain name."));
        };
        let own_name = folder
            .file_name()
            .map_or(path.into(), |name| name.to_string_lossy());
        let row = self
            .store
            .open_project(path, name.unwrap_or(&own_name), now_ms())
            .await
            .map_err(from_store)?;
        Ok(look(row))
    }

    fn own_projects(&self) -> PathBuf {
        self.settings.current().data_dir.join(OWN_PROJECTS)
    }

    /// A folder for that name that does not exist yet.
    fn free_place(&self, name: &str) -> Result<PathBuf, Failure> {
        let slug = slug(name);
        (1..1_000)
            .map(|number| match number {
                1 => self.own_projects().join(&slug),
                n => self.own_projects().join(format!("{slug}-{n}")),
            })
            .find(|folder| !folder.exists())
            .ok_or_else(|| {
                Failure::new(
                    Code::Conflict,
                    format!("There are too many projects named {name:?}."),
                )
            })
    }
}

/// What is there now joins what is stored.
fn look(row: ProjectRow) -> Project {
    let folder = Path::new(&row.path);
    Project {
        exists: folder.is_dir(),
        is_git: folder
            .ancestors()
            .any(|folder| folder.join(".git").exists()),
        id: row.id,
        name: row.name,
        description: row.description,
        created_at: row.created_at,
        last_opened_at: row.last_opened_at,
        path: row.path,
    }
}

fn checked_name(name: &str) -> Result<String, Failure> {
    let name = name.trim();
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(Failure::new(
            Code::BadParams,
            format!("A project's name is one line of 1 to {LONGEST_NAME} characters."),
        ));
    }
    Ok(name.to_owned())
}

/// A folder name that is legal everywhere.
fn slug(name: &str) -> String {
    let kept: String = name
        .chars()
        .map(|sign| if sign.is_alphanumeric() { sign } else { '-' })
        .collect::<String>()
        .to_lowercase();
    let words: Vec<_> = kept.split('-').filter(|word| !word.is_empty()).collect();
    match words.join("-") {
        slug if slug.is_empty() => "project".to_owned(),
        slug => slug.chars().take(60).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::slug;

    #[test]
    fn slugs_are_plain_folder_names() {
        for (name, expected) in [
            ("My App", "my-app"),
            ("../../etc", "etc"),
            ("Größe 2", "größe-2"),
            ("...", "project"),
            ("CON:", "con"),
        ] {
            assert_eq!(slug(name), expected);
        }
    }
}
