//! What the sandbox adds to a verdict: a command that wants out of it, wants the network, or
//! cannot be held here at all, is for the person to decide, however harmless it looks.

use mira_policy::Verdict;
use mira_protocol::operation::ApproveMode;
use mira_tools::{Command, Effect};
use mira_workspace::Sandbox;

use crate::settings::Settings;

/// What holds the commands of this engine.
pub fn sandbox(settings: &Settings) -> Sandbox {
    Sandbox {
        enabled: settings.sandbox,
        network: settings.sandbox_network,
        own: vec![settings.data_dir.clone(), settings.config_dir.clone()],
        writable: settings.sandbox_writable.clone(),
        readable: settings.sandbox_readable.clone(),
    }
}

/// The verdict on `effect` where commands are held by `sandbox`.
pub fn held(verdict: Verdict, effect: &Effect, approve: ApproveMode, sandbox: &Sandbox) -> Verdict {
    let Effect::Runs(command) = effect else {
        return verdict;
    };
    let Some(concern) = concern(command, sandbox) else {
        return verdict;
    };
    match verdict {
        Verdict::Refuse { .. } => verdict,
        _ if approve == ApproveMode::All => Verdict::Go,
        Verdict::Go => Verdict::Ask {
            reason: concern,
            pattern: None,
        },
        Verdict::Ask { reason, .. } => Verdict::Ask {
            reason: format!("{concern}. Also, {reason}"),
            pattern: None,
        },
    }
}

fn concern(command: &Command, sandbox: &Sandbox) -> Option<String> {
    if !sandbox.enabled {
        return None;
    }
    if command.unconfined {
        return Some(
            "it is to run WITHOUT THE SANDBOX, with all that you may read, write and send".into(),
        );
    }
    if !sandbox.holds() {
        return Some(
            "nothing on this machine can hold a command back (`mira doctor` says why)".into(),
        );
    }
    (command.network && !sandbox.network)
        .then(|| "it wants THE NETWORK, and can send what it reads in the project".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use mira_tools::CommandLine;

    fn judged(verdict: Verdict, approve: ApproveMode, network: bool, unconfined: bool) -> Verdict {
        let effect = Effect::Runs(Command {
            line: CommandLine::Shell("ls".into()),
            cwd: String::new(),
            background: false,
            timeout_ms: 1,
            purpose: None,
            network,
            unconfined,
            elevate: false,
        });
        let sandbox = Sandbox {
            enabled: true,
            network: false,
            ..Sandbox::off()
        };
        held(verdict, &effect, approve, &sandbox)
    }

    #[test]
    fn out_of_the_sandbox_is_always_a_question_and_never_remembered() {
        for (network, unconfined) in [(true, false), (false, true)] {
            for verdict in [
                Verdict::Go,
                Verdict::Ask {
                    reason: "it writes".into(),
                    pattern: Some("ls".into()),
                },
            ] {
                let asked = judged(verdict.clone(), ApproveMode::Ask, network, unconfined);
                assert!(
                    matches!(asked, Verdict::Ask { pattern: None, .. }),
                    "{asked:?}"
                );
                let all = judged(verdict, ApproveMode::All, network, unconfined);
                assert_eq!(all, Verdict::Go);
            }
        }
        let refused = Verdict::Refuse {
            reason: "no".into(),
        };
        assert_eq!(
            judged(refused.clone(), ApproveMode::All, true, true),
            refused
        );
    }
}
