//! Which tier answers: a pure function of stated facts.

use mira_protocol::operation::Tier;

/// What the router looks at.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts<'a> {
    pub message: &'a str,
    /// The person's choice.
    pub asked_tier: Option<Tier>,
    /// Off: everything goes to the voice tier.
    pub router_enabled: bool,
    /// Estimated tokens of the whole prompt.
    pub prompt_tokens: u64,
    pub code_token_threshold: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    pub tier: Tier,
    /// For people: "code tier, because the message asks for a change".
    pub reason: String,
}

/// Words that ask for work on code rather than for an explanation.
const CODE_WORDS: &[&str] = &[
    "add",
    "build",
    "change",
    "create",
    "debug",
    "delete",
    "edit",
    "fix",
    "generate",
    "implement",
    "make",
    "migrate",
    "move",
    "optimize",
    "port",
    "refactor",
    "remove",
    "rename",
    "replace",
    "rewrite",
    "update",
    "write",
];

/// Words with which a message that only looks something up begins.
const LOOK_UP_WORDS: &[&str] = &["find", "grep", "list", "locate", "ls", "search"];

pub fn choose(facts: &Facts) -> Route {
    let route = |tier, reason: &str| Route {
        tier,
        reason: reason.to_owned(),
    };
    if let Some(tier) = facts.asked_tier {
        return route(tier, "you chose it");
    }
    if !facts.router_enabled {
        return route(Tier::Voice, "the router is off");
    }
    if facts.prompt_tokens > facts.code_token_threshold {
        return Route {
            tier: Tier::Code,
            reason: format!(
                "the prompt has more than {} tokens",
                facts.code_token_threshold
            ),
        };
    }
    let words: Vec<String> = facts
        .message
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(200)
        .map(str::to_lowercase)
        .collect();
    if words.iter().any(|word| CODE_WORDS.contains(&word.as_str())) {
        return route(Tier::Code, "the message asks for a change");
    }
    if words.len() <= 12
        && words
            .first()
            .is_some_and(|word| LOOK_UP_WORDS.contains(&word.as_str()))
    {
        return route(Tier::Fast, "the message looks something up");
    }
    route(Tier::Voice, "the message is a conversation")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str, expected: Tier) {
        let facts = Facts {
            message,
            asked_tier: None,
            router_enabled: true,
            prompt_tokens: 3_000,
            code_token_threshold: 50_000,
        };
        assert_eq!(choose(&facts).tier, expected, "{message}");
    }

    #[test]
    fn routes_by_what_is_asked() {
        check("list the files in src", Tier::Fast);
        check("How does the parser treat CRLF?", Tier::Voice);
        check("Make the parser accept CRLF", Tier::Code);
        check("find the bug in lib.rs and fix it", Tier::Code);
    }

    #[test]
    fn the_person_and_the_threshold_win() {
        let facts = Facts {
            message: "list",
            asked_tier: Some(Tier::Agentic),
            router_enabled: true,
            prompt_tokens: 90_000,
            code_token_threshold: 50_000,
        };
        assert_eq!(choose(&facts).tier, Tier::Agentic);
        assert_eq!(
            choose(&Facts {
                asked_tier: None,
                ..facts
            })
            .tier,
            Tier::Code
        );
    }
}
