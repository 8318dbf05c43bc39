//! Conversations over the socket: two clients, reconnects, cancelling, approvals, slow readers.

use std::time::Duration;

use mira_server::Limits;
use mira_testkit::{Reply, ScriptedModel, TempProject};
use serde_json::{Value, json};

use crate::client::{Client, Host, is_terminal, seqs};

fn fixture() -> TempProject {
    TempProject::new("-- a.txt\none\ntwo\n")
}

/// The seed's chat message.
fn chat(content: &str, project: &str) -> Value {
    json!({
        "type": "chat", "id": 1, "content": content, "project_id": project,
        "system_access_mode": "project", "metadata": { "file_path": "a.txt" }
    })
}

fn of_type<'m>(messages: &'m [Value], event_type: &str) -> Option<&'m Value> {
    messages
        .iter()
        .find(|message| message["event_type"] == event_type)
}

#[tokio::test]
async fn a_chat_streams_and_a_second_client_sees_the_same() {
    let model = ScriptedModel::replies([
        Reply::call("read_project_file", json!({ "path": "a.txt" })),
        Reply::text("It has two lines."),
    ]);
    let host = Host::with_model(&model).await;
    let (mut asks, mut watches) = (host.client().await, host.client().await);
    let project = fixture();
    let project_id = host.project(&mut asks, &project).await;
    asks.send(chat("What is in a.txt?", &project_id)).await;
    let started = asks.reply(1).await;
    let session = started["result"]["session_id"].clone();
    let operation = started["result"]["operation_id"].clone();

    let stored = |all: Vec<Value>| -> Vec<Value> {
        all.into_iter()
            .filter(|m| m["seq"].is_u64() && m["session_id"] == session)
            .collect()
    };
    let first = asks.until_end().await;
    let tokens: String = first
        .iter()
        .filter(|message| message["type"] == "stream_token")
        .filter_map(|message| message["token"].as_str())
        .collect();
    // Deltas may be lost; the stored message is whole.
    assert!(
        !tokens.is_empty() && "It has two lines.".starts_with(&tokens),
        "{tokens}"
    );
    let end = first.last().unwrap().clone();
    assert_eq!(end["type"], "chat_complete", "{end}");
    assert_eq!(end["operation_id"], operation);
    assert_eq!(end["content"], "It has two lines.");
    let first = stored(first);
    assert!(of_type(&first, "tool_result").is_some_and(|event| event["data"]["success"] == true));
    assert_eq!(seqs(&first), (1..=first.len() as u64).collect::<Vec<_>>());
    assert_eq!(
        first.iter().filter(|message| is_terminal(message)).count(),
        1
    );
    assert_eq!(stored(watches.until_end().await), first);
    model.assert_clean();
}

#[tokio::test]
async fn a_reconnect_hears_each_event_once_and_the_work_goes_on_meanwhile() {
    let model = ScriptedModel::replies([
        Reply::call("read_project_file", json!({ "path": "a.txt" })),
        Reply::text("Two lines, I think.").gate("before the answer"),
    ]);
    let host = Host::with_model(&model).await;
    let mut client = host.client().await;
    let project = fixture();
    let project_id = host.project(&mut client, &project).await;
    client.send(chat("Count.", &project_id)).await;
    let session = client.reply(1).await["result"]["session_id"].clone();
    client
        .find(|message| message["event_type"] == "tool_result")
        .await;
    drop(client);

    model.release("before the answer");
    for since in [0, 1, 4] {
        let mut client = host.client().await;
        client
            .send(
                json!({ "type": "subscribe", "id": 2, "session_id": session, "since_seq": since }),
            )
            .await;
        let mut all = client.until_end().await;
        let caught_up = match all.iter().find(|message| message["id"] == 2) {
            Some(reply) => reply.clone(),
            None => client.reply(2).await,
        };
        assert_eq!(caught_up["result"]["session_id"], session);
        all.retain(|message| message["session_id"] == session);
        let seqs = seqs(&all);
        let expected: Vec<u64> = (since + 1..=since + seqs.len() as u64).collect();
        assert_eq!(seqs, expected, "after {since}");
        assert_eq!(all.last().unwrap()["type"], "chat_complete");
    }
    // Without a session: the last active one.
    let mut client = host.client().await;
    client
        .send(json!({ "type": "subscribe", "id": 3, "since_seq": 0 }))
        .await;
    assert_eq!(
        client.until_end().await.last().unwrap()["session_id"],
        session
    );
}

