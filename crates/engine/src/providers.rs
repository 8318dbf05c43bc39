//! The providers that the settings name: their keys, their models, the clients that ask them.

mod clients;
pub mod embeddings;
mod keys;
mod lists;
mod pick;
mod testing;
mod told;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mira_egress::Gate;
use mira_llm::catalogue::Catalogue;
use mira_llm::local::{self, Places, Server};
use mira_llm::{ApiKey, Endpoint};
use mira_protocol::operation::Tier;
use mira_protocol::provider::{
    DetectedServers, ModelList, Provider, ProviderList, ProviderName, SetKey, TierModel,
};
use mira_protocol::{Code, Failure, Topic};

use crate::budget::Budget;
use crate::events::EventLog;
use crate::ports::{ModelSource, Resolved, SecretStore, Want};
use crate::settings::{Settings, SettingsHandle};
use clients::{Client, Clients};
use keys::Keys;
use lists::Lists;
use pick::{Facts, Local, Picked, needs_local, no_model, pick};
use told::{told_embedding, told_local, told_model, told_server};

/// What a local server serves is asked again after this.
const DESCRIPTION_LASTS: Duration = Duration::from_secs(30);
/// The longest that the test of a provider takes; a local model may have to be loaded first.
const TEST_LASTS: Duration = Duration::from_secs(120);

/// Cheap to clone.
#[derive(Clone)]
pub struct Providers(Arc<Parts>);

struct Parts {
    settings: SettingsHandle,
    keys: Keys,
    events: EventLog,
    budget: Budget,
    clients: Clients,
    /// As loaded, and with what providers said.
    catalogue: Mutex<Option<Arc<Catalogue>>>,
    lists: Mutex<Option<Lists>>,
    refreshing: AtomicBool,
    described: Mutex<Option<(Instant, String, Server)>>,
}

impl Providers {
    pub fn new(
        settings: SettingsHandle,
        secrets: Arc<dyn SecretStore>,
        events: EventLog,
        budget: Budget,
        gate: Gate,
    ) -> Self {
        Self(Arc::new(Parts {
            settings,
            keys: Keys::new(secrets),
            events,
            budget,
            clients: Clients::through(gate),
            catalogue: Mutex::default(),
            lists: Mutex::default(),
            refreshing: AtomicBool::new(false),
            described: Mutex::default(),
        }))
    }

    /// Some provider has what it needs to be asked.
    pub async fn ready(&self) -> bool {
        let settings = self.0.settings.current();
        if settings.local_base_url.is_some() {
            return true;
        }
        let catalogue = self
            .catalogue(&settings)
            .unwrap_or_else(|_| Catalogue::builtin());
        !self.ready_for(None, &settings, &catalogue).await.is_empty()
    }

    pub async fn list(&self) -> Result<ProviderList, Failure> {
        let settings = self.0.settings.current();
        let catalogue = self.catalogue(&settings)?;
        let mut problem = String::new();
        let mut providers = Vec::new();
        for name in ProviderName::ALL {
            let Some(base_url) = settings.base_url(name) else {
                continue;
            };
            let found = self.0.keys.find(name, &settings).await;
            let default_model = match name {
                ProviderName::Local => {
                    let server = self.describe(base_url, found.key.as_ref()).await;
                    server
                        .as_ref()
                        .and_then(Server::default_model)
                        .map(|model| model.id.clone())
                }
                _ => {
                    let tiers = catalogue.tiers_of(pick::vendor_of(name));
                    Some(tiers.code.model.clone())
                }
            };
            providers.push(Provider {
                name,
                base_url: base_url.to_owned(),
                has_key: found.key.is_some(),
                key_source: found.source.to_owned(),
                ready: name == ProviderName::Local || found.key.is_some() || is_at_home(base_url),
                default_model,
            });
            if problem.is_empty() {
                problem = found.problem;
            }
        }
        let ready = providers.iter().any(|provider| provider.ready);
        Ok(ProviderList {
            providers,
            keychain_problem: problem,
            ready,
        })
    }

    /// Model servers on the usual ports of this machine.
    pub async fn detect(&self) -> Result<DetectedServers, Failure> {
        let found = local::detect(self.0.clients.http(), &Places::default()).await;
        Ok(DetectedServers {
            servers: found.into_iter().map(told_server).collect(),
        })
    }

    /// Saves or removes a key in the OS keychain.
    pub async fn set_key(&self, request: SetKey) -> Result<ProviderList, Failure> {
        self.0.keys.set(request.provider, request.key).await?;
        self.0.events.topic(Topic::Providers);
        self.list().await
    }

