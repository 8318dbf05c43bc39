//! Which provider answers, with which model: a pure function of what is configured.

use jiff::civil::Date;
use mira_llm::Prices;
use mira_llm::catalogue::{Catalogue, TierDefault, UNKNOWN_OPENAI_CONTEXT_TOKENS, Vendor};
use mira_llm::local::{LocalModel, Server};
use mira_protocol::operation::Tier;
use mira_protocol::provider::ProviderName;
use mira_protocol::{Code, Failure};

/// Context to assume where a local server does not say: Ollama cuts a longer prompt silently.
const UNKNOWN_OLLAMA_CONTEXT_TOKENS: u64 = 8_192;
/// Others refuse a prompt that is too long and say what they have.
const UNKNOWN_LOCAL_CONTEXT_TOKENS: u64 = 32_768;

/// What is configured and known when a model is asked for.
pub(super) struct Facts<'a> {
    pub catalogue: &'a Catalogue,
    /// Those on the net that have a key, or are at an address that needs none; whose models are
    /// taken first stands first.
    pub ready: &'a [ProviderName],
    /// `LOCAL_BASE_URL`
    pub local: Option<Local<'a>>,
    pub today: Date,
}

/// The configured local server, and what it says it serves, where it was asked and answered.
#[derive(Clone, Copy)]
pub(super) struct Local<'a> {
    pub base_url: &'a str,
    pub server: Option<&'a Server>,
}

/// The model of a request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Picked {
    pub provider: ProviderName,
    pub id: String,
    pub effort: Option<String>,
    pub context_tokens: Option<u64>,
    pub max_output_tokens: Option<u64>,
    pub prices: Option<Prices>,
    pub accepts_images: bool,
    pub notice: Option<String>,
}

/// Whether the answer depends on what the local server serves.
pub(super) fn needs_local(catalogue: &Catalogue, ready: &[ProviderName], id: Option<&str>) -> bool {
    ready.is_empty() || id.is_some_and(|id| named(id).is_none() && vendor(catalogue, id).is_none())
}

/// `asked` is the person's choice, `configured` the setting of the tier; either may begin with
/// the name of a provider and a slash.
pub(super) fn pick(
    facts: &Facts,
    tier: Tier,
    asked: Option<&str>,
    configured: Option<&str>,
) -> Result<Picked, Failure> {
    let id = asked.or(configured);
    match id.and_then(named) {
        Some((ProviderName::Local, id)) => {
            let local = facts.local.ok_or_else(|| no_local_server(id))?;
            return pick_local(facts, local, Some(id));
        }
        Some((provider, id)) if facts.ready.contains(&provider) => {
            return Ok(pick_from(facts, tier, provider, Some(id)));
        }
        Some((provider, id)) => return Err(no_key_for(facts, provider, id)),
        None => {}
    }
    let maker = id.and_then(|id| vendor(facts.catalogue, id));
    let served = |local: Local| {
        let models = local
            .server
            .map(|server| server.models.as_slice())
            .unwrap_or_default();
        models.iter().any(|model| id == Some(model.id.as_str()))
    };
    let first = facts.ready.first();
    match (facts.local, maker) {
        (Some(local), maker) if maker == Some(ProviderName::Local) || served(local) => {
            pick_local(facts, local, id)
        }
        (_, Some(maker)) if facts.ready.contains(&maker) => Ok(pick_from(facts, tier, maker, id)),
        // A tier's setting that names a model of somebody else says nothing to a local server.
        (Some(local), maker) if first.is_none() => pick_local(
            facts,
            local,
            id.filter(|_| asked.is_some() || maker.is_none()),
        ),
        // What the person asks for is not silently somebody else's.
        (_, Some(maker)) if first.is_some() && asked.is_some() => {
            Err(no_key_for(facts, maker, id.unwrap_or_default()))
        }
        (_, maker) => match first {
            Some(&first) => Ok(pick_from(
                facts,
                tier,
                first,
                id.filter(|_| maker.is_none()),
            )),
            None => Err(no_model(facts)),
        },
    }
}

/// "gemini/x" → Gemini and "x".
fn named(id: &str) -> Option<(ProviderName, &str)> {
    let (provider, rest) = id.split_once('/')?;
    Some((provider.parse().ok()?, rest))
}

/// Who would have to answer for the id; None for one that nobody knows.
pub(super) fn maker(catalogue: &Catalogue, id: &str) -> Option<ProviderName> {
    named(id)
        .map(|(provider, _)| provider)
        .or_else(|| vendor(catalogue, id))
}

