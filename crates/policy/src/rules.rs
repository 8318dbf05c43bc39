//! Rules: checked, compiled, and which of several counts.
//!
//! The most specific one counts: more words (or folders of a path, labels of a host) written out
//! beat fewer. Between equally specific ones a project's beats one for every project, and then
//! deny beats ask beats allow. What a project's file allows never beats what the person denied.

use std::path::Path;

use mira_protocol::RuleId;
use mira_protocol::rule::{JudgedBy, RuleAction, RuleDraft, RuleKind};

use crate::pattern::{self, Fit, Glob, Host, Narrow, PathPattern, Words};
use crate::shell;

/// Tools that run commands: what they may do is decided by the command, not by their name.
const RUN_TOOLS: [&str; 3] = ["run_command", "run_tests", "background_job"];

/// Where a rule stands. Later ones beat earlier ones of the same narrowness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The project's own file; what it allows counts only where the folder is trusted.
    File { trusted: bool },
    /// The person's, for every project.
    User { id: Option<RuleId> },
    /// The person's, for this project.
    Project { id: Option<RuleId> },
}

/// Compiled rules. Cheap to ask, not to make.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Compiled>,
}

#[derive(Debug, Clone)]
struct Compiled {
    source: Source,
    action: RuleAction,
    subject: Subject,
    folder: Option<String>,
    narrow: Narrow,
    text: String,
}

#[derive(Debug, Clone)]
enum Subject {
    Command(Words),
    Line(String),
    Read(PathPattern),
    Write(PathPattern),
    Host(Host),
    Tool(Glob),
}

/// The rule that counts for something.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hit {
    pub action: RuleAction,
    pub text: String,
    pub by: JudgedBy,
    /// How many first words of a command it writes out.
    pub spelled: usize,
    /// A word of the command is computed and may turn out to fit.
    pub maybe: bool,
}

/// A command as rules see it.
pub(crate) struct Asked<'a> {
    /// `None` is known only when it runs.
    pub argv: &'a [Option<String>],
    /// Relative to the project; None after a `cd`.
    pub folder: Option<&'a str>,
    /// Commands that it runs in turn.
    pub inner: &'a [Vec<Option<String>>],
}

/// Checks a rule and brings it into the form in which it is stored.
///
/// # Errors
/// What is wrong with it, as a sentence.
pub fn check(draft: &RuleDraft) -> Result<RuleDraft, String> {
    let mut draft = draft.clone();
    draft.pattern = match draft.kind {
        RuleKind::Line => shell::normalised(&draft.pattern),
        _ => draft.pattern.trim().to_owned(),
    };
    draft.note = draft.note.trim().to_owned();
    let commands = matches!(draft.kind, RuleKind::Command | RuleKind::Line);
    if let Some(folder) = &draft.folder {
        if !commands {
            return Err("A folder can only be given for commands and lines.".into());
        }
        let whole = crate::safe::lexical(&Path::new("/").join(folder));
        let inside =
            !Path::new(folder).is_absolute() && !folder.split('/').any(|part| part == "..");
        if !inside {
            return Err(format!(
                "The folder {folder:?} does not lie in the project; write it relative to it."
            ));
        }
        let relative = whole.strip_prefix("/").unwrap_or(&whole);
        draft.folder = Some(relative.to_string_lossy().into_owned());
    }
    compile(Source::User { id: None }, &draft)?;
    if draft.kind == RuleKind::Tool && draft.action == RuleAction::Allow {
        let glob = Glob::parse(&draft.pattern);
        if let Some(tool) = RUN_TOOLS.iter().find(|tool| glob.matches(tool)) {
            return Err(format!(
                "`allow tool {}` would let {tool} run any command. Allow commands instead, for \
                 example `allow command cargo test **`.",
                draft.pattern
            ));
        }
    }
    Ok(draft)
}

/// A rule on one line: "allow command cargo test ** in web".
pub fn text(draft: &RuleDraft) -> String {
    let action = word(draft.action);
    let kind = match draft.kind {
        RuleKind::Command => "command",
        RuleKind::Line => "line",
        RuleKind::Read => "read",
        RuleKind::Write => "write",
        RuleKind::Host => "host",
        RuleKind::Tool => "tool",
    };
    let place = match draft.folder.as_deref() {
        None => String::new(),
        Some("") => " in the project folder".to_owned(),
        Some(folder) => format!(" in {folder}"),
    };
    format!("{action} {kind} {}{place}", draft.pattern)
}

pub(crate) fn word(action: RuleAction) -> &'static str {
    match action {
        RuleAction::Allow => "allow",
        RuleAction::Ask => "ask",
        RuleAction::Deny => "deny",
    }
}

