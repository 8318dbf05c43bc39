//! Who gets in, and what each message is answered with.

use std::time::Duration;

use mira_server::Limits;
use mira_testkit::ScriptedModel;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Host, refused};

fn silent() -> ScriptedModel {
    ScriptedModel::replies([])
}

#[tokio::test]
async fn the_token_opens_as_header_and_as_hello() {
    let host = Host::with_model(&silent()).await;
    let mut by_header = host.client().await;
    let status = by_header.request("system.status", json!({})).await;
    assert_eq!(status["type"], "reply", "{status}");
    let address = format!("ws://{}/ws", host.server.addr());
    assert_eq!(status["result"]["listening"], address);

    let mut by_hello = host.dial(&[]).await.unwrap();
    by_hello
        .send(json!({ "type": "hello", "token": host.token(), "protocol": 1 }))
        .await;
    let welcome = by_hello.next().await.unwrap();
    assert_eq!(
        (&welcome["type"], &welcome["protocol"]),
        (&json!("welcome"), &json!(1))
    );
}

#[tokio::test]
async fn without_the_right_token_nothing_is_answered() {
    let host = Host::with_model(&silent()).await;
    let wrong = host.dial(&[("authorization", "Bearer 0")]).await;
    assert_eq!(refused(wrong).status(), 401);

    let first_messages = [
        json!({ "type": "hello", "token": "0", "protocol": 1 }),
        json!({ "type": "hello" }),
        json!({ "type": "request", "id": 1, "method": "system.status" }),
        json!("nonsense"),
    ];
    for message in first_messages {
        let mut client = host.dial(&[]).await.unwrap();
        client.send(message.clone()).await;
        let error = client.next().await.unwrap();
        assert_eq!(error["code"], "unauthorized", "{message} → {error}");
        assert_eq!(client.close_code().await, Some(4401), "{message}");
    }
}

#[tokio::test]
async fn a_client_that_says_nothing_is_sent_away() {
    let limits = Limits {
        hello: Duration::from_millis(50),
        ..Limits::default()
    };
    let host = Host::limited(&silent(), limits).await;
    let mut client = host.dial(&[]).await.unwrap();
    assert_eq!(client.next().await.unwrap()["code"], "unauthorized");
}

#[tokio::test]
async fn other_sites_are_refused_before_the_upgrade() {
    let host = Host::with_model(&silent()).await;
    let bearer = format!("Bearer {}", host.token());
    let own = format!("http://{}", host.server.addr());
    let port = host.server.addr().port();
    let rebound = format!("evil.example:{port}");
    let cases = [
        ("origin", "http://evil.example"),
        ("origin", "null"),
        ("origin", "http://localhost"),
        ("host", "evil.example"),
        ("host", rebound.as_str()),
    ];
    for (name, value) in cases {
        let result = host
            .dial(&[("authorization", &bearer), (name, value)])
            .await;
        assert_eq!(refused(result).status(), 403, "{name}: {value}");
    }
    let same = host
        .dial(&[("authorization", &bearer), ("origin", &own)])
        .await;
    assert!(same.is_ok(), "our own page");
}

