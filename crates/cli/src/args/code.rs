//! What is asked of a project's code.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, value_parser};

use super::{JsonArg, MakerArg, StoreArg};

/// Which project, and whether to wait for its index.
#[derive(Debug, Clone, Default, Args)]
pub struct CodeTarget {
    /// The project's folder [default: the current one]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Answer from what is indexed so far
    #[arg(long)]
    pub no_wait: bool,
    #[command(flatten)]
    pub json: JsonArg,
}

#[derive(Debug, Clone, Args)]
pub struct IndexArgs {
    #[command(subcommand)]
    pub command: Option<IndexCommand>,
    /// Look at the whole project again, also where an engine follows it
    #[arg(long)]
    pub again: bool,
    /// Wait until every piece, commit and message has its vector, too
    #[arg(long, conflicts_with = "no_wait")]
    pub vectors: bool,
    #[command(flatten)]
    pub target: CodeTarget,
}

#[derive(Debug, Clone, Subcommand)]
pub enum IndexCommand {
    /// Files that are not, or not wholly, in the index, and why
    Skipped(CodeTarget),
    /// How each language is read; with a name: change it for this project
    Languages {
        /// As the list names it
        language: Option<String>,
        /// Read its files
        #[arg(long, conflicts_with = "off", requires = "language")]
        on: bool,
        /// Name its files and nothing more
        #[arg(long, requires = "language")]
        off: bool,
        /// Further file extensions, without the dot; replaces those that were set, '' removes them
        #[arg(long, value_name = "EXT", value_delimiter = ',', requires = "language")]
        extensions: Option<Vec<String>>,
        /// Larger files are not parsed
        #[arg(long, value_name = "BYTES", requires = "language")]
        max_bytes: Option<u64>,
        /// Time for one file
        #[arg(long, value_name = "MS", requires = "language")]
        max_ms: Option<u64>,
        #[command(flatten)]
        target: CodeTarget,
    },
    /// Where vectors lie, who makes them, how many there are
    Vectors(JsonArg),
    /// Ask a Qdrant server whether it answers
    Test {
        /// [default: QDRANT_URL]
        url: Option<String>,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Move all vectors to the other place and use it from then on; a move that stopped goes on
    Migrate {
        #[arg(required_unless_present = "cancel", conflicts_with = "cancel")]
        to: Option<StoreArg>,
        /// End a move; what was in use stays in use
        #[arg(long)]
        cancel: bool,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Collections that search does not use, with what would be lost; remove them
    Old {
        /// Only those of this model, as the list names it
        model: Option<String>,
        /// Remove what is listed, for good, after a question
        #[arg(long)]
        remove: bool,
        /// Without the question
        #[arg(long, requires = "remove")]
        yes: bool,
        /// Where to look [default: the place in use]
        #[arg(long, value_name = "PLACE")]
        at: Option<StoreArg>,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Who makes vectors of this project and what that costs; choose, and say yes
    Embedder(EmbedderArgs),
}

#[derive(Debug, Clone, Args)]
pub struct EmbedderArgs {
    /// The model that comes with Mira, or that of EMBEDDING_MODEL at its provider
    #[arg(value_name = "local|provider")]
    pub maker: Option<MakerArg>,
    /// Saved as EMBEDDING_MODEL
    #[arg(long, value_name = "ID")]
    pub model: Option<String>,
    /// Saved as EMBEDDING_DIMENSIONS
    #[arg(long, value_name = "N")]
    pub dimensions: Option<u32>,
    /// Say yes to what it costs, without a question
    #[arg(long)]
    pub yes: bool,
    #[command(flatten)]
    pub target: CodeTarget,
}

#[derive(Debug, Clone, Args)]
pub struct SearchArgs {
    /// Words, a name, or a question
    #[arg(required = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// Exactly this text, in the files as they are
    #[arg(long, conflicts_with = "regex")]
    pub text: bool,
    /// A regular expression, in the files as they are
    #[arg(long)]
    pub regex: bool,
    /// Commits instead of code: what was said of changes, and which files they touched
    #[arg(long, conflicts_with_all = ["text", "regex", "language", "budget"])]
    pub commits: bool,
    /// Only below this folder, or in this file
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// Only in this language
    #[arg(long)]
    pub language: Option<String>,
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u32).range(1..=200))]
    pub limit: u32,
    /// The best evidence that fits in so many tokens
    #[arg(long, value_name = "TOKENS")]
    pub budget: Option<u32>,
    /// Say why each hit ranks where it does
    #[arg(long)]
    pub why: bool,
    #[command(flatten)]
    pub target: CodeTarget,
}

