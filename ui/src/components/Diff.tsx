// Unified difference with word marks.

import { diffLines } from "diff";
import { memo, type ReactNode } from "react";
import { t } from "../i18n";
import { LineText } from "./LineText";
import { partners, wordMarks } from "./wordMarks";

export interface Line {
  kind: "context" | "added" | "removed" | "no_newline";
  text: string;
}

interface Numbered extends Line {
  before: number | undefined;
  after: number | undefined;
  content: ReactNode;
}

/** Without the numbers of the first lines, where nobody knows them, none are shown. */
export const DiffLines = memo(function DiffLines(props: { lines: readonly Line[]; before?: number; after?: number; label: string }) {
  const isNumbered = props.before !== undefined && props.after !== undefined;
  const rows = number(props.lines, props.before ?? 1, props.after ?? 1);
  return (
    <div className="diff" role="group" aria-label={props.label} tabIndex={0}>
      <div className="diff-lines" data-numbered={isNumbered} role="table" aria-label={props.label}>
        {rows.map((row, index) => (
          <div key={index} className={`diff-line ${row.kind}`} role="row">
            {isNumbered ? (
              <>
                <span className="diff-no" role="cell">
                  {row.before}
                </span>
                <span className="diff-no" role="cell">
                  {row.after}
                </span>
              </>
            ) : null}
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
  const marks = marked(lines);
  let left = before;
  let right = after;
  return lines.map((line, index) => {
    const row: Numbered = { ...line, before: undefined, after: undefined, content: marks.get(index) ?? line.text };
    if (line.kind === "context" || line.kind === "removed") row.before = left++;
    if (line.kind === "context" || line.kind === "added") row.after = right++;
    return row;
  });
}

/** The words that differ, in each pair of a removed and an added line. */
function marked(lines: readonly Line[]): Map<number, ReactNode> {
  const nodes = new Map<number, ReactNode>();
  partners(lines.map((line) => line.kind)).forEach((other, index) => {
    if (other === undefined || other < index) return;
    const [old, fresh] = [lines[index]?.text ?? "", lines[other]?.text ?? ""];
    const marks = wordMarks(old, fresh);
    if (!marks) return;
    nodes.set(index, <LineText text={old} marks={marks.old} mark="del" />);
    nodes.set(other, <LineText text={fresh} marks={marks.fresh} mark="ins" />);
  });
  return nodes;
}

/** The lines between two texts, all of them, for small pieces such as the edits of one call. */
export function linesBetween(old: string, fresh: string): Line[] {
  return diffLines(old, fresh).flatMap((part) => {
    const kind = part.added ? "added" : part.removed ? "removed" : "context";
    return part.value.replace(/\n$/, "").split("\n").map((text): Line => ({ kind, text }));
  });
}

/** Nothing where no line changed: a mode, a name, an empty file. */
export function Figures({ additions, deletions }: { additions: number; deletions: number }) {
  if (additions === 0 && deletions === 0) return null;
  return (
    <span className="num" aria-label={t.diff.figures({ additions, deletions })}>
      {additions > 0 ? <span className="good">+{additions}</span> : null}
      {additions > 0 && deletions > 0 ? " " : null}
      {deletions > 0 ? <span className="bad">−{deletions}</span> : null}
    </span>
  );
}
