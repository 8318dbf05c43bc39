//! A shell line, part by part: rules first, then the safe list. A line is allowed only where
//! every part of it is.

use std::path::Path;

use mira_protocol::rule::{JudgedBy, Judgement, Part, RuleAction, RuleDraft, RuleKind};

use crate::inner::{self, Inner};
use crate::pattern;
use crate::rules::{Asked, Hit, Rules};
use crate::safe::{self, Place};
use crate::shell::{Redirect, RedirectKind, Script, Simple, Word, shown};

/// Programs whose words are no paths.
const NO_PATHS: [&str; 12] = [
    ":", "[", "[[", "echo", "exit", "expr", "export", "false", "printf", "test", "true", "type",
];

/// Judges the parts of one line.
pub(crate) struct Judge<'a> {
    pub rules: &'a Rules,
    pub root: &'a Path,
    pub home: Option<&'a Path>,
    /// The folder of the line, relative to the root.
    pub cwd: &'a str,
    pub place: &'a Place<'a>,
    /// What "always" would have to save, a part each; None for what no rule can express.
    pub asked: Vec<Option<RuleDraft>>,
}

/// What was decided about a part by itself.
struct Own {
    action: RuleAction,
    by: JudgedBy,
    reason: String,
}

impl Own {
    fn allowed(by: JudgedBy, reason: impl Into<String>) -> Self {
        Self {
            action: RuleAction::Allow,
            by,
            reason: reason.into(),
        }
    }

    fn asked(by: JudgedBy, reason: impl Into<String>) -> Self {
        Self {
            action: RuleAction::Ask,
            by,
            reason: reason.into(),
        }
    }

    fn of(hit: Hit) -> Self {
        let reason = match (hit.action, hit.maybe) {
            (RuleAction::Allow, _) => format!("the rule `{}` allows it", hit.text),
            (RuleAction::Ask, _) => format!("the rule `{}` says so", hit.text),
            (RuleAction::Deny, false) => format!("the rule `{}` forbids it", hit.text),
            (RuleAction::Deny, true) => {
                format!("it may turn out to be what the rule `{}` forbids", hit.text)
            }
        };
        let action = match (hit.action, hit.maybe) {
            (RuleAction::Deny, true) => RuleAction::Ask,
            (action, _) => action,
        };
        Self {
            action,
            by: hit.by,
            reason,
        }
    }
}

