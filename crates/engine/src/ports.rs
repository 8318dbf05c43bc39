//! What tests, the demonstration and the programs put in: models, secrets.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use mira_llm::Model;
use mira_protocol::Failure;
use mira_protocol::operation::Tier;
use mira_protocol::provider::ProviderName;

/// Everything of the outside that the engine does not make itself.
#[derive(Clone)]
pub struct Ports {
    /// None: the providers that the settings name.
    pub models: Option<Arc<dyn ModelSource>>,
    pub secrets: Arc<dyn SecretStore>,
    /// Who asks the person for a password when an elevated command needs one. None: nobody can.
    pub askpass: Option<Askpass>,
}

/// A program that `sudo -A` starts. It asks the person and gives the password to sudo alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Askpass {
    pub program: PathBuf,
    /// Tells it that it is called so, and where to ask.
    pub env: Vec<(String, String)>,
}

/// Gives the model for a call.
#[async_trait]
pub trait ModelSource: Send + Sync {
    async fn resolve(&self, want: &Want) -> Result<Resolved, Failure>;

    /// Who answers instead, where the providers in `down` do not; None where the person has
    /// chosen nobody, or nobody is left.
    async fn instead(
        &self,
        _want: &Want,
        _down: &[ProviderName],
    ) -> Result<Option<Resolved>, Failure> {
        Ok(None)
    }

    /// An operation has ended: time for what may wait.
    fn idle(&self) {}
}

#[derive(Debug, Clone, PartialEq)]
pub struct Want {
    pub tier: Tier,
    /// The person's choice; wins over the tier's model.
    pub model: Option<String>,
}

/// A model that can be asked now, and what is known of it.
#[derive(Clone)]
pub struct Resolved {
    pub model: Arc<dyn Model>,
    /// The id that goes on the wire.
    pub id: String,
    pub provider: ProviderName,
    pub effort: Option<String>,
    pub context_tokens: Option<u64>,
    pub max_output_tokens: Option<u64>,
    pub prices: Option<mira_llm::Prices>,
    pub accepts_images: bool,
    /// Something to tell the person once an operation: a retired id and its successor.
    pub notice: Option<String>,
    /// It costs nothing that anybody would bill, so that it needs no price.
    pub free: bool,
}

/// The OS keychain. Calls may block and may wait for the person.
pub trait SecretStore: Send + Sync {
    /// Err: the keychain cannot be used, in words.
    fn get(&self, name: &str) -> Result<Option<String>, String>;
    fn set(&self, name: &str, secret: &str) -> Result<(), String>;
    fn delete(&self, name: &str) -> Result<(), String>;
}

/// No keychain: says so.
pub struct NoSecrets;

impl SecretStore for NoSecrets {
    fn get(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn set(&self, _: &str, _: &str) -> Result<(), String> {
        Err("There is no keychain on this machine; use the environment.".into())
    }

    fn delete(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
}
