//! Which tier answers: a pure function of stated facts, for every kind of call.
//!
//! The rules stand in one list, in the order in which they are asked; the first that fits wins.
//! What a message asks for is read from its words alone ([`words`]): no model is asked which
//! model to ask. How routed operations ended is counted in [`outcomes`].

pub mod outcomes;
mod words;

use mira_protocol::operation::Tier;
use mira_protocol::route::{Purpose, RouteDecision, RouteFacts, RouteRule, RuleCheck, TierCost};

use crate::settings::Settings;
use words::Reading;

/// What a person chose: a tier, a model, both or nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    pub tier: Option<Tier>,
    pub model: Option<String>,
}

impl Choice {
    fn is_made(&self) -> bool {
        self.tier.is_some() || self.model.is_some()
    }
}

/// What the router looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts<'a> {
    pub purpose: Purpose,
    /// The one model that can be asked: nobody else could read what it makes.
    pub only_model: Option<String>,
    pub message: &'a str,
    /// Chosen with the message, for the session, for the project.
    pub message_choice: Choice,
    pub session_choice: Choice,
    pub project_choice: Choice,
    /// Chosen because the money did not suffice.
    pub cheaper: Option<Tier>,
    /// Off: everything goes to the voice tier.
    pub router_enabled: bool,
    /// Estimated tokens of the whole prompt.
    pub prompt_tokens: u64,
    pub code_token_threshold: u64,
    /// Files attached, and files that the operation changed so far; those that the message names
    /// are added to it.
    pub files: u32,
    pub code_file_count: u32,
    /// The tier of the operation so far.
    pub current: Option<Tier>,
}

