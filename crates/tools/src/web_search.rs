//! A search of the web.

use std::sync::Arc;

use async_trait::async_trait;
use mira_workspace::truncate;
use reqwest::Url;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::web::Web;
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const MAX_RESULTS: usize = 10;

pub(crate) struct WebSearch {
    pub web: Arc<Web>,
    pub endpoint: String,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    query: String,
}

#[derive(Debug, PartialEq)]
struct Hit {
    title: String,
    url: String,
    snippet: String,
}

impl WebSearch {
    fn address(&self, input: &Input) -> Result<Url, ToolError> {
        let query = input.query.trim();
        if query.is_empty() {
            return Err(ToolError::Refused(
                "`query` is empty; give words to search for.".into(),
            ));
        }
        Url::parse_with_params(&self.endpoint, [("q", query)]).map_err(|error| {
            ToolError::Refused(format!(
                "The search service {:?} is no address: {error}.",
                self.endpoint
            ))
        })
    }
}

#[async_trait]
impl Tool for WebSearch {
    const NAME: &'static str = "web_search";
    const DESCRIPTION: &'static str = "Search the web; gives titles, addresses and snippets.";
    type Input = Input;

    fn effect(&self, input: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reaches {
            url: self.address(input)?.to_string(),
        })
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let address = self.address(&input)?;
        let host = address.host_str().unwrap_or_default().to_owned();
        let document = self.web.get(address.as_str(), "web search", cx).await.map_err(|error| match error {
            ToolError::Refused(reason) => ToolError::Refused(format!(
                "The web search did not work: {reason} Go on without it, or fetch a known address."
            )),
            other => other,
        })?;
        let hits = hits(&document.text);
        if hits.is_empty() {
            let asks_back = ["anomaly", "captcha", "challenge"];
            if asks_back.iter().any(|word| document.text.contains(word)) {
                return Err(ToolError::Refused(format!(
                    "{host} wants to see a person before it answers. Go on without a search, or \
                     fetch a known address."
                )));
            }
            return Ok(Output::new(
                format!("No results for {:?}.", input.query),
                "no results",
            ));
        }
        let lines = hits.iter().enumerate().map(|(index, hit)| {
            format!(
                "{}. {}\n   {}\n   {}\n",
                index + 1,
                hit.title,
                hit.url,
                hit.snippet
            )
        });
        Ok(Output::new(
            lines.collect::<String>(),
            format!("{} results", hits.len()),
        ))
    }
}

/// The results of a DuckDuckGo HTML page (form of 2026-11): a link of class `result__a` and a
/// snippet of class `result__snippet` each.
fn hits(html: &str) -> Vec<Hit> {
    let mut found = Vec::new();
    let starts: Vec<usize> = html.match_indices("result__a").map(|(at, _)| at).collect();
    for (index, start) in starts.iter().enumerate() {
        let end = starts.get(index + 1).copied().unwrap_or(html.len());
        let Some((tag, title)) = element(html, *start, end) else {
            continue;
        };
        let Some(url) = attribute(tag, "href").and_then(|href| target(&href)) else {
            continue;
        };
        let snippet = html[*start..end]
            .find("result__snippet")
            .map(|at| start + at);
        let snippet = snippet
            .and_then(|at| element(html, at, end))
            .map(|(_, text)| plain(text));
        let snippet = snippet.unwrap_or_default();
        let snippet = truncate::line(&snippet, 400).into_owned();
        found.push(Hit {
            title: plain(title),
            url,
            snippet,
        });
        if found.len() == MAX_RESULTS {
            break;
        }
    }
    found
}

/// The tag around position `at` and what stands between it and its end.
fn element(html: &str, at: usize, end: usize) -> Option<(&str, &str)> {
    let open = html[..at].rfind('<')?;
    let close = at + html[at..end].find('>')?;
    let tag = &html[open + 1..close];
    let name = tag.split_ascii_whitespace().next()?;
    let inner = html[close + 1..].find(&format!("</{name}>"))?;
    Some((tag, &html[close + 1..close + 1 + inner]))
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = tag.find(&format!("{name}=\""))? + name.len() + 2;
    let length = tag[start..].find('"')?;
    Some(unescaped(&tag[start..start + length]))
}

/// The service links through an address of its own that names the real one.
fn target(href: &str) -> Option<String> {
    let whole = if href.starts_with("//") {
        format!("https:{href}")
    } else {
        href.to_owned()
    };
    let url = Url::parse(&whole).ok()?;
    let real = url
        .query_pairs()
        .find(|(name, _)| name == "uddg")
        .map(|(_, value)| value.into_owned());
    let is_advert =
        url.path() == "/y.js" || real.as_ref().is_some_and(|real| real.contains("/y.js?"));
    match real.unwrap_or(whole) {
        _ if is_advert => None,
        address if address.starts_with("http://") || address.starts_with("https://") => {
            Some(address)
        }
        _ => None,
    }
}

fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for character in html.chars() {
        match character {
            '<' => in_tag = true,
            '>' if in_tag => in_tag = false,
            other if !in_tag => text.push(other),
            _ => {}
        }
    }
    unescaped(&text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn unescaped(text: &str) -> String {
    let mut out = text.to_owned();
    for (entity, character) in [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#x2F;", "/"),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ] {
        out = out.replace(entity, character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_read_from_the_page() {
        let html = r#"
<div class="result results_links"><h2 class="result__title">
<a rel="nofollow" class="result__a" href="//duckduckgo.com/l/?uddg=https%3A%2F%2Fdocs.rs%2Ftokio%2F&amp;rut=ab">Tokio &amp; <b>docs</b></a></h2>
<a class="result__snippet" href="x">An  <b>async</b> runtime &#x27;for&#x27; Rust</a></div>
<div><a class="result__a" href="https://duckduckgo.com/y.js?ad_domain=x">Advert</a>
<a class="result__snippet">Buy</a></div>
<div><a class="result__a" href="https://example.com/">Plain</a></div>"#;
        let hit = |title: &str, url: &str, snippet: &str| Hit {
            title: title.into(),
            url: url.into(),
            snippet: snippet.into(),
        };
        assert_eq!(
            hits(html),
            [
                hit(
                    "Tokio & docs",
                    "https://docs.rs/tokio/",
                    "An async runtime 'for' Rust"
                ),
                hit("Plain", "https://example.com/", ""),
            ]
        );
        assert_eq!(hits("<html>nothing</html>"), []);
        assert_eq!(hits("result__a <a class=\"result__a"), []);
    }
}
