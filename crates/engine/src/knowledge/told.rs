//! The index's words as the protocol's.

use mira_index::{
    Dependency, Edge, Element, FileRow, ImportRow, LanguageConfig, Phase, State, TestFor, Totals,
    Usage, Watching,
};
use mira_protocol::code::{
    CodeEdge, CodeEdges, CodeElement, CodeLanguage, CodePackage, CodeTest, CommitsState,
    FileImport, IndexPhase, IndexState, IndexTotals, InsightState, MeaningState, NotedFile,
    PackageDeclaration,
};

/// Bytes of code that a token stands for, about.
const BYTES_A_TOKEN: usize = 3;

pub fn element(element: Element) -> CodeElement {
    CodeElement {
        id: element.id,
        path: element.path,
        language: element.language,
        kind: element.kind.as_str().to_owned(),
        name: element.name,
        qualified_name: element.qualified_name,
        signature: element.signature,
        visibility: element.visibility.as_str().to_owned(),
        doc: element.doc,
        start_line: element.start_line,
        end_line: element.end_line,
        parent: element.parent,
        is_async: element.is_async,
        is_test: element.is_test,
        cyclomatic: element.cyclomatic,
        cognitive: element.cognitive,
    }
}

pub fn state(
    state: State,
    totals: Totals,
    meaning: MeaningState,
    commits: CommitsState,
    messages: MeaningState,
    insight: InsightState,
    is_fresh: bool,
) -> IndexState {
    let phase = match state.phase {
        Phase::Idle => IndexPhase::Idle,
        Phase::Scanning => IndexPhase::Scanning,
        Phase::Reading => IndexPhase::Reading,
        Phase::Resolving => IndexPhase::Resolving,
    };
    let (is_watching, watch_note) = match state.watching {
        Watching::Off => (false, None),
        Watching::On => (true, None),
        Watching::Polling { why } => (true, Some(why)),
    };
    IndexState {
        phase,
        done: state.done,
        total: state.total,
        generation: state.generation,
        is_complete: state.is_complete,
        is_fresh,
        is_watching,
        watch_note,
        failure: state.failure,
        totals: IndexTotals {
            files: totals.files,
            lines: totals.lines,
            source_bytes: totals.source_bytes,
            elements: totals.elements,
            edges: totals.edges,
            chunks: totals.chunks,
            skipped: totals.skipped,
            noted: totals.noted,
            bytes: totals.bytes,
        },
        meaning,
        commits,
        messages,
        insight,
    }
}

/// None for a file that is wholly in the index.
pub fn noted(file: FileRow) -> Option<NotedFile> {
    let note = file.note?;
    Some(NotedFile {
        path: file.path,
        kind: note.kind,
        text: note.text,
        is_skipped: note.is_skipped,
        size_bytes: file.size_bytes,
    })
}

pub fn language(config: LanguageConfig, files: u64) -> CodeLanguage {
    CodeLanguage {
        language: config.language,
        enabled: config.enabled,
        extensions: config.extensions,
        max_bytes: config.max_bytes,
        max_ms: config.max_ms,
        files,
    }
}

/// `edges` may have one more than `limit`: then there are more.
pub fn edges(of: &Element, mut edges: Vec<Edge>, limit: usize, notes: Vec<String>) -> CodeEdges {
    let truncated = edges.len() > limit;
    edges.truncate(limit);
    CodeEdges {
        of: Some(element(of.clone())),
        edges: edges.into_iter().map(edge).collect(),
        truncated,
        notes,
    }
}

fn edge(edge: Edge) -> CodeEdge {
    CodeEdge {
        element: edge.element.map(element),
        path: edge.path,
        line: edge.line,
        kind: edge.kind,
        times: edge.times,
        confidence: edge.confidence,
        reason: edge.reason,
        distance: edge.distance,
    }
}

pub fn test(test: TestFor) -> CodeTest {
    CodeTest {
        path: test.path,
        line: test.line,
        element: test.test.map(element),
        confidence: test.confidence,
        reason: test.reasons.join("; "),
    }
}

pub fn package(package: Dependency) -> CodePackage {
    let status = match package.status {
        Usage::Used => "used",
        Usage::Unused => "unused",
        Usage::Undeclared => "undeclared",
        Usage::Standard => "standard",
    };
    let declared = package.declared.into_iter().map(|one| PackageDeclaration {
        manifest: one.manifest,
        line: one.line,
        requirement: one.requirement,
        version: one.version,
        scope: one.scope,
    });
    CodePackage {
        ecosystem: package.ecosystem,
        name: package.name,
        declared: declared.collect(),
        files: package.files,
        status: status.to_owned(),
    }
}

pub fn import(import: ImportRow) -> FileImport {
    FileImport {
        path: import.path,
        line: import.line,
        module: import.module,
        target: import.target,
        package: import.package.map(|(_, name)| name),
    }
}

pub fn tokens(text: &str) -> u32 {
    u32::try_from(text.len().div_ceil(BYTES_A_TOKEN)).unwrap_or(u32::MAX)
}
