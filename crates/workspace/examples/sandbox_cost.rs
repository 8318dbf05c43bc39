//! `npm run bench`: what the sandbox costs a command, beside the same command without it.
//! The command is `true`, so that nothing but the start and the end is measured. "Bare spawn" is
//! the standard library's, which starts the program and waits; "no sandbox" is Mira's process
//! runner, which also cleans the environment, reads the output, and ends what is left over.

use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mira_workspace::process::run;
use mira_workspace::sandbox::{Level, home, protection};
use mira_workspace::{Access, CommandLine, Confinement, Network, Spec};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 300;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match measured().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("sandbox_cost: {message}");
            ExitCode::FAILURE
        }
    }
}

async fn measured() -> Result<(), String> {
    let project = tempfile::tempdir().map_err(|error| error.to_string())?;
    let root = project
        .path()
        .canonicalize()
        .map_err(|error| error.to_string())?;
    println!("\nsandbox: milliseconds from a command's start to its end, {ROUNDS} times `true`");
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        times.push(bare(&root).map_err(|error| error.to_string())?);
    }
    let base = line("bare spawn", times, None);
    for level in [Level::None, Level::Basic, Level::Full] {
        if protection().level < level {
            println!("  {level:?}: not possible on this machine");
            continue;
        }
        let mut times = Vec::new();
        for _ in 0..ROUNDS {
            times.push(once(&root, level).await?);
        }
        let name = match level {
            Level::None => "no sandbox",
            Level::Basic => "Landlock and seccomp",
            Level::Full => "namespaces as well",
        };
        line(name, times, Some(base));
    }
    Ok(())
}

/// Prints one line of the table; the median.
fn line(name: &str, mut times: Vec<Duration>, base: Option<f64>) -> f64 {
    times.sort();
    let [half, most] = [times[ROUNDS / 2], times[ROUNDS * 9 / 10]].map(ms);
    let over = base.map_or(String::new(), |base| {
        format!("  over a bare spawn {:+6.2}", half - base)
    });
    println!("  {name:<22} median {half:6.2}  p90 {most:6.2}{over}");
    half
}

fn bare(root: &std::path::Path) -> std::io::Result<Duration> {
    let begun = Instant::now();
    Command::new("true")
        .current_dir(root)
        .stdin(Stdio::null())
        .output()?;
    Ok(begun.elapsed())
}

async fn once(root: &std::path::Path, level: Level) -> Result<Duration, String> {
    let mut spec = Spec::new(CommandLine::Argv(vec!["true".into()]), root.to_owned());
    spec.confine = (level > Level::None).then(|| {
        Arc::new(Confinement {
            root: root.to_owned(),
            access: Access::Project,
            network: Network::Closed,
            own: vec![],
            writable: vec![],
            readable: vec![],
            home: home(),
            level,
        })
    });
    let begun = Instant::now();
    let exit = run(spec, &CancellationToken::new(), &|_| ())
        .await
        .map_err(|refusal| refusal.to_string())?;
    match exit.success() {
        true => Ok(begun.elapsed()),
        false => Err(format!("at {level:?} it ended with {exit:?}")),
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}
