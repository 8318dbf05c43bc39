//! Questions about more than one element: what is around one, what is brought in, what matters.

use std::collections::HashMap;

use mira_index::{GraphQuery, MapQuery};
use mira_protocol::Failure;
use mira_protocol::code::{
    AskDependencies, AskGraph, AskMap, CodeDependencies, CodeGraph, CodeMap, GraphEdge, GraphNode,
};

use super::answers::uses;
use super::{Knowledge, from_index, told};

const MOST_STEPS: u32 = 4;
const MOST_NODES: u32 = 200;
const MOST_MAP_TOKENS: u32 = 50_000;
const NO_FILE: &str =
    "Write its path from the project's folder on; what `.gitignore` hides is not there.";

impl Knowledge {
    /// An element with those around it: callers to the one side, callees to the other.
    pub async fn graph(&self, request: AskGraph) -> Result<CodeGraph, Failure> {
        let held = self.of(&request.project_id).await?;
        let limit = request.limit.unwrap_or(40).clamp(2, MOST_NODES) as usize;
        let depth = request.depth.unwrap_or(1).clamp(1, MOST_STEPS);
        let Some(middle) = held.index.element(request.id).await.map_err(from_index)? else {
            return Err(
                Failure::not_found("This element").hint("Its file changed; search for it again.")
            );
        };
        let mut graph = CodeGraph {
            nodes: vec![GraphNode {
                element: told::element(middle),
                step: 0,
            }],
            edges: Vec::new(),
            truncated: false,
        };
        // Ring by ring, so that a limit cuts what is farthest.
        let mut steps: HashMap<i64, i32> = HashMap::from([(request.id, 0)]);
        for way in [-1, 1] {
            let mut ring = vec![request.id];
            for step in 1..=depth {
                let mut next = Vec::new();
                for id in ring {
                    let query = GraphQuery {
                        kinds: uses(),
                        limit,
                        ..GraphQuery::default()
                    };
                    let edges = match way {
                        -1 => held.index.callers(id, &query).await,
                        _ => held.index.callees(id, &query).await,
                    };
                    for edge in edges.map_err(from_index)? {
                        let Some(other) = edge.element.filter(|other| other.id != id) else {
                            continue;
                        };
                        let other_id = other.id;
                        let is_new = !steps.contains_key(&other_id);
                        if is_new {
                            // Each side has half of the room.
                            let room = if way < 0 { limit / 2 } else { limit };
                            if graph.nodes.len() >= room.max(2) {
                                graph.truncated = true;
                                continue;
                            }
                            steps.insert(other_id, way * step as i32);
                            next.push(other_id);
                            graph.nodes.push(GraphNode {
                                element: told::element(other),
                                step: way * step as i32,
                            });
                        }
                        let (from, to) = if way < 0 {
                            (other_id, id)
                        } else {
                            (id, other_id)
                        };
                        let known = |one: &GraphEdge| one.from == from && one.to == to;
                        if !graph.edges.iter().any(known) {
                            graph.edges.push(GraphEdge {
                                from,
                                to,
                                kind: edge.kind,
                                confidence: edge.confidence,
                            });
                        }
                    }
                }
                ring = next;
            }
        }
        Ok(graph)
    }

    /// Packages of the project; or what a file imports, and who imports it.
    pub async fn dependencies(
        &self,
        request: AskDependencies,
    ) -> Result<CodeDependencies, Failure> {
        let held = self.of(&request.project_id).await?;
        let mut answer = CodeDependencies {
            packages: Vec::new(),
            imports: Vec::new(),
            imported_by: Vec::new(),
            notes: held.notes(),
        };
        let place = held.place(request.path.as_deref()).await?;
        let Some(path) = place.path else {
            let mut packages = held.index.dependencies().await.map_err(from_index)?;
            packages.sort_by_key(|package| std::cmp::Reverse(package.files));
            answer.packages = packages.into_iter().map(told::package).collect();
            return Ok(answer);
        };
        if held.index.file(&path).await.map_err(from_index)?.is_none() {
            let failure = Failure::not_found(format!("A file {path} in the index"));
            let hint = match (answer.notes.first(), place.note) {
                (Some(note), _) => note.clone(),
                (None, None) => "It is a folder; `mira modules` tells of folders.".to_owned(),
                (None, Some(_)) => NO_FILE.to_owned(),
            };
            return Err(failure.hint(hint));
        }
        answer.notes.extend(place.note);
        let imports = held.index.imports_of(&path).await.map_err(from_index)?;
        let by = held.index.imported_by(&path).await.map_err(from_index)?;
        answer.imports = imports.into_iter().map(told::import).collect();
        answer.imported_by = by.into_iter().map(told::import).collect();
        Ok(answer)
    }

    /// What matters most, within a budget.
    pub async fn map(&self, request: AskMap) -> Result<CodeMap, Failure> {
        let held = self.of(&request.project_id).await?;
        let budget = request
            .token_budget
            .unwrap_or(2_000)
            .clamp(100, MOST_MAP_TOKENS);
        let place = held.place(request.path.as_deref()).await?;
        let query = MapQuery {
            budget_tokens: budget as usize,
            path: place.path,
            focus: Vec::new(),
        };
        let map = held.index.map(&query).await.map_err(from_index)?;
        Ok(CodeMap {
            tokens: u32::try_from(map.tokens).unwrap_or(u32::MAX),
            files_shown: map.files.len() as u64,
            files: map.of_files as u64,
            elements: map.of_elements as u64,
            text: map.text,
            notes: held.notes_of(place.note),
        })
    }
}
