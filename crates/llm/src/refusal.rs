//! From what came back instead of an answer to a [`ModelError`]: which kind it is, a sentence for
//! people, the body with secrets masked.

use std::time::{Duration, SystemTime};

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::{ErrorKind, ModelError};

/// Longest body kept as detail, in bytes.
const MAX_DETAIL_BYTES: usize = 4096;

/// Who was asked for what: what every error message names.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub model: String,
    /// The address as it may be shown: no user, no password, no query.
    pub url: String,
    pub key: Option<ApiKey>,
}

/// A secret that prints as `[key]`.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(std::sync::Arc<str>);

impl ApiKey {
    /// None for an empty key. Surrounding white space, as left by pasting, is dropped.
    pub fn new(key: &str) -> Option<Self> {
        let key = key.trim();
        (!key.is_empty()).then(|| Self(key.into()))
    }

    /// The key itself, for the one header that carries it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[key]")
    }
}

/// An error together with what only the asking side can act on.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub error: ModelError,
    /// The request's field that the server does not take.
    pub param: Option<String>,
    /// The server is loading the model and will answer later.
    pub loading: bool,
}

impl From<ModelError> for Refusal {
    fn from(error: ModelError) -> Self {
        Self {
            error,
            param: None,
            loading: false,
        }
    }
}

impl Asked {
    /// `why` completes "Asking MODEL at URL failed: …".
    pub(crate) fn error(&self, kind: ErrorKind, why: impl std::fmt::Display) -> ModelError {
        let message = format!("Asking {} at {} failed: {why}.", self.model, self.url);
        ModelError {
            kind,
            message: self.mask(&message),
            detail: None,
        }
    }

    pub(crate) fn cancelled(&self) -> ModelError {
        ModelError {
            kind: ErrorKind::Cancelled,
            message: "The request was cancelled.".into(),
            detail: None,
        }
    }

    pub(crate) fn with_detail(&self, mut error: ModelError, body: &str) -> ModelError {
        let body = self.mask(body.trim());
        if !body.is_empty() {
            let mut end = body.len().min(MAX_DETAIL_BYTES);
            while !body.is_char_boundary(end) {
                end -= 1;
            }
            error.detail = Some(body[..end].to_owned());
        }
        error
    }

    /// An answer whose status is not a success.
    pub(crate) fn refused(&self, status: StatusCode, headers: &HeaderMap, body: &str) -> Refusal {
        let said = Said::parse(body);
        let retry = RetryHeaders::read(headers, SystemTime::now());
        let (kind, why) = self.judge(status, &said, &retry, is_html(headers, body));
        let loading =
            status.as_u16() == 503 && said.mentions(&["loading model", "model is loading"]);
        let error = self.with_detail(self.error(kind, why), body);
        Refusal {
            error,
            param: said.param,
            loading,
        }
    }

    /// An error that came inside a stream, as an object of `message`, `code`, `type`.
    pub(crate) fn failed_in_stream(&self, error: &Value) -> ModelError {
        let said = Said::from_value(error);
        let status = said.status.unwrap_or(0);
        let retry_after_ms = said
            .google
            .retry_after_ms
            .or_else(|| wait_in_words(&said.message));
        let code = said.code.as_str();
        let kind = if said.is_context() {
            said.context_kind()
        } else if said.is_quota() {
            ErrorKind::Quota
        } else if code.contains("rate_limit") || code == "resource_exhausted" || status == 429 {
            ErrorKind::RateLimited { retry_after_ms }
        } else if said.key_is_wrong() {
            ErrorKind::Unauthorized
        } else if code == "model_not_found" {
            ErrorKind::ModelNotFound
        } else if [
            "invalid_",
            "bio_policy",
            "data_residency",
            "image_",
            "content_policy",
            "cyber_",
        ]
        .iter()
        .any(|prefix| code.starts_with(prefix))
        {
            ErrorKind::Refused { status: None }
        } else {
            ErrorKind::Server {
                status: said.status,
                retry_after_ms,
            }
        };
        let why = said.sentence("the server reported an error without saying which");
        self.with_detail(self.error(kind, why), &error.to_string())
    }