    /// Every model known, and the one of each tier.
    pub async fn models(&self) -> Result<ModelList, Failure> {
        let settings = self.0.settings.current();
        let catalogue = self.catalogue(&settings)?;
        let lists = self.lists().of_now(&settings);
        let mut models: Vec<_> = catalogue
            .models()
            .iter()
            .map(|model| told_model(model, &catalogue, &lists, today()))
            .collect();
        if let Some(base_url) = &settings.local_base_url {
            let key = self.0.keys.find(ProviderName::Local, &settings).await.key;
            let served = self.describe(base_url, key.as_ref()).await;
            models.extend(
                served
                    .into_iter()
                    .flat_map(|server| server.models)
                    .map(told_local),
            );
        }
        let mut tiers = Vec::new();
        for tier in [Tier::Fast, Tier::Voice, Tier::Code, Tier::Agentic] {
            let want = Want { tier, model: None };
            // Without any provider: what it would be, once there is a key.
            let picked = match self.pick(&want, &settings, &catalogue, None).await {
                Err(_) => {
                    let ready = Some(vec![ProviderName::Openai]);
                    self.pick(&want, &settings, &catalogue, ready).await?
                }
                Ok(picked) => picked,
            };
            let Picked {
                provider,
                id,
                effort,
                ..
            } = picked;
            tiers.push(TierModel {
                tier,
                model: id,
                provider,
                effort,
            });
        }
        Ok(ModelList {
            models,
            tiers,
            embeddings: catalogue.embeddings().iter().map(told_embedding).collect(),
            lists: lists.told(&Default::default()),
        })
    }

    /// The client and what is known of the model.
    async fn resolved(
        &self,
        picked: Picked,
        settings: &Settings,
        catalogue: &Arc<Catalogue>,
    ) -> Result<Resolved, Failure> {
        let provider = picked.provider;
        let base_url = settings.base_url(provider).ok_or_else(|| {
            no_model(&Facts {
                catalogue,
                ready: &[],
                local: None,
                today: today(),
            })
        })?;
        let client = Client {
            provider,
            base_url: base_url.to_owned(),
            key: self.0.keys.find(provider, settings).await.key,
            stall: Duration::from_millis(settings.stall_timeout_ms),
            replaceable: settings
                .provider_failover
                .iter()
                .any(|other| *other != provider),
        };
        let free = client.is_free()?;
        Ok(Resolved {
            model: self.0.clients.get(client, catalogue)?,
            id: picked.id,
            provider,
            effort: picked.effort,
            context_tokens: picked.context_tokens,
            max_output_tokens: picked.max_output_tokens,
            prices: picked.prices,
            accepts_images: picked.accepts_images,
            notice: picked.notice,
            free,
        })
    }

    /// `ready`: as if only these could be asked, on the net.
    async fn pick(
        &self,
        want: &Want,
        settings: &Settings,
        catalogue: &Catalogue,
        ready: Option<Vec<ProviderName>>,
    ) -> Result<Picked, Failure> {
        let configured = match want.tier {
            Tier::Fast => &settings.model_fast,
            Tier::Voice => &settings.model_voice,
            Tier::Code => &settings.model_code,
            Tier::Agentic => &settings.model_agentic,
        };
        let id = want.model.as_deref().or(configured.as_deref());
        let ready = match ready {
            Some(ready) => ready,
            None => self.ready_for(id, settings, catalogue).await,
        };
        let asked = want.model.as_deref();
        self.pick_among(&ready, want.tier, asked, configured.as_deref(), settings)
            .await
    }

    async fn pick_among(
        &self,
        ready: &[ProviderName],
        tier: Tier,
        asked: Option<&str>,
        configured: Option<&str>,
        settings: &Settings,
    ) -> Result<Picked, Failure> {
        let catalogue = self.catalogue(settings)?;
        let server = match &settings.local_base_url {
            Some(base_url) if needs_local(&catalogue, ready, asked.or(configured)) => {
                let key = self.0.keys.find(ProviderName::Local, settings).await.key;
                self.describe(base_url, key.as_ref()).await
            }
            _ => None,
        };
        let local = settings.local_base_url.as_deref().map(|base_url| Local {
            base_url,
            server: server.as_ref(),
        });
        let facts = Facts {
            catalogue: &catalogue,
            ready,
            local,
            today: today(),
        };
        pick(&facts, tier, asked, configured)
    }

    /// Of those on the net as many as decide who answers for the id: the keychain is not opened
    /// for others.
    async fn ready_for(
        &self,
        id: Option<&str>,
        settings: &Settings,
        catalogue: &Catalogue,
    ) -> Vec<ProviderName> {
        let maker = id.and_then(|id| pick::maker(catalogue, id));
        let mut ready = Vec::new();
        for name in ProviderName::ALL {
            let matters = ready.is_empty() || maker == Some(name);
            if name != ProviderName::Local && matters && self.is_ready(name, settings).await {
                ready.push(name);
            }
        }
        ready
    }

