//! Every way in which a provider fails, over a real connection: what is shown, what is asked
//! again, what is told.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use mira_llm::catalogue::Catalogue;
use mira_llm::{
    ApiKey, Chunk, Compatible, Endpoint, ErrorKind, Finish, Http, Item, LoadingWait, Model,
    ModelError, OpenAi, Patience, Prompt, RetrySettings, Retrying, ToolChoice, ToolSpec, Usage,
    probe,
};
use tokio_util::sync::CancellationToken;

use crate::server::{Reply, Server};

const KEY: &str = "key-that-nobody-may-see";
const HE: &str = r#"{"type":"response.output_text.delta","delta":"Grü"}"#;
const LLO: &str = r#"{"type":"response.output_text.delta","delta":"ße 😀"}"#;
const CALL: &str = r#"{"type":"response.output_item.done","item":{"type":"function_call","id":"f","call_id":"c","name":"run","arguments":"{}"}}"#;
const DONE: &str = r#"{"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":7,"output_tokens":3}}}"#;

fn patience(stall_ms: u64) -> Patience {
    let limit = Duration::from_millis(stall_ms);
    Patience {
        notice_after: limit / 2,
        first_byte: limit,
        stall_after: limit,
    }
}

fn endpoint(base_url: &str) -> Endpoint {
    Endpoint::new(base_url, ApiKey::new(KEY)).unwrap()
}

fn openai(base_url: &str, stall_ms: u64) -> OpenAi {
    let http = Arc::new(Http::new());
    OpenAi::new(
        http,
        endpoint(base_url),
        Catalogue::builtin(),
        patience(stall_ms),
    )
}

fn compatible(base_url: &str) -> Compatible {
    let loading = LoadingWait {
        every: Duration::from_millis(1),
        at_most: Duration::from_secs(60),
    };
    Compatible::new(
        Arc::new(Http::new()),
        endpoint(base_url),
        patience(60_000),
        loading,
    )
}

fn prompt() -> Prompt {
    Prompt {
        model: "gpt-6.2-sol".into(),
        instructions: "Be kind.".into(),
        tools: Arc::new([ToolSpec {
            name: "run".into(),
            description: "Runs".into(),
            parameters: serde_json::json!({"type": "object"}),
        }]),
        items: vec![Item::user("hi")],
        tool_choice: ToolChoice::Auto,
        effort: None,
        max_output_tokens: None,
        cache_key: "s".into(),
    }
}

fn retries() -> RetrySettings {
    RetrySettings {
        max_attempts: 3,
        base_ms: 1,
        jitter: 0.0,
        ..RetrySettings::default()
    }
}

/// What a person or the loop sees of it.
#[derive(Debug, PartialEq, Default)]
struct Seen {
    /// Messages; a restart begins another.
    messages: Vec<String>,
    calls: Vec<String>,
    /// Delays of the waits that were told, in milliseconds.
    waits: Vec<u64>,
    usage: Option<Usage>,
    finish: Option<Finish>,
    error: Option<ErrorKind>,
}

async fn see(model: impl Model) -> (Seen, Option<ModelError>) {
    let mut seen = Seen {
        messages: vec![String::new()],
        ..Seen::default()
    };
    let mut stream = model.stream(prompt(), CancellationToken::new());
    let mut failure = None;
    while let Some(chunk) = stream.next().await {
        assert!(
            seen.finish.is_none() && failure.is_none(),
            "something after the end"
        );
        match chunk {
            Ok(Chunk::Text(text)) => seen.messages.last_mut().unwrap().push_str(&text),
            Ok(Chunk::Restarted) => seen.messages.push(String::new()),
            Ok(Chunk::Call { id, .. }) => seen.calls.push(id),
            Ok(Chunk::Waiting { delay_ms, .. }) => seen.waits.push(delay_ms),
            Ok(Chunk::Usage(usage)) => seen.usage = Some(usage),
            Ok(Chunk::Finished(finish)) => seen.finish = Some(finish),
            Ok(_) => {}
            Err(error) => failure = Some(error),
        }
    }
    seen.error = failure.as_ref().map(|error| error.kind.clone());
    (seen, failure)
}

/// Through the retries, with a minute of patience.
async fn ask(replies: Vec<Reply>) -> (Seen, Server) {
    let server = Server::start(replies).await;
    let (seen, _) = see(Retrying::new(openai(&server.base_url(), 60_000), retries())).await;
    (seen, server)
}

