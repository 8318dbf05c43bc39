//! `mira providers`: who can be asked, and whether it really answers.

use mira_protocol::provider::{Provider, TestEmbeddings, TestProvider};
use mira_protocol::system::Nothing;
use mira_protocol::{Failure, calls};

use super::{say, say_json, table};
use crate::args::ProvidersCommand;
use crate::client::Client;
use crate::render::text::{clean, duration, usd};

pub async fn run(client: &Client, command: ProvidersCommand) -> Result<u8, Failure> {
    match command {
        ProvidersCommand::List(json) => {
            let list = client.call(calls::ProviderList(Nothing {})).await?;
            if json.json {
                say_json(&list)?;
                return Ok(0);
            }
            let mut text = table(&list.providers.iter().map(row).collect::<Vec<_>>());
            if !list.keychain_problem.is_empty() {
                text.push_str(&format!("keychain: {}\n", clean(&list.keychain_problem)));
            }
            say(&text)?;
        }
        ProvidersCommand::Test {
            provider,
            model,
            json,
        } => {
            let test = TestProvider {
                provider: provider.into(),
                base_url: None,
                model,
                key: None,
            };
            let found = client.call(calls::ProviderTest(test)).await?;
            if json.json {
                say_json(&found)?;
            } else {
                let cost = found
                    .cost_micro_usd
                    .map_or_else(|| "price not known".to_owned(), usd);
                say(&format!(
                    "{} answered in {} ({cost}); tool calls: {}; usage {}.",
                    clean(&found.model),
                    duration(found.latency_ms),
                    clean(&found.tools),
                    if found.usage_reported {
                        "told"
                    } else {
                        "not told"
                    }
                ))?;
            }
        }
        ProvidersCommand::TestEmbeddings {
            model,
            dimensions,
            json,
        } => {
            let test = TestEmbeddings { model, dimensions };
            let found = client.call(calls::EmbeddingTest(test)).await?;
            if json.json {
                say_json(&found)?;
            } else {
                let cost = found
                    .cost_micro_usd
                    .map_or_else(|| "price not known".to_owned(), usd);
                say(&format!(
                    "{} made a vector of {} numbers in {} from {} tokens ({cost}).",
                    clean(&found.model),
                    found.dimensions,
                    duration(found.latency_ms),
                    found.input_tokens
                ))?;
            }
        }
    }
    Ok(0)
}

fn row(provider: &Provider) -> Vec<String> {
    let key = match provider.key_source.as_str() {
        "none" => "no key".to_owned(),
        source => format!("key from the {source}"),
    };
    vec![
        provider.name.as_str().to_owned(),
        if provider.ready { "ready" } else { "not ready" }.to_owned(),
        key,
        clean(&provider.base_url),
        provider
            .default_model
            .as_deref()
            .map(clean)
            .unwrap_or_default(),
    ]
}
