//! `mira egress`: what left this machine.

use mira_protocol::egress::{EgressEntry, EgressPage, EgressTotal, ListEgress};
use mira_protocol::{Failure, OperationId, calls};

use super::{say, say_json, table};
use crate::args::EgressArgs;
use crate::client::Client;
use crate::render::text::{ago, bytes, clean, count, now_ms};

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

pub async fn run(client: &Client, args: EgressArgs) -> Result<u8, Failure> {
    let since = args.days.map(|days| now_ms() - i64::from(days) * DAY_MS);
    let wanted = ListEgress {
        since,
        search: args.search,
        operation_id: args.operation.map(OperationId),
        local: args.local,
        before_id: None,
        limit: Some(args.limit),
    };
    let page = client.call(calls::EgressList(wanted)).await?;
    if args.json.json {
        say_json(&page)?;
    } else {
        say(&shown(&page))?;
    }
    Ok(0)
}

fn shown(page: &EgressPage) -> String {
    let mut text = String::new();
    if page.offline {
        text += "Offline: nothing leaves this machine (MIRA_OFFLINE).\n\n";
    }
    if page.entries.is_empty() {
        text +=
            "Nothing left this machine. `--local` also shows requests to this machine itself.\n";
        return text;
    }
    let mut rows: Vec<Vec<String>> = page.entries.iter().rev().map(entry).collect();
    text += &table(&rows);
    if page.more {
        text += "There are older ones: --limit shows more.\n";
    }
    rows = page.hosts.iter().map(total).collect();
    text += "\nBy host (bytes of the bodies):\n";
    text += &table(&rows);
    text
}

fn entry(entry: &EgressEntry) -> Vec<String> {
    let sent = match (entry.held, entry.sent_bytes) {
        (true, _) => "held back".to_owned(),
        (false, Some(sent)) => format!("{} out", bytes(sent)),
        (false, None) => "not seen".to_owned(),
    };
    let received = match (entry.received_bytes, entry.ended_at) {
        (Some(received), _) if !entry.held => format!("{} in", bytes(received)),
        (None, None) => "under way".to_owned(),
        _ => String::new(),
    };
    let status = entry.status.map(|status| status.to_string());
    vec![
        ago(entry.at, now_ms()),
        entry.purpose.clone(),
        format!(
            "{} {}{}",
            entry.method,
            clean(&entry.host),
            clean(&entry.path)
        ),
        sent,
        received,
        status.unwrap_or_default(),
    ]
}

fn total(total: &EgressTotal) -> Vec<String> {
    let held = match total.held {
        0 => String::new(),
        held => format!("{} held back", count(held)),
    };
    vec![
        clean(&total.host),
        total.purpose.clone(),
        format!("{} requests", count(total.requests)),
        format!("{} out", bytes(total.sent_bytes)),
        format!("{} in", bytes(total.received_bytes)),
        held,
    ]
}
