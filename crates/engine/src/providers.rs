//! The providers that the settings name: their keys, their models, the clients that ask them.

mod keys;
mod pick;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mira_llm::catalogue::{Catalogue, Vendor};
use mira_llm::local::{self, Places, Server};
use mira_llm::{
    ApiKey, Compatible, Endpoint, ErrorKind, Http, LoadingWait, Model, ModelError, OpenAi,
    Patience, RetrySettings, Retrying, probe,
};
use mira_protocol::operation::Tier;
use mira_protocol::provider::{
    DetectedServer, DetectedServers, LocalModel, ModelInfo, ModelList, Provider, ProviderList,
    ProviderName, ProviderTest, SetKey, TestProvider, TierModel,
};
use mira_protocol::{Code, Failure, Topic};
use tokio_util::sync::CancellationToken;

use crate::events::EventLog;
use crate::failure::from_model;
use crate::ports::{ModelSource, Resolved, SecretStore, Want};
use crate::settings::{Settings, SettingsHandle};
use keys::{Found, Keys};
use pick::{Facts, Local, Picked, needs_local, no_model, pick};

/// What a local server serves is asked again after this.
const DESCRIPTION_LASTS: Duration = Duration::from_secs(30);
/// A local server that first has to read a long prompt says nothing for so long.
const LOCAL_FIRST_BYTE: Duration = Duration::from_secs(600);
/// The longest that the test of a provider takes; a local model may have to be loaded first.
const TEST_LASTS: Duration = Duration::from_secs(120);

/// Cheap to clone.
#[derive(Clone)]
pub struct Providers(Arc<Parts>);

struct Parts {
    settings: SettingsHandle,
    keys: Keys,
    events: EventLog,
    http: Arc<Http>,
    catalogue: Mutex<Option<Arc<Catalogue>>>,
    /// The client of each provider as last configured.
    clients: Mutex<[Option<MadeClient>; 2]>,
    described: Mutex<Option<(Instant, String, Server)>>,
}

type MadeClient = (Client, Arc<dyn Model>);

/// What a client was made of.
#[derive(PartialEq, Clone)]
struct Client {
    provider: ProviderName,
    base_url: String,
    key: Option<ApiKey>,
    stall: Duration,
}

impl Providers {
    pub fn new(settings: SettingsHandle, secrets: Arc<dyn SecretStore>, events: EventLog) -> Self {
        Self(Arc::new(Parts {
            settings,
            keys: Keys::new(secrets),
            events,
            http: Arc::new(Http::new()),
            catalogue: Mutex::default(),
            clients: Mutex::default(),
            described: Mutex::default(),
        }))
    }

    /// Some provider has what it needs to be asked.
    pub async fn ready(&self) -> bool {
        let settings = self.0.settings.current();
        settings.local_base_url.is_some() || self.openai(&settings).await.1
    }

