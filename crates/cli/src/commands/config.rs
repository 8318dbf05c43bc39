//! `mira config`: settings, and keys in the OS keychain.

use std::io::{self, IsTerminal};

use mira_protocol::provider::{ProviderName, SetKey};
use mira_protocol::settings::{SetSetting, Setting, SettingList};
use mira_protocol::system::Nothing;
use mira_protocol::vectors::SetVectorsKey;
use mira_protocol::{Code, Failure, calls};

use super::{say, say_json, table};
use crate::args::{ConfigCommand, KeyOf};
use crate::client::Client;
use crate::hidden;
use crate::render::text::clean;

pub async fn run(client: &Client, command: ConfigCommand) -> Result<u8, Failure> {
    match command {
        ConfigCommand::List(json) => {
            let list = list(client).await?;
            if json.json {
                say_json(&list)?;
            } else {
                say(&table(&list.settings.iter().map(row).collect::<Vec<_>>()))?;
            }
        }
        ConfigCommand::Get { name } => {
            let list = list(client).await?;
            say(&find(&list, &name)?.value)?;
        }
        ConfigCommand::Set { name, value } => set(client, name, Some(value)).await?,
        ConfigCommand::Unset { name } => set(client, name, None).await?,
        ConfigCommand::Path => {
            let list = list(client).await?;
            say(&format!(
                "config.toml  {}\ndata         {}\n",
                list.config_file, list.data_dir
            ))?;
        }
        ConfigCommand::SetKey { of } => {
            let key = read_key(of)?;
            save_key(client, of, key).await?;
            say(&format!("Saved the key for {} in the keychain.", word(of)))?;
        }
        ConfigCommand::ClearKey { of } => {
            save_key(client, of, String::new()).await?;
            say(&format!(
                "Removed the key for {} from the keychain.",
                word(of)
            ))?;
        }
    }
    Ok(0)
}

async fn save_key(client: &Client, of: KeyOf, key: String) -> Result<(), Failure> {
    let provider = match of {
        KeyOf::Openai => ProviderName::Openai,
        KeyOf::Gemini => ProviderName::Gemini,
        KeyOf::Anthropic => ProviderName::Anthropic,
        KeyOf::Local => ProviderName::Local,
        KeyOf::Qdrant => {
            let save = SetVectorsKey { key };
            client.call(calls::VectorsSetKey(save)).await?;
            return Ok(());
        }
    };
    let save = SetKey { provider, key };
    client.call(calls::ProviderSetKey(save)).await?;
    Ok(())
}

async fn list(client: &Client) -> Result<SettingList, Failure> {
    client.call(calls::SettingsList(Nothing {})).await
}

fn row(setting: &Setting) -> Vec<String> {
    let value = if setting.value.is_empty() {
        "(empty)"
    } else {
        &setting.value
    };
    let about = format!("{} [{}]", setting.doc, setting.legal);
    vec![
        setting.name.clone(),
        clean(value),
        setting.source.clone(),
        about,
    ]
}

fn find<'l>(list: &'l SettingList, name: &str) -> Result<&'l Setting, Failure> {
    let found = list
        .settings
        .iter()
        .find(|setting| setting.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        Failure::new(Code::NotFound, format!("There is no setting {name:?}."))
            .hint("`mira config list` shows them all.")
    })
}

async fn set(client: &Client, name: String, value: Option<String>) -> Result<(), Failure> {
    let name = find(&list(client).await?, &name)?.name.clone();
    let list = client
        .call(calls::SettingsSet(SetSetting {
            name: name.clone(),
            value,
        }))
        .await?;
    let now = find(&list, &name)?;
    say(&format!(
        "{} = {} (from {})",
        now.name,
        clean(&now.value),
        now.source
    ))
}

/// From a pipe, or typed without being shown; never from the command line, where every program
/// of the machine could read it.
fn read_key(of: KeyOf) -> Result<String, Failure> {
    let mut key = String::new();
    let read = if io::stdin().is_terminal() {
        hidden::read_line(&format!("Key for {}: ", word(of)), &mut key)
    } else {
        io::stdin().read_line(&mut key).map(|_| ())
    };
    read.map_err(|error| {
        Failure::new(
            Code::BadParams,
            format!("The key could not be read: {error}."),
        )
    })?;
    let key = key.trim();
    if key.is_empty() {
        return Err(Failure::new(Code::BadParams, "No key was given.")
            .hint("Type it, or pipe it in: mira config set-key openai < key.txt"));
    }
    Ok(key.to_owned())
}

fn word(of: KeyOf) -> &'static str {
    match of {
        KeyOf::Openai => "openai",
        KeyOf::Gemini => "gemini",
        KeyOf::Anthropic => "anthropic",
        KeyOf::Local => "local",
        KeyOf::Qdrant => "qdrant",
    }
}