/// Whose model it is, by the catalogue or its name.
fn vendor(catalogue: &Catalogue, id: &str) -> Option<ProviderName> {
    let known = catalogue.get(id).map(|model| model.provider);
    known.or_else(|| Vendor::of_unknown(id)).map(provider_of)
}

pub(super) fn provider_of(vendor: Vendor) -> ProviderName {
    match vendor {
        Vendor::Openai => ProviderName::Openai,
        Vendor::Gemini => ProviderName::Gemini,
        Vendor::Anthropic => ProviderName::Anthropic,
        Vendor::Local => ProviderName::Local,
    }
}

pub(super) fn vendor_of(provider: ProviderName) -> Vendor {
    match provider {
        ProviderName::Openai => Vendor::Openai,
        ProviderName::Gemini => Vendor::Gemini,
        ProviderName::Anthropic => Vendor::Anthropic,
        ProviderName::Local => Vendor::Local,
    }
}

fn pick_from(facts: &Facts, tier: Tier, provider: ProviderName, id: Option<&str>) -> Picked {
    let default = tier_default(facts.catalogue, vendor_of(provider), tier);
    let asked = id.unwrap_or(&default.model);
    let choice = facts.catalogue.choose(asked, facts.today);
    let known = choice.facts;
    // The tier's effort was chosen for the tier's model.
    let effort = default
        .effort
        .clone()
        .filter(|_| choice.id == default.model);
    Picked {
        provider,
        effort,
        context_tokens: Some(
            known.map_or(UNKNOWN_OPENAI_CONTEXT_TOKENS, |model| model.context_tokens),
        ),
        max_output_tokens: known.and_then(|model| model.max_output_tokens),
        prices: known
            .and_then(|model| model.prices.as_ref())
            .map(|listed| listed.prices(facts.today)),
        accepts_images: known.is_none_or(|model| model.accepts_images),
        notice: choice.notice,
        id: choice.id,
    }
}

fn pick_local(facts: &Facts, local: Local, id: Option<&str>) -> Result<Picked, Failure> {
    let served = match (local.server, id) {
        (Some(server), Some(id)) => server.models.iter().find(|model| model.id == id),
        (Some(server), None) => server.default_model(),
        (None, _) => None,
    };
    let id = match (id, served) {
        (Some(id), _) => id.to_owned(),
        (None, Some(model)) => model.id.clone(),
        // One that is still loading tells no models, and asks for none by name.
        (None, None)
            if local
                .server
                .is_some_and(|server| server.product == "llama.cpp") =>
        {
            "default".to_owned()
        }
        (None, None) => return Err(no_local_model(local)),
    };
    let ollama = local
        .server
        .is_some_and(|server| server.product == "Ollama");
    let known = facts.catalogue.get(&id);
    let context = served.and_then(|model| model.context_tokens).or_else(|| {
        known
            .filter(|model| model.provider == Vendor::Local)
            .map(|m| m.context_tokens)
    });
    let unknown = if ollama {
        UNKNOWN_OLLAMA_CONTEXT_TOKENS
    } else {
        UNKNOWN_LOCAL_CONTEXT_TOKENS
    };
    Ok(Picked {
        provider: ProviderName::Local,
        effort: None,
        context_tokens: Some(context.unwrap_or(unknown)),
        max_output_tokens: None,
        prices: known
            .filter(|model| model.provider == Vendor::Local)
            .and_then(|model| model.prices.as_ref())
            .map(|listed| listed.prices(facts.today)),
        accepts_images: served
            .and_then(|model| model.accepts_images)
            .unwrap_or(false),
        notice: local_notice(&id, served, ollama && context.is_none()),
        id,
    })
}

fn local_notice(id: &str, served: Option<&LocalModel>, small: bool) -> Option<String> {
    if small {
        return Some(format!(
            "Ollama does not say how much context {id} has; its own default is small and cuts \
             prompts silently. Start Ollama with OLLAMA_CONTEXT_LENGTH=32768 or more."
        ));
    }
    if served.is_some_and(|model| model.supports_tools == Some(false)) {
        return Some(format!(
            "{id} has no tool calls of its own; calls that it writes as text are recovered."
        ));
    }
    None
}