impl Facts<'_> {
    /// Nothing else known yet.
    pub fn of(purpose: Purpose, settings: &Settings) -> Self {
        Self {
            purpose,
            only_model: None,
            message: "",
            message_choice: Choice::default(),
            session_choice: Choice::default(),
            project_choice: Choice::default(),
            cheaper: None,
            router_enabled: settings.model_router_enabled,
            prompt_tokens: 0,
            code_token_threshold: settings.route_code_token_threshold,
            files: 0,
            code_file_count: settings.route_code_file_count,
            current: None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub tier: Tier,
    /// Instead of the tier's model.
    pub model: Option<String>,
    pub rule: RouteRule,
    /// For people: "the message asks for a change".
    pub reason: String,
    /// Words of the message that a rule recognised.
    pub words: Vec<String>,
    /// All files that counted.
    pub files: u32,
}

/// A rule: where it sends a call that fits it, and why; or what it wants.
type Rule = fn(&Facts, &Reading) -> Result<(Tier, String), String>;

const RULES: &[(RouteRule, Rule)] = &[
    (RouteRule::OnlyModel, |facts, _| match &facts.only_model {
        Some(_) => Ok((
            facts.current.unwrap_or(Tier::Voice),
            "nobody else can read what it makes".into(),
        )),
        None => Err("only one model can be asked (condensing)".into()),
    }),
    (RouteRule::CheaperTier, |facts, _| {
        let tier = facts.cheaper.ok_or("the person chose a cheaper tier")?;
        Ok((tier, "you chose a cheaper tier".into()))
    }),
    (RouteRule::MessageChoice, |facts, _| {
        chosen(&facts.message_choice, "with the message")
    }),
    (RouteRule::SessionChoice, |facts, _| {
        chosen(&facts.session_choice, "for this session")
    }),
    (RouteRule::ProjectChoice, |facts, _| {
        chosen(&facts.project_choice, "for this project")
    }),
    (RouteRule::RouterOff, |facts, _| {
        match facts.router_enabled {
            false => Ok((Tier::Voice, "the router is off".into())),
            true => Err("MODEL_ROUTER_ENABLED is off".into()),
        }
    }),
    (RouteRule::SideCall, |facts, _| match facts.purpose {
        Purpose::Title | Purpose::Summary | Purpose::Analysis | Purpose::Test => {
            let what = facts.purpose.word();
            Ok((Tier::Fast, format!("it is a side request ({what})")))
        }
        _ => Err("a side request, such as the test of a provider".into()),
    }),
    (RouteRule::Agent, |facts, _| match facts.purpose {
        Purpose::Agent => Ok((Tier::Agentic, "an agent works by itself".into())),
        _ => Err("an agent asks".into()),
    }),
    (RouteRule::LongWork, |facts, reading| {
        match (&reading.long_work, begins(facts)) {
            (Some(words), true) => Ok((
                Tier::Agentic,
                format!("the message asks for long work ({words})"),
            )),
            _ => Err("long work without supervision".into()),
        }
    }),
    (RouteRule::ManyTokens, |facts, _| {
        let limit = facts.code_token_threshold;
        if facts.prompt_tokens > limit && below_code(facts.current) {
            return Ok((
                Tier::Code,
                format!("the prompt has more than {limit} tokens"),
            ));
        }
        Err(format!(
            "more than {limit} tokens; the prompt has about {}",
            facts.prompt_tokens
        ))
    }),
    (RouteRule::ManyFiles, |facts, reading| {
        let (limit, files) = (facts.code_file_count, files(facts, reading));
        if files > limit && below_code(facts.current) {
            return Ok((
                Tier::Code,
                format!("{files} files are in it, more than {limit}"),
            ));
        }
        Err(format!("more than {limit} files; there are {files}"))
    }),
    (RouteRule::SameOperation, |facts, _| match facts.current {
        Some(tier) => Ok((tier, "the operation goes on".into())),
        None => Err("a continuation".into()),
    }),
    (RouteRule::CodeWork, |_, reading| match &reading.code_work {
        Some(words) => Ok((
            Tier::Code,
            format!("the message asks for a change ({words})"),
        )),
        None => Err("the message asks for a change of code".into()),
    }),
    (RouteRule::LookUp, |_, reading| match &reading.look_up {
        Some(words) => Ok((
            Tier::Fast,
            format!("the message looks something up ({words})"),
        )),
        None => Err("a short message that lists or searches".into()),
    }),
    (RouteRule::Conversation, |_, _| {
        Ok((Tier::Voice, "the message is a conversation".into()))
    }),
];

/// Where a call goes.
pub fn choose(facts: &Facts) -> Route {
    let reading = words::read(facts.message);
    let found = RULES
        .iter()
        .find_map(|(rule, asks)| Some((*rule, asks(facts, &reading).ok()?)));
    let (rule, (mut tier, reason)) = found.unwrap_or((
        RouteRule::Conversation,
        (Tier::Voice, "nothing else fits".into()),
    ));
    let choice = match rule {
        RouteRule::MessageChoice => Some(&facts.message_choice),
        RouteRule::SessionChoice => Some(&facts.session_choice),
        RouteRule::ProjectChoice => Some(&facts.project_choice),
        _ => None,
    };
    if let Some(choice) = choice
        && choice.tier.is_none()
    {
        // Only the model was chosen: the tier is what it would have been.
        tier = choose(&Facts {
            message_choice: Choice::default(),
            session_choice: Choice::default(),
            project_choice: Choice::default(),
            ..facts.clone()
        })
        .tier;
    }
    Route {
        tier,
        model: match rule {
            RouteRule::OnlyModel => facts.only_model.clone(),
            _ => choice.and_then(|choice| choice.model.clone()),
        },
        rule,
        reason,
        words: reading.words(),
        files: files(facts, &reading),
    }
}

/// Every rule in its order, and whether it fits. That for agents is told to agents alone.
pub fn checks(facts: &Facts) -> Vec<RuleCheck> {
    let reading = words::read(facts.message);
    RULES
        .iter()
        .filter(|(rule, _)| *rule != RouteRule::Agent || facts.purpose == Purpose::Agent)
        .map(|(rule, asks)| match asks(facts, &reading) {
            Ok((_, why)) => RuleCheck {
                rule: *rule,
                fits: true,
                detail: why,
            },
            Err(wants) => RuleCheck {
                rule: *rule,
                fits: false,
                detail: wants,
            },
        })
        .collect()
}

/// The decision as it is stored and shown; `tiers` is what the call would cost on each.
pub fn decision(
    facts: &Facts,
    route: &Route,
    model: &str,
    provider: &str,
    tiers: Vec<TierCost>,
) -> RouteDecision {
    RouteDecision {
        tier: route.tier,
        model: model.to_owned(),
        provider: provider.to_owned(),
        rule: route.rule,
        reason: route.reason.clone(),
        facts: told(facts, route),
        tiers,
    }
}

/// The facts as they are stored and shown.
fn told(facts: &Facts, route: &Route) -> RouteFacts {
    RouteFacts {
        purpose: facts.purpose,
        prompt_tokens: facts.prompt_tokens,
        files: route.files,
        router_enabled: facts.router_enabled,
        code_token_threshold: facts.code_token_threshold,
        code_file_count: facts.code_file_count,
        words: route.words.clone(),
        message_choice: facts.message_choice.tier,
        session_choice: facts.session_choice.tier,
        project_choice: facts.project_choice.tier,
        current: facts.current,
    }
}

fn chosen(choice: &Choice, place: &str) -> Result<(Tier, String), String> {
    if !choice.is_made() {
        return Err(format!("a tier or a model was chosen {place}"));
    }
    let what = match (&choice.model, choice.tier) {
        (Some(_), None) => "the model",
        _ => "it",
    };
    // Without a tier this one is replaced by the one that the rules give.
    let tier = choice.tier.unwrap_or(Tier::Voice);
    Ok((tier, format!("you chose {what} {place}")))
}

fn files(facts: &Facts, reading: &Reading) -> u32 {
    facts.files + if begins(facts) { reading.files } else { 0 }
}

/// The first request for a message: the only one that its words speak for.
fn begins(facts: &Facts) -> bool {
    facts.current.is_none()
}

/// An operation only ever moves up: another model costs the whole cached prefix.
fn below_code(current: Option<Tier>) -> bool {
    !matches!(current, Some(Tier::Code | Tier::Agentic))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(message: &str) -> Facts<'_> {
        Facts {
            purpose: Purpose::Chat,
            only_model: None,
            message,
            message_choice: Choice::default(),
            session_choice: Choice::default(),
            project_choice: Choice::default(),
            cheaper: None,
            router_enabled: true,
            prompt_tokens: 3_000,
            code_token_threshold: 50_000,
            files: 0,
            code_file_count: 3,
            current: None,
        }
    }

    fn tier(tier: Tier) -> Choice {
        Choice {
            tier: Some(tier),
            model: None,
        }
    }

    /// Requests with the tier that a developer would want for them. Those that the router gets
    /// wrong stay in the file: the figures are printed, and must not fall.
    #[test]
    fn labelled_requests_go_where_people_want_them() {
        let table = include_str!("routing/requests.tsv");
        let mut counts = [[0usize; 4]; 4];
        let mut wrong = Vec::new();
        let names = ["fast", "voice", "code", "agentic"];
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let (label, message) = line.split_once('\t').expect("a label, a tab, a message");
            let label = names.iter().position(|name| *name == label);
            let label = label.unwrap_or_else(|| panic!("{line:?} has no tier"));
            let message = message.replace("\\n", "\n");
            let route = choose(&facts(&message));
            counts[label][route.tier as usize] += 1;
            if label != route.tier as usize {
                wrong.push(format!("{:?} not {}: {message}", route.tier, names[label]));
            }
        }
        let total: usize = counts.iter().flatten().sum();
        let right: usize = (0..4).map(|at| counts[at][at]).sum();
        println!("router: {right} of {total} labelled requests");
        println!("wanted    {}", names.map(|n| format!("{n:>8}")).join(""));
        for (name, row) in names.iter().zip(&counts) {
            println!("{name:<10}{}", row.map(|n| format!("{n:>8}")).join(""));
        }
        for line in &wrong {
            println!("  {line}");
        }
        assert!(total >= 120, "only {total} requests are labelled");
        assert!(right * 100 >= total * 95, "{wrong:#?}");
    }

    #[test]
    fn choices_win_from_the_message_down() {
        let all = Facts {
            message_choice: tier(Tier::Fast),
            session_choice: tier(Tier::Voice),
            project_choice: tier(Tier::Code),
            ..facts("fix it")
        };
        let check = |facts: Facts, expected, rule| {
            let route = choose(&facts);
            assert_eq!((route.tier, route.rule), (expected, rule));
        };
        check(all.clone(), Tier::Fast, RouteRule::MessageChoice);
        let without = Facts {
            message_choice: Choice::default(),
            ..all.clone()
        };
        check(without.clone(), Tier::Voice, RouteRule::SessionChoice);
        let without = Facts {
            session_choice: Choice::default(),
            ..without
        };
        check(without, Tier::Code, RouteRule::ProjectChoice);
        let poor = Facts {
            cheaper: Some(Tier::Voice),
            ..all
        };
        check(poor, Tier::Voice, RouteRule::CheaperTier);
    }

    #[test]
    fn a_chosen_model_keeps_the_tier_that_the_rules_give() {
        let route = choose(&Facts {
            message_choice: Choice {
                tier: None,
                model: Some("m".into()),
            },
            ..facts("fix the parser")
        });
        assert_eq!(
            (route.tier, route.model.as_deref(), route.rule),
            (Tier::Code, Some("m"), RouteRule::MessageChoice)
        );
    }

    #[test]
    fn side_calls_agents_and_continuations() {
        for (purpose, current, expected) in [
            (Purpose::Title, None, Tier::Fast),
            (Purpose::Summary, None, Tier::Fast),
            (Purpose::Analysis, None, Tier::Fast),
            (Purpose::Agent, None, Tier::Agentic),
            (Purpose::Continuation, Some(Tier::Fast), Tier::Fast),
            (Purpose::Continuation, Some(Tier::Agentic), Tier::Agentic),
        ] {
            let route = choose(&Facts {
                purpose,
                current,
                ..facts("rewrite the whole codebase until all tests pass")
            });
            assert_eq!(route.tier, expected, "{purpose:?}");
        }
        let bound = choose(&Facts {
            purpose: Purpose::Summary,
            only_model: Some("m".into()),
            message_choice: tier(Tier::Fast),
            current: Some(Tier::Code),
            prompt_tokens: 900_000,
            ..facts("")
        });
        assert_eq!(
            (bound.tier, bound.model.as_deref(), bound.rule),
            (Tier::Code, Some("m"), RouteRule::OnlyModel)
        );
        let off = choose(&Facts {
            router_enabled: false,
            ..facts("fix it")
        });
        assert_eq!((off.tier, off.rule), (Tier::Voice, RouteRule::RouterOff));
    }

    #[test]
    fn thresholds_are_passed_not_reached_and_never_lead_down() {
        let check = |tokens, files, current, expected| {
            let route = choose(&Facts {
                prompt_tokens: tokens,
                files,
                current,
                purpose: if current.is_some() {
                    Purpose::Continuation
                } else {
                    Purpose::Chat
                },
                ..facts("what is this")
            });
            assert_eq!(route.tier, expected, "{tokens} {files} {current:?}");
        };
        check(50_000, 3, None, Tier::Voice);
        check(50_001, 0, None, Tier::Code);
        check(0, 4, None, Tier::Code);
        check(50_001, 0, Some(Tier::Voice), Tier::Code);
        check(0, 4, Some(Tier::Fast), Tier::Code);
        check(50_001, 9, Some(Tier::Agentic), Tier::Agentic);
    }

    #[test]
    fn every_rule_is_checked_in_its_order_and_the_first_that_fits_decides() {
        for message in ["fix it", "list files", "why?", "migrate the whole codebase"] {
            let facts = facts(message);
            let checks = checks(&facts);
            let order: Vec<_> = checks.iter().map(|check| check.rule).collect();
            assert!(order.is_sorted(), "{order:?}");
            let first = checks
                .iter()
                .find(|check| check.fits)
                .map(|check| check.rule);
            assert_eq!(first, Some(choose(&facts).rule));
        }
    }
}
