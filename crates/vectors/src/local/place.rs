//! Where the model's folder is looked for.

use std::path::{Path, PathBuf};

/// Names a folder that is taken instead of all others.
pub const FOLDER_VARIABLE: &str = "MIRA_EMBEDDING_MODEL_DIR";
const NAME: &str = "minilm";

/// What is known of the program's surroundings.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// By the person: this folder or none.
    pub named: Option<PathBuf>,
    /// The folder of the running program.
    pub program: Option<PathBuf>,
    /// The data folder.
    pub data: Option<PathBuf>,
}

impl Places {
    /// Those of this process, and the given data folder.
    pub fn of_this_process(data: Option<&Path>) -> Self {
        let program = std::env::current_exe().ok();
        Self {
            named: std::env::var_os(FOLDER_VARIABLE)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from),
            program: program.and_then(|path| Some(path.parent()?.to_owned())),
            data: data.map(Path::to_owned),
        }
    }

    /// The folders in the order of being asked, each with whether the person named it.
    pub(super) fn folders(&self) -> Vec<(PathBuf, bool)> {
        if let Some(named) = &self.named {
            return vec![(named.clone(), true)];
        }
        let mut all = Vec::new();
        if let Some(program) = &self.program {
            // Beside the program; in the build folder above it, for tests too; where installers
            // put resources on Linux and macOS.
            let above = [
                ".",
                "..",
                "../..",
                "../lib/Mira",
                "../lib/mira",
                "../Resources",
            ];
            all.extend(above.map(|way| program.join(way).join("models").join(NAME)));
        }
        all.extend(self.data.iter().map(|data| data.join("models").join(NAME)));
        all.into_iter().map(|folder| (folder, false)).collect()
    }
}