    /// A body that is a web page instead of an answer.
    pub(crate) fn not_an_api(&self, body: &str) -> ModelError {
        let why = "a web page came back instead of an answer; the base URL is wrong \
                   (it usually ends in /v1)";
        self.with_detail(self.error(ErrorKind::WrongUrl, why), body)
    }

    fn judge(
        &self,
        status: StatusCode,
        said: &Said,
        retry: &RetryHeaders,
        html: bool,
    ) -> (ErrorKind, String) {
        let number = status.as_u16();
        let server = ErrorKind::Server {
            status: Some(number),
            retry_after_ms: retry.after_ms,
        };
        let refused = ErrorKind::Refused {
            status: Some(number),
        };
        let words = |otherwise: &str| format!("{} ({number})", said.sentence(otherwise));
        if said.is_context() {
            return (
                said.context_kind(),
                words("the conversation is too long for the model"),
            );
        }
        if said.is_quota() || number == 402 {
            return (ErrorKind::Quota, words("the account has no credit left"));
        }
        if number == 400 && said.key_is_wrong() {
            return (ErrorKind::Unauthorized, words("the key was not accepted"));
        }
        let model_missing = said.code == "model_not_found"
            || (said.message.to_lowercase().contains("model")
                && said.mentions(&[
                    "not found",
                    "not_found",
                    "does not exist",
                    "not exist",
                    "no such model",
                ]));
        match number {
            401 | 403 => (ErrorKind::Unauthorized, words("the key was not accepted")),
            400 | 404 if model_missing && !html => (
                ErrorKind::ModelNotFound,
                words("the server does not have this model"),
            ),
            404 | 405 | 410 => (
                ErrorKind::WrongUrl,
                format!(
                    "there is no such API at this address ({number}); the base URL usually ends in /v1"
                ),
            ),
            300..=399 => (
                ErrorKind::WrongUrl,
                format!("the address redirects elsewhere ({number}), and a key is not sent on"),
            ),
            _ if html && number < 500 => (
                ErrorKind::WrongUrl,
                format!("a web page came back instead of an answer ({number})"),
            ),
            429 if retry.should != Some(false) => {
                let after = retry
                    .after_ms
                    .or(said.google.retry_after_ms)
                    .or_else(|| wait_in_words(&said.message));
                let kind = ErrorKind::RateLimited {
                    retry_after_ms: after,
                };
                (kind, words("the provider asks to slow down"))
            }
            // Sent again, the same history fails the same way.
            500 if said.mentions(&["failed to parse tool call arguments"]) => (
                refused,
                words("the server could not read an earlier tool call"),
            ),
            501 | 505 => (refused, words("the server does not support this request")),
            408 | 409 | 425 | 500..=599 if retry.should != Some(false) => {
                (server, words("the server reported a failure of its own"))
            }
            _ if retry.should == Some(true) => (server, words("the server asks to try again")),
            _ => (refused, words("the server refused the request")),
        }
    }

    /// Replaces the key, and whatever looks like one.
    fn mask(&self, text: &str) -> String {
        let text = match &self.key {
            Some(key) if key.reveal().len() >= 4 => text.replace(key.reveal(), "[key]"),
            _ => text.to_owned(),
        };
        mask_key_shapes(&text)
    }
}

/// `sk-` or `AIza` and at least eight more characters of a key become `[key]`.
fn mask_key_shapes(text: &str) -> String {
    mask_after("AIza", &mask_after("sk-", text))
}

fn mask_after(prefix: &str, text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(prefix) {
        let follows_word = rest[..at]
            .chars()
            .next_back()
            .is_some_and(char::is_alphanumeric);
        let tail = &rest[at + prefix.len()..];
        let length = tail
            .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*')))
            .unwrap_or(tail.len());
        masked.push_str(&rest[..at]);
        if length >= 8 && !follows_word {
            masked.push_str("[key]");
        } else {
            masked.push_str(&rest[at..at + prefix.len() + length]);
        }
        rest = &tail[length..];
    }
    masked + rest
}

/// What an error body says, in whichever of the usual shapes.
#[derive(Debug, Default)]
struct Said {
    message: String,
    /// `code`, else `type`, in lower case.
    code: String,
    param: Option<String>,
    status: Option<u16>,
    limit_tokens: Option<u64>,
    prompt_tokens: Option<u64>,
    google: Google,
}