fn answered(messages: &[&str], calls: &[&str], waits: &[u64], finish: Finish) -> Seen {
    let usage = (finish != Finish::BrokenOff).then(|| Usage {
        input: 7,
        output: 3,
        ..Usage::default()
    });
    Seen {
        messages: messages.iter().map(ToString::to_string).collect(),
        calls: calls.iter().map(ToString::to_string).collect(),
        waits: waits.to_vec(),
        usage,
        finish: Some(finish),
        error: None,
    }
}

fn good() -> Reply {
    Reply::events(&[HE, LLO, DONE])
}

#[tokio::test]
async fn a_request_carries_key_and_body_and_bytes_may_come_one_by_one() {
    let (seen, server) = ask(vec![good().in_bytes()]).await;
    assert_eq!(seen, answered(&["Grüße 😀"], &[], &[], Finish::Stop));
    let request = &server.requests()[0];
    assert!(
        request.head.starts_with("POST /v1/responses HTTP/1.1\r\n"),
        "{}",
        request.head
    );
    let authorization = format!("authorization: Bearer {KEY}");
    assert!(
        request
            .head
            .to_lowercase()
            .contains(&authorization.to_lowercase())
    );
    let body: serde_json::Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["store"], false);
    assert_eq!(body["input"][0]["content"][0]["text"], "hi");
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = Server::start(vec![good(); 10]).await;
    let model = openai(&server.base_url(), 60_000);
    for _ in 0..10 {
        see(model.clone()).await;
    }
    let last = server
        .requests()
        .iter()
        .map(|request| request.connection)
        .max()
        .unwrap();
    // A connection may still be on its way back when the next request begins.
    assert!(last < 5, "{} connections for 10 requests", last + 1);
}

