//! macOS: the same confinement as a profile for `sandbox-exec`, which starts the command. Written
//! from the documentation of its rules and never run there; `mira doctor` calls it untested.

use std::fmt::Write as _;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use super::holder::{Held, Hold, Holder, Mechanism, Protection};
use super::temp::temporary_folder;
use super::{Confinement, Level, Network, hidden};
use crate::Access;

const PROGRAM: &str = "/usr/bin/sandbox-exec";

pub(crate) struct Seatbelt;

impl Holder for Seatbelt {
    fn hold(&self, on: &Confinement) -> io::Result<Hold> {
        let temp = temporary_folder(&on.root)?;
        // There are no networks of one's own: the way out is a port of this machine, and the only
        // one that the profile lets through.
        let listener = match on.network {
            Network::Hosts(_) => Some(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?),
            Network::Open | Network::Closed => None,
        };
        let proxy = match &listener {
            Some(listener) => Some(listener.local_addr()?.port()),
            None => None,
        };
        let profile = profile(on, &temp, proxy);
        Ok(Hold {
            before: [PROGRAM, "-p", &profile].map(str::to_owned).to_vec(),
            temp,
            proxy,
            listener,
            #[cfg(target_os = "linux")]
            plan: None,
        })
    }

    fn protection(&self) -> Protection {
        let there = Path::new(PROGRAM).is_file();
        let (level, held) = match there {
            true => (Level::Basic, Held::Untested),
            false => (Level::None, Held::No),
        };
        let means = |name, detail: &str| match there {
            true => Mechanism::new(name, held, detail),
            false => Mechanism::new(name, held, format!("{PROGRAM} is not there")),
        };
        Protection {
            level,
            by_host: there,
            mechanisms: vec![
                means("seatbelt", "a profile for files, secrets and processes"),
                means("network by host", "one port of this machine leads out"),
            ],
        }
    }
}

/// The profile: later rules win. Paths must be canonical. `proxy` is the port that leads out.
pub(crate) fn profile(on: &Confinement, temp: &Path, proxy: Option<u16>) -> String {
    let home = on.home.as_deref();
    let mut text = String::from("(version 1)\n(allow default)\n(deny file-write*)\n");
    let mut rule = |rule: &str, path: &Path| {
        let _ = writeln!(text, "({rule} (subpath {:?}))", path.to_string_lossy());
    };
    match on.access {
        Access::Read => {}
        Access::Project => rule("allow file-write*", &on.root),
        Access::Home => {
            rule("allow file-write*", &on.root);
            if let Some(home) = home {
                rule("allow file-write*", home);
            }
        }
        Access::System => rule("allow file-write*", Path::new("/")),
    }
    rule("allow file-write*", temp);
    rule("allow file-write*", Path::new("/dev"));
    for path in &on.writable {
        rule("allow file-write*", path);
    }
    let mut shown = on.readable.clone();
    shown.push(on.root.clone());
    for path in hidden::paths(home, &on.own, &shown) {
        rule("deny file-read* file-write*", &path);
    }
    rule("deny file-write*", &on.root.join(".git/hooks"));
    rule("deny file-write*", &on.root.join(".git/config"));
    match (&on.network, proxy) {
        (Network::Open, _) => {}
        // Neither the services of this machine nor its names: only the port that leads out.
        (Network::Hosts(_), Some(port)) => {
            text.push_str("(deny network*)\n");
            let _ = writeln!(
                text,
                "(allow network-outbound (remote ip \"localhost:{port}\"))"
            );
        }
        (Network::Hosts(_) | Network::Closed, _) => {
            text.push_str("(deny network*)\n(allow network* (local ip \"localhost:*\"))\n");
        }
    }
    text.push_str("(deny process-info* (target others))\n(deny signal (target others))\n");
    text
}

#[cfg(test)]
mod tests {
    use mira_egress::{Caller, Door, Gate};

    use super::*;

    fn on(network: Network) -> Confinement {
        Confinement {
            root: "/Users/me/work \"x\"".into(),
            access: Access::Project,
            network,
            own: vec!["/".into(), std::env::temp_dir()],
            writable: vec!["/Users/me/cache".into()],
            readable: vec![],
            home: None,
            level: Level::Basic,
        }
    }

    #[test]
    fn what_is_denied_comes_after_what_is_allowed() {
        let text = profile(&on(Network::Closed), Path::new("/private/tmp/mira"), None);
        let at = |part: &str| {
            text.find(part)
                .unwrap_or_else(|| panic!("{part} in {text}"))
        };
        assert!(
            at("(deny file-write*)")
                < at("(allow file-write* (subpath \"/Users/me/work \\\"x\\\"\"))")
        );
        assert!(at("/Users/me/cache") < at("(deny file-read* file-write*"));
        assert!(at(".git/hooks") < at("(deny network*)"));
    }

    #[test]
    fn a_command_is_started_by_the_program_that_holds_it() {
        let hosts = vec!["docs.rs".to_owned()];
        let door = Door::new(Gate::default(), Caller::default(), hosts);
        let hold = Seatbelt.hold(&on(Network::Hosts(door))).unwrap();
        assert_eq!(&hold.before[..2], [PROGRAM, "-p"]);
        let port = hold.proxy.unwrap();
        let at = hold.listener.unwrap().local_addr().unwrap();
        assert!(at.ip().is_loopback() && at.port() == port);
        let only =
            format!("(deny network*)\n(allow network-outbound (remote ip \"localhost:{port}\"))");
        assert!(hold.before[2].contains(&only), "{}", hold.before[2]);
        let open = Seatbelt.hold(&on(Network::Open)).unwrap();
        assert!(open.proxy.is_none() && !open.before[2].contains("network"));
    }
}
