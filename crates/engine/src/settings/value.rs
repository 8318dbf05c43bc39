//! Text to value and back, for each kind of value. An error is what would be legal.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;

use mira_protocol::MicroUsd;
use mira_protocol::provider::ProviderName;
use mira_protocol::vectors::{VectorMaker, VectorStore};

use super::Notify;

pub type Parsed<T> = Result<T, String>;

pub fn switch(text: &str) -> Parsed<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "on" | "yes" => Ok(true),
        "false" | "0" | "off" | "no" => Ok(false),
        _ => Err("true | false".into()),
    }
}

pub fn whole<T>(text: &str, legal: std::ops::RangeInclusive<T>) -> Parsed<T>
where
    T: std::str::FromStr + PartialOrd + std::fmt::Debug,
{
    match text.replace('_', "").parse() {
        Ok(number) if legal.contains(&number) => Ok(number),
        _ => Err(format!("a whole number, {legal:?}")),
    }
}

/// One of a few words.
pub fn word(text: &str, legal: &[&str]) -> Parsed<String> {
    match legal.contains(&text) {
        true => Ok(text.to_owned()),
        false => Err(legal.join(" | ")),
    }
}

/// Keys of actions: a JSON object of short texts. Which actions there are, the interface knows.
pub fn shortcuts(text: &str) -> Parsed<String> {
    const LEGAL: &str = "a JSON object of action and keys, such as {\"palette\": \"mod+p\"}";
    const MOST: usize = 500;
    let keys: BTreeMap<String, String> = serde_json::from_str(text).map_err(|_| LEGAL)?;
    let short = |text: &String| text.len() <= 60 && !text.contains(char::is_control);
    if keys.len() > MOST || !keys.iter().all(|(id, keys)| short(id) && short(keys)) {
        return Err(LEGAL.into());
    }
    serde_json::to_string(&keys).map_err(|_| LEGAL.into())
}

pub fn notify(text: &str, on: &mut Notify) -> Parsed<()> {
    let words: Vec<_> = match text.trim() {
        "none" => Vec::new(),
        text => text.split(',').map(str::trim).collect(),
    };
    if !words
        .iter()
        .all(|word| ["done", "waiting", "failed"].contains(word))
    {
        return Err("done, waiting, failed by commas, or none".into());
    }
    on.done = words.contains(&"done");
    on.waiting = words.contains(&"waiting");
    on.failed = words.contains(&"failed");
    Ok(())
}

pub fn show_notify(on: &Notify) -> String {
    let words: Vec<_> = [
        (on.done, "done"),
        (on.waiting, "waiting"),
        (on.failed, "failed"),
    ]
    .into_iter()
    .filter_map(|(is_on, word)| is_on.then_some(word))
    .collect();
    match words.is_empty() {
        true => "none".to_owned(),
        false => words.join(", "),
    }
}

/// "none" is no value.
pub fn optional<T>(text: &str, parse: impl Fn(&str) -> Parsed<T>) -> Parsed<Option<T>> {
    match text {
        "none" => Ok(None),
        text => parse(text)
            .map(Some)
            .map_err(|legal| format!("{legal} | none")),
    }
}

/// Absolute paths, `~` being the home folder.
pub fn folders(text: &str) -> Parsed<Vec<PathBuf>> {
    const LEGAL: &str = "absolute paths with a colon between, or none";
    if text == "none" {
        return Ok(Vec::new());
    }
    text.split(':')
        .map(str::trim)
        .map(|path| match path.starts_with(['/', '~']) {
            true => super::dirs::absolute(path).map_err(|error| error.message),
            false => Err(LEGAL.to_owned()),
        })
        .collect()
}

pub fn show_folders(paths: &[PathBuf]) -> String {
    if paths.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<_> = paths.iter().map(|path| path.to_string_lossy()).collect();
    shown.join(":")
}

