//! The keychain against a real Secret Service on a private bus.

#![cfg(all(unix, not(target_os = "macos")))]

use std::process::Command;

use mira_engine::ports::SecretStore;
use mira_keychain::OsKeychain;

const INSIDE: &str = "MIRA_TEST_INSIDE_KEYRING";

/// Runs the test `name` of this binary again, as `sh -c script` with `$0` being this binary.
fn again(name: &str, script: &str, environment: &[(&str, &str)]) -> std::process::Output {
    let home = tempfile::tempdir().unwrap();
    Command::new("sh")
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env("HOME", home.path())
        .env("XDG_DATA_HOME", home.path())
        .env("XDG_RUNTIME_DIR", home.path())
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env(INSIDE, "1")
        .envs(environment.iter().copied())
        .output()
        .unwrap()
}

fn passed(output: &std::process::Output) {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && text.contains("1 passed"),
        "{text}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

fn installed(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

#[test]
fn a_key_is_saved_read_changed_and_removed() {
    if std::env::var_os(INSIDE).is_none() {
        if !installed("dbus-run-session") || !installed("gnome-keyring-daemon") {
            eprintln!("skipped: needs dbus-run-session and gnome-keyring-daemon");
            return;
        }
        let script = "exec dbus-run-session -- sh -c 'printf pw | gnome-keyring-daemon --unlock \
                      --components=secrets >/dev/null && exec \"$0\" \"$@\"' \"$0\" \"$@\"";
        return passed(&again(
            "a_key_is_saved_read_changed_and_removed",
            script,
            &[],
        ));
    }
    let keychain = OsKeychain::new();
    assert_eq!(keychain.get("openai"), Ok(None));
    keychain.set("openai", "sk-first").unwrap();
    keychain.set("openai", "sk-ä-second").unwrap();
    keychain.set("local", "other").unwrap();
    // Another handle, as after a restart.
    let other = OsKeychain::new();
    assert_eq!(other.get("openai"), Ok(Some("sk-ä-second".to_owned())));
    other.delete("openai").unwrap();
    other.delete("openai").unwrap();
    assert_eq!(keychain.get("openai"), Ok(None));
    assert_eq!(keychain.get("local"), Ok(Some("other".to_owned())));
}

#[test]
fn without_a_secret_service_it_says_so_and_writes_nothing() {
    const NAME: &str = "without_a_secret_service_it_says_so_and_writes_nothing";
    if std::env::var_os(INSIDE).is_none() {
        let nowhere = ("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus");
        return passed(&again(NAME, "exec \"$0\" \"$@\"", &[nowhere]));
    }
    let keychain = OsKeychain::new();
    for problem in [
        keychain.get("openai").unwrap_err(),
        keychain.set("openai", "sk-secret").unwrap_err(),
        keychain.delete("openai").unwrap_err(),
    ] {
        assert!(
            problem.contains("keychain") && problem.contains("environment"),
            "{problem}"
        );
        assert!(!problem.contains("sk-secret"), "{problem}");
    }
    let home = std::env::var_os("HOME").unwrap();
    assert_eq!(std::fs::read_dir(home).unwrap().count(), 0);
}