#[tokio::test]
async fn what_passes_is_asked_again_with_a_notice() {
    let slow_down = Reply::json(
        429,
        r#"{"error":{"code":"rate_limit_exceeded","message":"slow"}}"#,
    )
    .header("retry-after-ms", "3");
    let failed =
        r#"{"type":"response.failed","response":{"error":{"code":"server_error","message":"x"}}}"#;
    for (fault, wait) in [
        (slow_down, 3),
        (Reply::json(500, r#"{"error":{"message":"x"}}"#), 1),
        (Reply::new(503, "text/plain", "overloaded"), 1),
        (Reply::json(408, ""), 1),
        (Reply::events(&[failed]), 1),
        (Reply::events(&[HE, failed]), 1),
        (Reply::events(&[HE]).then_reset(), 1),
        (Reply::events(&[]).then_reset(), 1),
        (Reply::events(&[HE]), 1),
        (Reply::events(&[HE, "[DONE]"]), 1),
    ] {
        let (seen, server) = ask(vec![fault, good()]).await;
        assert_eq!(seen, answered(&["Grüße 😀"], &[], &[wait], Finish::Stop));
        assert_eq!(server.requests().len(), 2);
        assert_eq!(server.requests()[0].body, server.requests()[1].body);
    }
}

#[tokio::test]
async fn a_malformed_event_is_skipped() {
    let (seen, _) = ask(vec![Reply::events(&[
        HE,
        "{\"type\": oops",
        "{}",
        LLO,
        DONE,
    ])])
    .await;
    assert_eq!(seen, answered(&["Grüße 😀"], &[], &[], Finish::Stop));
}

#[tokio::test]
async fn another_answer_after_a_break_is_another_message() {
    let other = r#"{"type":"response.output_text.delta","delta":"Other"}"#;
    let (seen, _) = ask(vec![
        Reply::events(&[HE]).then_reset(),
        Reply::events(&[other, DONE]),
    ])
    .await;
    assert_eq!(seen, answered(&["Grü", "Other"], &[], &[1], Finish::Stop));
}

#[tokio::test]
async fn after_a_whole_call_nothing_is_asked_again() {
    for fault in [
        Reply::events(&[HE, LLO, CALL]).then_reset(),
        Reply::events(&[HE, LLO, CALL]),
        Reply::events(&[HE, LLO, CALL, r#"{"type":"response.failed"}"#]),
    ] {
        let (seen, server) = ask(vec![fault]).await;
        assert_eq!(
            seen,
            answered(&["Grüße 😀"], &["c"], &[], Finish::BrokenOff)
        );
        assert_eq!(server.requests().len(), 1);
    }
    let incomplete = r#"{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"},"usage":{"input_tokens":7,"output_tokens":3}}}"#;
    let (seen, _) = ask(vec![Reply::events(&[CALL, incomplete])]).await;
    assert_eq!(seen, answered(&[""], &["c"], &[], Finish::ToolCalls));
}

#[tokio::test]
async fn silence_is_told_and_then_asked_again() {
    let model = |server: &Server| Retrying::new(openai(&server.base_url(), 200), retries());
    for fault in [
        Reply::events(&[HE]).then_silence(),
        Reply::events(&[]).then_silence(),
    ] {
        let server = Server::start(vec![fault, good()]).await;
        let (seen, _) = see(model(&server)).await;
        assert_eq!(seen.messages, ["Grüße 😀"]);
        assert_eq!(seen.finish, Some(Finish::Stop));
        // The notice at half time, then the wait of the retry.
        assert!(
            seen.waits.contains(&100) && seen.waits.contains(&1),
            "{:?}",
            seen.waits
        );
    }
}

#[tokio::test]
async fn what_a_retry_does_not_mend_is_told_after_one_request() {
    use ErrorKind::{ContextTooLong, ModelNotFound, Quota, Refused, Unauthorized, WrongUrl};
    let quota =
        r#"{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}"#;
    let wrong_key = format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}"}}}}"#);
    let long = r#"{"error":{"code":"context_length_exceeded","message":"maximum context length is 1000 tokens, you sent 2000"}}"#;
    for (fault, expected, word) in [
        (Reply::json(429, quota), Quota, "quota"),
        (Reply::json(401, &wrong_key), Unauthorized, "401"),
        (
            Reply::json(
                404,
                r#"{"error":{"code":"model_not_found","message":"The model does not exist"}}"#,
            ),
            ModelNotFound,
            "does not exist",
        ),
        (
            Reply::new(404, "text/plain", "404 page not found"),
            WrongUrl,
            "/v1",
        ),
        (
            Reply::new(200, "text/html", "<!doctype html><title>Hi</title>"),
            WrongUrl,
            "web page",
        ),
        (
            Reply::new(302, "text/plain", "").header("location", "http://127.0.0.1:1/"),
            WrongUrl,
            "redirects",
        ),
        (
            Reply::json(400, long),
            ContextTooLong {
                limit_tokens: Some(1000),
                prompt_tokens: Some(2000),
            },
            "1000",
        ),
        (
            Reply::json(400, r#"{"error":{"message":"Bad input"}}"#),
            Refused { status: Some(400) },
            "Bad input",
        ),
    ] {
        let server = Server::start(vec![fault]).await;
        let model = Retrying::new(openai(&server.base_url(), 60_000), retries());
        let (seen, error) = see(model).await;
        let error = error.unwrap();
        assert_eq!(seen.error, Some(expected));
        assert_eq!(server.requests().len(), 1, "{error}");
        assert!(
            error.message.contains(word) && error.message.contains(&server.base_url()),
            "{error}"
        );
        let told = format!("{error:?}");
        assert!(!told.contains(KEY), "{told}");
    }
}

#[tokio::test]
async fn a_refused_connection_names_address_and_cause() {
    // Bound and dropped: nothing listens there.
    let address = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let base_url = format!("http://{address}/v1");
    let (seen, error) = see(Retrying::new(openai(&base_url, 60_000), retries())).await;
    let message = error.unwrap().message;
    assert_eq!(
        (seen.error, seen.waits),
        (Some(ErrorKind::Unreached), vec![1, 2])
    );
    assert!(
        message.contains(&base_url) && message.contains("refused"),
        "{message}"
    );
    assert!(message.ends_with("It was tried 3 times."), "{message}");
}

#[tokio::test]
async fn failing_for_ever_ends() {
    let (seen, server) = ask(vec![Reply::json(500, ""); 9]).await;
    assert_eq!(
        seen.error,
        Some(ErrorKind::Server {
            status: Some(500),
            retry_after_ms: None
        })
    );
    assert_eq!(server.requests().len(), 3);
}

#[tokio::test]
async fn cancelling_ends_a_silent_request_at_once() {
    let server = Server::start(vec![Reply::events(&[HE]).then_silence()]).await;
    let cancel = CancellationToken::new();
    let model = Retrying::new(openai(&server.base_url(), 60_000), retries());
    let mut stream = model.stream(prompt(), cancel.clone());
    assert_eq!(stream.next().await, Some(Ok(Chunk::Text("Grü".into()))));
    cancel.cancel();
    assert_eq!(
        stream.next().await.unwrap().unwrap_err().kind,
        ErrorKind::Cancelled
    );
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_field_that_the_server_does_not_take_is_left_out() {
    let no = |param: &str| {
        let error = serde_json::json!({"error": {"message": "Not supported", "param": param}});
        Reply::json(400, &error.to_string())
    };
    let replies = vec![no("reasoning.summary"), no("include"), good(), good()];
    let server = Server::start(replies).await;
    let model = openai(&server.base_url(), 60_000);
    for _ in 0..2 {
        let (seen, _) = see(model.clone()).await;
        assert_eq!(seen.finish, Some(Finish::Stop));
    }
    let bodies: Vec<serde_json::Value> = server
        .requests()
        .iter()
        .map(|request| serde_json::from_str(&request.body).unwrap())
        .collect();
    let has = |body: &serde_json::Value| {
        (
            body.get("reasoning").is_some(),
            body.get("include").is_some(),
        )
    };
    let sent: Vec<(bool, bool)> = bodies.iter().map(has).collect();
    // The fourth request is the second question: what was learned stays.
    assert_eq!(
        sent,
        [(true, true), (false, true), (false, false), (false, false)]
    );
    // The same complaint again is an error, not a circle.
    let (seen, _) = ask(vec![no("include"), no("include")]).await;
    assert_eq!(seen.error, Some(ErrorKind::Refused { status: Some(400) }));
}

const CHAT_STOP: &str = r#"{"choices":[{"delta":{"content":"hi"},"finish_reason":"stop"}]}"#;

#[tokio::test]
async fn a_server_that_loads_is_waited_for() {
    let loading = Reply::json(
        503,
        r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#,
    );
    let mut replies = vec![loading; 18];
    replies.push(Reply::events(&[CHAT_STOP, "[DONE]"]));
    let server = Server::start(replies).await;
    let (seen, _) = see(Retrying::new(compatible(&server.base_url()), retries())).await;
    assert_eq!(seen.messages, ["hi"]);
    assert_eq!((seen.waits, seen.finish), (vec![0, 0], Some(Finish::Stop)));
}

#[tokio::test]
async fn a_local_server_gets_only_what_it_understands() {
    let server = Server::start(vec![Reply::events(&[CHAT_STOP])]).await;
    see(compatible(&server.base_url())).await;
    let request = &server.requests()[0];
    assert!(request.head.starts_with("POST /v1/chat/completions "));
    for absent in [
        "store",
        "reasoning_effort",
        "developer",
        "max_completion_tokens",
        "strict",
    ] {
        assert!(!request.body.contains(absent), "{absent}");
    }
}

#[tokio::test]
async fn local_errors_have_their_kinds() {
    let too_long = r#"{"error":{"code":400,"message":"request (9000 tokens) exceeds the available context size (8192 tokens), try increasing it","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":8192}}"#;
    let context = ErrorKind::ContextTooLong {
        limit_tokens: Some(8192),
        prompt_tokens: Some(9000),
    };
    let bare = ErrorKind::Server {
        status: Some(500),
        retry_after_ms: None,
    };
    for (reply, expected) in [
        (Reply::json(400, too_long), context),
        (Reply::new(500, "text/plain", "Internal Server Error"), bare),
        (
            Reply::json(404, r#"{"error":{"message":"model 'x' not found"}}"#),
            ErrorKind::ModelNotFound,
        ),
    ] {
        let server = Server::start(vec![reply]).await;
        let (seen, _) = see(compatible(&server.base_url())).await;
        assert_eq!(seen.error, Some(expected));
    }
}

#[tokio::test]
async fn the_probe_tells_how_calls_come_back() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}"#;
    let native = r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","function":{"name":"ready","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#;
    let written = r#"{"choices":[{"delta":{"content":"{\"name\":\"ready\",\"arguments\":{\"ok\":true}}"},"finish_reason":"stop"}]}"#;
    for (events, tools, usage_reported) in [
        (vec![native, usage], probe::Tools::Native, true),
        (vec![written], probe::Tools::Text, false),
        (vec![CHAT_STOP, usage], probe::Tools::None, true),
    ] {
        let server = Server::start(vec![Reply::events(&events)]).await;
        let model = compatible(&server.base_url());
        let found = probe::probe(&model, probe::prompt("m", 64), CancellationToken::new())
            .await
            .unwrap();
        assert_eq!(
            (found.tools, found.usage_reported()),
            (tools, usage_reported)
        );
        assert!(server.requests()[0].body.contains("\"max_tokens\":64"));
    }
}
