//! What a provider says it serves: `GET /models`. Only asked when somebody wants to know, never
//! on the way to an answer.

use std::sync::Arc;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::catalogue::Vendor;
use crate::http::{self, Auth, Call, Endpoint, Http, Patience};
use crate::{ErrorKind, ModelError, anthropic, gemini};

/// A model that is there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    pub id: String,
    /// The first day on which it is gone.
    pub shut_down: Option<Date>,
    pub context_tokens: Option<u64>,
}

/// Asks once.
///
/// # Errors
/// As of any request; [`ErrorKind::WrongUrl`] where the answer is no list.
pub async fn list(
    http: &Arc<Http>,
    endpoint: &Endpoint,
    vendor: Vendor,
    patience: Patience,
    cancel: CancellationToken,
) -> Result<Vec<Listed>, ModelError> {
    let mut url = endpoint.url("models");
    let (auth, query) = match vendor {
        Vendor::Openai | Vendor::Local => (Auth::Bearer, None),
        Vendor::Gemini => (gemini::AUTH, Some("pageSize=1000")),
        Vendor::Anthropic => (anthropic::AUTH, Some("limit=1000")),
    };
    url.set_query(query);
    let call = Call {
        client: http.client(&url),
        url,
        asked: endpoint.asked("the list of models"),
        auth,
        body: None,
        patience,
        purpose: "models list",
    };
    let asked = call.asked.clone();
    let answer = http::call(call, cancel)
        .await
        .map_err(|refusal| refusal.error)?;
    read(&answer).ok_or_else(|| {
        let error = asked.error(ErrorKind::WrongUrl, "what came back is no list of models");
        asked.with_detail(error, &answer.to_string())
    })
}

/// `data` of OpenAI and Anthropic, `models` of Gemini.
fn read(answer: &Value) -> Option<Vec<Listed>> {
    let list = answer.get("data").or_else(|| answer.get("models"))?;
    let listed = list.as_array()?.iter().filter_map(|model| {
        let id = model.get("id").or_else(|| model.get("name"))?.as_str()?;
        let day = model.get("shutdown_date").and_then(Value::as_str);
        let context = ["inputTokenLimit", "max_input_tokens", "context_length"]
            .iter()
            .find_map(|name| model.get(*name).and_then(Value::as_u64));
        Some(Listed {
            id: id.strip_prefix("models/").unwrap_or(id).to_owned(),
            shut_down: day.and_then(|day| day.parse().ok()),
            context_tokens: context,
        })
    });
    Some(listed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use serde_json::json;

    #[test]
    fn lists_of_all_shapes() {
        let openai = json!({"object": "list", "data": [
            {"id": "gpt-5", "shutdown_date": "2026-12-11"}, {"id": "gpt-6-luna", "shutdown_date": null},
            {"id": "x", "shutdown_date": "soon"}, {"no": "id"}]});
        let listed = read(&openai).unwrap();
        let days: Vec<_> = listed
            .iter()
            .map(|model| (model.id.as_str(), model.shut_down))
            .collect();
        assert_eq!(
            days,
            [
                ("gpt-5", Some(date(2026, 12, 11))),
                ("gpt-6-luna", None),
                ("x", None)
            ]
        );
        let gemini =
            json!({"models": [{"name": "models/gemini-4-argon", "inputTokenLimit": 1048576}]});
        assert_eq!(
            read(&gemini).unwrap(),
            [Listed {
                id: "gemini-4-argon".into(),
                shut_down: None,
                context_tokens: Some(1_048_576)
            }]
        );
        assert_eq!(read(&json!({"hello": 1})), None);
    }
}
