//! What may be done, what was done, and taking it back.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{
    AnswerArgs, JsonArg, LISTED, RuleActionArg, RuleFormatArg, RuleKindArg, SudoOutcomeArg,
    SudoStatusArg,
};

#[derive(Debug, Clone, Subcommand)]
pub enum RulesCommand {
    /// The rules that count here, newest first, with the project's file and the block list
    List {
        /// A part of the rule or its note
        search: Option<String>,
        /// Those that were removed
        #[arg(long)]
        removed: bool,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Make a rule: `mira rules add allow command cargo test '**'`
    Add {
        #[command(flatten)]
        rule: RuleArgs,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Take a rule away; `restore` brings it back
    Remove {
        /// Its id or the end of it, or its text
        rule: String,
    },
    /// Bring a removed rule back
    Restore {
        /// Its id or the end of it, or its text
        rule: String,
    },
    /// Which past commands a rule would have matched, before making it
    Preview {
        #[command(flatten)]
        rule: RuleArgs,
        /// At most so many samples
        #[arg(long, default_value_t = 20)]
        limit: u32,
        #[command(flatten)]
        json: JsonArg,
    },
    /// The verdict on a shell line, part by part; exits with 0 (allowed), 4 (asked) or 1 (denied)
    Test {
        /// The shell line
        command: String,
        /// The folder it runs in, relative to the project
        #[arg(long, value_name = "DIR")]
        cwd: Option<String>,
        /// A host that it is to reach; may be given again
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Write the rules as a file
    Export {
        #[command(flatten)]
        place: RulePlace,
        #[arg(long, value_enum, default_value = "toml")]
        format: RuleFormatArg,
        /// The file; "-" is standard output
        #[arg(short, long, default_value = "-")]
        output: PathBuf,
    },
    /// Take over a file of rules; a fault in it changes nothing
    Import {
        /// The file; "-" is standard input
        file: PathBuf,
        #[command(flatten)]
        place: RulePlace,
        #[arg(long, value_enum, default_value = "toml")]
        format: RuleFormatArg,
        /// Remove the rules that the file does not have
        #[arg(long)]
        replace: bool,
        /// Only say what would happen
        #[arg(long)]
        dry_run: bool,
    },
    /// Change the rules in your editor (VISUAL, EDITOR)
    Edit {
        #[command(flatten)]
        place: RulePlace,
    },
}

impl Default for RulesCommand {
    fn default() -> Self {
        Self::List {
            search: None,
            removed: false,
            json: JsonArg::default(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, Args)]
pub struct RulePlace {
    /// The rules of every project, not of this one
    #[arg(long)]
    pub user: bool,
}

#[derive(Debug, Clone, Args)]
pub struct RuleArgs {
    #[arg(value_enum)]
    pub action: RuleActionArg,
    #[arg(value_enum)]
    pub kind: RuleKindArg,
    /// What it is about; for commands * is any part of a word and ** any number of words
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub pattern: Vec<String>,
    /// For commands and lines: only in this folder of the project ("." is the project itself)
    #[arg(long = "in", value_name = "FOLDER")]
    pub folder: Option<String>,
    /// Why, for yourself
    #[arg(long)]
    pub note: Option<String>,
    #[command(flatten)]
    pub place: RulePlace,
}

#[derive(Debug, Clone, Subcommand)]
pub enum TrustCommand {
    /// What the folder brings, and whether it is trusted
    Status {
        /// Only files with this in their path or content
        search: Option<String>,
        /// With the content of every file
        #[arg(long)]
        content: bool,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Every folder that was decided about
    List {
        /// A part of the folder's path
        search: Option<String>,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Trust what lies there
    Grant {
        /// The hash that `status` printed; without it the content is shown and you are asked
        hash: Option<String>,
    },
    /// Trust the folder no longer
    Revoke,
}

impl Default for TrustCommand {
    fn default() -> Self {
        Self::Status {
            search: None,
            content: false,
            json: JsonArg::default(),
        }
    }
}

#[derive(Debug, Clone, Subcommand)]
pub enum HooksCommand {
    /// Hooks in the order in which they run, and their files
    List(JsonArg),
    /// How they ran, newest first
    Log {
        /// A part of the hook's name or its reason
        search: Option<String>,
        /// Only those that failed, were too slow or said garbage
        #[arg(long)]
        failed: bool,
        #[arg(long, default_value_t = 30)]
        limit: u32,
        #[command(flatten)]
        json: JsonArg,
    },
    /// Run one with a made-up call
    Test {
        name: String,
        /// The arguments of the call, as JSON
        #[arg(long, value_name = "JSON")]
        arguments: Option<String>,
        /// The tool that is called
        #[arg(long)]
        tool: Option<String>,
        #[command(flatten)]
        json: JsonArg,
    },
}

impl Default for HooksCommand {
    fn default() -> Self {
        Self::List(JsonArg::default())
    }
}

#[derive(Debug, Clone, Subcommand)]
pub enum SudoCommand {
    /// Commands that you know
    #[command(args_conflicts_with_subcommands = true)]
    Permissions {
        #[command(flatten)]
        list: SudoListArgs,
        #[command(subcommand)]
        command: Option<PermissionCommand>,
    },
    /// Commands that never run
    #[command(args_conflicts_with_subcommands = true)]
    Blocklist {
        #[command(flatten)]
        list: SudoListArgs,
        #[command(subcommand)]
        command: Option<BlockCommand>,
    },
    /// What was asked for and how it went on, newest first
    Requests {
        /// A part of command, folder or reason
        search: Option<String>,
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
        /// A part of command, folder, rule, output or reason
        search: Option<String>,
        #[arg(long, value_enum)]
        outcome: Option<SudoOutcomeArg>,
        #[arg(long, default_value_t = LISTED)]
        limit: u32,
        #[command(flatten)]
        json: JsonArg,
    },
}

/// Which of a list are shown.
#[derive(Debug, Clone, Args)]
pub struct SudoListArgs {
    /// A part of name, command or notes
    pub search: Option<String>,
    /// Those that were removed
    #[arg(long)]
    pub removed: bool,
    #[command(flatten)]
    pub json: JsonArg,
}

/// How a command is recognised.
#[derive(Debug, Clone, Args)]
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

#[derive(Debug, Clone, Subcommand)]
pub enum PermissionCommand {
    List(SudoListArgs),
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

#[derive(Debug, Clone, Subcommand)]
pub enum BlockCommand {
    List(SudoListArgs),
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

#[derive(Debug, Clone, Subcommand)]
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
    /// Let some go, or without words what is beyond the limits; for a day `unprune` brings them back
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

#[derive(Debug, Clone, Args)]
pub struct EgressArgs {
    /// A part of the host, the path or the purpose
    pub search: Option<String>,
    /// Only the last so many days
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// Only this operation's
    #[arg(long, value_name = "ID")]
    pub operation: Option<String>,
    /// Also requests to this machine itself
    #[arg(long)]
    pub local: bool,
    #[arg(long, default_value_t = LISTED)]
    pub limit: u32,
    #[command(flatten)]
    pub json: JsonArg,
}
