//! How routed operations ended, counted by tier and rule; and what that says of the thresholds.
//!
//! A suggestion needs evidence on both sides of a line: at least [`ENOUGH`] operations just below
//! a threshold and as many well below it. It is shown with its counts and never applied by itself.

use std::collections::BTreeMap;

use mira_protocol::operation::Tier;
use mira_protocol::route::{OutcomeLine, RouteOutcomes, RouteRule, RouteSuggestion};
use mira_store::RoutedOperation;

/// Fewer operations than this say nothing.
const ENOUGH: usize = 10;
/// So many times as many bad ends are told.
const NOTABLY: f64 = 2.0;

/// The thresholds in force.
#[derive(Debug, Clone, Copy)]
pub struct Thresholds {
    pub tokens: u64,
    pub files: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Accepted,
    Edited,
    Reverted,
    Retried,
    Failed,
}

pub fn count(operations: &[RoutedOperation], now: Thresholds) -> RouteOutcomes {
    let mut lines: BTreeMap<(u8, RouteRule), OutcomeLine> = BTreeMap::new();
    for operation in operations {
        let Some(end) = end(operation) else { continue };
        let (tier, rule) = (operation.decision.tier, operation.decision.rule);
        let line = lines.entry((tier as u8, rule)).or_insert(OutcomeLine {
            tier,
            rule,
            operations: 0,
            accepted: 0,
            edited: 0,
            reverted: 0,
            retried: 0,
            failed: 0,
            cost_micro_usd: 0,
        });
        line.operations += 1;
        line.cost_micro_usd += operation.cost_micro_usd;
        *match end {
            End::Accepted => &mut line.accepted,
            End::Edited => &mut line.edited,
            End::Reverted => &mut line.reverted,
            End::Retried => &mut line.retried,
            End::Failed => &mut line.failed,
        } += 1;
    }
    RouteOutcomes {
        lines: lines.into_values().collect(),
        suggestions: suggestions(operations, now),
    }
}

/// None for what says nothing of the route: the person stopped it, or the program did.
fn end(operation: &RoutedOperation) -> Option<End> {
    Some(match operation.state.as_str() {
        "FAILED" => End::Failed,
        "COMPLETED" if operation.undone => End::Reverted,
        "COMPLETED" if operation.rejected => End::Edited,
        "COMPLETED" if operation.asked_again => End::Retried,
        "COMPLETED" => End::Accepted,
        _ => return None,
    })
}

/// Counts of good and bad ends.
#[derive(Debug, Clone, Copy, Default)]
struct Tally {
    all: usize,
    bad: usize,
}

impl Tally {
    fn of<'a>(operations: impl Iterator<Item = &'a RoutedOperation>) -> Self {
        let mut tally = Self::default();
        for end in operations.filter_map(end) {
            tally.all += 1;
            tally.bad += usize::from(end != End::Accepted);
        }
        tally
    }

    fn rate(self) -> f64 {
        self.bad as f64 / self.all.max(1) as f64
    }

    fn says(self) -> String {
        format!("{} of {}", self.bad, self.all)
    }
}

fn suggestions(operations: &[RoutedOperation], now: Thresholds) -> Vec<RouteSuggestion> {
    let small =
        |operation: &&RoutedOperation| matches!(operation.decision.tier, Tier::Fast | Tier::Voice);
    let tokens = |operation: &RoutedOperation| operation.decision.facts.prompt_tokens;
    let files = |operation: &RoutedOperation| operation.decision.facts.files;
    let mut out = Vec::new();

    // Just below the threshold it goes wrong much more often than well below it: lower it.
    let half = now.tokens / 2;
    let near = Tally::of(operations.iter().filter(small).filter(|o| tokens(o) > half));
    let far = Tally::of(
        operations
            .iter()
            .filter(small)
            .filter(|o| tokens(o) <= half),
    );
    if worse(near, far) {
        out.push(RouteSuggestion {
            setting: "ROUTE_CODE_TOKEN_THRESHOLD".into(),
            now: now.tokens.to_string(),
            suggested: half.max(1).to_string(),
            evidence: format!(
                "on the fast and voice tiers {} prompts of {half} to {} tokens ended badly, and {} smaller ones",
                near.says(),
                now.tokens,
                far.says()
            ),
        });
    }
    let most = now.files;
    let near = Tally::of(
        operations
            .iter()
            .filter(small)
            .filter(|o| files(o) == most && most > 0),
    );
    let far = Tally::of(operations.iter().filter(small).filter(|o| files(o) < most));
    if worse(near, far) {
        out.push(RouteSuggestion {
            setting: "ROUTE_CODE_FILE_COUNT".into(),
            now: most.to_string(),
            suggested: (most - 1).to_string(),
            evidence: format!(
                "on the fast and voice tiers {} messages with {most} files ended badly, and {} with fewer",
                near.says(),
                far.says()
            ),
        });
    }

    // Sent to the code tier by size alone, and ended as well as those well below on the small
    // tiers while the person chose a small tier for such prompts by hand: raise it.
    let by_hand = Tally::of(operations.iter().filter(small).filter(|o| {
        tokens(o) > now.tokens
            && matches!(
                o.decision.rule,
                RouteRule::MessageChoice | RouteRule::SessionChoice | RouteRule::ProjectChoice
            )
    }));
    let by_size = Tally::of(
        operations
            .iter()
            .filter(|o| o.decision.rule == RouteRule::ManyTokens),
    );
    if by_hand.all >= ENOUGH && by_size.all >= ENOUGH && by_hand.rate() <= by_size.rate() {
        out.push(RouteSuggestion {
            setting: "ROUTE_CODE_TOKEN_THRESHOLD".into(),
            now: now.tokens.to_string(),
            suggested: (now.tokens * 2).to_string(),
            evidence: format!(
                "{} prompts over {} tokens ended badly on a smaller tier that was chosen by hand, and {} on the code tier",
                by_hand.says(),
                now.tokens,
                by_size.says()
            ),
        });
    }
    out
}

