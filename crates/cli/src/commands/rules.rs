//! `mira rules`.

use std::io::{self, Read};
use std::path::Path;
use std::process::Command;

use mira_protocol::project::Project;
use mira_protocol::rule::{
    ExportRules, ImportRules, ImportedRules, JudgedBy, Judgement, ListRules, PreviewRule, Rule,
    RuleAction, RuleDraft, RuleFormat, RuleKind, RuleList, RulePreview, RuleRef, RuleTest,
    SaveRule, TestRule,
};
use mira_protocol::{Code, Failure, ProjectId, calls};

use super::{say, say_json, table, write_out};
use crate::args::{RuleArgs, RulePlace, RulesCommand};
use crate::client::Client;
use crate::exit;
use crate::host;
use crate::render::style::Style;
use crate::render::text::{clean, one_line, plural};

pub async fn run(
    client: &Client,
    command: RulesCommand,
    folder: Option<&Path>,
) -> Result<u8, Failure> {
    let project = host::project(client, folder).await?;
    let style = Style::of(&io::stdout());
    match command {
        RulesCommand::List {
            search,
            removed,
            json,
        } => {
            let wanted = ListRules {
                project_id: Some(project.id),
                search,
                removed,
            };
            let list = client.call(calls::RuleList(wanted)).await?;
            match json.json {
                true => say_json(&list)?,
                false => say(&listed(&list, removed, style))?,
            }
        }
        RulesCommand::Add { rule, json } => {
            let save = SaveRule {
                rule_id: None,
                project_id: place(rule.place, &project),
                rule: draft(&rule),
            };
            let saved = client.call(calls::RuleSave(save)).await?;
            match json.json {
                true => say_json(&saved)?,
                false => say(&format!(
                    "Saved {} ({}).",
                    clean(&saved.text),
                    short(&saved)
                ))?,
            }
        }
        RulesCommand::Remove { rule } => {
            let rule = find(client, &project, &rule, false).await?;
            let rule_id = rule.id.clone();
            client.call(calls::RuleRemove(RuleRef { rule_id })).await?;
            say(&format!(
                "Removed {}. `mira rules restore {}` brings it back.",
                clean(&rule.text),
                short(&rule)
            ))?;
        }
        RulesCommand::Restore { rule } => {
            let rule_id = find(client, &project, &rule, true).await?.id;
            let rule = client.call(calls::RuleRestore(RuleRef { rule_id })).await?;
            say(&format!("{} counts again.", clean(&rule.text)))?;
        }
        RulesCommand::Preview { rule, limit, json } => {
            let preview = PreviewRule {
                project_id: place(rule.place, &project),
                rules: vec![draft(&rule)],
                replaces: None,
                limit: Some(limit),
            };
            let preview = client.call(calls::RulePreview(preview)).await?;
            match json.json {
                true => say_json(&preview)?,
                false => say(&previewed(&preview, style))?,
            }
        }
        RulesCommand::Test {
            command,
            cwd,
            hosts,
            json,
        } => {
            let wanted = TestRule {
                project_id: Some(project.id),
                command: Some(command),
                cwd,
                hosts,
                ..TestRule::default()
            };
            let test = client.call(calls::RuleTest(wanted)).await?;
            match json.json {
                true => say_json(&test)?,
                false => say(&tested(&test, style))?,
            }
            return Ok(match test.action {
                RuleAction::Allow => 0,
                RuleAction::Ask => exit::APPROVAL,
                RuleAction::Deny => exit::FAILED,
            });
        }
        RulesCommand::Export {
            place: of,
            format,
            output,
        } => {
            let wanted = ExportRules {
                project_id: place(of, &project),
                format: format.into(),
            };
            let exported = client.call(calls::RuleExport(wanted)).await?;
            write_out(&output, &exported.text)?;
        }
        RulesCommand::Import {
            file,
            place: of,
            format,
            replace,
            dry_run,
        } => {
            let import = ImportRules {
                project_id: place(of, &project),
                text: read(&file)?,
                format: format.into(),
                replace,
                dry_run,
            };
            let done = client.call(calls::RuleImport(import)).await?;
            say(&imported(&done, dry_run))?;
        }
        RulesCommand::Edit { place: of } => edit(client, place(of, &project)).await?,
    }
    Ok(0)
}

fn place(place: RulePlace, project: &Project) -> Option<ProjectId> {
    (!place.user).then(|| project.id.clone())
}

