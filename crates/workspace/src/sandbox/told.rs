//! One line for the model and the person where the sandbox, not the program, is the reason.

use super::{Confinement, Network};
use crate::Exit;

/// What programs say when a name or a host cannot be reached.
const NO_NETWORK: &[&str] = &[
    "could not resolve host",
    "couldn't resolve host",
    "temporary failure in name resolution",
    "name or service not known",
    "eai_again",
    "enotfound",
    "network is unreachable",
    "enetunreach",
    "failed to lookup address",
    "no route to host",
    "dial tcp",
    "getaddrinfo",
    "failed to resolve",
    "spurious network error",
    "connection error",
];

const NOT_WRITABLE: &[&str] = &[
    "read-only file system",
    "erofs",
    "permission denied",
    "eacces",
    "operation not permitted",
    "eperm",
    "device or resource busy",
    "os error 13",
    "os error 30",
];

/// What programs say that would have given more rights.
const NO_RIGHTS: &[&str] = &[
    "no new privileges",
    "perm_sudoers",
    "setresuid",
    "no valid sudoers sources",
    "effective uid is not 0",
    "must be owned by uid 0",
    "is owned by uid",
    "must be setuid root",
    "not installed setuid",
    "cannot set groups",
    "cannot set user id",
];

/// Whether a program in it tried to gain more rights: one of the line's own programs that Mira
/// could see beforehand would have been asked about.
fn wanted_rights(said: &str) -> bool {
    said.lines().any(|line| {
        ["sudo:", "su:", "doas:", "pkexec"]
            .iter()
            .any(|name| line.starts_with(name))
            && NO_RIGHTS.iter().any(|words| line.contains(words))
    })
}

/// None where nothing points to the sandbox. Programs only print what they met; so this is a
/// guess, made for commands that failed only; scripts often go on after a failed `sudo`.
pub(crate) fn told(on: &Confinement, exit: &Exit) -> Option<String> {
    if exit.cancelled {
        return None;
    }
    let said = exit.output.to_ascii_lowercase();
    if wanted_rights(&said) {
        return Some(
            "The sandbox gives no program more rights, so what it started could not use sudo. \
             Call run_command for that one command alone, with argv and elevate: true; the \
             person decides."
                .into(),
        );
    }
    if exit.success() {
        return None;
    }
    let says = |words: &[&str]| words.iter().any(|word| said.contains(word));
    match &on.network {
        Network::Open => {}
        Network::Hosts(door) => {
            let refused = door.refused();
            if !refused.is_empty() {
                return Some(format!(
                    "The sandbox let it reach {} only; it also tried {}. If it needs those, call \
                     run_command with all of them in hosts; the person decides.",
                    door.hosts().join(", "),
                    refused.join(", ")
                ));
            }
            if says(NO_NETWORK) {
                return Some(
                    "The sandbox lets it reach its hosts through the proxy of HTTP_PROXY and \
                     HTTPS_PROXY only; a program that uses none reaches nothing. If the command \
                     cannot, call run_command with network: true; the person decides."
                        .into(),
                );
            }
        }
        Network::Closed => {
            if says(NO_NETWORK) {
                return Some(
                    "The sandbox refused the network. If the command needs it, call run_command \
                     with the names of the hosts in hosts; the person decides."
                        .into(),
                );
            }
        }
    }
    if says(NOT_WRITABLE) || exit.signal == Some(libc::SIGSYS) {
        return Some(format!(
            "The sandbox lets commands write only in {}, the temporary folder and caches, and not \
             in git's hooks and settings. If this is in the way, call run_command with \
             unconfined: true; the person decides.",
            on.root.display()
        ));
    }
    None
}
