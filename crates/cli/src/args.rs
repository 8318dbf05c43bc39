//! The command line.

mod code;
mod money;
mod sessions;
mod trust;
mod words;

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use code::{
    CodeTarget, ConceptsArgs, DepsArgs, ElementArgs, EmbedderArgs, HotspotsArgs, IndexArgs,
    IndexCommand, MapArgs, ModulesArgs, QualityArgs, SearchArgs, StructureArgs, SymbolsArgs,
    TestsArgs,
};
pub use money::{BudgetArgs, BudgetCommand, Which, micro_usd};
pub use sessions::{JobsCommand, SessionsCommand};
pub use trust::{
    BlockCommand, CheckpointsCommand, EgressArgs, HooksCommand, MatchArgs, PermissionCommand,
    RuleArgs, RulePlace, RulesCommand, SudoCommand, SudoListArgs, TrustCommand,
};
pub use words::*;

/// A coding assistant for your own machine: reads, edits and runs, and can take it all back.
///
/// Without a command: a conversation in the current folder.
#[derive(Debug, Parser)]
#[command(
    name = "mira",
    version,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub model: ModelArgs,
    /// How far tools may reach
    #[arg(long, value_enum, default_value = "project")]
    pub access: AccessArg,
    /// Where Mira keeps its data, instead of MIRA_DATA_DIR
    #[arg(long, global = true, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where config.toml and custom commands are, instead of MIRA_CONFIG_DIR
    #[arg(long, global = true, value_name = "DIR")]
    pub config_dir: Option<PathBuf>,
}

#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// One turn without questions, for scripts
    Exec(ExecArgs),
    /// Run the engine for browsers and other clients
    Serve(ServeArgs),
    /// Print a new one-time link to the web UI of the running engine
    Link,
    /// Watch a recorded conversation go through the real engine; no key, no network
    Demo,
    /// List, search and change conversations
    Sessions {
        #[command(subcommand)]
        command: Option<SessionsCommand>,
    },
    /// Take back what the newest operation did to files
    Undo(UndoArgs),
    /// Bring undone changes again
    Redo(UndoArgs),
    /// Go back to before a message: conversation, files, or both
    Rewind(RewindArgs),
    /// What each step did to files, and what keeping that takes
    Checkpoints {
        #[command(subcommand)]
        command: Option<CheckpointsCommand>,
    },
    /// Write an operation as a scenario that replays offline
    Export(ExportArgs),
    /// Commands with more rights: what is known, what never runs, what was asked and run
    Sudo {
        #[command(subcommand)]
        command: SudoCommand,
    },
    /// Commands that run in the background
    Jobs {
        #[command(subcommand)]
        command: Option<JobsCommand>,
    },
    /// What left this machine: requests, and sums by host
    Egress(EgressArgs),
    /// What is known of the project's code; brings it up to date
    Index(IndexArgs),
    /// Find code or commits by names, words and meaning, or code by exact text
    Search(SearchArgs),
    /// Find functions, types and other elements by name
    Symbols(SymbolsArgs),
    /// Who uses an element, and how sure that is
    Callers(ElementArgs),
    /// What an element uses, and how sure that is
    Callees(ElementArgs),
    /// Packages from outside; of a file: what it imports, and who imports it
    Deps(DepsArgs),
    /// Tests of an element, and what speaks for each
    Tests(TestsArgs),
    /// The project in few words: what others use most, within a budget of tokens
    Map(MapArgs),
    /// What could be better in the code, each with the measure behind it
    Quality(QualityArgs),
    /// Files that are both hard to follow and often changed
    Hotspots(HotspotsArgs),
    /// The words the project thinks in; of one: the elements that are about it
    Concepts(ConceptsArgs),
    /// Files that belong together
    Clusters(StructureArgs),
    /// Design patterns in the code, and what speaks for each
    Patterns(StructureArgs),
    /// Folders in layers: which uses which, and which go in a circle
    Modules(ModulesArgs),
    /// Money spent, caps, forecast; views of the ledger
    Budget(BudgetArgs),
    /// Which tier and model answer, and why
    Route {
        #[command(subcommand)]
        command: RouteCommand,
    },
    /// Models: prices, limits, days of shut-down, and which tier uses which
    Models(ModelsArgs),
    /// Who can be asked: keys, addresses, a real test
    Providers {
        #[command(subcommand)]
        command: Option<ProvidersCommand>,
    },
    /// What runs now
    Status(JsonArg),
    /// Check that everything Mira needs is there
    Doctor(JsonArg),
    /// Permission rules: what runs without a question, what is asked about, what never runs
    Rules {
        #[command(subcommand)]
        command: Option<RulesCommand>,
        /// The project's folder [default: the current one]
        #[arg(long, global = true, value_name = "DIR")]
        project: Option<PathBuf>,
    },
    /// Whether what a project's folder brings may run: hooks, commands, agents, servers, rules
    Trust {
        #[command(subcommand)]
        command: Option<TrustCommand>,
        /// The project's folder [default: the current one]
        #[arg(long, global = true, value_name = "DIR")]
        project: Option<PathBuf>,
    },
    /// Programs of yours before and after tools, commands, operations and sessions
    Hooks {
        #[command(subcommand)]
        command: Option<HooksCommand>,
        /// The project's folder [default: the current one]
        #[arg(long, global = true, value_name = "DIR")]
        project: Option<PathBuf>,
    },
    /// Settings and keys
    Config {
        #[command(subcommand)]
        command: Option<ConfigCommand>,
    },
    /// The newest log lines
    Logs(LogsArgs),
    /// The database
    #[command(subcommand)]
    Db(DbCommand),
}

