//! Model servers on this machine: which answer on their usual ports, what they really serve.
//!
//! A server counts only by its fingerprint: the ports are common ones, and a bare 200 proves
//! nothing. No key is sent, no redirect followed, nothing but loopback asked.

mod llama_cpp;
mod lm_studio;
mod ollama;

use std::time::Duration;

use futures::future::join_all;
use mira_egress::Client;
use reqwest::Url;
use serde_json::Value;

use crate::http::{Http, is_loopback};

/// Where to look and how long to wait.
#[derive(Debug, Clone)]
pub struct Places {
    pub ollama: Vec<String>,
    pub lm_studio: Vec<String>,
    pub llama_cpp: Vec<String>,
    /// For each question.
    pub timeout: Duration,
}

impl Default for Places {
    fn default() -> Self {
        let at = |ports: &[u16]| {
            ports
                .iter()
                .map(|port| format!("http://127.0.0.1:{port}"))
                .collect()
        };
        Self {
            ollama: at(&[11434]),
            lm_studio: at(&[1234]),
            llama_cpp: at(&[8080, 9931]),
            timeout: Duration::from_millis(500),
        }
    }
}

/// A server that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    /// "Ollama", "LM Studio", "llama.cpp"; empty for one that only speaks Chat Completions.
    pub product: String,
    /// With `/v1`.
    pub base_url: String,
    pub version: Option<String>,
    pub models: Vec<LocalModel>,
}

/// A model that a server offers. None means that the server does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LocalModel {
    pub id: String,
    /// What is really served, in tokens.
    pub context_tokens: Option<u64>,
    pub supports_tools: Option<bool>,
    pub supports_embeddings: Option<bool>,
    pub loaded: Option<bool>,
    pub accepts_images: Option<bool>,
}

impl Server {
    /// The model to ask where none was named: a loaded one before one that must be loaded first,
    /// one with tools before one without, none that only embeds.
    pub fn default_model(&self) -> Option<&LocalModel> {
        let only_embeds = |model: &&LocalModel| {
            model.supports_embeddings == Some(true) && model.supports_tools != Some(true)
        };
        let chat = self
            .models
            .iter()
            .filter(|model| !only_embeds(model) || self.product == "llama.cpp");
        chat.min_by_key(|model| {
            (
                model.loaded != Some(true),
                model.supports_tools == Some(false),
            )
        })
    }
}

/// Asks all places at once.
pub async fn detect(http: &Http, places: &Places) -> Vec<Server> {
    let ask = |origin: &String| Asking::new(http, origin, places.timeout);
    let ollama = join_all(places.ollama.iter().filter_map(ask).map(ollama::find));
    let lm_studio = join_all(places.lm_studio.iter().filter_map(ask).map(lm_studio::find));
    let llama_cpp = join_all(places.llama_cpp.iter().filter_map(ask).map(llama_cpp::find));
    let (ollama, lm_studio, llama_cpp) = tokio::join!(ollama, lm_studio, llama_cpp);
    [ollama, lm_studio, llama_cpp]
        .into_iter()
        .flatten()
        .flatten()
        .collect()
}

/// What the server at a configured base URL is and serves; None when nothing there answers.
/// `timeout` is for each question.
pub async fn describe(
    http: &Http,
    base_url: &str,
    key: Option<&crate::ApiKey>,
    timeout: Duration,
) -> Option<Server> {
    let mut url = Url::parse(base_url.trim()).ok()?;
    let base_url = url.as_str().trim_end_matches('/').to_owned();
    // Only servers on this machine are asked by their own addresses; others may be gateways.
    if is_loopback(&url) {
        url.set_path("");
        url.set_query(None);
        let origin = url.as_str().trim_end_matches('/').to_owned();
        let ask = || Asking::new(http, &origin, timeout);
        let (a, b, c) = tokio::join!(
            ollama::find(ask()?),
            lm_studio::find(ask()?),
            llama_cpp::find(ask()?)
        );
        if let Some(server) = a.or(b).or(c) {
            return Some(Server { base_url, ..server });
        }
    }
    let asking = Asking::new(http, &base_url, timeout)?.with_key(key);
    let models = asking.get("/models").await?;
    let models = models
        .get("data")?
        .as_array()?
        .iter()
        .filter_map(plain_model)
        .collect();
    Some(Server {
        product: String::new(),
        base_url,
        version: None,
        models,
    })
}

/// An entry of `/v1/models`, with the context where vLLM and llama.cpp put it.
fn plain_model(entry: &Value) -> Option<LocalModel> {
    Some(LocalModel {
        id: entry.get("id")?.as_str()?.to_owned(),
        context_tokens: entry.get("max_model_len").and_then(Value::as_u64),
        ..LocalModel::default()
    })
}

/// What questions to a server of this machine are for.
const LOOKING: mira_egress::Purpose = "local server";

/// Questions to one server.
#[derive(Clone)]
struct Asking {
    client: Client,
    origin: String,
    timeout: Duration,
    key: Option<crate::ApiKey>,
}

impl Asking {
    fn new(http: &Http, origin: &str, timeout: Duration) -> Option<Self> {
        let url = Url::parse(origin).ok()?;
        Some(Self {
            client: http.client(&url),
            origin: origin.to_owned(),
            timeout,
            key: None,
        })
    }

    fn with_key(mut self, key: Option<&crate::ApiKey>) -> Self {
        self.key = key.cloned();
        self
    }

    /// The JSON of a successful answer.
    async fn get(&self, path: &str) -> Option<Value> {
        self.answer(self.client.get(format!("{}{path}", self.origin)))
            .await
            .map(|(_, body)| body)?
    }

    async fn post(&self, path: &str, body: &Value) -> Option<Value> {
        let request = self
            .client
            .post(format!("{}{path}", self.origin))
            .json(body);
        self.answer(request).await.map(|(_, body)| body)?
    }

    /// Status, and the JSON of a successful answer.
    async fn status(&self, path: &str, body: &Value) -> Option<u16> {
        let request = self
            .client
            .post(format!("{}{path}", self.origin))
            .json(body);
        self.answer(request).await.map(|(status, _)| status)
    }

    async fn answer(&self, request: reqwest::RequestBuilder) -> Option<(u16, Option<Value>)> {
        let mut request = request.timeout(self.timeout);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.reveal());
        }
        let response = self.client.send(request, LOOKING).await.ok()?;
        let status = response.status();
        let body = response.bytes().await.ok();
        let body = body.and_then(|body| serde_json::from_slice(&body).ok());
        Some((status.as_u16(), body.filter(|_| status.is_success())))
    }

    fn base_url(&self) -> String {
        format!("{}/v1", self.origin)
    }
}
