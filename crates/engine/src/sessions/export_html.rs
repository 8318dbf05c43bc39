//! A conversation as a page to hand on: one file without scripts, that loads nothing from anywhere
//! and says so to the browser, with secrets masked and the home folder left out.

use std::collections::HashMap;
use std::fmt::Write as _;

use mira_protocol::approval::Decision;
use mira_protocol::change::FileChangeSummary;
use mira_protocol::operation::OperationState;
use mira_protocol::session::Session;
use mira_protocol::{CallId, EventKind, StoredEvent};
use mira_secrets::Masker;
use pulldown_cmark::{CowStr, Event, Options, Parser, Tag, TagEnd};

use super::export::{title, when};

/// The page. `home`: the person's own folder, which is written `~`.
pub fn html(
    session: &Session,
    events: &[StoredEvent],
    home: Option<&str>,
    masker: &Masker,
) -> String {
    let page = Page { home, masker };
    let name = page.text(title(session));
    let mut body = String::new();
    let mut calls: HashMap<&CallId, &serde_json::Value> = HashMap::new();
    for event in events {
        if let EventKind::ToolCall {
            call_id, arguments, ..
        } = &event.kind
        {
            calls.insert(call_id, arguments);
        }
        page.event(&mut body, event, &calls);
    }
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{name}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n\
         <header><h1>{name}</h1><p>{} · {} messages · secrets are masked</p></header>\n{body}</main>\n</body>\n</html>\n",
        when(session.created_at),
        session.message_count,
    )
}

struct Page<'a> {
    home: Option<&'a str>,
    masker: &'a Masker,
}

impl Page<'_> {
    fn event(
        &self,
        out: &mut String,
        event: &StoredEvent,
        calls: &HashMap<&CallId, &serde_json::Value>,
    ) {
        let at = when(event.at);
        // Writing to a String cannot fail.
        let _ = match &event.kind {
            EventKind::UserMessage {
                content,
                attachments,
                ..
            } => {
                let names: Vec<_> = attachments.iter().map(|one| self.text(&one.name)).collect();
                let attached = match names.is_empty() {
                    true => String::new(),
                    false => format!("<p class=\"quiet\">Attached: {}</p>", names.join(", ")),
                };
                writeln!(
                    out,
                    "<article class=\"you\"><h2>You <time>{at}</time></h2><p class=\"as-typed\">{}</p>{attached}</article>",
                    self.text(content)
                )
            }
            EventKind::AssistantMessage {
                content, partial, ..
            } => writeln!(
                out,
                "<article><h2>Mira <time>{at}</time></h2>{}{}</article>",
                self.markdown(content),
                if *partial {
                    "<p class=\"quiet\">(cut off)</p>"
                } else {
                    ""
                }
            ),
            EventKind::ToolResult {
                call_id,
                tool,
                success,
                output,
                summary,
                changes,
                ..
            } => {
                let arguments = calls
                    .get(call_id)
                    .and_then(|arguments| serde_json::to_string_pretty(arguments).ok())
                    .unwrap_or_default();
                writeln!(
                    out,
                    "<details><summary><b>{}</b> {}{}</summary><pre>{}</pre><pre>{}</pre>{}</details>",
                    self.text(tool),
                    self.text(summary),
                    if *success { "" } else { " (failed)" },
                    self.text(&arguments),
                    self.text(output.trim_end()),
                    self.changes(changes),
                )
            }
            EventKind::Notice { text, .. } => note(out, &self.text(text)),
            EventKind::ApprovalDecided { decision, .. } => note(
                out,
                match decision {
                    Decision::Allow => "Allowed.",
                    Decision::Always => "Allowed, and remembered.",
                    Decision::Deny => "Denied.",
                },
            ),
            EventKind::Compacted { dropped_items, .. } => note(
                out,
                &format!("{dropped_items} earlier items were replaced by a summary."),
            ),
            EventKind::OperationFinished { state, failure, .. } => match (state, failure) {
                (OperationState::Completed, _) => Ok(()),
                (_, Some(failure)) => note(out, &self.text(&failure.message)),
                (state, None) => note(out, &format!("The operation ended as {state:?}.")),
            },
            EventKind::Undone { undone, paths, .. } => {
                let what = if *undone {
                    "Taken back"
                } else {
                    "Brought back"
                };
                note(out, &format!("{what}: {}", self.text(&paths.join(", "))))
            }
            _ => Ok(()),
        };
    }

    fn changes(&self, changes: &[FileChangeSummary]) -> String {
        if changes.is_empty() {
            return String::new();
        }
        let lines: String = changes
            .iter()
            .map(|one| {
                format!(
                    "<li><code>{}</code> +{} −{}</li>",
                    self.text(&one.path),
                    one.additions,
                    one.deletions
                )
            })
            .collect();
        format!("<ul>{lines}</ul>")
    }

    /// What a model wrote: Markdown without its raw HTML, its pictures, and links other than to
    /// the web.
    fn markdown(&self, text: &str) -> String {
        let text = self.redacted(text);
        let options = Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH;
        let mut closed = Vec::new();
        let events = Parser::new_ext(&text, options).filter_map(|event| match event {
            Event::Html(raw) | Event::InlineHtml(raw) => Some(Event::Text(raw)),
            Event::Start(Tag::HtmlBlock) | Event::End(TagEnd::HtmlBlock) => None,
            Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
            Event::Start(Tag::Link { ref dest_url, .. }) => {
                let shown = is_web(dest_url);
                closed.push(shown);
                shown.then_some(event)
            }
            Event::End(TagEnd::Link) => closed.pop().unwrap_or(false).then_some(event),
            other => Some(other),
        });
        let mut html = String::new();
        pulldown_cmark::html::push_html(&mut html, events);
        html
    }

    /// Redacted, and as text of a page.
    fn text(&self, text: &str) -> String {
        let text = self.redacted(text);
        let mut out = String::with_capacity(text.len());
        for sign in text.chars() {
            match sign {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&quot;"),
                // Colours of a terminal say nothing here.
                '\u{1b}' => {}
                sign => out.push(sign),
            }
        }
        out
    }

    fn redacted(&self, text: &str) -> String {
        let out = self.masker.mask(text);
        match self.home.filter(|home| home.len() > 1) {
            Some(home) => without_home(&out, home),
            None => out.into_owned(),
        }
    }
}

