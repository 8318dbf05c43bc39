//! Gemini, Anthropic, vectors: the real clients against the fakes over real HTTP, and the rules of
//! the fakes, each broken once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use futures::StreamExt;
use mira_llm::catalogue::Catalogue;
use mira_llm::embed::{EmbedRequest, Embedded, Embedder, OpenAiEmbedder};
use mira_llm::{
    ANTHROPIC, Anthropic, ApiKey, Chunk, Endpoint, ErrorKind, Finish, GEMINI, Gemini, Http, Item,
    ItemKind, Model, ModelError, Patience, Prompt, RetrySettings, Retrying, ToolChoice, ToolSpec,
};
use mira_testkit::{FakeVendor, Fault, Place, Reply, Script};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

const GEMINI_MODEL: &str = "gemini-3.1-pro-preview";
const ANTHROPIC_MODEL: &str = "claude-sonnet-5";

fn retries() -> RetrySettings {
    RetrySettings {
        max_attempts: 3,
        base_ms: 1,
        jitter: 0.0,
        ..RetrySettings::default()
    }
}

fn client(vendor: &FakeVendor, provider: &str) -> Box<dyn Model> {
    let http = Arc::new(Http::new());
    let catalogue = Catalogue::builtin();
    let at = |url: String| Endpoint::new(&url, ApiKey::new("some-key")).unwrap();
    match provider {
        GEMINI => Box::new(Retrying::new(
            Gemini::new(
                http,
                at(vendor.gemini_url()),
                catalogue,
                Patience::default(),
            ),
            retries(),
        )),
        _ => Box::new(Retrying::new(
            Anthropic::new(http, at(vendor.url()), catalogue, Patience::default()),
            retries(),
        )),
    }
}

fn prompt(provider: &str, items: Vec<Arc<Item>>) -> Prompt {
    Prompt {
        model: match provider {
            GEMINI => GEMINI_MODEL.into(),
            _ => ANTHROPIC_MODEL.into(),
        },
        instructions: "Be kind.".into(),
        tools: Arc::new([ToolSpec {
            name: "run".into(),
            description: "Runs".into(),
            parameters: json!({"type": "object", "properties": {}}),
        }]),
        items,
        tool_choice: ToolChoice::Auto,
        effort: Some("high".into()),
        max_output_tokens: None,
        cache_key: "s".into(),
    }
}

/// What an answer adds to the conversation, and how it ended.
async fn ask(model: &dyn Model, prompt: Prompt) -> (Vec<Arc<Item>>, Result<Finish, ModelError>) {
    let (provider, id) = match prompt.model.starts_with("gemini") {
        true => (GEMINI, prompt.model.clone()),
        false => (ANTHROPIC, prompt.model.clone()),
    };
    let mut items: Vec<Arc<Item>> = Vec::new();
    let mut text = String::new();
    let mut answer = model.stream(prompt, CancellationToken::new());
    let mut end = Err(ModelError {
        kind: ErrorKind::Broken,
        message: "no end".into(),
        detail: None,
    });
    while let Some(chunk) = answer.next().await {
        match chunk {
            Ok(Chunk::Text(more)) => text += &more,
            Ok(Chunk::Restarted) => text.clear(),
            Ok(Chunk::Opaque(value)) => {
                flush(&mut items, &mut text);
                items.push(Item::new(ItemKind::Opaque {
                    provider: provider.into(),
                    model: id.clone(),
                    value,
                }));
            }
            Ok(Chunk::Call {
                id,
                name,
                arguments,
            }) => {
                flush(&mut items, &mut text);
                items.push(Item::new(ItemKind::Call {
                    id,
                    name,
                    arguments,
                }));
            }
            Ok(Chunk::Finished(finish)) => end = Ok(finish),
            Ok(_) => {}
            Err(error) => end = Err(error),
        }
    }
    flush(&mut items, &mut text);
    (items, end)
}

