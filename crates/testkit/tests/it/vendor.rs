use std::io::{Read, Write};
use std::net::TcpStream;

use mira_testkit::{Entry, FakeVendor, Fault, Place, Reply, Script};
use serde_json::{Value, json};

/// Status and body of one request on a connection of its own; Err where it broke off.
fn post(vendor: &FakeVendor, path: &str, body: &Value) -> Result<(u16, String), String> {
    let mut stream = TcpStream::connect(("127.0.0.1", vendor.port())).map_err(|e| e.to_string())?;
    let body = body.to_string();
    write!(
        stream,
        "POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .map_err(|e| e.to_string())?;
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream
            .read(&mut buffer)
            .map_err(|e| format!("{e} after {}", String::from_utf8_lossy(&answer)))?
        {
            0 => return Err(format!("cut after {}", String::from_utf8_lossy(&answer))),
            n => answer.extend_from_slice(&buffer[..n]),
        }
        let Some(end) = find(&answer, b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&answer[..end]);
        let rest = &answer[end + 4..];
        let status = head[9..12].parse().map_err(|_| head.to_string())?;
        if head.contains("chunked") {
            if rest.ends_with(b"0\r\n\r\n") {
                return Ok((status, dechunk(rest)));
            }
        } else {
            let length = head
                .lines()
                .find_map(|l| l.strip_prefix("content-length: "))
                .and_then(|l| l.parse().ok());
            if Some(rest.len()) == length {
                return Ok((status, String::from_utf8_lossy(rest).into_owned()));
            }
        }
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes
        .windows(wanted.len())
        .position(|window| window == wanted)
}

fn dechunk(mut rest: &[u8]) -> String {
    let mut body = Vec::new();
    while let Some(end) = find(rest, b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]);
        let size = usize::from_str_radix(&size, 16).unwrap_or(0);
        if size == 0 {
            break;
        }
        let start = end + 2;
        body.extend_from_slice(&rest[start..start + size]);
        rest = &rest[start + size + 2..];
    }
    String::from_utf8_lossy(&body).into_owned()
}

fn events(body: &str) -> Vec<Value> {
    body.lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .filter_map(|data| serde_json::from_str(data).ok())
        .collect()
}

fn user(text: &str) -> Value {
    json!({ "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }] })
}

fn ask(input: Vec<Value>) -> Value {
    json!({
        "model": "gpt-6.2-sol", "stream": true, "store": false, "include": ["reasoning.encrypted_content"],
        "reasoning": { "effort": "high" }, "prompt_cache_key": "s1", "instructions": "Work.",
        "tools": [{ "type": "function", "name": "read", "parameters": { "type": "object", "properties": { "path": { "type": "string" } } } }],
        "input": input,
    })
}

fn objections(vendor: &FakeVendor, part: &str) {
    let violations = vendor.violations();
    assert!(
        violations.iter().any(|v| v.contains(part)),
        "{part:?} is not among {violations:#?}"
    );
}

#[test]
fn a_turn_with_a_call_is_streamed_in_order_and_must_come_back_whole() {
    let vendor = FakeVendor::start(Script::new([
        Reply::text("I look at it, ä bit.").and_call("read", json!({ "path": "a" })),
        Reply::text("Done."),
    ]));
    let (status, body) = post(&vendor, "/v1/responses", &ask(vec![user("Look.")])).unwrap();
    assert_eq!(status, 200);
    let events = events(&body);
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event["sequence_number"], at);
    }
    let text: String = events
        .iter()
        .filter(|e| e["type"] == "response.output_text.delta")
        .filter_map(|e| e["delta"].as_str())
        .collect();
    assert_eq!(text, "I look at it, ä bit.");
    let last = &events.last().unwrap()["response"];
    assert_eq!(last["status"], "completed");
    assert!(last["usage"]["input_tokens_details"]["cached_tokens"].is_u64());
    let output = last["output"].as_array().unwrap();
    let kinds: Vec<&str> = output
        .iter()
        .filter_map(|item| item["type"].as_str())
        .collect();
    assert_eq!(kinds, ["reasoning", "message", "function_call"]);

    let mut input = vec![user("Look.")];
    input.extend(output.iter().cloned());
    input.push(json!({ "type": "function_call_output", "call_id": output[2]["call_id"], "output": "1 line" }));
    let (status, _) = post(&vendor, "/v1/responses", &ask(input)).unwrap();
    assert_eq!(status, 200);
    vendor.assert_clean();
    let seen = vendor.requests();
    assert_eq!(seen[1].kept_input_bytes, seen[0].input_bytes);
    assert_eq!(seen[1].last_result.as_deref(), Some("1 line"));
    assert_eq!(vendor.unused(), 0);
}

