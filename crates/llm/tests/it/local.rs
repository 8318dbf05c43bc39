//! Local servers, as each of them answers, and what only looks like one.

use std::time::Duration;

use mira_llm::Http;
use mira_llm::local::{LocalModel, Places, Server as Found, describe, detect};

use crate::server::{Reply, Server};

/// Answers by path; anything else is a 404.
async fn server(paths: &'static [(&'static str, u16, &'static str)]) -> Server {
    Server::answering(move |line| {
        let path = line.split(' ').nth(1).unwrap_or_default();
        let found = paths.iter().find(|(known, _, _)| *known == path);
        let (status, body) = found.map_or((404, "{}"), |(_, status, body)| (*status, body));
        Some(Reply::json(status, body))
    })
    .await
}

const OLLAMA: &[(&str, u16, &str)] = &[
    ("/api/version", 200, r#"{"version":"0.9.1"}"#),
    (
        "/api/tags",
        200,
        r#"{"models":[{"name":"qwen3:8b","model":"qwen3:8b"}]}"#,
    ),
    (
        "/api/ps",
        200,
        r#"{"models":[{"name":"qwen3:8b","model":"qwen3:8b","context_length":16384}]}"#,
    ),
    (
        "/api/show",
        200,
        r#"{"capabilities":["completion","tools"],"parameters":"stop \"x\"\nnum_ctx 8192","model_info":{"qwen3.context_length":40960}}"#,
    ),
];

const OLLAMA_IDLE: &[(&str, u16, &str)] = &[
    ("/api/version", 200, r#"{"version":"0.9.1"}"#),
    ("/api/tags", 200, r#"{"models":[{"name":"nomic"}]}"#),
    ("/api/ps", 200, r#"{"models":[]}"#),
    (
        "/api/show",
        200,
        r#"{"capabilities":["embedding"],"parameters":"num_ctx   8192"}"#,
    ),
];

const LM_STUDIO: &[(&str, u16, &str)] = &[(
    "/api/v1/models",
    200,
    r#"{"models":[{"type":"llm","key":"qwen/q","max_context_length":32768,
        "loaded_instances":[{"id":"q","config":{"context_length":8192}}],
        "capabilities":{"vision":false,"trained_for_tool_use":true}},
      {"type":"embedding","key":"nomic","max_context_length":2048,"loaded_instances":[]}]}"#,
)];

const LM_STUDIO_OLD: &[(&str, u16, &str)] = &[(
    "/api/v0/models",
    200,
    r#"{"data":[{"id":"q","object":"model","type":"vlm","state":"not-loaded","max_context_length":32768,"capabilities":["tool_use"]}]}"#,
)];

const LLAMA: &[(&str, u16, &str)] = &[
    (
        "/props",
        200,
        r#"{"default_generation_settings":{"n_ctx":8192},"chat_template_caps":{"supports_tools":true},"modalities":{"vision":false},"build_info":"b10434"}"#,
    ),
    (
        "/v1/models",
        200,
        r#"{"data":[{"id":"q","owned_by":"llamacpp","meta":{"n_ctx_train":32768}}]}"#,
    ),
    (
        "/v1/embeddings",
        501,
        r#"{"error":{"message":"This server does not support embeddings"}}"#,
    ),
];

const LLAMA_LOADING: &[(&str, u16, &str)] = &[
    (
        "/health",
        503,
        r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#,
    ),
    ("/props", 503, r#"{"error":{"message":"Loading model"}}"#),
];

/// A web server as developers have them on these ports.
const ORDINARY: &[(&str, u16, &str)] = &[
    ("/api/version", 200, r#"{"app":"shop"}"#),
    ("/api/v1/models", 200, r#"{"models":[{"name":"car"}]}"#),
    ("/api/v0/models", 200, "[]"),
    ("/props", 200, "{}"),
    (
        "/v1/models",
        200,
        r#"{"data":[{"id":"x","owned_by":"me"}]}"#,
    ),
    ("/health", 200, "{}"),
];

const TIMEOUT: Duration = Duration::from_secs(20);

fn origin(server: &Server) -> String {
    format!("http://{}", server.address)
}

fn model(id: &str, context: u64, tools: bool, embeds: Option<bool>, loaded: bool) -> LocalModel {
    LocalModel {
        id: id.into(),
        context_tokens: Some(context),
        supports_tools: Some(tools),
        supports_embeddings: embeds,
        loaded: Some(loaded),
        accepts_images: None,
    }
}

fn without_images(found: Vec<Found>) -> Vec<(String, Option<String>, Vec<LocalModel>)> {
    let plain = |model: LocalModel| LocalModel {
        accepts_images: None,
        ..model
    };
    found
        .into_iter()
        .map(|server| {
            (
                server.product,
                server.version,
                server.models.into_iter().map(plain).collect(),
            )
        })
        .collect()
}

#[tokio::test]
async fn each_product_is_known_by_its_fingerprint_and_asked_what_it_serves() {
    let (ollama, idle) = (server(OLLAMA).await, server(OLLAMA_IDLE).await);
    let (studio, old) = (server(LM_STUDIO).await, server(LM_STUDIO_OLD).await);
    let (llama, loading) = (server(LLAMA).await, server(LLAMA_LOADING).await);
    let ordinary = server(ORDINARY).await;
    let closed = "http://127.0.0.1:1".to_owned();
    let places = Places {
        ollama: vec![
            origin(&ollama),
            origin(&idle),
            origin(&ordinary),
            closed.clone(),
        ],
        lm_studio: vec![
            origin(&studio),
            origin(&old),
            origin(&ordinary),
            closed.clone(),
        ],
        llama_cpp: vec![origin(&llama), origin(&loading), origin(&ordinary), closed],
        timeout: TIMEOUT,
    };
    let found = detect(&Http::new(), &places).await;
    assert_eq!(found[0].base_url, ollama.base_url());
    assert_eq!(found[0].default_model().unwrap().id, "qwen3:8b");
    assert!(
        found[1].default_model().is_none(),
        "an embedder is no chat model"
    );
    assert_eq!(found[4].default_model().unwrap().id, "q");
    let row = |product: &str, version: Option<&str>, models| {
        (product.to_owned(), version.map(str::to_owned), models)
    };
    let embedder = LocalModel {
        id: "nomic".into(),
        context_tokens: Some(2048),
        supports_embeddings: Some(true),
        loaded: Some(false),
        ..LocalModel::default()
    };
    assert_eq!(
        without_images(found),
        [
            row(
                "Ollama",
                Some("0.9.1"),
                vec![model("qwen3:8b", 16_384, true, Some(false), true)]
            ),
            row(
                "Ollama",
                Some("0.9.1"),
                vec![model("nomic", 8192, false, Some(true), false)]
            ),
            row(
                "LM Studio",
                None,
                vec![model("qwen/q", 8192, true, Some(false), true), embedder]
            ),
            row(
                "LM Studio",
                None,
                vec![model("q", 32_768, true, Some(false), false)]
            ),
            row(
                "llama.cpp",
                Some("b10434"),
                vec![model("q", 8192, true, Some(false), true)]
            ),
            row("llama.cpp", None, vec![]),
        ]
    );
    for server in [&ollama, &studio, &llama, &ordinary] {
        for request in server.requests() {
            assert!(
                !request.head.to_lowercase().contains("authorization"),
                "{}",
                request.head
            );
        }
    }
}

#[tokio::test]
async fn a_silent_port_costs_one_timeout() {
    let silent = Server::answering(|_| Some(Reply::json(200, "").then_silence())).await;
    let places = Places {
        ollama: vec![origin(&silent)],
        lm_studio: vec![origin(&silent)],
        llama_cpp: vec![origin(&silent)],
        timeout: Duration::from_millis(50),
    };
    assert!(detect(&Http::new(), &places).await.is_empty());
}

#[tokio::test]
async fn a_configured_server_is_described_whatever_it_is() {
    let http = Http::new();
    let llama = server(LLAMA).await;
    let found = describe(&http, &format!("{}/", llama.base_url()), None, TIMEOUT)
        .await
        .unwrap();
    assert_eq!(
        (found.product.as_str(), found.models[0].context_tokens),
        ("llama.cpp", Some(8192))
    );
    assert_eq!(found.base_url, llama.base_url());

    let plain = server(&[(
        "/v1/models",
        200,
        r#"{"data":[{"id":"a","max_model_len":4096},{"id":"b"}]}"#,
    )])
    .await;
    let found = describe(&http, &plain.base_url(), None, TIMEOUT)
        .await
        .unwrap();
    let models: Vec<_> = found
        .models
        .iter()
        .map(|model| (model.id.as_str(), model.context_tokens))
        .collect();
    assert_eq!(
        (found.product.as_str(), models),
        ("", vec![("a", Some(4096)), ("b", None)])
    );

    assert!(
        describe(&http, "http://127.0.0.1:1/v1", None, TIMEOUT)
            .await
            .is_none()
    );
    assert!(describe(&http, "nonsense", None, TIMEOUT).await.is_none());
}
