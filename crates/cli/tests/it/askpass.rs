//! The helper that `sudo -A` calls, on a terminal of its own.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::{Command, Stdio};

/// Our side of a terminal, and its name.
fn terminal() -> (File, OwnedFd, String) {
    let (mut ours, mut theirs) = (0, 0);
    let mut name = [0; 64];
    // SAFETY: both numbers and the name are filled in; the descriptors are ours.
    unsafe {
        let made = libc::openpty(
            &raw mut ours,
            &raw mut theirs,
            name.as_mut_ptr(),
            std::ptr::null(),
            std::ptr::null(),
        );
        assert_eq!(made, 0);
        let path = std::ffi::CStr::from_ptr(name.as_ptr())
            .to_str()
            .unwrap()
            .to_owned();
        (
            File::from(OwnedFd::from_raw_fd(ours)),
            OwnedFd::from_raw_fd(theirs),
            path,
        )
    }
}

/// What the helper gave to sudo, whether it worked, and what the screen showed.
fn asked(typed: &str) -> (String, bool, String) {
    let (mut ours, _theirs, path) = terminal();
    let child = Command::new(env!("CARGO_BIN_EXE_mira"))
        .arg("[sudo] password for me: ")
        .env("MIRA_ASKPASS_TTY", path)
        .env("MIRA_ASKPASS_FOR", "/usr/bin/apt-get install jq\u{1b}[2J")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut screen = String::new();
    let mut bytes = [0; 512];
    // The question comes before the echo goes: only then is there something to answer.
    while !screen.contains("password for me:") {
        let count = ours.read(&mut bytes).unwrap();
        screen.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    while echoes(&ours) {
        std::thread::yield_now();
    }
    ours.write_all(typed.as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let count = ours.read(&mut bytes).unwrap_or(0);
    screen.push_str(&String::from_utf8_lossy(&bytes[..count]));
    (
        String::from_utf8_lossy(&out.stdout).into_owned(),
        out.status.success(),
        screen,
    )
}

fn echoes(terminal: &File) -> bool {
    let state = rustix::termios::tcgetattr(terminal).unwrap();
    state
        .local_modes
        .contains(rustix::termios::LocalModes::ECHO)
}

#[test]
fn what_is_typed_goes_to_sudo_and_not_to_the_screen() {
    let (given, success, screen) = asked("canary word\n");
    assert!(success);
    assert_eq!(given, "canary word\n");
    assert!(!screen.contains("canary"), "{screen}");
    assert!(
        screen.contains("/usr/bin/apt-get install jq[2J"),
        "{screen:?}"
    );
    // Nothing typed: nothing given, and sudo is told that there is none.
    let (given, success, _) = asked("\n");
    assert!(!success && given.is_empty());
}
