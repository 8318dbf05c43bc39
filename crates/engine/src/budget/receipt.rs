//! What a call was made of, in the provider's own tokens and money.

use mira_protocol::MicroUsd;
use mira_protocol::budget::{LedgerCall, ReceiptLine};
use mira_protocol::receipt::Receipt;

/// Shares the provider's count out to the parts of the request, by our estimate of each; cached
/// tokens go to the parts at the front, where the prefix is. Tokens and money of the lines add up
/// to the request's exactly.
pub(super) fn lines(call: &LedgerCall, receipt: Option<&Receipt>) -> Vec<ReceiptLine> {
    let mut parts: Vec<(String, String, u64)> = receipt
        .map(|receipt| {
            receipt
                .fragments
                .iter()
                .map(|line| (line.name.clone(), line.detail.clone(), line.tokens))
                .collect()
        })
        .unwrap_or_default();
    if parts.iter().all(|(.., tokens)| *tokens == 0) {
        let detail = "its parts are not known".to_owned();
        parts = vec![("input".to_owned(), detail, 1)];
    }
    let weights: Vec<u64> = parts.iter().map(|(.., tokens)| *tokens).collect();
    let mut left_cached = call.usage.cached_tokens;
    let mut out: Vec<ReceiptLine> = parts
        .into_iter()
        .zip(share(call.usage.input_tokens, &weights))
        .map(|((name, detail, _), tokens)| {
            let cached_tokens = left_cached.min(tokens);
            left_cached -= cached_tokens;
            ReceiptLine {
                name,
                detail,
                tokens,
                cached_tokens,
                micro_usd: None,
            }
        })
        .collect();
    let detail = match call.usage.reasoning_tokens {
        0 => "the answer".to_owned(),
        reasoning => format!("the answer, {reasoning} tokens of it reasoning"),
    };
    out.push(ReceiptLine {
        name: "output".to_owned(),
        detail,
        tokens: call.usage.output_tokens,
        cached_tokens: 0,
        micro_usd: None,
    });
    if let Some(cost) = call.cost_micro_usd {
        let prices = Listed::parse(&call.price_version).unwrap_or(Listed {
            input: 1.0,
            cached: 1.0,
            output: 1.0,
        });
        let last = out.len() - 1;
        let weights: Vec<u64> = out
            .iter()
            .enumerate()
            .map(|(at, line)| {
                let price = if at == last {
                    prices.output
                } else {
                    prices.input
                };
                let plain = (line.tokens - line.cached_tokens) as f64 * price;
                ((plain + line.cached_tokens as f64 * prices.cached) * 1_000.0).round() as u64
            })
            .collect();
        let shares = share(u64::try_from(cost).unwrap_or(0), &weights);
        for (line, micro) in out.iter_mut().zip(shares) {
            line.micro_usd = Some(micro as MicroUsd);
        }
    }
    out
}

/// Parts of `total` by weight that add up to it exactly; the largest remainders get what rounding
/// leaves. Everything goes to the last where nothing weighs.
fn share(total: u64, weights: &[u64]) -> Vec<u64> {
    let sum: u128 = weights.iter().map(|weight| u128::from(*weight)).sum();
    if sum == 0 {
        let mut all = vec![0; weights.len()];
        if let Some(last) = all.last_mut() {
            *last = total;
        }
        return all;
    }
    let exact = |weight: u64| u128::from(total) * u128::from(weight);
    let mut parts: Vec<u64> = weights
        .iter()
        .map(|weight| (exact(*weight) / sum) as u64)
        .collect();
    let mut order: Vec<usize> = (0..weights.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(exact(weights[*at]) % sum));
    let left = total - parts.iter().sum::<u64>();
    for at in order.into_iter().cycle().take(left as usize) {
        parts[at] += 1;
    }
    parts
}

/// The prices that a row was counted on, from its text ([`super::price::version`]).
struct Listed {
    input: f64,
    cached: f64,
    output: f64,
}

impl Listed {
    fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let after = |name: &str| {
            let at = words.iter().position(|word| *word == name)?;
            words.get(at + 1)?.parse::<f64>().ok()
        };
        Some(Self {
            input: after("in")?,
            cached: after("cached")?,
            output: after("out")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mira_protocol::budget::Settlement;
    use mira_protocol::operation::Usage;
    use mira_protocol::receipt::FragmentLine;
    use proptest::prelude::*;

    fn call(usage: Usage, cost: Option<i64>) -> LedgerCall {
        LedgerCall {
            id: 1,
            at: 0,
            day: "2026-11-26".into(),
            purpose: "chat".into(),
            provider: "openai".into(),
            model: "m".into(),
            tier: None,
            project_id: None,
            session_id: None,
            operation_id: None,
            call: Some(1),
            usage,
            cost_micro_usd: cost,
            reserved_micro_usd: None,
            price_version: "in 2 cached 0.1 write 2.5 out 10".into(),
            settlement: Settlement::Settled,
            cache_hit: false,
            saved_micro_usd: 0,
            expected_cached_tokens: None,
            prefix_break: None,
            duration_ms: 0,
            outcome: "stop".into(),
        }
    }

    fn receipt(tokens: &[u64]) -> Receipt {
        let fragments = tokens.iter().enumerate().map(|(at, tokens)| FragmentLine {
            name: at.to_string(),
            detail: String::new(),
            tokens: *tokens,
            bytes: tokens * 4,
            cap_tokens: None,
            dropped: None,
            parts: vec![],
        });
        Receipt {
            model: "m".into(),
            context_limit_tokens: None,
            fragments: fragments.collect(),
            total_tokens: tokens.iter().sum(),
            estimated_input_micro_usd: None,
        }
    }

    #[test]
    fn the_cached_part_stands_at_the_front_and_costs_less() {
        let usage = Usage {
            input_tokens: 1_000,
            cached_tokens: 500,
            output_tokens: 100,
            ..Usage::default()
        };
        let lines = lines(&call(usage, Some(2_050)), Some(&receipt(&[250, 250])));
        let shown: Vec<_> = lines
            .iter()
            .map(|line| (line.tokens, line.cached_tokens, line.micro_usd))
            .collect();
        assert_eq!(
            shown,
            [
                (500, 500, Some(50)),
                (500, 0, Some(1_000)),
                (100, 0, Some(1_000))
            ]
        );
    }

    proptest! {
        #[test]
        fn lines_add_up_to_the_request(
            weights in prop::collection::vec(0u64..100_000, 0..8),
            input in 0u64..1_000_000,
            cached in 0.0f64..=1.0,
            output in 0u64..100_000,
            cost in proptest::option::of(0i64..50_000_000),
        ) {
            let usage = Usage {
                input_tokens: input,
                cached_tokens: (input as f64 * cached) as u64,
                output_tokens: output,
                ..Usage::default()
            };
            let lines = lines(&call(usage, cost), Some(&receipt(&weights)));
            let (parts, last) = (&lines[..lines.len() - 1], &lines[lines.len() - 1]);
            prop_assert_eq!(parts.iter().map(|line| line.tokens).sum::<u64>(), input);
            prop_assert_eq!(parts.iter().map(|line| line.cached_tokens).sum::<u64>(), usage.cached_tokens);
            prop_assert_eq!(last.tokens, output);
            match cost {
                Some(cost) => prop_assert_eq!(lines.iter().filter_map(|line| line.micro_usd).sum::<i64>(), cost),
                None => prop_assert!(lines.iter().all(|line| line.micro_usd.is_none())),
            }
        }
    }
}
