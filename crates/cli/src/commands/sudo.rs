//! `mira sudo`: what is known, what never runs, what was asked, what became of it.

use mira_protocol::sudo::{
    AddSudoBlock, AddSudoPermission, ChangeSudoBlock, ChangeSudoPermission, DecideSudo, ListSudo,
    ListSudoRequests, ReadSudoAudit, SudoAudit, SudoBlock, SudoMatch, SudoPermission, SudoRef,
    SudoRequest,
};
use mira_protocol::{ApprovalId, Failure, calls};
use serde::Serialize;

use super::{say, say_json, table};
use crate::args::{BlockCommand, JsonArg, MatchArgs, PermissionCommand, SudoCommand, SudoListArgs};
use crate::client::Client;
use crate::render::text::{ago, clean, duration, now_ms, one_line};

pub async fn run(client: &Client, command: SudoCommand) -> Result<u8, Failure> {
    match command {
        SudoCommand::Permissions { list, command } => {
            permissions(client, command.unwrap_or(PermissionCommand::List(list))).await?;
        }
        SudoCommand::Blocklist { list, command } => {
            blocks(client, command.unwrap_or(BlockCommand::List(list))).await?;
        }
        SudoCommand::Requests {
            search,
            status,
            limit,
            json,
        } => {
            let narrowed = search.is_some() || status.is_some();
            let list = ListSudoRequests {
                search,
                status: status.map(Into::into),
                limit: Some(limit),
            };
            let found = client.call(calls::SudoRequests(list)).await?;
            let none = none(narrowed, "No elevated command was asked for.");
            list_of(&found.requests, json, request_row, none)?;
            older(found.more, json)?;
        }
        SudoCommand::Allow { request } => decide(client, request, true).await?,
        SudoCommand::Deny { request } => decide(client, request, false).await?,
        SudoCommand::Audit {
            search,
            outcome,
            limit,
            json,
        } => {
            let narrowed = search.is_some() || outcome.is_some();
            let read = ReadSudoAudit {
                search,
                outcome: outcome.map(Into::into),
                limit: Some(limit),
                ..ReadSudoAudit::default()
            };
            let page = client.call(calls::SudoAudit(read)).await?;
            let none = none(narrowed, "Nothing was run or refused.");
            list_of(&page.entries, json, audit_row, none)?;
            older(page.more, json)?;
        }
    }
    Ok(0)
}

async fn permissions(client: &Client, command: PermissionCommand) -> Result<(), Failure> {
    match command {
        PermissionCommand::List(list) => {
            let (narrowed, json, list) = listed(list);
            let found = client.call(calls::SudoPermissions(list)).await?;
            let none = none(
                narrowed,
                "No command is known; each elevated one is asked about.",
            );
            list_of(&found.permissions, json, permission_row, none)
        }
        PermissionCommand::Add {
            name,
            matches,
            no_approval,
            notes,
        } => {
            let add = AddSudoPermission {
                name,
                description: String::new(),
                matches: one_of(matches),
                requires_approval: Some(!no_approval),
                notes: notes.unwrap_or_default(),
            };
            let added = client.call(calls::SudoAddPermission(add)).await?;
            say(&table(&[permission_row(&added)]))
        }
        PermissionCommand::Change {
            id,
            name,
            enable,
            disable,
            ask,
            no_approval,
        } => {
            let change = ChangeSudoPermission {
                id,
                name,
                description: None,
                matches: None,
                requires_approval: either(ask, no_approval),
                enabled: either(enable, disable),
                notes: None,
            };
            let changed = client.call(calls::SudoChangePermission(change)).await?;
            say(&table(&[permission_row(&changed)]))
        }
        PermissionCommand::Remove { id } => {
            client
                .call(calls::SudoRemovePermission(SudoRef { id }))
                .await?;
            say(&format!(
                "Removed; `mira sudo permissions restore {id}` brings it back."
            ))
        }
        PermissionCommand::Restore { id } => {
            let back = client
                .call(calls::SudoRestorePermission(SudoRef { id }))
                .await?;
            say(&table(&[permission_row(&back)]))
        }
    }
}

async fn blocks(client: &Client, command: BlockCommand) -> Result<(), Failure> {
    match command {
        BlockCommand::List(list) => {
            let (narrowed, json, list) = listed(list);
            let found = client.call(calls::SudoBlocklist(list)).await?;
            let none = none(narrowed, "The block list is empty.");
            list_of(&found.blocks, json, block_row, none)
        }
        BlockCommand::Add {
            name,
            matches,
            notes,
        } => {
            let add = AddSudoBlock {
                name,
                description: String::new(),
                matches: one_of(matches),
                severity: None,
                notes: notes.unwrap_or_default(),
            };
            let added = client.call(calls::SudoAddBlock(add)).await?;
            say(&table(&[block_row(&added)]))
        }
        BlockCommand::Enable { id } => switch(client, id, true).await,
        BlockCommand::Disable { id } => switch(client, id, false).await,
        BlockCommand::Remove { id } => {
            client.call(calls::SudoRemoveBlock(SudoRef { id })).await?;
            say(&format!(
                "Removed; `mira sudo blocklist restore {id}` brings it back."
            ))
        }
        BlockCommand::Restore { id } => {
            let back = client.call(calls::SudoRestoreBlock(SudoRef { id })).await?;
            say(&table(&[block_row(&back)]))
        }
    }
}

