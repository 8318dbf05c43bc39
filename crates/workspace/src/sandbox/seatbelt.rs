//! macOS: the same confinement as a profile for `sandbox-exec`. Written from its documentation of
//! rules and never run there; `mira doctor` calls it untested.

use std::fmt::Write as _;
use std::path::Path;

use super::{Confinement, hidden};
use crate::Access;

/// The profile: later rules win. Paths must be canonical.
pub fn profile(on: &Confinement, temp: &Path) -> String {
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
    if !on.network {
        text.push_str("(deny network*)\n(allow network* (local ip \"localhost:*\"))\n");
    }
    text.push_str("(deny process-info* (target others))\n(deny signal (target others))\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::Level;

    #[test]
    fn what_is_denied_comes_after_what_is_allowed() {
        let on = Confinement {
            root: "/Users/me/work \"x\"".into(),
            access: Access::Project,
            network: false,
            own: vec!["/".into(), std::env::temp_dir()],
            writable: vec!["/Users/me/cache".into()],
            readable: vec![],
            home: None,
            level: Level::Full,
        };
        let text = profile(&on, Path::new("/private/tmp/mira"));
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
}