#[tokio::test]
async fn cancelling_ends_with_one_terminal_message() {
    let model = ScriptedModel::replies([Reply::text("never").gate("never released")]);
    let host = Host::with_model(&model).await;
    let mut client = host.client().await;
    let project = fixture();
    let project_id = host.project(&mut client, &project).await;
    client.send(chat("Wait.", &project_id)).await;
    let operation = client.reply(1).await["result"]["operation_id"].clone();
    client
        .find(|message| message["event_type"] == "model_call_started")
        .await;
    client
        .send(json!({ "type": "cancel", "id": 2, "operation_id": operation }))
        .await;
    assert_eq!(client.reply(2).await["type"], "reply");
    let end = client.find(is_terminal).await;
    assert_eq!(
        (&end["type"], &end["code"]),
        (&json!("error"), &json!("cancelled")),
        "{end}"
    );
    assert_eq!(end["operation_id"], operation);
    assert!(end["seq"].is_u64());
}

/// What a client sends for an approval's id.
type Answer = fn(&Value) -> Value;

async fn asked(client: &mut Client) -> Value {
    client
        .find(|message| message["type"] == "sudo_approval_request")
        .await
}

#[tokio::test]
async fn approvals_are_asked_of_everybody_and_decided_once() {
    let run = |command: &str| Reply::call("run_command", json!({ "command": command }));
    let answers: [(Answer, bool); 4] = [
        (
            |id| json!({ "type": "sudo_approval", "id": 5, "approval_id": id, "approved": true }),
            true,
        ),
        (
            |id| json!({ "type": "sudo_approval", "id": 5, "approval_id": id, "approved": false }),
            false,
        ),
        (
            |id| json!({ "type": "approval", "id": 5, "approval_id": id, "decision": "allow" }),
            true,
        ),
        (
            |id| json!({ "type": "approval", "id": 5, "approval_id": id, "decision": "deny" }),
            false,
        ),
    ];
    for (answer, runs) in answers {
        let model = ScriptedModel::replies([run("touch made.txt"), Reply::text("Ready.")]);
        let host = Host::with_model(&model).await;
        let (mut asks, mut decides) = (host.client().await, host.client().await);
        let project = fixture();
        let project_id = host.project(&mut asks, &project).await;
        asks.send(chat("Make it.", &project_id)).await;
        let request = asked(&mut asks).await;
        assert_eq!(request["command"], "touch made.txt");
        assert!(
            request["expires_at"].as_i64() > request["at"].as_i64(),
            "{request}"
        );
        assert_eq!(
            asked(&mut decides).await["request_id"],
            request["request_id"]
        );
        assert!(!project.exists("made.txt"), "it waits");

        decides.send(answer(&request["request_id"])).await;
        assert_eq!(decides.reply(5).await["type"], "reply");
        let end = asks.find(is_terminal).await;
        assert_eq!(end["type"], "chat_complete", "{end}");
        assert_eq!(project.exists("made.txt"), runs);
        decides.send(answer(&request["request_id"])).await;
        assert_eq!(decides.reply(5).await["type"], "error", "single use");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_is_cut_off_and_loses_nothing() {
    // More than the system's own buffers take.
    let words = "many words ".repeat(200_000);
    let mut reply = Reply::text(words.clone());
    reply.piece = 200_000;
    let model = ScriptedModel::replies([reply]);
    let limits = Limits {
        queue: 1,
        patience: Duration::from_secs(3),
        ..Limits::default()
    };
    let host = Host::limited(&model, limits).await;
    let (mut asks, mut sleeps) = (host.client().await, host.narrow_client().await);
    let project = fixture();
    let project_id = host.project(&mut asks, &project).await;
    asks.send(chat("Talk.", &project_id)).await;
    let session = asks.reply(1).await["result"]["session_id"].clone();
    let end = asks.find(is_terminal).await;
    assert_eq!(
        end["type"], "chat_complete",
        "the one who reads is not disturbed"
    );

    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while host.server.clients() > 1 {
        assert!(
            tokio::time::Instant::now() < deadline,
            "it is still not cut off"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // It wakes up, reads what was under way, and is told why there is no more.
    let mut last = Value::Null;
    while let Some(message) = sleeps.next().await {
        last = message;
    }
    assert_eq!(last["code"], "too_slow", "{last}");

    let mut back = host.client().await;
    back.send(json!({ "type": "subscribe", "id": 9, "session_id": session, "since_seq": 0 }))
        .await;
    let all = back.until_end().await;
    let all: Vec<_> = all
        .into_iter()
        .filter(|m| m["session_id"] == session)
        .collect();
    assert_eq!(
        seqs(&all),
        (1..=seqs(&all).len() as u64).collect::<Vec<_>>()
    );
    let said = of_type(&all, "assistant_message").unwrap();
    assert_eq!(said["data"]["content"].as_str().unwrap().len(), words.len());
}
