//! The demonstration: a small real project with a real bug, and a model whose words are recorded.
//!
//! Only the words are recorded. The tools run, the diff is of real files, the approval is really
//! asked for, and undo really takes back what was done.

mod recording;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use mira_llm::Prices;
use mira_protocol::Failure;
use mira_protocol::operation::StartOperation;
use mira_protocol::project::OpenProject;
use mira_protocol::provider::ProviderName;
use mira_protocol::system::DemoStarted;

use crate::failure::internal;
use crate::operations::Operations;
use crate::ports::{ModelSource, Resolved, Want};
use crate::projects::Projects;
use crate::settings::SettingsHandle;
use recording::Recording;

/// The recorded model's id, and the same without its pauses.
const MODEL: &str = "demo";
const MODEL_INSTANT: &str = "demo-instant";

const NOTE: &str = "A demonstration without key or network. Only the model's words are recorded: \
                    the project, the tools, the diff, the approval and undo are real.";

/// `demo.start`.
#[derive(Clone)]
pub struct Demo {
    projects: Projects,
    operations: Operations,
    settings: SettingsHandle,
}

impl Demo {
    /// Wraps the models so that demonstration sessions get the recorded one.
    pub fn source(models: Arc<dyn ModelSource>) -> Arc<dyn ModelSource> {
        Arc::new(WithDemo { models })
    }

    pub fn new(projects: Projects, operations: Operations, settings: SettingsHandle) -> Self {
        Self {
            projects,
            operations,
            settings,
        }
    }

    /// Makes the project and asks the first question.
    pub async fn start(&self) -> Result<DemoStarted, Failure> {
        let parent = self.settings.current().data_dir.join("projects");
        let root = tokio::task::spawn_blocking(move || write_project(&parent))
            .await
            .map_err(internal)?;
        let root = root.map_err(|error| {
            internal(format!(
                "the demonstration's project could not be written: {error}"
            ))
        })?;
        let project = self
            .projects
            .open(OpenProject {
                path: root.display().to_string(),
            })
            .await?;
        let operation = self
            .operations
            .start(StartOperation {
                content: recording::QUESTION.into(),
                project_id: Some(project.id.clone()),
                model: Some(MODEL.into()),
                ..StartOperation::default()
            })
            .await?;
        Ok(DemoStarted {
            project,
            session_id: operation.session_id.clone(),
            operation,
            note: NOTE.into(),
        })
    }
}

/// A new folder with the project in it; earlier demonstrations keep theirs.
fn write_project(parent: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(parent)?;
    let mut number = 1;
    let root = loop {
        let root = parent.join(if number == 1 {
            "demo".to_owned()
        } else {
            format!("demo-{number}")
        });
        match std::fs::create_dir(&root) {
            Ok(()) => break root,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => number += 1,
            Err(error) => return Err(error),
        }
    };
    for (path, content) in recording::PROJECT {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, content)?;
    }
    Ok(root)
}

struct WithDemo {
    models: Arc<dyn ModelSource>,
}

#[async_trait]
impl ModelSource for WithDemo {
    async fn resolve(&self, want: &Want) -> Result<Resolved, Failure> {
        let instant = match want.model.as_deref() {
            Some(MODEL) => false,
            Some(MODEL_INSTANT) => true,
            _ => return self.models.resolve(want).await,
        };
        Ok(Resolved {
            model: Arc::new(Recording { instant }),
            id: want.model.clone().unwrap_or_default(),
            provider: ProviderName::Local,
            effort: None,
            context_tokens: None,
            max_output_tokens: None,
            // Nothing is asked of anybody: it costs nothing.
            prices: Some(Prices {
                input: 0.0,
                cached: 0.0,
                cache_write: 0.0,
                output: 0.0,
                long_over_tokens: None,
                long_input: 1.0,
                long_output: 1.0,
            }),
            accepts_images: false,
            notice: None,
            free: true,
        })
    }

    async fn instead(
        &self,
        want: &Want,
        down: &[ProviderName],
    ) -> Result<Option<Resolved>, Failure> {
        self.models.instead(want, down).await
    }

    fn idle(&self) {
        self.models.idle();
    }
}
