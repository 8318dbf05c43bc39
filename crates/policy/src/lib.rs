//! Whether something may be done. Pure: the same act in the same context gets the same verdict.
//!
//! Reads go. Writes inside the project go (they are checkpointed). Commands go when every part of
//! them is allowed by a rule or only looks; otherwise the person is asked. What the block list
//! has and elevated commands are refused whatever was allowed. Start reading at [`decide`].

mod block;
mod elevation;
pub mod file;
mod inner;
mod judge;
mod pattern;
mod privilege;
mod rules;
mod running;
mod safe;
mod shell;

use std::path::Path;

use mira_protocol::operation::{Access, ApproveMode};
use mira_protocol::rule::{JudgedBy, Judgement, Part, RuleAction, RuleDraft, RuleKind};

pub use block::{BLOCK_LIST, Block, blocked, commands_of};
pub use elevation::{Elevation, elevation, typed, words};
pub use rules::{Rules, Source, check, text};
pub use running::elevated_rule;
use running::runs;
use shell::{Script, Simple};

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Act<'a> {
    /// Looks only, at these paths, inside what the path guard allows.
    Reads(&'a [String]),
    /// Shows a file that is made to hold secrets.
    ReadsSecret { path: &'a str },
    /// Writes these paths (relative to the root, or absolute).
    Writes(&'a [String]),
    /// Runs a command.
    Runs(Command<'a>),
    /// Talks to a host of the network.
    Reaches { url: &'a str },
}

/// A command and the folder it runs in.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Command<'a> {
    pub line: Line<'a>,
    /// Relative to the root; empty for the root.
    pub cwd: &'a str,
    /// Hosts that it is to reach: whole names.
    pub hosts: &'a [String],
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Line<'a> {
    /// Run directly, no shell.
    Argv(&'a [String]),
    /// Given to a shell.
    Shell(&'a str),
}

/// What a verdict depends on besides the act.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    pub access: Access,
    pub approve: ApproveMode,
    /// Absolute and canonical.
    pub root: &'a Path,
    /// The person's home folder, for `~` in rules.
    pub home: Option<&'a Path>,
    pub rules: &'a Rules,
    /// The tool that is called, for rules on tools.
    pub tool: Option<&'a str>,
    pub blocks: &'a dyn Blocks,
}

/// What of the block list counts.
pub trait Blocks: Sync {
    /// Whether an entry of [`BLOCK_LIST`] does, by its name.
    fn counts(&self, name: &str) -> bool;

    /// The person's own entry that stops these words: its name, and why.
    fn own(&self, argv: &[String]) -> Option<(String, String)>;
}

/// Every built-in entry, and no other.
pub struct EveryBlock;

impl Blocks for EveryBlock {
    fn counts(&self, _: &str) -> bool {
        true
    }

    fn own(&self, _: &[String]) -> Option<(String, String)> {
        None
    }
}

impl Act<'_> {
    /// As a person reads it.
    pub fn shown(&self) -> String {
        match self {
            Act::Reads(paths) => format!("read {}", paths.join(", ")),
            Act::ReadsSecret { path } => format!("read {path}"),
            Act::Writes(paths) => format!("write {}", paths.join(", ")),
            Act::Runs(command) => line_of(&command.line),
            Act::Reaches { url } => format!("fetch {url}"),
        }
    }
}

/// Whether a pattern for tools can be read.
///
/// # Errors
/// What is wrong with it, in words that follow the pattern's name.
pub fn tool_pattern(pattern: &str) -> Result<(), String> {
    pattern::tool(pattern).map(drop)
}

/// Whether a pattern for commands can be read.
///
/// # Errors
/// As [`tool_pattern`].
pub fn command_pattern(pattern: &str) -> Result<(), String> {
    pattern::Words::parse(pattern).map(drop)
}

pub fn tool_fits(pattern: &str, tool: &str) -> bool {
    pattern::tool(pattern).is_ok_and(|glob| glob.matches(tool))
}

/// Whether some command of a line fits, or may turn out to; a line that cannot be read may hold
/// anything.
pub fn command_fits(pattern: &str, line: &Line<'_>) -> bool {
    let Ok(words) = pattern::Words::parse(pattern) else {
        return false;
    };
    let script = match line {
        Line::Argv(argv) => Script {
            commands: vec![Simple::from_argv(argv)],
        },
        Line::Shell(line) => match shell::parse(line) {
            Ok(script) => script,
            Err(_) => return true,
        },
    };
    script.every_command().into_iter().any(|command| {
        let inner = inner::possible(command);
        std::iter::once(inner::argv(command))
            .chain(inner)
            .any(|argv| words.fit(&argv, true) != pattern::Fit::No)
    })
}

#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Go,
    /// Only the person can allow it. Where there is nobody to ask ([`ApproveMode::Safe`] and
    /// [`ApproveMode::Never`]) the caller ends the operation with `approval_needed`.
    Ask {
        /// Completes "Mira asks because …"; for people.
        reason: String,
        /// What "always" would save, exactly; empty where it cannot be remembered.
        always: Vec<RuleDraft>,
    },
    /// Told to the model, which may go on otherwise.
    Refuse {
        reason: String,
    },
}

/// A verdict and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub verdict: Verdict,
    pub tree: Judgement,
}

/// What a project may run by itself: writing it is asked about.
const SELF_RUNNING: [&str; 8] = [
    ".mira/hooks.toml",
    ".mira/hooks/**",
    ".mira/rules.toml",
    ".mira/mcp.*",
    ".mira/agents*/**",
    ".mira/commands/**",
    ".git/config",
    ".git/hooks/**",
];

/// Decides on one act.
pub fn decide(act: &Act<'_>, cx: &Context<'_>) -> Decided {
    let by_act = match act {
        Act::Reads(paths) => reads(paths, cx),
        Act::ReadsSecret { path } => reads_secret(path, cx),
        Act::Writes(paths) => writes(paths, cx),
        Act::Runs(command) => runs(command, cx),
        Act::Reaches { url } => reaches(url, cx),
    };
    by_tool(by_act, act, cx)
}

/// What a rule on the tool itself adds.
fn by_tool(finding: Finding, act: &Act<'_>, cx: &Context<'_>) -> Decided {
    let hit = cx.tool.and_then(|tool| Some((tool, cx.rules.tool(tool)?)));
    let Some((tool, hit)) = hit else {
        return finding.decided(cx);
    };
    let reason = format!("the rule `{}` says so", hit.text);
    let node = |action, parts| Judgement {
        text: tool.to_owned(),
        part: Part::Tool,
        action,
        by: hit.by.clone(),
        reason: reason.clone(),
        parts,
    };
    match (hit.action, finding.tree.action) {
        (RuleAction::Deny, _) => Finding {
            hard: Some(format!(
                "The developer's rule `{}` forbids it. Go on without this tool.",
                hit.text
            )),
            tree: node(RuleAction::Deny, vec![finding.tree]),
            always: vec![],
        }
        .decided(cx),
        (RuleAction::Ask, RuleAction::Allow) => Finding {
            hard: None,
            tree: node(RuleAction::Ask, vec![finding.tree]),
            always: vec![],
        }
        .decided(cx),
        // Asked about by default only: a rule that asks or forbids is narrower than the tool's.
        (RuleAction::Allow, RuleAction::Ask)
            if !matches!(act, Act::Runs(_)) && finding.tree.by == JudgedBy::Unlisted =>
        {
            Finding {
                hard: None,
                tree: node(RuleAction::Allow, vec![]),
                always: vec![],
            }
            .decided(cx)
        }
        _ => finding.decided(cx),
    }
}

/// A judgement before the approval mode has its say.
struct Finding {
    tree: Judgement,
    /// Refused whatever the mode, with what the model is told.
    hard: Option<String>,
    always: Vec<RuleDraft>,
}

impl Finding {
    fn refused(text: String, part: Part, by: JudgedBy, reason: String, told: String) -> Self {
        let tree = Judgement {
            text,
            part,
            action: RuleAction::Deny,
            by,
            reason,
            parts: vec![],
        };
        Self {
            tree,
            hard: Some(told),
            always: vec![],
        }
    }

    fn decided(self, cx: &Context<'_>) -> Decided {
        let Self { tree, hard, always } = self;
        let verdict = match (hard, tree.action) {
            (Some(reason), _) => Verdict::Refuse { reason },
            (None, RuleAction::Deny) => Verdict::Refuse {
                reason: format!(
                    "It was not done: {}. Do not try it another way; go on without it.",
                    tree.reason
                ),
            },
            (None, RuleAction::Allow) => Verdict::Go,
            (None, RuleAction::Ask) if cx.approve == ApproveMode::All => Verdict::Go,
            (None, RuleAction::Ask) => Verdict::Ask {
                reason: tree.reason.clone(),
                always,
            },
        };
        Decided { verdict, tree }
    }
}

fn leaf(text: String, part: Part, action: RuleAction, by: JudgedBy, reason: String) -> Judgement {
    Judgement {
        text,
        part,
        action,
        by,
        reason,
        parts: vec![],
    }
}

fn ruled(text: String, part: Part, hit: rules::Hit) -> Judgement {
    let reason = match hit.action {
        RuleAction::Allow => format!("the rule `{}` allows it", hit.text),
        RuleAction::Ask => format!("the rule `{}` says so", hit.text),
        RuleAction::Deny => format!("the rule `{}` forbids it", hit.text),
    };
    leaf(text, part, hit.action, hit.by, reason)
}

fn reads(paths: &[String], cx: &Context<'_>) -> Finding {
    let one = |path: &String| {
        let hit = pattern::placed(path, cx.root, cx.home)
            .and_then(|whole| cx.rules.read(&whole, cx.root, cx.home));
        match hit {
            Some(hit) => ruled(path.clone(), Part::Path, hit),
            None => leaf(
                path.clone(),
                Part::Path,
                RuleAction::Allow,
                JudgedBy::Access,
                "reading goes where the access reaches".into(),
            ),
        }
    };
    Finding {
        tree: judge::whole("read".into(), Part::Line, paths.iter().map(one).collect()),
        hard: None,
        always: vec![],
    }
}

fn writes(paths: &[String], cx: &Context<'_>) -> Finding {
    let text = format!("write {}", paths.join(", "));
    if cx.access == Access::Read {
        let told = "This operation may only read, so nothing was written. Say what you would \
                    change; the person can raise the access and ask again.";
        let reason = "the operation may only read".into();
        return Finding::refused(text, Part::Line, JudgedBy::Mode, reason, told.into());
    }
    let mut always = Vec::new();
    let mut parts = Vec::new();
    for path in paths {
        let whole = safe::lexical(&cx.root.join(path));
        let outside = !whole.starts_with(cx.root);
        if outside && cx.access == Access::Project {
            let told = format!(
                "{path} lies outside the project {}. Use a path inside the project; the person \
                 can allow more with a wider access.",
                cx.root.display()
            );
            let reason = format!("{path} lies outside the project");
            return Finding::refused(text, Part::Line, JudgedBy::Access, reason, told);
        }
        let made = match cx.rules.write(&whole, cx.root, cx.home) {
            Some(hit) => ruled(path.clone(), Part::Path, hit),
            None => unruled_write(path, &whole, outside, cx),
        };
        if made.action == RuleAction::Ask {
            always.push(path_draft(RuleKind::Write, &whole, cx));
        }
        parts.push(made);
    }
    Finding {
        tree: sole(judge::whole(text, Part::Line, parts)),
        hard: None,
        always,
    }
}

/// A secret file is shown with marks in place of its values, and still only when the person wants
/// that: names, comments and what no rule knows are in it too.
fn reads_secret(path: &str, cx: &Context<'_>) -> Finding {
    let text = format!("read {path}");
    let whole = safe::lexical(&cx.root.join(path));
    let mut always = Vec::new();
    let tree = match cx.rules.read(&whole, cx.root, cx.home) {
        Some(hit) => ruled(text, Part::Path, hit),
        None => {
            let reason = format!("{path} is a file that holds secrets");
            leaf(
                text,
                Part::Path,
                RuleAction::Ask,
                JudgedBy::Unlisted,
                reason,
            )
        }
    };
    if tree.action == RuleAction::Ask {
        always.push(path_draft(RuleKind::Read, &whole, cx));
    }
    Finding {
        tree,
        hard: None,
        always,
    }
}

/// Exactly this path, for "always".
fn path_draft(kind: RuleKind, whole: &Path, cx: &Context<'_>) -> RuleDraft {
    let shown = match whole.strip_prefix(cx.root) {
        Ok(rest) => format!("./{}", rest.display()),
        Err(_) => whole.display().to_string(),
    };
    RuleDraft {
        action: RuleAction::Allow,
        kind,
        pattern: shown.replace('\\', "\\\\").replace('*', "\\*"),
        folder: None,
        note: String::new(),
    }
}

/// A whole of one part is that part.
fn sole(mut whole: Judgement) -> Judgement {
    match whole.parts.len() {
        1 => {
            let part = whole.parts.remove(0);
            Judgement {
                text: whole.text,
                part: whole.part,
                ..part
            }
        }
        _ => whole,
    }
}

fn unruled_write(path: &str, whole: &Path, outside: bool, cx: &Context<'_>) -> Judgement {
    let runs_itself = SELF_RUNNING.iter().any(|known| {
        pattern::PathPattern::parse(known)
            .is_ok_and(|pattern| pattern.matches(whole, cx.root, cx.home))
    });
    let (action, by, reason) = if outside {
        let reason = format!("{path} lies outside the project");
        (RuleAction::Ask, JudgedBy::Unlisted, reason)
    } else if runs_itself {
        let reason = format!("{path} decides what this folder runs or may do by itself");
        (RuleAction::Ask, JudgedBy::Unlisted, reason)
    } else {
        let reason = "it lies inside the project".to_owned();
        (RuleAction::Allow, JudgedBy::Access, reason)
    };
    leaf(path.to_owned(), Part::Path, action, by, reason)
}

fn reaches(url: &str, cx: &Context<'_>) -> Finding {
    let text = format!("fetch {url}");
    let parsed = url::Url::parse(url).ok();
    let Some(host) = parsed.as_ref().and_then(url::Url::host_str) else {
        let told = format!("{url} is not a web address. Use http:// or https:// and a host.");
        let reason = "it is not a web address".into();
        return Finding::refused(text, Part::Host, JudgedBy::Unparsed, reason, told);
    };
    let reason = format!("it sends a request to {host}");
    let tree = reached(host, text, reason, cx);
    let always = match tree.action {
        RuleAction::Ask => vec![host_draft(host)],
        _ => vec![],
    };
    Finding {
        tree,
        hard: None,
        always,
    }
}

/// What rules say of a host; without one it is asked about, for `reason`.
fn reached(host: &str, text: String, reason: String, cx: &Context<'_>) -> Judgement {
    match cx.rules.host(host) {
        // Without anybody to ask nothing leaves but what is asked for now.
        Some(hit) if hit.action != RuleAction::Allow || cx.approve != ApproveMode::Never => {
            ruled(text, Part::Host, hit)
        }
        _ => leaf(
            text,
            Part::Host,
            RuleAction::Ask,
            JudgedBy::Unlisted,
            reason,
        ),
    }
}

fn host_draft(host: &str) -> RuleDraft {
    RuleDraft {
        action: RuleAction::Allow,
        kind: RuleKind::Host,
        pattern: host.to_owned(),
        folder: None,
        note: String::new(),
    }
}

/// The command as a person reads it: the shell line, or the words quoted as a shell needs them.
pub fn line_of(line: &Line<'_>) -> String {
    match line {
        Line::Shell(line) => shell::normalised(line),
        Line::Argv(argv) => argv
            .iter()
            .map(|word| shell::quoted(word))
            .collect::<Vec<_>>()
            .join(" "),
    }
}
