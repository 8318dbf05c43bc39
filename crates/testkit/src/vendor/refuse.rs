//! What vendors answer instead of words, each in its own shape.

use serde_json::{Value, json};

use super::aside::Answer;
use super::check::Dialect;
use crate::script::Fault;

/// An error as the dialect has it. `code` is OpenAI's word for it.
pub(super) fn error_body(dialect: Dialect, status: u16, code: &str, message: &str) -> Value {
    match dialect {
        Dialect::Responses | Dialect::Chat => {
            let kind = match status {
                429 => code,
                500.. => "server_error",
                _ => "invalid_request_error",
            };
            json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
        }
        Dialect::Gemini => {
            let word = match status {
                401 | 403 => "UNAUTHENTICATED",
                404 => "NOT_FOUND",
                429 => "RESOURCE_EXHAUSTED",
                503 => "UNAVAILABLE",
                500.. => "INTERNAL",
                _ => "INVALID_ARGUMENT",
            };
            json!({"error": {"code": status, "message": message, "status": word}})
        }
        Dialect::Anthropic => {
            let kind = match status {
                401 | 403 => "authentication_error",
                404 => "not_found_error",
                429 => "rate_limit_error",
                529 => "overloaded_error",
                500.. => "api_error",
                _ => "invalid_request_error",
            };
            json!({"type": "error", "error": {"type": kind, "message": message}})
        }
    }
}

pub(super) fn context_too_long(dialect: Dialect, limit: Option<u64>, estimated: u64) -> Value {
    let limit = limit.unwrap_or(128_000);
    let message = match dialect {
        Dialect::Responses => {
            "Your input exceeds the context window of this model. Please adjust your input and try again.".to_owned()
        }
        Dialect::Chat => {
            return json!({ "error": { "code": 400, "type": "exceed_context_size_error",
                "message": "the request exceeds the available context size", "n_prompt_tokens": estimated, "n_ctx": limit } });
        }
        Dialect::Gemini => format!(
            "The input token count ({estimated}) exceeds the maximum number of tokens allowed ({limit})."
        ),
        Dialect::Anthropic => {
            format!("prompt is too long: {estimated} tokens > {limit} maximum")
        }
    };
    error_body(dialect, 400, "context_length_exceeded", &message)
}

/// The whole answer, where a fault is one.
pub(super) fn plain_answer(dialect: Dialect, fault: &Fault) -> Option<Answer> {
    let json = |status: u16, body: Value| {
        let headers = vec![("content-type", "application/json".to_owned())];
        Some((status, headers, body.to_string()))
    };
    let html = |status: u16, body: &str| {
        let headers = vec![("content-type", "text/html; charset=utf-8".to_owned())];
        Some((status, headers, body.to_owned()))
    };
    let error = |status, code, message| json(status, error_body(dialect, status, code, message));
    match fault {
        Fault::RateLimited { retry_after_s } => Some(rate_limited(dialect, *retry_after_s)),
        Fault::Quota => match dialect {
            Dialect::Anthropic => error(
                400,
                "",
                "Your credit balance is too low to access the Anthropic API.",
            ),
            Dialect::Gemini => {
                let mut body = error_body(dialect, 429, "", QUOTA);
                body["error"]["details"] =
                    quota_details("GenerateRequestsPerDayPerProjectPerModel");
                json(429, body)
            }
            _ => json(
                429,
                json!({"error": {"message": QUOTA, "type": "insufficient_quota", "param": null, "code": "insufficient_quota"}}),
            ),
        },
        Fault::ContextTooLong => json(400, context_too_long(dialect, None, 130_000)),
        Fault::Unauthorized => match dialect {
            Dialect::Gemini => error(400, "", "API key not valid. Please pass a valid API key."),
            _ => error(401, "invalid_api_key", "Incorrect API key provided: sk-x."),
        },
        Fault::ModelNotFound => {
            let message = match dialect {
                Dialect::Anthropic => "model: claude-x",
                Dialect::Gemini => "models/x is not found for API version v1beta.",
                _ => "The model does not exist or you do not have access to it.",
            };
            error(404, "model_not_found", message)
        }
        Fault::Loading => json(
            503,
            json!({ "error": { "message": "Loading model", "type": "unavailable_error", "code": 503 } }),
        ),
        Fault::NoSuchPath => html(404, "<html><body><h1>404 Not Found</h1></body></html>"),
        Fault::Html => html(
            200,
            "<!doctype html><title>Welcome</title><p>This is no API.</p>",
        ),
        Fault::Status { status, body } if body.is_empty() => {
            let message = "The server had an error while processing your request.";
            error(*status, "server_error", message)
        }
        Fault::Status { status, body } => {
            let headers = vec![("content-type", "application/json".to_owned())];
            Some((*status, headers, body.clone()))
        }
        _ => None,
    }
}

const QUOTA: &str = "You exceeded your current quota, please check your plan and billing details.";

fn quota_details(quota: &str) -> Value {
    json!([{"@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaMetric": "generativelanguage.googleapis.com/requests", "quotaId": quota}]}])
}

fn rate_limited(dialect: Dialect, retry_after_s: Option<f64>) -> Answer {
    let message = "Rate limit reached for requests per min.";
    let mut headers = vec![("content-type", "application/json".to_owned())];
    let mut body = error_body(dialect, 429, "rate_limit_exceeded", message);
    match (dialect, retry_after_s) {
        // Google says it in the body alone, with the words of a used-up quota.
        (Dialect::Gemini, after) => {
            body["error"]["message"] = QUOTA.into();
            let mut details = quota_details("GenerateRequestsPerMinutePerProjectPerModel");
            if let (Some(seconds), Value::Array(list)) = (after, &mut details) {
                list.push(json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": format!("{seconds}s")}));
            }
            body["error"]["details"] = details;
        }
        (_, Some(seconds)) if seconds.fract() == 0.0 => {
            headers.push(("retry-after", format!("{seconds:.0}")));
        }
        (_, Some(seconds)) => {
            headers.push(("retry-after-ms", format!("{:.0}", seconds * 1_000.0)));
        }
        (_, None) => {}
    }
    (429, headers, body.to_string())
}