/// What Google's services say beside the sentence.
#[derive(Debug, Default)]
struct Google {
    retry_after_ms: Option<u64>,
    /// A quota of a day is used up, or is nothing on this plan.
    day_is_over: bool,
    /// Some quota is named.
    quota_named: bool,
    key_is_wrong: bool,
}

impl Google {
    fn read(details: Option<&Value>) -> Self {
        let mut found = Self::default();
        for detail in details.and_then(Value::as_array).into_iter().flatten() {
            let text = |name: &str| detail.get(name).and_then(Value::as_str);
            if let Some(delay) = text("retryDelay").and_then(|delay| delay.strip_suffix('s')) {
                found.retry_after_ms = millis(delay, 1000.0);
            }
            found.key_is_wrong |= text("reason") == Some("API_KEY_INVALID");
            let violations = detail.get("violations").and_then(Value::as_array);
            for violation in violations.into_iter().flatten() {
                let id = violation["quotaId"].as_str().unwrap_or_default();
                found.quota_named |= !id.is_empty();
                found.day_is_over |= id.contains("PerDay") || violation["quotaValue"] == "0";
            }
        }
        found
    }
}

impl Said {
    fn parse(body: &str) -> Self {
        match serde_json::from_str::<Value>(body) {
            Ok(value) => Self::from_value(&value),
            Err(_) if body.trim_start().starts_with('<') => Self::default(),
            Err(_) => Self {
                message: first_line(body),
                ..Self::default()
            },
        }
    }

    fn from_value(value: &Value) -> Self {
        let value = match value {
            Value::Array(list) => list.first().unwrap_or(value),
            _ => value,
        };
        let inner = match value.get("error") {
            Some(error @ (Value::Object(_) | Value::String(_))) => error,
            _ => value,
        };
        if let Value::String(message) = inner {
            return Self {
                message: first_line(message),
                ..Self::default()
            };
        }
        let text = |name: &str| inner.get(name).and_then(Value::as_str);
        let message = text("message")
            .or_else(|| text("detail"))
            .unwrap_or_default();
        let code_number = inner.get("code").and_then(Value::as_u64);
        let code = text("code")
            .filter(|code| !code.is_empty())
            .or_else(|| text("type"))
            .or_else(|| text("status"));
        let google = Google::read(inner.get("details"));
        Self {
            google,
            message: first_line(message),
            code: code.unwrap_or_default().to_lowercase(),
            param: text("param").map(str::to_owned),
            status: code_number.and_then(|number| u16::try_from(number).ok()),
            limit_tokens: inner.get("n_ctx").and_then(Value::as_u64),
            prompt_tokens: inner.get("n_prompt_tokens").and_then(Value::as_u64),
        }
    }

    fn mentions(&self, words: &[&str]) -> bool {
        let message = self.message.to_lowercase();
        words
            .iter()
            .any(|word| message.contains(word) || self.code.contains(word))
    }

    /// Google says "exceeded your current quota" of a minute's limit too: there its details tell.
    fn is_quota(&self) -> bool {
        if self.google.quota_named || self.google.retry_after_ms.is_some() {
            return self.google.day_is_over;
        }
        self.mentions(&[
            "credit balance is too low",
            "insufficient_quota",
            "billing_hard_limit",
            "exceeded your current quota",
        ])
    }

    fn is_context(&self) -> bool {
        self.mentions(&[
            "context_length_exceeded",
            "exceed_context_size",
            "maximum context length",
            "exceeds the context window",
            "exceeds the available context size",
            "exceed context window",
            "prompt is too long",
            "exceeds the maximum number of tokens",
        ])
    }

    /// Figures from their own fields, else the numbers of OpenAI's sentence: "maximum context
    /// length is 128000 tokens. However, your messages resulted in 130001 tokens".
    fn context_kind(&self) -> ErrorKind {
        let mut numbers = self
            .message
            .split(|c: char| !c.is_ascii_digit() && c != ',')
            .filter_map(|word| word.replace(',', "").parse::<u64>().ok())
            .filter(|&number| number >= 256);
        let says = |words: &str| self.message.to_lowercase().contains(words);
        let (first, second) = if says("maximum context length is") {
            (numbers.next(), numbers.next())
        } else if says("tokens >") || says("exceeds the maximum number of tokens") {
            // Anthropic and Gemini name the prompt first.
            let prompt = numbers.next();
            (numbers.next(), prompt)
        } else {
            (None, None)
        };
        ErrorKind::ContextTooLong {
            limit_tokens: self.limit_tokens.or(first),
            prompt_tokens: self.prompt_tokens.or(second),
        }
    }

