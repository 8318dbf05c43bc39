//! What a model can do: the [`Tool`] trait, one file a tool, one list ([`all`]).
//!
//! A tool states its [`Effect`] and holds no policy: whether it may run is decided in the engine.
//! Tools know the project through `mira-workspace`, `mira-git` and, by a port ([`CodeKnowledge`]),
//! its index; they know no session, no database, no model.

pub mod arguments;
mod background_job;
mod code;
mod edit_project_file;
mod erased;
mod fetch_url;
mod get_file_summary;
mod git_diff;
mod git_log;
mod list_project_files;
mod page;
mod read_project_file;
mod run_command;
mod run_tests;
mod schema;
mod search_codebase;
mod secret;
mod web;
mod web_search;
mod write_project_file;

use std::sync::Arc;

pub use code::{CodeKnowledge, Known, NoMeaning};
pub use erased::{ErasedTool, Spec};
pub use run_command::told;
pub use write_project_file::in_the_style_of;

use async_trait::async_trait;
use mira_workspace::{Network, Refusal, Workspace};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

/// A capability offered to the model. The doc comments of `Input` are what the model reads.
#[async_trait]
pub trait Tool: Send + Sync + 'static {
    const NAME: &'static str;
    const DESCRIPTION: &'static str;
    type Input: DeserializeOwned + JsonSchema + Send + Sync;

    /// What a call with this input would do. Pure but for looking at the disk.
    fn effect(&self, input: &Self::Input, cx: &ToolCx) -> Result<Effect, ToolError>;

    async fn run(&self, input: Self::Input, cx: &ToolCx) -> Result<Output, ToolError>;
}

/// What a call does to the world, for the engine's policy.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Looks only, inside what the guard allows.
    Reads,
    /// Shows a file that is made to hold secrets, such as `.env` (its path as the model gave it).
    ReadsSecret { path: String },
    /// Writes these paths (relative to the root, or absolute where access goes further).
    Writes(Vec<String>),
    /// Runs a command.
    Runs(Command),
    /// Talks to a host of the network.
    Reaches { url: String },
    /// Handles a background command of this session (lists, reads, kills).
    Jobs,
}

/// A command as the model asked for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    pub line: CommandLine,
    /// Relative to the root; empty for the root.
    pub cwd: String,
    pub background: bool,
    pub timeout_ms: u64,
    /// Why, in the model's words.
    pub purpose: Option<String>,
    /// It wants the network, whole.
    pub network: bool,
    /// It wants these hosts of the network, each a whole name.
    pub hosts: Vec<String>,
    /// It wants to run without the sandbox.
    pub unconfined: bool,
    /// It wants the rights of the administrator.
    pub elevate: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CommandLine {
    /// Run directly, no shell.
    Argv(Vec<String>),
    /// Given to `bash -c` (or `sh -c`).
    Shell(String),
}

/// What a call works with. One immutable context a call.
pub struct ToolCx {
    pub workspace: Arc<Workspace>,
    /// What is known of the project's code.
    pub code: Arc<dyn CodeKnowledge>,
    pub jobs: Arc<mira_workspace::Jobs>,
    /// Holds commands.
    pub sandbox: mira_workspace::Sandbox,
    pub session: String,
    pub operation: String,
    pub cancel: CancellationToken,
    /// Live output, for people; bounded, may drop.
    pub progress: Arc<dyn Fn(&str) + Send + Sync>,
    /// The one way to the network.
    pub gate: mira_egress::Gate,
    /// Hides secrets from what the model reads, and puts them back into what it writes.
    pub masker: mira_secrets::Masker,
    /// The most the model gets to read of one answer, in bytes.
    pub output_cap_bytes: usize,
    /// Hosts that `fetch_url` may reach although their addresses are private (tests only).
    pub allow_private_hosts: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Output {
    /// What the model reads.
    pub text: String,
    /// Lines of the text in colour, for screens ([`mira_workspace::colours`]).
    pub coloured: Option<String>,
    /// One line for people ("212 lines", "exit 0 in 1.9 s").
    pub summary: String,
    /// The tool worked but what it ran did not (a test failed, a command exited with 1).
    pub failed: bool,
    pub truncated: bool,
    /// What the tool itself wrote, as `Workspace::write` returned it; the engine records it for
    /// undo. What a command changed is found by the engine's own snapshots.
    pub changes: Vec<mira_workspace::Change>,
}

impl Output {
    pub fn new(text: impl Into<String>, summary: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            summary: summary.into(),
            ..Self::default()
        }
    }
}

