//! How parts are put together: repositories, wrappers, model, view and controller.

use std::collections::HashSet;

use mira_syntax::Kind;

use super::{Pattern, View, part, pattern};
use crate::insight::Code;

pub(super) fn repository(view: &View<'_>, element: usize) -> Option<Pattern> {
    const VERBS: [&[&str]; 4] = [
        &["get", "find", "load", "fetch", "list", "all", "read", "by"],
        &["save", "insert", "add", "create", "store", "put", "append"],
        &["update", "set", "change", "rename", "replace"],
        &["delete", "remove", "forget", "clear", "prune"],
    ];
    let name = view.name(element);
    let is_named = ["Repository", "Store", "Dao", "DAO", "Repo"]
        .iter()
        .any(|end| name.ends_with(end));
    let words: HashSet<String> = view
        .methods(element)
        .filter_map(|at| {
            crate::insight::terms::pieces(view.name(at))
                .into_iter()
                .next()
        })
        .collect();
    let kinds = VERBS
        .iter()
        .filter(|verbs| verbs.iter().any(|verb| words.contains(*verb)))
        .count();
    if !is_named || kinds < 3 {
        return None;
    }
    let evidence = format!("named so; {kinds} of the four ways to read, keep, change and remove");
    let methods: Vec<usize> = view.methods(element).collect();
    Some(pattern(
        "repository",
        element,
        part(&methods, "access"),
        0.5 + 0.1 * kinds as f64,
        evidence,
    ))
}

/// It is one, and holds one: a decorator, or a proxy.
pub(super) fn wrapper(view: &View<'_>, element: usize) -> Option<Pattern> {
    let of = view.extends.get(&element)?;
    let held = of.iter().find(|of| {
        let is_abstract = matches!(
            view.code.elements[**of].kind,
            Kind::Trait | Kind::Interface | Kind::Class
        );
        is_abstract && view.fields(element).any(|field| view.mentions(field, **of))
    })?;
    let evidence = format!("is of {}, and holds another", view.name(*held));
    Some(pattern(
        "decorator",
        element,
        vec![(*held, "component")],
        0.7,
        evidence,
    ))
}

/// Types named as controllers, with models or views beside them.
pub(super) fn model_view_controller(code: &Code) -> Option<Pattern> {
    let named = |end: &str| -> Vec<usize> {
        (0..code.elements.len())
            .filter(|at| {
                let one = &code.elements[*at];
                one.kind.is_type()
                    && one.name.ends_with(end)
                    && &*one.name != end
                    && code.is_product(*at)
            })
            .collect()
    };
    let (controllers, models, views) = (named("Controller"), named("Model"), named("View"));
    if controllers.len() < 2 || models.len() + views.len() < 2 {
        return None;
    }
    let evidence = format!(
        "{} controllers, {} models, {} views by their names",
        controllers.len(),
        models.len(),
        views.len()
    );
    let mut parts = part(&controllers, "controller");
    parts.extend(part(&models, "model"));
    parts.extend(part(&views, "view"));
    let confidence = if models.is_empty() || views.is_empty() {
        0.6
    } else {
        0.8
    };
    Some(pattern(
        "model_view_controller",
        controllers[0],
        parts,
        confidence,
        evidence,
    ))
}
