//! A command, in the foreground or the background.

use std::time::Duration;

use async_trait::async_trait;
use mira_workspace::{Exit, Spec};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Command, CommandLine, Effect, Output, Tool, ToolCx, ToolError};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(120);
const MAX_TIMEOUT: Duration = Duration::from_secs(3_600);
/// Room for the notes below the output, in bytes.
const NOTES_BYTES: usize = 800;

pub(crate) struct RunCommand;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// A shell line. Give this or argv.
    command: Option<String>,
    /// Program and arguments, run without a shell.
    argv: Option<Vec<String>>,
    /// Folder to run in; default the project.
    cwd: Option<String>,
    /// Default 120, at most 3600.
    timeout_seconds: Option<u64>,
    /// Return at once; follow it with background_job. For servers and watchers.
    background: Option<bool>,
    /// Why, in a few words, for the person who may be asked.
    purpose: Option<String>,
    /// Hosts it must reach over HTTP(S) (installs, downloads), as "registry.npmjs.org"; the person
    /// may be asked.
    hosts: Option<Vec<String>>,
    /// It needs the whole network (ssh, or hosts that nobody can name); the person is asked. Prefer
    /// `hosts`.
    network: Option<bool>,
    /// Run it without the sandbox, after the sandbox refused what it must do; the person is asked.
    unconfined: Option<bool>,
    /// Run it as the administrator; needs `argv`, one program; the person is asked.
    elevate: Option<bool>,
}

impl Input {
    fn line(&self) -> Result<CommandLine, ToolError> {
        let argv = self.argv.clone().filter(|argv| !argv.is_empty());
        let shell = self.command.clone().filter(|line| !line.trim().is_empty());
        let marked = |text: &String| mira_secrets::has_marks(text);
        if shell.iter().chain(argv.iter().flatten()).any(marked) {
            return Err(ToolError::Refused(
                "run_command: the command has a mark like [secret:…] in it, which stands for a \
                 secret and is not one. Let the command read the secret itself, from its file or \
                 the environment."
                    .into(),
            ));
        }
        match (shell, argv) {
            (Some(line), None) => Ok(CommandLine::Shell(line)),
            (None, Some(argv)) => Ok(CommandLine::Argv(argv)),
            (None, None) => Err(ToolError::Refused(
                "run_command: give `command` (a shell line) or `argv` (a list of words).".into(),
            )),
            (Some(_), Some(_)) => Err(ToolError::Refused(
                "run_command: `command` and `argv` were both given. Nothing was run; give one."
                    .into(),
            )),
        }
    }

    /// What it wants of the network: all of it, or these hosts.
    fn network(&self) -> Result<(bool, Vec<String>), ToolError> {
        if self.unconfined == Some(true) {
            return Ok((self.network.unwrap_or_default(), vec![]));
        }
        let mut hosts = Vec::new();
        for text in self.hosts.iter().flatten() {
            let host = mira_egress::host_name(text)
                .map_err(|why| ToolError::Refused(format!("run_command: {why}")))?;
            if !hosts.contains(&host) {
                hosts.push(host);
            }
        }
        // Named hosts are the narrower wish.
        Ok((self.network.unwrap_or_default() && hosts.is_empty(), hosts))
    }

    fn timeout(&self) -> Duration {
        match self.timeout_seconds {
            None | Some(0) => DEFAULT_TIMEOUT,
            Some(seconds) => Duration::from_secs(seconds).min(MAX_TIMEOUT),
        }
    }
}

#[async_trait]
impl Tool for RunCommand {
    const NAME: &'static str = "run_command";
    const DESCRIPTION: &'static str = "Run a command in the project. There is no terminal: nothing \
                                       can be typed into it. Safe commands run at once, others \
                                       ask the person.";
    type Input = Input;

