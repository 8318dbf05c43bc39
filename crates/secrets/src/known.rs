//! Values of `.env` files, remembered so that they are found wherever else they turn up: in what a
//! program prints, in another file, in what a person pastes.

use std::collections::BTreeSet;
use std::ops::Range;

use aho_corasick::{AhoCorasick, MatchKind};

/// More than so many are not remembered.
const MOST: usize = 4_096;

#[derive(Default)]
pub(crate) struct Known {
    values: BTreeSet<String>,
    /// None: nothing is known.
    finder: Option<AhoCorasick>,
}

impl Known {
    pub fn add(&mut self, values: Vec<String>) {
        let before = self.values.len();
        let room = MOST.saturating_sub(before);
        self.values.extend(values.into_iter().take(room));
        if self.values.len() > before {
            self.finder = AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(&self.values)
                .ok();
        }
    }

    pub fn has(&self, value: &str) -> bool {
        self.values.contains(value)
    }

    pub fn find(&self, text: &str) -> Vec<Range<usize>> {
        let Some(finder) = &self.finder else {
            return vec![];
        };
        finder.find_iter(text).map(|hit| hit.range()).collect()
    }
}