pub(super) fn tier_default(catalogue: &Catalogue, vendor: Vendor, tier: Tier) -> &TierDefault {
    let tiers = catalogue.tiers_of(vendor);
    match tier {
        Tier::Fast => &tiers.fast,
        Tier::Voice => &tiers.voice,
        Tier::Code => &tiers.code,
        Tier::Agentic => &tiers.agentic,
    }
}

const SET_A_KEY: &str = "Set OPENAI_API_KEY, GEMINI_API_KEY or ANTHROPIC_API_KEY, or save a key in \
    the settings; or set LOCAL_BASE_URL to a local server (Ollama, LM Studio, llama.cpp): the \
    settings page finds running ones.";

/// No provider can be asked.
pub(super) fn no_model(facts: &Facts) -> Failure {
    let message = match facts.local {
        None => {
            "No model can be asked: there is no key for a provider, and no local server is set."
        }
        Some(_) => "No provider on the net can be asked: there is no key for one.",
    };
    Failure::new(Code::KeyMissing, message).hint(SET_A_KEY)
}

fn no_key_for(facts: &Facts, provider: ProviderName, id: &str) -> Failure {
    if facts.ready.is_empty() && facts.local.is_none() {
        return no_model(facts);
    }
    let label = provider.label();
    Failure::new(
        Code::KeyMissing,
        format!("{id} cannot be asked: there is no key for {label}."),
    )
    .hint(format!(
        "Set {} or save a key for {label} in the settings, or choose another model.",
        provider.key_variable()
    ))
}

fn no_local_server(id: &str) -> Failure {
    Failure::new(
        Code::KeyMissing,
        format!("local/{id} cannot be asked: no local server is set."),
    )
    .hint("Set LOCAL_BASE_URL, for example http://127.0.0.1:11434/v1 for Ollama.")
}

