//! Ollama, by `/api/version`. Its own default context is small and cuts prompts silently, so what
//! is told is what a loaded model really has, or what its parameters say, never what it was
//! trained for.

use futures::future::join_all;
use serde_json::{Value, json};

use super::{Asking, LocalModel, Server};

/// More models than this are listed without being asked about one by one.
const MOST_ASKED: usize = 32;

pub(super) async fn find(asking: Asking) -> Option<Server> {
    let version = asking.get("/api/version").await?;
    let version = version.get("version")?.as_str()?.to_owned();
    let (tags, running) = tokio::join!(asking.get("/api/tags"), asking.get("/api/ps"));
    let names: Vec<String> = entries(&tags).filter_map(name).collect();
    let shown = names.iter().take(MOST_ASKED).map(|name| {
        let asking = asking.clone();
        async move { asking.post("/api/show", &json!({ "model": name })).await }
    });
    let mut shown = join_all(shown).await.into_iter();
    let models = names
        .iter()
        .map(|id| {
            let loaded = entries(&running).find(|entry| name(entry).as_ref() == Some(id));
            model(
                id,
                shown.next().flatten().as_ref(),
                loaded,
                running.is_some(),
            )
        })
        .collect();
    let base_url = asking.base_url();
    Some(Server {
        product: "Ollama".into(),
        base_url,
        version: Some(version),
        models,
    })
}

fn entries(list: &Option<Value>) -> impl Iterator<Item = &Value> {
    list.iter()
        .filter_map(|list| list.get("models")?.as_array())
        .flatten()
}

fn name(entry: &Value) -> Option<String> {
    entry
        .get("model")
        .or_else(|| entry.get("name"))?
        .as_str()
        .map(str::to_owned)
}

fn model(
    id: &str,
    shown: Option<&Value>,
    loaded: Option<&Value>,
    knows_loaded: bool,
) -> LocalModel {
    let can = |what: &str| {
        let list = shown?.get("capabilities")?.as_array()?;
        Some(list.iter().any(|capability| capability == what))
    };
    let running = loaded.and_then(|entry| entry.get("context_length")?.as_u64());
    LocalModel {
        id: id.to_owned(),
        context_tokens: running.or_else(|| num_ctx(shown?)),
        supports_tools: can("tools"),
        supports_embeddings: can("embedding"),
        loaded: knows_loaded.then_some(loaded.is_some()),
        accepts_images: can("vision"),
    }
}

/// From the model's parameters, lines of a name and a value.
fn num_ctx(shown: &Value) -> Option<u64> {
    let parameters = shown.get("parameters")?.as_str()?;
    let line = parameters
        .lines()
        .find_map(|line| line.trim().strip_prefix("num_ctx"))?;
    line.trim().parse().ok()
}
