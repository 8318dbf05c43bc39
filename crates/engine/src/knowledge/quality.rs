//! What can be asked of a project's quality, its history and what it is about.

use mira_index::{Element, IssueKind, IssueQuery, Severity};
use mira_protocol::insight::{
    AskConcepts, AskHotspots, AskModules, AskQuality, CodeClusters, CodeConcepts, CodeHotspots,
    CodeModules, CodePatterns, CodeQuality, ElementMeaning, HistoryWindow, QualityCount,
    QualityIssue,
};
use mira_protocol::project::ProjectRef;
use mira_protocol::{Code, Failure};

use super::naming::MOST as MOST_NAMED;
use super::{Held, Knowledge, from_index, judged};

const MOST: u32 = 1_000;
const USUAL_ISSUES: u32 = 100;
const USUAL: u32 = 50;
const MOST_MODULES: usize = 40;
/// Of one element.
const MOST_OF_ELEMENT: usize = 50;

impl Knowledge {
    /// Issues, the gravest first.
    pub async fn quality(&self, request: AskQuality) -> Result<CodeQuality, Failure> {
        let held = self.of(&request.project_id).await?;
        let limit = request.limit.unwrap_or(USUAL_ISSUES).clamp(1, MOST) as usize;
        let place = held.place(request.path.as_deref()).await?;
        let query = IssueQuery {
            kinds: kinds(&request.kinds)?,
            min_severity: severity(request.min_severity.as_deref())?,
            path: place.path.unwrap_or_default(),
            limit: limit + 1,
            ..IssueQuery::default()
        };
        let mut notes = held.insight_notes().await;
        notes.extend(place.note);
        let mut issues = held.index.issues(&query).await.map_err(from_index)?;
        let counts = held
            .index
            .issue_counts(&query.path, query.min_severity)
            .await
            .map_err(from_index)?;
        let truncated = issues.len() > limit;
        issues.truncate(limit);
        let count = |(kind, issues): (IssueKind, u64)| QualityCount {
            kind: kind.as_str().to_owned(),
            issues,
        };
        Ok(CodeQuality {
            issues: issues.into_iter().map(judged::issue).collect(),
            counts: counts.into_iter().map(count).collect(),
            truncated,
            notes,
        })
    }

    /// Files that are both hard and often changed.
    pub async fn hotspots(&self, request: AskHotspots) -> Result<CodeHotspots, Failure> {
        let held = self.of(&request.project_id).await?;
        let limit = request.limit.unwrap_or(USUAL).clamp(1, MOST) as usize;
        let place = held.place(request.path.as_deref()).await?;
        let mut notes = held.insight_notes().await;
        notes.extend(place.note);
        let window = held.index.history_window().await.map_err(from_index)?;
        if window.commits == 0 && held.insight_state().is_current {
            notes.push("there is no git history: nothing is known of what changed".to_owned());
        }
        let changes = held.index.changes().await.map_err(from_index)?;
        let found = held.index.hotspots(&changes, usize::MAX).await;
        let mut found = found.map_err(from_index)?;
        if found.first().is_some_and(|one| one.score.is_none()) {
            notes.push(
                "too few files have a history to say how hot each one is: they only stand in order"
                    .to_owned(),
            );
        }
        if let Some(folder) = &place.path {
            found.retain(|one| is_below(&one.load.path, folder));
        }
        let truncated = found.len() > limit;
        found.truncate(limit);
        Ok(CodeHotspots {
            hotspots: found.into_iter().map(judged::hotspot).collect(),
            truncated,
            window: HistoryWindow {
                commits: window.commits,
                since: window.since,
            },
            notes,
        })
    }

