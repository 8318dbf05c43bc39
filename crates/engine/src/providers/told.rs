//! What clients are told of models and servers.

use jiff::civil::Date;
use mira_llm::catalogue::{Catalogue, EmbeddingFacts, ModelFacts};
use mira_llm::local::{self, Server};
use mira_protocol::provider::{
    DetectedServer, EmbeddingModel, LocalModel, ModelInfo, ProviderName,
};

use super::lists::Lists;
use super::pick::provider_of;

pub(super) fn told_server(server: Server) -> DetectedServer {
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

pub(super) fn told_model(
    model: &ModelFacts,
    catalogue: &Catalogue,
    lists: &Lists,
    today: Date,
) -> ModelInfo {
    let listed = model.prices.as_ref();
    let prices = listed.map(|listed| listed.prices(today));
    let provider = provider_of(model.provider);
    ModelInfo {
        id: model.id.clone(),
        provider,
        context_tokens: Some(model.context_tokens),
        max_output_tokens: model.max_output_tokens,
        input_usd_per_mtok: prices.map(|prices| prices.input),
        cached_usd_per_mtok: prices.map(|prices| prices.cached),
        cache_write_usd_per_mtok: prices.map(|prices| prices.cache_write),
        output_usd_per_mtok: prices.map(|prices| prices.output),
        long_over_tokens: prices.and_then(|prices| prices.long_over_tokens),
        long_input: prices.map(|prices| prices.long_input),
        long_output: prices.map(|prices| prices.long_output),
        price_source: listed.map(|listed| listed.origin()),
        price_unconfirmed: listed.and_then(|listed| listed.unconfirmed.clone()),
        efforts: model.efforts.clone(),
        accepts_images: model.accepts_images,
        shut_down: model.shut_down.map(|day| day.to_string()),
        successor: model.successor.clone(),
        notice: catalogue.choose(&model.id, today).notice,
        listed: lists.has(provider, model),
    }
}

pub(super) fn told_embedding(model: &EmbeddingFacts) -> EmbeddingModel {
    EmbeddingModel {
        id: model.id.clone(),
        provider: provider_of(model.provider),
        dimensions: model.dimensions,
        max_input_tokens: model.max_input_tokens,
        usd_per_mtok: model.price,
        price_source: format!("{}, {}", model.source, model.date),
        price_unconfirmed: model.unconfirmed.clone(),
    }
}

pub(super) fn told_local(model: local::LocalModel) -> ModelInfo {
    ModelInfo {
        id: model.id,
        provider: ProviderName::Local,
        context_tokens: model.context_tokens,
        max_output_tokens: None,
        input_usd_per_mtok: None,
        cached_usd_per_mtok: None,
        cache_write_usd_per_mtok: None,
        output_usd_per_mtok: None,
        long_over_tokens: None,
        long_input: None,
        long_output: None,
        price_source: None,
        price_unconfirmed: None,
        efforts: Vec::new(),
        accepts_images: model.accepts_images.unwrap_or(false),
        shut_down: None,
        successor: None,
        notice: None,
        listed: None,
    }
}
