//! LM Studio, by its own list of models: `/api/v1/models` since 0.4, `/api/v0/models` before.

use serde_json::Value;

use super::{Asking, LocalModel, Server};

pub(super) async fn find(asking: Asking) -> Option<Server> {
    let models = match asking
        .get("/api/v1/models")
        .await
        .as_ref()
        .and_then(new_list)
    {
        Some(models) => models,
        None => old_list(&asking.get("/api/v0/models").await?)?,
    };
    let base_url = asking.base_url();
    Some(Server {
        product: "LM Studio".into(),
        base_url,
        version: None,
        models,
    })
}

fn new_list(body: &Value) -> Option<Vec<LocalModel>> {
    let list = body.get("models")?.as_array()?;
    list.iter().map(new_model).collect()
}

/// None for an entry of another product's list.
fn new_model(entry: &Value) -> Option<LocalModel> {
    let id = entry.get("key")?.as_str()?.to_owned();
    let instances = entry.get("loaded_instances").and_then(Value::as_array);
    let first = instances.and_then(|list| list.first());
    let served = first.and_then(|instance| instance.get("config")?.get("context_length")?.as_u64());
    let can = |what: &str| entry.get("capabilities")?.get(what)?.as_bool();
    Some(LocalModel {
        id,
        context_tokens: served.or_else(|| entry.get("max_context_length")?.as_u64()),
        supports_tools: can("trained_for_tool_use"),
        supports_embeddings: embeds(entry),
        loaded: instances.map(|list| !list.is_empty()),
        accepts_images: can("vision"),
    })
}

fn old_list(body: &Value) -> Option<Vec<LocalModel>> {
    let list = body.get("data")?.as_array()?;
    list.iter().map(old_model).collect()
}

fn old_model(entry: &Value) -> Option<LocalModel> {
    let state = entry.get("state")?.as_str()?;
    let capabilities = entry.get("capabilities").and_then(Value::as_array);
    let served = entry
        .get("loaded_context_length")
        .or_else(|| entry.get("max_context_length"));
    let kind = entry.get("type").and_then(Value::as_str);
    Some(LocalModel {
        id: entry.get("id")?.as_str()?.to_owned(),
        context_tokens: served.and_then(Value::as_u64),
        supports_tools: capabilities.map(|list| list.iter().any(|can| can == "tool_use")),
        supports_embeddings: embeds(entry),
        loaded: Some(state == "loaded"),
        accepts_images: kind.map(|kind| kind == "vlm"),
    })
}

fn embeds(entry: &Value) -> Option<bool> {
    entry
        .get("type")?
        .as_str()
        .map(|kind| kind.starts_with("embedding"))
}