fn draft(rule: &RuleArgs) -> RuleDraft {
    let folder = rule.folder.as_deref().map(|folder| match folder {
        "." | "./" => String::new(),
        folder => folder.to_owned(),
    });
    RuleDraft {
        action: rule.action.into(),
        kind: rule.kind.into(),
        pattern: rule.pattern.join(" "),
        folder,
        note: rule.note.clone().unwrap_or_default(),
    }
}

/// What tells ids apart stands at their end.
fn short(rule: &Rule) -> &str {
    let id = rule.id.as_str();
    &id[id.len().saturating_sub(8)..]
}

async fn find(
    client: &Client,
    project: &Project,
    words: &str,
    removed: bool,
) -> Result<Rule, Failure> {
    let wanted = ListRules {
        project_id: Some(project.id.clone()),
        search: None,
        removed,
    };
    let rules = client.call(calls::RuleList(wanted)).await?.rules;
    let fits = |rule: &&Rule| {
        rule.id.as_str() == words
            || words.len() >= 6 && rule.id.as_str().ends_with(words)
            || rule.text == words
            || rule.draft.pattern == words
    };
    let found: Vec<&Rule> = rules.iter().filter(fits).collect();
    match found.as_slice() {
        [rule] => Ok((*rule).clone()),
        [] => Err(
            Failure::not_found(format!("A rule {words:?}")).hint(match removed {
                true => "`mira rules list --removed` shows those that were removed.",
                false => "`mira rules list` shows them all.",
            }),
        ),
        several => Err(Failure::new(
            Code::BadParams,
            format!("{words:?} fits {} rules.", several.len()),
        )
        .hint(format!(
            "Name one by its id: {}.",
            several
                .iter()
                .map(|rule| short(rule))
                .collect::<Vec<_>>()
                .join(", ")
        ))),
    }
}

/// Rules, the project's file and the last net.
pub fn listed(list: &RuleList, removed: bool, style: Style) -> String {
    let mut out = String::new();
    if list.rules.is_empty() {
        out += match removed {
            true => "No rule was removed.\n",
            false => {
                "No rules yet: what only looks runs, everything else is asked about. \
                 `mira rules add allow command cargo test '**'` makes one.\n"
            }
        };
    }
    let rows: Vec<Vec<String>> = list
        .rules
        .iter()
        .map(|rule| {
            vec![
                short(rule).to_owned(),
                match rule.project_id {
                    Some(_) => "project".into(),
                    None => "all".into(),
                },
                clean(&rule.text),
                match rule.use_count {
                    0 => "never used".into(),
                    count => plural(count, "use"),
                },
                one_line(&clean(&rule.draft.note), 60),
            ]
        })
        .collect();
    out += &table(&rows);
    if let Some(file) = &list.file {
        let trusted = if file.trusted {
            "trusted"
        } else {
            "not trusted: it can only tighten"
        };
        out += &format!("\n{} ({trusted})\n", clean(&file.path));
        for rule in &file.rules {
            let mark = if rule.in_force {
                ""
            } else {
                " (waits for trust)"
            };
            out += &format!("  {}{mark}\n", clean(&rule.text));
        }
        for problem in &file.problems {
            out += &format!("  {} {}\n", style.yellow("not understood:"), clean(problem));
        }
    }
    if !removed {
        out += &style.dim(&format!(
            "\nNever run, whatever a rule says: {}.",
            list.block_list
                .iter()
                .map(|block| block.name.replace('_', " "))
                .collect::<Vec<_>>()
                .join(", ")
        ));
    }
    out
}

fn word(action: RuleAction, style: Style) -> String {
    match action {
        RuleAction::Allow => style.green("allow"),
        RuleAction::Ask => style.yellow("ask"),
        RuleAction::Deny => style.red("deny"),
    }
}

/// The verdict as a tree.
pub fn tested(test: &RuleTest, style: Style) -> String {
    let mut out = format!("{}: {}\n", word(test.action, style), clean(&test.reason));
    branch(&test.tree, 1, style, &mut out);
    for draft in &test.always {
        let kind = match draft.kind {
            RuleKind::Command => "command",
            RuleKind::Line => "line",
            RuleKind::Read => "read",
            RuleKind::Write => "write",
            RuleKind::Host => "host",
            RuleKind::Tool => "tool",
        };
        out += &format!(
            "\"Always\" would save: allow {kind} {}\n",
            clean(&draft.pattern)
        );
    }
    out
}

