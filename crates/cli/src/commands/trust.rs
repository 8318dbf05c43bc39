//! `mira trust`.

use std::io::{self, IsTerminal, Write};
use std::path::Path;

use mira_protocol::project::{Project, ProjectRef};
use mira_protocol::system::Nothing;
use mira_protocol::trust::{GrantTrust, Trust, TrustChange, TrustKind, TrustState};
use mira_protocol::{Code, Failure, calls};

use super::{say, say_json, table};
use crate::args::TrustCommand;
use crate::client::Client;
use crate::host;
use crate::render::style::Style;
use crate::render::text::{clean, plural};

pub async fn run(
    client: &Client,
    command: TrustCommand,
    folder: Option<&Path>,
) -> Result<u8, Failure> {
    let style = Style::of(&io::stdout());
    if let TrustCommand::List { search, json } = &command {
        let mut list = client.call(calls::TrustList(Nothing {})).await?;
        list.folders.retain(|known| has(&known.folder, search));
        if json.json {
            say_json(&list)?;
        } else if list.folders.is_empty() {
            say(match search {
                Some(_) => "No such folder was decided about.",
                None => "No folder was decided about.",
            })?;
        } else {
            let rows = list.folders.iter().map(|known| {
                let state = if known.trusted { "trusted" } else { "revoked" };
                vec![
                    state.to_owned(),
                    clean(&known.folder),
                    known.hash[..known.hash.len().min(12)].to_owned(),
                ]
            });
            say(&table(&rows.collect::<Vec<_>>()))?;
        }
        return Ok(0);
    }
    let project = host::project(client, folder).await?;
    let here = TrustHere {
        client,
        project: &project,
    };
    let mut trust = here.get().await?;
    if let TrustCommand::Status { search, .. } = &command {
        trust
            .items
            .retain(|item| has(&item.path, search) || has(&item.content, search));
    }
    match command {
        TrustCommand::List { .. } => {}
        TrustCommand::Status { json, .. } if json.json => say_json(&trust)?,
        TrustCommand::Status { content, .. } => say(&shown(&trust, content, style))?,
        TrustCommand::Grant { hash: Some(hash) } => {
            here.grant(hash).await?;
            say(&format!(
                "{} is trusted as it is now.",
                clean(&trust.folder)
            ))?;
        }
        TrustCommand::Grant { hash: None } => {
            say(&shown(&trust, true, style))?;
            if trust.items.is_empty() || trust.state == TrustState::Trusted {
                return Ok(0);
            }
            if !io::stdin().is_terminal() {
                return Err(
                    Failure::new(Code::ApprovalNeeded, "Nobody is here to say yes.").hint(format!(
                        "Look at it, then run `mira trust grant {}`.",
                        trust.hash
                    )),
                );
            }
            if ask("Trust exactly this? [y/N] ") {
                here.grant(trust.hash).await?;
                say("Trusted. It is asked about again when something of it changes.")?;
            } else {
                say("Nothing was changed.")?;
            }
        }
        TrustCommand::Revoke => {
            here.revoke().await?;
            say(&format!(
                "{} is not trusted any more.",
                clean(&trust.folder)
            ))?;
        }
    }
    Ok(0)
}

/// Whether a text has what is searched for, whatever its case.
fn has(text: &str, search: &Option<String>) -> bool {
    search
        .as_ref()
        .is_none_or(|search| text.to_lowercase().contains(&search.to_lowercase()))
}

/// One project's trust, asked and granted.
pub struct TrustHere<'a> {
    pub client: &'a Client,
    pub project: &'a Project,
}

impl TrustHere<'_> {
    pub async fn get(&self) -> Result<Trust, Failure> {
        let project_id = self.project.id.clone();
        self.client
            .call(calls::TrustGet(ProjectRef { project_id }))
            .await
    }

    pub async fn revoke(&self) -> Result<Trust, Failure> {
        let project_id = self.project.id.clone();
        self.client
            .call(calls::TrustRevoke(ProjectRef { project_id }))
            .await
    }

    pub async fn grant(&self, hash: String) -> Result<Trust, Failure> {
        let project_id = self.project.id.clone();
        self.client
            .call(calls::TrustGrant(GrantTrust { project_id, hash }))
            .await
    }
}

/// A question on standard error; anything but "y" is no.
pub fn ask(question: &str) -> bool {
    eprint!("{question}");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    let _ = io::stdin().read_line(&mut answer);
    answer.trim().eq_ignore_ascii_case("y")
}

/// What a folder brings.
pub fn shown(trust: &Trust, content: bool, style: Style) -> String {
    let state = match trust.state {
        TrustState::NothingToTrust => {
            return format!(
                "{} brings nothing that needs trust.\n",
                clean(&trust.folder)
            );
        }
        TrustState::Undecided => "is not trusted; nobody decided yet",
        TrustState::Trusted => "is trusted",
        TrustState::Changed => "has changed since it was trusted, and waits",
        TrustState::Revoked => "is not trusted",
    };
    let mut out = format!("{} {state}.\n", clean(&trust.folder));
    let rows = trust.items.iter().map(|item| {
        let kind = match item.kind {
            TrustKind::Hooks => "hooks",
            TrustKind::HookProgram => "run by a hook",
            TrustKind::Command => "command",
            TrustKind::Agent => "agent",
            TrustKind::McpServer => "server",
            TrustKind::Rules => "rules",
        };
        let change = match (&item.problem, item.change) {
            (Some(problem), _) => format!("left out: {}", clean(problem)),
            (None, TrustChange::Same) => String::new(),
            (None, TrustChange::New) => "new".into(),
            (None, TrustChange::Changed) => "changed".into(),
            (None, TrustChange::Gone) => "gone".into(),
        };
        vec![
            format!("  {kind}"),
            clean(&item.path),
            plural(item.bytes, "byte"),
            change,
        ]
    });
    out += &table(&rows.collect::<Vec<_>>());
    if content {
        for item in trust.items.iter().filter(|item| !item.content.is_empty()) {
            out += &format!("\n{}\n", style.bold(&clean(&item.path)));
            for line in item.content.lines() {
                out += &format!("  {}\n", clean(line));
            }
        }
    }
    out += &format!("hash {}\n", trust.hash);
    out
}
