//! The key of each provider: from the environment, else from the OS keychain, which is opened
//! only when its key is needed and read once.

use std::sync::{Arc, Mutex, PoisonError};

use mira_llm::ApiKey;
use mira_protocol::provider::ProviderName;
use mira_protocol::{Code, Failure};

use crate::failure::internal;
use crate::ports::SecretStore;
use crate::settings::{Secret, Settings};

/// A key and where it is from.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub key: Option<ApiKey>,
    /// "environment", "keychain", "none"
    pub source: &'static str,
    /// Why the keychain cannot be used; empty where it was not needed, or works.
    pub problem: String,
}

#[derive(Clone)]
pub(super) struct Keys {
    secrets: Arc<dyn SecretStore>,
    /// What the keychain said, for OpenAI and the local server. Failures are not kept.
    read: Arc<Mutex<[Option<Option<ApiKey>>; 2]>>,
}

impl Keys {
    pub fn new(secrets: Arc<dyn SecretStore>) -> Self {
        Self {
            secrets,
            read: Arc::default(),
        }
    }

    pub async fn find(&self, provider: ProviderName, settings: &Settings) -> Found {
        let given = match provider {
            ProviderName::Openai => &settings.openai_api_key,
            ProviderName::Local => &settings.local_api_key,
        };
        if let Some(key) = given.as_ref().map(Secret::expose).and_then(ApiKey::new) {
            return Found {
                key: Some(key),
                source: "environment",
                problem: String::new(),
            };
        }
        match self.read(provider).await {
            Ok(Some(key)) => Found {
                key: Some(key),
                source: "keychain",
                problem: String::new(),
            },
            Ok(None) => Found {
                source: "none",
                ..Found::default()
            },
            Err(problem) => Found {
                key: None,
                source: "none",
                problem,
            },
        }
    }

    /// Saves the key, or removes it where it is empty.
    pub async fn set(&self, provider: ProviderName, key: String) -> Result<(), Failure> {
        let secrets = Arc::clone(&self.secrets);
        let name = entry(provider);
        let key = key.trim().to_owned();
        let kept = ApiKey::new(&key);
        let saved = tokio::task::spawn_blocking(move || match key.is_empty() {
            true => secrets.delete(name),
            false => secrets.set(name, &key),
        });
        saved.await.map_err(internal)?.map_err(|why| {
            let variable = match provider {
                ProviderName::Openai => "OPENAI_API_KEY",
                ProviderName::Local => "LOCAL_API_KEY",
            };
            Failure::new(
                Code::KeychainUnavailable,
                format!("The key was not saved: {why}"),
            )
            .hint(format!(
                "Set {variable} in the environment instead; Mira never writes a key to a file."
            ))
        })?;
        self.slots()[provider as usize] = Some(kept);
        Ok(())
    }

    async fn read(&self, provider: ProviderName) -> Result<Option<ApiKey>, String> {
        if let Some(known) = self.slots()[provider as usize].clone() {
            return Ok(known);
        }
        let secrets = Arc::clone(&self.secrets);
        let read = tokio::task::spawn_blocking(move || secrets.get(entry(provider)));
        let secret = read.await.map_err(|error| error.to_string())??;
        let key = secret.as_deref().and_then(ApiKey::new);
        self.slots()[provider as usize] = Some(key.clone());
        Ok(key)
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, [Option<Option<ApiKey>>; 2]> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry's name in the keychain.
fn entry(provider: ProviderName) -> &'static str {
    match provider {
        ProviderName::Openai => "openai",
        ProviderName::Local => "local",
    }
}