fn compile(source: Source, draft: &RuleDraft) -> Result<Vec<Compiled>, String> {
    let wrong = |what: String| format!("The pattern {:?} {what}.", draft.pattern);
    let make = |subject: Subject, narrow: Narrow, folder: Option<String>| Compiled {
        source: source.clone(),
        action: draft.action,
        subject,
        narrow: Narrow {
            place: narrow.place || folder.is_some(),
            ..narrow
        },
        folder,
        text: text(draft),
    };
    let folder = draft.folder.clone();
    Ok(match draft.kind {
        RuleKind::Command => {
            let words = Words::parse(&draft.pattern).map_err(wrong)?;
            let narrow = words.narrow();
            vec![make(Subject::Command(words), narrow, folder)]
        }
        RuleKind::Line => lines(draft, &make).map_err(wrong)?,
        RuleKind::Read => {
            let path = PathPattern::parse(&draft.pattern).map_err(wrong)?;
            let narrow = path.narrow();
            vec![make(Subject::Read(path), narrow, None)]
        }
        RuleKind::Write => {
            let path = PathPattern::parse(&draft.pattern).map_err(wrong)?;
            let narrow = path.narrow();
            vec![make(Subject::Write(path), narrow, None)]
        }
        RuleKind::Host => {
            let host = Host::parse(&draft.pattern).map_err(wrong)?;
            let narrow = host.narrow();
            vec![make(Subject::Host(host), narrow, None)]
        }
        RuleKind::Tool => {
            let glob = pattern::tool(&draft.pattern).map_err(wrong)?;
            let narrow = pattern::tool_narrow(&glob);
            vec![make(Subject::Tool(glob), narrow, None)]
        }
    })
}

/// A line counts as a whole; where it is one plain command also inside longer lines; where it
/// begins with `cd FOLDER &&` also for the rest of it in that folder.
fn lines(
    draft: &RuleDraft,
    make: &dyn Fn(Subject, Narrow, Option<String>) -> Compiled,
) -> Result<Vec<Compiled>, String> {
    let line = shell::normalised(&draft.pattern);
    if line.is_empty() {
        return Err("is empty".into());
    }
    let script = shell::parse(&line).map_err(|what| format!("has {what}"))?;
    let whole = Narrow {
        place: true,
        whole: usize::MAX,
        chars: line.len(),
        exact: true,
    };
    let folder = draft.folder.clone();
    let mut made = vec![make(Subject::Line(line.clone()), whole, folder.clone())];
    if let [only] = script.commands.as_slice()
        && let Some(words) = plain_words(only)
    {
        let words = Words::exactly(&words);
        let narrow = words.narrow();
        made.push(make(Subject::Command(words), narrow, folder.clone()));
    }
    if folder.as_deref() == Some("")
        && let Some((cd, rest)) = line.split_once(" && ")
        && let Ok(script) = shell::parse(cd)
        && let [only] = script.commands.as_slice()
        && let Some([name, target]) = plain_words(only).as_deref()
        && name == "cd"
    {
        let target = Some(target.trim_end_matches('/').to_owned());
        made.push(make(Subject::Line(rest.to_owned()), whole, target));
    }
    Ok(made)
}

fn plain_words(command: &shell::Simple) -> Option<Vec<String>> {
    if !command.assignments.is_empty() || !command.redirects.is_empty() || command.words.is_empty()
    {
        return None;
    }
    command.words.iter().map(shell::Word::plain).collect()
}

impl Rules {
    /// Rules that cannot be read are left out and named.
    pub fn compile<'d>(
        drafts: impl IntoIterator<Item = (Source, &'d RuleDraft)>,
    ) -> (Self, Vec<String>) {
        let (mut rules, mut problems) = (Vec::new(), Vec::new());
        for (source, draft) in drafts {
            let waits =
                source == (Source::File { trusted: false }) && draft.action == RuleAction::Allow;
            if waits {
                continue;
            }
            match compile(source, draft) {
                Ok(compiled) => rules.extend(compiled),
                Err(problem) => problems.push(problem),
            }
        }
        (Self { rules }, problems)
    }

    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What counts for a command: what is denied or asked about is found in its inner commands
    /// and under any path of the program; what is allowed is only the command as it stands.
    pub(crate) fn command(&self, asked: &Asked<'_>) -> Option<Hit> {
        self.choose(|rule| {
            let Subject::Command(words) = &rule.subject else {
                return Fit::No;
            };
            if !in_folder(rule, asked.folder) {
                return Fit::No;
            }
            if rule.action == RuleAction::Allow {
                return match words.fit(asked.argv, false) {
                    Fit::Yes => Fit::Yes,
                    _ => Fit::No,
                };
            }
            let fits = std::iter::once(asked.argv)
                .chain(asked.inner.iter().map(Vec::as_slice))
                .map(|argv| words.fit(argv, true));
            fits.fold(Fit::No, |best, fit| match (best, fit) {
                (Fit::Yes, _) | (_, Fit::Yes) => Fit::Yes,
                (Fit::Maybe, _) | (_, Fit::Maybe) => Fit::Maybe,
                _ => Fit::No,
            })
        })
    }

