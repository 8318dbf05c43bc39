//! A project on disk with a git repository, and the tools on it.

use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use mira_index::{Index, What};
use mira_tools::{
    CodeKnowledge, Effect, Endpoints, ErasedTool, Known, NoMeaning, Output, ToolCx, ToolError,
    all_with,
};
use mira_workspace::{Access, Blobs, Jobs, Workspace};
use serde_json::Value;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

pub struct Project {
    tools: Vec<Arc<dyn ErasedTool>>,
    pub cx: ToolCx,
    pub live: Arc<Mutex<String>>,
    folder: TempDir,
    kept: TempDir,
}

/// A real index of the project, read anew before each answer, or not read at all.
pub struct Code {
    pub database: std::path::PathBuf,
    pub workspace: Arc<Workspace>,
    pub is_read: bool,
}

#[async_trait]
impl CodeKnowledge for Code {
    async fn open(&self) -> Result<Known, ToolError> {
        let index = Index::open(&self.database, self.workspace.clone()).await;
        let index = index.map_err(|error| ToolError::Refused(error.to_string()))?;
        if self.is_read {
            let read = index.sync(What::Whole, &CancellationToken::new()).await;
            read.expect("a readable project");
        }
        let none = NoMeaning {
            why: "there is no model".into(),
            hint: "Fetch it.".into(),
        };
        Ok(Known {
            index,
            meaning: Err(none),
        })
    }
}

impl Project {
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self::reaching(files, Endpoints::default())
    }

    pub fn reaching(files: &[(&str, &str)], endpoints: Endpoints) -> Self {
        let (folder, kept) = (
            tempfile::tempdir().expect("a folder"),
            tempfile::tempdir().expect("a folder"),
        );
        for (path, content) in files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("inside")).expect("a folder");
            std::fs::write(path, content).expect("a file");
        }
        let blobs = Blobs::open(&kept.path().join("blobs")).expect("blobs");
        let workspace = Workspace::open(folder.path(), Access::Project, blobs, Vec::new());
        let live = Arc::new(Mutex::new(String::new()));
        let heard = live.clone();
        let workspace = workspace.expect("a workspace");
        let code = Code {
            database: kept.path().join("index.db"),
            workspace: workspace.clone(),
            is_read: true,
        };
        let cx = ToolCx {
            workspace,
            code: Arc::new(code),
            jobs: Jobs::open(
                &kept.path().join("jobs"),
                mira_secrets::Masker::new([3; 32]),
            )
            .expect("jobs"),
            sandbox: mira_workspace::Sandbox::off(),
            session: "ses_1".into(),
            operation: "op_1".into(),
            cancel: CancellationToken::new(),
            progress: Arc::new(move |text| heard.lock().expect("whole").push_str(text)),
            gate: mira_egress::Gate::default(),
            masker: mira_secrets::Masker::new([3; 32]),
            output_cap_bytes: 12_000,
            allow_private_hosts: true,
        };
        Self {
            tools: all_with(&endpoints),
            cx,
            live,
            folder,
            kept,
        }
    }

    /// From now on the index is asked without having been read.
    pub fn unread(&mut self) {
        self.cx.code = Arc::new(Code {
            database: self.kept.path().join("unread.db"),
            workspace: self.cx.workspace.clone(),
            is_read: false,
        });
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.root().join(path)).expect(path)
    }

    pub fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", message]);
    }

    pub fn git(&self, words: &[&str]) {
        let done = Command::new("git")
            .args([
                "-c",
                "user.name=Ada",
                "-c",
                "user.email=ada@example.com",
                "-c",
                "commit.gpgsign=false",
            ])
            .args(words)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .current_dir(self.root())
            .status();
        assert!(done.expect("git").success(), "git {words:?}");
    }

    fn tool(&self, name: &str) -> &Arc<dyn ErasedTool> {
        self.tools
            .iter()
            .find(|tool| tool.name() == name)
            .expect(name)
    }

    pub fn effect(&self, name: &str, arguments: Value) -> Result<Effect, ToolError> {
        self.tool(name).effect(&arguments, &self.cx)
    }

    pub async fn call(&self, name: &str, arguments: Value) -> Result<Output, ToolError> {
        let tool = self.tool(name);
        tool.effect(&arguments, &self.cx)?;
        tool.run(&arguments, &self.cx).await
    }

    pub async fn ok(&self, name: &str, arguments: Value) -> Output {
        let shown = arguments.to_string();
        match self.call(name, arguments).await {
            Ok(output) => {
                assert!(
                    output.text.len() <= self.cx.output_cap_bytes,
                    "{name} {shown}"
                );
                output
            }
            Err(error) => panic!("{name} {shown}: {error}"),
        }
    }

    pub async fn refused(&self, name: &str, arguments: Value, part: &str) {
        let shown = arguments.to_string();
        match self.call(name, arguments).await {
            Err(ToolError::Refused(reason)) => {
                assert!(reason.contains(part), "{name} {shown}: {reason}");
            }
            other => panic!("{name} {shown}: {other:?}"),
        }
    }
}