/// Every tool, in the order in which a model reads them. Made once and shared.
pub fn all() -> Vec<Arc<dyn ErasedTool>> {
    all_with(&Endpoints::default())
}

/// Where tools reach services that can be named.
#[derive(Debug, Clone)]
pub struct Endpoints {
    /// Takes `?q=…` and answers with a DuckDuckGo HTML page.
    pub web_search: String,
}

impl Default for Endpoints {
    fn default() -> Self {
        Self {
            web_search: "https://html.duckduckgo.com/html/".into(),
        }
    }
}

/// As [`all`], with other services.
pub fn all_with(endpoints: &Endpoints) -> Vec<Arc<dyn ErasedTool>> {
    let web = Arc::new(web::Web::new());
    let mut tools = vec![
        erased(read_project_file::ReadProjectFile),
        erased(write_project_file::WriteProjectFile),
        erased(edit_project_file::EditProjectFile),
        erased(search_codebase::SearchCodebase),
        erased(list_project_files::ListProjectFiles),
        erased(get_file_summary::GetFileSummary),
        erased(run_command::RunCommand),
        erased(background_job::BackgroundJob),
        erased(run_tests::RunTests),
        erased(git_log::GitLog),
        erased(git_diff::GitDiff),
        erased(fetch_url::FetchUrl { web: web.clone() }),
        erased(web_search::WebSearch {
            web,
            endpoint: endpoints.web_search.clone(),
        }),
    ];
    tools.extend(code::all());
    tools
}

fn erased<T: Tool>(tool: T) -> Arc<dyn ErasedTool> {
    Arc::new(erased::Erased::new(tool))
}

/// What a model is told: one entry a tool, in the order of [`all`].
pub fn specs(tools: &[Arc<dyn ErasedTool>]) -> Vec<Spec> {
    tools.iter().map(|tool| tool.spec()).collect()
}

#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// Told to the model, which may try otherwise.
    #[error("{0}")]
    Refused(String),
    /// This machine is broken (disk full, database gone): ends the operation.
    #[error("{0}")]
    Broken(String),
    #[error("cancelled")]
    Cancelled,
}

impl From<Refusal> for ToolError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Denied(text) | Refusal::Missing(text) | Refusal::Unsuitable(text) => {
                Self::Refused(text)
            }
            Refusal::Broken(text) => Self::Broken(text),
            Refusal::Cancelled => Self::Cancelled,
        }
    }
}

impl From<mira_git::GitError> for ToolError {
    fn from(error: mira_git::GitError) -> Self {
        Self::Refused(error.to_string())
    }
}

impl ToolCx {
    /// What a command of this call may touch: no network, all of it, or these hosts.
    fn confinement(
        &self,
        network: bool,
        hosts: Vec<String>,
    ) -> Option<Arc<mira_workspace::Confinement>> {
        let network = match (network, hosts.is_empty()) {
            (true, _) => Network::Open,
            (false, true) => Network::Closed,
            (false, false) => {
                let caller = mira_egress::Caller {
                    session: Some(self.session.clone()),
                    operation: Some(self.operation.clone()),
                };
                Network::Hosts(mira_egress::Door::new(self.gate.clone(), caller, hosts))
            }
        };
        let workspace = &self.workspace;
        self.sandbox
            .confine(workspace.root(), workspace.access(), network)
    }

    /// Work on the disk, away from the threads that move events.
    async fn blocking<T, E>(
        &self,
        work: impl FnOnce(&Workspace, &CancellationToken) -> Result<T, E> + Send + 'static,
    ) -> Result<T, ToolError>
    where
        T: Send + 'static,
        E: Into<ToolError> + Send + 'static,
    {
        let (workspace, cancel) = (self.workspace.clone(), self.cancel.clone());
        let worked = tokio::task::spawn_blocking(move || work(&workspace, &cancel)).await;
        match worked {
            Ok(result) => result.map_err(Into::into),
            Err(error) => Err(ToolError::Refused(format!(
                "The tool stopped working: {error}"
            ))),
        }
    }
}
