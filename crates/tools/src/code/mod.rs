//! Tools that answer from what is known of the project's code, and what they share: the way to
//! the index, what an answer says it lacks, lists that stay within the cap.

mod about;
mod analyze_dependencies;
mod find_callers;
mod find_class_or_struct;
mod find_function;
mod find_imports;
mod find_tests_for_code;
mod get_codebase_overview;
mod get_complexity_hotspots;
mod get_element_definition;
mod get_file_symbols;
mod get_quality_issues;
mod named;
mod search_code_semantic;
mod shown;

use std::sync::Arc;

use async_trait::async_trait;
use mira_index::{Index, IndexError, Meaning};
use mira_workspace::Refusal;

use crate::git_log::relative;
use crate::{ErasedTool, ToolCx, ToolError, erased};

/// The way to what is known of the project's code, given by whoever hosts the tools.
#[async_trait]
pub trait CodeKnowledge: Send + Sync {
    /// The project's index. It is opened where nobody asked before, and given a moment to be read;
    /// what is missing after that is said in the answers.
    ///
    /// # Errors
    /// Where it cannot be opened, with the way out.
    async fn open(&self) -> Result<Known, ToolError>;
}

/// An open index, as it is now.
pub struct Known {
    pub index: Index,
    pub meaning: Result<Meaning, NoMeaning>,
}

/// Why search goes by words and names alone, and what to do.
#[derive(Debug, Clone)]
pub struct NoMeaning {
    pub why: String,
    pub hint: String,
}

/// The tools, in the order in which a model reads them.
pub(crate) fn all() -> [Arc<dyn ErasedTool>; 12] {
    [
        erased(get_codebase_overview::GetCodebaseOverview),
        erased(search_code_semantic::SearchCodeSemantic),
        erased(find_function::FindFunction),
        erased(find_class_or_struct::FindClassOrStruct),
        erased(get_file_symbols::GetFileSymbols),
        erased(get_element_definition::GetElementDefinition),
        erased(find_callers::FindCallers),
        erased(find_tests_for_code::FindTestsForCode),
        erased(find_imports::FindImports),
        erased(analyze_dependencies::AnalyzeDependencies),
        erased(get_complexity_hotspots::GetComplexityHotspots),
        erased(get_quality_issues::GetQualityIssues),
    ]
}

impl ToolCx {
    async fn known(&self) -> Result<Known, ToolError> {
        tokio::select! {
            known = self.code.open() => known,
            () = self.cancel.cancelled() => Err(ToolError::Cancelled),
        }
    }

    /// A path of the project as the index names it; the guard decides first.
    async fn indexed_path(&self, path: Option<String>) -> Result<Option<String>, ToolError> {
        self.blocking(move |workspace, _| relative(workspace, path.as_deref()))
            .await
    }
}

fn from_index(error: IndexError) -> ToolError {
    match error {
        IndexError::Project(refusal @ Refusal::Broken(_)) => ToolError::Broken(refusal.to_string()),
        IndexError::Cancelled => ToolError::Cancelled,
        error => ToolError::Refused(format!(
            "{error}. search_codebase and read_project_file work without the code index."
        )),
    }
}
