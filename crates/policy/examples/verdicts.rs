//! Verdicts per second, over the corpus of commands, with a hundred rules.
//!
//! `cargo run --release -p mira-policy --example verdicts`

use std::path::Path;
use std::time::{Duration, Instant};

use mira_policy::{Act, Command, Context, EveryBlock, Line, Rules, Source, decide};
use mira_protocol::operation::{Access, ApproveMode};
use mira_protocol::rule::{RuleAction, RuleDraft, RuleKind};

const CORPUS: &str = include_str!("../tests/commands.txt");
const MEASURED: Duration = Duration::from_secs(2);

fn main() {
    let lines: Vec<String> = CORPUS
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .filter_map(|line| Some(line.split_once(' ')?.1.trim().replace("\\n", "\n")))
        .collect();
    println!(
        "\nverdicts on a shell line, from its text on, {} lines in turn",
        lines.len()
    );
    for rules in [0, 100, 1_000] {
        measure(&lines, rules);
    }
}

fn measure(lines: &[String], count: usize) {
    let drafts: Vec<RuleDraft> = (0..count).map(rule).collect();
    let source = Source::Project { id: None };
    let (rules, _) = Rules::compile(drafts.iter().map(|draft| (source.clone(), draft)));
    let cx = Context {
        access: Access::Project,
        approve: ApproveMode::Ask,
        root: Path::new("/p/app"),
        home: Some(Path::new("/home/ada")),
        rules: &rules,
        tool: Some("run_command"),
        blocks: &EveryBlock,
    };
    let begun = Instant::now();
    let mut verdicts = 0_u64;
    while begun.elapsed() < MEASURED {
        for line in lines {
            let (line, cwd) = (Line::Shell(line), "");
            std::hint::black_box(decide(
                &Act::Runs(Command {
                    line,
                    cwd,
                    hosts: &[],
                }),
                &cx,
            ));
            verdicts += 1;
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "  {count:>5} rules: {:.0} verdicts per second, {:.1} µs each",
        verdicts as f64 / seconds,
        seconds * 1e6 / verdicts as f64
    );
}

fn rule(at: usize) -> RuleDraft {
    let action = [RuleAction::Allow, RuleAction::Ask, RuleAction::Deny][at % 3];
    let (kind, pattern) = match at % 4 {
        0 => (RuleKind::Command, format!("tool{at} run **")),
        1 => (RuleKind::Read, format!("folder{at}/**")),
        2 => (RuleKind::Host, format!("*.host{at}.example")),
        _ => (RuleKind::Command, format!("other{at} * --flag **")),
    };
    RuleDraft {
        action,
        kind,
        pattern,
        folder: None,
        note: String::new(),
    }
}
