//! Mira's own slash commands: their list, and the prompts of those that are one.

use mira_protocol::message::{
    ExpandCommand, ExpandedCommand, SLASH_COMMANDS, SlashCommand, SlashCommands,
};
use mira_protocol::{Code, Failure};

pub fn list() -> SlashCommands {
    let told = |(name, arguments, about): &(&str, &str, &str)| SlashCommand {
        name: (*name).to_owned(),
        arguments: (*arguments).to_owned(),
        about: (*about).to_owned(),
    };
    SlashCommands {
        commands: SLASH_COMMANDS.iter().map(told).collect(),
    }
}

pub fn expand(request: &ExpandCommand) -> Result<ExpandedCommand, Failure> {
    match request.name.as_str() {
        "review" => Ok(ExpandedCommand {
            prompt: review(request.arguments.trim())?,
        }),
        other => Err(Failure::new(
            Code::UnknownMethod,
            format!("/{other} is no prompt of Mira's own."),
        )),
    }
}

fn review(arguments: &str) -> Result<String, Failure> {
    let what = match arguments.split_whitespace().collect::<Vec<_>>().as_slice() {
        [] => {
            "the uncommitted changes of this repository (`git_diff`, target `uncommitted`)".into()
        }
        ["--branch", base] => {
            format!(
                "the changes of the current branch against `{base}` (`git_diff`, target `branch`)"
            )
        }
        _ => {
            return Err(Failure::new(
                Code::BadParams,
                "Write it as /review, or /review --branch BASE.",
            ));
        }
    };
    Ok(format!(
        "Review {what}. Read the diff, and as much of the code around it as you need. Report real \
         problems only: wrong behaviour, missing cases, security, data loss, broken interfaces, \
         missing tests. For each: file and line, what is wrong, when it shows, how to mend it; the \
         gravest first. Change nothing. If you find nothing, say so in one sentence."
    ))
}
