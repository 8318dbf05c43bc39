//! Trust of folders: what a project brings that would run or loosen waits until the person has
//! seen it and said yes, and waits again when it changes.
//!
//! Trust is for what lies there, not for the folder's name: a hash over every file that counts is
//! stored with the decision, and compared each time before one of them is used.

mod items;

use std::path::{Path, PathBuf};

use mira_protocol::project::{Project, ProjectRef};
use mira_protocol::trust::{
    CustomCommand, CustomCommands, GrantTrust, Trust, TrustChange, TrustItem, TrustKind, TrustList,
    TrustState, TrustedFolder,
};
use mira_protocol::{Code, Failure, Topic};
use mira_store::{FolderTrust, Store};

use crate::clock::now_ms;
use crate::events::EventLog;
use crate::failure::{from_store, internal};
use crate::projects::Projects;
use crate::settings::SettingsHandle;
pub use items::Brought;

/// Cheap to clone.
#[derive(Clone)]
pub struct Trusts {
    store: Store,
    events: EventLog,
    projects: Projects,
    settings: SettingsHandle,
}

/// What a folder brings now, and whether the person trusts that.
pub struct Standing {
    pub state: TrustState,
    pub brought: Brought,
    known: Option<FolderTrust>,
}

impl Standing {
    /// What lies there may be used.
    pub fn is_trusted(&self) -> bool {
        self.state == TrustState::Trusted
    }

    /// It was trusted with hooks, and they wait now because something changed.
    pub fn lost_hooks(&self) -> bool {
        let had = |known: &FolderTrust| {
            known
                .items
                .iter()
                .any(|(path, _)| path == crate::hooks::FILE)
        };
        self.state == TrustState::Changed && self.known.as_ref().is_some_and(had)
    }

    /// The bytes of a file of the project that was hashed just now; None where there is none, or
    /// it may not be used (a link, too large).
    pub fn text(&self, path: &str) -> Option<&str> {
        self.brought.text(path)
    }
}

impl Trusts {
    pub fn new(
        store: Store,
        events: EventLog,
        projects: Projects,
        settings: SettingsHandle,
    ) -> Self {
        Self {
            store,
            events,
            projects,
            settings,
        }
    }

    pub async fn get(&self, request: ProjectRef) -> Result<Trust, Failure> {
        let project = self.projects.get_by_id(&request.project_id).await?;
        let standing = self.standing(Path::new(&project.path)).await?;
        Ok(shown(&project, &standing))
    }

    pub async fn list(&self) -> Result<TrustList, Failure> {
        let folders = self.store.folder_trusts().await.map_err(from_store)?;
        let folders = folders
            .into_iter()
            .map(|known| TrustedFolder {
                folder: known.folder,
                hash: known.hash,
                trusted: known.trusted,
                decided_at: known.decided_at,
            })
            .collect();
        Ok(TrustList { folders })
    }

    /// Trusts what the person saw. Where the folder holds something else now, nothing is granted.
    pub async fn grant(&self, request: GrantTrust) -> Result<Trust, Failure> {
        let project = self.projects.get_by_id(&request.project_id).await?;
        let standing = self.standing(Path::new(&project.path)).await?;
        if standing.state == TrustState::NothingToTrust {
            return Err(Failure::new(
                Code::Conflict,
                format!("{} brings nothing that needs trust.", project.path),
            ));
        }
        if standing.brought.hash != request.hash {
            return Err(Failure::new(
                Code::Conflict,
                format!(
                    "{} changed since it was shown, so it was not trusted.",
                    project.path
                ),
            )
            .hint("Look at what it holds now, and decide again."));
        }
        self.decide(&project, &standing.brought, true).await
    }

    pub async fn revoke(&self, request: ProjectRef) -> Result<Trust, Failure> {
        let project = self.projects.get_by_id(&request.project_id).await?;
        let standing = self.standing(Path::new(&project.path)).await?;
        self.decide(&project, &standing.brought, false).await
    }