fn flush(items: &mut Vec<Arc<Item>>, text: &mut String) {
    if !text.is_empty() {
        items.push(Item::new(ItemKind::Assistant {
            text: std::mem::take(text),
        }));
    }
}

fn results(items: &[Arc<Item>]) -> Vec<Arc<Item>> {
    let calls = items.iter().filter_map(|item| match &item.kind {
        ItemKind::Call { id, .. } => Some(Item::new(ItemKind::CallResult {
            id: id.clone(),
            output: "done".into(),
        })),
        _ => None,
    });
    calls.collect()
}

#[tokio::test]
async fn turns_with_calls_echo_what_was_signed_whatever_the_bytes_do() {
    for provider in [GEMINI, ANTHROPIC] {
        let two = || {
            Reply::call("run", json!({"a": "ä"}))
                .and_call("run", json!({}))
                .with_text("Grüße 😀")
                .reasoning("hm")
        };
        let vendor = FakeVendor::start(Script::new([
            two(),
            two().with_fault(Fault::SplitBytes),
            two().with_fault(Fault::UnknownEvents),
            Reply::fault(Fault::RateLimited {
                retry_after_s: Some(0.01),
            }),
            Reply::fault(Fault::Status {
                status: 503,
                body: String::new(),
            }),
            two().with_fault(Fault::MalformedEvent),
            two().with_fault(Fault::Reset { at: Place::Text }),
            two().with_fault(Fault::ErrorEvent),
            Reply::text("The end.").reasoning("so"),
            Reply::text("Cut").with_fault(Fault::Incomplete),
        ]));
        let model = client(&vendor, provider);
        let mut items = vec![Item::user("go")];
        for turn in 0..4 {
            let (said, end) = ask(&*model, prompt(provider, items.clone())).await;
            assert_eq!(end, Ok(Finish::ToolCalls), "{provider} {turn}");
            let answers = results(&said);
            assert_eq!(answers.len(), 2);
            items.extend(said);
            items.extend(answers);
        }
        // The reset and the error event are asked again; a whole call before the error stands.
        let (said, end) = ask(&*model, prompt(provider, items.clone())).await;
        assert_eq!(end, Ok(Finish::BrokenOff), "{provider}");
        let answers = results(&said);
        items.extend(said);
        items.extend(answers);
        let (_, end) = ask(&*model, prompt(provider, items.clone())).await;
        assert_eq!(end, Ok(Finish::Stop), "{provider}");
        let (_, end) = ask(&*model, prompt(provider, items)).await;
        assert_eq!(end, Ok(Finish::Length), "{provider}");
        vendor.assert_clean();
        assert_eq!(vendor.unused(), 0);
        let count = model.count_tokens(
            &prompt(provider, vec![Item::user("go")]),
            CancellationToken::new(),
        );
        assert!(count.expect("it counts").await.unwrap() > 0);
    }
}

#[tokio::test]
async fn what_no_retry_mends_is_told_at_once() {
    for provider in [GEMINI, ANTHROPIC] {
        for (fault, kind) in [
            (Fault::Quota, ErrorKind::Quota),
            (Fault::Unauthorized, ErrorKind::Unauthorized),
            (Fault::ModelNotFound, ErrorKind::ModelNotFound),
            (Fault::NoSuchPath, ErrorKind::WrongUrl),
            (Fault::Html, ErrorKind::WrongUrl),
            (
                Fault::ContextTooLong,
                ErrorKind::ContextTooLong {
                    limit_tokens: Some(128_000),
                    prompt_tokens: Some(130_000),
                },
            ),
        ] {
            let vendor = FakeVendor::start(Script::new([Reply::fault(fault.clone())]));
            let model = client(&vendor, provider);
            let (_, end) = ask(&*model, prompt(provider, vec![Item::user("go")])).await;
            assert_eq!(
                end.map_err(|error| error.kind),
                Err(kind),
                "{provider} {fault:?}"
            );
            assert_eq!(vendor.requests().len(), 1);
        }
    }
}

