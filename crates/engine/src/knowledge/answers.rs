//! What can be asked of a project's code.

use std::collections::HashMap;

use mira_index::{Element, GraphQuery, Match, SymbolQuery};
use mira_protocol::code::{
    CodeEdges, CodeElement, CodeLanguages, CodeSymbols, CodeTest, CodeTests, ElementDetail,
    ElementRef, FindSymbols, IndexState, NotedFiles, SetCodeLanguage,
};
use mira_protocol::git::{Commit, GitLog};
use mira_protocol::project::ProjectRef;
use mira_protocol::{Code, Failure};
use mira_syntax::Kind;

use super::places::Place;
use super::search::no_language;
use super::{Held, Knowledge, from_index, told};

/// The most noted files that are told.
const MOST_NOTED: usize = 2_000;
const MOST_SYMBOLS: u32 = 1_000;
/// Lines of an element's text that are told.
const MOST_LINES: u32 = 400;
const MOST_COMMITS: u32 = 20;
/// The most steps along uses.
const MOST_STEPS: u32 = 5;

impl Knowledge {
    pub async fn state(&self, request: ProjectRef) -> Result<IndexState, Failure> {
        let held = self.of(&request.project_id).await?;
        state_of(&held).await
    }

    /// Begins to look at the whole project again.
    pub async fn reindex(&self, request: ProjectRef) -> Result<IndexState, Failure> {
        let held = self.of(&request.project_id).await?;
        held.look_again();
        state_of(&held).await
    }

    pub async fn noted_files(&self, request: ProjectRef) -> Result<NotedFiles, Failure> {
        let held = self.of(&request.project_id).await?;
        let noted = held.index.noted_files().await.map_err(from_index)?;
        let more = noted.len().saturating_sub(MOST_NOTED) as u64;
        let files = noted.into_iter().filter_map(told::noted).take(MOST_NOTED);
        Ok(NotedFiles {
            files: files.collect(),
            more,
        })
    }

    pub async fn languages(&self, request: ProjectRef) -> Result<CodeLanguages, Failure> {
        let held = self.of(&request.project_id).await?;
        languages_of(&held).await
    }

    /// Changes how a language is read, and begins to read its files again.
    pub async fn set_language(&self, request: SetCodeLanguage) -> Result<CodeLanguages, Failure> {
        let held = self.of(&request.project_id).await?;
        let known = held.index.languages();
        let Some(mut config) = known
            .into_iter()
            .find(|one| one.language.eq_ignore_ascii_case(&request.language))
        else {
            return Err(no_language(&request.language));
        };
        config.enabled = request.enabled.unwrap_or(config.enabled);
        config.extensions = request.extensions.unwrap_or(config.extensions);
        config.max_bytes = request.max_bytes.unwrap_or(config.max_bytes);
        config.max_ms = request.max_ms.unwrap_or(config.max_ms);
        held.index.set_language(config).await.map_err(from_index)?;
        held.look_again();
        languages_of(&held).await
    }

    pub async fn symbols(&self, request: FindSymbols) -> Result<CodeSymbols, Failure> {
        let held = self.of(&request.project_id).await?;
        let limit = request.limit.unwrap_or(50).clamp(1, MOST_SYMBOLS) as usize;
        let kinds = kinds(&request.kinds)?;
        let place = held.place(request.path.as_deref()).await?;
        let path = place.path.unwrap_or_default();
        let mut found: Vec<Element> = match request.query.trim().is_empty() && !path.is_empty() {
            true => {
                let all = held.index.elements_of(&path).await.map_err(from_index)?;
                let fits = |one: &Element| kinds.is_empty() || kinds.contains(&one.kind);
                all.into_iter().filter(fits).collect()
            }
            false => {
                let wanted = SymbolQuery {
                    name: request.query,
                    kinds,
                    path: Some(path).filter(|path| !path.is_empty()),
                    limit: limit + 1,
                    ..SymbolQuery::default()
                };
                let found = held.index.find(&wanted).await.map_err(from_index)?;
                found.into_iter().map(|hit| hit.element).collect()
            }
        };
        let truncated = found.len() > limit;
        found.truncate(limit);
        Ok(CodeSymbols {
            elements: found.into_iter().map(told::element).collect(),
            truncated,
            notes: held.notes_of(place.note),
        })
    }

