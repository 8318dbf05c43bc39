//! A language's rules, looked up by the numbers its grammar gives to nodes.

use std::sync::OnceLock;

use tree_sitter::Language;

use crate::rules::{Role, Rules};

pub(crate) struct Plan {
    pub rules: &'static Rules,
    pub language: Language,
    /// The numbers of the word `else`.
    pub words_else: Vec<u16>,
    /// Numbers of [`Rules::type_positions`].
    pub type_positions: Vec<u16>,
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
        let positions = rules.type_positions.iter();
        let type_positions = positions
            .filter_map(|field| language.field_id_for_name(field))
            .map(u16::from)
            .collect();
        let ids = 0..u16::try_from(language.node_kind_count()).unwrap_or(u16::MAX);
        let words_else = ids
            .filter(|id| language.node_kind_for_id(*id) == Some("else"))
            .collect();
        Self {
            rules,
            language,
            words_else,
            type_positions,
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

#[cfg(test)]
mod tests {
    use crate::languages;

    /// Tables shared by two grammars may name nodes that only one of them has.
    const SHARED: [&str; 3] = ["C", "JavaScript", "TypeScript"];

    #[test]
    fn rules_name_nodes_that_exist() {
        let mut missing = Vec::new();
        for entry in languages::ALL {
            let plan = (entry.plan)();
            let rules = plan.rules;
            let names = rules.roles.iter().map(|row| row.0);
            let names = names.chain(rules.members.iter().map(|row| row.0));
            let names = names.chain(rules.wrappers.iter().map(|row| row.0));
            let names = names.chain(rules.annotations.iter().copied());
            let names = names.chain(rules.pattern_leaves.iter().copied());
            for name in names.filter(|_| !SHARED.contains(&entry.language.name)) {
                if plan.language.id_for_node_kind(name, true) == 0 {
                    missing.push(format!("{}: {name}", entry.language.name));
                }
            }
        }
        // The name that JavaScript has for it.
        missing.retain(|name| name != "TSX: field_definition");
        assert_eq!(missing, Vec::<String>::new());
    }
}
