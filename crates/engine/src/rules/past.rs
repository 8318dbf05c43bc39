//! Rules tried on one command, or on everything that models asked for before.

use std::collections::HashMap;
use std::path::Path;

use mira_policy::{Act, Command, Context, Decided, Line, Rules, Verdict, decide};
use mira_protocol::rule::{
    JudgedBy, Judgement, PastCall, RuleAction, RuleDraft, RulePreview, RuleTest, TestRule,
};
use mira_protocol::{Code, Failure, ProjectId};
use mira_store::PastToolCall;
use serde_json::Value;

use super::{BlockList, InForce, context};

/// A call as the policy sees it, owned.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Asked {
    Reads(Vec<String>),
    Writes(Vec<String>),
    Shell(String),
    Argv(Vec<String>),
    Reaches(String),
}

impl Asked {
    fn act<'a>(&'a self, cwd: &'a str, hosts: &'a [String]) -> Act<'a> {
        let run = |line| Act::Runs(Command { line, cwd, hosts });
        match self {
            Self::Reads(paths) => Act::Reads(paths),
            Self::Writes(paths) => Act::Writes(paths),
            Self::Shell(line) => run(Line::Shell(line)),
            Self::Argv(argv) => run(Line::Argv(argv)),
            Self::Reaches(url) => Act::Reaches { url },
        }
    }
}

/// Paths that a call of a reading tool names.
pub fn paths_of(arguments: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    for name in ["path", "paths", "directory", "file", "files"] {
        match arguments.get(name) {
            Some(Value::String(path)) => paths.push(path.clone()),
            Some(Value::Array(list)) => {
                paths.extend(list.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            _ => {}
        }
    }
    paths
}

/// What a stored call asked for, where, and which hosts it wanted.
fn asked(call: &PastToolCall) -> (Asked, String, Vec<String>) {
    let text = |name: &str| {
        let value = call.arguments.get(name).and_then(Value::as_str);
        value.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let cwd = text("cwd").unwrap_or_default();
    let list = |name: &str| -> Vec<String> {
        let list = call.arguments.get(name).and_then(Value::as_array);
        let texts = list.into_iter().flatten().filter_map(Value::as_str);
        texts.map(str::to_owned).collect()
    };
    let argv = list("argv");
    let writes = call.tool.starts_with("write_") || call.tool.starts_with("edit_");
    let what = match (text("command"), text("url")) {
        (Some(line), _) => Asked::Shell(line),
        (None, _) if !argv.is_empty() => Asked::Argv(argv),
        (None, Some(url)) => Asked::Reaches(url),
        _ if writes => Asked::Writes(paths_of(&call.arguments)),
        _ => Asked::Reads(paths_of(&call.arguments)),
    };
    (what, cwd, list("hosts"))
}

struct Group {
    last: PastToolCall,
    times: u64,
}

pub(super) fn preview(
    calls: Vec<PastToolCall>,
    root_of: &dyn Fn(Option<&ProjectId>) -> String,
    before: &InForce,
    after: &InForce,
    alone: &Rules,
    drafts: Vec<RuleDraft>,
    limit: usize,
) -> RulePreview {
    let looked_at = calls.len() as u64;
    let home = std::env::home_dir();
    let mut groups: HashMap<(Asked, String, Vec<String>, String, String), Group> = HashMap::new();
    for call in calls {
        let (what, cwd, hosts) = asked(&call);
        let root = root_of(call.project_id.as_ref());
        let key = (what, cwd, hosts, call.tool.clone(), root);
        // Newest first: the one that is there stays.
        groups
            .entry(key)
            .and_modify(|group| group.times += 1)
            .or_insert(Group {
                last: call,
                times: 1,
            });
    }
    let (mut matched, mut decided_otherwise) = (0, 0);
    let mut samples = Vec::new();
    for ((what, cwd, hosts, tool, root), group) in groups {
        let act = what.act(&cwd, &hosts);
        let decided = |rules: &Rules, blocks: &BlockList| {
            let cx = Context {
                tool: Some(&tool),
                ..context(Path::new(&root), home.as_deref(), rules, blocks)
            };
            decide(&act, &cx)
        };
        if !rests_on_rule(&decided(alone, &before.blocks).tree) {
            continue;
        }
        matched += group.times;
        let (then, now) = (
            action(&decided(&before.rules, &before.blocks)),
            action(&decided(&after.rules, &after.blocks)),
        );
        if then != now {
            decided_otherwise += group.times;
        }
        samples.push(PastCall {
            text: act.shown(),
            tool,
            cwd,
            times: group.times,
            last_at: group.last.at,
            session_id: group.last.session_id,
            before: then,
            after: now,
        });
    }
    samples.sort_by_key(|sample| (sample.before == sample.after, -sample.last_at));
    samples.truncate(limit);
    RulePreview {
        texts: drafts.iter().map(mira_policy::text).collect(),
        looked_at,
        matched,
        decided_otherwise,
        samples,
    }
}

/// Whether a rule is named anywhere in it; with the drafts alone that is one of them.
fn rests_on_rule(tree: &Judgement) -> bool {
    matches!(tree.by, JudgedBy::Rule { .. }) || tree.parts.iter().any(rests_on_rule)
}

fn action(decided: &Decided) -> RuleAction {
    match decided.verdict {
        Verdict::Go => RuleAction::Allow,
        Verdict::Ask { .. } => RuleAction::Ask,
        Verdict::Refuse { .. } => RuleAction::Deny,
    }
}

pub(super) fn tested(
    request: &TestRule,
    root: &Path,
    in_force: &InForce,
) -> Result<RuleTest, Failure> {
    let one = |path: &String| vec![path.clone()];
    let given = [
        request.command.clone().map(Asked::Shell),
        request.read.as_ref().map(|path| Asked::Reads(one(path))),
        request.write.as_ref().map(|path| Asked::Writes(one(path))),
        request.url.clone().map(Asked::Reaches),
    ];
    let mut given = given.into_iter().flatten();
    let what = match (given.next(), given.next()) {
        (Some(what), None) => what,
        (None, _) if request.tool.is_some() => Asked::Reads(vec![]),
        _ => {
            return Err(Failure::new(
                Code::BadParams,
                "Give one thing to test: a command, a path to read or write, a URL, or a tool.",
            ));
        }
    };
    let cwd = request.cwd.clone().unwrap_or_default();
    let home = std::env::home_dir();
    let cx = Context {
        tool: request.tool.as_deref(),
        ..context(root, home.as_deref(), &in_force.rules, &in_force.blocks)
    };
    let decided = decide(&what.act(&cwd, &request.hosts), &cx);
    let mut test = RuleTest {
        action: action(&decided),
        reason: decided.tree.reason.clone(),
        always: match &decided.verdict {
            Verdict::Ask { always, .. } => always.clone(),
            _ => vec![],
        },
        tree: decided.tree,
    };
    if let (Some(problem), RuleAction::Allow, Asked::Shell(_)) =
        (&in_force.broken_file, test.action, &what)
    {
        test.action = RuleAction::Ask;
        test.reason = format!("the project's rules cannot be read: {problem}");
    }
    Ok(test)
}
