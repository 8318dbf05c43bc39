//! Where vectors lie and who makes them.

use serde::{Deserialize, Serialize};

use crate::{MicroUsd, ProjectId};

/// Where vectors are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum VectorStore {
    /// In a file of the data directory.
    Embedded,
    /// On the Qdrant server that QDRANT_URL names.
    Qdrant,
}

impl VectorStore {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Qdrant => "qdrant",
        }
    }

    pub fn other(self) -> Self {
        match self {
            Self::Embedded => Self::Qdrant,
            Self::Qdrant => Self::Embedded,
        }
    }
}

/// Who makes vectors of code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum VectorMaker {
    /// The model that comes with Mira, on this machine.
    Local,
    /// The model that EMBEDDING_MODEL names, at its provider.
    Provider,
}

impl VectorMaker {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Provider => "provider",
        }
    }
}

/// Everything about vectors: where, by whom, how many, and a move between two places.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VectorsState {
    /// In use now.
    pub store: VectorStore,
    /// A file or an address without secrets.
    #[serde(default)]
    pub place: Option<String>,
    /// Why it cannot be asked just now, and what can be done; none: it can, as far as is known.
    #[serde(default)]
    pub away: Option<String>,
    /// The server that QDRANT_URL names, also where it is not in use.
    #[serde(default)]
    pub qdrant_url: Option<String>,
    /// Where its key is from: "environment", "keychain", "none".
    pub key_source: String,
    /// Why the keychain cannot be used; empty where it works or was not needed.
    pub keychain_problem: String,
    pub maker: VectorMaker,
    /// None: there is none, and `note` says why.
    #[serde(default)]
    pub model: Option<String>,
    #[serde(default)]
    pub dimensions: Option<u32>,
    /// It costs money, so each project waits for the person's word.
    pub is_paid: bool,
    #[serde(default)]
    pub note: Option<String>,
    /// What lies in the place in use; empty while it cannot be asked.
    pub collections: Vec<VectorCollection>,
    #[serde(default)]
    pub migration: Option<Migration>,
}

/// Vectors of one kind and model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VectorCollection {
    /// "mira_code", "mira_conversation", "mira_git"
    pub name: String,
    pub model: String,
    pub dimensions: u32,
    pub points: u64,
    /// Of the model in use.
    pub is_used: bool,
}

/// A move of all vectors from one place to the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Migration {
    pub from: VectorStore,
    pub to: VectorStore,
    pub phase: MigrationPhase,
    /// Points of all collections; total 0: they are being counted.
    pub done: u64,
    pub total: u64,
    /// Under way, as the places name it.
    #[serde(default)]
    pub collection: Option<String>,
    /// Why it stopped, and what can be done.
    #[serde(default)]
    pub failure: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum MigrationPhase {
    /// Also after the next start.
    Running,
    /// Goes on where it was when it is started again.
    Failed,
    Cancelled,
    Done,
}

/// Moves all vectors there and uses that place from then on; one that failed goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct Migrate {
    pub to: VectorStore,
}

/// Asks a Qdrant server, in use or not.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct TestVectors {
    /// None: QDRANT_URL.
    #[serde(default)]
    pub url: Option<String>,
    /// None: the key that is known.
    #[serde(default)]
    pub key: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VectorsTest {
    pub place: String,
    pub latency_ms: u64,
    /// Mira's own.
    pub collections: u64,
}

/// Saves the server's key in the OS keychain (an empty key removes it).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct SetVectorsKey {
    pub key: String,
}

/// What vectors of a project's code, commits and messages would take now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct VectorsEstimate {
    pub model: String,
    pub dimensions: u32,
    /// Pieces of code that have no vector yet.
    pub pieces: u64,
    /// About.
    pub tokens: u64,
    /// Commits that have no vector yet, and tokens of what they say, about.
    #[serde(default)]
    pub commits: u64,
    #[serde(default)]
    pub commit_tokens: u64,
    /// Messages of its sessions that have no vector yet, and their tokens, about.
    #[serde(default)]
    pub messages: u64,
    #[serde(default)]
    pub message_tokens: u64,
    /// Of all, about; none where the model has no known price.
    #[serde(default)]
    pub cost_micro_usd: Option<MicroUsd>,
    pub is_paid: bool,
    /// The person said yes to at least so much, or nobody has to.
    pub is_agreed: bool,
}

/// Yes to what was shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AgreeVectors {
    pub project_id: ProjectId,
    /// As the estimate said them: where another model is chosen meanwhile, or more is to be sent, it
    /// is asked anew.
    pub model: String,
    pub dimensions: u32,
    pub tokens: u64,
    /// Of commits; 0: they are not agreed to.
    #[serde(default)]
    pub commit_tokens: u64,
    /// Of messages; none: they are not agreed to. A yes is also to the few that come with time.
    #[serde(default)]
    pub message_tokens: Option<u64>,
}

/// Asks what lies there that search does not use.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct AskOldVectors {
    /// None: the place in use.
    #[serde(default)]
    pub store: Option<VectorStore>,
}

/// Collections of other models, or in the place that is not in use: search does without them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OldVectors {
    pub store: VectorStore,
    /// A file or an address without secrets.
    pub place: String,
    pub collections: Vec<OldCollection>,
}

/// One of them, with what would be lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct OldCollection {
    pub name: String,
    pub model: String,
    pub dimensions: u32,
    pub points: u64,
    /// About: of the numbers alone.
    pub bytes: u64,
    /// Whose they are, the most first; projects that were forgotten are not named.
    pub projects: Vec<ProjectVectors>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct ProjectVectors {
    pub project_id: ProjectId,
    pub name: String,
    pub points: u64,
}

/// Removes one for good, as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(deny_unknown_fields)]
pub struct RemoveOldVectors {
    pub store: VectorStore,
    pub name: String,
    pub model: String,
    pub dimensions: u32,
    /// Refused where there are more by now.
    pub points: u64,
}
