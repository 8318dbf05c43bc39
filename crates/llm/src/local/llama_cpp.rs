//! llama.cpp's server, by `/props`, or by the owner that it names in `/v1/models`; while it loads
//! a model, by the words in which it says so.

use serde_json::{Value, json};

use super::{Asking, LocalModel, Server};

pub(super) async fn find(asking: Asking) -> Option<Server> {
    let (props, list) = tokio::join!(asking.get("/props"), asking.get("/v1/models"));
    let props = props.filter(|props| props.get("default_generation_settings").is_some());
    let entries = list.as_ref().and_then(|list| list.get("data")?.as_array());
    let entries: Vec<&Value> = entries.into_iter().flatten().collect();
    let owned = |entry: &&Value| {
        entry
            .get("owned_by")
            .is_some_and(|owner| owner == "llamacpp")
    };
    let found = props.is_some() || entries.iter().any(owned) || is_loading(&asking).await;
    if !found {
        return None;
    }
    let embeds = match entries.first() {
        Some(entry) if entries.len() == 1 => embeds(&asking, entry).await,
        _ => None,
    };
    let models = entries
        .iter()
        .filter_map(|entry| model(entry, props.as_ref(), embeds))
        .collect();
    let version = props
        .as_ref()
        .and_then(|props| props.get("build_info")?.as_str());
    Some(Server {
        product: "llama.cpp".into(),
        base_url: asking.base_url(),
        version: version.map(str::to_owned),
        models,
    })
}

async fn is_loading(asking: &Asking) -> bool {
    let request = asking
        .client
        .get(format!("{}/health", asking.origin))
        .timeout(asking.timeout);
    let Ok(response) = asking.client.send(request, super::LOOKING).await else {
        return false;
    };
    if response.status().as_u16() != 503 {
        return false;
    }
    let body = response.bytes().await.ok();
    let body: Option<Value> = body.and_then(|body| serde_json::from_slice(&body).ok());
    let message = body
        .as_ref()
        .and_then(|body| body.get("error")?.get("message")?.as_str());
    message == Some("Loading model")
}

/// A server started without `--embeddings` says so with 501.
async fn embeds(asking: &Asking, entry: &Value) -> Option<bool> {
    let body = json!({"model": entry.get("id")?, "input": "a"});
    match asking.status("/v1/embeddings", &body).await? {
        200 => Some(true),
        400..=599 => Some(false),
        _ => None,
    }
}

fn model(entry: &Value, props: Option<&Value>, embeds: Option<bool>) -> Option<LocalModel> {
    let served = props.and_then(|props| {
        props
            .get("default_generation_settings")?
            .get("n_ctx")?
            .as_u64()
    });
    let listed = entry
        .get("meta")
        .and_then(|meta| meta.get("n_ctx")?.as_u64());
    // A router lists many models and says of each whether it is loaded.
    let status = entry
        .get("status")
        .and_then(|status| status.get("value")?.as_str());
    Some(LocalModel {
        id: entry.get("id")?.as_str()?.to_owned(),
        context_tokens: listed.or(served).filter(|&tokens| tokens > 0),
        supports_tools: props.and_then(|props| {
            props
                .get("chat_template_caps")?
                .get("supports_tools")?
                .as_bool()
        }),
        supports_embeddings: embeds,
        loaded: Some(status.is_none_or(|status| status == "loaded")),
        accepts_images: props.and_then(|props| props.get("modalities")?.get("vision")?.as_bool()),
    })
}
