//! The clients that ask providers, made once for each configuration.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mira_egress::Gate;
use mira_llm::catalogue::Catalogue;
use mira_llm::{
    Anthropic, ApiKey, Compatible, Endpoint, Gemini, Http, LoadingWait, Model, OpenAi, Patience,
    RetrySettings, Retrying,
};
use mira_protocol::Failure;
use mira_protocol::provider::ProviderName;

use crate::failure::from_model;

/// A local server that first has to read a long prompt says nothing for so long.
const LOCAL_FIRST_BYTE: Duration = Duration::from_secs(600);
/// Where somebody else would answer instead, a provider is asked at most so often.
const ATTEMPTS_BEFORE_FAILOVER: u32 = 3;

/// What a client is made of.
#[derive(PartialEq, Clone)]
pub(super) struct Client {
    pub provider: ProviderName,
    pub base_url: String,
    pub key: Option<ApiKey>,
    pub stall: Duration,
    /// Somebody else answers where this one is down.
    pub replaceable: bool,
}

/// Each provider's newest client, and what it was made of.
type Made = HashMap<ProviderName, (Client, Arc<dyn Model>)>;

pub(super) struct Clients {
    http: Arc<Http>,
    made: Mutex<Made>,
}

impl Client {
    pub fn endpoint(&self) -> Result<Endpoint, Failure> {
        Endpoint::new(&self.base_url, self.key.clone())
            .map_err(|error| from_model(&error, self.provider, ""))
    }

    /// It runs on this machine, so nobody bills it. A server elsewhere may be somebody's.
    pub fn is_free(&self) -> Result<bool, Failure> {
        Ok(self.provider == ProviderName::Local && self.endpoint()?.is_loopback())
    }

    pub fn patience(&self) -> Patience {
        let first_byte = match self.provider {
            ProviderName::Local => self.stall.max(LOCAL_FIRST_BYTE),
            _ => self.stall,
        };
        Patience {
            first_byte,
            stall_after: self.stall,
            ..Patience::default()
        }
    }

    pub fn retries(&self) -> RetrySettings {
        let usual = RetrySettings::default();
        match self.replaceable {
            true => RetrySettings {
                max_attempts: ATTEMPTS_BEFORE_FAILOVER,
                ..usual
            },
            false => usual,
        }
    }
}

impl Clients {
    pub fn through(gate: Gate) -> Self {
        Self {
            http: Arc::new(Http::through(gate)),
            made: Mutex::default(),
        }
    }

    pub fn http(&self) -> &Arc<Http> {
        &self.http
    }

    /// One that asks again by itself; each provider's newest is kept.
    pub fn get(
        &self,
        client: Client,
        catalogue: &Arc<Catalogue>,
    ) -> Result<Arc<dyn Model>, Failure> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, model)) = made
            .get(&client.provider)
            .filter(|(made_of, _)| *made_of == client)
        {
            return Ok(Arc::clone(model));
        }
        let model = self.make(&client, catalogue)?;
        made.insert(client.provider, (client, Arc::clone(&model)));
        Ok(model)
    }

    fn make(&self, of: &Client, catalogue: &Arc<Catalogue>) -> Result<Arc<dyn Model>, Failure> {
        let retries = of.retries();
        let (http, endpoint, patience) = (self.http.clone(), of.endpoint()?, of.patience());
        let catalogue = Arc::clone(catalogue);
        Ok(match of.provider {
            ProviderName::Openai => Arc::new(Retrying::new(
                OpenAi::new(http, endpoint, catalogue, patience),
                retries,
            )),
            ProviderName::Gemini => Arc::new(Retrying::new(
                Gemini::new(http, endpoint, catalogue, patience),
                retries,
            )),
            ProviderName::Anthropic => Arc::new(Retrying::new(
                Anthropic::new(http, endpoint, catalogue, patience),
                retries,
            )),
            ProviderName::Local => Arc::new(Retrying::new(
                Compatible::new(http, endpoint, patience, LoadingWait::default()),
                retries,
            )),
        })
    }

    /// One that asks once, for a test.
    pub fn once(&self, of: &Client, catalogue: &Arc<Catalogue>) -> Result<Box<dyn Model>, Failure> {
        let (http, endpoint, patience) = (self.http.clone(), of.endpoint()?, of.patience());
        let catalogue = Arc::clone(catalogue);
        Ok(match of.provider {
            ProviderName::Openai => Box::new(OpenAi::new(http, endpoint, catalogue, patience)),
            ProviderName::Gemini => Box::new(Gemini::new(http, endpoint, catalogue, patience)),
            ProviderName::Anthropic => {
                Box::new(Anthropic::new(http, endpoint, catalogue, patience))
            }
            ProviderName::Local => Box::new(Compatible::new(
                http,
                endpoint,
                patience,
                LoadingWait::default(),
            )),
        })
    }
}
