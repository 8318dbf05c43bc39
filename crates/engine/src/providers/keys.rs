//! The key of each provider: from the environment, else from the OS keychain, which is opened
//! only when its key is needed and read once. An entry's name there is the provider's.

use std::collections::HashMap;
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
    /// What the keychain said. Failures are not kept.
    read: Arc<Mutex<HashMap<ProviderName, Option<ApiKey>>>>,
}

impl Keys {
    pub fn new(secrets: Arc<dyn SecretStore>) -> Self {
        Self {
            secrets,
            read: Arc::default(),
        }
    }

    pub async fn find(&self, provider: ProviderName, settings: &Settings) -> Found {
        let given = settings.api_key(provider);
        if let Some(key) = given.map(Secret::expose).and_then(ApiKey::new) {
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
        let name = provider.as_str();
        let key = key.trim().to_owned();
        let kept = ApiKey::new(&key);
        let removes = key.is_empty();
        let saved = tokio::task::spawn_blocking(move || match key.is_empty() {
            true => secrets.delete(name),
            false => secrets.set(name, &key),
        });
        saved.await.map_err(internal)?.map_err(|why| {
            let variable = provider.key_variable();
            Failure::new(
                Code::KeychainUnavailable,
                match removes {
                    true => format!("The key was not removed: {why}"),
                    false => format!("The key was not saved: {why}"),
                },
            )
            .hint(format!(
                "Set {variable} in the environment instead; Mira never writes a key to a file."
            ))
        })?;
        self.slots().insert(provider, kept);
        Ok(())
    }

    async fn read(&self, provider: ProviderName) -> Result<Option<ApiKey>, String> {
        if let Some(known) = self.slots().get(&provider).cloned() {
            return Ok(known);
        }
        let secrets = Arc::clone(&self.secrets);
        let read = tokio::task::spawn_blocking(move || secrets.get(provider.as_str()));
        let secret = read.await.map_err(|error| error.to_string())??;
        let key = secret.as_deref().and_then(ApiKey::new);
        self.slots().insert(provider, key.clone());
        Ok(key)
    }

    fn slots(&self) -> std::sync::MutexGuard<'_, HashMap<ProviderName, Option<ApiKey>>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how often it is opened.
    struct Keychain {
        holds: Result<Option<String>, String>,
        reads: AtomicUsize,
    }

    impl SecretStore for Keychain {
        fn get(&self, name: &str) -> Result<Option<String>, String> {
            assert_eq!(name, "openai");
            self.reads.fetch_add(1, Ordering::SeqCst);
            self.holds.clone()
        }

        fn set(&self, _: &str, _: &str) -> Result<(), String> {
            self.holds.clone().map(|_| ())
        }

        fn delete(&self, _: &str) -> Result<(), String> {
            self.holds.clone().map(|_| ())
        }
    }

    fn keys(holds: Result<Option<String>, String>) -> (Keys, Arc<Keychain>) {
        let keychain = Arc::new(Keychain {
            holds,
            reads: AtomicUsize::new(0),
        });
        (
            Keys::new(Arc::clone(&keychain) as Arc<dyn SecretStore>),
            keychain,
        )
    }

    fn settings(key: Option<&str>) -> Settings {
        let mut settings = Settings::under(Path::new("/nowhere"));
        settings.openai_api_key = key.map(Secret::new);
        settings
    }

    #[tokio::test]
    async fn the_environment_wins_and_the_keychain_stays_shut() {
        let (keys, keychain) = keys(Ok(Some("saved".into())));
        let found = keys
            .find(ProviderName::Openai, &settings(Some("given")))
            .await;
        assert_eq!(
            (found.key, found.source),
            (ApiKey::new("given"), "environment")
        );
        assert_eq!(keychain.reads.load(Ordering::SeqCst), 0);
    }

    #[tokio::test]
    async fn the_keychain_is_read_once_and_a_saved_key_counts_at_once() {
        let (keys, keychain) = keys(Ok(Some("saved".into())));
        let find = async || keys.find(ProviderName::Openai, &settings(None)).await;
        for _ in 0..2 {
            assert_eq!(
                (find().await.key, find().await.source),
                (ApiKey::new("saved"), "keychain")
            );
        }
        assert_eq!(keychain.reads.load(Ordering::SeqCst), 1);
        keys.set(ProviderName::Openai, " new \n".into())
            .await
            .unwrap();
        assert_eq!(find().await.key, ApiKey::new("new"));
        keys.set(ProviderName::Openai, String::new()).await.unwrap();
        assert_eq!((find().await.key, find().await.source), (None, "none"));
        assert_eq!(keychain.reads.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn without_a_keychain_it_says_so_and_what_to_do() {
        let (keys, _) = keys(Err("there is none".into()));
        let found = keys.find(ProviderName::Openai, &settings(None)).await;
        assert_eq!(
            (found.source, found.problem.as_str()),
            ("none", "there is none")
        );
        let failure = keys
            .set(ProviderName::Openai, "k-secret".into())
            .await
            .unwrap_err();
        assert_eq!(failure.code, Code::KeychainUnavailable);
        assert!(failure.hint.as_ref().unwrap().contains("OPENAI_API_KEY"));
        assert!(!format!("{failure:?}").contains("k-secret"));
    }
}
