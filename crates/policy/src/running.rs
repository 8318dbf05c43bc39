//! A command: the block list, elevation, rules and the safe list, and the hosts it is to reach.

use std::path::Path;

use mira_protocol::operation::{Access, ApproveMode};
use mira_protocol::rule::{JudgedBy, Judgement, Part, RuleAction, RuleDraft, RuleKind};

use crate::judge::{self, Judge};
use crate::shell::{self, Script, Simple};
use crate::{
    Command, Context, Finding, Line, block, commands_of, host_draft, leaf, line_of, privilege,
    reached, ruled, safe,
};

/// The longest line that can be remembered: a person must be able to read what they allow.
const MAX_PATTERN_BYTES: usize = 1_000;

pub(crate) fn runs(command: &Command<'_>, cx: &Context<'_>) -> Finding {
    let line = line_of(&command.line);
    let refused = |by, reason: &str, told: String| {
        Finding::refused(line.clone(), Part::Line, by, reason.to_owned(), told)
    };
    if cx.access == Access::Read {
        let told = "This operation may only read, so nothing was run. Use the reading tools; the \
                    person can raise the access and ask again.";
        return refused(JudgedBy::Mode, "the operation may only read", told.into());
    }
    let script = match &command.line {
        Line::Argv(argv) => Ok(Script {
            commands: vec![Simple::from_argv(argv)],
        }),
        Line::Shell(line) => shell::parse(line),
    };
    let counts = |name: &str| cx.blocks.counts(name);
    let builtin = block::find(script.as_ref().ok(), &line, cx.home, &counts)
        .map(|block| (block.name.to_owned(), block.description.to_owned()));
    let own = || {
        let commands = commands_of(&command.line);
        commands.iter().find_map(|argv| cx.blocks.own(argv))
    };
    if let Some((name, why)) = builtin.or_else(own) {
        let told = format!(
            "`{line}` was not run: {why}. The block list has it, so it is never run; write out a \
             narrower command."
        );
        return refused(JudgedBy::BlockList { name }, &why, told);
    }
    let elevated = match &script {
        Ok(script) => privilege::find(script),
        Err(_) => privilege::find_in_raw(&line),
    };
    if let Some(word) = elevated {
        let by = JudgedBy::Elevation {
            word: word.to_owned(),
        };
        let told = format!(
            "`{word}` was not run: Mira does not run elevated commands yet. Ask the person to run \
             it in their own terminal, or find a way without it."
        );
        return refused(by, "it would gain another user's rights", told);
    }
    let finding = reaching(judged(command, script, &line, cx), command.hosts, &line, cx);
    if finding.tree.action == RuleAction::Allow && cx.approve == ApproveMode::Never {
        let told = "Commands are switched off for this operation. Use the other tools.";
        return refused(JudgedBy::Mode, "commands are switched off", told.into());
    }
    finding
}

/// What rules say of a command that asks for more rights, in any of its forms: the line as it was
/// written, the words that would run, and the tool. Deny beats everything; a rule that asks beats
/// what would run without a question. None: no rule forbids it or asks.
pub fn elevated_rule(
    command: &Command<'_>,
    argv: &[String],
    cx: &Context<'_>,
) -> Option<(RuleAction, String)> {
    let line = line_of(&command.line);
    let script = |line: &Line<'_>| match line {
        Line::Argv(argv) => Ok(Script {
            commands: vec![Simple::from_argv(argv)],
        }),
        Line::Shell(line) => shell::parse(line),
    };
    let words = Line::Argv(argv);
    let trees = [
        judged(command, script(&command.line), &line, cx).tree,
        judged(command, script(&words), &line_of(&words), cx).tree,
    ];
    let mut found = Vec::new();
    trees.iter().for_each(|tree| by_rules(tree, &mut found));
    if let Some(hit) = cx.tool.and_then(|tool| cx.rules.tool(tool)) {
        found.push((hit.action, format!("the rule `{}` says so", hit.text)));
    }
    found
        .into_iter()
        .filter(|(action, _)| *action != RuleAction::Allow)
        .max_by_key(|(action, _)| judge::strictness(*action))
}

/// Every part that a rule decided.
fn by_rules(tree: &Judgement, found: &mut Vec<(RuleAction, String)>) {
    if matches!(tree.by, JudgedBy::Rule { .. } | JudgedBy::RuleFile { .. }) {
        found.push((tree.action, tree.reason.clone()));
    }
    tree.parts.iter().for_each(|part| by_rules(part, found));
}

