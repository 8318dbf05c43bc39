//! What was found out before.

use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::Hash;

/// Answers by what was asked about, and a name.
pub(super) struct Remembered<K, T>(RefCell<HashMap<K, HashMap<Box<str>, T>>>);

impl<K, T> Default for Remembered<K, T> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Eq + Hash, T: Clone> Remembered<K, T> {
    pub fn get(&self, about: &K, name: &str) -> Option<T> {
        self.0.borrow().get(about)?.get(name).cloned()
    }

    pub fn put(&self, about: K, name: &str, answer: T) {
        let mut all = self.0.borrow_mut();
        all.entry(about).or_default().insert(name.into(), answer);
    }
}
