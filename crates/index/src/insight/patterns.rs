//! Shapes that many programs share, found by structure and names. Each finding lists what speaks
//! for it: nothing is claimed beyond that.

use std::collections::{HashMap, HashSet};

use mira_syntax::{Kind, ReferenceKind, Visibility};
use serde::Serialize;

use super::Code;
use super::code::SURE;

/// A design pattern, and who plays which part in it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pattern {
    /// `strategy`, `builder`, `observer`.
    pub name: &'static str,
    /// The element it is named after.
    pub element: usize,
    /// Others that take part, with their part.
    pub parts: Vec<(usize, &'static str)>,
    /// 0 to 1: more, the more speaks for it.
    pub confidence: f64,
    /// What speaks for it, for people.
    pub evidence: String,
}

/// Patterns by name, then by place.
pub(super) fn find(code: &Code) -> Vec<Pattern> {
    let view = View::of(code);
    let mut found = Vec::new();
    for element in 0..code.elements.len() {
        if !code.is_product(element) {
            continue;
        }
        let one = &code.elements[element];
        if one.kind.is_type() {
            found.extend(singleton(&view, element));
            found.extend(builder(&view, element));
            found.extend(observer(&view, element));
            found.extend(repository(&view, element));
            found.extend(visitor(&view, element));
            found.extend(iterator(&view, element));
            found.extend(strategy(&view, element));
            found.extend(command(&view, element));
            found.extend(wrapper(&view, element));
        } else if one.kind.is_callable() {
            found.extend(factory(&view, element));
        }
    }
    found.extend(model_view_controller(code));
    found.sort_by_key(|pattern| (pattern.name, pattern.element));
    found
}

/// The code, looked at by types.
struct View<'c> {
    code: &'c Code,
    /// For each type its members, those of its implementations in the same file included.
    members: HashMap<usize, Vec<usize>>,
    implementers: HashMap<usize, Vec<usize>>,
    /// For each type what it extends.
    extends: HashMap<usize, Vec<usize>>,
    /// For each function what it makes.
    makes: HashMap<usize, Vec<usize>>,
    /// For each word that stands in the type of a field the types with such a field, in order.
    holders: HashMap<&'c str, Vec<usize>>,
}

impl<'c> View<'c> {
    fn of(code: &'c Code) -> Self {
        let mut types: HashMap<(usize, &str), usize> = HashMap::new();
        for (index, element) in code.elements.iter().enumerate() {
            if element.kind.is_type() {
                types.entry((element.file, &*element.name)).or_insert(index);
            }
        }
        let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
        for (index, element) in code.elements.iter().enumerate() {
            let owner = match element
                .parent
                .map(|parent| (parent, &code.elements[parent]))
            {
                Some((_, around)) if around.kind == Kind::Implementation => {
                    types.get(&(around.file, &*around.name)).copied()
                }
                Some((parent, _)) => Some(parent),
                None if element.kind == Kind::Method => {
                    types.get(&(element.file, element.owner())).copied()
                }
                None => None,
            };
            if let Some(owner) = owner {
                members.entry(owner).or_default().push(index);
            }
        }
        let implementers = code.implementers();
        let mut extends: HashMap<usize, Vec<usize>> = HashMap::new();
        for (of, by) in &implementers {
            for by in by {
                extends.entry(*by).or_default().push(*of);
            }
        }
        let mut makes: HashMap<usize, Vec<usize>> = HashMap::new();
        for edge in code.edges.iter().filter(|edge| edge.confidence >= SURE) {
            let is_type = code.elements[edge.to].kind.is_type();
            let is_made = matches!(edge.kind, ReferenceKind::Construct | ReferenceKind::Call);
            if let Some(from) = edge.from.filter(|_| is_type && is_made) {
                makes.entry(from).or_default().push(edge.to);
            }
        }
        Self {
            code,
            holders: holders(code, &members),
            members,
            implementers,
            extends,
            makes,
        }
    }

    fn name(&self, element: usize) -> &str {
        &self.code.elements[element].name
    }

    fn methods(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let members = self.members.get(&of).into_iter().flatten().copied();
        members.filter(|at| self.code.elements[*at].kind.is_callable())
    }