fn judged(
    command: &Command<'_>,
    script: Result<Script, &'static str>,
    line: &str,
    cx: &Context<'_>,
) -> Finding {
    let asked = |by, reason: String| Finding {
        tree: leaf(line.to_owned(), Part::Line, RuleAction::Ask, by, reason),
        hard: None,
        always: vec![],
    };
    let whole = safe::lexical(&cx.root.join(command.cwd));
    let folder = whole.strip_prefix(cx.root).ok().and_then(Path::to_str);
    let by_line = cx.rules.line(line, folder);
    let script = match script {
        Ok(script) => script,
        Err(what) => {
            let reason = format!("it has {what}, so Mira cannot judge it");
            return asked(JudgedBy::Unparsed, reason);
        }
    };
    let Some(folder) = folder else {
        let reason = format!("it runs in {}, outside the project", whole.display());
        return asked(JudgedBy::Access, reason);
    };
    let may_read = |path: &Path| {
        cx.rules
            .read(path, cx.root, cx.home)
            .is_some_and(|hit| hit.action == RuleAction::Allow)
    };
    let mut judge = Judge {
        rules: cx.rules,
        root: cx.root,
        home: cx.home,
        cwd: folder,
        place: &safe::Place {
            root: cx.root,
            may_read: &may_read,
            cwd: folder,
            anywhere: cx.access == Access::System,
        },
        asked: vec![],
    };
    let parts = judge.script(&script);
    let drafts = std::mem::take(&mut judge.asked);
    let tree = judge::whole(line.to_owned(), Part::Line, parts);
    match by_line {
        // A whole line that was allowed lifts questions, not denials.
        Some(hit) if judge::strictness(tree.action) <= judge::strictness(RuleAction::Ask) => {
            let parts = tree.parts;
            let tree = ruled(line.to_owned(), Part::Line, hit);
            Finding {
                tree: Judgement { parts, ..tree },
                hard: None,
                always: vec![],
            }
        }
        _ => Finding {
            always: if tree.action == RuleAction::Ask {
                always(drafts, line, folder)
            } else {
                vec![]
            },
            tree,
            hard: None,
        },
    }
}

/// A rule for each part that is asked about, or else one for the whole line.
fn always(drafts: Vec<Option<RuleDraft>>, line: &str, folder: &str) -> Vec<RuleDraft> {
    let each: Option<Vec<RuleDraft>> = drafts.into_iter().collect();
    if let Some(mut each) = each.filter(|each| !each.is_empty()) {
        let mut seen = Vec::new();
        each.retain(|draft| {
            let new = !seen.contains(draft);
            seen.push(draft.clone());
            new
        });
        if each
            .iter()
            .all(|draft| draft.pattern.len() <= MAX_PATTERN_BYTES)
        {
            return each;
        }
    }
    if line.is_empty() || line.len() > MAX_PATTERN_BYTES {
        return vec![];
    }
    vec![RuleDraft {
        action: RuleAction::Allow,
        kind: RuleKind::Line,
        pattern: line.to_owned(),
        folder: Some(folder.to_owned()),
        note: String::new(),
    }]
}

/// A command with the hosts that it is to reach. Each of them is asked about unless a rule allows
/// it, whatever allows the command; the question names all of them.
fn reaching(finding: Finding, hosts: &[String], line: &str, cx: &Context<'_>) -> Finding {
    if hosts.is_empty() || finding.hard.is_some() {
        return finding;
    }
    let Finding { tree, always, .. } = finding;
    let mut parts = vec![tree];
    for host in hosts {
        let reason = format!("it is to reach {host}");
        parts.push(reached(host, format!("reach {host}"), reason, cx));
    }
    let command = parts[0].clone();
    let mut whole = judge::whole(line.to_owned(), Part::Line, parts);
    if whole.action != RuleAction::Ask {
        return Finding {
            tree: whole,
            hard: None,
            always: vec![],
        };
    }
    let named = hosts.join(", ");
    let asked: Vec<&Judgement> = whole.parts[1..]
        .iter()
        .filter(|part| part.action == RuleAction::Ask)
        .collect();
    let new: Vec<RuleDraft> = hosts
        .iter()
        .zip(&whole.parts[1..])
        .filter(|(_, part)| part.action == RuleAction::Ask)
        .map(|(host, _)| host_draft(host))
        .collect();
    let by_command = command.action == RuleAction::Ask;
    let reason = match (by_command, asked.is_empty()) {
        (true, true) => format!(
            "{}. It can reach {named}, and no other host",
            command.reason
        ),
        (true, false) => format!(
            "it is to reach {named}, and no other host. Also, {}",
            command.reason
        ),
        (false, _) => format!("it is to reach {named}, and no other host"),
    };
    whole.reason = reason;
    let always = match (by_command, always.is_empty()) {
        // The command cannot be remembered, so it would be asked about again anyway.
        (true, true) => vec![],
        _ => always.into_iter().chain(new).collect(),
    };
    Finding {
        tree: whole,
        hard: None,
        always,
    }
}
