//! One app per data directory: a second start brings the first one forward and hands it the folder
//! it was given.

use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use mira_protocol::project::OpenProject;
use mira_protocol::{ProjectId, calls};
use tauri::plugin::TauriPlugin;
use tauri::{AppHandle, Emitter, Manager, Wry};

use crate::feed::Feeds;
use crate::host::Host;
use crate::links::{self, Link};
use crate::window;
use crate::windows::{self, Windows};

/// Sent to the page with a project, when it should be shown.
pub const OPEN_PROJECT: &str = "open-project";

/// What the first command line named, until the page asks for it.
#[derive(Default)]
pub struct Named(Mutex<(Option<PathBuf>, Option<Link>)>);

pub fn plugin(data_dir: Option<&Path>) -> TauriPlugin<Wry> {
    tauri_plugin_single_instance::Builder::new()
        .dbus_id(bus_name(data_dir))
        .callback(|app, words, cwd| {
            if let Some(link) = links::link_in(&words) {
                return links::show(app, link);
            }
            window::bring_forward(app);
            if let Some(folder) = folder_in(&words, Path::new(&cwd)) {
                tauri::async_runtime::spawn(open_and_show(app.clone(), folder));
            }
        })
        .build()
}

/// Apps on different data directories do not know each other.
fn bus_name(data_dir: Option<&Path>) -> String {
    let mut hash = std::hash::DefaultHasher::new();
    data_dir.hash(&mut hash);
    format!("dev.mira.desktop.d{:016x}", hash.finish())
}

/// Keeps the folder or the link that this start was given.
pub fn open_argument(app: &AppHandle) {
    let words: Vec<String> = std::env::args_os()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let cwd = std::env::current_dir().unwrap_or_default();
    app.manage(Named(Mutex::new((
        folder_in(&words, &cwd),
        links::link_in(&words),
    ))));
}

/// The folder that the command line named, opened, and the link; None where it named none, or the
/// second time.
pub async fn take_named(app: &AppHandle) -> (Option<ProjectId>, Option<Link>) {
    let (folder, link) = {
        let named = app.state::<Named>();
        let mut named = named
            .0
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        std::mem::take(&mut *named)
    };
    let Some(folder) = folder else {
        return (None, link);
    };
    // Opened before, the page would miss that the list of projects changed.
    app.state::<Feeds>().listens().await;
    (open(app, folder).await, link)
}

async fn open_and_show(app: AppHandle, folder: PathBuf) {
    let Some(project_id) = open(&app, folder).await else {
        return;
    };
    let windows = app.state::<Windows>();
    // The main window takes it while it shows none; else the project gets a window of its own.
    let told = if windows.showing(&project_id).is_none() && windows.shows_nothing(window::MAIN) {
        app.emit_to(window::MAIN, OPEN_PROJECT, project_id)
    } else {
        windows::open(&app, &project_id)
    };
    if let Err(error) = told {
        tracing::warn!(%error, "no window shows the project of a second start");
    }
}

async fn open(app: &AppHandle, folder: PathBuf) -> Option<ProjectId> {
    let engine = app.state::<Host>().engine().await.ok()?;
    let path = folder.to_string_lossy().into_owned();
    match engine.call(calls::ProjectOpen(OpenProject { path })).await {
        Ok(project) => Some(project.id),
        Err(failure) => {
            tracing::warn!(code = ?failure.code, "the folder of the command line was not opened");
            None
        }
    }
}

/// The first word after the program that is no switch, as an absolute folder.
fn folder_in(words: &[String], cwd: &Path) -> Option<PathBuf> {
    let word = words
        .iter()
        .skip(1)
        .find(|word| !word.starts_with('-') && !links::is_link(word))?;
    let folder = cwd.join(word);
    folder.is_dir().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_folder_is_read_against_the_callers_directory() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        assert_eq!(
            folder_in(&words("mira-desktop icons"), here),
            Some(here.join("icons"))
        );
        assert_eq!(
            folder_in(&words("mira-desktop --flag ."), here),
            Some(here.join("."))
        );
        assert_eq!(folder_in(&words("mira-desktop"), here), None);
        assert_eq!(
            folder_in(&words("mira-desktop Cargo.toml"), here),
            None,
            "a file is no project"
        );
    }

    #[test]
    fn each_data_directory_has_its_own_name_on_the_bus() {
        let one = bus_name(Some(Path::new("/a")));
        assert_eq!(one, bus_name(Some(Path::new("/a"))));
        assert_ne!(one, bus_name(Some(Path::new("/b"))));
    }
}