    fn key_is_wrong(&self) -> bool {
        self.google.key_is_wrong
            || self.mentions(&[
                "invalid_api_key",
                "authentication_error",
                "api key not valid",
                "unauthenticated",
            ])
    }

    fn sentence(&self, otherwise: &str) -> String {
        match (
            self.message.trim().trim_end_matches('.'),
            self.code.as_str(),
        ) {
            ("", "") => otherwise.to_owned(),
            ("", code) => format!("{otherwise}, {code}"),
            (message, _) => message.to_owned(),
        }
    }
}

/// The first line that says something, at most 300 characters of it.
fn first_line(text: &str) -> String {
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    line.chars().take(300).collect()
}

fn is_html(headers: &HeaderMap, body: &str) -> bool {
    let kind = headers
        .get("content-type")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    kind.starts_with("text/html") || body.trim_start().starts_with('<')
}

/// What the server wants done about a retry.
struct RetryHeaders {
    after_ms: Option<u64>,
    should: Option<bool>,
}

impl RetryHeaders {
    /// `retry-after-ms`, or `retry-after` in seconds or as a date.
    fn read(headers: &HeaderMap, now: SystemTime) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let exact = text("retry-after-ms").and_then(|value| millis(value, 1.0));
        let after_ms = exact.or_else(|| {
            let value = text("retry-after")?;
            millis(value, 1000.0).or_else(|| {
                let at = httpdate::parse_http_date(value).ok()?;
                let wait = at.duration_since(now).unwrap_or(Duration::ZERO);
                Some(wait.as_millis() as u64)
            })
        });
        let should = match text("x-should-retry") {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => None,
        };
        Self { after_ms, should }
    }
}

fn millis(value: &str, unit_ms: f64) -> Option<u64> {
    let number: f64 = value.trim().parse().ok()?;
    (number.is_finite() && number >= 0.0).then(|| (number * unit_ms).ceil() as u64)
}

