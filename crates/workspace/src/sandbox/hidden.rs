//! What commands never see: keys, passwords, histories, and the doors to more powerful programs.

use std::path::{Path, PathBuf};

/// Below the home folder; a folder hides everything in it.
const IN_HOME: &[&str] = &[
    // Keys and passwords.
    ".ssh",
    ".gnupg",
    ".pki",
    ".password-store",
    ".local/share/keyrings",
    ".local/share/kwalletd",
    ".local/share/gopass",
    ".config/gopass",
    ".config/1Password",
    ".config/Bitwarden",
    ".config/keepassxc",
    ".netrc",
    "_netrc",
    ".authinfo",
    ".authinfo.gpg",
    ".pgpass",
    ".my.cnf",
    ".mylogin.cnf",
    ".vault-token",
    ".config/sops",
    ".age",
    // Clouds and services.
    ".aws",
    ".azure",
    ".config/gcloud",
    ".config/doctl",
    ".config/hcloud",
    ".config/linode-cli",
    ".oci",
    ".kube",
    ".docker",
    ".config/containers",
    ".terraform.d/credentials.tfrc.json",
    ".config/gh",
    ".config/glab-cli",
    ".config/hub",
    ".git-credentials",
    ".config/git/credentials",
    ".npmrc",
    ".config/configstore",
    ".pypirc",
    ".config/pypoetry/auth.toml",
    ".cargo/credentials",
    ".cargo/credentials.toml",
    ".gem/credentials",
    ".composer/auth.json",
    ".config/composer/auth.json",
    ".m2/settings.xml",
    ".m2/settings-security.xml",
    ".gradle/gradle.properties",
    ".config/rclone",
    ".boto",
    ".s3cfg",
    ".fly",
    ".heroku",
    ".config/netlify",
    ".config/stripe",
    ".config/openai",
    ".codex",
    ".claude",
    ".claude.json",
    ".gemini",
    ".config/github-copilot",
    // Browsers, mail, chat: cookies are keys.
    ".mozilla",
    ".thunderbird",
    ".config/google-chrome",
    ".config/chromium",
    ".config/BraveSoftware",
    ".config/microsoft-edge",
    ".config/vivaldi",
    ".config/Signal",
    ".config/Slack",
    ".config/discord",
    ".cache/mozilla",
    ".cache/google-chrome",
    ".cache/chromium",
    "snap/firefox",
    "snap/chromium",
    ".var/app",
    // Wallets.
    ".bitcoin",
    ".ethereum",
    ".electrum",
    // What was typed.
    ".bash_history",
    ".zsh_history",
    ".local/share/fish/fish_history",
    ".python_history",
    ".node_repl_history",
    ".psql_history",
    ".mysql_history",
    ".sqlite_history",
    ".lesshst",
    ".viminfo",
    // The display's key.
    ".Xauthority",
    ".ICEauthority",
];

/// Of the system; they matter where Mira runs as root.
const OF_SYSTEM: &[&str] = &[
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/sudoers",
    "/etc/sudoers.d",
    "/etc/ssl/private",
    "/etc/pki/tls/private",
    "/etc/NetworkManager/system-connections",
    "/etc/wireguard",
    "/etc/krb5.keytab",
    "/etc/kubernetes",
    "/etc/rancher",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/lib/sss/db",
    "/var/spool/cron",
    "/var/spool/at",
    "/var/mail",
    "/var/spool/mail",
    "/sys/kernel/debug",
    "/sys/kernel/tracing",
    "/sys/kernel/security",
    "/sys/fs/bpf",
];

const HOST_KEYS: &[&str] = &["rsa", "ecdsa", "ed25519", "dsa"];

/// Canonical paths that are there and must not be seen, `own` (Mira's folders) among them and
/// `shown` left out, sorted and without those below another one.
pub(super) fn paths(home: Option<&Path>, own: &[PathBuf], shown: &[PathBuf]) -> Vec<PathBuf> {
    let in_home = home
        .into_iter()
        .flat_map(|home| IN_HOME.iter().map(move |name| home.join(name)));
    let host_keys = HOST_KEYS
        .iter()
        .map(|kind| PathBuf::from(format!("/etc/ssh/ssh_host_{kind}_key")));
    let mut found: Vec<PathBuf> = in_home
        .chain(OF_SYSTEM.iter().map(PathBuf::from))
        .chain(host_keys)
        .chain(own.iter().cloned())
        .filter(|path| !shown.contains(path))
        .filter_map(|path| path.canonicalize().ok())
        .filter(|path| !shown.contains(path) && path.parent().is_some())
        .collect();
    found.sort();
    let mut kept: Vec<PathBuf> = Vec::new();
    for path in found {
        if !kept.last().is_some_and(|above| path.starts_with(above)) {
            kept.push(path);
        }
    }
    kept
}

/// Sockets of running programs, `but` those already dealt with: a read-only folder does not keep
/// anybody from talking to one.
pub(super) fn sockets(but: impl Fn(&Path) -> bool) -> Vec<PathBuf> {
    use std::os::unix::fs::FileTypeExt;
    let listed = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let mut found: Vec<PathBuf> = listed
        .lines()
        .filter_map(|line| line.find('/').map(|at| PathBuf::from(&line[at..])))
        .filter(|path| !but(path))
        .filter_map(|path| path.canonicalize().ok())
        .filter(|path| !but(path))
        .filter(|path| {
            path.symlink_metadata()
                .is_ok_and(|meta| meta.file_type().is_socket())
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_there_is_hidden_and_only_once() {
        let home = tempfile::tempdir().unwrap();
        let home = home.path().canonicalize().unwrap();
        for folder in [".ssh", ".config/gh", "mira/data"] {
            std::fs::create_dir_all(home.join(folder)).unwrap();
        }
        std::os::unix::fs::symlink(home.join(".ssh"), home.join(".aws")).unwrap();
        std::fs::write(home.join(".npmrc"), "token").unwrap();
        let own = [home.join("mira"), home.join("mira/data")];
        let shown = [home.join(".npmrc")];
        let hidden = paths(Some(&home), &own, &shown);
        let hidden: Vec<_> = hidden
            .iter()
            .filter_map(|path| path.strip_prefix(&home).ok())
            .collect();
        assert_eq!(
            hidden,
            [".config/gh", ".ssh", "mira"].map(Path::new),
            "a link hides what it leads to"
        );
    }
}
