//! Rules as a file, for people to edit: TOML (or JSON), one table a rule.
//!
//! ```toml
//! [[rule]]
//! action = "allow"
//! command = "cargo test **"
//! ```

use mira_protocol::rule::{RuleAction, RuleDraft, RuleFormat, RuleKind};
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::rules::check;

/// More rules than this no person reads.
const MAX_RULES: usize = 2_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Toml {
    #[serde(default)]
    rule: Vec<Spanned<Written>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    #[serde(default)]
    rule: Vec<Written>,
}

/// One rule as people write it: the action, one thing that it is about, and what else is known.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    action: Option<RuleAction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    read: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    write: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    folder: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

/// Reads a file of rules.
///
/// # Errors
/// Every fault in it, a sentence each, with its line where that is known.
pub fn parse(text: &str, format: RuleFormat) -> Result<Vec<RuleDraft>, Vec<String>> {
    let written: Vec<(String, Written)> = match format {
        RuleFormat::Toml => {
            let file: Toml =
                toml::from_str(text).map_err(|error| vec![toml_fault(text, &error)])?;
            let place =
                |rule: &Spanned<Written>| format!("line {}", line_at(text, rule.span().start));
            let rules = file.rule.into_iter();
            rules
                .map(|rule| (place(&rule), rule.into_inner()))
                .collect()
        }
        RuleFormat::Json => {
            let file: Plain =
                serde_json::from_str(text).map_err(|error| vec![format!("{error}.")])?;
            let rules = file.rule.into_iter().enumerate();
            rules
                .map(|(at, rule)| (format!("rule {}", at + 1), rule))
                .collect()
        }
    };
    if written.len() > MAX_RULES {
        return Err(vec![format!("There are more than {MAX_RULES} rules.")]);
    }
    let (mut drafts, mut faults): (Vec<RuleDraft>, Vec<String>) = (Vec::new(), Vec::new());
    for (place, rule) in written {
        match rule.draft().and_then(|draft| check(&draft)) {
            Ok(draft) if drafts.iter().any(|known| same_subject(known, &draft)) => {
                faults.push(format!(
                    "{place}: there are two rules for {:?}.",
                    draft.pattern
                ));
            }
            Ok(draft) => drafts.push(draft),
            Err(fault) => faults.push(format!("{place}: {fault}")),
        }
    }
    if faults.is_empty() {
        Ok(drafts)
    } else {
        Err(faults)
    }
}

/// Whether two rules are about the same thing, whatever they say of it.
pub fn same_subject(a: &RuleDraft, b: &RuleDraft) -> bool {
    a.kind == b.kind && a.pattern == b.pattern && a.folder == b.folder
}

/// Writes rules as [`parse`] reads them.
pub fn print(drafts: &[RuleDraft], format: RuleFormat) -> String {
    let file = Plain {
        rule: drafts.iter().map(Written::from).collect(),
    };
    match format {
        RuleFormat::Json => serde_json::to_string_pretty(&file).unwrap_or_default() + "\n",
        RuleFormat::Toml if drafts.is_empty() => String::new(),
        RuleFormat::Toml => toml::to_string(&file).unwrap_or_default(),
    }
}

impl Written {
    fn draft(self) -> Result<RuleDraft, String> {
        let action = self
            .action
            .ok_or("It has no action; write action = \"allow\", \"ask\" or \"deny\".")?;
        let mut subjects = [
            (RuleKind::Command, self.command),
            (RuleKind::Line, self.line),
            (RuleKind::Read, self.read),
            (RuleKind::Write, self.write),
            (RuleKind::Host, self.host),
            (RuleKind::Tool, self.tool),
        ]
        .into_iter()
        .filter_map(|(kind, pattern)| Some((kind, pattern?)));
        let (Some((kind, pattern)), None) = (subjects.next(), subjects.next()) else {
            return Err(
                "It needs exactly one of command, line, read, write, host and tool.".to_owned(),
            );
        };
        Ok(RuleDraft {
            action,
            kind,
            pattern,
            folder: self.folder,
            note: self.note.unwrap_or_default(),
        })
    }
}

impl From<&RuleDraft> for Written {
    fn from(draft: &RuleDraft) -> Self {
        let mut written = Self {
            action: Some(draft.action),
            folder: draft.folder.clone(),
            note: Some(draft.note.clone()).filter(|note| !note.is_empty()),
            ..Self::default()
        };
        let slot = match draft.kind {
            RuleKind::Command => &mut written.command,
            RuleKind::Line => &mut written.line,
            RuleKind::Read => &mut written.read,
            RuleKind::Write => &mut written.write,
            RuleKind::Host => &mut written.host,
            RuleKind::Tool => &mut written.tool,
        };
        *slot = Some(draft.pattern.clone());
        written
    }
}

fn toml_fault(text: &str, error: &toml::de::Error) -> String {
    let place = error
        .span()
        .map(|span| format!("line {}: ", line_at(text, span.start)));
    format!(
        "{}{}.",
        place.unwrap_or_default(),
        error.message().trim_end_matches('.')
    )
}

fn line_at(text: &str, byte: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(byte)
        .filter(|b| **b == b'\n')
        .count()
        + 1
}
