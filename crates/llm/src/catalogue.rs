//! What is known of models: limits, prices, efforts, the day on which one is shut down and what
//! takes its place. The data is `catalogue.json`, compiled in; a person's `models.json` is laid
//! over it.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Prices;
use crate::listing::Listed;

const BUILTIN: &str = include_str!("catalogue.json");

/// Tokens to assume for a model of OpenAI that the catalogue does not know.
pub const UNKNOWN_OPENAI_CONTEXT_TOKENS: u64 = 128_000;

/// A shut-down nearer than this is told.
const WARN_DAYS: i64 = 30;

/// Which kind of provider serves a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vendor {
    Openai,
    Gemini,
    Anthropic,
    Local,
}

impl Vendor {
    /// Whose model an id that the catalogue does not know must be, by its name.
    pub fn of_unknown(id: &str) -> Option<Self> {
        [("gemini-", Self::Gemini), ("claude-", Self::Anthropic)]
            .iter()
            .find(|(prefix, _)| id.starts_with(prefix))
            .map(|(_, vendor)| *vendor)
    }
}

/// One model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFacts {
    pub id: String,
    pub provider: Vendor,
    /// Other ids of the same model.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Input and output together.
    pub context_tokens: u64,
    #[serde(default)]
    pub max_output_tokens: Option<u64>,
    #[serde(default)]
    pub prices: Option<ListedPrices>,
    /// Reasoning efforts that the model takes; empty for a model that does not reason.
    #[serde(default)]
    pub efforts: Vec<String>,
    #[serde(default)]
    pub accepts_images: bool,
    /// The first day on which the model is gone.
    #[serde(default)]
    pub shut_down: Option<Date>,
    #[serde(default)]
    pub successor: Option<String>,
}

/// US dollars for a million tokens, as listed on a day.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedPrices {
    pub input: f64,
    /// Not listed: the full input price.
    #[serde(default)]
    pub cached: Option<f64>,
    /// Not listed: the full input price.
    #[serde(default)]
    pub cache_write: Option<f64>,
    pub output: f64,
    #[serde(default)]
    pub long_over_tokens: Option<u64>,
    #[serde(default = "one")]
    pub long_input: f64,
    #[serde(default = "one")]
    pub long_output: f64,
    /// Announced prices of a later day.
    #[serde(default)]
    pub later: Option<LaterPrices>,
    pub source: String,
    pub date: Date,
    /// What of it the maker's own page did not confirm on that day, in words.
    #[serde(default)]
    pub unconfirmed: Option<String>,
}

/// What a million tokens cost from a day on.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LaterPrices {
    pub from: Date,
    pub input: f64,
    #[serde(default)]
    pub cached: Option<f64>,
    #[serde(default)]
    pub cache_write: Option<f64>,
    pub output: f64,
}

fn one() -> f64 {
    1.0
}

impl ListedPrices {
    /// As they are on that day.
    pub fn prices(&self, today: Date) -> Prices {
        let (input, cached, cache_write, output) = match &self.later {
            Some(later) if later.from <= today => {
                (later.input, later.cached, later.cache_write, later.output)
            }
            _ => (self.input, self.cached, self.cache_write, self.output),
        };
        Prices {
            input,
            cached: cached.unwrap_or(input),
            cache_write: cache_write.unwrap_or(input),
            output,
            long_over_tokens: self.long_over_tokens,
            long_input: self.long_input,
            long_output: self.long_output,
        }
    }

    /// "developers.openai.com, 2026-11-17"
    pub fn origin(&self) -> String {
        format!("{}, {}", self.source, self.date)
    }
}

/// The model of a tier where the person has not chosen one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierDefault {
    pub model: String,
    #[serde(default)]
    pub effort: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierDefaults {
    pub fast: TierDefault,
    pub voice: TierDefault,
    pub code: TierDefault,
    pub agentic: TierDefault,
}

/// A model that makes vectors.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmbeddingFacts {
    pub id: String,
    pub provider: Vendor,
    /// Numbers of a vector, unless fewer are asked for.
    pub dimensions: u32,
    /// Of one text.
    pub max_input_tokens: u64,
    /// US dollars for a million tokens.
    pub price: f64,
    pub source: String,
    pub date: Date,
    #[serde(default)]
    pub unconfirmed: Option<String>,
}

