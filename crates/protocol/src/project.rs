//! Projects: folders on disk.

use serde::{Deserialize, Serialize};

use crate::{OperationId, ProjectId, UtcMs};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Project {
    pub id: ProjectId,
    pub name: String,
    /// Canonical, absolute.
    pub path: String,
    #[serde(default)]
    pub description: String,
    /// The folder is there now.
    pub exists: bool,
    pub is_git: bool,
    pub created_at: UtcMs,
    pub last_opened_at: UtcMs,
}

/// Open a folder: the project of that path is found or made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct OpenProject {
    pub path: String,
}

/// A new folder with a project in it. Without `path`: under `projects/` in the data directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct CreateProject {
    pub name: String,
    #[serde(default)]
    pub path: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProjectList {
    pub projects: Vec<Project>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ProjectRef {
    pub project_id: ProjectId,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct UpdateProject {
    pub project_id: ProjectId,
    #[serde(default)]
    pub name: Option<String>,
    #[serde(default)]
    pub description: Option<String>,
}

/// The guideline files that reach the prompt, nearest last (so that it has the last word).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Guidelines {
    pub files: Vec<GuidelineFile>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct GuidelineFile {
    pub path: String,
    pub bytes: u64,
    pub content: String,
}

/// One folder's entries; `path` relative to the root, empty for the root.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ListFiles {
    pub project_id: ProjectId,
    #[serde(default)]
    pub path: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileList {
    pub entries: Vec<FileEntry>,
    pub truncated: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileEntry {
    pub path: String,
    pub is_dir: bool,
    pub size_bytes: u64,
    pub ignored: bool,
}

/// Lines of a file, as the person sees it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ReadFile {
    pub project_id: ProjectId,
    pub path: String,
    /// First line, 1-based; default 1.
    #[serde(default)]
    pub offset: Option<u32>,
    /// Lines; default and at most 2,000.
    #[serde(default)]
    pub limit: Option<u32>,
    /// Default: as it is on disk.
    #[serde(default)]
    pub version: Option<FileVersion>,
}

/// Which content of a path is meant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum FileVersion {
    /// On disk now.
    Disk,
    /// In the newest commit.
    Head,
    /// Before the operation changed it.
    Before { operation_id: OperationId },
    /// As the operation left it, whatever was rejected or undone since.
    After { operation_id: OperationId },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileContent {
    pub path: String,
    pub text: String,
    pub first_line: u32,
    pub total_lines: u32,
    pub size_bytes: u64,
    pub binary: bool,
}

/// Files whose path matches `query` loosely, best first: what `@` completes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct FindFiles {
    pub project_id: ProjectId,
    pub query: String,
    /// Default 20, at most 200.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// A whole content, for showing images and comparing bytes; at most 8 MiB.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct ReadBlob {
    pub project_id: ProjectId,
    pub path: String,
    /// Default: as it is on disk.
    #[serde(default)]
    pub version: Option<FileVersion>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct FileBlob {
    pub path: String,
    /// Told from the content: an image's type, "text/plain" or "application/octet-stream".
    pub media_type: String,
    pub size_bytes: u64,
    /// BLAKE3, 64 hexadecimal digits.
    pub hash: String,
    /// None where the content is larger than 8 MiB.
    #[serde(default)]
    pub data_base64: Option<String>,
}

/// An editor of this machine, as the engine would start it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Editor {
    /// "VS Code", "Zed", …; of a command that is not known its first word.
    pub name: String,
    /// With `{file}`, `{line}` and `{column}` where they are filled in.
    pub command: String,
    /// Where it was found: "MIRA_EDITOR", "VISUAL", "EDITOR" or "PATH".
    pub source: String,
}

/// Editors that can open a file at a line, the one that will be taken first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct EditorList {
    pub editors: Vec<Editor>,
    /// The machine on whose screen it opens.
    pub host: String,
    /// Why none can be opened, in a sentence.
    #[serde(default)]
    pub problem: Option<String>,
}

/// Opens a file of the project in the person's editor, on the machine where the engine runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct OpenInEditor {
    pub project_id: ProjectId,
    pub path: String,
    /// 1-based.
    #[serde(default)]
    pub line: Option<u32>,
    /// 1-based.
    #[serde(default)]
    pub column: Option<u32>,
}
