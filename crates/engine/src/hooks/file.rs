//! `hooks.toml`, the person's and the project's.

use mira_protocol::hook::{Hook, HookPoint, HookSource, OnFailure};
use serde::Deserialize;
use toml::Spanned;

const DEFAULT_TIMEOUT_MS: u64 = 10_000;
/// A hook stands in somebody's way for at most so long.
const MAX_TIMEOUT_MS: u64 = 300_000;
const MAX_HOOKS: usize = 100;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    hook: Vec<Spanned<Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    on: OneOrMore<HookPoint>,
    tool: Option<String>,
    command: Option<String>,
    run: Vec<String>,
    timeout_ms: Option<u64>,
    #[serde(default)]
    network: bool,
    #[serde(default)]
    hosts: Vec<String>,
    #[serde(default)]
    on_failure: OnFailure,
    enabled: Option<bool>,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "one of the points, as \"before_tool\", or a list of them"
)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

/// Reads a file of hooks.
///
/// # Errors
/// The first fault, as a sentence with its line. None of the hooks counts then.
pub fn parse(text: &str, source: HookSource) -> Result<Vec<Hook>, String> {
    let file: File = toml::from_str(text).map_err(|error| {
        let place = error
            .span()
            .map(|span| format!("line {}: ", line_at(text, span.start)));
        let message = error.message().trim_end_matches('.');
        format!("{}{message}.", place.unwrap_or_default())
    })?;
    if file.hook.len() > MAX_HOOKS {
        return Err(format!("There are more than {MAX_HOOKS} hooks."));
    }
    let mut hooks: Vec<Hook> = Vec::new();
    for written in file.hook {
        let line = line_at(text, written.span().start);
        let hook = checked(written.into_inner(), source)
            .map_err(|fault| format!("line {line}: {fault}"))?;
        if hooks.iter().any(|known| known.name == hook.name) {
            return Err(format!(
                "line {line}: there are two hooks named {:?}.",
                hook.name
            ));
        }
        hooks.push(hook);
    }
    Ok(hooks)
}

fn checked(written: Written, source: HookSource) -> Result<Hook, String> {
    let Written {
        name,
        on,
        tool,
        command,
        run,
        timeout_ms,
        network,
        hosts,
        on_failure,
        enabled,
        description,
    } = written;
    let on = match on {
        OneOrMore::One(point) => vec![point],
        OneOrMore::More(points) => points,
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        return Err(format!(
            "the name {name:?} is not made of up to 64 letters, digits and - _ ."
        ));
    }
    if on.is_empty() {
        return Err(format!("{name} names no point to run at."));
    }
    if run.first().is_none_or(|program| program.trim().is_empty()) {
        return Err(format!(
            "{name} runs nothing; write run = [\"program\", \"argument\"]."
        ));
    }
    if run.iter().any(|word| word.contains('\0')) {
        return Err(format!("{name} has a zero byte in run."));
    }
    let of_tools = |point: &HookPoint| {
        matches!(
            point,
            HookPoint::BeforeTool
                | HookPoint::AfterTool
                | HookPoint::BeforeCommand
                | HookPoint::AfterCommand
        )
    };
    if let Some(pattern) = &tool {
        if !on.iter().all(of_tools) {
            return Err(format!(
                "{name} names a tool, but runs at a point that has none."
            ));
        }
        mira_policy::tool_pattern(pattern).map_err(|what| format!("the tool of {name} {what}."))?;
    }
    if let Some(pattern) = &command {
        if !on
            .iter()
            .all(|point| matches!(point, HookPoint::BeforeCommand | HookPoint::AfterCommand))
        {
            return Err(format!(
                "{name} names a command, but runs at a point that has none; use before_command \
                 or after_command."
            ));
        }
        mira_policy::command_pattern(pattern)
            .map_err(|what| format!("the command of {name} {what}."))?;
    }
    let timeout_ms = timeout_ms.unwrap_or(DEFAULT_TIMEOUT_MS);
    if !(1..=MAX_TIMEOUT_MS).contains(&timeout_ms) {
        return Err(format!(
            "timeout_ms of {name} is not within 1 and {MAX_TIMEOUT_MS}."
        ));
    }
    let hosts = hosts
        .iter()
        .map(|host| mira_egress::host_name(host))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|fault| format!("the hosts of {name}: {fault}"))?;
    if network && !hosts.is_empty() {
        return Err(format!(
            "{name} names hosts and wants the whole network; leave one of them out."
        ));
    }
    Ok(Hook {
        name,
        source,
        on,
        tool,
        command,
        run,
        timeout_ms,
        network,
        hosts,
        on_failure,
        enabled: enabled.unwrap_or(true),
        description,
        waits: None,
    })
}

fn line_at(text: &str, byte: usize) -> usize {
    text.as_bytes()
        .iter()
        .take(byte)
        .filter(|b| **b == b'\n')
        .count()
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
[[hook]]
name = "no-push"
on = ["before_command", "after_command"]
command = "git push **"
run = ["./check.sh", "strict"]
timeout_ms = 500
on_failure = "deny"
description = "Nobody pushes."

[[hook]]
name = "count"
on = "after_operation"
run = ["wc"]
"#;

    #[test]
    fn a_file_is_read_with_its_defaults() {
        let hooks = parse(WHOLE, HookSource::User).unwrap();
        assert_eq!(hooks.len(), 2);
        assert_eq!(hooks[0].on_failure, OnFailure::Deny);
        assert_eq!(
            (hooks[1].timeout_ms, hooks[1].enabled),
            (DEFAULT_TIMEOUT_MS, true)
        );
        assert_eq!(hooks[1].on_failure, OnFailure::Warn);
        assert_eq!(parse("", HookSource::User), Ok(vec![]));
    }

    #[test]
    fn a_fault_is_told_with_its_line() {
        let hook = |rest: &str| format!("\n[[hook]]\nname = \"a\"\n{rest}\n");
        for (text, told) in [
            (hook("on = \"before_tea\"\nrun = [\"x\"]"), "line 4"),
            (hook("on = \"before_tool\"\nrun = []"), "runs nothing"),
            (hook("on = []\nrun = [\"x\"]"), "no point"),
            (
                hook("on = \"before_tool\"\nrun = [\"x\"]\ntimeout_ms = 0"),
                "timeout_ms",
            ),
            (
                hook("on = \"before_tool\"\nrun = [\"x\"]\non_fail = \"deny\""),
                "on_fail",
            ),
            (
                hook("on = \"before_operation\"\nrun = [\"x\"]\ntool = \"*\""),
                "names a tool",
            ),
            (
                hook("on = \"before_tool\"\nrun = [\"x\"]\ncommand = \"ls\""),
                "names a command",
            ),
            (
                hook("on = \"before_command\"\nrun = [\"x\"]\ncommand = \"**\""),
                "begins with **",
            ),
            (
                hook("on = \"before_tool\"\nrun = [\"x\"]\nhosts = [\"https://a.b\"]"),
                "is no host",
            ),
            (
                hook("on = \"before_tool\"\nrun = [\"x\"]\nhosts = [\"a.b\"]\nnetwork = true"),
                "whole network",
            ),
            (format!("{WHOLE}{WHOLE}"), "two hooks"),
            ("[[hook]\n".to_owned(), "line 1"),
        ] {
            let fault = parse(&text, HookSource::Project).unwrap_err();
            assert!(fault.contains(told), "{fault:?} has no {told:?}");
        }
    }
}