/// Which project, which session.
#[derive(Debug, Clone, Default, Args)]
pub struct Target {
    /// The project's folder [default: the current one]
    #[arg(long, value_name = "DIR")]
    pub project: Option<PathBuf>,
    /// Go on with this session: its id, the beginning of it, or its name
    #[arg(long, value_name = "ID", conflicts_with = "last")]
    pub session: Option<String>,
    /// Go on with the newest session of the project
    #[arg(long)]
    pub last: bool,
}

#[derive(Debug, Clone, Default, Args)]
pub struct ModelArgs {
    /// Which tier's model answers
    #[arg(long, value_enum)]
    pub tier: Option<TierArg>,
    /// Which model answers; wins over the tier
    #[arg(long, value_name = "ID")]
    pub model: Option<String>,
}

#[derive(Debug, Clone, Args)]
pub struct ExecArgs {
    /// What to do; "-" reads it from standard input
    pub prompt: Option<String>,
    /// Instead of a prompt: go on where the session's last turn stopped, within the limits given
    /// now
    #[arg(long, conflicts_with = "prompt")]
    pub resume: bool,
    #[command(flatten)]
    pub target: Target,
    #[command(flatten)]
    pub model: ModelArgs,
    /// How far tools may reach
    #[arg(long, value_enum, default_value = "project")]
    pub access: AccessArg,
    /// Which commands run: none, the safe ones, or all that may be approved
    #[arg(long, value_enum, default_value = "safe")]
    pub approve: ApproveArg,
    /// Trust what the project's folder brings, as it lies there now; its hash is printed. With
    /// HASH only if it is exactly that
    #[arg(long, value_name = "HASH", num_args = 0..=1, default_missing_value = "", require_equals = true)]
    pub trust: Option<String>,
    /// Stop before this is spent, in US dollars
    #[arg(long, value_name = "USD", value_parser = micro_usd)]
    pub max_cost: Option<i64>,
    /// Stop after so many seconds
    #[arg(long, value_name = "SECS", value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: Option<u64>,
    /// Write JSON Lines; text for people goes to standard error
    #[arg(long)]
    pub json: bool,
}

#[derive(Debug, Clone, Subcommand)]
pub enum RouteCommand {
    /// What would happen to a message: tier, model, rule, cost on every tier; nothing is asked
    Explain {
        message: String,
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        model: ModelArgs,
        /// How many files are attached
        #[arg(long, default_value_t = 0)]
        files: u32,
        #[command(flatten)]
        json: JsonArg,
    },
    /// How the calls of an operation were routed
    Decisions {
        operation: String,
        #[command(flatten)]
        json: JsonArg,
    },
    /// How routed operations ended, and thresholds that this speaks against
    Outcomes(JsonArg),
    /// Choose tier or model for the project, or for a session; nothing: the router chooses again
    Choose {
        #[command(flatten)]
        target: Target,
        #[command(flatten)]
        model: ModelArgs,
    },
}

#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// The address to listen on [default: MIRA_HOST, else 127.0.0.1]
    #[arg(long)]
    pub host: Option<IpAddr>,
    /// The port; 0 takes a free one [default: MIRA_PORT, else 3001]
    #[arg(long)]
    pub port: Option<u16>,
    /// Allow an address that other machines can reach; the token crosses the network in the clear
    #[arg(long)]
    pub allow_remote: bool,
}

/// Most of sessions that a list shows unless told otherwise.
const LISTED: u32 = 30;

