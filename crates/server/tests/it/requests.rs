//! Every request of the table has somebody who answers it.

use mira_protocol::table::METHODS;
use mira_testkit::ScriptedModel;
use serde_json::json;

use crate::client::Host;

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
