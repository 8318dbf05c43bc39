//! The person's own slash commands: Markdown files.
//!
//! `commands/git/pr.md` is `/git:pr`. `$ARGUMENTS` stands for what is written behind the command.
//! Those of the person always count. Those of a project count while the person trusts what that
//! folder holds, since whoever wrote the repository wrote them; they win over the person's own.
//! The engine reads both, so that what was shown and trusted is what is used.

use std::collections::BTreeMap;
use std::io;

use mira_protocol::project::{Project, ProjectRef};
use mira_protocol::trust::TrustState;
use mira_protocol::{Failure, calls};

use crate::client::Client;
use crate::commands::{TrustHere, ask, trust_shown};
use crate::render::style::Style;
use crate::render::text::clean;

/// What each command says.
#[derive(Debug, Default)]
pub struct Custom(BTreeMap<String, String>);

impl Custom {
    /// With the slash, for completion.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.0.keys().map(|name| format!("/{name}"))
    }

    /// Name and first line.
    pub fn list(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| {
            let first = text.lines().map(str::trim).find(|line| !line.is_empty());
            (
                name.as_str(),
                first.unwrap_or_default().trim_start_matches('#').trim(),
            )
        })
    }

    /// The prompt; None for an unknown command.
    pub fn expand(&self, name: &str, arguments: &str) -> Option<String> {
        let text = self.0.get(name)?;
        if text.contains("$ARGUMENTS") {
            return Some(text.replace("$ARGUMENTS", arguments));
        }
        Some(if arguments.is_empty() {
            text.clone()
        } else {
            format!("{text}\n\n{arguments}")
        })
    }
}

/// The commands that count; asks about the project's where that is open.
///
/// # Errors
/// What the engine says.
pub async fn load(client: &Client, project: &Project, may_ask: bool) -> Result<Custom, Failure> {
    let here = TrustHere { client, project };
    let trust = here.get().await?;
    let open = matches!(trust.state, TrustState::Undecided | TrustState::Changed);
    if open && may_ask {
        eprint!("{}", trust_shown(&trust, true, Style::of(&io::stderr())));
        if ask("Trust exactly this, so that it may run? [y/N] ") {
            here.grant(trust.hash).await?;
        }
    }
    let of = ProjectRef {
        project_id: project.id.clone(),
    };
    let list = client.call(calls::CommandList(of)).await?;
    if open && !may_ask || list.waiting > 0 {
        eprintln!(
            "What {} brings is left out: you have not trusted it as it is now. `mira trust` \
             shows it.",
            clean(&project.path)
        );
    }
    let commands = list.commands.into_iter();
    Ok(Custom(
        commands
            .map(|command| (command.name, command.text))
            .collect(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_take_arguments() {
        let files = [
            ("git:pr", "# Write a pull request\nFor $ARGUMENTS."),
            ("plain", "Do it."),
        ];
        let own = |(name, text): (&str, &str)| (name.to_owned(), text.to_owned());
        let custom = Custom(files.map(own).into());
        let list: Vec<_> = custom.list().collect();
        assert_eq!(
            list,
            [("git:pr", "Write a pull request"), ("plain", "Do it.")]
        );
        let pr = custom.expand("git:pr", "issue 4").unwrap();
        assert_eq!(pr, "# Write a pull request\nFor issue 4.");
        assert_eq!(custom.expand("plain", "now").unwrap(), "Do it.\n\nnow");
        assert_eq!(custom.expand("gone", ""), None);
    }
}
