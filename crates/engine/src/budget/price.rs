//! What a call can cost, and on which prices it was counted.

use mira_llm::{Prices, Usage};
use mira_protocol::MicroUsd;

/// The most that a call can cost: all of its input at the dearest input price, all of the output
/// that it may have, and the rule for long prompts where the input may reach it.
pub fn worst(prices: &Prices, input_tokens: u64, output_tokens: u64) -> MicroUsd {
    let plain = Usage {
        input: input_tokens,
        output: output_tokens,
        ..Usage::default()
    };
    let dearest = |usage: Usage| prices.micro_usd(&usage);
    let written = Usage {
        cache_write: input_tokens,
        ..plain
    };
    let cached = Usage {
        cached: input_tokens,
        ..plain
    };
    dearest(plain).max(dearest(written)).max(dearest(cached))
}

/// What it will be about: the input uncached.
pub fn expected(prices: &Prices, input_tokens: u64, output_tokens: u64) -> MicroUsd {
    prices.micro_usd(&Usage {
        input: input_tokens,
        output: output_tokens,
        ..Usage::default()
    })
}

/// What the cached part of the input would have cost more at the plain price.
pub fn saved_by_prefix(prices: &Prices, usage: &Usage) -> MicroUsd {
    let uncached = Usage {
        cached: 0,
        ..*usage
    };
    (prices.micro_usd(&uncached) - prices.micro_usd(usage)).max(0)
}

/// The prices as text from which a cost can be computed again: dollars for a million tokens.
pub fn version(prices: Option<&Prices>) -> String {
    let Some(prices) = prices else {
        return String::new();
    };
    let Prices {
        input,
        cached,
        cache_write,
        output,
        long_over_tokens,
        long_input,
        long_output,
    } = prices;
    let long = long_over_tokens.map_or(String::new(), |over| {
        format!(" over {over}: x{long_input} x{long_output}")
    });
    format!("in {input} cached {cached} write {cache_write} out {output}{long}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn prices(over: Option<u64>) -> Prices {
        Prices {
            input: 2.0,
            cached: 0.1,
            cache_write: 2.5,
            output: 10.0,
            long_over_tokens: over,
            long_input: 2.0,
            long_output: 1.5,
        }
    }

    #[test]
    fn the_worst_case_knows_writes_and_long_prompts() {
        assert_eq!(worst(&prices(None), 1_000, 100), 2_500 + 1_000);
        assert_eq!(worst(&prices(Some(999)), 1_000, 100), 5_000 + 1_500);
        assert_eq!(expected(&prices(None), 1_000, 100), 2_000 + 1_000);
        assert_eq!(
            version(Some(&prices(Some(272_000)))),
            "in 2 cached 0.1 write 2.5 out 10 over 272000: x2 x1.5"
        );
    }

    proptest! {
        /// Whatever split of input and output a provider reports within the bounds, it costs at
        /// most the worst case.
        #[test]
        fn nothing_within_the_bounds_costs_more(
            input in 0u64..600_000,
            output in 0u64..200_000,
            used in 0.0f64..=1.0,
            cached in 0.0f64..=1.0,
            written in 0.0f64..=1.0,
            over in proptest::option::of(1u64..600_000),
        ) {
            let prices = prices(over);
            let seen = (input as f64 * used) as u64;
            let cached = (seen as f64 * cached) as u64;
            let usage = Usage {
                input: seen,
                cached,
                cache_write: ((seen - cached) as f64 * written) as u64,
                output: (output as f64 * used) as u64,
                reasoning: 0,
            };
            prop_assert!(prices.micro_usd(&usage) <= worst(&prices, input, output));
        }
    }
}
