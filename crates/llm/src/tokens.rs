//! How many tokens a prompt may have, without asking anybody.
//!
//! Two figures. [`Prompt::estimated_tokens`] is what it will be about: a quarter of the bytes,
//! which English text and code come close to. [`Prompt::token_bound`] is what it cannot pass: the
//! tokenizers of all vendors work on bytes, and each token stands for at least one of them.

use crate::{Content, Item, ItemKind, Prompt, ToolSpec};

/// What vendors put around a message, a call or a tool, in tokens, at most: role, separators,
/// the words of a tool's declaration.
const FRAME_TOKENS: u64 = 32;
/// The most that one image costs with any vendor: OpenAI's 10,000 patches at original detail are
/// scaled down to fewer, Anthropic's largest image is about 4,800 tokens, Gemini's tiles are 258.
const IMAGE_BOUND_TOKENS: u64 = 10_000;
const IMAGE_ESTIMATED_TOKENS: u64 = 1_000;

impl Prompt {
    /// About how many tokens the request has: instructions, tools and conversation, each a
    /// quarter of its bytes.
    pub fn estimated_tokens(&self) -> u64 {
        let tools: u64 = self.tools.iter().map(ToolSpec::estimated_tokens).sum();
        let items: u64 = self.items.iter().map(|item| item.estimated_tokens()).sum();
        quarter(self.instructions.len()) + tools + items
    }

    /// More tokens than the provider will count, whatever the text: one for each byte that is
    /// sent, [`FRAME_TOKENS`] for each part, a fixed figure for each image. Encrypted items count
    /// by their encrypted length, which is longer than what is in them. Some four times the
    /// estimate for plain text; reserve with it where a limit must hold whatever comes, or with
    /// what [`crate::Model::count_tokens`] says, where the provider counts.
    pub fn token_bound(&self) -> u64 {
        let tools: u64 = self.tools.iter().map(ToolSpec::token_bound).sum();
        let items: u64 = self.items.iter().map(|item| item.token_bound()).sum();
        FRAME_TOKENS + self.instructions.len() as u64 + tools + items
    }
}

impl ToolSpec {
    fn bytes(&self) -> usize {
        self.name.len() + self.description.len() + self.parameters.to_string().len()
    }

    /// A quarter of the bytes.
    pub fn estimated_tokens(&self) -> u64 {
        quarter(self.bytes())
    }

    fn token_bound(&self) -> u64 {
        FRAME_TOKENS + self.bytes() as u64
    }
}

impl Item {
    /// A rough count of tokens: a quarter of the bytes, at least 1, 1,000 for an image.
    pub fn estimated_tokens(&self) -> u64 {
        let tokens = match &self.kind {
            ItemKind::User { content } => content
                .iter()
                .map(|part| match part {
                    Content::Text { text } => text.len().div_ceil(4) as u64,
                    Content::Image { .. } => IMAGE_ESTIMATED_TOKENS,
                })
                .sum(),
            ItemKind::Assistant { text } => quarter(text.len()),
            ItemKind::Call {
                name, arguments, ..
            } => quarter(name.len() + arguments.len() + 24),
            ItemKind::CallResult { output, .. } => quarter(output.len() + 24),
            ItemKind::Opaque { value, .. } => encrypted(value),
            ItemKind::Condensed { items, .. } => items.iter().map(encrypted).sum(),
        };
        tokens.max(1)
    }

    /// See [`Prompt::token_bound`].
    pub fn token_bound(&self) -> u64 {
        let bytes = match &self.kind {
            ItemKind::User { content } => {
                return content
                    .iter()
                    .map(|part| match part {
                        Content::Text { text } => text.len() as u64 + FRAME_TOKENS,
                        Content::Image { .. } => IMAGE_BOUND_TOKENS,
                    })
                    .sum();
            }
            ItemKind::Assistant { text } => text.len(),
            // Encoders put broken arguments into an object, escaped: at most twice as long.
            ItemKind::Call {
                id,
                name,
                arguments,
            } => id.len() + name.len() + 2 * arguments.len(),
            ItemKind::CallResult { id, output } => id.len() + output.len(),
            ItemKind::Opaque { value, .. } => value.to_string().len(),
            ItemKind::Condensed { items, digest, .. } => items
                .iter()
                .map(|item| item.to_string().len())
                .sum::<usize>()
                .max(digest.len()),
        };
        bytes as u64 + FRAME_TOKENS
    }
}

fn quarter(bytes: usize) -> u64 {
    (bytes as u64).div_ceil(4)
}

/// Encrypted reasoning is counted by the provider at about its plain size.
fn encrypted(value: &serde_json::Value) -> u64 {
    let text = value.get("encrypted_content").and_then(|v| v.as_str());
    text.map_or_else(
        || quarter(value.to_string().len()).min(4_096),
        |text| quarter(text.len() * 3 / 8),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::sync::Arc;

    fn prompt(text: &str, arguments: &str) -> Prompt {
        let items = vec![
            Item::user(text),
            Item::new(ItemKind::Call {
                id: "c".into(),
                name: "read".into(),
                arguments: arguments.into(),
            }),
            Item::new(ItemKind::CallResult {
                id: "c".into(),
                output: text.into(),
            }),
        ];
        Prompt {
            model: "m".into(),
            instructions: text.into(),
            tools: Arc::new([]),
            items,
            tool_choice: Default::default(),
            effort: None,
            max_output_tokens: None,
            cache_key: String::new(),
        }
    }

    proptest! {
        /// A tokenizer that makes one token of each byte is the worst there is.
        #[test]
        fn the_bound_holds_for_the_worst_tokenizer(text in ".{0,80}", arguments in ".{0,40}") {
            let prompt = prompt(&text, &arguments);
            let worst = 3 * text.len() + arguments.len() + "read".len();
            prop_assert!(prompt.token_bound() >= worst as u64);
            prop_assert!(prompt.token_bound() >= prompt.estimated_tokens());
        }
    }

    #[test]
    fn an_estimate_of_plain_text() {
        let text = "x".repeat(4_000);
        assert_eq!(
            prompt(&text, "{}").estimated_tokens(),
            1_000 + 1_000 + 8 + 1_006
        );
    }
}