/// Status and body of one request.
fn post(vendor: &FakeVendor, path: &str, body: &Value) -> (u16, String) {
    let mut stream = TcpStream::connect(("127.0.0.1", vendor.port())).unwrap();
    let body = body.to_string();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: x\r\nanthropic-version: 2023-06-01\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while !String::from_utf8_lossy(&answer).contains("}}") {
        match stream.read(&mut buffer).unwrap() {
            0 => break,
            n => answer.extend_from_slice(&buffer[..n]),
        }
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text[9..12].parse().unwrap(), text)
}

#[test]
fn each_rule_of_gemini_can_be_broken() {
    let person = json!({"role": "user", "parts": [{"text": "hi"}]});
    let call = |part: Value| json!({"role": "model", "parts": [part]});
    let bare = json!({"functionCall": {"id": "a", "name": "run", "args": {}}});
    let mut forged = bare.clone();
    forged["thoughtSignature"] = "bm8".into();
    let mut skipped = bare.clone();
    skipped["thoughtSignature"] = "skip_thought_signature_validator".into();
    let answer = json!({"role": "user", "parts": [{"functionResponse": {"id": "a", "name": "run", "response": {"output": "x"}}}]});
    for (contents, extra, word) in [
        (
            json!([person, call(bare), answer]),
            json!({}),
            "missing a thought_signature",
        ),
        (
            json!([person, call(forged), answer]),
            json!({}),
            "never sent",
        ),
        (
            json!([person, call(skipped.clone()), person]),
            json!({}),
            "number of function response parts",
        ),
        (json!([call(skipped)]), json!({}), "first content"),
        (
            json!([{"role": "assistant", "parts": [{"text": "x"}]}, person]),
            json!({}),
            "valid role",
        ),
        (
            json!([{"role": "user", "parts": [{"words": "x"}]}]),
            json!({}),
            "Unknown name",
        ),
        (json!([person]), json!({"store": false}), "Unknown name"),
        (
            json!([person]),
            json!({"generationConfig": {"thinkingConfig": {"thinkingLevel": "max"}}}),
            "Thinking level",
        ),
    ] {
        let vendor = FakeVendor::start(Script::new([Reply::text("ok").always()]));
        let mut body = extra;
        body["contents"] = contents;
        let path = format!("/v1beta/models/{GEMINI_MODEL}:streamGenerateContent?alt=sse");
        let (status, text) = post(&vendor, &path, &body);
        assert_eq!(status, 400, "{word}: {text}");
        assert!(text.contains("INVALID_ARGUMENT"), "{text}");
        let all = vendor.violations().join("\n");
        assert!(all.contains(word), "{word}: {all}");
    }
}

#[test]
fn each_rule_of_anthropic_can_be_broken() {
    let person = json!({"role": "user", "content": [{"type": "text", "text": "hi"}]});
    let says = |block: Value| json!({"role": "assistant", "content": [block]});
    let call = |id: &str| json!({"type": "tool_use", "id": id, "name": "run", "input": {}});
    let result = json!({"role": "user", "content": [{"type": "tool_result", "tool_use_id": "a", "content": "x"}]});
    let thought = json!({"type": "thinking", "thinking": "hm", "signature": "bm8"});
    for (messages, extra, word) in [
        (
            json!([person, says(call("a")), person]),
            json!({}),
            "without `tool_result`",
        ),
        (
            json!([person, says(call("a:1")), result]),
            json!({}),
            "should match pattern",
        ),
        (
            json!([person, says(thought), person]),
            json!({}),
            "never sent",
        ),
        (json!([person, person]), json!({}), "roles must alternate"),
        (
            json!([person, says(json!({"type": "text", "text": "x"}))]),
            json!({}),
            "prefill",
        ),
        (
            json!([person, says(json!({"type": "text", "text": ""})), person]),
            json!({}),
            "non-empty",
        ),
        (json!([person]), json!({"store": false}), "Extra inputs"),
        (json!([person]), json!({"max_tokens": null}), "max_tokens"),
        (
            json!([person]),
            json!({"thinking": {"type": "enabled", "budget_tokens": 2000}}),
            "thinking.type",
        ),
    ] {
        let vendor = FakeVendor::start(Script::new([Reply::text("ok").always()]));
        let mut body = json!({"model": ANTHROPIC_MODEL, "max_tokens": 100, "stream": true});
        for (name, value) in extra.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body["messages"] = messages;
        let (status, text) = post(&vendor, "/v1/messages", &body);
        assert_eq!(status, 400, "{word}: {text}");
        let all = vendor.violations().join("\n");
        assert!(all.contains(word), "{word}: {all}");
    }
}