impl Default for ConfigCommand {
    fn default() -> Self {
        Self::List(JsonArg::default())
    }
}

#[derive(Debug, Clone, Default, Args)]
pub struct ModelsArgs {
    /// Ask every provider that has a key for its own list first
    #[arg(long)]
    pub refresh: bool,
    /// Only those of this provider
    #[arg(long, value_enum)]
    pub provider: Option<ProviderArg>,
    #[command(flatten)]
    pub json: JsonArg,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ProvidersCommand {
    /// All of them
    List(JsonArg),
    /// A real request with one tool
    Test {
        #[arg(value_enum)]
        provider: ProviderArg,
        /// Which model is asked
        #[arg(long, value_name = "ID")]
        model: Option<String>,
        #[command(flatten)]
        json: JsonArg,
    },
    /// A real vector of the model for embeddings
    TestEmbeddings {
        /// Instead of EMBEDDING_MODEL; local/… asks the local server
        #[arg(long, value_name = "ID")]
        model: Option<String>,
        /// Numbers of the vector, where the model can make fewer
        #[arg(long, value_name = "N")]
        dimensions: Option<u32>,
        #[command(flatten)]
        json: JsonArg,
    },
}

impl Default for ProvidersCommand {
    fn default() -> Self {
        Self::List(JsonArg::default())
    }
}

#[derive(Debug, Clone, Args)]
pub struct UndoArgs {
    /// The operation [default: the newest with changes in this project]
    pub operation: Option<String>,
    #[command(flatten)]
    pub target: Target,
    /// Only this file; may be given several times
    #[arg(long = "path", value_name = "PATH")]
    pub paths: Vec<String>,
    /// Only this hunk of the one file of --path: its number, counted from 1, or its id
    #[arg(long, value_name = "HUNK")]
    pub hunk: Option<String>,
    #[command(flatten)]
    pub answers: AnswerArgs,
    #[command(flatten)]
    pub json: JsonArg,
}

/// What to do with files that somebody else changed meanwhile.
#[derive(Debug, Clone, Default, Args)]
pub struct AnswerArgs {
    /// Only tell what would be done
    #[arg(long)]
    pub preview: bool,
    /// Leave this file as it is, though it conflicts; "*" means every one
    #[arg(long, value_name = "PATH")]
    pub keep: Vec<String>,
    /// Put our state in place of this file; what is there now is kept and can be brought back
    #[arg(long, value_name = "PATH")]
    pub take: Vec<String>,
    /// Take only our own change of this file back
    #[arg(long, value_name = "PATH")]
    pub merge: Vec<String>,
}

#[derive(Debug, Clone, Args)]
pub struct RewindArgs {
    /// The message: its number, or its id [default: list them]
    pub to: Option<String>,
    #[command(flatten)]
    pub target: Target,
    #[arg(long, value_enum, default_value = "both")]
    pub what: WhatArg,
    /// Take the newest rewind back
    #[arg(long, conflicts_with = "to")]
    pub undo: bool,
    #[command(flatten)]
    pub answers: AnswerArgs,
    #[command(flatten)]
    pub json: JsonArg,
}

#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    pub operation: String,
    /// The file; "-" is standard output
    #[arg(short, long, default_value = "-")]
    pub output: PathBuf,
}

#[derive(Debug, Clone, Subcommand)]
pub enum ConfigCommand {
    /// Every setting, its value and where that comes from
    List(JsonArg),
    /// One value
    Get { name: String },
    /// Save a value
    Set { name: String, value: String },
    /// Go back to config.toml or the default
    Unset { name: String },
    /// Where config.toml and the data are
    Path,
    /// Save a key, read from standard input, in the OS keychain
    SetKey { of: KeyOf },
    /// Remove a key from the OS keychain
    ClearKey { of: KeyOf },
}

/// Whose key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum KeyOf {
    Openai,
    Gemini,
    Anthropic,
    Local,
    /// The server of vectors
    Qdrant,
}

#[derive(Debug, Clone, Args)]
pub struct LogsArgs {
    /// Go on with what is added
    #[arg(short, long)]
    pub follow: bool,
    /// How many lines to begin with
    #[arg(short = 'n', long, default_value_t = 50)]
    pub lines: u32,
    /// Whole JSON lines
    #[command(flatten)]
    pub json: JsonArg,
}

#[derive(Debug, Clone, Subcommand)]
pub enum DbCommand {
    /// Begin with an empty database; the old one is kept beside it
    Reset {
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Debug, Clone, Copy, Default, Args)]
pub struct JsonArg {
    /// Write JSON
    #[arg(long)]
    pub json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }
}