impl EmbeddingFacts {
    pub fn prices(&self) -> Prices {
        Prices {
            input: self.price,
            cached: self.price,
            cache_write: self.price,
            output: 0.0,
            long_over_tokens: None,
            long_input: 1.0,
            long_output: 1.0,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    models: Vec<ModelFacts>,
    #[serde(default)]
    embeddings: Vec<EmbeddingFacts>,
    tiers: TierDefaults,
    /// Where OpenAI is not the one who answers.
    tiers_of: TiersOf,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct TiersOf {
    gemini: TierDefaults,
    anthropic: TierDefaults,
}

/// All models known, by id and alias.
#[derive(Debug, Clone)]
pub struct Catalogue {
    models: Vec<ModelFacts>,
    by_name: HashMap<String, usize>,
    embeddings: Vec<EmbeddingFacts>,
    tiers: TierDefaults,
    tiers_of: TiersOf,
}

/// The override file cannot be used. The message names the file and the place in it.
#[derive(Debug, thiserror::Error)]
#[error("{path} cannot be used as model catalogue: {why}. Correct or remove it.")]
pub struct CatalogueError {
    pub path: String,
    pub why: String,
}

/// What to ask for instead of an id, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Choice<'a> {
    /// The id that goes on the wire.
    pub id: String,
    pub facts: Option<&'a ModelFacts>,
    /// For people, where the id is retired or soon will be.
    pub notice: Option<String>,
}

impl Catalogue {
    /// The data compiled in.
    pub fn builtin() -> Arc<Self> {
        static BUILT: std::sync::LazyLock<Arc<Catalogue>> = std::sync::LazyLock::new(|| {
            let data = serde_json::from_str(BUILTIN).expect("compiled in, checked by a test");
            Arc::new(Catalogue::index(data))
        });
        Arc::clone(&BUILT)
    }

    /// The data compiled in with the file at `path` over it, if there is one. The file has the
    /// same shape; a model that is already known needs only the fields that differ.
    pub fn load(path: &Path) -> Result<Arc<Self>, CatalogueError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::with_override(&text)
                .map(Arc::new)
                .map_err(|why| CatalogueError {
                    path: path.display().to_string(),
                    why,
                }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::builtin()),
            Err(error) => Err(CatalogueError {
                path: path.display().to_string(),
                why: error.to_string(),
            }),
        }
    }

    fn with_override(text: &str) -> Result<Self, String> {
        let mut base: Value = serde_json::from_str(BUILTIN).map_err(|error| error.to_string())?;
        let over: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
        merge_data(&mut base, over)?;
        let data: Data = serde_json::from_value(base).map_err(|error| error.to_string())?;
        Ok(Self::index(data))
    }

    fn index(data: Data) -> Self {
        let mut by_name = HashMap::new();
        for (index, model) in data.models.iter().enumerate() {
            for alias in &model.aliases {
                by_name.entry(alias.clone()).or_insert(index);
            }
        }
        // An id wins over another model's alias.
        by_name.extend(
            data.models
                .iter()
                .enumerate()
                .map(|(i, model)| (model.id.clone(), i)),
        );
        Self {
            models: data.models,
            by_name,
            embeddings: data.embeddings,
            tiers: data.tiers,
            tiers_of: data.tiers_of,
        }
    }

    /// The same with what a provider says of its own models: days of shut-down. A model that it
    /// lists without a day keeps the one that is known here.
    pub fn with_listed(&self, vendor: Vendor, listed: &[Listed]) -> Self {
        let mut merged = self.clone();
        for entry in listed {
            let Some(day) = entry.shut_down else { continue };
            let known = merged.models.iter_mut();
            for model in known.filter(|model| model.provider == vendor && model.id == entry.id) {
                model.shut_down = Some(day);
            }
        }
        merged
    }

    pub fn models(&self) -> &[ModelFacts] {
        &self.models
    }

    pub fn embeddings(&self) -> &[EmbeddingFacts] {
        &self.embeddings
    }

    pub fn embedding(&self, id: &str) -> Option<&EmbeddingFacts> {
        self.embeddings.iter().find(|model| model.id == id)
    }

    pub fn tiers(&self) -> &TierDefaults {
        &self.tiers
    }

