//! A language's rules, looked up by the numbers its grammar gives to nodes.

use std::sync::OnceLock;

use tree_sitter::Language;

use crate::rules::{Role, Rules};

pub(crate) struct Plan {
    pub rules: &'static Rules,
    pub language: Language,
    /// For each node number where its roles begin and end in `roles`.
    spans: Vec<(u16, u16)>,
    roles: Vec<&'static Role>,
}

impl Plan {
    pub fn of(rules: &'static Rules, cell: &'static OnceLock<Self>) -> &'static Self {
        cell.get_or_init(|| Self::new(rules))
    }

    fn new(rules: &'static Rules) -> Self {
        let language = (rules.grammar)();
        let mut spans = vec![(0, 0); language.node_kind_count()];
        let mut roles = Vec::new();
        for (id, span) in spans.iter_mut().enumerate() {
            let id = u16::try_from(id).unwrap_or(u16::MAX);
            let Some(kind) = language.node_kind_for_id(id) else {
                continue;
            };
            if !language.node_kind_is_named(id) {
                continue;
            }
            let from = roles.len();
            let of_kind = rules.roles.iter().filter(|(name, _)| *name == kind);
            roles.extend(of_kind.map(|(_, role)| role));
            let bound = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
            *span = (bound(from), bound(roles.len()));
        }
        Self {
            rules,
            language,
            spans,
            roles,
        }
    }

    pub fn roles(&self, kind: u16) -> &[&'static Role] {
        let (from, to) = self.spans.get(usize::from(kind)).copied().unwrap_or((0, 0));
        self.roles
            .get(usize::from(from)..usize::from(to))
            .unwrap_or_default()
    }
}