    pub async fn list(&self) -> Result<ProviderList, Failure> {
        let settings = self.0.settings.current();
        let catalogue = self.catalogue(&settings)?;
        let (openai, openai_ready) = self.openai(&settings).await;
        let mut problem = openai.problem;
        let mut providers = vec![Provider {
            name: ProviderName::Openai,
            base_url: settings.openai_base_url.clone(),
            has_key: openai.key.is_some(),
            key_source: openai.source.to_owned(),
            ready: openai_ready,
            default_model: Some(catalogue.tiers().code.model.clone()),
        }];
        if let Some(base_url) = &settings.local_base_url {
            let local = self.0.keys.find(ProviderName::Local, &settings).await;
            let server = self.describe(base_url, local.key.as_ref()).await;
            if problem.is_empty() {
                problem = local.problem;
            }
            providers.push(Provider {
                name: ProviderName::Local,
                base_url: base_url.clone(),
                has_key: local.key.is_some(),
                key_source: local.source.to_owned(),
                ready: true,
                default_model: server
                    .as_ref()
                    .and_then(Server::default_model)
                    .map(|m| m.id.clone()),
            });
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
        let found = local::detect(&self.0.http, &Places::default()).await;
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

    /// A real request with one tool, without retries.
    pub async fn test(&self, request: TestProvider) -> Result<ProviderTest, Failure> {
        let settings = self.0.settings.current();
        let provider = request.provider;
        let configured = match provider {
            ProviderName::Openai => Some(settings.openai_base_url.clone()),
            ProviderName::Local => settings.local_base_url.clone(),
        };
        let base_url = request
            .base_url
            .or_else(|| configured.clone())
            .ok_or_else(|| {
                Failure::new(
                    Code::BadParams,
                    "No local server is set, so there is none to test.",
                )
                .hint("Give its address, or set LOCAL_BASE_URL.")
            })?;
        let key = match request.key.as_deref().and_then(ApiKey::new) {
            Some(key) => Some(key),
            // A saved key goes to the address it was saved for and nowhere else.
            None if configured.as_ref() == Some(&base_url) => {
                self.0.keys.find(provider, &settings).await.key
            }
            None => None,
        };
        let endpoint = endpoint(&base_url, key.clone(), provider)?;
        if provider == ProviderName::Openai && key.is_none() && !endpoint.is_loopback() {
            return Err(Failure::new(
                Code::KeyMissing,
                format!("There is no key to test {base_url} with."),
            )
            .hint("Enter a key, or set OPENAI_API_KEY."));
        }
        let catalogue = self.catalogue(&settings)?;
        let id = match (request.model, provider) {
            (Some(id), _) => id,
            (None, ProviderName::Openai) => {
                catalogue.choose(&catalogue.tiers().fast.model, today()).id
            }
            (None, ProviderName::Local) => {
                let server = self.ask_what_it_serves(&base_url, key.as_ref()).await;
                let local = Local {
                    base_url: &base_url,
                    server: server.as_ref(),
                };
                let facts = Facts {
                    catalogue: &catalogue,
                    openai: false,
                    local: Some(local),
                    today: today(),
                };
                pick(&facts, Tier::Fast, None, None)?.id
            }
        };
        let client = Client {
            provider,
            base_url: base_url.clone(),
            key: key.clone(),
            stall: TEST_LASTS,
        };
        let found = match provider {
            ProviderName::Openai => {
                self.probe(
                    &self.openai_client(endpoint, &client, &catalogue),
                    &id,
                    1_024,
                )
                .await
            }
            ProviderName::Local => {
                self.probe(&self.local_client(endpoint, &client), &id, 64)
                    .await
            }
        };
        let found = found.map_err(|error| from_model(&error, provider, &id))?;
        let context_tokens = match provider {
            ProviderName::Openai => catalogue.get(&id).map(|model| model.context_tokens),
            // Asked after the request: a model that was loaded by it now tells its true context.
            ProviderName::Local => self
                .ask_what_it_serves(&base_url, key.as_ref())
                .await
                .and_then(|server| server.models.into_iter().find(|model| model.id == id))
                .and_then(|model| model.context_tokens),
        };
        Ok(ProviderTest {
            model: id,
            latency_ms: found.latency_ms,
            tools: found.tools.as_str().to_owned(),
            context_tokens,
            usage_reported: found.usage_reported,
        })
    }

    /// Every model known, and the one of each tier.
    pub async fn models(&self) -> Result<ModelList, Failure> {
        let settings = self.0.settings.current();
        let catalogue = self.catalogue(&settings)?;
        let mut models: Vec<ModelInfo> = catalogue.models().iter().map(told_model).collect();
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
                Err(_) => self.pick(&want, &settings, &catalogue, Some(true)).await?,
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
        Ok(ModelList { models, tiers })
    }

    async fn pick(
        &self,
        want: &Want,
        settings: &Settings,
        catalogue: &Catalogue,
        openai: Option<bool>,
    ) -> Result<Picked, Failure> {
        let openai = match openai {
            Some(openai) => openai,
            None => self.openai(settings).await.1,
        };
        let configured = match want.tier {
            Tier::Fast => &settings.model_fast,
            Tier::Voice => &settings.model_voice,
            Tier::Code => &settings.model_code,
            Tier::Agentic => &settings.model_agentic,
        };
        let id = want.model.as_deref().or(configured.as_deref());
        let server = match &settings.local_base_url {
            Some(base_url) if needs_local(catalogue, openai, id) => {
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
            catalogue,
            openai,
            local,
            today: today(),
        };
        pick(
            &facts,
            want.tier,
            want.model.as_deref(),
            configured.as_deref(),
        )
    }

    /// OpenAI's key, and whether OpenAI can be asked: a server on this machine needs no key.
    async fn openai(&self, settings: &Settings) -> (Found, bool) {
        let at_home =
            Endpoint::new(&settings.openai_base_url, None).is_ok_and(|at| at.is_loopback());
        let found = self.0.keys.find(ProviderName::Openai, settings).await;
        let ready = found.key.is_some() || at_home;
        (found, ready)
    }

    fn catalogue(&self, settings: &Settings) -> Result<Arc<Catalogue>, Failure> {
        let mut loaded = self
            .0
            .catalogue
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(catalogue) = &*loaded {
            return Ok(Arc::clone(catalogue));
        }
        let catalogue = Catalogue::load(&settings.config_dir.join("models.json"))
            .map_err(|error| Failure::new(Code::BadParams, error.to_string()))?;
        Ok(Arc::clone(loaded.insert(catalogue)))
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
        local::describe(&self.0.http, base_url, key, Duration::from_secs(2)).await
    }

    /// The client that asks with retries, made once for each configuration.
    fn client(
        &self,
        client: Client,
        catalogue: &Arc<Catalogue>,
    ) -> Result<Arc<dyn Model>, Failure> {
        let mut clients = self
            .0
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let slot = &mut clients[client.provider as usize];
        if let Some((_, model)) = slot.as_ref().filter(|(made_of, _)| *made_of == client) {
            return Ok(Arc::clone(model));
        }
        let endpoint = endpoint(&client.base_url, client.key.clone(), client.provider)?;
        let retries = RetrySettings::default();
        let model: Arc<dyn Model> = match client.provider {
            ProviderName::Openai => Arc::new(Retrying::new(
                self.openai_client(endpoint, &client, catalogue),
                retries,
            )),
            ProviderName::Local => {
                Arc::new(Retrying::new(self.local_client(endpoint, &client), retries))
            }
        };
        *slot = Some((client, Arc::clone(&model)));
        Ok(model)
    }

    fn openai_client(&self, endpoint: Endpoint, of: &Client, catalogue: &Arc<Catalogue>) -> OpenAi {
        let patience = Patience {
            first_byte: of.stall,
            stall_after: of.stall,
            ..Patience::default()
        };
        OpenAi::new(
            Arc::clone(&self.0.http),
            endpoint,
            Arc::clone(catalogue),
            patience,
        )
    }

    fn local_client(&self, endpoint: Endpoint, of: &Client) -> Compatible {
        let patience = Patience {
            first_byte: of.stall.max(LOCAL_FIRST_BYTE),
            stall_after: of.stall,
            ..Patience::default()
        };
        Compatible::new(
            Arc::clone(&self.0.http),
            endpoint,
            patience,
            LoadingWait::default(),
        )
    }

    async fn probe(
        &self,
        model: &dyn Model,
        id: &str,
        max_output_tokens: u64,
    ) -> Result<probe::Probe, ModelError> {
        let asking = probe::probe(model, id, max_output_tokens, CancellationToken::new());
        tokio::time::timeout(TEST_LASTS, asking)
            .await
            .unwrap_or_else(|_| {
                let after_ms = TEST_LASTS.as_millis() as u64;
                let message = format!(
                    "Testing {id} failed: no answer within {} s.",
                    TEST_LASTS.as_secs()
                );
                Err(ModelError {
                    kind: ErrorKind::Stalled { after_ms },
                    message,
                    detail: None,
                })
            })
    }
}

#[async_trait]
impl ModelSource for Providers {
    async fn resolve(&self, want: &Want) -> Result<Resolved, Failure> {
        let settings = self.0.settings.current();
        let catalogue = self.catalogue(&settings)?;
        let picked = self.pick(want, &settings, &catalogue, None).await?;
        let key = self.0.keys.find(picked.provider, &settings).await.key;
        let base_url = match picked.provider {
            ProviderName::Openai => settings.openai_base_url.clone(),
            ProviderName::Local => settings.local_base_url.clone().ok_or_else(|| {
                let facts = Facts {
                    catalogue: &catalogue,
                    openai: false,
                    local: None,
                    today: today(),
                };
                no_model(&facts)
            })?,
        };
        let stall = Duration::from_millis(settings.stall_timeout_ms);
        let client = Client {
            provider: picked.provider,
            base_url,
            key,
            stall,
        };
        Ok(Resolved {
            model: self.client(client, &catalogue)?,
            id: picked.id,
            provider: picked.provider,
            effort: picked.effort,
            context_tokens: picked.context_tokens,
            max_output_tokens: picked.max_output_tokens,
            prices: picked.prices,
            accepts_images: picked.accepts_images,
            notice: picked.notice,
        })
    }
}

fn today() -> jiff::civil::Date {
    jiff::Zoned::now().date()
}

fn endpoint(
    base_url: &str,
    key: Option<ApiKey>,
    provider: ProviderName,
) -> Result<Endpoint, Failure> {
    Endpoint::new(base_url, key).map_err(|error| from_model(&error, provider, ""))
}

fn told_server(server: Server) -> DetectedServer {
    DetectedServer {
        product: server.product,
        base_url: server.base_url,
        version: server.version,
        models: server
            .models
            .into_iter()
            .map(|model| LocalModel {
                id: model.id,
                context_tokens: model.context_tokens,
                supports_tools: model.supports_tools,
                supports_embeddings: model.supports_embeddings,
                loaded: model.loaded,
            })
            .collect(),
    }
}

fn told_model(model: &mira_llm::catalogue::ModelFacts) -> ModelInfo {
    let prices = model.prices.as_ref();
    ModelInfo {
        id: model.id.clone(),
        provider: match model.provider {
            Vendor::Openai => ProviderName::Openai,
            Vendor::Local => ProviderName::Local,
        },
        context_tokens: Some(model.context_tokens),
        max_output_tokens: model.max_output_tokens,
        input_usd_per_mtok: prices.map(|listed| listed.input),
        cached_usd_per_mtok: prices.and_then(|listed| listed.cached),
        output_usd_per_mtok: prices.map(|listed| listed.output),
        price_source: prices.map(|listed| listed.origin()),
        efforts: model.efforts.clone(),
        accepts_images: model.accepts_images,
        shut_down: model.shut_down.map(|day| day.to_string()),
        successor: model.successor.clone(),
    }
}

fn told_local(model: local::LocalModel) -> ModelInfo {
    ModelInfo {
        id: model.id,
        provider: ProviderName::Local,
        context_tokens: model.context_tokens,
        max_output_tokens: None,
        input_usd_per_mtok: None,
        cached_usd_per_mtok: None,
        output_usd_per_mtok: None,
        price_source: None,
        efforts: Vec::new(),
        accepts_images: model.accepts_images.unwrap_or(false),
        shut_down: None,
        successor: None,
    }
}