#[test]
fn broken_histories_are_refused() {
    let call =
        json!({ "type": "function_call", "call_id": "c1", "name": "read", "arguments": "{}" });
    let output = json!({ "type": "function_call_output", "call_id": "c1", "output": "x" });
    let cases: Vec<(Vec<Value>, &str)> = vec![
        (vec![user("a"), call.clone()], "No tool output found"),
        (vec![user("a"), output.clone()], "No tool call found"),
        (
            vec![user("a"), call.clone(), output.clone(), output.clone()],
            "two outputs",
        ),
        (
            vec![user("a"), call.clone(), user("b"), output.clone()],
            "stands between",
        ),
        (
            vec![
                user("a"),
                json!({ "type": "function_call", "call_id": "c1", "name": "read", "arguments": "{\"pa" }),
                output.clone(),
            ],
            "no JSON object",
        ),
        (
            vec![
                user("a"),
                json!({ "type": "reasoning", "id": "rs_9", "summary": [] }),
                call,
                output,
            ],
            "never sent",
        ),
        (vec![], "the input is empty"),
    ];
    for (input, wanted) in cases {
        let vendor = FakeVendor::start(Script::new([Reply::text("ok").always()]));
        let (status, body) = post(&vendor, "/v1/responses", &ask(input)).unwrap();
        assert_eq!(status, 400, "{wanted}: {body}");
        objections(&vendor, wanted);
    }
}

#[test]
fn broken_parameters_are_refused() {
    let cases: [(&str, Value, &str); 6] = [
        ("store", json!(true), "'store'"),
        ("include", json!([]), "encrypted_content"),
        ("temperature", json!(0), "temperature"),
        ("frequency", json!(1), "Unknown parameter: 'frequency'"),
        ("reasoning", json!({ "effort": "none" }), "reasoning.effort"),
        (
            "tools",
            json!([{ "type": "function", "name": "a b", "parameters": { "type": "object" } }]),
            "no tool name",
        ),
    ];
    for (name, value, wanted) in cases {
        let vendor = FakeVendor::start(Script::new([Reply::text("ok").always()]));
        let mut body = ask(vec![user("a")]);
        body[name] = value;
        assert_eq!(
            post(&vendor, "/v1/responses", &body).unwrap().0,
            400,
            "{name}"
        );
        objections(&vendor, wanted);
    }
}

#[test]
fn a_rewritten_history_is_a_violation() {
    let vendor = FakeVendor::start(Script::new([Reply::text("ok").always()]));
    post(&vendor, "/v1/responses", &ask(vec![user("first")])).unwrap();
    post(
        &vendor,
        "/v1/responses",
        &ask(vec![user("fiRst"), user("second")]),
    )
    .unwrap();
    objections(&vendor, "no prefix");
}

#[test]
fn calls_must_come_back_with_their_reasoning_unchanged() {
    let sent = |vendor: &FakeVendor| -> Vec<Value> {
        let (_, body) = post(vendor, "/v1/responses", &ask(vec![user("Look.")])).unwrap();
        events(&body).last().unwrap()["response"]["output"]
            .as_array()
            .unwrap()
            .clone()
    };
    let answer = json!({ "type": "function_call_output", "call_id": "call_0001_0", "output": "x" });
    let script = || {
        Script::new([
            Reply::call("read", json!({ "path": "a" })),
            Reply::text("ok").always(),
        ])
    };

    let vendor = FakeVendor::start(script());
    let call = sent(&vendor)[1].clone();
    post(
        &vendor,
        "/v1/responses",
        &ask(vec![user("Look."), call, answer.clone()]),
    )
    .unwrap();
    objections(&vendor, "without its reasoning item");

    let vendor = FakeVendor::start(script());
    let mut items = sent(&vendor);
    items[0]["encrypted_content"] = "other".into();
    post(
        &vendor,
        "/v1/responses",
        &ask(vec![
            user("Look."),
            items[0].clone(),
            items[1].clone(),
            answer,
        ]),
    )
    .unwrap();
    objections(&vendor, "another encrypted_content");
}

