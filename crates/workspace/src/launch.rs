//! Starts a program of the person's own (an editor), which goes on without Mira.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Refusal;

/// A program that fails so soon never opened anything.
const AT_ONCE: Duration = Duration::from_millis(400);

/// Starts `argv` in `cwd` with this process's environment but `without` those names, in a process
/// group of its own, and leaves it running. No shell has a part in it.
///
/// Fails where the program cannot be started, and where it ends with an error at once. Needs a
/// Tokio runtime.
pub async fn launch(argv: &[String], cwd: &Path, without: &[&str]) -> Result<(), Refusal> {
    let Some((program, arguments)) = argv.split_first() else {
        return Err(Refusal::Unsuitable("No program was named.".into()));
    };
    let mut command = Command::new(program);
    command
        .args(arguments)
        .current_dir(cwd)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0);
    for name in without {
        command.env_remove(name);
    }
    let mut child = tokio::process::Command::from(command)
        .kill_on_drop(false)
        .spawn()
        .map_err(|error| Refusal::io(format_args!("start {program:?}"), &error))?;
    match tokio::time::timeout(AT_ONCE, child.wait()).await {
        Ok(Ok(status)) if !status.success() => Err(Refusal::Unsuitable(format!(
            "{program:?} ended at once ({status})."
        ))),
        Ok(_) => Ok(()),
        Err(_) => {
            // Somebody has to hear that it ended.
            tokio::spawn(async move { child.wait().await });
            Ok(())
        }
    }
}
