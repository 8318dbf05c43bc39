//! `mira jobs`: commands that run in the background of the engine.

use std::time::Duration;

use mira_protocol::job::{Job, JobRef, ReadJob};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, calls};

use super::{say, say_json, table, write_text};
use crate::args::JobsCommand;
use crate::client::Client;
use crate::render::text::{ago, bytes, clean, now_ms, one_line};

/// Between two looks at what is printed.
const LOOK: Duration = Duration::from_millis(200);

pub async fn run(client: &Client, command: JobsCommand) -> Result<u8, Failure> {
    match command {
        JobsCommand::List(json) => {
            let list = client.call(calls::JobList(Nothing {})).await?;
            if json.json {
                say_json(&list)?;
            } else if list.jobs.is_empty() {
                say("No command runs in the background.")?;
            } else {
                say(&table(&list.jobs.iter().map(row).collect::<Vec<_>>()))?;
            }
        }
        JobsCommand::Output { job, follow } => {
            let job_id = find(client, &job).await?.id;
            let mut offset = 0;
            loop {
                let read = ReadJob {
                    job_id: job_id.clone(),
                    offset,
                };
                let page = client.call(calls::JobOutput(read)).await?;
                write_text(&[&clean(&page.text)])?;
                let more = page.next_offset > offset;
                offset = page.next_offset;
                if !(more || follow && page.running) {
                    break;
                }
                if !more {
                    tokio::time::sleep(LOOK).await;
                }
            }
        }
        JobsCommand::Kill { job } => {
            let job = find(client, &job).await?;
            if !job.running {
                say(&format!("{} has ended already.", job.id))?;
                return Ok(0);
            }
            let job_id = job.id.clone();
            client.call(calls::JobKill(JobRef { job_id })).await?;
            say(&format!(
                "Ended {}: {}",
                job.id,
                one_line(&clean(&job.command), 80)
            ))?;
        }
    }
    Ok(0)
}

async fn find(client: &Client, words: &str) -> Result<Job, Failure> {
    let all = client.call(calls::JobList(Nothing {})).await?.jobs;
    let mut found = all.iter().filter(|job| job.id.as_str() == words);
    if let Some(job) = found.next() {
        return Ok(job.clone());
    }
    let begins: Vec<&Job> = all
        .iter()
        .filter(|job| !words.is_empty() && job.id.as_str().starts_with(words))
        .collect();
    match begins.as_slice() {
        [job] => Ok((*job).clone()),
        [] => Err(
            Failure::not_found(format!("A background command {words:?}"))
                .hint("`mira jobs` shows them all."),
        ),
        several => Err(Failure::new(
            Code::BadParams,
            format!("{words:?} fits {} commands.", several.len()),
        )
        .hint("Write more of its id; `mira jobs` shows them all.")),
    }
}

fn row(job: &Job) -> Vec<String> {
    let state = match (job.running, job.exit_code) {
        (true, _) => "running".to_owned(),
        (false, Some(code)) => format!("exit {code}"),
        (false, None) => "ended by a signal".to_owned(),
    };
    vec![
        job.id.0.clone(),
        state,
        ago(job.started_at, now_ms()),
        bytes(job.output_bytes),
        one_line(&clean(&job.command), 80),
    ]
}
