//! Commands in the background: what runs, what it wrote, an end to it.

use async_trait::async_trait;
use mira_workspace::JobInfo;
use mira_workspace::truncate;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Effect, Output, Tool, ToolCx, ToolError};

const NOTE_BYTES: usize = 300;

pub(crate) struct BackgroundJob;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    action: Action,
    /// For read and kill.
    job_id: Option<String>,
    /// Read from this byte on.
    offset: Option<u64>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Action {
    List,
    Read,
    Kill,
}

#[async_trait]
impl Tool for BackgroundJob {
    const NAME: &'static str = "background_job";
    const DESCRIPTION: &'static str =
        "List, read or kill commands started in the background; read on in outputs that were cut.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Jobs)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        match input.action {
            Action::List => Ok(list(cx)),
            Action::Read => read(&owned(&input, cx)?, input.offset.unwrap_or_default(), cx),
            Action::Kill => {
                let id = owned(&input, cx)?.id;
                let job = cx.jobs.kill(&id).await.ok_or_else(|| unknown(&id, cx))?;
                Ok(Output::new(state(&job), format!("ended {id}")))
            }
        }
    }
}

/// The job named, if this session started it.
fn owned(input: &Input, cx: &ToolCx) -> Result<JobInfo, ToolError> {
    let id = input
        .job_id
        .as_deref()
        .map(str::trim)
        .filter(|id| !id.is_empty());
    let id = id.ok_or_else(|| {
        ToolError::Refused(format!(
            "background_job: `job_id` is missing. {}",
            running(cx)
        ))
    })?;
    let job = cx.jobs.get(id).filter(|job| job.session == cx.session);
    job.ok_or_else(|| unknown(id, cx))
}

fn unknown(id: &str, cx: &ToolCx) -> ToolError {
    ToolError::Refused(format!(
        "There is no job {id:?} in this session. {}",
        running(cx)
    ))
}

fn running(cx: &ToolCx) -> String {
    let jobs = cx.jobs.list(Some(&cx.session));
    match jobs.is_empty() {
        true => "No background command was started.".into(),
        false => {
            let ids: Vec<String> = jobs.into_iter().map(|job| job.id).collect();
            format!("Its jobs: {}.", ids.join(", "))
        }
    }
}

fn list(cx: &ToolCx) -> Output {
    let jobs = cx.jobs.list(Some(&cx.session));
    if jobs.is_empty() {
        return Output::new(
            "No background command was started in this session.",
            "no jobs",
        );
    }
    let lines: String = jobs.iter().map(|job| state(job) + "\n").collect();
    let running = jobs.iter().filter(|job| job.running).count();
    Output::new(lines, format!("{} jobs, {running} running", jobs.len()))
}

fn state(job: &JobInfo) -> String {
    let state = match (job.running, job.exit_code) {
        (true, _) => "running".to_owned(),
        (false, Some(code)) => format!("exit {code}"),
        (false, None) => "ended by a signal".to_owned(),
    };
    format!(
        "{} {state}, {} bytes of output: {}",
        job.id,
        job.output_bytes,
        truncate::line(&job.command, 200)
    )
}

fn read(job: &JobInfo, offset: u64, cx: &ToolCx) -> Result<Output, ToolError> {
    let cap = cx
        .output_cap_bytes
        .saturating_sub(NOTE_BYTES)
        .max(NOTE_BYTES);
    let read = cx
        .jobs
        .read(&job.id, offset, cap)?
        .ok_or_else(|| unknown(&job.id, cx))?;
    let more = read.next_offset < job.output_bytes;
    let mut text = read.text;
    if text.is_empty() {
        text.push_str("[no output from there on]");
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let state = match (read.running, read.exit_code) {
        (true, _) => "it is still running".to_owned(),
        (false, Some(code)) => format!("it ended with exit {code}"),
        (false, None) => "it was ended by a signal".to_owned(),
    };
    text.push_str(&format!(
        "[{state}; go on with offset {}]",
        read.next_offset
    ));
    let summary = format!("bytes {offset}–{}, {state}", read.next_offset);
    Ok(Output {
        truncated: more,
        coloured: read.coloured,
        ..Output::new(text, summary)
    })
}
