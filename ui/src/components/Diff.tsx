// Unified difference with word marks.

import { diffLines, diffWordsWithSpace } from "diff";
import { memo, type ReactNode } from "react";
import { t } from "../i18n";

export interface Line {
  kind: "context" | "added" | "removed" | "no_newline";
  text: string;
}

interface Numbered extends Line {
  before: number | undefined;
  after: number | undefined;
  content: ReactNode;
}

/** Lines longer than this get no word marks: the comparison would take longer than reading. */
const LONGEST_MARKED = 400;
/** Share of a line that must be equal for word marks to help. */
const ALIKE = 0.35;

export const DiffLines = memo(function DiffLines(props: { lines: readonly Line[]; before: number; after: number; label: string }) {
  const rows = number(props.lines, props.before, props.after);
  return (
    <div className="diff" role="region" aria-label={props.label} tabIndex={0}>
      <div className="diff-lines" role="table" aria-label={props.label}>
        {rows.map((row, index) => (
          <div key={index} className={`diff-line ${row.kind}`} role="row">
            <span className="diff-no" role="cell">
              {row.before}
            </span>
            <span className="diff-no" role="cell">
              {row.after}
            </span>
            <span className="diff-sign" role="cell">
              {row.kind === "added" ? "+" : row.kind === "removed" ? "−" : ""}
            </span>
            <span className="diff-text" role="cell">
              {row.kind === "no_newline" ? t.diff.noNewline : row.content}
            </span>
          </div>
        ))}
      </div>
    </div>
  );
});

function number(lines: readonly Line[], before: number, after: number): Numbered[] {
  const marks = wordMarks(lines);
  let left = before;
  let right = after;
  return lines.map((line, index) => {
    const row: Numbered = { ...line, before: undefined, after: undefined, content: marks.get(index) ?? line.text };
    if (line.kind === "context" || line.kind === "removed") row.before = left++;
    if (line.kind === "context" || line.kind === "added") row.after = right++;
    return row;
  });
}

/** Pairs each run of removed lines with the added ones after it and marks the words that differ. */
function wordMarks(lines: readonly Line[]): Map<number, ReactNode> {
  const marks = new Map<number, ReactNode>();
  let at = 0;
  while (at < lines.length) {
    const removed = run(lines, at, "removed");
    const added = run(lines, at + removed, "added");
    const pairs = Math.min(removed, added);
    for (let pair = 0; pair < pairs; pair += 1) {
      const old = lines[at + pair]?.text ?? "";
      const fresh = lines[at + removed + pair]?.text ?? "";
      const marked = markPair(old, fresh);
      if (!marked) continue;
      marks.set(at + pair, marked[0]);
      marks.set(at + removed + pair, marked[1]);
    }
    at += Math.max(1, removed + added);
  }
  return marks;
}

function run(lines: readonly Line[], from: number, kind: Line["kind"]): number {
  let length = 0;
  while (lines[from + length]?.kind === kind) length += 1;
  return length;
}

function markPair(old: string, fresh: string): [ReactNode, ReactNode] | undefined {
  if (old.length > LONGEST_MARKED || fresh.length > LONGEST_MARKED) return undefined;
  const parts = diffWordsWithSpace(old, fresh);
  const same = parts.filter((part) => !part.added && !part.removed).reduce((sum, part) => sum + part.value.trim().length, 0);
  if (same < ALIKE * Math.max(old.trim().length, fresh.trim().length)) return undefined;
  const left: ReactNode[] = [];
  const right: ReactNode[] = [];
  parts.forEach((part, index) => {
    if (part.added) right.push(<ins key={index}>{part.value}</ins>);
    else if (part.removed) left.push(<del key={index}>{part.value}</del>);
    else {
      left.push(part.value);
      right.push(part.value);
    }
  });
  return [left, right];
}

/** The lines between two texts, all of them, for small pieces such as the edits of one call. */
export function linesBetween(old: string, fresh: string): Line[] {
  return diffLines(old, fresh).flatMap((part) => {
    const kind = part.added ? "added" : part.removed ? "removed" : "context";
    return part.value.replace(/\n$/, "").split("\n").map((text): Line => ({ kind, text }));
  });
}

export function Figures({ additions, deletions }: { additions: number; deletions: number }) {
  return (
    <span className="num" aria-label={t.diff.figures({ additions, deletions })}>
      {additions > 0 ? <span className="good">+{additions}</span> : null}
      {additions > 0 && deletions > 0 ? " " : null}
      {deletions > 0 ? <span className="bad">−{deletions}</span> : null}
    </span>
  );
}