fn branch(tree: &Judgement, depth: usize, style: Style, out: &mut String) {
    let by = match &tree.by {
        JudgedBy::Rule { text, .. } => format!("rule `{text}`"),
        JudgedBy::RuleFile { text } => format!("the project's rule `{text}`"),
        JudgedBy::SafeList => "safe list".into(),
        JudgedBy::Unlisted => format!("no rule: {}", tree.reason),
        JudgedBy::BlockList { name } => format!("block list: {}", name.replace('_', " ")),
        JudgedBy::Elevation { word } => format!("`{word}` raises privileges"),
        JudgedBy::Unparsed => tree.reason.clone(),
        JudgedBy::Mode | JudgedBy::Access => tree.reason.clone(),
        JudgedBy::Parts => "its parts".into(),
    };
    let indent = "  ".repeat(depth);
    let text = one_line(&clean(&tree.text), 100);
    *out += &format!(
        "{indent}{} {text}  {}\n",
        word(tree.action, style),
        style.dim(&format!("({})", clean(&by)))
    );
    for part in &tree.parts {
        branch(part, depth + 1, style, out);
    }
}

fn previewed(preview: &RulePreview, style: Style) -> String {
    let mut out = String::new();
    for text in &preview.texts {
        out += &format!("{}\n", style.bold(&clean(text)));
    }
    out += &format!(
        "matches {} of {}, {} decided otherwise than now\n",
        plural(preview.matched, "past call"),
        preview.looked_at,
        preview.decided_otherwise
    );
    for sample in &preview.samples {
        let verdict = match sample.before == sample.after {
            true => word(sample.after, style),
            false => format!(
                "{} → {}",
                word(sample.before, style),
                word(sample.after, style)
            ),
        };
        out += &format!(
            "  {verdict}  {} ({})\n",
            one_line(&clean(&sample.text), 100),
            plural(sample.times, "time")
        );
    }
    out
}

fn imported(done: &ImportedRules, dry_run: bool) -> String {
    let mut out = String::new();
    for text in &done.added {
        out += &format!("+ {}\n", clean(text));
    }
    for text in &done.removed {
        out += &format!("- {}\n", clean(text));
    }
    let verb = if dry_run {
        "Would take over"
    } else {
        "Took over"
    };
    out += &format!(
        "{verb} {}, removed {}, {} unchanged.",
        plural(done.added.len() as u64, "rule"),
        done.removed.len(),
        done.unchanged
    );
    out
}

fn read(file: &Path) -> Result<String, Failure> {
    let text = match file == Path::new("-") {
        true => {
            let mut text = String::new();
            io::stdin().read_to_string(&mut text).map(|_| text)
        }
        false => std::fs::read_to_string(file),
    };
    text.map_err(|error| {
        let shown = file.display();
        Failure::new(
            Code::NotFound,
            format!("{shown} could not be read: {error}."),
        )
    })
}

/// The rules in the person's editor, until they are sound or given up.
async fn edit(client: &Client, project_id: Option<ProjectId>) -> Result<(), Failure> {
    let wanted = ExportRules {
        project_id: project_id.clone(),
        format: RuleFormat::Toml,
    };
    let before = client.call(calls::RuleExport(wanted)).await?.text;
    let name = format!("mira-rules-{}.toml", std::process::id());
    let file = std::env::temp_dir().join(name);
    let failed = |what: &str, error: &dyn std::fmt::Display| {
        Failure::new(
            Code::Internal,
            format!("The rules could not be {what}: {error}."),
        )
    };
    std::fs::write(&file, &before).map_err(|error| failed("written to a file", &error))?;
    let editor = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| {
            std::env::var(name)
                .ok()
                .filter(|text| !text.trim().is_empty())
        })
        .unwrap_or_else(|| "vi".into());
    // As git does it: the setting is a shell line, the file its argument.
    let status = Command::new("sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("edit")
        .arg(&file)
        .status()
        .map_err(|error| failed("opened in the editor", &error))?;
    let text = std::fs::read_to_string(&file).map_err(|error| failed("read again", &error))?;
    if !status.success() || text == before {
        let _ = std::fs::remove_file(&file);
        return say("Nothing was changed.");
    }
    let import = ImportRules {
        project_id,
        text,
        format: RuleFormat::Toml,
        replace: true,
        dry_run: false,
    };
    match client.call(calls::RuleImport(import)).await {
        Ok(done) => {
            let _ = std::fs::remove_file(&file);
            say(&imported(&done, false))
        }
        // What was written is kept: bad input never loses work.
        Err(failure) => Err(failure.hint(format!(
            "Nothing was changed. Your text is in {0}; mend it and run `mira rules import \
             --replace {0}`.",
            file.display()
        ))),
    }
}
