//! What is asked of conversations.

use std::path::PathBuf;

use clap::Subcommand;

use super::{FormatArg, JsonArg, LISTED, RoleArg};

#[derive(Debug, Clone, Subcommand)]
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
        /// Say what each result's place is made of
        #[arg(long)]
        why: bool,
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

#[derive(Debug, Clone, Subcommand)]
pub enum JobsCommand {
    /// The newest first
    List(JsonArg),
    /// What one has printed so far
    Output {
        /// Its id, or the beginning of it
        job: String,
        /// Go on until it ends
        #[arg(short, long)]
        follow: bool,
    },
    /// End one, with all that it started
    Kill {
        /// Its id, or the beginning of it
        job: String,
    },
}

impl Default for JobsCommand {
    fn default() -> Self {
        Self::List(JsonArg::default())
    }
}

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

/// The beginning of a day of this machine's calendar, in milliseconds since 1970.
fn day(text: &str) -> Result<i64, String> {
    let day: jiff::civil::Date = text
        .parse()
        .map_err(|_| "not a day such as 2026-11-30".to_owned())?;
    day.to_zoned(jiff::tz::TimeZone::system())
        .map(|start| start.timestamp().as_millisecond())
        .map_err(|error| error.to_string())
}