    async fn is_ready(&self, name: ProviderName, settings: &Settings) -> bool {
        let base_url = settings.base_url(name).unwrap_or_default();
        is_at_home(base_url) || self.0.keys.find(name, settings).await.key.is_some()
    }

    /// Those on the net that can be asked, in the order in which they are taken.
    async fn on_the_net(&self, settings: &Settings) -> Vec<ProviderName> {
        let mut ready = Vec::new();
        for name in ProviderName::ALL {
            if name != ProviderName::Local && self.is_ready(name, settings).await {
                ready.push(name);
            }
        }
        ready
    }

    fn catalogue(&self, settings: &Settings) -> Result<Arc<Catalogue>, Failure> {
        if let Some(catalogue) = &*locked(&self.0.catalogue) {
            return Ok(Arc::clone(catalogue));
        }
        let catalogue = Catalogue::load(&settings.config_dir.join("models.json"))
            .map_err(|error| Failure::new(Code::BadParams, error.to_string()))?;
        let merged = Arc::new(self.lists().over((*catalogue).clone(), settings));
        *locked(&self.0.catalogue) = Some(Arc::clone(&merged));
        Ok(merged)
    }

    fn lists(&self) -> Lists {
        let load = || Lists::load(&self.0.settings.current().data_dir);
        locked(&self.0.lists).get_or_insert_with(load).clone()
    }

    /// The catalogue is put together anew when it is needed next.
    fn set_lists(&self, lists: Lists) {
        *locked(&self.0.lists) = Some(lists);
        *locked(&self.0.catalogue) = None;
    }

    /// False where somebody asks already.
    fn begin_refresh(&self) -> bool {
        !self.0.refreshing.swap(true, Ordering::SeqCst)
    }

    fn end_refresh(&self) {
        self.0.refreshing.store(false, Ordering::SeqCst);
    }

    /// What the configured local server serves, as asked not long ago.
    async fn describe(&self, base_url: &str, key: Option<&ApiKey>) -> Option<Server> {
        {
            let known = self
                .0
                .described
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if let Some((since, url, server)) = &*known
                && url == base_url
                && since.elapsed() < DESCRIPTION_LASTS
            {
                return Some(server.clone());
            }
        }
        let server = self.ask_what_it_serves(base_url, key).await?;
        // A server that is still loading is asked again next time.
        if !server.models.is_empty() {
            let entry = (Instant::now(), base_url.to_owned(), server.clone());
            *self
                .0
                .described
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(entry);
        }
        Some(server)
    }

    async fn ask_what_it_serves(&self, base_url: &str, key: Option<&ApiKey>) -> Option<Server> {
        local::describe(self.0.clients.http(), base_url, key, Duration::from_secs(2)).await
    }
}

#[async_trait]
impl ModelSource for Providers {
    async fn resolve(&self, want: &Want) -> Result<Resolved, Failure> {
        let settings = self.0.settings.current();
        let catalogue = self.catalogue(&settings)?;
        let picked = self.pick(want, &settings, &catalogue, None).await?;
        self.resolved(picked, &settings, &catalogue).await
    }

    async fn instead(
        &self,
        want: &Want,
        down: &[ProviderName],
    ) -> Result<Option<Resolved>, Failure> {
        let settings = self.0.settings.current();
        let catalogue = self.catalogue(&settings)?;
        for &provider in &settings.provider_failover {
            if down.contains(&provider) {
                continue;
            }
            let ready = match provider {
                ProviderName::Local if settings.local_base_url.is_none() => continue,
                ProviderName::Local => vec![],
                _ if !self.is_ready(provider, &settings).await => continue,
                _ => vec![provider],
            };
            // With its own model of the tier: the one that was asked for is somebody else's.
            let picked = self
                .pick_among(&ready, want.tier, None, None, &settings)
                .await;
            match picked {
                Ok(picked) => {
                    let resolved = self.resolved(picked, &settings, &catalogue).await?;
                    return Ok(Some(resolved));
                }
                Err(failure) => {
                    tracing::info!(provider = provider.as_str(), %failure, "cannot answer instead");
                }
            }
        }
        Ok(None)
    }

    fn idle(&self) {
        self.refresh_when_due();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A server on this machine needs no key.
pub(crate) fn is_at_home(base_url: &str) -> bool {
    Endpoint::new(base_url, None).is_ok_and(|at| at.is_loopback())
}

fn today() -> jiff::civil::Date {
    jiff::Zoned::now().date()
}