#[tokio::test]
async fn mistakes_are_answered_and_the_connection_lives() {
    let host = Host::with_model(&silent()).await;
    let mut client = host.client().await;
    let mistakes = [
        ("{", "bad_message"),
        ("[1]", "bad_message"),
        (r#"{"id":1}"#, "bad_message"),
        (r#"{"id":1,"type":"warp"}"#, "unknown_method"),
        (
            r#"{"id":1,"type":"request","method":"session.fly"}"#,
            "unknown_method",
        ),
        (
            r#"{"id":1,"type":"session_command","method":"fly"}"#,
            "unknown_method",
        ),
        (
            r#"{"id":1,"type":"command","command":"fly"}"#,
            "unknown_method",
        ),
        (r#"{"id":1,"type":"chat"}"#, "bad_params"),
        (r#"{"id":1,"type":"cancel","operation_id":5}"#, "bad_params"),
        (
            r#"{"id":1,"type":"session_command","method":"get","params":{"session_id":"no"}}"#,
            "not_found",
        ),
        (
            r#"{"id":1,"type":"subscribe","session_id":"no","since_seq":0}"#,
            "not_found",
        ),
        (
            r#"{"id":1,"type":"subscribe","since_seq":-1}"#,
            "bad_params",
        ),
        (
            r#"{"id":1,"type":"subscribe","since_seq":"3"}"#,
            "bad_params",
        ),
        (
            r#"{"id":1,"type":"subscribe","session_id":3}"#,
            "bad_params",
        ),
        (
            r#"{"id":1,"type":"sudo_approval","approval_id":"no","approved":true}"#,
            "not_found",
        ),
    ];
    for (text, code) in mistakes {
        client.send_text(text).await;
        let error = client.find(|message| message["type"] == "error").await;
        assert_eq!(error["code"], code, "{text} → {error}");
        assert_eq!(
            error["id"].as_u64(),
            text.contains("id\":1").then_some(1),
            "{text} → {error}"
        );
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{error}"
        );
    }
    futures::SinkExt::send(&mut client.socket, Message::binary(vec![1, 2]))
        .await
        .unwrap();
    assert_eq!(client.next().await.unwrap()["code"], "bad_message");
    client.send(json!({ "type": "ping", "id": "any" })).await;
    let pong = client.next().await.unwrap();
    assert_eq!(
        (&pong["type"], &pong["id"]),
        (&json!("reply"), &json!("any"))
    );
}

#[tokio::test]
async fn a_message_that_is_too_large_ends_the_connection_with_a_word() {
    let host = Host::with_model(&silent()).await;
    let mut client = host.client().await;
    let huge = "x".repeat(mira_server::MAX_MESSAGE_BYTES + 1);
    // The server may close before all of it is written.
    let _ = futures::SinkExt::send(&mut client.socket, Message::text(huge)).await;
    // The reset that follows unread bytes may swallow the farewell; a next client is welcome.
    if let Some(error) = client.next().await {
        assert_eq!(error["code"], "bad_message", "{error}");
    }
    host.client().await;
}

#[tokio::test]
async fn ids_come_back_as_they_were_sent_and_answers_may_overtake() {
    let host = Host::with_model(&silent()).await;
    let mut client = host.client().await;
    let ids = [json!(7), json!("seven"), json!({ "a": [1] })];
    for id in &ids {
        client
            .send(json!({ "type": "request", "id": id, "method": "session.list" }))
            .await;
    }
    for id in &ids {
        let reply = client.find(|message| message["id"] == *id).await;
        assert_eq!(reply["method"], "session.list", "{reply}");
    }
}

#[tokio::test]
async fn remote_addresses_need_a_flag_and_a_used_port_is_named() {
    let host = Host::with_model(&silent()).await;
    let mut options = mira_server::ServeOptions::new(host.test.data_dir());
    options.host = [0, 0, 0, 0].into();
    options.port = 0;
    let refused = mira_server::serve(host.test.engine.clone(), options.clone()).await;
    let text = refused.err().expect("refused").to_string();
    assert!(text.contains("--allow-remote"), "{text}");

    options.host = [127, 0, 0, 1].into();
    options.port = host.server.addr().port();
    let used = mira_server::serve(host.test.engine.clone(), options).await;
    let text = used.err().expect("the port is used").to_string();
    assert!(text.contains("--port"), "{text}");
}

#[tokio::test]
async fn closing_says_goodbye_and_takes_the_address_away() {
    let host = Host::with_model(&silent()).await;
    let mut client = host.client().await;
    let address = host.test.data_dir().join(mira_server::ADDRESS_FILE);
    assert_eq!(
        std::fs::read_to_string(&address).unwrap(),
        host.server.addr().to_string()
    );
    assert_eq!(host.server.clients(), 1);
    host.server.shutdown().await;
    assert_eq!(client.close_code().await, Some(1001));
    assert!(!address.exists());
}
