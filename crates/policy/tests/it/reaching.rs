//! Hosts of commands, rules on elevated ones, and the block list with the person's own entries.

use std::path::Path;

use mira_policy::{Act, Command, Context, EveryBlock, Line, Rules, Source, Verdict, decide};
use mira_protocol::operation::{Access, ApproveMode};
use mira_protocol::rule::{JudgedBy, RuleAction, RuleDraft, RuleKind};

fn context(rules: &Rules) -> Context<'_> {
    Context {
        access: Access::Project,
        approve: ApproveMode::Ask,
        root: Path::new("/project"),
        home: None,
        rules,
        tool: None,
        blocks: &EveryBlock,
    }
}

#[test]
fn hosts_of_a_command_are_asked_about_by_name_and_remembered_as_rules() {
    let hosts = |names: &[&str]| {
        names
            .iter()
            .map(|&name| name.to_owned())
            .collect::<Vec<_>>()
    };
    let verdict = |rules: &[RuleDraft], line: &str, hosts: &[String]| {
        let act = Act::Runs(Command {
            line: Line::Shell(line),
            cwd: "",
            hosts,
        });
        let (rules, _) = Rules::compile(
            rules
                .iter()
                .map(|draft| (Source::Project { id: None }, draft)),
        );
        decide(&act, &context(&rules)).verdict
    };
    let allow = |kind, pattern: &str| RuleDraft {
        action: RuleAction::Allow,
        kind,
        pattern: pattern.into(),
        folder: None,
        note: String::new(),
    };
    let deny = |pattern: &str| RuleDraft {
        action: RuleAction::Deny,
        ..allow(RuleKind::Host, pattern)
    };
    let two = hosts(&["registry.npmjs.org", "docs.rs"]);
    let Verdict::Ask { reason, always } = verdict(&[], "npm install", &two) else {
        panic!("not asked");
    };
    assert!(
        reason.starts_with("it is to reach registry.npmjs.org, docs.rs, and no other host"),
        "{reason}"
    );
    let texts: Vec<String> = always.iter().map(mira_policy::text).collect();
    assert_eq!(
        texts,
        [
            "allow command npm install in the project folder",
            "allow host registry.npmjs.org",
            "allow host docs.rs"
        ]
    );
    assert_eq!(verdict(&always, "npm install", &two), Verdict::Go);
    let more = hosts(&["registry.npmjs.org", "evil.test"]);
    let Verdict::Ask {
        reason,
        always: new,
    } = verdict(&always, "npm install", &more)
    else {
        panic!("not asked");
    };
    assert!(reason.contains("evil.test"), "{reason}");
    assert_eq!(mira_policy::text(&new[0]), "allow host evil.test");

    // A safe command with a host is no longer safe; an allowed line lifts no question on hosts.
    assert!(matches!(verdict(&[], "ls", &two), Verdict::Ask { .. }));
    let line = [allow(RuleKind::Line, "make > log")];
    assert!(matches!(
        verdict(&line, "make > log", &two),
        Verdict::Ask { .. }
    ));
    // What is denied stays denied, whatever is allowed beside it.
    let mixed = [
        allow(RuleKind::Command, "npm install"),
        allow(RuleKind::Host, "registry.npmjs.org"),
        deny("*.npmjs.org"),
        deny("docs.rs"),
    ];
    assert!(matches!(
        verdict(&mixed, "npm install", &two),
        Verdict::Refuse { .. }
    ));
    let narrow = hosts(&["registry.npmjs.org"]);
    assert_eq!(verdict(&mixed, "npm install", &narrow), Verdict::Go);
}

#[test]
fn a_rule_counts_for_the_elevated_form_too() {
    let rule = |action, kind, pattern: &str| RuleDraft {
        action,
        kind,
        pattern: pattern.into(),
        folder: None,
        note: String::new(),
    };
    let found = |draft: RuleDraft, line: &str, argv: &[&str]| {
        let argv: Vec<String> = argv.iter().map(|&word| word.to_owned()).collect();
        let (rules, _) = Rules::compile([(Source::User { id: None }, &draft)]);
        let cx = Context {
            tool: Some("run_command"),
            ..context(&rules)
        };
        let command = Command {
            line: Line::Shell(line),
            cwd: "",
            hosts: &[],
        };
        mira_policy::elevated_rule(&command, &argv, &cx).map(|(action, _)| action)
    };
    let reboot = ["/usr/sbin/reboot", "now"];
    for (draft, expected) in [
        (
            rule(RuleAction::Deny, RuleKind::Command, "reboot **"),
            Some(RuleAction::Deny),
        ),
        (
            rule(RuleAction::Deny, RuleKind::Command, "sudo **"),
            Some(RuleAction::Deny),
        ),
        (
            rule(RuleAction::Deny, RuleKind::Line, "sudo reboot now"),
            Some(RuleAction::Deny),
        ),
        (
            rule(RuleAction::Deny, RuleKind::Tool, "run_*"),
            Some(RuleAction::Deny),
        ),
        (
            rule(RuleAction::Ask, RuleKind::Command, "reboot **"),
            Some(RuleAction::Ask),
        ),
        (
            rule(RuleAction::Allow, RuleKind::Command, "reboot **"),
            None,
        ),
        (rule(RuleAction::Deny, RuleKind::Command, "halt"), None),
    ] {
        let text = mira_policy::text(&draft);
        assert_eq!(found(draft, "sudo reboot now", &reboot), expected, "{text}");
    }
}

#[test]
fn the_switches_and_the_persons_own_entries_count_for_every_command() {
    struct Mine;
    impl mira_policy::Blocks for Mine {
        fn counts(&self, name: &str) -> bool {
            name != "fork_bomb"
        }

        fn own(&self, argv: &[String]) -> Option<(String, String)> {
            (argv[0] == "terraform").then(|| ("mine".to_owned(), "it costs money".to_owned()))
        }
    }
    let (rules, _) = Rules::compile([]);
    let verdict = |line: &str| {
        let cx = Context {
            approve: ApproveMode::All,
            blocks: &Mine,
            ..context(&rules)
        };
        let act = Act::Runs(Command {
            line: Line::Shell(line),
            cwd: "",
            hosts: &[],
        });
        decide(&act, &cx)
    };
    assert_eq!(verdict(":(){ :|:& };:").verdict, Verdict::Go);
    for line in [
        "terraform apply",
        "make && env A=1 terraform apply",
        "bash -c 'terraform x'",
    ] {
        let decided = verdict(line);
        assert!(matches!(decided.verdict, Verdict::Refuse { .. }), "{line}");
        assert_eq!(
            decided.tree.by,
            JudgedBy::BlockList {
                name: "mine".into()
            }
        );
    }
    assert!(matches!(
        verdict("rm -rf /").verdict,
        Verdict::Refuse { .. }
    ));
}