#[derive(Debug, Clone, Args)]
pub struct SymbolsArgs {
    /// A name, its beginning, or letters of it; with --path alone: all of a file
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
    /// Only this kind: function, method, struct, class, …
    #[arg(long, value_name = "KIND")]
    pub kind: Vec<String>,
    /// Only in this file, or below this folder
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    #[command(flatten)]
    pub target: CodeTarget,
}

/// An element by name.
#[derive(Debug, Clone, Args)]
pub struct ElementArgs {
    /// `push`, or `Stack::push` where there are several
    pub name: String,
    /// In this file
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    /// Steps along uses
    #[arg(long, default_value_t = 1, value_name = "STEPS", value_parser = value_parser!(u32).range(1..=5))]
    pub depth: u32,
    #[arg(long, default_value_t = 100, value_parser = value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    #[command(flatten)]
    pub target: CodeTarget,
}

#[derive(Debug, Clone, Args)]
pub struct TestsArgs {
    /// `push`, or `Stack::push` where there are several
    pub name: String,
    /// In this file
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    #[command(flatten)]
    pub target: CodeTarget,
}

#[derive(Debug, Clone, Args)]
pub struct DepsArgs {
    /// Of this file: what it imports, and who imports it
    #[arg(value_name = "FILE")]
    pub path: Option<String>,
    #[command(flatten)]
    pub target: CodeTarget,
}

#[derive(Debug, Clone, Args)]
pub struct MapArgs {
    /// Only below this folder
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    #[arg(long, default_value_t = 2_000, value_name = "TOKENS", value_parser = value_parser!(u32).range(100..=50_000))]
    pub budget: u32,
    #[command(flatten)]
    pub target: CodeTarget,
}

/// Kinds of issues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum IssueKindArg {
    Complexity,
    Length,
    Duplication,
    DeadExport,
    MissingTests,
    MissingDocs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SeverityArg {
    Info,
    Low,
    Medium,
    High,
}

#[derive(Debug, Clone, Args)]
pub struct QualityArgs {
    /// Only issues of this kind
    #[arg(long, value_enum, value_name = "KIND")]
    pub kind: Vec<IssueKindArg>,
    /// Only issues at least so grave
    #[arg(long, value_enum, default_value = "info", value_name = "SEVERITY")]
    pub severity: SeverityArg,
    /// Only in this file, or below this folder
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    #[arg(long, default_value_t = 50, value_parser = value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    #[command(flatten)]
    pub target: CodeTarget,
}

#[derive(Debug, Clone, Args)]
pub struct HotspotsArgs {
    /// Only below this folder
    #[arg(long, value_name = "PATH")]
    pub path: Option<String>,
    #[arg(long, default_value_t = 20, value_parser = value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    #[command(flatten)]
    pub target: CodeTarget,
}

#[derive(Debug, Clone, Args)]
pub struct ConceptsArgs {
    /// The elements that are about this one
    #[arg(value_name = "CONCEPT")]
    pub concept: Option<String>,
    /// Let a model name the strongest first; costs what it says, and nothing for what it named before
    #[arg(long, conflicts_with = "concept")]
    pub describe: bool,
    #[arg(long, default_value_t = 30, value_parser = value_parser!(u32).range(1..=1_000))]
    pub limit: u32,
    #[command(flatten)]
    pub target: CodeTarget,
}

/// Clusters and patterns.
#[derive(Debug, Clone, Args)]
pub struct StructureArgs {
    /// Let a model name the strongest first; costs what it says, and nothing for what it named before
    #[arg(long)]
    pub describe: bool,
    #[command(flatten)]
    pub target: CodeTarget,
}

#[derive(Debug, Clone, Args)]
pub struct ModulesArgs {
    /// Only what stands in this folder
    #[arg(value_name = "FOLDER")]
    pub path: Option<String>,
    #[command(flatten)]
    pub target: CodeTarget,
}