async fn switch(client: &Client, id: i64, enabled: bool) -> Result<(), Failure> {
    let change = ChangeSudoBlock {
        id,
        enabled: Some(enabled),
        severity: None,
        notes: None,
    };
    let changed = client.call(calls::SudoChangeBlock(change)).await?;
    say(&table(&[block_row(&changed)]))
}

async fn decide(client: &Client, request: String, allow: bool) -> Result<(), Failure> {
    let decide = DecideSudo {
        request_id: ApprovalId(request),
        allow,
        binding: None,
    };
    client.call(calls::SudoDecide(decide)).await?;
    say(if allow { "Allowed, once." } else { "Denied." })
}

/// Whether only a part of the list is asked for, how it is shown, and what is asked.
fn listed(list: SudoListArgs) -> (bool, JsonArg, ListSudo) {
    let SudoListArgs {
        search,
        removed,
        json,
    } = list;
    let narrowed = search.is_some() || removed;
    (narrowed, json, ListSudo { search, removed })
}

/// What is said of an empty list: all of it, or what was looked for in it.
fn none(narrowed: bool, whole: &str) -> &str {
    if narrowed { "Nothing fits." } else { whole }
}

fn older(more: bool, json: JsonArg) -> Result<(), Failure> {
    if more && !json.json {
        return say("… and older ones; --limit shows more.");
    }
    Ok(())
}

fn list_of<T: Serialize>(
    found: &[T],
    json: JsonArg,
    row: fn(&T) -> Vec<String>,
    none: &str,
) -> Result<(), Failure> {
    if json.json {
        return say_json(&found);
    }
    if found.is_empty() {
        return say(none);
    }
    say(&table(&found.iter().map(row).collect::<Vec<_>>()))
}

fn either(yes: bool, no: bool) -> Option<bool> {
    match (yes, no) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// Exactly one is given; the command line sees to that.
fn one_of(matches: MatchArgs) -> SudoMatch {
    let pattern = matches.pattern.map(SudoMatch::Pattern);
    matches
        .exact
        .map(SudoMatch::Exact)
        .or(matches.prefix.map(SudoMatch::Prefix))
        .or(pattern)
        .unwrap_or_else(|| SudoMatch::Exact(String::new()))
}

fn matched(matches: &SudoMatch) -> String {
    let (how, text) = match matches {
        SudoMatch::Exact(text) => ("exactly", text),
        SudoMatch::Prefix(text) => ("begins with", text),
        SudoMatch::Pattern(text) => ("matches", text),
        SudoMatch::Builtin(text) => ("built in:", text),
    };
    format!("{how} {}", clean(text))
}

fn on(enabled: bool) -> String {
    if enabled { "on" } else { "off" }.to_owned()
}

fn permission_row(one: &SudoPermission) -> Vec<String> {
    let asks = if one.requires_approval {
        "asks"
    } else {
        "runs without a question"
    };
    vec![
        one.id.to_string(),
        on(one.enabled),
        clean(&one.name),
        matched(&one.matches),
        asks.to_owned(),
        format!("used {} times", one.use_count),
    ]
}

fn block_row(one: &SudoBlock) -> Vec<String> {
    vec![
        one.id.to_string(),
        on(one.enabled),
        word(&one.severity),
        clean(&one.name),
        matched(&one.matches),
        clean(&one.description),
    ]
}

fn request_row(one: &SudoRequest) -> Vec<String> {
    vec![
        one.id.to_string(),
        when(one.created_at),
        life(one),
        clean(&one.user),
        one_line(&one.command, 100),
        one_line(&one.reason, 80),
        one.session_id.to_string(),
    ]
}

/// How far it came: where it stands, how long the answer took, and how the command ended.
fn life(one: &SudoRequest) -> String {
    let answered = one.responded_at.map(|at| {
        let waited = u64::try_from(at - one.created_at).unwrap_or_default();
        format!("after {}", duration(waited))
    });
    let ended = one.exit_code.map(|code| format!("exit {code}"));
    let steps = [Some(word(&one.status)), answered, ended];
    steps.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn audit_row(one: &SudoAudit) -> Vec<String> {
    let code = one.exit_code.map(|code| format!("exit {code}"));
    vec![
        when(one.at),
        word(&one.outcome),
        code.unwrap_or_else(|| "-".into()),
        one_line(&one.command, 100),
        one_line(&one.detail, 100),
        one.session_id.to_string(),
    ]
}

/// As it is on the wire.
fn word(value: &impl Serialize) -> String {
    serde_json::to_value(value)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_default()
}

fn when(at: i64) -> String {
    ago(at, now_ms())
}
