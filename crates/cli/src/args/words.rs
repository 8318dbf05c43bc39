//! Words on the command line for values of the protocol.

use clap::ValueEnum;
use mira_protocol::operation::{Access, ApproveMode, Tier};
use mira_protocol::provider::ProviderName;
use mira_protocol::rewind::RewindWhat;
use mira_protocol::sudo::{SudoOutcome, SudoStatus};

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
    SpendByArg => mira_protocol::budget::SpendBy {
        Day, Month, Model, Tier, Project, Session, Purpose, Operation,
    }
    PeriodArg => mira_protocol::budget::CapPeriod { Operation, Session, Day, Month }
    ChoiceArg => mira_protocol::budget::PauseChoice {
        /// Add to the caps in the way for their current window
        RaiseOnce,
        /// Set the caps in the way to more
        RaiseForGood,
        /// Go on with a cheaper tier
        CheaperTier,
        /// End the operation
        Stop,
    }
    ProviderArg => ProviderName { Openai, Gemini, Anthropic, Local }
    StoreArg => mira_protocol::vectors::VectorStore {
        /// In a file of the data directory
        Embedded,
        /// On the server that QDRANT_URL names
        Qdrant,
    }
    MakerArg => mira_protocol::vectors::VectorMaker {
        /// The model that comes with Mira, on this machine
        Local,
        /// EMBEDDING_MODEL at its provider
        Provider,
    }
    SudoStatusArg => SudoStatus {
        Pending, Approved, Denied, Expired, Cancelled, Running, Executed, Refused
    }
    SudoOutcomeArg => SudoOutcome {
        Ran, Stopped, Failed, Denied, Expired, Cancelled, Blocked, Refused, NotAsked
    }
    RoleArg => mira_protocol::session::SearchRole { User, Assistant, Tool }
    FormatArg => mira_protocol::session::ExportFormat { Markdown, Json, Html }
    RuleActionArg => mira_protocol::rule::RuleAction { Allow, Ask, Deny }
    RuleKindArg => mira_protocol::rule::RuleKind {
        /// Commands, word by word
        Command,
        /// One whole shell line
        Line,
        /// Reading paths
        Read,
        /// Writing paths
        Write,
        /// Hosts of the network
        Host,
        /// Tools by name
        Tool,
    }
    RuleFormatArg => mira_protocol::rule::RuleFormat { Toml, Json }
}