impl Judge<'_> {
    pub fn script(&mut self, script: &Script) -> Vec<Judgement> {
        let mut moved = false;
        self.commands(script, &mut moved)
    }

    fn commands(&mut self, script: &Script, moved: &mut bool) -> Vec<Judgement> {
        script
            .commands
            .iter()
            .map(|command| self.command(command, Part::Command, moved))
            .collect()
    }

    fn command(&mut self, command: &Simple, part: Part, moved: &mut bool) -> Judgement {
        let mut parts = Vec::new();
        for script in command.every_word().flat_map(Word::substitutions) {
            let inner = self.commands(script, moved);
            parts.push(whole("$(…)".into(), Part::Substitution, inner));
        }
        for redirect in &command.redirects {
            parts.extend(self.redirection(redirect, *moved));
        }
        parts.extend(self.mentioned(command));
        let own = self.own(command, moved, &mut parts);
        together(shown(command), part, own, parts)
    }

    /// The command without what stands in its substitutions and redirections.
    fn own(&mut self, command: &Simple, moved: &mut bool, parts: &mut Vec<Judgement>) -> Own {
        let argv = inner::argv(command);
        let asked = Asked {
            argv: &argv,
            folder: (!*moved).then_some(self.cwd),
            inner: &inner::possible(command),
        };
        let hit = self
            .rules
            .command(&asked)
            .filter(|_| !command.words.is_empty());
        let wrapped = inner::wrapped(command);
        if let Some(hit) = hit {
            let (action, spelled) = (hit.action, hit.spelled);
            let own = Own::of(hit);
            if action != RuleAction::Allow {
                if own.action == RuleAction::Ask {
                    self.remember(command, *moved);
                }
                return own;
            }
            if let Err(reason) = safe::assignments(command) {
                self.asked.push(None);
                return Own::asked(JudgedBy::Unlisted, reason);
            }
            // What the rule leaves open must not hide another command.
            let hidden = wrapped.iter().flat_map(|wrapped| &wrapped.inner);
            for inner in hidden {
                let at = match inner {
                    Inner::Command { at, .. } | Inner::Line { at, .. } => *at,
                };
                if at >= spelled {
                    parts.push(self.inner(inner, moved));
                }
            }
            return own;
        }
        if let Some(wrapped) = wrapped {
            return self.wrapped(command, wrapped, moved, parts);
        }
        self.unruled(command, moved)
    }

    fn unruled(&mut self, command: &Simple, moved: &mut bool) -> Own {
        let was_moved = *moved;
        match safe::judge(command, self.place, moved) {
            Ok(()) => Own::allowed(JudgedBy::SafeList, "it only looks"),
            Err(reason) => {
                self.remember(command, was_moved);
                Own::asked(JudgedBy::Unlisted, reason)
            }
        }
    }

    fn wrapped(
        &mut self,
        command: &Simple,
        wrapped: inner::Wrapped,
        moved: &mut bool,
        parts: &mut Vec<Judgement>,
    ) -> Own {
        if let Err(reason) = safe::assignments(command) {
            self.asked.push(None);
            return Own::asked(JudgedBy::Unlisted, reason);
        }
        if let Some(rest) = &wrapped.rest
            && let Err(reason) = safe::judge(rest, self.place, moved)
        {
            self.remember(command, *moved);
            return Own::asked(JudgedBy::Unlisted, reason);
        }
        for inner in &wrapped.inner {
            parts.push(self.inner(inner, moved));
        }
        Own::allowed(JudgedBy::Parts, "it is as good as what it runs")
    }

    fn inner(&mut self, inner: &Inner, moved: &mut bool) -> Judgement {
        match inner {
            Inner::Command { command, .. } => self.command(command, Part::Inner, moved),
            Inner::Line { line, .. } => match crate::shell::parse(line) {
                Ok(script) => {
                    let parts = self.commands(&script, moved);
                    whole(line.clone(), Part::Inner, parts)
                }
                Err(what) => {
                    self.asked.push(None);
                    let reason = format!("it has {what}, so Mira cannot judge it");
                    let own = Own::asked(JudgedBy::Unparsed, reason);
                    together(line.clone(), Part::Inner, own, vec![])
                }
            },
        }
    }

    fn redirection(&mut self, redirect: &Redirect, moved: bool) -> Option<Judgement> {
        let writes = match redirect.kind {
            RedirectKind::Here | RedirectKind::Duplicate => return None,
            RedirectKind::Read => false,
            RedirectKind::Write => true,
        };
        let target = redirect.target.plain();
        let text = format!(
            "{} {}",
            if writes { ">" } else { "<" },
            target.as_deref().unwrap_or("…")
        );
        let hit = target.as_deref().and_then(|target| {
            let path = self.placed(target)?;
            if writes {
                self.rules.write(&path, self.root, self.home)
            } else {
                self.rules.read(&path, self.root, self.home)
            }
        });
        let own = match hit {
            // After a `cd` nobody knows which file it is.
            Some(hit) if hit.action != RuleAction::Allow || !moved => Own::of(hit),
            _ => match safe::redirection(redirect, self.place, moved) {
                Ok(()) => Own::allowed(JudgedBy::SafeList, "it only looks"),
                Err(reason) => Own::asked(JudgedBy::Unlisted, reason),
            },
        };
        if own.action == RuleAction::Ask {
            self.asked.push(None);
        }
        Some(together(text, Part::Redirection, own, vec![]))
    }

    /// Paths and hosts that the command names and a rule forbids or asks about.
    fn mentioned(&mut self, command: &Simple) -> Vec<Judgement> {
        let name = command.words.first().and_then(Word::plain);
        if self.rules.is_empty() || name.is_some_and(|name| NO_PATHS.contains(&name.as_str())) {
            return vec![];
        }
        let looks = safe::judge(command, self.place, &mut false).is_ok();
        let mut found = Vec::new();
        for word in command.words.iter().skip(1) {
            let Some(text) = word.text() else { continue };
            for text in std::iter::once(text.as_str()).chain(text.split_once('=').map(|(_, v)| v)) {
                found.extend(self.path(text, word.glob, looks));
                found.extend(self.host(text));
            }
        }
        found
    }

    fn path(&mut self, text: &str, glob: bool, looks: bool) -> Option<Judgement> {
        if text.is_empty() || text.contains("://") {
            return None;
        }
        let path = self.placed(text)?;
        let read = self.rules.read(&path, self.root, self.home);
        let write = (!looks)
            .then(|| self.rules.write(&path, self.root, self.home))
            .flatten();
        let mut hits = read.into_iter().chain(write);
        let hit = hits.find(|hit| hit.action != RuleAction::Allow);
        let own = match hit {
            Some(hit) => Own::of(hit),
            None if glob && self.rules.guards_reading() => Own::asked(
                JudgedBy::Unlisted,
                format!("{text} may stand for a file that a rule guards"),
            ),
            None => return None,
        };
        if own.action == RuleAction::Ask {
            self.asked.push(None);
        }
        Some(together(text.to_owned(), Part::Path, own, vec![]))
    }

    fn host(&mut self, text: &str) -> Option<Judgement> {
        let begin = text.find("://")?;
        let scheme = text[..begin]
            .char_indices()
            .rfind(|(_, c)| !c.is_ascii_alphanumeric())
            .map_or(0, |(at, c)| at + c.len_utf8());
        let url = url::Url::parse(&text[scheme..]).ok()?;
        let hit = self.rules.host(url.host_str()?)?;
        if hit.action == RuleAction::Allow {
            return None;
        }
        let own = Own::of(hit);
        if own.action == RuleAction::Ask {
            self.asked.push(None);
        }
        Some(together(url.to_string(), Part::Host, own, vec![]))
    }

    fn placed(&self, text: &str) -> Option<std::path::PathBuf> {
        pattern::placed(text, &self.root.join(self.cwd), self.home)
    }

    /// Exactly this command, for "always".
    fn remember(&mut self, command: &Simple, moved: bool) {
        let words: Option<Vec<String>> = command.words.iter().map(Word::plain).collect();
        let fits = safe::assignments(command).is_ok() && !moved;
        self.asked.push(
            words
                .filter(|words| fits && !words.is_empty())
                .map(|words| RuleDraft {
                    action: RuleAction::Allow,
                    kind: RuleKind::Command,
                    pattern: pattern::written(&words),
                    folder: Some(self.cwd.to_owned()),
                    note: String::new(),
                }),
        );
    }
}

/// A part that is nothing but its parts.
pub(crate) fn whole(text: String, part: Part, parts: Vec<Judgement>) -> Judgement {
    let own = Own::allowed(JudgedBy::Parts, "every part of it is allowed");
    together(text, part, own, parts)
}

/// The worst of a part and its parts.
fn together(text: String, part: Part, own: Own, parts: Vec<Judgement>) -> Judgement {
    let worst = parts
        .iter()
        .filter(|part| strictness(part.action) > strictness(own.action))
        .max_by_key(|part| strictness(part.action));
    let (action, by, reason) = match worst {
        // The first of the worst.
        Some(worst) => {
            let first = parts
                .iter()
                .find(|part| part.action == worst.action)
                .unwrap_or(worst);
            (first.action, JudgedBy::Parts, first.reason.clone())
        }
        None => (own.action, own.by, own.reason),
    };
    Judgement {
        text,
        part,
        action,
        by,
        reason,
        parts,
    }
}

pub(crate) fn strictness(action: RuleAction) -> u8 {
    match action {
        RuleAction::Allow => 0,
        RuleAction::Ask => 1,
        RuleAction::Deny => 2,
    }
}
