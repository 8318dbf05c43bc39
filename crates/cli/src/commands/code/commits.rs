//! `mira search --commits`.

use std::time::Duration;

use mira_protocol::git::{CommitHit, CommitHits, SearchCommits};
use mira_protocol::{Code, Failure, calls};

use super::{NOTHING, note, reasons};
use crate::args::SearchArgs;
use crate::client::Client;
use crate::commands::{say, say_json};
use crate::host;
use crate::render::text::{ago, clean, now_ms, one_line};

/// How often is asked again while commits are being read.
const LOOK: Duration = Duration::from_millis(200);
/// Lines of a message's body, and files, that a terminal shows of a hit.
const SHOWN: usize = 6;
const LINE_WIDTH: usize = 160;

pub async fn search(client: &Client, args: SearchArgs) -> Result<u8, Failure> {
    let project = host::project(client, args.target.project.as_deref()).await?;
    let search = SearchCommits {
        project_id: project.id,
        query: args.query.join(" "),
        path: args.path,
        limit: Some(args.limit),
        explain: args.why,
    };
    let ask = || client.call(calls::GitSearch(search.clone()));
    let mut found = ask().await?;
    while found.is_reading && !args.target.no_wait {
        tokio::select! {
            () = tokio::time::sleep(LOOK) => {}
            _ = tokio::signal::ctrl_c() => {
                let text = "Stopped. What was read so far stays; --no-wait answers from it.";
                return Err(Failure::new(Code::Cancelled, text));
            }
        }
        found = ask().await?;
    }
    if args.target.json.json {
        say_json(&found)?;
    } else {
        note(&found.notes);
        say(&said(&search.query, &found))?;
    }
    Ok(if found.hits.is_empty() { NOTHING } else { 0 })
}

/// Hits with who and when, the beginning of what was said, and files.
pub fn said(query: &str, found: &CommitHits) -> String {
    if found.hits.is_empty() {
        return format!("No commit fits {:?}.\n", clean(query));
    }
    let mut text: String = found.hits.iter().map(hit_said).collect();
    if found.truncated {
        text.push_str("There is more: raise --limit, or narrow it with --path.\n");
    }
    text
}

fn hit_said(hit: &CommitHit) -> String {
    let commit = &hit.commit;
    let hash: String = commit.hash.chars().take(10).collect();
    let mut text = format!(
        "{hash}  {}  ({}, {})\n",
        one_line(&commit.subject, LINE_WIDTH),
        clean(&commit.author),
        ago(commit.at, now_ms())
    );
    text.push_str(&reasons(&hit.reasons));
    for line in hit.body.lines().take(SHOWN) {
        text.push_str(format!("    {}", one_line(line, LINE_WIDTH)).trim_end());
        text.push('\n');
    }
    let all = hit.paths.len() + hit.more_paths as usize;
    for path in hit.paths.iter().take(SHOWN) {
        text.push_str(&format!("  {}\n", clean(path)));
    }
    if all > SHOWN {
        text.push_str(&format!("  … {} more files\n", all - SHOWN));
    }
    text.push('\n');
    text
}