    pub(crate) fn line(&self, line: &str, folder: Option<&str>) -> Option<Hit> {
        self.choose(|rule| match &rule.subject {
            Subject::Line(known) if known == line && in_folder(rule, folder) => Fit::Yes,
            _ => Fit::No,
        })
    }

    pub(crate) fn read(&self, path: &Path, root: &Path, home: Option<&Path>) -> Option<Hit> {
        self.choose(|rule| match &rule.subject {
            Subject::Read(pattern) if pattern.matches(path, root, home) => Fit::Yes,
            _ => Fit::No,
        })
    }

    /// Whether some file must not be read, or only with a question.
    pub(crate) fn guards_reading(&self) -> bool {
        self.rules.iter().any(|rule| {
            matches!(rule.subject, Subject::Read(_)) && rule.action != RuleAction::Allow
        })
    }

    pub(crate) fn write(&self, path: &Path, root: &Path, home: Option<&Path>) -> Option<Hit> {
        self.choose(|rule| match &rule.subject {
            Subject::Write(pattern) if pattern.matches(path, root, home) => Fit::Yes,
            _ => Fit::No,
        })
    }

    pub(crate) fn host(&self, host: &str) -> Option<Hit> {
        self.choose(|rule| match &rule.subject {
            Subject::Host(pattern) if pattern.matches(host) => Fit::Yes,
            _ => Fit::No,
        })
    }

    pub(crate) fn tool(&self, name: &str) -> Option<Hit> {
        self.choose(|rule| match &rule.subject {
            Subject::Tool(glob)
                if glob.matches(name)
                    && (rule.action != RuleAction::Allow || !RUN_TOOLS.contains(&name)) =>
            {
                Fit::Yes
            }
            _ => Fit::No,
        })
    }

    fn choose(&self, fits: impl Fn(&Compiled) -> Fit) -> Option<Hit> {
        let mut best: Option<(&Compiled, bool)> = None;
        let mut denied: Option<(&Compiled, bool)> = None;
        for rule in &self.rules {
            let maybe = match fits(rule) {
                Fit::No => continue,
                fit => fit == Fit::Maybe,
            };
            if best.is_none_or(|(known, _)| key(rule) > key(known)) {
                best = Some((rule, maybe));
            }
            let persons = !matches!(rule.source, Source::File { .. });
            if persons
                && rule.action == RuleAction::Deny
                && denied.is_none_or(|(known, _)| key(rule) > key(known))
            {
                denied = Some((rule, maybe));
            }
        }
        let (rule, maybe) = best?;
        let loosens =
            matches!(rule.source, Source::File { .. }) && rule.action == RuleAction::Allow;
        let (rule, maybe) = denied.filter(|_| loosens).unwrap_or((rule, maybe));
        Some(Hit {
            action: rule.action,
            text: rule.text.clone(),
            by: match &rule.source {
                Source::File { .. } => JudgedBy::RuleFile {
                    text: rule.text.clone(),
                },
                Source::User { id } | Source::Project { id } => JudgedBy::Rule {
                    rule_id: id.clone(),
                    text: rule.text.clone(),
                },
            },
            spelled: match &rule.subject {
                Subject::Command(words) => words.spelled(),
                _ => usize::MAX,
            },
            maybe,
        })
    }
}

/// None after a `cd`: what is denied counts in every folder, what is allowed only where no folder
/// is named.
fn in_folder(rule: &Compiled, folder: Option<&str>) -> bool {
    match (&rule.folder, folder) {
        (None, _) => true,
        (Some(wanted), Some(folder)) => wanted == folder,
        (Some(_), None) => rule.action != RuleAction::Allow,
    }
}

fn key(rule: &Compiled) -> (usize, bool, bool, usize, u8, u8) {
    let place = match rule.source {
        Source::File { .. } => 0,
        Source::User { .. } => 1,
        Source::Project { .. } => 2,
    };
    let strict = match rule.action {
        RuleAction::Allow => 0,
        RuleAction::Ask => 1,
        RuleAction::Deny => 2,
    };
    let Narrow {
        place: folder,
        whole,
        chars,
        exact,
    } = rule.narrow;
    (whole, exact, folder, chars, place, strict)
}
