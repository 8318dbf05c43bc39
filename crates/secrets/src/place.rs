//! Files that are secret as a whole, by their path: reading one needs the person's consent.

use crate::is_env_file;

/// Folders that hold keys and logins.
const FOLDERS: &[&str] = &[
    ".ssh",
    ".gnupg",
    ".aws",
    ".azure",
    ".gcloud",
    ".kube",
    ".docker",
    ".password-store",
    "keyrings",
];

/// Whole names, in lower case.
const NAMES: &[&str] = &[
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    ".my.cnf",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    "credentials",
    "credentials.json",
    "credentials.toml",
    "secrets.json",
    "secrets.yml",
    "secrets.yaml",
    "secrets.toml",
    "service-account.json",
    "id_rsa",
    "id_dsa",
    "id_ecdsa",
    "id_ed25519",
    "shadow",
    "gshadow",
    "master.key",
    "vault.yml",
    "terraform.tfstate",
    "terraform.tfvars",
    ".terraformrc",
    "ws-token",
];

const ENDINGS: &[&str] = &[
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ppk",
    ".asc",
    ".gpg",
    ".age",
    ".ovpn",
    ".mobileprovision",
];

/// Whether reading the file would likely show a secret. The path may be absolute or relative, with
/// either slash; letters' case does not count.
pub fn is_secret_file(path: &str) -> bool {
    if is_env_file(path) {
        return true;
    }
    let lower = path.to_ascii_lowercase();
    let mut parts = lower.split(['/', '\\']).filter(|part| !part.is_empty());
    let Some(name) = parts.next_back() else {
        return false;
    };
    // Public halves and certificates are made to be shown.
    if name.ends_with(".pub") {
        return false;
    }
    NAMES.contains(&name)
        || ENDINGS
            .iter()
            .any(|ending| name.ends_with(ending) && name.len() > ending.len())
        || parts.any(|part| FOLDERS.contains(&part))
}