/// "Please try again in 1.3s", "in 250ms".
fn wait_in_words(message: &str) -> Option<u64> {
    let (_, tail) = message.split_once("try again in ")?;
    let end = tail.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = tail.split_at(end);
    if unit.starts_with("ms") {
        millis(number, 1.0)
    } else if unit.starts_with('s') {
        millis(number, 1000.0)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn asked() -> Asked {
        Asked {
            model: "m".into(),
            url: "http://h/v1".into(),
            key: ApiKey::new("top-secret-key"),
        }
    }

    type Case<'a> = (u16, &'a [(&'static str, &'a str)], &'a str, ErrorKind);

    fn judge(status: u16, headers: &[(&'static str, &str)], body: &str) -> Refusal {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            );
        }
        asked().refused(StatusCode::from_u16(status).unwrap(), &map, body)
    }

    fn kind(status: u16, headers: &[(&'static str, &str)], body: &str) -> ErrorKind {
        judge(status, headers, body).error.kind
    }

    fn limited(ms: impl Into<Option<u64>>) -> ErrorKind {
        ErrorKind::RateLimited {
            retry_after_ms: ms.into(),
        }
    }

    fn server(status: u16, ms: impl Into<Option<u64>>) -> ErrorKind {
        ErrorKind::Server {
            status: Some(status),
            retry_after_ms: ms.into(),
        }
    }

    #[test]
    fn each_status_and_body_has_its_kind() {
        use ErrorKind::*;
        let rate =
            r#"{"error":{"code":"rate_limit_exceeded","message":"Please try again in 1.3s."}}"#;
        let cases: Vec<Case> = vec![
            (429, &[], rate, limited(1300)),
            (429, &[("retry-after", "5")], rate, limited(5000)),
            (
                429,
                &[("retry-after-ms", "250"), ("retry-after", "5")],
                "",
                limited(250),
            ),
            (
                429,
                &[("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")],
                "",
                limited(0),
            ),
            (429, &[("retry-after", "soon")], "", limited(None)),
            (
                429,
                &[],
                r#"{"error":{"code":"insufficient_quota","message":"x"}}"#,
                Quota,
            ),
            (
                429,
                &[],
                r#"{"error":{"message":"You exceeded your current quota, please…"}}"#,
                Quota,
            ),
            (
                429,
                &[("x-should-retry", "false")],
                "",
                Refused { status: Some(429) },
            ),
            (402, &[], "", Quota),
            (
                401,
                &[],
                r#"{"error":{"message":"Incorrect API key"}}"#,
                Unauthorized,
            ),
            (403, &[], "", Unauthorized),
            (
                404,
                &[],
                r#"{"error":{"code":"model_not_found","message":"no"}}"#,
                ModelNotFound,
            ),
            (
                404,
                &[],
                r#"{"error":"model \"x\" not found, try pulling it first"}"#,
                ModelNotFound,
            ),
            (
                400,
                &[],
                r#"{"error":{"message":"The requested model 'x' does not exist."}}"#,
                ModelNotFound,
            ),
            (404, &[], "404 page not found", WrongUrl),
            (
                404,
                &[("content-type", "text/html")],
                "<html>model not found",
                WrongUrl,
            ),
            (302, &[], "", WrongUrl),
            (405, &[], "", WrongUrl),
            (
                400,
                &[("content-type", "text/html; charset=utf-8")],
                "x",
                WrongUrl,
            ),
            (
                400,
                &[],
                r#"{"error":{"message":"bad"}}"#,
                Refused { status: Some(400) },
            ),
            (400, &[("x-should-retry", "true")], "", server(400, None)),
            (408, &[], "", server(408, None)),
            (409, &[], "", server(409, None)),
            (
                500,
                &[("retry-after", "0.5")],
                "Internal Server Error",
                server(500, 500),
            ),
            (
                500,
                &[("x-should-retry", "false")],
                "",
                Refused { status: Some(500) },
            ),
            (502, &[], "<html>bad gateway</html>", server(502, None)),
            (501, &[], "", Refused { status: Some(501) }),
            (
                500,
                &[],
                r#"{"error":{"message":"Failed to parse tool call arguments as JSON: x"}}"#,
                Refused { status: Some(500) },
            ),
            (
                400,
                &[],
                r#"{"error":{"code":"context_length_exceeded","message":"This model's maximum context length is 128,000 tokens. However, your messages resulted in 130001 tokens."}}"#,
                ContextTooLong {
                    limit_tokens: Some(128_000),
                    prompt_tokens: Some(130_001),
                },
            ),
            (
                400,
                &[],
                r#"{"error":{"code":400,"type":"exceed_context_size_error","message":"request (9000 tokens) exceeds the available context size (8192 tokens)","n_prompt_tokens":9000,"n_ctx":8192}}"#,
                ContextTooLong {
                    limit_tokens: Some(8192),
                    prompt_tokens: Some(9000),
                },
            ),
        ];
        for (status, headers, body, expected) in cases {
            assert_eq!(
                kind(status, headers, body),
                expected,
                "{status} {headers:?} {body}"
            );
        }
    }

    #[test]
    fn loading_is_told_apart() {
        let body = r#"{"error":{"message":"Loading model","type":"unavailable_error","code":503}}"#;
        assert!(judge(503, &[], body).loading);
        assert!(!judge(503, &[], "overloaded").loading);
    }

    #[test]
    fn errors_inside_a_stream() {
        use ErrorKind::*;
        let cases = [
            (
                r#"{"code":"server_error","message":"x"}"#,
                Server {
                    status: None,
                    retry_after_ms: None,
                },
            ),
            (
                r#"{"code":"rate_limit_exceeded","message":"try again in 20ms"}"#,
                limited(20),
            ),
            (
                r#"{"error":{"code":"insufficient_quota","message":"x"}}"#,
                Quota,
            ),
            (
                r#"{"code":"invalid_prompt","message":"x"}"#,
                Refused { status: None },
            ),
            (
                r#"{"code":"slow_down","message":"x"}"#,
                Server {
                    status: None,
                    retry_after_ms: None,
                },
            ),
            (
                r#"{"error":{"code":500,"message":"x","type":"server_error"}}"#,
                server(500, None),
            ),
        ];
        for (body, expected) in cases {
            let value = serde_json::from_str(body).unwrap();
            assert_eq!(asked().failed_in_stream(&value).kind, expected, "{body}");
        }
    }

    #[test]
    fn no_key_gets_out() {
        let body = r#"{"error":{"message":"Incorrect key top-secret-key or sk-abcdefgh12345678; see task-list-of-all"}}"#;
        let error = judge(401, &[], body).error;
        let shown = format!("{error} {error:?} {:?}", asked());
        assert!(
            !shown.contains("top-secret") && !shown.contains("sk-abc"),
            "{shown}"
        );
        assert!(
            error.message.contains("task-list-of-all") && error.message.contains("http://h/v1")
        );
        assert!(
            error
                .detail
                .is_some_and(|detail| detail.len() <= MAX_DETAIL_BYTES)
        );
    }

    #[test]
    fn what_gemini_and_anthropic_say() {
        use ErrorKind::*;
        let google = |quota: &str, delay: &str| {
            format!(
                r#"{{"error":{{"code":429,"status":"RESOURCE_EXHAUSTED","message":"You exceeded your current quota, please check your plan.","details":[
                {{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{{"quotaId":"{quota}"}}]}}{delay}]}}}}"#
            )
        };
        let delay = r#",{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"26.5s"}"#;
        assert_eq!(
            kind(
                429,
                &[],
                &google("RequestsPerMinutePerProject-FreeTier", delay)
            ),
            limited(26_500)
        );
        assert_eq!(
            kind(
                429,
                &[],
                &google("RequestsPerDayPerProject-FreeTier", delay)
            ),
            Quota
        );
        let bare = r#"{"error":{"code":429,"message":"Resource has been exhausted (e.g. check quota).","status":"RESOURCE_EXHAUSTED"}}"#;
        assert_eq!(kind(429, &[], bare), limited(None));
        let plan = r#"{"error":{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED"}}"#;
        assert_eq!(kind(429, &[], plan), Quota);
        let key = r#"{"error":{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"reason":"API_KEY_INVALID"}]}}"#;
        assert_eq!(kind(400, &[], key), Unauthorized);
        let overloaded =
            r#"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#;
        assert_eq!(kind(503, &[], overloaded), server(503, None));
        let missing = r#"{"error":{"code":404,"message":"models/x is not found for API version v1beta.","status":"NOT_FOUND"}}"#;
        assert_eq!(kind(404, &[], missing), ModelNotFound);
        let long = r#"{"error":{"code":400,"message":"The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}}"#;
        assert_eq!(
            kind(400, &[], long),
            ContextTooLong {
                limit_tokens: Some(1_048_576),
                prompt_tokens: Some(1_048_577)
            }
        );

        let anthropic = |kind: &str, message: &str| {
            format!(r#"{{"type":"error","error":{{"type":"{kind}","message":"{message}"}}}}"#)
        };
        let long = anthropic(
            "invalid_request_error",
            "prompt is too long: 208310 tokens > 200000 maximum",
        );
        assert_eq!(
            kind(400, &[], &long),
            ContextTooLong {
                limit_tokens: Some(200_000),
                prompt_tokens: Some(208_310)
            }
        );
        let credit = anthropic(
            "invalid_request_error",
            "Your credit balance is too low to access the API.",
        );
        assert_eq!(kind(400, &[], &credit), Quota);
        let busy = anthropic("overloaded_error", "Overloaded");
        assert_eq!(kind(529, &[], &busy), server(529, None));
        let slow = anthropic("rate_limit_error", "Slow down");
        assert_eq!(kind(429, &[("retry-after", "3")], &slow), limited(3_000));
        assert_eq!(
            kind(404, &[], &anthropic("not_found_error", "model: claude-x")),
            ModelNotFound
        );
        let told = judge(
            400,
            &[],
            r#"{"error":{"message":"AIzaSyD-1234567890abcdef is bad"}}"#,
        );
        assert!(!told.error.message.contains("1234567890"));
    }
}