    fn fields(&self, of: usize) -> impl Iterator<Item = usize> + '_ {
        let members = self.members.get(&of).into_iter().flatten().copied();
        members.filter(|at| is_field(self.code, *at))
    }

    /// Methods whose names, in small letters without `_`, are among these.
    fn methods_named(&self, of: usize, names: &[&str]) -> Vec<usize> {
        self.methods(of)
            .filter(|at| names.contains(&plain(self.name(*at)).as_str()))
            .collect()
    }

    /// Each once: a method may be there for several kinds of its type.
    fn names(&self, elements: &[usize]) -> Vec<&str> {
        let mut seen = HashSet::new();
        let names = elements.iter().map(|at| self.name(*at));
        names.filter(|name| seen.insert(*name)).collect()
    }

    fn list(&self, elements: &[usize]) -> String {
        let names = self.names(elements);
        match names.len() {
            0..=4 => names.join(", "),
            many => format!("{} and {} more", names[..4].join(", "), many - 4),
        }
    }

    fn verb(&self, elements: &[usize], one: &'static str, many: &'static str) -> &'static str {
        match self.names(elements).len() {
            1 => one,
            _ => many,
        }
    }

    fn mentions(&self, field: usize, type_: usize) -> bool {
        let text = self.code.elements[field]
            .type_text
            .as_deref()
            .unwrap_or_default();
        words(text).any(|word| word == self.name(type_))
    }
}

fn is_field(code: &Code, element: usize) -> bool {
    matches!(code.elements[element].kind, Kind::Field | Kind::Property)
}

fn holders<'c>(
    code: &'c Code,
    members: &HashMap<usize, Vec<usize>>,
) -> HashMap<&'c str, Vec<usize>> {
    let mut holders: HashMap<&str, Vec<usize>> = HashMap::new();
    for (owner, members) in members {
        let fields = members.iter().filter(|at| is_field(code, **at));
        let texts = fields.filter_map(|at| code.elements[*at].type_text.as_deref());
        let types: HashSet<&str> = texts.flat_map(words).collect();
        for word in types {
            holders.entry(word).or_default().push(*owner);
        }
    }
    holders
        .values_mut()
        .for_each(|owners| owners.sort_unstable());
    holders
}

fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| *c != '_')
        .flat_map(char::to_lowercase)
        .collect()
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
}

fn pattern(
    name: &'static str,
    element: usize,
    parts: Vec<(usize, &'static str)>,
    confidence: f64,
    evidence: String,
) -> Pattern {
    Pattern {
        name,
        element,
        parts,
        confidence: confidence.min(0.95),
        evidence,
    }
}

fn part(elements: &[usize], part: &'static str) -> Vec<(usize, &'static str)> {
    elements.iter().map(|element| (*element, part)).collect()
}

/// Whether something with this name may give the one there is.
pub(super) fn gives_the_one(name: &str) -> bool {
    const NAMES: [&str; 5] = [
        "instance",
        "getinstance",
        "shared",
        "sharedinstance",
        "theinstance",
    ];
    NAMES.contains(&plain(name).as_str())
}

fn singleton(view: &View<'_>, element: usize) -> Option<Pattern> {
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

fn builder(view: &View<'_>, element: usize) -> Option<Pattern> {
    let ends = view.methods_named(element, &["build", "finish", "create", "done"]);
    let chained: Vec<usize> = view
        .methods(element)
        .filter(|at| {
            let type_text = view.code.elements[*at].type_text.as_deref().unwrap_or_default();
            let returns: Vec<&str> = words(type_text).filter(|word| !word.is_empty()).collect();
            matches!(returns[..], [one] | ["mut", one] if one == "Self" || one == "this" || one == view.name(element))
        })
        .filter(|at| view.code.elements[*at].kind != Kind::Constructor)
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

fn observer(view: &View<'_>, element: usize) -> Option<Pattern> {
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

fn repository(view: &View<'_>, element: usize) -> Option<Pattern> {
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
        .filter_map(|at| super::terms::pieces(view.name(at)).into_iter().next())
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

fn visitor(view: &View<'_>, element: usize) -> Option<Pattern> {
    let visits: Vec<usize> = view
        .methods(element)
        .filter(|at| {
            super::terms::pieces(view.name(*at))
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

fn iterator(view: &View<'_>, element: usize) -> Option<Pattern> {
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
fn strategy(view: &View<'_>, element: usize) -> Option<Pattern> {
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

fn command(view: &View<'_>, element: usize) -> Option<Pattern> {
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

/// It is one, and holds one: a decorator, or a proxy.
fn wrapper(view: &View<'_>, element: usize) -> Option<Pattern> {
    let of = view.extends.get(&element)?;
    let held = of.iter().find(|of| {
        let is_abstract = matches!(
            view.code.elements[**of].kind,
            Kind::Trait | Kind::Interface | Kind::Class
        );
        is_abstract && view.fields(element).any(|field| view.mentions(field, **of))
    })?;
    let evidence = format!("is a {name} and holds a {name}", name = view.name(*held));
    Some(pattern(
        "decorator",
        element,
        vec![(*held, "component")],
        0.7,
        evidence,
    ))
}

/// A function that makes one of several types that are of one sort.
fn factory(view: &View<'_>, element: usize) -> Option<Pattern> {
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
    let first = super::terms::pieces(view.name(element)).into_iter().next();
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

/// Types named as controllers, with models or views beside them.
fn model_view_controller(code: &Code) -> Option<Pattern> {
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