    fn effect(&self, input: &Input, cx: &ToolCx) -> Result<Effect, ToolError> {
        let (network, hosts) = input.network()?;
        Ok(Effect::Runs(Command {
            line: input.line()?,
            cwd: shown_cwd(input.cwd.as_deref(), cx)?,
            background: input.background.unwrap_or_default(),
            timeout_ms: input.timeout().as_millis() as u64,
            purpose: input.purpose.clone(),
            network,
            hosts,
            unconfined: input.unconfined.unwrap_or_default(),
            elevate: input.elevate.unwrap_or_default(),
        }))
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let line = input.line()?;
        let cwd = cx.workspace.cwd(input.cwd.as_deref().unwrap_or(""))?;
        let (network, hosts) = input.network()?;
        let confine = match input.unconfined {
            Some(true) => None,
            _ => cx.confinement(network, hosts),
        };
        let mut spec = Spec::new(runnable(line), cwd);
        spec.confine = confine;
        if !input.background.unwrap_or_default() {
            return foreground(spec, input.timeout(), cx).await;
        }
        spec.timeout = input
            .timeout_seconds
            .filter(|seconds| *seconds > 0)
            .map(Duration::from_secs);
        let job = cx.jobs.start(&cx.session, &cx.operation, spec)?;
        let text = format!(
            "Started in the background as {0}. Read its output with background_job: action read, \
             job_id {0}.",
            job.id
        );
        Ok(Output::new(text, format!("started {}", job.id)))
    }
}

/// The folder as the policy knows it: relative to the root where it lies inside.
pub(crate) fn shown_cwd(cwd: Option<&str>, cx: &ToolCx) -> Result<String, ToolError> {
    let absolute = cx.workspace.cwd(cwd.unwrap_or(""))?;
    let relative = absolute
        .strip_prefix(cx.workspace.root())
        .unwrap_or(&absolute);
    Ok(relative.to_string_lossy().into_owned())
}

pub(crate) fn runnable(line: CommandLine) -> mira_workspace::CommandLine {
    match line {
        CommandLine::Argv(argv) => mira_workspace::CommandLine::Argv(argv),
        CommandLine::Shell(line) => mira_workspace::CommandLine::Shell(line),
    }
}

/// Runs to the end and tells how it went.
pub(crate) async fn foreground(
    mut spec: Spec,
    timeout: Duration,
    cx: &ToolCx,
) -> Result<Output, ToolError> {
    spec.timeout = Some(timeout);
    spec.output_cap = cx
        .output_cap_bytes
        .saturating_sub(NOTES_BYTES)
        .max(NOTES_BYTES);
    let ran = cx
        .jobs
        .run(&cx.session, &cx.operation, spec, &cx.cancel, &*cx.progress)
        .await;
    let (exit, kept) = ran?;
    if exit.cancelled {
        return Err(ToolError::Cancelled);
    }
    Ok(told(&exit, kept.as_deref(), timeout))
}

/// How a command went, as the model reads it. `kept` names where more of the output is.
pub fn told(exit: &Exit, kept: Option<&str>, timeout: Duration) -> Output {
    let seconds = format!("{:.1} s", exit.duration.as_secs_f64());
    let end = match (exit.timed_out, exit.code, exit.signal) {
        (true, _, _) => format!("stopped by its time limit of {} s", timeout.as_secs()),
        (_, Some(code), _) => format!("exit {code} in {seconds}"),
        (_, None, Some(signal)) => format!("ended by signal {signal} after {seconds}"),
        (_, None, None) => format!("ended after {seconds}"),
    };
    let mut text = exit.output.clone();
    if text.is_empty() {
        text.push_str("[no output]");
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    if let Some(id) = kept {
        text.push_str(&format!(
            "[cut: {} bytes in all. Read any part with background_job: action read, job_id {id}, \
             offset N]\n",
            exit.output_bytes
        ));
    }
    if exit.timed_out {
        text.push_str(
            "[give a longer timeout_seconds, or set background for what does not end by itself]\n",
        );
    }
    if exit.leftovers > 0 {
        text.push_str(&format!(
            "[{} processes that it left running were ended]\n",
            exit.leftovers
        ));
    }
    if let Some(refused) = &exit.refused {
        text.push_str(&format!("[{refused}]\n"));
    }
    text.push_str(&format!("[{end}]"));
    let failed = !exit.success();
    Output {
        failed,
        truncated: exit.truncated,
        coloured: exit.coloured.clone(),
        ..Output::new(text, end)
    }
}