fn worse(near: Tally, far: Tally) -> bool {
    near.all >= ENOUGH && far.all >= ENOUGH && near.bad > 0 && near.rate() >= NOTABLY * far.rate()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mira_protocol::route::{Purpose, RouteDecision, RouteFacts};

    fn operation(tier: Tier, rule: RouteRule, tokens: u64, state: &str) -> RoutedOperation {
        RoutedOperation {
            decision: RouteDecision {
                tier,
                model: "m".into(),
                provider: "openai".into(),
                rule,
                reason: String::new(),
                facts: RouteFacts {
                    purpose: Purpose::Chat,
                    prompt_tokens: tokens,
                    files: 0,
                    router_enabled: true,
                    code_token_threshold: 50_000,
                    code_file_count: 3,
                    words: vec![],
                    message_choice: None,
                    session_choice: None,
                    project_choice: None,
                    current: None,
                },
                tiers: vec![],
            },
            state: state.into(),
            cost_micro_usd: 5,
            undone: false,
            rejected: false,
            asked_again: false,
        }
    }

    const NOW: Thresholds = Thresholds {
        tokens: 50_000,
        files: 3,
    };

    #[test]
    fn each_operation_counts_once_by_its_worst_end() {
        let plain = operation(Tier::Code, RouteRule::CodeWork, 1, "COMPLETED");
        let with = |change: fn(&mut RoutedOperation)| {
            let mut one = plain.clone();
            change(&mut one);
            one
        };
        let all = [
            plain.clone(),
            with(|o| o.rejected = true),
            with(|o| (o.rejected, o.undone) = (true, true)),
            with(|o| o.asked_again = true),
            with(|o| o.state = "FAILED".into()),
            with(|o| o.state = "CANCELLED".into()),
            with(|o| o.decision.tier = Tier::Fast),
        ];
        let counted = count(&all, NOW);
        let line = &counted.lines[1];
        assert_eq!((line.tier, line.operations), (Tier::Code, 5));
        let ends = [
            line.accepted,
            line.edited,
            line.reverted,
            line.retried,
            line.failed,
        ];
        assert_eq!(ends, [1, 1, 1, 1, 1]);
        assert_eq!(line.cost_micro_usd, 25);
        assert!(counted.suggestions.is_empty(), "too few to say anything");
    }

    #[test]
    fn a_threshold_that_lets_bad_ends_through_is_told_with_its_counts() {
        let voice = |tokens, state| {
            let rule = RouteRule::Conversation;
            operation(Tier::Voice, rule, tokens, state)
        };
        let mut all: Vec<_> = (0..20).map(|_| voice(5_000, "COMPLETED")).collect();
        all.extend((0..6).map(|_| voice(40_000, "FAILED")));
        all.extend((0..6).map(|_| voice(40_000, "COMPLETED")));
        let told = count(&all, NOW).suggestions;
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            (told[0].setting.as_str(), told[0].suggested.as_str()),
            ("ROUTE_CODE_TOKEN_THRESHOLD", "25000")
        );
        assert!(told[0].evidence.contains("6 of 12"), "{}", told[0].evidence);
    }
}