/// Dollars with up to six decimals, exactly.
pub fn dollars(text: &str) -> Parsed<MicroUsd> {
    const LEGAL: &str = "US dollars such as 5 or 0.25";
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let legal = digits(whole) && digits(part) && whole.len() <= 9 && part.len() <= 6;
    if !legal || (whole.is_empty() && part.is_empty()) {
        return Err(LEGAL.into());
    }
    format!("{whole}{part:0<6}")
        .parse()
        .map_err(|_| LEGAL.into())
}

pub fn show_dollars(micro: MicroUsd) -> String {
    let text = format!("{}.{:06}", micro / 1_000_000, micro % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// http or https, without a slash at the end.
pub fn base_url(text: &str) -> Parsed<String> {
    let legal = || "an http:// or https:// URL, such as http://127.0.0.1:8080/v1".to_owned();
    let url = url::Url::parse(text).map_err(|_| legal())?;
    let usable = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none();
    if !usable {
        return Err(legal());
    }
    Ok(text.trim_end_matches('/').to_owned())
}

pub fn address(text: &str) -> Parsed<IpAddr> {
    match text {
        "localhost" => Ok(IpAddr::from([127, 0, 0, 1])),
        text => text
            .parse()
            .map_err(|_| "an IP address such as 127.0.0.1 or ::1".into()),
    }
}

/// A word without spaces, such as a model's id.
pub fn id(text: &str) -> Parsed<String> {
    let legal = !text.is_empty() && text.len() <= 200 && !text.contains(char::is_whitespace);
    if legal {
        Ok(text.to_owned())
    } else {
        Err("an id without spaces".into())
    }
}

/// A command line without a shell: words and quotes.
pub fn command(text: &str) -> Parsed<String> {
    match crate::editor::words(text) {
        Ok(words) if !words.is_empty() && text.len() <= 1_000 => Ok(text.trim().to_owned()),
        Ok(_) => Err("a command".into()),
        Err(reason) => Err(format!("a command ({reason})")),
    }
}

/// Names of providers with commas, in order; "none" is no name.
pub fn providers(text: &str) -> Parsed<Vec<ProviderName>> {
    let legal = || "providers by commas: openai, gemini, anthropic, local | none".to_owned();
    if text == "none" {
        return Ok(Vec::new());
    }
    let mut names: Vec<ProviderName> = Vec::new();
    for word in text.split(',') {
        let name = word.trim().parse().map_err(|_| legal())?;
        if !names.contains(&name) {
            names.push(name);
        }
    }
    Ok(names)
}

pub fn show_providers(names: &[ProviderName]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    names.join(",")
}

pub fn maker(text: &str) -> Parsed<VectorMaker> {
    let all = [VectorMaker::Local, VectorMaker::Provider];
    let found = all.into_iter().find(|one| one.as_str() == text);
    found.ok_or_else(|| "local | provider".into())
}

/// "auto" is none.
pub fn vector_store(text: &str) -> Parsed<Option<VectorStore>> {
    match text {
        "auto" => Ok(None),
        "embedded" => Ok(Some(VectorStore::Embedded)),
        "qdrant" => Ok(Some(VectorStore::Qdrant)),
        _ => Err("auto | embedded | qdrant".into()),
    }
}

/// Headers take visible ASCII only, and so must keys.
pub fn key(text: &str) -> Parsed<super::Secret> {
    match text.trim() {
        key if key.bytes().all(|byte| byte.is_ascii_graphic()) => Ok(super::Secret::new(key)),
        _ => Err("visible ASCII characters without spaces".into()),
    }
}

/// `level` or `target=level`, several with commas.
pub fn log_filter(text: &str) -> Parsed<String> {
    const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
    let known = |level: &str| LEVELS.contains(&level.to_ascii_lowercase().as_str());
    let legal = text
        .split(',')
        .map(str::trim)
        .all(|part| match part.rsplit_once('=') {
            Some((target, level)) => !target.is_empty() && known(level),
            None => known(part),
        });
    match legal {
        true => Ok(text.to_owned()),
        false => {
            Err("off | error | warn | info | debug | trace, or target=level, by commas".into())
        }
    }
}
