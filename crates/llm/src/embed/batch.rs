//! Which texts go together: never more than a request may hold.

use std::ops::Range;
use std::sync::Arc;

use crate::ErrorKind;

/// Most inputs of a request (OpenAI, `embedding_create_params`, 2026-08).
pub(super) const MAX_INPUTS: usize = 2_048;
/// Most tokens of a request, summed (same source). Counted in bytes, which are never fewer.
pub(super) const MAX_BYTES: usize = 300_000;
/// A text is not cut shorter than this, in bytes.
const SHORTEST: usize = 1_024;

/// Texts next to each other that go in one request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Batch {
    pub places: Range<usize>,
    /// Of the one text in it only so many bytes: it is longer than the model reads.
    at_most: Option<usize>,
}

/// As few as the limits allow. A text over the limits stands alone: the server says what it
/// takes of it.
pub(super) fn batches(inputs: &[Arc<str>]) -> Vec<Batch> {
    let mut all = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (place, input) in inputs.iter().enumerate() {
        let full = place - start == MAX_INPUTS || bytes + input.len() > MAX_BYTES;
        if full && place > start {
            all.push(Batch::whole(start..place));
            (start, bytes) = (place, 0);
        }
        bytes += input.len();
    }
    if start < inputs.len() {
        all.push(Batch::whole(start..inputs.len()));
    }
    all
}

impl Batch {
    fn whole(places: Range<usize>) -> Self {
        Self {
            places,
            at_most: None,
        }
    }

    pub fn is_cut(&self) -> bool {
        self.at_most.is_some()
    }

    /// Servers refuse an empty text; a space stands for it.
    pub fn texts(&self, inputs: &[Arc<str>]) -> Vec<Arc<str>> {
        let texts = inputs[self.places.clone()].iter();
        texts
            .map(|text| match self.at_most {
                _ if text.is_empty() => Arc::from(" "),
                Some(limit) if limit < text.len() => {
                    let mut end = limit;
                    while !text.is_char_boundary(end) {
                        end -= 1;
                    }
                    Arc::from(&text[..end])
                }
                _ => Arc::clone(text),
            })
            .collect()
    }

    /// What to ask instead where the server said that this is too much: halves, or the beginning
    /// of a text that is too long alone. None where that does not help.
    pub fn smaller(&self, inputs: &[Arc<str>], why: &ErrorKind) -> Option<Vec<Self>> {
        let ErrorKind::ContextTooLong {
            limit_tokens,
            prompt_tokens,
        } = why
        else {
            return None;
        };
        if self.places.len() > 1 {
            let middle = self.places.start + self.places.len() / 2;
            return Some(vec![
                Self::whole(self.places.start..middle),
                Self::whole(middle..self.places.end),
            ]);
        }
        let whole = inputs[self.places.start].len();
        let sent = self.at_most.unwrap_or(whole).min(whole);
        let share = match (limit_tokens, prompt_tokens) {
            // A little less than the figures say: tokens are not spread evenly.
            (Some(limit), Some(counted)) if counted > limit => {
                sent as u64 * limit / counted * 95 / 100
            }
            _ => sent as u64 / 2,
        };
        let at_most = usize::try_from(share).ok()?;
        (at_most >= SHORTEST && at_most < sent).then(|| {
            vec![Self {
                places: self.places.clone(),
                at_most: Some(at_most),
            }]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn batches_keep_the_limits_and_lose_nothing(
            lengths in prop::collection::vec(prop_oneof![0usize..50, 90_000usize..310_000], 0..60),
        ) {
            let inputs: Vec<Arc<str>> =
                lengths.iter().map(|length| Arc::from("x".repeat(*length))).collect();
            let all = batches(&inputs);
            let mut next = 0;
            for batch in &all {
                prop_assert_eq!(batch.places.start, next);
                next = batch.places.end;
                let texts = batch.texts(&inputs);
                let bytes: usize = texts.iter().map(|text| text.len()).sum();
                // One byte for each empty text.
                prop_assert!(bytes <= MAX_BYTES + texts.len() || texts.len() == 1);
                prop_assert!(texts.len() <= MAX_INPUTS);
            }
            prop_assert_eq!(next, inputs.len());
        }
    }

    #[test]
    fn many_short_texts() {
        let inputs: Vec<Arc<str>> = vec!["a".into(); MAX_INPUTS + 1];
        let sizes: Vec<usize> = batches(&inputs).iter().map(|b| b.places.len()).collect();
        assert_eq!(sizes, [MAX_INPUTS, 1]);
    }

    #[test]
    fn too_much_is_halved_then_cut() {
        let inputs: Vec<Arc<str>> = vec!["ä".repeat(20_000).into(), "b".into()];
        let why = ErrorKind::ContextTooLong {
            limit_tokens: Some(8_192),
            prompt_tokens: Some(16_384),
        };
        let all = batches(&inputs);
        let halves = all[0].smaller(&inputs, &why).unwrap();
        assert_eq!(halves.len(), 2);
        let cut = halves[0].smaller(&inputs, &why).unwrap();
        assert!(cut[0].is_cut());
        let text = &cut[0].texts(&inputs)[0];
        assert!(
            text.len() <= 19_000 && text.len() > 18_000,
            "{}",
            text.len()
        );
        assert_eq!(all[0].smaller(&inputs, &ErrorKind::Quota), None);
        let unknown = ErrorKind::ContextTooLong {
            limit_tokens: None,
            prompt_tokens: None,
        };
        assert_eq!(halves[1].smaller(&inputs, &unknown), None);
    }
}