#[test]
fn faults_happen_where_the_script_says() {
    let vendor = FakeVendor::start(Script::new([
        Reply::fault(Fault::RateLimited {
            retry_after_s: Some(0.25),
        }),
        Reply::text("Half a sentence that breaks").with_fault(Fault::Reset { at: Place::Text }),
        Reply::call("read", json!({})).with_fault(Fault::Eof { at: Place::Calls }),
        Reply::text("x").with_fault(Fault::Incomplete),
        Reply {
            piece: 0,
            ..Reply::text("Grüße").with_fault(Fault::SplitBytes)
        },
        Reply::fault(Fault::Html),
    ]));
    let ask = || post(&vendor, "/v1/responses", &ask(vec![user("a")]));
    assert_eq!(ask().unwrap().0, 429);
    let cut = ask().unwrap_err();
    assert!(
        cut.contains("output_text.delta") && !cut.contains("output_text.done"),
        "{cut}"
    );
    let ended = ask().unwrap().1;
    assert!(ended.contains("output_item.done") && !ended.contains("response.completed"));
    assert!(ask().unwrap().1.contains("response.incomplete"));
    assert!(ask().unwrap().1.contains("Grüße"));
    assert!(ask().unwrap().1.contains("<!doctype html>"));
    // One request more than the script has.
    assert_eq!(ask().unwrap().0, 400);
    objections(&vendor, "no reply is scripted");
}

#[test]
fn chat_completions_are_spoken_and_checked_too() {
    let vendor = FakeVendor::start(Script::new([
        Reply::text("I look.").and_call("read", json!({ "path": "a" })),
        Reply::text("Done."),
        Reply::text("Never."),
    ]));
    let ask = |messages: Value| json!({ "model": "local", "stream": true, "stream_options": { "include_usage": true }, "messages": messages });
    let system = json!({ "role": "system", "content": "Work." });
    let hello = json!({ "role": "user", "content": "Look." });
    let (_, body) = post(
        &vendor,
        "/v1/chat/completions",
        &ask(json!([system, hello])),
    )
    .unwrap();
    assert!(body.ends_with("data: [DONE]\n\n"));
    let arguments: String = events(&body)
        .iter()
        .filter_map(|e| {
            e["choices"][0]["delta"]["tool_calls"][0]["function"]["arguments"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    assert_eq!(arguments, r#"{"path":"a"}"#);
    let call = json!({ "role": "assistant", "content": "I look.", "tool_calls": [
        { "id": "call_0001_0", "type": "function", "function": { "name": "read", "arguments": arguments } }] });
    let result = json!({ "role": "tool", "tool_call_id": "call_0001_0", "content": "1 line" });
    assert_eq!(
        post(
            &vendor,
            "/v1/chat/completions",
            &ask(json!([system, hello, call, result]))
        )
        .unwrap()
        .0,
        200
    );
    vendor.assert_clean();
    assert_eq!(
        vendor.requests()[1].transcript.entries.last(),
        Some(&Entry::Output {
            id: "call_0001_0".into(),
            output: "1 line".into()
        })
    );
    assert_eq!(
        post(
            &vendor,
            "/v1/chat/completions",
            &ask(json!([system, hello, call]))
        )
        .unwrap()
        .0,
        400
    );
}

#[test]
fn a_gate_holds_a_reply_until_it_is_released() {
    let vendor = FakeVendor::start(Script::new([
        Reply::text("late").gate("door"),
        Reply::text("early").when_user("hurry"),
    ]));
    std::thread::scope(|scope| {
        let late = scope
            .spawn(|| post(&vendor, "/v1/responses", &ask(vec![user("take your time")])).unwrap());
        vendor.wait_gate("door");
        let mut other = ask(vec![user("hurry")]);
        other["prompt_cache_key"] = "s2".into();
        assert!(
            post(&vendor, "/v1/responses", &other)
                .unwrap()
                .1
                .contains("early")
        );
        vendor.release("door");
        assert!(late.join().unwrap().1.contains("late"));
    });
    vendor.assert_clean();
}

#[test]
fn a_script_is_read_from_yaml_and_typos_are_found() {
    let script = Script::parse(
        "replies:\n  - text: Hello\n    calls:\n      - { name: read, args: { path: a } }\n    fault: { kind: reset, at: calls }\n",
    )
    .unwrap();
    assert_eq!(
        script.replies[0].fault,
        Some(Fault::Reset { at: Place::Calls })
    );
    let error =
        Script::parse("replies:\n  - text: Hello\n    fualt: { kind: quota }\n").unwrap_err();
    assert!(error.contains("fualt") && error.contains('3'), "{error}");
}
