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
        // Offline holds for commands too, and only the sandbox can see to that.
        enabled: settings.sandbox || settings.offline,
        network: settings.sandbox_network && !settings.offline,
        own: vec![settings.data_dir.clone(), settings.config_dir.clone()],
        writable: settings.sandbox_writable.clone(),
        readable: settings.sandbox_readable.clone(),
    }
}

/// The verdict on `effect` where commands are held by `sandbox`.
pub fn held(
    verdict: Verdict,
    effect: &Effect,
    approve: ApproveMode,
    sandbox: &Sandbox,
    offline: bool,
) -> Verdict {
    let Effect::Runs(command) = effect else {
        return verdict;
    };
    if offline && (reaches_out(command, sandbox) || !command.hosts.is_empty()) {
        return Verdict::Refuse {
            reason: "Mira is offline, and this command would have the network. Run it without \
                     network and inside the sandbox, or ask the person to go online."
                .into(),
        };
    }
    let Some(concern) = concern(command, sandbox) else {
        return verdict;
    };
    match verdict {
        Verdict::Refuse { .. } => verdict,
        _ if approve == ApproveMode::All => Verdict::Go,
        Verdict::Go => Verdict::Ask {
            reason: concern,
            always: vec![],
        },
        Verdict::Ask { reason, .. } => Verdict::Ask {
            reason: format!("{concern}. Also, {reason}"),
            always: vec![],
        },
    }
}

/// Whether the whole network is open to the command.
pub fn reaches_out(command: &Command, sandbox: &Sandbox) -> bool {
    let hosts_only = command.hosts.is_empty() || sandbox.holds_to_hosts();
    command.network
        || command.unconfined
        || sandbox.network
        || !sandbox.enabled
        || !sandbox.holds()
        || !hosts_only
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
    if sandbox.network {
        return None;
    }
    if command.network {
        let whole =
            "it wants THE WHOLE NETWORK, and can send what it reads in the project anywhere";
        return Some(whole.into());
    }
    (!command.hosts.is_empty() && !sandbox.holds_to_hosts()).then(|| {
        format!(
            "it wants {}, and nothing on this machine can hold it to that: it would have THE WHOLE \
             NETWORK (`mira doctor` says why)",
            command.hosts.join(", ")
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mira_protocol::rule::{RuleAction, RuleDraft, RuleKind};
    use mira_tools::CommandLine;

    fn judged(verdict: Verdict, approve: ApproveMode, network: bool, unconfined: bool) -> Verdict {
        let effect = Effect::Runs(Command {
            line: CommandLine::Shell("ls".into()),
            cwd: String::new(),
            background: false,
            timeout_ms: 1,
            purpose: None,
            network,
            hosts: vec![],
            unconfined,
            elevate: false,
        });
        let sandbox = Sandbox {
            enabled: true,
            network: false,
            ..Sandbox::off()
        };
        held(verdict, &effect, approve, &sandbox, false)
    }

    #[test]
    fn offline_no_command_has_the_network() {
        let command = |network, unconfined| Command {
            line: CommandLine::Shell("curl x".into()),
            cwd: String::new(),
            background: false,
            timeout_ms: 1,
            purpose: None,
            network,
            hosts: vec![],
            unconfined,
            elevate: false,
        };
        let mut settings = Settings::under(std::path::Path::new("/nowhere"));
        settings.offline = true;
        settings.sandbox = false;
        settings.sandbox_network = true;
        let held_by = sandbox(&settings);
        assert!(held_by.enabled && !held_by.network);
        for (network, unconfined) in [(true, false), (false, true)] {
            let effect = Effect::Runs(command(network, unconfined));
            let verdict = held(Verdict::Go, &effect, ApproveMode::All, &held_by, true);
            assert!(matches!(verdict, Verdict::Refuse { .. }), "{verdict:?}");
        }
    }

    // What holds here is found out by starting a process, which needs a runtime.
    #[tokio::test]
    async fn out_of_the_sandbox_is_always_a_question_and_never_remembered() {
        for (network, unconfined) in [(true, false), (false, true)] {
            for verdict in [
                Verdict::Go,
                Verdict::Ask {
                    reason: "it writes".into(),
                    always: vec![RuleDraft {
                        action: RuleAction::Allow,
                        kind: RuleKind::Command,
                        pattern: "ls".into(),
                        folder: None,
                        note: String::new(),
                    }],
                },
            ] {
                let asked = judged(verdict.clone(), ApproveMode::Ask, network, unconfined);
                assert!(
                    matches!(&asked, Verdict::Ask { always, .. } if always.is_empty()),
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
