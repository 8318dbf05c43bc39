//! The book of what left.

use mira_protocol::approval::Decision;
use mira_protocol::egress::{EgressPage, ListEgress};
use mira_protocol::operation::{ApproveMode, StartOperation};
use mira_protocol::settings::SetSetting;
use mira_protocol::table::calls;
use mira_testkit::{Collector, Reply, ScriptedModel, ScriptedModels, TestEngine};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{completed, project, results, say};

async fn list(engine: &TestEngine, wanted: ListEgress) -> EgressPage {
    engine
        .engine
        .call(calls::EgressList(wanted))
        .await
        .expect("a page")
}

fn all() -> ListEgress {
    ListEgress {
        local: true,
        ..ListEgress::default()
    }
}

/// Answers everything with twelve bytes.
async fn server() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4_096]).await;
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\nConnection: close\r\n\r\ntwelve bytes";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address.to_string()
}

#[tokio::test]
async fn a_page_is_in_the_book_with_its_operation_and_still_after_a_restart() {
    let host = server().await;
    let fetch = json!({ "url": format!("http://{host}/a?token=typed") });
    let model = ScriptedModel::replies([Reply::call("fetch_url", fetch), Reply::text("read")]);
    let engine = TestEngine::tuned(Some(ScriptedModels::new(model.clone())), |settings| {
        settings.allow_private_hosts = true;
    })
    .await;
    let (_folder, id) = project(&engine, "").await;
    let (started, events) = engine.ask(say(&id, "get it")).await;
    assert!(results(&events)[0].0, "{:?}", results(&events));
    assert_eq!(completed(&events), "read");

    let page = list(&engine, all()).await;
    let entry = page.entries.first().expect("an entry");
    assert_eq!(
        (entry.path.as_str(), entry.purpose.as_str()),
        ("/a", "page")
    );
    assert_eq!(entry.operation_id.as_ref(), Some(&started.operation_id));
    assert_eq!((entry.received_bytes, entry.status), (Some(12), Some(200)));
    assert!(entry.local && !entry.held);
    assert!(
        list(&engine, ListEgress::default())
            .await
            .entries
            .is_empty()
    );
    let totals = &list(
        &engine,
        ListEgress {
            search: Some("PAGE".into()),
            ..all()
        },
    )
    .await
    .hosts;
    assert_eq!((totals[0].requests, totals[0].received_bytes), (1, 12));
    assert!(
        list(
            &engine,
            ListEgress {
                search: Some("nothing".into()),
                ..all()
            }
        )
        .await
        .hosts
        .is_empty()
    );

    engine.engine.shutdown().await;
    let data = engine.data.clone();
    drop(engine);
    let again = TestEngine::again(data, Some(ScriptedModels::new(model)), |_| {}).await;
    assert_eq!(list(&again, all()).await.entries, page.entries);
}

#[tokio::test]
async fn offline_nothing_leaves_and_the_book_says_so() {
    let model = ScriptedModel::replies([
        Reply::call("fetch_url", json!({ "url": "https://1.1.1.1/a" })),
        Reply::text("then not"),
    ]);
    let engine = TestEngine::with_model(&model).await;
    engine
        .engine
        .call(calls::SettingsSet(SetSetting {
            name: "MIRA_OFFLINE".into(),
            value: Some("true".into()),
        }))
        .await
        .expect("set");
    let (_folder, id) = project(&engine, "").await;
    let mut collector = Collector::new(&engine.engine);
    collector.decide(vec![Decision::Allow]);
    let started = engine
        .start(StartOperation {
            approve: ApproveMode::Ask,
            ..say(&id, "get it")
        })
        .await;
    let events = collector
        .finished(&started.session_id, &started.operation_id)
        .await
        .expect("an end");
    let output = results(&events)[0].1;
    assert!(output.contains("offline"), "{output}");
    let page = list(&engine, ListEgress::default()).await;
    assert!(page.offline);
    let entry = page.entries.first().expect("an entry");
    assert!(entry.held);
    assert_eq!((entry.sent_bytes, entry.received_bytes), (Some(0), Some(0)));
    assert_eq!(page.hosts[0].held, 1);
}
