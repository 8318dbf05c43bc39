//! Slash commands: one visible list.

use mira_protocol::budget::SpendQuery;
use mira_protocol::checkpoint::ListCheckpoints;
use mira_protocol::code::{FindSymbols, SearchCode, SearchMode};
use mira_protocol::git::SearchCommits;
use mira_protocol::hook::ListHooks;
use mira_protocol::message::{ExpandCommand, SLASH_COMMANDS};
use mira_protocol::operation::{Access, Tier};
use mira_protocol::project::ProjectRef;
use mira_protocol::route::ExplainRoute;
use mira_protocol::rule::{ListRules, TestRule};
use mira_protocol::session::{
    ForkSession, LastSession, ListSessions, RenameSession, SearchSessions,
};
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure, SessionId, calls};

use super::{Next, Repl, back, conversation, custom};
use crate::commands::{
    TrustHere, commits_said, explanation, hooks_listed, overview, rows, rule_tested, rules_listed,
    say, search_said, state_said, status, symbols_said, table, table_of, trust_shown,
};
use crate::host::{find_session, stopped};
use crate::render::text::{clean, one_line};

/// For completion, with the slash.
pub fn names() -> impl Iterator<Item = String> {
    SLASH_COMMANDS.iter().map(|(name, ..)| format!("/{name}"))
}

pub async fn run(repl: &mut Repl, line: &str) -> Result<Next, Failure> {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    match name {
        "access" => access(repl, rest)?,
        "apply" => return conversation::apply(repl, rest).await,
        "budget" => budget(repl, rest).await?,
        "comment" | "comments" => return super::review::comment(repl, rest).await,
        "context" => super::review::context(repl, rest).await?,
        "continue" => return go_on(repl).await,
        "diff" => match repl.operation.clone() {
            Some(operation) => repl.show_changes(&operation, usize::MAX).await?,
            None => say("No turn has run yet.")?,
        },
        "fork" => fork(repl, rest).await?,
        "help" | "?" => help(repl)?,
        "hooks" => hooks(repl).await?,
        "model" => model(repl, rest).await?,
        "new" => {
            repl.session = None;
            repl.operation = None;
            say("The next message begins a new session.")?;
        }
        "queue" => return conversation::queue(repl, rest).await,
        "quit" | "exit" | "q" => return Ok(Next::Leave),
        "checkpoints" => checkpoints(repl, rest).await?,
        "rewind" => back::rewind(repl, rest).await?,
        "redo" => back::undo(repl, rest, false).await?,
        "undo" => back::undo(repl, rest, true).await?,
        "rename" => rename(repl, rest).await?,
        "resume" => return resume(repl, rest).await,
        "retry" => return conversation::retry(repl, rest).await,
        "review" => return review(repl, rest).await,
        "route" => route(repl, rest).await?,
        "rules" => rules(repl, rest).await?,
        "search" => search(repl, rest).await?,
        "code" => code(repl, rest).await?,
        "commits" => commits(repl, rest).await?,
        "symbols" => symbols(repl, rest).await?,
        "index" => {
            let of = ProjectRef {
                project_id: repl.project.id.clone(),
            };
            say(&state_said(&repl.client.call(calls::CodeState(of)).await?))?;
        }
        "sessions" => {
            let list = ListSessions {
                limit: Some(20),
                ..ListSessions::default()
            };
            let list = repl.client.call(calls::SessionList(list)).await?;
            say(&rows(&list.sessions))?;
        }
        "status" => {
            say(&status(
                &repl.client.call(calls::SystemStatus(Nothing {})).await?,
            ))?;
            say(&repl.next_cost().await?)?;
        }
        "tier" => tier(repl, rest)?,
        "trust" => trust(repl, rest).await?,
        custom => match repl.custom.expand(custom, rest) {
            Some(prompt) => return repl.ask(prompt).await,
            None => {
                let failure = Failure::new(
                    Code::UnknownMethod,
                    format!("There is no command /{custom}."),
                );
                return Err(failure.hint("/help shows all commands."));
            }
        },
    }
    Ok(Next::Line)
}

pub(super) fn usage(text: &str) -> Failure {
    Failure::new(Code::BadParams, format!("Write it as {text}."))
}

/// The session of this conversation, which must have begun.
pub(super) fn begun(repl: &Repl) -> Result<SessionId, Failure> {
    repl.session.clone().ok_or_else(|| {
        Failure::new(Code::NotFound, "This session has not begun.")
            .hint("Write a message first, or /resume another one.")
    })
}