    pub async fn element(&self, request: ElementRef) -> Result<ElementDetail, Failure> {
        let held = self.of(&request.project_id).await?;
        let element = held.find(&request).await?;
        let index = &held.index;
        let of_file = index.elements_of(&element.path).await.map_err(from_index)?;
        let last = element.end_line.min(element.start_line + MOST_LINES - 1);
        let excerpt = index
            .excerpt(&element.path, element.start_line, last)
            .await
            .map_err(from_index)?;
        let limit = limit(request.limit);
        Ok(ElementDetail {
            callers: callers(&held, &element, 1, limit).await?,
            callees: callees(&held, &element, 1, limit).await?,
            tests: tests_of(&held, &element, limit).await?,
            history: self.history(&held, &element.path).await,
            quality: held.quality_of(&element).await?,
            meaning: held.meaning_of(&element).await?,
            around: around(&of_file, &element),
            members: members(&of_file, element.id),
            text: excerpt.text,
            text_cut: last < element.end_line,
            element: told::element(element),
        })
    }

    pub async fn callers(&self, request: ElementRef) -> Result<CodeEdges, Failure> {
        let held = self.of(&request.project_id).await?;
        let element = held.find(&request).await?;
        callers(&held, &element, depth(request.depth), limit(request.limit)).await
    }

    pub async fn callees(&self, request: ElementRef) -> Result<CodeEdges, Failure> {
        let held = self.of(&request.project_id).await?;
        let element = held.find(&request).await?;
        callees(&held, &element, depth(request.depth), limit(request.limit)).await
    }

    pub async fn tests(&self, request: ElementRef) -> Result<CodeTests, Failure> {
        let held = self.of(&request.project_id).await?;
        let element = held.find(&request).await?;
        Ok(CodeTests {
            tests: tests_of(&held, &element, limit(request.limit)).await?,
            of: Some(told::element(element)),
            notes: held.notes(),
        })
    }

    /// Commits of a file, newest first; none without git.
    async fn history(&self, held: &Held, path: &str) -> Vec<Commit> {
        let log = GitLog {
            project_id: held.project.id.clone(),
            limit: Some(MOST_COMMITS),
            path: Some(path.to_owned()),
        };
        match self.0.git.log(log).await {
            Ok(list) => list.commits,
            Err(_) => Vec::new(),
        }
    }
}

impl Held {
    pub(super) fn look_again(&self) {
        self.fresh.send_replace(false);
        self.again.notify_one();
    }

    /// What an answer lacks.
    pub(super) fn notes(&self) -> Vec<String> {
        self.index.state().lacks()
    }

    /// What an answer from one place lacks.
    pub(super) fn notes_of(&self, place: Option<String>) -> Vec<String> {
        place.into_iter().chain(self.notes()).collect()
    }

    /// The one element that is meant.
    ///
    /// # Errors
    /// Where there is none, or several fit equally; then they are named.
    pub(super) async fn find(&self, wanted: &ElementRef) -> Result<Element, Failure> {
        if let Some(id) = wanted.id {
            let found = self.index.element(id).await.map_err(from_index)?;
            return found.ok_or_else(|| {
                Failure::not_found("This element").hint("Its file changed; search for it again.")
            });
        }
        let Some(name) = wanted
            .name
            .as_deref()
            .filter(|name| !name.trim().is_empty())
        else {
            let text = "Say which element: by `id` or by `name`.";
            return Err(Failure::new(Code::BadParams, text));
        };
        let place = self.place(wanted.path.as_deref()).await?;
        let path = place.path.as_deref();
        let found = self.index.named(name, path).await.map_err(from_index)?;
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => Err(self.nothing_named(name, place).await),
            many => {
                let places: Vec<String> = many.iter().take(8).map(spot).collect();
                let text = format!("{} elements are named {name:?}.", many.len());
                Err(Failure::new(Code::Conflict, text).hint(format!(
                    "Say which, by its file or its qualified name: {}.",
                    places.join(", ")
                )))
            }
        }
    }

    async fn nothing_named(&self, name: &str, place: Place) -> Failure {
        let of = match &place.path {
            Some(path) => format!("An element named {name:?} in {path}"),
            None => format!("An element named {name:?}"),
        };
        let failure = Failure::not_found(of);
        if let Some(note) = self.notes_of(place.note).into_iter().next() {
            return failure.hint(note);
        }
        let near = SymbolQuery {
            name: name.to_owned(),
            at_least: Some(Match::Vague),
            limit: 5,
            ..SymbolQuery::default()
        };
        let near = self.index.find(&near).await.unwrap_or_default();
        let near: Vec<String> = near.iter().map(|hit| spot(&hit.element)).collect();
        match near.is_empty() {
            true => failure.hint("Search for it by other words."),
            false => failure.hint(format!("Near: {}.", near.join(", "))),
        }
    }
}

