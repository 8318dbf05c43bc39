//! Who makes what: a singleton, a builder, a factory.

use std::collections::HashMap;

use mira_syntax::{Kind, Visibility};

use super::{Pattern, View, gives_the_one, part, pattern, words};

pub(super) fn singleton(view: &View<'_>, element: usize) -> Option<Pattern> {
    let makers = view
        .methods(element)
        .chain(view.fields(element))
        .filter(|at| {
            let signature = view.code.elements[*at].signature.as_deref();
            gives_the_one(view.name(*at))
                && signature.is_some_and(|of| {
                    words(of).any(|word| word == "static")
                        || of.contains("self.")
                        || !of.contains("self")
                })
        });
    let makers: Vec<usize> = makers.collect();
    let first = *makers.first()?;
    let hides = view.methods(element).any(|at| {
        let one = &view.code.elements[at];
        one.kind == Kind::Constructor && one.visibility == Visibility::Private
    });
    let mut evidence = format!("{} gives the one there is", view.name(first));
    if hides {
        evidence += "; its constructor is private";
    }
    Some(pattern(
        "singleton",
        element,
        part(&makers, "access"),
        if hides { 0.9 } else { 0.6 },
        evidence,
    ))
}

pub(super) fn builder(view: &View<'_>, element: usize) -> Option<Pattern> {
    let ends = view.methods_named(element, &["build", "finish", "create", "done"]);
    let chained: Vec<usize> = view
        .methods(element)
        .filter(|at| {
            let type_text = view.code.elements[*at].type_text.as_deref().unwrap_or_default();
            let returns: Vec<&str> = words(type_text).filter(|word| !word.is_empty()).collect();
            matches!(returns[..], [one] | ["mut", one] if one == "Self" || one == "this" || one == view.name(element))
        })
        .filter(|at| view.code.elements[*at].kind != Kind::Constructor && view.name(*at) != "new")
        .collect();
    let is_named = view.name(element).ends_with("Builder");
    if ends.is_empty() || ((chained.is_empty() || !is_named) && chained.len() < 3) {
        return None;
    }
    let mut evidence = format!(
        "{} {} it back, {} {} it",
        view.list(&chained),
        view.verb(&chained, "gives", "give"),
        view.list(&ends),
        view.verb(&ends, "ends", "end")
    );
    if is_named {
        evidence += "; named so";
    }
    let confidence = 0.5 + 0.05 * chained.len() as f64 + if is_named { 0.3 } else { 0.0 };
    let mut parts = part(&chained, "step");
    parts.extend(part(&ends, "product"));
    Some(pattern("builder", element, parts, confidence, evidence))
}

/// A function that makes one of several types that are of one sort.
pub(super) fn factory(view: &View<'_>, element: usize) -> Option<Pattern> {
    let made = view.makes.get(&element)?;
    let mut sorts: HashMap<usize, Vec<usize>> = HashMap::new();
    for one in made {
        for of in view.extends.get(one).into_iter().flatten() {
            let list = sorts.entry(*of).or_default();
            if !list.contains(one) {
                list.push(*one);
            }
        }
    }
    let mut sorts: Vec<(usize, Vec<usize>)> = sorts
        .into_iter()
        .filter(|(_, made)| made.len() > 1)
        .collect();
    sorts.sort_by_key(|(of, made)| (usize::MAX - made.len(), *of));
    let (of, made) = sorts.into_iter().next()?;
    let first = crate::insight::terms::pieces(view.name(element))
        .into_iter()
        .next();
    let is_named = matches!(
        first.as_deref(),
        Some(
            "create" | "make" | "build" | "new" | "from" | "open" | "parse" | "get" | "for" | "of"
        )
    );
    let mut evidence = format!("makes {}, each a {}", view.list(&made), view.name(of));
    if is_named {
        evidence += "; named so";
    }
    let mut parts = part(&made, "product");
    parts.push((of, "sort"));
    let confidence = if is_named { 0.8 } else { 0.55 };
    Some(pattern("factory", element, parts, confidence, evidence))
}