fn no_local_model(local: Local) -> Failure {
    let url = local.base_url;
    match local.server {
        None => Failure::new(
            Code::ProviderUnreachable,
            format!("The local server at {url} does not answer, so there is no model to ask."),
        )
        .hint("Start it, or correct LOCAL_BASE_URL; the settings page finds running servers."),
        Some(_) => Failure::new(
            Code::ModelNotFound,
            format!("The local server at {url} offers no model that can chat."),
        )
        .hint("Download a model with the server's own program, or name one with --model."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn server(product: &str, models: &[&str]) -> Server {
        let models = models.iter().map(|id| LocalModel {
            id: id.to_string(),
            ..Default::default()
        });
        Server {
            product: product.into(),
            base_url: "http://l/v1".into(),
            version: None,
            models: models.collect(),
        }
    }

    /// "provider:id", or the failure's code.
    fn check(
        ready: &[ProviderName],
        local: Option<&Server>,
        asked: Option<&str>,
        tier: Option<&str>,
    ) -> String {
        let catalogue = Catalogue::builtin();
        let facts = Facts {
            catalogue: &catalogue,
            ready,
            local: local.map(|server| Local {
                base_url: "http://l/v1",
                server: Some(server),
            }),
            today: date(2026, 11, 23),
        };
        match pick(&facts, Tier::Code, asked, tier) {
            Ok(picked) => format!("{:?}:{}", picked.provider, picked.id),
            Err(failure) => format!("{:?}", failure.code),
        }
    }

    #[test]
    fn who_answers() {
        let q = server("llama.cpp", &["q", "r"]);
        let local = Some(&q);
        for (openai, local, asked, tier, expected) in [
            (true, None, None, None, "Openai:gpt-6.2-sol"),
            (true, None, Some("my-model"), None, "Openai:my-model"),
            (true, None, None, Some("gpt-6-luna"), "Openai:gpt-6-luna"),
            (
                true,
                None,
                Some("gpt-5.1-codex-max"),
                None,
                "Openai:gpt-5.4",
            ),
            (true, None, Some("local/q"), None, "KeyMissing"),
            (true, local, None, None, "Openai:gpt-6.2-sol"),
            (true, local, Some("local/z"), None, "Local:z"),
            (true, local, Some("r"), None, "Local:r"),
            (true, local, Some("openai/r"), None, "Openai:r"),
            (true, local, None, Some("local/q"), "Local:q"),
            (
                true,
                local,
                Some("gpt-6-luna"),
                Some("local/q"),
                "Openai:gpt-6-luna",
            ),
            (false, local, None, None, "Local:q"),
            (false, local, Some("z"), None, "Local:z"),
            (false, local, Some("gpt-6-luna"), None, "Local:gpt-6-luna"),
            (false, local, None, Some("gpt-6-luna"), "Local:q"),
            (false, local, None, Some("r"), "Local:r"),
            (false, local, Some("openai/gpt-6-luna"), None, "KeyMissing"),
            (false, None, None, None, "KeyMissing"),
            (false, None, Some("gpt-6-luna"), None, "KeyMissing"),
        ] {
            let case = (openai, local.is_some(), asked, tier);
            let ready: &[ProviderName] = if openai { &[ProviderName::Openai] } else { &[] };
            assert_eq!(check(ready, local, asked, tier), expected, "{case:?}");
        }
        assert_eq!(
            check(&[], Some(&server("llama.cpp", &[])), None, None),
            "Local:default"
        );
        assert_eq!(
            check(&[], Some(&server("Ollama", &[])), None, None),
            "ModelNotFound"
        );
    }

    #[test]
    fn who_answers_among_several() {
        use ProviderName::{Anthropic, Gemini, Openai};
        let q = server("llama.cpp", &["q"]);
        for (ready, local, asked, tier, expected) in [
            (&[Gemini][..], None, None, None, "Gemini:gemini-4-argon"),
            (&[Anthropic], None, None, None, "Anthropic:claude-sonnet-5"),
            (&[Openai, Gemini], None, None, None, "Openai:gpt-6.2-sol"),
            (
                &[Openai, Gemini],
                None,
                Some("gemini-3.1-pro-preview"),
                None,
                "Gemini:gemini-3.1-pro-preview",
            ),
            // Unknown, but told by its name.
            (
                &[Openai, Gemini],
                None,
                None,
                Some("gemini-9"),
                "Gemini:gemini-9",
            ),
            (
                &[Openai, Anthropic],
                None,
                Some("anthropic/x"),
                None,
                "Anthropic:x",
            ),
            (&[Gemini], None, Some("claude-opus-5"), None, "KeyMissing"),
            (&[Gemini], None, Some("openai/x"), None, "KeyMissing"),
            // A tier's model without its key: the tier's model of who is there.
            (
                &[Gemini],
                None,
                None,
                Some("gpt-6-luna"),
                "Gemini:gemini-4-argon",
            ),
            (&[Gemini], Some(&q), None, None, "Gemini:gemini-4-argon"),
            (&[Gemini], Some(&q), Some("q"), None, "Local:q"),
            (&[Gemini], Some(&q), Some("local/z"), None, "Local:z"),
        ] {
            assert_eq!(
                check(ready, local, asked, tier),
                expected,
                "{ready:?} {asked:?} {tier:?}"
            );
        }
    }

    #[test]
    fn what_is_known_of_the_model() {
        let catalogue = Catalogue::builtin();
        let ollama = server("Ollama", &["q"]);
        let facts = |openai| Facts {
            catalogue: &catalogue,
            ready: if openai { &[ProviderName::Openai] } else { &[] },
            local: Some(Local {
                base_url: "http://l/v1",
                server: Some(&ollama),
            }),
            today: date(2026, 11, 23),
        };
        let code = pick(&facts(true), Tier::Code, None, None).unwrap();
        assert_eq!(
            (code.effort.as_deref(), code.context_tokens),
            (Some("high"), Some(1_050_000))
        );
        assert!(code.prices.is_some() && code.notice.is_none());
        let unknown = pick(&facts(true), Tier::Code, Some("x"), None).unwrap();
        assert_eq!(
            (unknown.effort, unknown.context_tokens, unknown.prices),
            (None, Some(128_000), None)
        );
        let retired = pick(&facts(true), Tier::Code, None, Some("gpt-5.1-codex-mini")).unwrap();
        assert!(retired.notice.unwrap().contains("gpt-5.4-mini"));
        let local = pick(&facts(false), Tier::Code, None, None).unwrap();
        assert_eq!((local.context_tokens, local.prices), (Some(8_192), None));
        assert!(local.notice.unwrap().contains("OLLAMA_CONTEXT_LENGTH"));
    }

    #[test]
    fn a_failure_says_what_to_do() {
        let catalogue = Catalogue::builtin();
        let facts = Facts {
            catalogue: &catalogue,
            ready: &[],
            local: None,
            today: date(2026, 11, 23),
        };
        let hint = pick(&facts, Tier::Fast, None, None)
            .unwrap_err()
            .hint
            .unwrap();
        for word in ["OPENAI_API_KEY", "settings", "LOCAL_BASE_URL", "Ollama"] {
            assert!(hint.contains(word), "{hint}");
        }
    }
}