fn spot(element: &Element) -> String {
    let Element {
        qualified_name,
        path,
        start_line,
        ..
    } = element;
    format!("{qualified_name} ({path}:{start_line})")
}

async fn state_of(held: &Held) -> Result<IndexState, Failure> {
    let totals = held.index.totals().await.map_err(from_index)?;
    let sense = held.sense();
    let meaning = sense.state(super::meaning::Kind::Code, totals.chunks);
    held.see_commits().await;
    Ok(told::state(
        held.index.state(),
        totals,
        meaning,
        held.commits_state(),
        sense.state(super::meaning::Kind::Messages, 0),
        held.insight_state(),
        held.is_fresh(),
    ))
}

async fn languages_of(held: &Held) -> Result<CodeLanguages, Failure> {
    let mut counts: HashMap<String, u64> = HashMap::new();
    for file in held.index.files().await.map_err(from_index)? {
        if let Some(language) = file.language {
            *counts.entry(language).or_default() += 1;
        }
    }
    let languages = held.index.languages().into_iter().map(|config| {
        let files = counts.get(&config.language).copied().unwrap_or_default();
        told::language(config, files)
    });
    Ok(CodeLanguages {
        languages: languages.collect(),
    })
}

fn limit(asked: Option<u32>) -> usize {
    asked.unwrap_or(100).clamp(1, MOST_SYMBOLS) as usize
}

fn depth(asked: Option<u32>) -> u32 {
    asked.unwrap_or(1).clamp(1, MOST_STEPS)
}

async fn callers(
    held: &Held,
    element: &Element,
    depth: u32,
    limit: usize,
) -> Result<CodeEdges, Failure> {
    let query = GraphQuery {
        kinds: uses(),
        depth,
        limit: limit + 1,
        ..GraphQuery::default()
    };
    let edges = held.index.callers(element.id, &query).await;
    Ok(told::edges(
        element,
        edges.map_err(from_index)?,
        limit,
        held.notes(),
    ))
}

async fn callees(
    held: &Held,
    element: &Element,
    depth: u32,
    limit: usize,
) -> Result<CodeEdges, Failure> {
    let query = GraphQuery {
        kinds: uses(),
        depth,
        limit: limit + 1,
        ..GraphQuery::default()
    };
    let edges = held.index.callees(element.id, &query).await;
    Ok(told::edges(
        element,
        edges.map_err(from_index)?,
        limit,
        held.notes(),
    ))
}

/// All ways in which one element uses another.
pub(super) fn uses() -> Vec<String> {
    let all = mira_syntax::ReferenceKind::ALL.iter();
    all.map(|kind| kind.as_str().to_owned()).collect()
}

async fn tests_of(held: &Held, element: &Element, limit: usize) -> Result<Vec<CodeTest>, Failure> {
    let tests = held.index.tests_for(element.id, limit).await;
    Ok(tests
        .map_err(from_index)?
        .into_iter()
        .map(told::test)
        .collect())
}

fn kinds(words: &[String]) -> Result<Vec<Kind>, Failure> {
    let kind = |word: &String| {
        Kind::from_word(word).ok_or_else(|| {
            let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
            Failure::new(
                Code::BadParams,
                format!("{word:?} is no kind of element: {} are.", known.join(", ")),
            )
        })
    };
    words.iter().map(kind).collect()
}

/// What an element stands in, outermost first.
fn around(of_file: &[Element], element: &Element) -> Vec<CodeElement> {
    let mut around = Vec::new();
    let mut parent = element.parent;
    while let Some(found) = parent.and_then(|id| of_file.iter().find(|one| one.id == id)) {
        parent = found.parent.filter(|id| *id != found.id);
        around.push(told::element(found.clone()));
        if around.len() > of_file.len() {
            break;
        }
    }
    around.reverse();
    around
}

fn members(of_file: &[Element], id: i64) -> Vec<CodeElement> {
    let members = of_file.iter().filter(|one| one.parent == Some(id));
    members.cloned().map(told::element).collect()
}
