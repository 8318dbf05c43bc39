//! Who tells whom to do what: observers, visitors, iterators, strategies, commands.

use mira_syntax::Kind;

use super::{Pattern, View, part, pattern};

pub(super) fn observer(view: &View<'_>, element: usize) -> Option<Pattern> {
    const JOIN: [&str; 8] = [
        "subscribe",
        "on",
        "addlistener",
        "addeventlistener",
        "addobserver",
        "attach",
        "listen",
        "watch",
    ];
    const TELL: [&str; 8] = [
        "notify",
        "emit",
        "publish",
        "dispatch",
        "notifyall",
        "broadcast",
        "fire",
        "trigger",
    ];
    let (join, tell) = (
        view.methods_named(element, &JOIN),
        view.methods_named(element, &TELL),
    );
    if join.is_empty() || tell.is_empty() {
        return None;
    }
    let evidence = format!(
        "{} joins, {} tells all that joined",
        view.list(&join),
        view.list(&tell)
    );
    let mut parts = part(&join, "join");
    parts.extend(part(&tell, "notify"));
    Some(pattern("observer", element, parts, 0.75, evidence))
}

pub(super) fn visitor(view: &View<'_>, element: usize) -> Option<Pattern> {
    let visits: Vec<usize> = view
        .methods(element)
        .filter(|at| {
            crate::insight::terms::pieces(view.name(*at))
                .first()
                .is_some_and(|word| word == "visit")
        })
        .collect();
    if visits.len() < 2 {
        return None;
    }
    let by = view.implementers.get(&element).cloned().unwrap_or_default();
    let is_abstract = matches!(
        view.code.elements[element].kind,
        Kind::Trait | Kind::Interface
    );
    let confidence = 0.5 + 0.1 * visits.len() as f64 + if is_abstract { 0.1 } else { 0.0 };
    let mut parts = part(&visits, "visit");
    parts.extend(part(&by, "visitor"));
    let evidence = format!(
        "{} methods, one for each thing visited: {}",
        visits.len(),
        view.list(&visits)
    );
    Some(pattern("visitor", element, parts, confidence, evidence))
}

pub(super) fn iterator(view: &View<'_>, element: usize) -> Option<Pattern> {
    let next = view.methods_named(element, &["next", "iternext", "hasnext", "movenext"]);
    let begin = view.methods_named(element, &["iter", "iterator", "getenumerator", "hasnext"]);
    // Rust and Python say by one method what they are.
    let language = view.code.files[view.code.elements[element].file]
        .language
        .as_deref();
    let is_enough = match language {
        Some("Rust") => next.iter().any(|at| {
            let of = view.code.elements[*at]
                .type_text
                .as_deref()
                .unwrap_or_default();
            of.starts_with("Option<")
        }),
        _ => !begin.is_empty(),
    };
    let is_plain = matches!(
        view.code.elements[element].kind,
        Kind::Trait | Kind::Interface
    );
    if next.is_empty() || !is_enough || is_plain {
        return None;
    }
    let evidence = format!("{} gives one after the other", view.list(&next));
    Some(pattern(
        "iterator",
        element,
        part(&next, "next"),
        0.85,
        evidence,
    ))
}

/// An interface with several implementations, of which something holds one.
pub(super) fn strategy(view: &View<'_>, element: usize) -> Option<Pattern> {
    let is_abstract = matches!(
        view.code.elements[element].kind,
        Kind::Trait | Kind::Interface
    );
    let by = view
        .implementers
        .get(&element)
        .filter(|by| is_abstract && by.len() > 1)?;
    let products: Vec<usize> = by
        .iter()
        .copied()
        .filter(|at| view.code.is_product(*at))
        .collect();
    let holders = view.holders.get(view.name(element)).into_iter().flatten();
    let holders: Vec<usize> = holders
        .copied()
        .filter(|owner| *owner != element && !by.contains(owner))
        .collect();
    if products.len() < 2 || holders.is_empty() {
        return None;
    }
    let evidence = format!(
        "{} {} it in their own ways; {} {} one of them",
        view.list(&products),
        view.verb(&products, "does", "do"),
        view.list(&holders),
        view.verb(&holders, "holds", "hold")
    );
    let mut parts = part(&products, "strategy");
    parts.extend(part(&holders, "context"));
    Some(pattern(
        "strategy",
        element,
        parts,
        0.6 + 0.05 * products.len() as f64,
        evidence,
    ))
}

pub(super) fn command(view: &View<'_>, element: usize) -> Option<Pattern> {
    let is_abstract = matches!(
        view.code.elements[element].kind,
        Kind::Trait | Kind::Interface | Kind::Class
    );
    let run = view.methods_named(element, &["execute", "run", "perform", "call", "invoke"]);
    let by = view
        .implementers
        .get(&element)
        .filter(|by| is_abstract && by.len() > 2)?;
    if run.is_empty() || view.methods(element).count() > 8 {
        return None;
    }
    let evidence = format!(
        "{} carries it out; {} kinds: {}",
        view.list(&run),
        by.len(),
        view.list(by)
    );
    let mut parts = part(&run, "execute");
    parts.extend(part(by, "command"));
    Some(pattern(
        "command",
        element,
        parts,
        0.55 + 0.03 * by.len() as f64,
        evidence,
    ))
}
