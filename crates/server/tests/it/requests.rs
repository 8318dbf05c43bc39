//! Every request of the table has somebody who answers it.

use mira_protocol::table::METHODS;
use mira_server::Limits;
use mira_testkit::{Reply, ScriptedModel, TempProject, TestEngine};
use serde_json::{Value, json};

use crate::client::{Client, Host};

#[tokio::test]
async fn every_method_is_answered() {
    let host = Host::with_model(&ScriptedModel::replies([])).await;
    let mut client = host.client().await;
    for method in METHODS {
        // These begin real work; other tests have them.
        if ["demo.start", "provider.detect"].contains(&method.name) {
            continue;
        }
        let answer = client.request(method.name, json!({})).await;
        let known = match answer["type"].as_str() {
            Some("reply") => answer["method"] == method.name,
            Some("error") => {
                let code = answer["code"].as_str().unwrap_or_default();
                code != "unknown_method" && code != "internal"
            }
            _ => false,
        };
        assert!(known, "{}: {answer}", method.name);
    }
}

const BANK: &str = "\
-- src/bank.py
def open_account(items):
    return items


def close_account(items):
    return items


def audit_account(items):
    return items
";

fn concepts(project: &str) -> Value {
    json!({ "project_id": project, "kind": "concepts" })
}

/// The offer, once its items and whether a request runs are as wanted.
async fn until(client: &mut Client, asked: &Value, wanted: impl Fn(u64, bool) -> bool) -> Value {
    loop {
        let answer = client.request("code.naming", asked.clone()).await;
        let offer = &answer["result"];
        let items = offer["items"].as_u64().unwrap_or(0);
        if wanted(items, offer["is_running"] == true) {
            return offer.clone();
        }
        client.find(|message| message["type"] == "topic").await;
    }
}

#[tokio::test]
async fn who_goes_away_ends_the_naming_that_was_asked_for_and_no_other() {
    let model = ScriptedModel::replies([
        Reply::text("never told").gate("first"),
        Reply::text("never told").gate("second"),
    ]);
    let host = Host::with_model(&model).await;
    let (mut stays, mut leaves) = (host.client().await, host.client().await);
    let folder = TempProject::new(BANK);
    let project = host.project(&mut stays, &folder).await;
    let asked = concepts(&project);
    // The code is read and looked into first.
    until(&mut stays, &asked, |items, _| items > 0).await;
    let describe =
        json!({ "type": "request", "id": 1, "method": "code.describe", "params": asked });
    leaves.send(describe.clone()).await;
    model.wait_gate("first").await;
    drop(leaves);
    until(&mut stays, &asked, |_, is_running| !is_running).await;

    // Who was only told that one runs already ends nothing by going.
    let mut other = host.client().await;
    stays.send(describe).await;
    model.wait_gate("second").await;
    let refused = other.request("code.describe", asked.clone()).await;
    assert_eq!(refused["code"], "conflict", "{refused}");
    drop(other);
    until(&mut stays, &asked, |_, is_running| is_running).await;
    model.release("second");
    let answer = stays.reply(1).await;
    assert_eq!(answer["code"], "provider_refused", "{answer}");
}

#[tokio::test]
async fn where_there_is_nothing_to_name_no_key_is_missed() {
    let host = Host::on(TestEngine::tuned(None, |_| {}).await, Limits::default()).await;
    let mut client = host.client().await;
    let (empty, bank) = (
        TempProject::new("-- notes.txt\nwords\n"),
        TempProject::new(BANK),
    );
    let asked = concepts(&host.project(&mut client, &empty).await);
    let offer = until(&mut client, &asked, |_, _| true).await;
    assert!(offer["items"] == 0 && offer["to_name"] == 0, "{offer}");
    assert!(offer["obstacle"].is_null(), "{offer}");
    let described = client.request("code.describe", asked).await;
    assert_eq!(described["result"]["asked"], 0, "{described}");

    let asked = concepts(&host.project(&mut client, &bank).await);
    let offer = until(&mut client, &asked, |items, _| items > 0).await;
    assert_eq!(offer["obstacle"]["code"], "key_missing", "{offer}");
    let refused = client.request("code.describe", asked).await;
    assert_eq!(refused["code"], "key_missing", "{refused}");
}
