//! One run of a hook: JSON in, JSON out, through the one process runner.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mira_protocol::hook::{Hook, HookOutcome, HookPoint, HookSource};
use mira_workspace::{CommandLine, Confinement, Spec};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::verdict::{self, Said};

/// What a hook may write, in bytes.
const OUTPUT_CAP: usize = 1 << 20;
/// What of its other output is kept, in characters.
const KEPT_CHARS: usize = 2_000;

/// How it went, without place and time.
pub struct Ran {
    pub outcome: HookOutcome,
    pub said: Said,
    /// What it wrote beside its verdict, the end of it.
    pub output: String,
    pub exit_code: Option<i32>,
    pub duration: Duration,
}

impl Ran {
    pub fn failed(outcome: HookOutcome, reason: impl Into<String>) -> Self {
        Self {
            outcome,
            said: Said {
                reason: reason.into(),
                ..Said::default()
            },
            output: String::new(),
            exit_code: None,
            duration: Duration::ZERO,
        }
    }

    pub fn is_failure(&self) -> bool {
        matches!(
            self.outcome,
            HookOutcome::Failed | HookOutcome::TimedOut | HookOutcome::Garbage
        )
    }
}

/// What a hook may be given, in bytes.
const INPUT_CAP: usize = 1 << 20;
/// The kernel takes no longer variable.
const PIECE: usize = 100_000;

/// Feeds the input, which comes in variables that other users cannot see, to the program, and
/// keeps its verdict apart from what it says besides: both come through one pipe, the verdict
/// behind a mark that the program does not know.
const SCRIPT: &str = r#"n=$1 mark=$2; shift 2
i=0 input=
while [ "$i" -lt "$n" ]; do
  eval "input=\"\$input\$MIRA_HOOK_INPUT_$i\"; unset MIRA_HOOK_INPUT_$i"
  i=$((i + 1))
done
out=$(printf %s "$input" | "$@"; code=$?; printf .; exit "$code"); code=$?
printf '\n%s\n%s' "$mark" "${out%.}"
exit "$code""#;

/// Runs a hook to its end, its time limit, or the cancellation.
pub async fn run(
    hook: &Hook,
    point: HookPoint,
    root: &Path,
    input: &Value,
    confine: Option<Arc<Confinement>>,
    cancel: &CancellationToken,
) -> Ran {
    let text = input.to_string();
    if text.len() > INPUT_CAP {
        let reason = format!(
            "what it is asked about is larger than {} KiB",
            INPUT_CAP >> 10
        );
        return Ran::failed(HookOutcome::Failed, reason);
    }
    let pieces = pieces(&text);
    let mark = format!("mira-verdict-{}", uuid::Uuid::new_v4().simple());
    let mut argv: Vec<String> = ["sh", "-c", SCRIPT, "mira-hook"]
        .map(str::to_owned)
        .to_vec();
    argv.push(pieces.len().to_string());
    argv.push(mark.clone());
    argv.extend(hook.run.iter().map(|word| expanded(word, hook.source)));
    let mut spec = Spec::new(CommandLine::Argv(argv), root.to_owned());
    spec.timeout = Some(Duration::from_millis(hook.timeout_ms));
    spec.output_cap = OUTPUT_CAP;
    spec.confine = confine;
    spec.env = vec![
        ("MIRA_HOOK".into(), hook.name.clone()),
        ("MIRA_PROJECT".into(), root.to_string_lossy().into_owned()),
    ];
    let named = |(at, piece): (usize, &str)| (format!("MIRA_HOOK_INPUT_{at}"), piece.to_owned());
    spec.env.extend(pieces.into_iter().enumerate().map(named));
    let exit = match mira_workspace::process::run(spec, cancel, &|_| {}).await {
        Ok(exit) => exit,
        Err(refusal) => return Ran::failed(HookOutcome::Failed, refusal.to_string()),
    };
    let (beside, stdout) = match exit.output.split_once(&mark) {
        Some((beside, stdout)) => (beside, stdout.strip_prefix('\n').unwrap_or(stdout)),
        None => (exit.output.as_str(), ""),
    };
    let beside = tail(beside.trim());
    let ended = |outcome, said| Ran {
        outcome,
        said,
        output: beside.clone(),
        exit_code: exit.code,
        duration: exit.duration,
    };
    let fault = |outcome, reason: String| {
        let said = Said {
            reason,
            ..Said::default()
        };
        ended(outcome, said)
    };
    if exit.cancelled {
        return fault(HookOutcome::Cancelled, "the operation was stopped".into());
    }
    if exit.timed_out {
        let reason = format!("it did not end within {} ms", hook.timeout_ms);
        return fault(HookOutcome::TimedOut, reason);
    }
    if exit.code != Some(0) {
        let how = match (exit.code, exit.signal) {
            (Some(code), _) => format!("it ended with code {code}"),
            (None, Some(signal)) => format!("it was ended by signal {signal}"),
            (None, None) => "it ended without a code".to_owned(),
        };
        let last = beside.lines().last().unwrap_or_default();
        let reason = if last.is_empty() {
            how
        } else {
            format!("{how}: {last}")
        };
        return fault(HookOutcome::Failed, reason);
    }
    if exit.truncated {
        let reason = format!("it wrote more than {} KiB", OUTPUT_CAP >> 10);
        return fault(HookOutcome::Garbage, reason);
    }
    match verdict::read(stdout, point) {
        Ok(said) => ended(said.outcome(), said),
        Err(reason) => fault(HookOutcome::Garbage, reason),
    }
}

/// `~/` at the beginning of a word of the person's own file.
fn expanded(word: &str, source: HookSource) -> String {
    match (word.strip_prefix("~/"), source, std::env::home_dir()) {
        (Some(rest), HookSource::User, Some(home)) => {
            home.join(rest).to_string_lossy().into_owned()
        }
        _ => word.to_owned(),
    }
}

fn tail(text: &str) -> String {
    let chars = text.chars().count();
    match chars > KEPT_CHARS {
        true => format!(
            "[…]{}",
            text.chars().skip(chars - KEPT_CHARS).collect::<String>()
        ),
        false => text.to_owned(),
    }
}

/// At most [`PIECE`] bytes each, cut between characters.
fn pieces(mut text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    while !text.is_empty() {
        let mut end = text.len().min(PIECE);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, rest) = text.split_at(end);
        pieces.push(piece);
        text = rest;
    }
    pieces
}