    async fn decide(
        &self,
        project: &Project,
        brought: &Brought,
        trusted: bool,
    ) -> Result<Trust, Failure> {
        let known = FolderTrust {
            folder: project.path.clone(),
            trusted,
            hash: brought.hash.clone(),
            items: brought
                .items
                .iter()
                .map(|item| (item.path.clone(), item.hash.clone()))
                .collect(),
            decided_at: now_ms(),
        };
        self.store
            .set_folder_trust(&known)
            .await
            .map_err(from_store)?;
        self.events.topic(Topic::Trust {
            project_id: project.id.clone(),
        });
        let standing = self.standing(Path::new(&project.path)).await?;
        Ok(shown(project, &standing))
    }

    /// Reads everything that counts and compares it with what was trusted.
    pub async fn standing(&self, root: &Path) -> Result<Standing, Failure> {
        let home = std::env::home_dir();
        // The person's own `~/.mira` is no project's.
        let is_home = home.is_some_and(|home| home == root);
        let folder = root.to_path_buf();
        let brought = if is_home {
            Brought::default()
        } else {
            tokio::task::spawn_blocking(move || Brought::look(&folder))
                .await
                .map_err(internal)?
        };
        let known = self
            .store
            .folder_trust(&root.to_string_lossy())
            .await
            .map_err(from_store)?;
        let state = match &known {
            _ if brought.items.is_empty() && known.as_ref().is_none_or(|k| k.items.is_empty()) => {
                TrustState::NothingToTrust
            }
            None => TrustState::Undecided,
            Some(known) if known.hash == brought.hash && known.trusted => TrustState::Trusted,
            Some(known) if known.hash == brought.hash => TrustState::Revoked,
            Some(known) if known.trusted => TrustState::Changed,
            Some(_) => TrustState::Undecided,
        };
        Ok(Standing {
            state,
            brought,
            known,
        })
    }

    /// The slash commands of the person and, where it is trusted, of the project; the project's
    /// win.
    pub async fn commands(&self, request: ProjectRef) -> Result<CustomCommands, Failure> {
        let project = self.projects.get_by_id(&request.project_id).await?;
        let standing = self.standing(Path::new(&project.path)).await?;
        let mut folders: Vec<PathBuf> = vec![self.settings.current().config_dir.join("commands")];
        folders.extend(std::env::home_dir().map(|home| home.join(".mira/commands")));
        let mut commands: Vec<CustomCommand> = Vec::new();
        let mut add = |command: CustomCommand| {
            commands.retain(|known| known.name != command.name);
            commands.push(command);
        };
        let own = tokio::task::spawn_blocking(move || items::own_commands(&folders))
            .await
            .map_err(internal)?;
        own.into_iter().for_each(&mut add);
        let usable: Vec<&TrustItem> = standing
            .brought
            .items
            .iter()
            .filter(|item| item.kind == TrustKind::Command && item.problem.is_none())
            .collect();
        let waiting = if standing.is_trusted() {
            0
        } else {
            usable.len()
        };
        if standing.is_trusted() {
            for item in usable {
                if let Some(text) = standing.text(&item.path) {
                    add(CustomCommand {
                        name: items::command_name(&item.path),
                        text: text.to_owned(),
                        from_project: true,
                    });
                }
            }
        }
        commands.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(CustomCommands {
            commands,
            trust: standing.state,
            waiting: waiting as u32,
        })
    }
}

fn shown(project: &Project, standing: &Standing) -> Trust {
    let known = standing.known.as_ref().filter(|known| known.trusted);
    let mut items: Vec<TrustItem> = standing.brought.items.clone();
    for item in &mut items {
        let before =
            known.and_then(|known| known.items.iter().find(|(path, _)| *path == item.path));
        item.change = match before {
            Some((_, hash)) if *hash == item.hash => TrustChange::Same,
            Some(_) => TrustChange::Changed,
            None => TrustChange::New,
        };
    }
    let gone = known.iter().flat_map(|known| &known.items);
    for (path, hash) in gone {
        if items.iter().all(|item| item.path != *path) {
            items.push(TrustItem {
                kind: items::kind_of(path).unwrap_or(TrustKind::HookProgram),
                path: path.clone(),
                content: String::new(),
                bytes: 0,
                hash: hash.clone(),
                change: TrustChange::Gone,
                problem: None,
            });
        }
    }
    Trust {
        project_id: project.id.clone(),
        folder: project.path.clone(),
        state: standing.state,
        hash: standing.brought.hash.clone(),
        items,
        decided_at: standing.known.as_ref().map(|known| known.decided_at),
    }
}