    /// Concepts, or what is about one.
    pub async fn concepts(&self, request: AskConcepts) -> Result<CodeConcepts, Failure> {
        let held = self.of(&request.project_id).await?;
        let limit = request.limit.unwrap_or(USUAL).clamp(1, MOST) as usize;
        let mut answer = CodeConcepts {
            concepts: Vec::new(),
            elements: Vec::new(),
            truncated: false,
            notes: held.insight_notes().await,
        };
        let asked = request.concept.as_deref().map(str::trim);
        match asked.filter(|concept| !concept.is_empty()) {
            None => {
                let found = held.index.concepts(limit + 1).await.map_err(from_index)?;
                answer.truncated = found.len() > limit;
                let told = self.told(&request.project_id).await?;
                for (at, row) in found.into_iter().take(limit).enumerate() {
                    let words = match at < MOST_NAMED {
                        true => self.told_of_concept(&held, &told, &row).await?,
                        false => None,
                    };
                    answer.concepts.push(judged::concept(row, words));
                }
            }
            Some(concept) => {
                let concept = concept.to_lowercase();
                let found = held.index.about(&concept, limit + 1).await;
                let found = found.map_err(from_index)?;
                if found.is_empty() && answer.notes.is_empty() {
                    let text = format!("The concept {concept:?}");
                    return Err(Failure::not_found(text)
                        .hint("Ask for the list of concepts: `mira concepts`."));
                }
                answer.truncated = found.len() > limit;
                answer.elements = found.into_iter().map(judged::about).collect();
                answer.elements.truncate(limit);
            }
        }
        Ok(answer)
    }

    pub async fn clusters(&self, request: ProjectRef) -> Result<CodeClusters, Failure> {
        let held = self.of(&request.project_id).await?;
        let notes = held.insight_notes().await;
        let rows = held.index.clusters().await.map_err(from_index)?;
        let told = self.told(&request.project_id).await?;
        let mut clusters = Vec::new();
        for (at, row) in rows.into_iter().enumerate() {
            let words = match at < MOST_NAMED {
                true => self.told_of_cluster(&held, &told, &row).await?,
                false => None,
            };
            clusters.push(judged::cluster(row, words));
        }
        Ok(CodeClusters { clusters, notes })
    }

    pub async fn patterns(&self, request: ProjectRef) -> Result<CodePatterns, Failure> {
        let held = self.of(&request.project_id).await?;
        let notes = held.insight_notes().await;
        let rows = held.index.patterns().await.map_err(from_index)?;
        let told = self.told(&request.project_id).await?;
        let named = rows.into_iter().enumerate().map(|(at, row)| {
            let words = match at < MOST_NAMED {
                true => self.told_of_pattern(&told, &row),
                false => None,
            };
            judged::pattern(row, words)
        });
        Ok(CodePatterns {
            patterns: named.collect(),
            notes,
        })
    }

    /// Folders, and which uses which.
    pub async fn modules(&self, request: AskModules) -> Result<CodeModules, Failure> {
        let held = self.of(&request.project_id).await?;
        let place = held.place(request.path.as_deref()).await?;
        let folder = place.path.unwrap_or_default();
        let found = held.index.modules(&folder, MOST_MODULES).await;
        let notes = held.notes_of(place.note);
        Ok(judged::modules(found.map_err(from_index)?, notes))
    }
}

impl Held {
    pub(super) async fn quality_of(&self, element: &Element) -> Result<Vec<QualityIssue>, Failure> {
        let query = IssueQuery {
            element: Some(element.id),
            limit: MOST_OF_ELEMENT,
            ..IssueQuery::default()
        };
        let issues = self.index.issues(&query).await.map_err(from_index)?;
        Ok(issues.into_iter().map(judged::issue).collect())
    }

    pub(super) async fn meaning_of(
        &self,
        element: &Element,
    ) -> Result<Option<ElementMeaning>, Failure> {
        let meaning = self.index.meaning(element.id).await.map_err(from_index)?;
        Ok(meaning.map(judged::meaning))
    }
}

fn is_below(path: &str, folder: &str) -> bool {
    let rest = path.strip_prefix(folder);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn kinds(words: &[String]) -> Result<Vec<IssueKind>, Failure> {
    let kind = |word: &String| {
        IssueKind::from_word(word).ok_or_else(|| {
            let known = IssueKind::ALL.map(IssueKind::as_str).join(", ");
            let text = format!("{word:?} is no kind of issue: {known} are.");
            Failure::new(Code::BadParams, text)
        })
    };
    words.iter().map(kind).collect()
}

fn severity(word: Option<&str>) -> Result<Severity, Failure> {
    let Some(word) = word else {
        return Ok(Severity::Info);
    };
    Severity::from_word(word).ok_or_else(|| {
        let known = Severity::ALL.map(Severity::as_str).join(", ");
        let text = format!("{word:?} is no severity: {known} are.");
        Failure::new(Code::BadParams, text)
    })
}