/// `/home/ada/src` as `~/src`, and `/home/adamant` as it is.
fn without_home(text: &str, home: &str) -> String {
    let mut parts = text.split(home).peekable();
    let mut out = String::with_capacity(text.len());
    while let Some(part) = parts.next() {
        out.push_str(part);
        if let Some(next) = parts.peek() {
            let longer = next.starts_with(|sign: char| sign.is_alphanumeric() || sign == '_');
            out.push_str(if longer { home } else { "~" });
        }
    }
    out
}

fn is_web(address: &CowStr<'_>) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

fn note(out: &mut String, escaped: &str) -> std::fmt::Result {
    writeln!(out, "<p class=\"quiet\">{escaped}</p>")
}

const STYLE: &str = "\
    :root{color-scheme:light dark;font:15px/1.6 system-ui,sans-serif}\
    body{margin:0}main{max-width:46rem;margin:0 auto;padding:2rem 1rem}\
    header p,time,.quiet{opacity:.75;font-size:.85em;font-weight:400}\
    h1{font-size:1.4rem}article{margin:1.5rem 0}article h2{font-size:.95rem;margin:0 0 .25rem}\
    .you{border-inline-start:3px solid #6b7cff;padding-inline-start:.75rem}\
    .as-typed{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}\
    details{margin:.4rem 0;border:1px solid color-mix(in srgb,currentColor 20%,transparent);border-radius:6px;padding:.3rem .6rem}\
    summary{cursor:pointer;overflow-wrap:anywhere}\
    pre{overflow-x:auto;font:13px/1.5 ui-monospace,monospace;background:color-mix(in srgb,currentColor 7%,transparent);padding:.6rem;border-radius:6px}\
    pre:empty{display:none}code{font-family:ui-monospace,monospace}\
    table{border-collapse:collapse}th,td{border:1px solid color-mix(in srgb,currentColor 25%,transparent);padding:.2rem .5rem}";

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = concat!("ghp_", "0123456789abcdefghijABCDEFGHIJ456789");

    #[test]
    fn secrets_and_the_home_folder_do_not_leave() {
        let masker = Masker::new([3; mira_secrets::KEY_BYTES]);
        let page = Page {
            home: Some("/home/ada"),
            masker: &masker,
        };
        let shown = page.text(&format!("cd /home/ada/src && GITHUB_TOKEN={KEY} ./deploy"));
        assert!(!shown.contains(KEY), "{shown}");
        assert!(shown.contains("[secret:github-token:"), "{shown}");
        assert!(shown.contains("cd ~/src"), "{shown}");
        assert_eq!(page.text("/home/adamant /home/ada"), "/home/adamant ~");
        assert!(!page.markdown(&format!("the key is `{KEY}`")).contains(KEY));
    }

    #[test]
    fn what_a_model_wrote_cannot_become_a_page_of_its_own() {
        let masker = Masker::new([3; mira_secrets::KEY_BYTES]);
        let page = Page {
            home: None,
            masker: &masker,
        };
        let shown = page.markdown(
            "**bold** <script>alert(1)</script> ![](https://example.org/x.png) [a](javascript:x) [b](https://example.org)",
        );
        assert!(shown.contains("<strong>bold</strong>"));
        assert!(
            !shown.contains("<script") && !shown.contains("<img"),
            "{shown}"
        );
        assert!(!shown.contains("javascript:"), "{shown}");
        assert!(shown.contains("href=\"https://example.org\""));
        assert_eq!(page.text("<b>\"&"), "&lt;b&gt;&quot;&amp;");
    }
}
