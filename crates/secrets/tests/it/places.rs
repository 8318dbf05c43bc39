use mira_secrets::{is_env_file, is_secret_file};

#[test]
fn files_that_are_asked_for() {
    for path in [
        ".env",
        "web/.env.local",
        "prod.env",
        ".envrc",
        "/home/a/.ssh/id_ed25519",
        "id_rsa",
        "certs/server.key",
        "C:\\Users\\a\\.aws\\credentials",
        ".npmrc",
        "infra/terraform.tfstate",
        "Secrets.YML",
        "/home/a/.gnupg/trustdb",
        "deploy.pem",
    ] {
        assert!(is_secret_file(path), "{path}");
    }
}

#[test]
fn files_that_are_not() {
    for path in [
        ".env.example",
        ".env.template",
        "src/env.rs",
        "environment.md",
        "id_rsa.pub",
        "src/secrets.rs",
        "keyboard.rs",
        "docs/credentials.md",
        "key",
        "Cargo.toml",
        "",
        "src/.environment/a.rs",
        "monkey.ts",
    ] {
        assert!(!is_secret_file(path), "{path}");
    }
    assert!(!is_env_file("src/env.rs"));
}
