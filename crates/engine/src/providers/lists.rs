//! Providers' own lists of models: which exist, which are shut down when. Asked on demand, or
//! after work at most once a day; kept in the data directory, so that what was learnt online
//! counts offline. Never on the way to an answer.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use mira_llm::catalogue::{Catalogue, ModelFacts};
use mira_llm::listing::{self, Listed};
use mira_llm::{ErrorKind, Patience};
use mira_protocol::provider::{ModelList, ProviderModels, ProviderName};
use mira_protocol::{Failure, Topic, UtcMs};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use super::Providers;
use super::clients::Client;
use super::pick::vendor_of;
use crate::clock::now_ms;
use crate::settings::Settings;

/// The file in the data directory.
const FILE: &str = "model-lists.json";
const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// A list that takes longer is asked for another time.
const LASTS: Duration = Duration::from_secs(20);

/// What providers said, by provider.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Lists {
    /// When all were asked the last time, whatever came of it.
    pub asked_at: UtcMs,
    pub of: BTreeMap<String, List>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct List {
    pub at: UtcMs,
    /// Who was asked: another address is another list.
    pub base_url: String,
    pub models: Vec<Listed>,
}

impl Lists {
    /// A file that cannot be read counts as none: it can be had again.
    pub fn load(data_dir: &Path) -> Self {
        std::fs::read(data_dir.join(FILE))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default()
    }

    fn save(&self, data_dir: &Path) -> std::io::Result<()> {
        let path = data_dir.join(FILE);
        let beside = data_dir.join(format!("{FILE}.new"));
        std::fs::write(&beside, serde_json::to_vec(self)?)?;
        std::fs::rename(beside, path)
    }

    /// The catalogue with what the lists say; only lists of the addresses that are set now.
    pub fn over(&self, catalogue: Catalogue, settings: &Settings) -> Catalogue {
        let mut merged = catalogue;
        for provider in ProviderName::ALL {
            if let Some(list) = self.current(provider, settings) {
                merged = merged.with_listed(vendor_of(provider), &list.models);
            }
        }
        merged
    }

    fn current(&self, provider: ProviderName, settings: &Settings) -> Option<&List> {
        let list = self.of.get(provider.as_str())?;
        (settings.base_url(provider) == Some(&list.base_url)).then_some(list)
    }

    /// Without lists of addresses that are not set any more.
    pub fn of_now(mut self, settings: &Settings) -> Self {
        self.of.retain(|name, list| {
            let provider = name.parse().ok();
            provider.and_then(|provider| settings.base_url(provider)) == Some(&list.base_url)
        });
        self
    }

    /// Whether the provider lists the model, under any of its names; None where it was not asked.
    pub fn has(&self, provider: ProviderName, model: &ModelFacts) -> Option<bool> {
        let list = self.of.get(provider.as_str())?;
        let named = |id: &str| list.models.iter().any(|listed| listed.id == id);
        Some(named(&model.id) || model.aliases.iter().any(|alias| named(alias)))
    }

    pub fn told(&self, problems: &BTreeMap<ProviderName, String>) -> Vec<ProviderModels> {
        ProviderName::ALL
            .into_iter()
            .filter_map(|provider| {
                let list = self.of.get(provider.as_str());
                let problem = problems.get(&provider).cloned();
                (list.is_some() || problem.is_some()).then(|| ProviderModels {
                    provider,
                    at: list.map_or(0, |list| list.at),
                    models: list.map_or(0, |list| list.models.len() as u32),
                    problem,
                })
            })
            .collect()
    }
}

impl Providers {
    /// Asks every provider on the net that can be asked, then the catalogue with what they said.
    pub async fn refresh(&self) -> Result<ModelList, Failure> {
        let problems = self.ask_for_lists().await;
        let mut list = self.models().await?;
        list.lists = self.lists().told(&problems);
        Ok(list)
    }

    /// Asks in the background where that is wanted and a day has passed.
    pub(super) fn refresh_when_due(&self) {
        let settings = self.0.settings.current();
        let asked_at = self.lists().asked_at;
        let due = now_ms() - asked_at >= DAY_MS || asked_at > now_ms();
        if !settings.model_refresh || !due || !self.begin_refresh() {
            return;
        }
        let this = self.clone();
        tokio::spawn(async move {
            for (provider, problem) in this.ask_for_lists().await {
                tracing::info!(provider = provider.as_str(), problem, "no list of models");
            }
            this.end_refresh();
        });
    }

    /// What went wrong, by provider. What another provider said stays.
    async fn ask_for_lists(&self) -> BTreeMap<ProviderName, String> {
        let settings = self.0.settings.current();
        let mut lists = self.lists();
        lists.asked_at = now_ms();
        let mut problems = BTreeMap::new();
        for provider in self.on_the_net(&settings).await {
            match self.ask_for_list(provider, &settings).await {
                // An empty list says nothing about models that answer.
                Ok(list) if list.models.is_empty() => {
                    problems.insert(provider, "its list of models is empty".into());
                }
                Ok(list) => {
                    lists.of.insert(provider.as_str().to_owned(), list);
                }
                Err(why) => {
                    problems.insert(provider, why);
                }
            }
        }
        if let Err(error) = lists.save(&settings.data_dir) {
            tracing::warn!(%error, "the lists of models were not kept");
        }
        self.set_lists(lists);
        self.0.events.topic(Topic::Providers);
        problems
    }

    async fn ask_for_list(
        &self,
        provider: ProviderName,
        settings: &Settings,
    ) -> Result<List, String> {
        let client = Client {
            provider,
            base_url: settings.base_url(provider).unwrap_or_default().to_owned(),
            key: self.0.keys.find(provider, settings).await.key,
            stall: LASTS,
            replaceable: false,
        };
        let endpoint = client.endpoint().map_err(|failure| failure.message)?;
        let patience = Patience {
            first_byte: LASTS,
            ..client.patience()
        };
        let vendor = vendor_of(provider);
        let asking = listing::list(
            self.0.clients.http(),
            &endpoint,
            vendor,
            patience,
            CancellationToken::new(),
        );
        match asking.await {
            Ok(models) => Ok(List {
                at: now_ms(),
                base_url: client.base_url,
                models,
            }),
            Err(error) if matches!(error.kind, ErrorKind::Unreached | ErrorKind::Broken) => {
                Err(format!("{} cannot be reached", provider.label()))
            }
            Err(error) => Err(error.message),
        }
    }
}
