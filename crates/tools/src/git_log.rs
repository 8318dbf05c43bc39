//! The newest commits.

use async_trait::async_trait;
use mira_workspace::{Intent, Workspace};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{Effect, Output, Tool, ToolCx, ToolError};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 200;

pub(crate) struct GitLog;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    /// Commits, default 20.
    limit: Option<usize>,
    /// Only commits that touched this file or folder.
    path: Option<String>,
}

#[async_trait]
impl Tool for GitLog {
    const NAME: &'static str = "git_log";
    const DESCRIPTION: &'static str = "Newest commits: hash, UTC date, author, subject.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let limit = input.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT);
        let commits = cx
            .blocking(move |workspace, _| -> Result<_, ToolError> {
                let path = relative(workspace, input.path.as_deref())?;
                Ok(mira_git::log(workspace.root(), limit, path.as_deref())?)
            })
            .await?;
        if commits.is_empty() {
            return Ok(Output::new("No commits.", "no commits"));
        }
        let lines = commits.iter().map(|commit| {
            let hash = commit.hash.get(..9).unwrap_or(&commit.hash);
            format!(
                "{hash} {} {}: {}\n",
                date(commit.at),
                commit.author,
                commit.subject
            )
        });
        let many = commits.len();
        let summary = format!("{many} commit{}", if many == 1 { "" } else { "s" });
        Ok(Output::new(lines.collect::<String>(), summary))
    }
}

/// A path inside the project as git names it. The guard decides first.
pub(crate) fn relative(
    workspace: &Workspace,
    path: Option<&str>,
) -> Result<Option<String>, ToolError> {
    let Some(path) = path.filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let resolved = workspace.resolve(path, Intent::Read)?;
    match resolved.relative {
        Some(relative) => Ok(Some(relative).filter(|relative| !relative.is_empty())),
        None => Err(ToolError::Refused(format!(
            "{path:?} is outside the project's repository."
        ))),
    }
}

/// `2026-11-23` from milliseconds since 1970 (UTC).
fn date(at_ms: i64) -> String {
    // Days to a civil date, counting years from March so that leap days come last.
    let days = at_ms.div_euclid(86_400_000) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use super::date;

    #[test]
    fn dates_are_utc() {
        for (at, expected) in [
            (0, "1970-01-01"),
            (-1, "1969-12-31"),
            (951_782_400_000, "2000-02-29"),
            (1_735_689_599_999, "2024-12-31"),
            (1_795_392_000_000, "2026-11-23"),
        ] {
            assert_eq!(date(at), expected);
        }
    }
}
