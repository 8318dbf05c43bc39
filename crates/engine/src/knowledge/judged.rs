//! What the index says of quality, history and meaning, as the protocol's words.

use mira_index::{
    ClusterRow, ConceptRow, Element, ElementMeaning, Hotspot, IssueRow, Modules, PatternRow,
};
use mira_protocol::insight::{self, CodeCluster, CodeConcept, CodeHotspot, CodeModule};
use mira_protocol::insight::{
    CodeModules, CodePattern, CodePlace, ConceptElement, ElementKin, PatternPart, QualityIssue,
};
use mira_protocol::naming::ModelWords;

use super::told;

pub fn issue(row: IssueRow) -> QualityIssue {
    QualityIssue {
        kind: row.kind.as_str().to_owned(),
        severity: row.severity.as_str().to_owned(),
        path: row.path,
        start_line: row.start_line,
        end_line: row.end_line,
        element: row.element.map(told::element),
        value: row.measure,
        threshold: row.bound,
        unit: row.unit,
        title: row.title,
        advice: row.advice,
        other: row.other.map(|(path, start_line, end_line)| CodePlace {
            path,
            start_line,
            end_line,
        }),
    }
}

pub fn hotspot(hotspot: Hotspot) -> CodeHotspot {
    let Hotspot {
        load,
        changes,
        score,
        why,
    } = hotspot;
    let (hardest, hardest_complexity) = load.hardest.unzip();
    CodeHotspot {
        path: load.path,
        lines: load.lines,
        functions: load.functions,
        complexity: load.cognitive,
        hardest,
        hardest_complexity: hardest_complexity.unwrap_or(0),
        issues: load.issues,
        commits: changes.commits,
        fixes: changes.fixes,
        authors: changes.authors,
        churn: changes.churn,
        score,
        why,
    }
}

pub fn concept(row: ConceptRow, told: Option<ModelWords>) -> CodeConcept {
    CodeConcept {
        name: row.name,
        weight: row.weight,
        elements: row.elements,
        told,
    }
}

pub fn about((element, weight): (Element, f64)) -> ConceptElement {
    ConceptElement {
        element: told::element(element),
        weight,
    }
}

pub fn cluster(row: ClusterRow, told: Option<ModelWords>) -> CodeCluster {
    CodeCluster {
        name: row.name,
        words: row.words,
        files: row.paths,
        cohesion: row.cohesion,
        told,
    }
}

pub fn pattern(row: PatternRow, told: Option<ModelWords>) -> CodePattern {
    let part = |(element, part): (Element, String)| PatternPart {
        element: told::element(element),
        part,
    };
    CodePattern {
        name: row.name,
        element: told::element(row.element),
        parts: row.parts.into_iter().map(part).collect(),
        confidence: row.confidence,
        evidence: row.evidence,
        told,
    }
}

pub fn meaning(meaning: ElementMeaning) -> insight::ElementMeaning {
    let kin = meaning.kin.into_iter().map(|kin| ElementKin {
        element: told::element(kin.element),
        relation: kin.relation,
        is_from: kin.is_from,
        strength: kin.strength,
    });
    insight::ElementMeaning {
        purpose: meaning.purpose,
        confidence: meaning.confidence,
        concepts: meaning.concepts,
        cluster: meaning.domain,
        importance: meaning.importance,
        kin: kin.collect(),
    }
}

pub fn modules(found: Modules, notes: Vec<String>) -> CodeModules {
    let path = |at: usize| found.modules[at].path.clone();
    let uses = found.uses.iter().map(|one| insight::ModuleUse {
        from: path(one.from),
        to: path(one.to),
        files: one.files,
        is_cycle: one.is_cycle,
    });
    let uses = uses.collect();
    let modules = found.modules.into_iter().map(|one| CodeModule {
        path: one.path,
        is_folder: one.is_folder,
        files: one.files,
        lines: one.lines,
        layer: one.layer,
    });
    let mut modules: Vec<CodeModule> = modules.collect();
    modules.sort_by(|a, b| (a.layer, &a.path).cmp(&(b.layer, &b.path)));
    CodeModules {
        modules,
        uses,
        truncated: found.truncated,
        notes,
    }
}