fn help(repl: &Repl) -> Result<(), Failure> {
    let row = |name: &str, arguments: &str, about: &str| {
        vec![
            format!("/{name} {arguments}").trim_end().to_owned(),
            about.to_owned(),
        ]
    };
    let mut lines: Vec<_> = SLASH_COMMANDS
        .iter()
        .map(|(n, args, about)| row(n, args, about))
        .collect();
    for (name, about) in repl.custom.list() {
        lines.push(row(name, "[ARGUMENTS]", &one_line(about, 80)));
    }
    say(&table(&lines))?;
    say(
        "@path tells what a file says or a folder holds, @session:ID and @commit:REV another \
         conversation and a commit, @symbol:NAME what defines it; images are attached. A line that ends with \\ goes on in the next one. While a turn \
         runs, type to speak into it; Ctrl-C stops it.",
    )
}

fn access(repl: &mut Repl, rest: &str) -> Result<(), Failure> {
    repl.access = match rest {
        "" => repl.access,
        "read" => Access::Read,
        "project" => Access::Project,
        "home" => Access::Home,
        "system" => Access::System,
        _ => return Err(usage("/access read, project, home or system")),
    };
    say(match repl.access {
        Access::Read => "Tools read in the project and change nothing.",
        Access::Project => "Tools read and write in the project.",
        Access::Home => "Tools read and write in your home folder.",
        Access::System => "Tools read and write wherever you may.",
    })
}

async fn model(repl: &mut Repl, rest: &str) -> Result<(), Failure> {
    match rest {
        "" => {}
        "default" | "auto" => repl.model = None,
        id => repl.model = Some(id.to_owned()),
    }
    let Some(id) = &repl.model else {
        return say("The tier's model answers.");
    };
    say(&format!("{} answers.", clean(id)))?;
    let list = repl.client.call(calls::ModelList(Nothing {})).await?;
    // One that nobody has heard of may be new, or a slip of the pen.
    if list.models.iter().all(|known| known.id != *id) {
        say(&repl
            .style
            .yellow("It is not in the list of models (`mira models`)."))?;
    }
    Ok(())
}

fn tier(repl: &mut Repl, rest: &str) -> Result<(), Failure> {
    repl.tier = match rest {
        "" => repl.tier,
        "auto" => None,
        "fast" => Some(Tier::Fast),
        "voice" => Some(Tier::Voice),
        "code" => Some(Tier::Code),
        "agentic" => Some(Tier::Agentic),
        _ => return Err(usage("/tier fast, voice, code, agentic or auto")),
    };
    match repl.tier {
        Some(tier) => say(&format!(
            "The {} tier answers.",
            format!("{tier:?}").to_lowercase()
        )),
        None => say("The router chooses the tier."),
    }
}

async fn budget(repl: &Repl, rest: &str) -> Result<(), Failure> {
    if rest.is_empty() {
        return say(&overview(&repl.client).await?);
    }
    let by = serde_json::from_value(serde_json::Value::String(rest.to_lowercase()));
    let by = by.map_err(|_| {
        usage("/budget day, month, model, tier, project, session, purpose or operation")
    })?;
    let query = SpendQuery {
        by,
        limit: Some(20),
        ..SpendQuery::default()
    };
    let found = repl.client.call(calls::BudgetSpend(query)).await?;
    say(&table_of(&found))
}

async fn route(repl: &Repl, message: &str) -> Result<(), Failure> {
    if message.is_empty() {
        return Err(usage("/route MESSAGE"));
    }
    let explain = ExplainRoute {
        content: message.to_owned(),
        session_id: repl.session.clone(),
        project_id: Some(repl.project.id.clone()),
        tier: repl.tier,
        model: repl.model.clone(),
        files: 0,
    };
    let told = repl.client.call(calls::RouteExplain(explain)).await?;
    say(&explanation(&told))
}

async fn checkpoints(repl: &Repl, search: &str) -> Result<(), Failure> {
    let list = ListCheckpoints {
        session_id: repl.session.clone(),
        project_id: repl.session.is_none().then(|| repl.project.id.clone()),
        search: (!search.is_empty()).then(|| search.to_owned()),
        limit: Some(20),
        ..ListCheckpoints::default()
    };
    let list = repl.client.call(calls::CheckpointList(list)).await?;
    say(&crate::commands::checkpoint_rows(&list.checkpoints))
}

async fn rename(repl: &Repl, name: &str) -> Result<(), Failure> {
    if name.is_empty() {
        return Err(usage("/rename NAME"));
    }
    let renamed = RenameSession {
        session_id: begun(repl)?,
        name: name.to_owned(),
    };
    let session = repl.client.call(calls::SessionRename(renamed)).await?;
    say(&format!("This session is now {:?}.", session.name))
}

async fn fork(repl: &mut Repl, name: &str) -> Result<(), Failure> {
    let name = (!name.is_empty()).then(|| name.to_owned());
    let fork = ForkSession {
        session_id: begun(repl)?,
        up_to_seq: None,
        name,
    };
    let session = repl.client.call(calls::SessionFork(fork)).await?;
    say(&format!(
        "This is now {}; the other one stays as it is.",
        session.id
    ))?;
    repl.session = Some(session.id);
    Ok(())
}