    /// The tiers where this vendor answers; a local server's are not known.
    pub fn tiers_of(&self, vendor: Vendor) -> &TierDefaults {
        match vendor {
            Vendor::Gemini => &self.tiers_of.gemini,
            Vendor::Anthropic => &self.tiers_of.anthropic,
            Vendor::Openai | Vendor::Local => &self.tiers,
        }
    }

    /// By id, alias, or id with a snapshot's date behind it.
    pub fn get(&self, id: &str) -> Option<&ModelFacts> {
        let index = self
            .by_name
            .get(id)
            .or_else(|| self.by_name.get(without_date(id)?))?;
        self.models.get(*index)
    }

    /// The model that works on `today` for the id: itself, or for a retired one its successor.
    /// An unknown id stays as it is.
    pub fn choose(&self, id: &str, today: Date) -> Choice<'_> {
        let mut chosen = id.to_owned();
        let mut first_gone = None;
        for _ in 0..self.models.len() {
            let Some(facts) = self.get(&chosen) else {
                break;
            };
            let gone = facts.shut_down.filter(|day| *day <= today);
            let (Some(day), Some(next)) = (gone, &facts.successor) else {
                break;
            };
            first_gone.get_or_insert(day);
            chosen.clone_from(next);
        }
        let facts = self.get(&chosen);
        let notice = match (first_gone, facts.and_then(|facts| facts.shut_down)) {
            (Some(day), _) => Some(format!(
                "{id} was shut down on {day}; {chosen} is used instead."
            )),
            (None, Some(day)) if day <= today => Some(format!(
                "{id} was shut down on {day} and has no known successor."
            )),
            (None, Some(day)) if day <= today.saturating_add(WARN_DAYS.days()) => {
                let next = facts.and_then(|facts| facts.successor.as_deref());
                let advice = next
                    .map(|id| format!("; {id} takes its place"))
                    .unwrap_or_default();
                Some(format!("{id} will be shut down on {day}{advice}."))
            }
            _ => None,
        };
        Choice {
            id: chosen,
            facts,
            notice,
        }
    }
}

/// "gpt-6-luna-2026-09-22" → "gpt-6-luna"
fn without_date(id: &str) -> Option<&str> {
    let at = id.len().checked_sub(11)?;
    let (name, date) = (id.get(..at)?, id.get(at..)?.strip_prefix('-')?);
    date.parse::<Date>().ok().map(|_| name)
}

fn merge_data(base: &mut Value, over: Value) -> Result<(), String> {
    let Value::Object(over) = over else {
        return Err("it is not a JSON object with \"models\" or \"tiers\"".into());
    };
    for (field, value) in over {
        match (field.as_str(), value) {
            ("models", Value::Array(models)) => {
                let known = base["models"].as_array_mut().ok_or("no models are known")?;
                for model in models {
                    merge_entry::<ModelFacts>(known, model)?;
                }
            }
            ("embeddings", Value::Array(models)) => {
                let known = base["embeddings"].as_array_mut();
                let known = known.ok_or("no models of embeddings are known")?;
                for model in models {
                    merge_entry::<EmbeddingFacts>(known, model)?;
                }
            }
            (name @ ("tiers" | "tiers_of"), tiers @ Value::Object(_)) => {
                merge(&mut base[name], tiers);
            }
            ("models" | "embeddings", _) => return Err(format!("{field:?} is not a list")),
            ("tiers" | "tiers_of", _) => return Err(format!("{field:?} is not an object")),
            (other, _) => {
                return Err(format!(
                    "{other:?} is not one of \"models\", \"embeddings\", \"tiers\", \"tiers_of\""
                ));
            }
        }
    }
    Ok(())
}

fn merge_entry<T: serde::de::DeserializeOwned>(
    known: &mut Vec<Value>,
    model: Value,
) -> Result<(), String> {
    let id = model
        .get("id")
        .and_then(Value::as_str)
        .ok_or("a model has no \"id\"")?
        .to_owned();
    // Checked alone first, so that the error names the model.
    let check = |model: &Value| match T::deserialize(model) {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("model {id:?}: {error}")),
    };
    match known.iter_mut().find(|old| old["id"] == *id) {
        Some(old) => {
            merge(old, model);
            check(old)
        }
        None => {
            check(&model)?;
            known.push(model);
            Ok(())
        }
    }
}

fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        (base, over) => *base = over,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_data_compiled_in_is_sound() {
        let catalogue = Catalogue::builtin();
        let today = date(2026, 11, 23);
        for model in catalogue.models() {
            assert!(
                model.shut_down.is_none() || model.successor.is_some(),
                "{}",
                model.id
            );
            let choice = catalogue.choose(&model.id, today);
            let facts = choice.facts.expect("a known successor");
            assert!(
                facts.shut_down.is_none_or(|day| day > today),
                "{} → {}",
                model.id,
                choice.id
            );
            assert!(
                facts.prices.is_some() && facts.context_tokens >= 100_000,
                "{}",
                facts.id
            );
            if let Some(prices) = &model.prices {
                let makers = ["openai.com", "ai.google.dev", "platform.claude.com"];
                assert!(
                    prices.unconfirmed.is_some()
                        || makers.iter().any(|maker| prices.source.contains(maker)),
                    "{}: not from its maker, and does not say so",
                    model.id
                );
                let prices = prices.prices(today);
                assert!(prices.cached <= prices.input && prices.output > prices.input);
            }
        }
        for vendor in [Vendor::Openai, Vendor::Gemini, Vendor::Anthropic] {
            let tiers = catalogue.tiers_of(vendor);
            for tier in [&tiers.fast, &tiers.voice, &tiers.code, &tiers.agentic] {
                let facts = catalogue.get(&tier.model).expect("a known model");
                assert!(facts.shut_down.is_none() && facts.provider == vendor);
                assert!(
                    tier.effort
                        .iter()
                        .all(|effort| facts.efforts.contains(effort))
                );
            }
        }
    }

    #[test]
    fn announced_prices_begin_on_their_day() {
        let catalogue = Catalogue::builtin();
        let argon = catalogue.get("gemini-4-argon").unwrap();
        let listed = argon.prices.as_ref().unwrap();
        let on = |day| {
            let prices = listed.prices(day);
            (prices.input, prices.cached, prices.output)
        };
        assert_eq!(on(date(2026, 11, 30)), (2.0, 0.1, 10.0));
        assert_eq!(on(date(2026, 12, 1)), (4.0, 0.2, 20.0));
    }

    #[test]
    fn an_embedding_is_priced() {
        let catalogue = Catalogue::builtin();
        let facts = catalogue.embedding("text-embedding-3-large").unwrap();
        assert_eq!((facts.dimensions, facts.max_input_tokens), (3_072, 8_192));
        let usage = crate::Usage {
            input: 1_000_000,
            ..Default::default()
        };
        assert_eq!(facts.prices().micro_usd(&usage), 130_000);
    }

    #[test]
    fn what_a_provider_lists_counts() {
        let day = date(2026, 12, 20);
        let listed = |id: &str, shut_down| Listed {
            id: id.into(),
            shut_down,
            context_tokens: None,
        };
        let list = [
            listed("gpt-6-luna", Some(day)),
            listed("gpt-5", None),
            listed("new", Some(day)),
        ];
        let merged = Catalogue::builtin().with_listed(Vendor::Openai, &list);
        assert_eq!(merged.get("gpt-6-luna").unwrap().shut_down, Some(day));
        assert_eq!(
            merged.get("gpt-5").unwrap().shut_down,
            Some(date(2026, 12, 11))
        );
        let choice = merged.choose("gpt-6-luna", date(2026, 11, 26));
        assert!(choice.notice.unwrap().contains("2026-12-20"));
    }

    #[test]
    fn retired_ids_lead_to_their_successors_with_a_notice() {
        let catalogue = Catalogue::builtin();
        let check = |id: &str, today: Date| {
            let choice = catalogue.choose(id, today);
            (choice.id, choice.notice.unwrap_or_default())
        };
        let today = date(2026, 11, 23);
        assert_eq!(
            check("gpt-5.1-codex-max", today),
            (
                "gpt-5.4".into(),
                "gpt-5.1-codex-max was shut down on 2026-07-23; gpt-5.4 is used instead.".into()
            )
        );
        assert_eq!(check("gpt-5.1-codex-mini", today).0, "gpt-5.4-mini");
        assert_eq!(
            check("gpt-5.1-codex-max", date(2026, 7, 22)).0,
            "gpt-5.1-codex-max"
        );
        assert_eq!(check("gpt-5.1", today), ("gpt-5.1".into(), String::new()));
        assert_eq!(
            check("gpt-5", today).1,
            "gpt-5 will be shut down on 2026-12-11; gpt-6.1-sol takes its place."
        );
        assert_eq!(check("gpt-5", date(2026, 12, 11)).0, "gpt-6.1-sol");
        assert_eq!(check("my-own", today), ("my-own".into(), String::new()));
    }

    #[test]
    fn a_successor_of_a_successor_is_found_and_a_circle_ends() {
        let text = r#"{"models":[
            {"id":"a","provider":"openai","context_tokens":1,"shut_down":"2020-01-01","successor":"b"},
            {"id":"b","provider":"openai","context_tokens":1,"shut_down":"2020-01-02","successor":"gpt-6-luna"},
            {"id":"x","provider":"openai","context_tokens":1,"shut_down":"2020-01-01","successor":"y"},
            {"id":"y","provider":"openai","context_tokens":1,"shut_down":"2020-01-01","successor":"x"}]}"#;
        let catalogue = Catalogue::with_override(text).unwrap();
        let choice = catalogue.choose("a", date(2026, 1, 1));
        assert_eq!(choice.id, "gpt-6-luna");
        assert!(choice.notice.unwrap().contains("2020-01-01"));
        assert!(catalogue.choose("x", date(2026, 1, 1)).notice.is_some());
    }

    #[test]
    fn snapshots_and_unknown_ids() {
        let catalogue = Catalogue::builtin();
        assert_eq!(
            catalogue.get("gpt-6-luna-2026-09-22").unwrap().id,
            "gpt-6-luna"
        );
        assert!(catalogue.get("gpt-6-luna-2026-99-22").is_none());
        assert!(catalogue.get("ä-2026-09-22ä").is_none() && catalogue.get("").is_none());
    }

    #[test]
    fn an_override_is_merged_or_refused_by_name() {
        let text = r#"{"models":[{"id":"gpt-6-luna","prices":{"input":0.2}},
            {"id":"qwen","provider":"local","context_tokens":32768}],
            "tiers":{"fast":{"model":"qwen"}}}"#;
        let catalogue = Catalogue::with_override(text).unwrap();
        let luna = catalogue.get("gpt-6-luna").unwrap().prices.clone().unwrap();
        assert_eq!((luna.input, luna.output), (0.2, 0.5));
        assert_eq!(catalogue.get("qwen").unwrap().context_tokens, 32_768);
        assert_eq!(catalogue.tiers().fast.model, "qwen");
        for (text, part) in [
            ("{", "EOF"),
            ("[]", "not a JSON object"),
            (r#"{"model":[]}"#, "\"model\""),
            (r#"{"models":[{"id":"z"}]}"#, "\"z\": missing field"),
            (r#"{"models":[{"id":"gpt-6-luna","contxt":1}]}"#, "contxt"),
            (
                r#"{"models":[{"id":"gpt-6-luna","shut_down":"soon"}]}"#,
                "gpt-6-luna",
            ),
            (r#"{"tiers":{"quick":{"model":"a"}}}"#, "quick"),
        ] {
            let error = Catalogue::with_override(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_is_read_and_its_fault_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("models.json");
        assert!(Catalogue::load(&path).is_ok());
        std::fs::write(&path, "{").unwrap();
        let message = Catalogue::load(&path).unwrap_err().to_string();
        assert!(
            message.contains("models.json") && message.contains("line 1"),
            "{message}"
        );
    }

    #[test]
    fn prices_count_all_five_figures_and_long_prompts() {
        let prices = Catalogue::builtin()
            .get("gpt-6.2-sol")
            .unwrap()
            .prices
            .clone()
            .unwrap()
            .prices(date(2026, 11, 23));
        let usage = |input, cached, cache_write, output| crate::Usage {
            input,
            cached,
            cache_write,
            output,
            reasoning: output / 2,
        };
        // 700 × 2.00 + 200 × 0.10 + 100 × 2.50 + 50 × 10.00, in millionths of a dollar.
        assert_eq!(prices.micro_usd(&usage(1_000, 200, 100, 50)), 2_170);
        // Over 272,000: twice the input, one and a half times the output.
        assert_eq!(prices.micro_usd(&usage(300_000, 0, 0, 100)), 1_201_500);
        assert_eq!(prices.micro_usd(&crate::Usage::default()), 0);
    }
}
