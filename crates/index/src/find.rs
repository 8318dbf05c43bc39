//! Elements by name: exact, begun, vague.

use mira_syntax::Kind;
use serde::Serialize;

use crate::model::Element;
use crate::pattern::{Match, Pattern};
use crate::symbols::{Symbol, Symbols};
use crate::{Index, IndexError};

/// Which elements are wanted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SymbolQuery {
    pub name: String,
    /// Only these kinds; empty: all but fields, variants, keys and local variables.
    pub kinds: Vec<Kind>,
    /// Only files below this folder, or this file.
    pub path: Option<String>,
    pub language: Option<String>,
    /// The worst match that is wanted; None: any.
    pub at_least: Option<Match>,
    pub limit: usize,
}

/// An element that was found by its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SymbolHit {
    pub element: Element,
    pub how: Match,
    /// How often it is used from elsewhere.
    pub uses: u64,
}

impl Index {
    /// Elements by name, the best match first; among equals what is used most. A query with
    /// `::` or `.` is compared with qualified names.
    pub async fn find(&self, query: &SymbolQuery) -> Result<Vec<SymbolHit>, IndexError> {
        self.loaded().await?;
        let wanted = query.name.trim();
        if wanted.is_empty() || query.limit == 0 {
            return Ok(Vec::new());
        }
        let mut ranked = {
            let symbols = self.symbols();
            rank(&symbols, query, wanted)
        };
        // More than is wanted, because what is used most comes first among equals.
        ranked.truncate(query.limit.saturating_mul(4).max(50));
        let ids: Vec<i64> = ranked.iter().map(|(_, _, id)| *id).collect();
        let uses = self.uses_of(&ids).await?;
        ranked.sort_by_key(|(how, rank, id)| {
            (
                *how,
                *rank,
                std::cmp::Reverse(uses.get(id).copied().unwrap_or(0)),
                *id,
            )
        });
        ranked.truncate(query.limit);
        let ids: Vec<i64> = ranked.iter().map(|(_, _, id)| *id).collect();
        let elements = self.elements_by_id(&ids).await?;
        let hits = elements.into_iter().filter_map(|element| {
            let (how, ..) = ranked.iter().find(|(_, _, id)| *id == element.id)?;
            Some(SymbolHit {
                how: *how,
                uses: uses.get(&element.id).copied().unwrap_or(0),
                element,
            })
        });
        Ok(hits.collect())
    }

    /// The elements that a name means, for commands that need one: the whole name, qualified or
    /// not, in this case; or without regard to case where there is none.
    pub async fn named(&self, name: &str, path: Option<&str>) -> Result<Vec<Element>, IndexError> {
        let query = |at_least| SymbolQuery {
            name: name.to_owned(),
            kinds: Kind::ALL
                .into_iter()
                .filter(|kind| *kind != Kind::Implementation)
                .collect(),
            path: path.map(str::to_owned),
            at_least: Some(at_least),
            limit: 100,
            ..SymbolQuery::default()
        };
        for at_least in [Match::Exact, Match::SameLetters] {
            let found = self.find(&query(at_least)).await?;
            if !found.is_empty() {
                return Ok(found.into_iter().map(|hit| hit.element).collect());
            }
        }
        Ok(Vec::new())
    }

    /// Makes sure that the symbols are in memory.
    pub(crate) async fn loaded(&self) -> Result<(), IndexError> {
        let mut writer = self.writer().await;
        Ok(self.load_symbols(&mut writer).await?)
    }

    async fn uses_of(
        &self,
        ids: &[i64],
    ) -> Result<std::collections::HashMap<i64, u64>, IndexError> {
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT callee_id, sum(times) FROM call_graph
             WHERE callee_id IN (SELECT value FROM json_each(?1)) GROUP BY callee_id",
        )
        .bind(crate::rows::json(ids.iter().copied()))
        .fetch_all(self.reader())
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, uses)| (id, uses.unsigned_abs()))
            .collect())
    }
}

/// How, how far off, and which; the best first.
fn rank(symbols: &Symbols, query: &SymbolQuery, wanted: &str) -> Vec<(Match, u32, i64)> {
    let is_qualified = wanted.contains("::") || wanted.contains(['.', '#']);
    let pattern = Pattern::new(wanted);
    let mut ranked = Vec::new();
    for (name, ids) in &symbols.by_name {
        let by_name = if is_qualified {
            None
        } else {
            pattern.compare(name)
        };
        if by_name.is_none() && !is_qualified {
            continue;
        }
        for id in ids {
            let Some(symbol) = symbols
                .elements
                .get(id)
                .filter(|one| is_wanted(symbols, query, one))
            else {
                continue;
            };
            let compared = if is_qualified {
                qualified(&symbol.qualified, wanted)
            } else {
                by_name
            };
            if let Some((how, off)) = compared
                && query.at_least.is_none_or(|least| how <= least)
            {
                ranked.push((how, off + rank_of_kind(symbol), *id));
            }
        }
    }
    ranked.sort_unstable();
    ranked
}

fn is_wanted(symbols: &Symbols, query: &SymbolQuery, symbol: &Symbol) -> bool {
    let is_kind = if query.kinds.is_empty() {
        let is_detail = symbol.kind.is_member()
            || matches!(symbol.kind, Kind::Key | Kind::Implementation)
            || symbol.visibility == mira_syntax::Visibility::Local && symbol.kind == Kind::Variable;
        !is_detail
    } else {
        query.kinds.contains(&symbol.kind)
    };
    if !is_kind || query.path.is_none() && query.language.is_none() {
        return is_kind;
    }
    let Some(file) = symbols.files.get(&symbol.file) else {
        return false;
    };
    let is_path = query.path.as_deref().is_none_or(|path| {
        let path = path.trim_matches('/');
        path.is_empty()
            || &*file.path == path
            || crate::resolve::manifests::is_below(&file.path, path)
    });
    let is_language = query.language.as_deref().is_none_or(|language| {
        file.language
            .as_deref()
            .is_some_and(|own| own.eq_ignore_ascii_case(language))
    });
    is_path && is_language
}

/// Definitions of types and functions before what is less often meant, and tests last.
fn rank_of_kind(symbol: &Symbol) -> u32 {
    let kind = match symbol.kind {
        kind if kind.is_type() || kind == Kind::Module => 0,
        kind if kind.is_callable() => 0,
        Kind::Heading | Kind::Key | Kind::Selector | Kind::Tag => 3,
        _ => 1,
    };
    kind + u32::from(symbol.is_test) * 2
}

fn qualified(name: &str, wanted: &str) -> Option<(Match, u32)> {
    let plain = |text: &str| text.replace("::", ".").replace(['#', '\\'], ".");
    let (name, wanted) = (plain(name), plain(wanted));
    if name == wanted {
        return Some((Match::Exact, 0));
    }
    if name.ends_with(&format!(".{wanted}")) {
        return Some((Match::Exact, 1));
    }
    let (name, wanted) = (name.to_lowercase(), wanted.to_lowercase());
    if name == wanted || name.ends_with(&format!(".{wanted}")) {
        return Some((Match::SameLetters, 0));
    }
    name.contains(&wanted)
        .then_some((Match::Contains, name.len() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_qualified_name_is_met_by_its_end() {
        assert_eq!(
            qualified("shop::Cart::add", "Cart.add"),
            Some((Match::Exact, 1))
        );
        assert_eq!(
            qualified("Cart::add", "cart::ADD"),
            Some((Match::SameLetters, 0))
        );
        assert_eq!(qualified("Cart::add", "Other::add"), None);
    }
}