async fn resume(repl: &mut Repl, rest: &str) -> Result<Next, Failure> {
    let session = match rest {
        "" | "--last" => {
            let last = LastSession {
                project_id: Some(repl.project.id.clone()),
            };
            let last = repl.client.call(calls::SessionLast(last)).await?.session;
            last.ok_or_else(|| Failure::not_found("A session of this project"))?
        }
        words => find_session(&repl.client, words).await?,
    };
    repl.resume(session).await
}

async fn go_on(repl: &mut Repl) -> Result<Next, Failure> {
    let session = begun(repl)?;
    let operation = stopped(&repl.client, &session).await?;
    repl.go_on(operation).await
}

async fn rules(repl: &Repl, rest: &str) -> Result<(), Failure> {
    let project_id = Some(repl.project.id.clone());
    match rest.split_once(char::is_whitespace) {
        Some(("test", command)) => {
            let test = TestRule {
                project_id,
                command: Some(command.trim().to_owned()),
                ..TestRule::default()
            };
            let test = repl.client.call(calls::RuleTest(test)).await?;
            say(&rule_tested(&test, repl.style))
        }
        None if rest.is_empty() => {
            let wanted = ListRules {
                project_id,
                ..ListRules::default()
            };
            let list = repl.client.call(calls::RuleList(wanted)).await?;
            say(&rules_listed(&list, false, repl.style))
        }
        _ => Err(usage("/rules, or /rules test COMMAND")),
    }
}

async fn hooks(repl: &Repl) -> Result<(), Failure> {
    let wanted = ListHooks {
        project_id: Some(repl.project.id.clone()),
    };
    let list = repl.client.call(calls::HookList(wanted)).await?;
    say(&hooks_listed(&list, repl.style))
}

async fn trust(repl: &mut Repl, rest: &str) -> Result<(), Failure> {
    let words: Vec<&str> = rest.split_whitespace().collect();
    let here = TrustHere {
        client: &repl.client,
        project: &repl.project,
    };
    let trust = match words.as_slice() {
        [] => here.get().await?,
        ["grant", hash] => here.grant((*hash).to_owned()).await?,
        ["revoke"] => here.revoke().await?,
        _ => return Err(usage("/trust, /trust grant HASH or /trust revoke")),
    };
    say(&trust_shown(&trust, words.is_empty(), repl.style))?;
    if !words.is_empty() {
        repl.custom = custom::load(&repl.client, &repl.project, false).await?;
    }
    Ok(())
}

async fn search(repl: &Repl, query: &str) -> Result<(), Failure> {
    if query.is_empty() {
        return Err(usage("/search WORDS"));
    }
    let search = SearchSessions {
        query: query.to_owned(),
        limit: Some(10),
        ..SearchSessions::default()
    };
    let found = repl.client.call(calls::SessionSearch(search)).await?;
    noted(&found.notes)?;
    say(&crate::commands::hits(&found.hits, false, repl.style))
}

async fn code(repl: &Repl, query: &str) -> Result<(), Failure> {
    if query.is_empty() {
        return Err(usage("/code WORDS"));
    }
    let search = SearchCode {
        project_id: repl.project.id.clone(),
        query: query.to_owned(),
        mode: SearchMode::Ranked,
        limit: Some(5),
        path: None,
        language: None,
        token_budget: None,
        explain: false,
    };
    let found = repl.client.call(calls::CodeSearch(search)).await?;
    noted(&found.notes)?;
    say(&search_said(query, &found))
}

async fn commits(repl: &Repl, query: &str) -> Result<(), Failure> {
    if query.is_empty() {
        return Err(usage("/commits WORDS"));
    }
    let search = SearchCommits {
        project_id: repl.project.id.clone(),
        query: query.to_owned(),
        path: None,
        limit: Some(5),
        explain: false,
    };
    let found = repl.client.call(calls::GitSearch(search)).await?;
    noted(&found.notes)?;
    say(&commits_said(query, &found))
}

async fn symbols(repl: &Repl, query: &str) -> Result<(), Failure> {
    if query.is_empty() {
        return Err(usage("/symbols NAME"));
    }
    let find = FindSymbols {
        project_id: repl.project.id.clone(),
        query: query.to_owned(),
        kinds: vec![],
        path: None,
        limit: Some(20),
    };
    let found = repl.client.call(calls::CodeSymbols(find)).await?;
    noted(&found.notes)?;
    say(&symbols_said(query, &found))
}

/// What an answer about code lacks.
fn noted(notes: &[String]) -> Result<(), Failure> {
    notes
        .iter()
        .try_for_each(|note| say(&format!("note: {note}")))
}

async fn review(repl: &mut Repl, rest: &str) -> Result<Next, Failure> {
    let expand = ExpandCommand {
        name: "review".into(),
        arguments: rest.to_owned(),
    };
    let expanded = repl.client.call(calls::SlashExpand(expand)).await?;
    repl.ask(expanded.prompt).await
}
