//! The test of a provider: one real request, routed, held against the caps and kept in the ledger
//! like any other.

use std::time::Instant;

use mira_llm::catalogue::Catalogue;
use mira_llm::local::Server;
use mira_llm::{ApiKey, ErrorKind, ModelError, Prices, Prompt, probe};
use mira_protocol::operation::Tier;
use mira_protocol::provider::{ProviderName, ProviderTest, TestProvider};
use mira_protocol::route::{Purpose, RouteDecision, TierCost};
use mira_protocol::{Code, Failure};
use tokio_util::sync::CancellationToken;

use super::clients::Client;
use super::pick::{Facts, Local, Picked, pick, tier_default, vendor_of};
use super::{Providers, TEST_LASTS, today};
use crate::budget::{Ask, Ended, Reservation, Verdict, no_money, price};
use crate::failure::from_model;
use crate::routing::{self, Choice};
use crate::settings::Settings;

/// Output that a test may have, in tokens: one that thinks first needs more than the call itself.
const OUTPUT_TOKENS: u64 = 1_024;
const LOCAL_OUTPUT_TOKENS: u64 = 64;

impl Providers {
    /// A real request with one tool, without retries.
    pub async fn test(&self, request: TestProvider) -> Result<ProviderTest, Failure> {
        let settings = self.0.settings.current();
        let provider = request.provider;
        let client = self.tested(&request, &settings).await?;
        let catalogue = self.catalogue(&settings)?;
        let choice = Choice {
            tier: None,
            model: request.model,
        };
        let route = routing::choose(&routing::Facts {
            message_choice: choice.clone(),
            ..routing::Facts::of(Purpose::Test, &settings)
        });
        let picked = self.picked_for_test(&client, &catalogue, &route).await?;
        let limit = match provider {
            ProviderName::Local => LOCAL_OUTPUT_TOKENS,
            _ => OUTPUT_TOKENS,
        };
        let prompt = probe::prompt(&picked.id, limit);
        let facts = routing::Facts {
            message_choice: choice,
            prompt_tokens: prompt.token_bound(),
            ..routing::Facts::of(Purpose::Test, &settings)
        };
        let tiers = costs(&catalogue, provider, facts.prompt_tokens, limit);
        let decision = routing::decision(&facts, &route, &picked.id, provider.as_str(), tiers);
        let reservation = self.hold_test(&client, &picked, &prompt, decision).await?;

        let model = self.0.clients.once(&client, &catalogue)?;
        let begun = Instant::now();
        let estimate = prompt.token_bound() / 4;
        let asking = probe::probe(&*model, prompt, CancellationToken::new());
        let found = tokio::time::timeout(TEST_LASTS, asking).await;
        let found = found.unwrap_or_else(|_| Err(too_late(&picked.id)));
        let mut ended = told(&found, picked.prices.as_ref(), estimate);
        ended.duration_ms = begun.elapsed().as_millis() as u64;
        let cost_micro_usd = ended.cost;
        self.0.budget.settle(reservation, ended).await?;

        let found = found.map_err(|failed| from_model(&failed.error, provider, &picked.id))?;
        let context_tokens = match provider {
            // Asked after the request: a model that was loaded by it now tells its true context.
            ProviderName::Local => self
                .ask_what_it_serves(&client.base_url, client.key.as_ref())
                .await
                .and_then(|server| {
                    server
                        .models
                        .into_iter()
                        .find(|model| model.id == picked.id)
                })
                .and_then(|model| model.context_tokens),
            _ => catalogue.get(&picked.id).map(|model| model.context_tokens),
        };
        Ok(ProviderTest {
            model: picked.id,
            latency_ms: found.latency_ms,
            tools: found.tools.as_str().to_owned(),
            context_tokens,
            usage_reported: found.usage_reported(),
            cost_micro_usd,
        })
    }

    /// Where the request goes, with which key.
    async fn tested(&self, request: &TestProvider, settings: &Settings) -> Result<Client, Failure> {
        let provider = request.provider;
        let configured = settings.base_url(provider).map(str::to_owned);
        let base_url = request.base_url.clone().or_else(|| configured.clone());
        let base_url = base_url.ok_or_else(|| {
            Failure::new(
                Code::BadParams,
                "No local server is set, so there is none to test.",
            )
            .hint("Give its address, or set LOCAL_BASE_URL.")
        })?;
        let key = match request.key.as_deref().and_then(ApiKey::new) {
            Some(key) => Some(key),
            // A saved key goes to the address it was saved for and nowhere else.
            None if configured.as_ref() == Some(&base_url) => {
                self.0.keys.find(provider, settings).await.key
            }
            None => None,
        };
        let client = Client {
            provider,
            base_url,
            key,
            stall: TEST_LASTS,
            replaceable: false,
        };
        let needs_key = provider != ProviderName::Local && !client.endpoint()?.is_loopback();
        if needs_key && client.key.is_none() {
            return Err(Failure::new(
                Code::KeyMissing,
                format!("There is no key to test {} with.", client.base_url),
            )
            .hint(format!("Enter a key, or set {}.", provider.key_variable())));
        }
        Ok(client)
    }

