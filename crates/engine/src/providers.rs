//! Providers.
use std::sync::Arc;

use async_trait::async_trait;
use mira_protocol::provider::*;
use mira_protocol::Failure;

use crate::events::EventLog;
use crate::failure::internal;
use crate::ports::{ModelSource, Resolved, SecretStore, Want};
use crate::settings::SettingsHandle;

#[derive(Clone)]
pub struct Providers {}

impl Providers {
    pub fn new(_: SettingsHandle, _: Arc<dyn SecretStore>, _: EventLog) -> Self {
        Self {}
    }
    pub async fn ready(&self) -> bool {
        false
    }
    pub async fn list(&self) -> Result<ProviderList, Failure> {
        Err(internal("providers"))
    }
    pub async fn detect(&self) -> Result<DetectedServers, Failure> {
        Err(internal("providers"))
    }
    pub async fn test(&self, _: TestProvider) -> Result<ProviderTest, Failure> {
        Err(internal("providers"))
    }
    pub async fn set_key(&self, _: SetKey) -> Result<ProviderList, Failure> {
        Err(internal("providers"))
    }
    pub async fn models(&self) -> Result<ModelList, Failure> {
        Err(internal("providers"))
    }
}

#[async_trait]
impl ModelSource for Providers {
    async fn resolve(&self, _: &Want) -> Result<Resolved, Failure> {
        Err(internal("providers"))
    }
}
