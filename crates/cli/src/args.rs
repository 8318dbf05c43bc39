//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use mira_protocol::operation::{Access, ApproveMode, Tier};
use mira_protocol::provider::ProviderName;
use mira_protocol::rewind::RewindWhat;
use mira_protocol::sudo::{SudoOutcome, SudoStatus};

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

#[derive(Debug, Subcommand)]
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
    /// Money spent, and limits
    Budget(JsonArg),
    /// What runs now
    Status(JsonArg),
    /// Check that everything Mira needs is there
    Doctor(JsonArg),
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

#[derive(Debug, Args)]
pub struct ExecArgs {
    /// What to do; "-" reads it from standard input
    pub prompt: Option<String>,
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

#[derive(Debug, Args)]
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

impl Default for SessionsCommand {
    fn default() -> Self {
        Self::List {
            search: None,
            project: None,
            deleted: false,
            limit: LISTED,
            json: JsonArg::default(),
        }
    }
}

impl Default for CheckpointsCommand {
    fn default() -> Self {
        Self::List {
            search: None,
            session: None,
            project: None,
            pruned: false,
            limit: LISTED,
            json: JsonArg::default(),
        }
    }
}

impl Default for ConfigCommand {
    fn default() -> Self {
        Self::List(JsonArg::default())
    }
}

#[derive(Debug, Subcommand)]
pub enum SessionsCommand {
    /// Pinned ones first, then the newest
    List {
        /// A part of the name
        search: Option<String>,
        /// Only those of this folder
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        /// The deleted ones
        #[arg(long)]
        deleted: bool,
        #[arg(long, default_value_t = LISTED)]
        limit: u32,
        #[command(flatten)]
        json: JsonArg,
    },
    /// The conversation
    Show { session: String },
    /// Full text, over messages and tool output
    Search {
        query: String,
        /// Only in sessions of this folder
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        /// Only what this one said
        #[arg(long, value_enum)]
        role: Option<RoleArg>,
        /// Only answers of this tool
        #[arg(long, value_name = "NAME")]
        tool: Option<String>,
        /// Only operations of this model
        #[arg(long, value_name = "ID")]
        model: Option<String>,
        /// From this day on (2026-11-30), in local time
        #[arg(long, value_name = "DAY", value_parser = day)]
        since: Option<i64>,
        /// Before this day
        #[arg(long, value_name = "DAY", value_parser = day)]
        until: Option<i64>,
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Give a name
    Rename { session: String, name: String },
    /// Keep at the top
    Pin { session: String },
    /// No longer keep at the top
    Unpin { session: String },
    /// Delete; `restore` brings it back
    Delete { session: String },
    /// Bring a deleted session back
    Restore { session: String },
    /// A new session that begins as a copy
    Fork {
        session: String,
        /// Up to and with this event
        #[arg(long, value_name = "SEQ")]
        up_to: Option<u64>,
        #[arg(long)]
        name: Option<String>,
    },
    /// Write the conversation
    Export {
        session: String,
        #[arg(long, value_enum, default_value = "markdown")]
        format: FormatArg,
        /// Short for --format html: a page to hand on, secrets masked
        #[arg(long, conflicts_with = "format")]
        html: bool,
        /// The file; "-" is standard output
        #[arg(short, long, default_value = "-")]
        output: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub enum SudoCommand {
    /// Commands that you know
    Permissions {
        #[command(subcommand)]
        command: Option<PermissionCommand>,
    },
    /// Commands that never run
    Blocklist {
        #[command(subcommand)]
        command: Option<BlockCommand>,
    },
    /// What was asked for, newest first
    Requests {
        #[arg(long, value_enum)]
        status: Option<SudoStatusArg>,
        #[arg(long, default_value_t = LISTED)]
        limit: u32,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Allow a request that waits, once
    Allow { request: String },
    /// Deny a request that waits
    Deny { request: String },
    /// What became of elevated commands, newest first
    Audit {
        /// A part of command, output or reason
        search: Option<String>,
        #[arg(long, value_enum)]
        outcome: Option<SudoOutcomeArg>,
        #[arg(long, default_value_t = LISTED)]
        limit: u32,
        #[command(flatten)]
        json: JsonArg,
    },
}

/// How a command is recognised.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub struct MatchArgs {
    /// The whole command
    #[arg(long, value_name = "COMMAND")]
    pub exact: Option<String>,
    /// Its first words
    #[arg(long, value_name = "WORDS")]
    pub prefix: Option<String>,
    /// A regular expression on the whole command
    #[arg(long, value_name = "REGEX")]
    pub pattern: Option<String>,
}

#[derive(Debug, Subcommand)]
pub enum PermissionCommand {
    List(JsonArg),
    Add {
        name: String,
        #[command(flatten)]
        matches: MatchArgs,
        /// Run it without a question; a password may still be asked for
        #[arg(long)]
        no_approval: bool,
        #[arg(long)]
        notes: Option<String>,
    },
    Change {
        id: i64,
        #[arg(long)]
        name: Option<String>,
        #[arg(long, conflicts_with = "disable")]
        enable: bool,
        #[arg(long)]
        disable: bool,
        /// Ask each time
        #[arg(long, conflicts_with = "no_approval")]
        ask: bool,
        /// Run it without a question
        #[arg(long)]
        no_approval: bool,
    },
    /// Remove; `restore` brings it back
    Remove {
        id: i64,
    },
    Restore {
        id: i64,
    },
}

impl Default for PermissionCommand {
    fn default() -> Self {
        Self::List(JsonArg::default())
    }
}

#[derive(Debug, Subcommand)]
pub enum BlockCommand {
    List(JsonArg),
    Add {
        name: String,
        #[command(flatten)]
        matches: MatchArgs,
        #[arg(long)]
        notes: Option<String>,
    },
    Enable {
        id: i64,
    },
    Disable {
        id: i64,
    },
    /// Remove one of your own; `restore` brings it back
    Remove {
        id: i64,
    },
    Restore {
        id: i64,
    },
}

impl Default for BlockCommand {
    fn default() -> Self {
        Self::List(JsonArg::default())
    }
}

#[derive(Debug, Args)]
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

#[derive(Debug, Args)]
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

#[derive(Debug, Subcommand)]
pub enum CheckpointsCommand {
    /// The newest first
    List {
        /// A part of a path or of what was run
        search: Option<String>,
        /// Only those of this session: its id, the beginning of it, or its name
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        /// Only those of this folder
        #[arg(long, value_name = "DIR")]
        project: Option<PathBuf>,
        /// Those that were let go
        #[arg(long)]
        pruned: bool,
        #[arg(long, default_value_t = LISTED)]
        limit: u32,
        #[command(flatten)]
        json: JsonArg,
    },
    /// One with its files
    Show {
        checkpoint: i64,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Put the files of one into the state before it
    Restore {
        checkpoint: i64,
        /// Into the state after it
        #[arg(long)]
        after: bool,
        /// Only this file; may be given several times
        #[arg(long = "path", value_name = "PATH")]
        paths: Vec<String>,
        #[command(flatten)]
        answers: AnswerArgs,
        #[command(flatten)]
        json: JsonArg,
    },
    /// What they take on disk, and the limits
    Usage(JsonArg),
    /// Let some go; for a day `unprune` brings them back
    Prune {
        /// These
        checkpoints: Vec<i64>,
        /// All of this session
        #[arg(long, value_name = "ID")]
        session: Option<String>,
        /// All that are older
        #[arg(long, value_name = "DAYS")]
        older_than: Option<u64>,
        /// The oldest, until the others take no more than so many megabytes
        #[arg(long, value_name = "MB")]
        keep: Option<u64>,
        /// Remove their contents at once; they cannot be brought back then
        #[arg(long)]
        now: bool,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Bring back what was let go: these, or all
    Unprune {
        checkpoints: Vec<i64>,
        #[command(flatten)]
        json: JsonArg,
    },
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    pub operation: String,
    /// The file; "-" is standard output
    #[arg(short, long, default_value = "-")]
    pub output: PathBuf,
}

#[derive(Debug, Subcommand)]
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
    SetKey { provider: ProviderArg },
    /// Remove a key from the OS keychain
    ClearKey { provider: ProviderArg },
}

#[derive(Debug, Args)]
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

#[derive(Debug, Subcommand)]
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

/// A word on the command line for a value of the protocol.
macro_rules! words {
    ($($name:ident => $target:ty { $($(#[$doc:meta])* $word:ident),* $(,)? })*) => {$(
        #[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
        pub enum $name { $($(#[$doc])* $word,)* }

        impl From<$name> for $target {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word,)* }
            }
        }
    )*};
}

words! {
    AccessArg => Access {
        /// Read in the project, change nothing, run nothing
        Read,
        /// Read and write in the project
        Project,
        /// Read and write in the home folder
        Home,
        /// Read and write wherever you may
        System,
    }
    ApproveArg => ApproveMode {
        /// Reads and edits only
        Never,
        /// Commands that need no question; the first other one ends the turn
        Safe,
        /// All that may be approved at all
        All,
    }
    WhatArg => RewindWhat {
        /// Messages leave the conversation; files stay
        Conversation,
        /// Files go back; the conversation stays
        Files,
        Both,
    }
    TierArg => Tier { Fast, Voice, Code, Agentic }
    ProviderArg => ProviderName { Openai, Local }
    SudoStatusArg => SudoStatus {
        Pending, Approved, Denied, Expired, Cancelled, Running, Executed, Refused
    }
    SudoOutcomeArg => SudoOutcome {
        Ran, Stopped, Failed, Denied, Expired, Cancelled, Blocked, Refused, NotAsked
    }
    RoleArg => mira_protocol::session::SearchRole { User, Assistant, Tool }
    FormatArg => mira_protocol::session::ExportFormat { Markdown, Json, Html }
}

/// The beginning of a day of this machine's calendar, in milliseconds since 1970.
fn day(text: &str) -> Result<i64, String> {
    let day: jiff::civil::Date = text
        .parse()
        .map_err(|_| "not a day such as 2026-11-30".to_owned())?;
    day.to_zoned(jiff::tz::TimeZone::system())
        .map(|start| start.timestamp().as_millisecond())
        .map_err(|error| error.to_string())
}

/// Dollars as people write them → millionths.
fn micro_usd(text: &str) -> Result<i64, String> {
    let dollars: f64 = text
        .trim_start_matches('$')
        .parse()
        .map_err(|_| "not a number".to_owned())?;
    if dollars.is_finite() && (0.0..=1e9).contains(&dollars) {
        Ok((dollars * 1e6).round() as i64)
    } else {
        Err("not an amount of dollars".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn dollars_are_counted_in_millionths() {
        assert_eq!(micro_usd("0.25"), Ok(250_000));
        assert_eq!(micro_usd("$2"), Ok(2_000_000));
        for wrong in ["-1", "x", "NaN", "inf", ""] {
            assert!(micro_usd(wrong).is_err(), "{wrong}");
        }
    }
}
