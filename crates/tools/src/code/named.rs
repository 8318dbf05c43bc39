//! Elements by name: a pattern with `*`, or the name itself with what is near to it.

use mira_index::{Element, Match, SymbolHit, SymbolQuery};
use mira_syntax::Kind;

use super::shown::{self, List};
use super::{Known, from_index};
use crate::{Output, ToolCx, ToolError};

/// Elements that are looked through.
const MOST: usize = 1_000;
/// Elements of one name that are answered for.
const SAME_NAME: usize = 4;

/// What is looked for.
pub(super) struct Wanted<'a> {
    pub name: &'a str,
    pub path: Option<String>,
    pub kinds: Vec<Kind>,
    /// For people and the model: `function`, `type`.
    pub what: &'static str,
    pub limit: usize,
}

/// Elements by name, as an answer. `keeps` leaves out what was not asked for; `hidden` says how
/// to see that too.
pub(super) async fn find(
    cx: &ToolCx,
    known: &Known,
    wanted: &Wanted<'_>,
    keeps: impl Fn(&Element) -> bool,
    hidden: &str,
) -> Result<Output, ToolError> {
    let name = wanted.name.trim();
    let (hits, is_exact) = matching(known, wanted).await?;
    let at_most = hits.len() >= MOST;
    let (kept, other): (Vec<_>, Vec<_>) = hits.into_iter().partition(|hit| keeps(&hit.element));
    let what = wanted.what;
    if kept.is_empty() {
        let text = format!("No {what} named {name:?}");
        let next = match other.is_empty() {
            true => "Try a part of the name with *, search_code_semantic for what it does, or \
                     search_codebase for exact text."
                .to_owned(),
            false => format!("{} were left out: {hidden}.", other.len()),
        };
        return known.nothing(text, &next).await;
    }
    let mut list = List::new(cx.output_cap_bytes);
    if !is_exact {
        list.push(&format!(
            "No {what} is named exactly {name:?}; the nearest names:"
        ));
    }
    for hit in kept.iter().take(wanted.limit) {
        list.push(&line(hit));
    }
    list.left += kept.len().saturating_sub(wanted.limit);
    let mut notes = known.notes().await?;
    if !other.is_empty() {
        notes.insert(0, format!("{} left out: {hidden}", other.len()));
    }
    if at_most {
        notes.insert(0, format!("only the first {MOST} were looked at"));
    }
    let summary = shown::count(kept.len(), what, &format!("{what}s"));
    Ok(list.output(summary, &notes, "Narrow it by `path` or raise `limit`."))
}

fn line(hit: &SymbolHit) -> String {
    let element = &hit.element;
    let uses = match hit.uses {
        0 => String::new(),
        uses => format!(", used {uses}×"),
    };
    let mut text = format!(
        "{}{}{uses}",
        shown::line(element),
        shown::complexity(element)
    );
    if let Some(doc) = element.doc.as_deref().and_then(|doc| doc.lines().next()) {
        text.push_str(&format!(
            "\n    {}",
            mira_workspace::truncate::line(doc, 120)
        ));
    }
    text
}

/// Hits, and whether they have the name itself (or the pattern).
async fn matching(known: &Known, wanted: &Wanted<'_>) -> Result<(Vec<SymbolHit>, bool), ToolError> {
    let name = wanted.name.trim();
    let is_pattern = name.contains(['*', '%']);
    // The longest piece without a wildcard finds candidates.
    let piece = name.split(['*', '%']).max_by_key(|piece| piece.len());
    let piece = piece.unwrap_or_default();
    if piece.is_empty() {
        return Err(ToolError::Refused(format!(
            "`name` is {name:?}: give at least a letter of the name. get_codebase_overview shows \
             what matters most."
        )));
    }
    let query = SymbolQuery {
        name: piece.to_owned(),
        kinds: wanted.kinds.clone(),
        path: wanted.path.clone(),
        at_least: is_pattern.then_some(Match::Contains),
        limit: MOST,
        ..SymbolQuery::default()
    };
    let mut hits = known.index.find(&query).await.map_err(from_index)?;
    hits.retain(|hit| shown::is_open(&hit.element.path));
    if is_pattern {
        hits.retain(|hit| fits(name, &hit.element.name) || fits(name, &hit.element.qualified_name));
        return Ok((hits, true));
    }
    let is_exact = hits.iter().any(|hit| hit.how <= Match::SameLetters);
    if is_exact {
        hits.retain(|hit| hit.how <= Match::SameLetters);
    }
    Ok((hits, is_exact))
}

/// `*` and `%` stand for any letters; upper and lower case are the same.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name) = (
        pattern.to_lowercase().replace('%', "*"),
        name.to_lowercase(),
    );
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.find(piece) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// The elements that a name means, for questions about one: all of its name, the most used first.
/// Refused with what is near where there is none.
pub(super) async fn elements(
    known: &Known,
    name: &str,
    path: Option<&str>,
) -> Result<(Vec<Element>, Option<String>), ToolError> {
    let name = name.trim();
    let found = known.index.named(name, path).await.map_err(from_index)?;
    let mut found: Vec<Element> = found
        .into_iter()
        .filter(|element| shown::is_open(&element.path))
        .collect();
    if found.is_empty() {
        return Err(none_named(known, name, path).await?);
    }
    let others: Vec<String> = found.iter().skip(SAME_NAME).map(shown::head).collect();
    found.truncate(SAME_NAME);
    let note = (!others.is_empty()).then(|| {
        let shown: Vec<String> = others.iter().take(8).cloned().collect();
        format!(
            "{} more have this name: {}. Say which by `path` or by the qualified name",
            others.len(),
            shown.join("; ")
        )
    });
    Ok((found, note))
}

async fn none_named(known: &Known, name: &str, path: Option<&str>) -> Result<ToolError, ToolError> {
    let near = SymbolQuery {
        name: name.to_owned(),
        at_least: Some(Match::Vague),
        limit: 5,
        ..SymbolQuery::default()
    };
    let near = known.index.find(&near).await.map_err(from_index)?;
    let near: Vec<String> = near
        .iter()
        .filter(|hit| shown::is_open(&hit.element.path))
        .map(|hit| shown::head(&hit.element))
        .collect();
    let place = path.map(|path| format!(" in {path}")).unwrap_or_default();
    let next = match near.is_empty() {
        true => "Search by other words with search_code_semantic, or for exact text with \
                 search_codebase"
            .to_owned(),
        false => format!("Near: {}", near.join("; ")),
    };
    let notes: String = known
        .notes()
        .await?
        .iter()
        .map(|note| format!("\n[{note}]"))
        .collect();
    Ok(ToolError::Refused(format!(
        "Nothing in the code index is named {name:?}{place}. {next}.{notes}"
    )))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn wildcards_stand_for_any_letters() {
        for (pattern, name, expected) in [
            ("get_*", "get_total", true),
            ("*total", "get_Total", true),
            ("get%to*l", "get_the_total", true),
            ("*", "x", true),
            ("get_*", "forget_it", false),
            ("a*b*a", "ab", false),
            ("parse*", "Parser::parse_line", true),
            ("parse_line", "parse_lines", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }
}
