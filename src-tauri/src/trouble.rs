//! The page that stands where the interface would be when the engine did not open: what was
//! attempted, why it failed, and two buttons. It has no script; its links are caught in
//! [`crate::window`].

use mira_protocol::{Code, Failure};
use tauri::http::{Response, header};
use tauri::{AppHandle, Manager, Url};

use crate::host::{Engines, Host};
use crate::window;

/// The page's own scheme.
pub const SCHEME: &str = "mira-trouble";

/// The page's address, and those of its buttons.
#[cfg(not(windows))]
const ADDRESS: &str = "mira-trouble://localhost/";
#[cfg(windows)]
const ADDRESS: &str = "http://mira-trouble.localhost/";

/// What a link of the page asks for.
#[derive(Debug, PartialEq, Eq)]
pub enum Ask {
    Show,
    Retry,
    Quit,
}

/// Reads a link of the page; None for any other address.
pub fn ask_of(url: &Url) -> Option<Ask> {
    match url.as_str().strip_prefix(ADDRESS)? {
        "retry" => Some(Ask::Retry),
        "quit" => Some(Ask::Quit),
        _ => Some(Ask::Show),
    }
}

/// Follows the engine: the page when it failed, the interface when it opened after all.
pub async fn show_when_failed(app: AppHandle) {
    let mut state = app.state::<Host>().watch();
    let mut shown = false;
    loop {
        let next = state.borrow_and_update().clone();
        match next {
            Engines::Failed(_) => {
                shown = true;
                if let Ok(address) = Url::parse(ADDRESS) {
                    window::navigate(&app, &address);
                }
            }
            Engines::Open(_) if shown => {
                shown = false;
                window::show_interface(&app);
            }
            _ => {}
        }
        if state.changed().await.is_err() {
            return;
        }
    }
}

/// The page as it stands now.
pub fn page(app: &AppHandle) -> Response<Vec<u8>> {
    let failure = app
        .try_state::<Host>()
        .and_then(|host| host.failure())
        .unwrap_or_else(|| Failure::new(Code::Internal, "The engine is opening."));
    let mut response = Response::new(html(&failure).into_bytes());
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    response
}

fn html(failure: &Failure) -> String {
    let title = match failure.code {
        Code::Locked => "Another Mira is using this data",
        _ => "Mira could not start",
    };
    let hint = failure
        .hint
        .as_deref()
        .map(|hint| format!("<p>{}</p>", escape(hint)));
    let detail = failure.detail.as_deref().map(|detail| {
        format!(
            "<details><summary>Detail</summary><pre>{}</pre></details>",
            escape(detail)
        )
    });
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\
         <style>{STYLE}</style><main role=\"alert\"><h1>{title}</h1><p>{}</p>{}{}\
         <nav><a href=\"{ADDRESS}retry\">Try again</a><a href=\"{ADDRESS}quit\">Quit</a></nav></main></html>",
        escape(&failure.message),
        hint.unwrap_or_default(),
        detail.unwrap_or_default(),
    )
}

const STYLE: &str = "\
    :root{color-scheme:light dark;font:13px/1.55 system-ui,sans-serif}\
    body{margin:0;min-height:100vh;display:grid;place-items:center}\
    main{max-width:32rem;padding:2rem}\
    h1{font-size:1.25rem;font-weight:600;margin:0 0 .75rem}\
    p,details{margin:0 0 .75rem;overflow-wrap:anywhere}\
    pre{white-space:pre-wrap;font-size:12px}\
    nav{display:flex;gap:.5rem;margin-top:1.25rem}\
    a{padding:.375rem .75rem;border:1px solid GrayText;border-radius:6px;color:inherit;text-decoration:none}\
    a:first-child{background:#3d4ecf;border-color:#3d4ecf;color:#fff}\
    a:focus-visible{outline:2px solid Highlight;outline-offset:2px}";

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_shown_as_text_whatever_it_holds() {
        let failure = Failure::new(Code::Locked, "held by <script>alert('1')</script> & co")
            .hint("run \"mira\"")
            .detail("</pre><img src=x>");
        let page = html(&failure);
        assert!(page.contains("Another Mira is using this data"));
        assert!(page.contains("&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; co"));
        assert!(page.contains("run &quot;mira&quot;"));
        assert!(!page.contains("<script") && !page.contains("<img"));
    }

    #[test]
    fn only_its_own_links_are_read() {
        let ask = |text: &str| Url::parse(text).ok().as_ref().and_then(ask_of);
        assert_eq!(ask(&format!("{ADDRESS}retry")), Some(Ask::Retry));
        assert_eq!(ask(&format!("{ADDRESS}quit")), Some(Ask::Quit));
        assert_eq!(ask(ADDRESS), Some(Ask::Show));
        assert_eq!(ask("https://example.org/retry"), None);
    }
}
