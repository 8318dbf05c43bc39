//! Several windows, one a project: which shows what, and which come back at the next start.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use mira_protocol::ProjectId;
use tauri::{AppHandle, Manager};

use crate::window;

const FILE: &str = "windows.json";
const OWN: &str = "project-";

/// What the windows show now.
pub struct Windows {
    /// Where the windows of the next start are written; None: nothing is kept.
    file: Option<PathBuf>,
    /// Label → the project its page told.
    shown: Mutex<BTreeMap<String, ProjectId>>,
}

impl Windows {
    pub fn new(data_dir: Option<&Path>) -> Self {
        Self {
            file: data_dir.map(|dir| dir.join(FILE)),
            shown: Mutex::default(),
        }
    }

    /// The page of a window tells which project it shows.
    pub fn tell(&self, label: &str, project: Option<ProjectId>) {
        let mut shown = self.lock();
        match project {
            Some(project) => shown.insert(label.to_owned(), project),
            None => shown.remove(label),
        };
    }

    /// The window that shows the project.
    pub fn showing(&self, project: &ProjectId) -> Option<String> {
        self.lock()
            .iter()
            .find(|(_, shown)| *shown == project)
            .map(|(label, _)| label.clone())
    }

    pub fn shows_nothing(&self, label: &str) -> bool {
        !self.lock().contains_key(label)
    }

    /// The person closed it: it does not come back by itself.
    pub fn closed(&self, label: &str) {
        self.lock().remove(label);
        self.keep_without(label);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, ProjectId>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Projects with a window of their own, as of the last start.
    fn kept(&self) -> Vec<ProjectId> {
        let text = self
            .file
            .as_ref()
            .and_then(|file| std::fs::read_to_string(file).ok())
            .unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }

    fn keep(&self, projects: &[ProjectId]) {
        let Some(file) = &self.file else { return };
        let written = serde_json::to_string(projects)
            .map_err(std::io::Error::other)
            .and_then(|text| std::fs::write(file, text));
        if let Err(error) = written {
            tracing::warn!(%error, "the open windows were not noted");
        }
    }

    fn keep_with(&self, project: &ProjectId) {
        let mut kept = self.kept();
        if !kept.contains(project) {
            kept.push(project.clone());
            self.keep(&kept);
        }
    }

    fn keep_without(&self, label: &str) {
        let mut kept = self.kept();
        let before = kept.len();
        kept.retain(|project| label_of(project) != label);
        if kept.len() != before {
            self.keep(&kept);
        }
    }
}

/// Labels may hold only a few signs.
fn label_of(project: &ProjectId) -> String {
    let safe: String = project
        .as_str()
        .chars()
        .map(|sign| {
            if sign.is_ascii_alphanumeric() {
                sign
            } else {
                '-'
            }
        })
        .collect();
    format!("{OWN}{safe}")
}

/// A window of its own for the project, or the one that shows it already, in front.
pub fn open(app: &AppHandle, project: &ProjectId) -> tauri::Result<()> {
    let windows = app.state::<Windows>();
    let label = windows
        .showing(project)
        .unwrap_or_else(|| label_of(project));
    if window::bring_label_forward(app, &label) {
        return Ok(());
    }
    windows.keep_with(project);
    let id: String = tauri::Url::parse_with_params("mira:x", [("window", project.as_str())])
        .ok()
        .and_then(|url| url.query().map(str::to_owned))
        .unwrap_or_default();
    window::open(app, &label, &format!("index.html?{id}"))?;
    Ok(())
}

/// The windows of the last start, beside the main one.
pub fn reopen(app: &AppHandle) {
    for project in app.state::<Windows>().kept() {
        if let Err(error) = open(app, &project) {
            tracing::warn!(%error, "a window of the last start did not come back");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_found_by_what_it_shows() {
        let windows = Windows::new(None);
        let (one, two) = (ProjectId::from("prj_1"), ProjectId::from("prj_2"));
        assert!(windows.shows_nothing(window::MAIN));
        windows.tell(window::MAIN, Some(one.clone()));
        assert_eq!(windows.showing(&one).as_deref(), Some(window::MAIN));
        assert_eq!(windows.showing(&two), None);
        windows.tell(window::MAIN, Some(two.clone()));
        assert_eq!(windows.showing(&one), None);
    }

    #[test]
    fn what_was_open_comes_back_and_what_was_closed_does_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let windows = Windows::new(Some(dir.path()));
        let (one, two) = (ProjectId::from("prj_1"), ProjectId::from("prj_2"));
        windows.keep_with(&one);
        windows.keep_with(&two);
        windows.keep_with(&one);
        assert_eq!(windows.kept(), [one.clone(), two.clone()]);
        windows.closed(&label_of(&one));
        assert_eq!(Windows::new(Some(dir.path())).kept(), [two]);
        std::fs::write(dir.path().join(FILE), "not json").expect("written");
        assert_eq!(windows.kept(), []);
    }
}
