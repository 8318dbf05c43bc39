//! Everything that is not the socket: the UI's files, its one-time link, health and figures.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, Query, Request, State as Extract, WebSocketUpgrade};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use mira_protocol::calls;
use mira_protocol::system::Nothing;
use mira_protocol::{Code, Failure};
use serde::Deserialize;

use crate::access::Credential;
use crate::{MAX_MESSAGE_BYTES, State, assets, socket};

pub fn router(state: Arc<State>) -> Router {
    Router::new()
        .route("/ws", get(upgrade))
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/api/link", post(link))
        .route("/", get(page))
        .route("/{*path}", get(asset))
        .layer(middleware::from_fn_with_state(state.clone(), guard))
        .with_state(state)
}

/// Refuses what comes from elsewhere, and gives every answer its headers.
async fn guard(Extract(state): Extract<Arc<State>>, request: Request, next: Next) -> Response {
    let host = request.headers().get(header::HOST).cloned();
    let mut response = if state.access.is_from_here(request.headers()) {
        next.run(request).await
    } else {
        let failure = Failure::new(Code::Refused, "The request comes from another site.")
            .hint("Open the address that Mira printed, on this machine.");
        (StatusCode::FORBIDDEN, Json(failure)).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    );
    headers.insert(
        "cross-origin-opener-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers.insert(
        "cross-origin-resource-policy",
        HeaderValue::from_static("same-origin"),
    );
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    // Some engines do not count ws: as 'self'.
    let host = host
        .as_ref()
        .and_then(|host| host.to_str().ok())
        .unwrap_or("127.0.0.1");
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; \
         img-src 'self' data: blob:; connect-src 'self' ws://{host}; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

async fn upgrade(
    Extract(state): Extract<Arc<State>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    let known = match state.access.credential(&headers) {
        Credential::Wrong => return unauthorized("The token is wrong."),
        credential => credential == Credential::Valid,
    };
    upgrade
        .max_message_size(MAX_MESSAGE_BYTES)
        .max_frame_size(MAX_MESSAGE_BYTES)
        .on_upgrade(move |socket| socket::run(state, socket, known))
}

fn unauthorized(why: &str) -> Response {
    let failure = Failure::new(Code::Unauthorized, why)
        .hint("The token stands in the file ws-token in Mira's data directory.");
    (StatusCode::UNAUTHORIZED, Json(failure)).into_response()
}

/// The process answers.
async fn health() -> &'static str {
    "ok\n"
}

/// The engine answers: its database can be read.
async fn ready(Extract(state): Extract<Arc<State>>) -> Response {
    match state.engine.call(calls::SystemStatus(Nothing {})).await {
        Ok(_) if !state.closing.is_cancelled() => "ready\n".into_response(),
        Ok(_) => (StatusCode::SERVICE_UNAVAILABLE, "closing\n").into_response(),
        Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, Json(failure)).into_response(),
    }
}

async fn metrics(Extract(state): Extract<Arc<State>>) -> Response {
    match state.engine.call(calls::SystemStatus(Nothing {})).await {
        Ok(status) => {
            let format = (
                header::CONTENT_TYPE,
                "text/plain; version=0.0.4; charset=utf-8",
            );
            ([format], state.metrics.text(&status)).into_response()
        }
        Err(failure) => (StatusCode::SERVICE_UNAVAILABLE, Json(failure)).into_response(),
    }
}

/// A new one-time link, for who holds the token.
async fn link(Extract(state): Extract<Arc<State>>, headers: HeaderMap) -> Response {
    if state.access.credential(&headers) != Credential::Valid {
        return unauthorized("The token is missing or wrong.");
    }
    Json(serde_json::json!({ "url": state.access.new_link() })).into_response()
}

#[derive(Deserialize)]
struct PageQuery {
    link: Option<String>,
}

async fn page(
    Extract(state): Extract<Arc<State>>,
    Query(query): Query<PageQuery>,
    headers: HeaderMap,
) -> Response {
    let known = state.access.credential(&headers) == Credential::Valid;
    match query.link {
        Some(link) if state.access.use_link(&link) => {
            let cookie = (header::SET_COOKIE, state.access.set_cookie());
            (
                StatusCode::SEE_OTHER,
                [cookie, (header::LOCATION, "/".to_owned())],
            )
                .into_response()
        }
        // Reloading a used link is no reason to lock the person out.
        Some(_) if known => (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response(),
        Some(_) => note(
            StatusCode::UNAUTHORIZED,
            "This link was used already",
            "A link opens Mira once. Run <code>mira link</code> on this machine for a new one.",
        ),
        None if !known => note(
            StatusCode::UNAUTHORIZED,
            "Mira is running here",
            "Run <code>mira link</code> on this machine and open the link that it prints.",
        ),
        None => ui(),
    }
}

fn ui() -> Response {
    let html = (header::CONTENT_TYPE, "text/html; charset=utf-8");
    match assets::index() {
        Some(index) => ([html], index).into_response(),
        None => note(
            StatusCode::OK,
            "Mira is running, without its web UI",
            "This program was built before the UI was. Run <code>npm run build</code> and build \
             <code>mira</code> again. The socket at <code>/ws</code> works.",
        ),
    }
}

/// A page in plain HTML; it needs no style that the policy would refuse.
fn note(status: StatusCode, title: &str, text: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\"><title>Mira</title>\
         <link rel=\"icon\" href=\"/favicon.svg\"><link rel=\"stylesheet\" href=\"/note.css\">\
         <main><img src=\"/favicon.svg\" alt=\"\" width=\"36\" height=\"36\"><h1>{title}</h1><p>{text}</p></main></html>\n"
    );
    (
        status,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}

async fn asset(
    Extract(state): Extract<Arc<State>>,
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Response {
    if let Some((content, media_type)) = assets::find(&path).filter(|_| path != "index.html") {
        // Names below assets/ change with their content.
        let keep = path.starts_with("assets/");
        let cache = if keep {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        };
        let headers = [
            (header::CONTENT_TYPE, media_type),
            (header::CACHE_CONTROL, cache),
        ];
        return (headers, content).into_response();
    }
    // A place inside the UI, reloaded.
    let is_place = !path.contains('.') && !path.starts_with("api/");
    if is_place && state.access.credential(&headers) == Credential::Valid {
        return ui();
    }
    note(
        StatusCode::NOT_FOUND,
        "Not found",
        "There is nothing here. Go to <a href=\"/\">Mira</a>.",
    )
}
