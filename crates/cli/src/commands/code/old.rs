//! `mira index old`: collections of vectors that search does not use, and removing them.

use std::io::{IsTerminal, Write};

use mira_protocol::vectors::{
    AskOldVectors, OldCollection, OldVectors, RemoveOldVectors, VectorStore,
};
use mira_protocol::{Failure, calls};

use crate::client::Client;
use crate::commands::{ask, say, say_json};
use crate::render::text::{bytes, clean, count};

pub struct Asked {
    pub model: Option<String>,
    pub store: Option<VectorStore>,
    pub remove: bool,
    pub yes: bool,
}

pub async fn run(client: &Client, asked: Asked, json: bool) -> Result<u8, Failure> {
    let store = asked.store;
    let mut old = client
        .call(calls::VectorsOld(AskOldVectors { store }))
        .await?;
    if let Some(model) = &asked.model {
        old.collections.retain(|one| one.model == *model);
    }
    if !asked.remove || old.collections.is_empty() {
        match json {
            true => say_json(&old)?,
            false => say(&said(&old))?,
        }
        return Ok(0);
    }
    let question = format!("{}Remove them for good? [y/N] ", said(&old));
    let is_sure = asked.yes || std::io::stdin().is_terminal() && !json && ask(&question);
    if !is_sure {
        // Nowhere left to say that this failed.
        let _ = writeln!(
            std::io::stderr().lock(),
            "Nothing was removed: --yes says yes."
        );
        return Ok(1);
    }
    let mut left = old.clone();
    for one in old.collections {
        let removed = RemoveOldVectors {
            store: old.store,
            name: one.name,
            model: one.model,
            dimensions: one.dimensions,
            points: one.points,
        };
        left = client.call(calls::VectorsRemoveOld(removed)).await?;
    }
    match json {
        true => say_json(&left)?,
        false => say(&format!("Removed.\n{}", said(&left)))?,
    }
    Ok(0)
}

fn said(old: &OldVectors) -> String {
    let place = clean(&old.place);
    if old.collections.is_empty() {
        return format!("Search uses every collection in {place}.\n");
    }
    let mut text = format!("Not used by search, in {place}:\n");
    for one in &old.collections {
        text.push_str(&line(one));
    }
    text.push_str("With that model, their vectors would have to be made anew.\n");
    text
}

fn line(one: &OldCollection) -> String {
    let of: Vec<String> = one
        .projects
        .iter()
        .map(|project| format!("{} of {}", count(project.points), clean(&project.name)))
        .collect();
    let of = match of.is_empty() {
        true => String::new(),
        false => format!(": {}", of.join(", ")),
    };
    format!(
        "  {} by {}, {} numbers: {} vectors, about {}{of}\n",
        clean(&one.name),
        clean(&one.model),
        one.dimensions,
        count(one.points),
        bytes(one.bytes)
    )
}
