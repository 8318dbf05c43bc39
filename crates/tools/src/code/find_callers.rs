//! Who uses an element.

use async_trait::async_trait;
use mira_index::{Edge, Element, GraphQuery};
use mira_syntax::ReferenceKind;
use schemars::JsonSchema;
use serde::Deserialize;

use super::about::About;
use super::{Known, from_index, shown};
use crate::{Effect, Output, Tool, ToolCx, ToolError};

const MOST: usize = 1_000;
/// Uses that are less sure than this are counted, not shown.
const SURE: f64 = 0.3;

pub(crate) struct FindCallers;

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Input {
    name: String,
    path: Option<String>,
    /// Steps back, default 1.
    depth: Option<u32>,
    limit: Option<usize>,
}

#[async_trait]
impl Tool for FindCallers {
    const NAME: &'static str = "find_callers";
    const DESCRIPTION: &'static str = "Who calls or uses an element; each use with how sure it is.";
    type Input = Input;

    fn effect(&self, _: &Input, _: &ToolCx) -> Result<Effect, ToolError> {
        Ok(Effect::Reads)
    }

    async fn run(&self, input: Input, cx: &ToolCx) -> Result<Output, ToolError> {
        let limit = input.limit.unwrap_or(50).clamp(1, MOST);
        let depth = input.depth.unwrap_or(1).clamp(1, 5);
        let mut about = About::of(cx, &input.name, input.path).await?;
        let mut unsure = 0;
        for element in std::mem::take(&mut about.elements) {
            let (sure, less) = edges(&about.known, &element, depth).await?;
            about.say(
                "Uses",
                &element,
                sure.iter().map(line),
                limit,
                none(&element),
            );
            unsure += less;
        }
        if unsure > 0 {
            about.notes.push(format!(
                "{} below {} sure not shown; search_codebase for the name shows every mention",
                shown::count(unsure, "possible use", "possible uses"),
                shown::percent(SURE)
            ));
        }
        let narrow = "Raise `limit`, or say which by `path`.";
        about.output("use", "uses", narrow).await
    }
}

/// Uses that are sure enough, and how many are not.
async fn edges(
    known: &Known,
    element: &Element,
    depth: u32,
) -> Result<(Vec<Edge>, usize), ToolError> {
    let mut query = GraphQuery {
        kinds: ReferenceKind::ALL
            .iter()
            .map(|kind| kind.as_str().to_owned())
            .collect(),
        min_confidence: 0.0,
        depth: 1,
        limit: MOST,
    };
    let direct = known
        .index
        .callers(element.id, &query)
        .await
        .map_err(from_index)?;
    let less = direct.iter().filter(|edge| edge.confidence < SURE).count();
    query.min_confidence = SURE;
    query.depth = depth;
    let mut sure = known
        .index
        .callers(element.id, &query)
        .await
        .map_err(from_index)?;
    sure.retain(|edge| shown::is_open(&edge.path));
    Ok((sure, less))
}

fn line(edge: &Edge) -> String {
    let who = match &edge.element {
        Some(element) => format!("in {}", shown::named(element)),
        None => "at the top of the file".to_owned(),
    };
    let times = match edge.times {
        1 => String::new(),
        times => format!(" ×{times}"),
    };
    let steps = match edge.distance {
        1 => String::new(),
        steps => format!(", {steps} steps away"),
    };
    format!(
        "  {}:{} {who}: {}{times} ({}: {}{steps})",
        edge.path,
        edge.line,
        edge.kind,
        shown::percent(edge.confidence),
        edge.reason
    )
}

fn none(element: &Element) -> &'static str {
    match element.is_test {
        true => "  none: it is a test, its runner calls it",
        false => {
            "  none is known. It may be an entry point, be called by a framework or by a name made \
             at run time; search_codebase for its name shows every mention."
        }
    }
}