async fn embed(vendor: &FakeVendor, inputs: Vec<Arc<str>>, dimensions: Option<u32>) -> Embedded {
    let endpoint = Endpoint::new(&vendor.url(), ApiKey::new("some-key")).unwrap();
    let http = Arc::new(Http::new());
    let embedder = OpenAiEmbedder::new(http, endpoint, Patience::default(), retries());
    let request = EmbedRequest {
        model: "text-embedding-3-large".into(),
        inputs,
        dimensions,
    };
    embedder
        .embed(request, CancellationToken::new())
        .await
        .unwrap()
}

#[tokio::test]
async fn vectors_come_in_order_within_the_limits() {
    let vendor = FakeVendor::start(Script {
        embedding_faults: vec![Fault::RateLimited {
            retry_after_s: Some(0.01),
        }],
        ..Script::new([])
    });
    let inputs: Vec<Arc<str>> = (0..2_050).map(|n| "x".repeat(n % 90 + 1).into()).collect();
    let made = embed(&vendor, inputs.clone(), Some(8)).await;
    assert_eq!(made.requests, 2);
    assert!(made.cut.is_empty());
    for (input, vector) in inputs.iter().zip(&made.vectors) {
        assert_eq!((vector[0], vector.len()), (input.len() as f32, 8));
    }
    let counted: u64 = inputs
        .iter()
        .map(|input| input.len().div_ceil(4) as u64)
        .sum();
    assert_eq!(made.usage.input, counted);
    // One was refused for its pace, and asked again.
    let statuses: Vec<u16> = vendor.asides().iter().map(|aside| aside.status).collect();
    assert_eq!(statuses, [429, 200, 200]);
}

#[tokio::test]
async fn a_text_longer_than_the_model_reads_is_cut_and_told() {
    let vendor = FakeVendor::start(Script::new([]));
    let long: Arc<str> = "ä".repeat(30_000).into();
    let made = embed(&vendor, vec!["a".into(), long, "".into()], None).await;
    assert_eq!(made.cut, [1]);
    assert_eq!(made.vectors.len(), 3);
    assert!(made.vectors[1][0] > 20_000.0 && made.vectors[1][0] <= 32_768.0);
    assert_eq!(made.vectors[0].len(), 3_072);
}

#[tokio::test]
async fn what_was_paid_before_a_failure_is_told() {
    let vendor = FakeVendor::start(Script {
        embedding_faults: vec![Fault::UnknownEvents, Fault::Quota],
        ..Script::new([])
    });
    let endpoint = Endpoint::new(&vendor.url(), None).unwrap();
    let embedder = OpenAiEmbedder::new(
        Arc::new(Http::new()),
        endpoint,
        Patience::default(),
        retries(),
    );
    // The first batch is answered; the second one is refused for good.
    let inputs: Vec<Arc<str>> = vec!["word ".repeat(4_000).into(); 20];
    let failure = embedder
        .embed(
            EmbedRequest {
                model: "text-embedding-3-large".into(),
                inputs,
                dimensions: None,
            },
            CancellationToken::new(),
        )
        .await
        .unwrap_err();
    assert_eq!(failure.error.kind, ErrorKind::Quota);
    assert_eq!(failure.usage.input, 15 * 5_000);
}