    async fn picked_for_test(
        &self,
        client: &Client,
        catalogue: &Catalogue,
        route: &routing::Route,
    ) -> Result<Picked, Failure> {
        let provider = client.provider;
        let asked = route.model.as_deref();
        let server: Option<Server> = match (provider, asked) {
            (ProviderName::Local, None) => {
                self.ask_what_it_serves(&client.base_url, client.key.as_ref())
                    .await
            }
            _ => None,
        };
        let local = (provider == ProviderName::Local).then_some(Local {
            base_url: &client.base_url,
            server: server.as_ref(),
        });
        let facts = Facts {
            catalogue,
            ready: &[provider],
            local,
            today: today(),
        };
        let id = match (asked, provider) {
            (Some(id), _) => Some(format!("{}/{id}", provider.as_str())),
            (None, ProviderName::Local) => None,
            (None, _) => {
                let default = tier_default(catalogue, vendor_of(provider), route.tier);
                Some(format!("{}/{}", provider.as_str(), default.model))
            }
        };
        match id {
            Some(id) => pick(&facts, route.tier, Some(&id), None),
            None => {
                let nobody = Facts {
                    ready: &[],
                    ..facts
                };
                pick(&nobody, route.tier, None, None)
            }
        }
    }

    async fn hold_test(
        &self,
        client: &Client,
        picked: &Picked,
        prompt: &Prompt,
        decision: RouteDecision,
    ) -> Result<Reservation, Failure> {
        let input_tokens = prompt.token_bound();
        let output = prompt.max_output_tokens.unwrap_or(OUTPUT_TOKENS);
        let ask = Ask {
            tier: Some(decision.tier),
            provider: client.provider.as_str().into(),
            model: picked.id.clone(),
            price_version: price::version(picked.prices.as_ref()),
            worst: picked
                .prices
                .map(|prices| price::worst(&prices, input_tokens, output)),
            input_tokens,
            route: Some(decision),
            free: client.is_free()?,
            ..Ask::of(Purpose::Test)
        };
        match self.0.budget.reserve(&ask).await? {
            Verdict::Granted(reservation) => Ok(reservation),
            Verdict::Short(short) => {
                Err(no_money(&format!("{} was not tested", picked.id), &short))
            }
        }
    }
}

/// The test on every tier of the provider; nothing is known of a local server's.
fn costs(catalogue: &Catalogue, provider: ProviderName, input: u64, output: u64) -> Vec<TierCost> {
    if provider == ProviderName::Local {
        return Vec::new();
    }
    [Tier::Fast, Tier::Voice, Tier::Code, Tier::Agentic]
        .into_iter()
        .map(|tier| {
            let model = &tier_default(catalogue, vendor_of(provider), tier).model;
            let prices = catalogue
                .get(model)
                .and_then(|facts| facts.prices.as_ref())
                .map(|listed| listed.prices(today()));
            TierCost {
                tier,
                model: model.clone(),
                expected_output_tokens: output,
                expected_micro_usd: prices.map(|prices| price::expected(&prices, input, output)),
                worst_micro_usd: prices.map(|prices| price::worst(&prices, input, output)),
            }
        })
        .collect()
}

/// What of it is kept: the provider's figures, an estimate where the answer broke off, nothing
/// where none came.
fn told(
    found: &Result<probe::Probe, probe::Failed>,
    prices: Option<&Prices>,
    estimated_tokens: u64,
) -> Ended {
    match found {
        Ok(found) if found.usage_reported() => Ended::reported(&found.usage, prices, "stop"),
        Ok(_) => Ended::estimated(estimated_tokens, prices, "stop"),
        Err(failed) if failed.begun => Ended::estimated(estimated_tokens, prices, "broken"),
        Err(_) => Ended::for_nothing(prices, "error"),
    }
}

fn too_late(id: &str) -> probe::Failed {
    let message = format!(
        "Testing {id} failed: no answer within {} s.",
        TEST_LASTS.as_secs()
    );
    let after_ms = TEST_LASTS.as_millis() as u64;
    probe::Failed {
        error: ModelError {
            kind: ErrorKind::Stalled { after_ms },
            message,
            detail: None,
        },
        begun: true,
    }
}
