// A review as a flat list of rows, so that ten thousand lines cost what is on the screen. Pure.

import { partners } from "../../components/wordMarks";
import type { Comment } from "../../protocol/generated/Comment";
import type { Hunk } from "../../protocol/generated/Hunk";
import type { Side } from "../../protocol/generated/Side";
import type { ReviewFile, ReviewSet } from "./model";

/** One line of one side. */
export interface Cell {
  kind: "context" | "added" | "removed" | "no_newline";
  text: string;
  before: number | undefined;
  after: number | undefined;
  /** Its place among the hunk's lines; none: unchanged lines that were unfolded. */
  at: number | undefined;
}

export interface Place {
  path: string;
  side: Side;
  line: number;
}

interface Base {
  key: string;
  file: ReviewFile;
}

export type Row =
  | (Base & { kind: "file"; folded: boolean })
  | (Base & { kind: "facts" })
  | (Base & { kind: "gap"; gap: Gap })
  | (Base & { kind: "hunk"; hunk: Hunk; index: number })
  | (Base & { kind: "line"; hunk: Hunk | undefined; cell: Cell; source: Source | undefined })
  | (Base & { kind: "pair"; hunk: Hunk | undefined; left: Cell | undefined; right: Cell | undefined; source: Source | undefined })
  | (Base & { kind: "comment"; comment: Comment })
  | (Base & { kind: "draft"; place: Place });

/** The text that an unfolded line is a line of, for its colours. */
export interface Source {
  texts: readonly string[];
  index: number;
}

/** Unchanged lines that are not shown. */
export interface Gap {
  key: string;
  /** 1-based first line that is hidden, before and after, and how many there are. */
  before: number;
  after: number;
  count: number;
}

/** What was unfolded of a gap. */
export interface Unfolded {
  top: readonly string[];
  bottom: readonly string[];
}

export interface RowOptions {
  split: boolean;
  folded: ReadonlySet<string>;
  unfolded: ReadonlyMap<string, Unfolded>;
  comments: readonly Comment[];
  draft: { path: string; side: Side; endLine: number } | undefined;
}

export function rows(set: ReviewSet, options: RowOptions): Row[] {
  const out: Row[] = [];
  const comments = grouped(options.comments);
  for (const file of set.files) {
    const { path } = file.change;
    const folded = options.folded.has(path);
    out.push({ kind: "file", key: `f:${path}`, file, folded });
    if (folded) continue;
    if (hasFacts(file)) out.push({ kind: "facts", key: `i:${path}`, file });
    const own = new Map(comments.get(path));
    const { hunks } = file.change;
    let before = 1;
    let after = 1;
    const hide = (count: number) => {
      if (count > 0) unfold(out, file, { key: `${path}\n${after}`, before, after, count }, options, own);
    };
    hunks.forEach((hunk, index) => {
      const [first, end] = [firstLine(hunk.new_start, hunk.new_lines), endLine(hunk.new_start, hunk.new_lines)];
      hide(first - after);
      out.push({ kind: "hunk", key: `h:${path}\n${hunk.id}`, file, hunk, index });
      lines(out, file, hunk, options, own);
      before = endLine(hunk.old_start, hunk.old_lines);
      after = end;
    });
    const last = file.change.after?.lines;
    if (hunks.length > 0 && file.change.change !== "deleted" && last) hide(last + 1 - after);
    const { draft } = options;
    if (draft?.path === path && out.at(-1)?.kind !== "draft" && !out.some((row) => row.kind === "draft")) {
      out.push({ kind: "draft", key: "draft", file, place: { path, side: draft.side, line: draft.endLine } });
    }
    // Remarks on lines that are not shown here.
    for (const rest of own.values()) {
      for (const comment of rest) out.push({ kind: "comment", key: `c:${comment.id}`, file, comment });
    }
  }
  return out;
}

function firstLine(start: number, count: number): number {
  return count === 0 ? start + 1 : start;
}

/** The line after the last one. */
function endLine(start: number, count: number): number {
  return count === 0 ? start + 1 : start + count;
}

function hasFacts({ change }: ReviewFile): boolean {
  const { before, after } = change;
  return (
    change.binary ||
    change.too_large ||
    change.edited_since ||
    change.change === "mode" ||
    Boolean(before?.image ?? after?.image) ||
    before?.kind === "symlink" ||
    after?.kind === "symlink" ||
    (before !== undefined && before !== null && after !== undefined && after !== null && modeChanged(change)) ||
    (change.hunks.length === 0 && !change.binary)
  );
}

export function modeChanged(change: ReviewFile["change"]): boolean {
  const { mode_before: was, mode_after: is } = change;
  return was !== undefined && was !== null && is !== undefined && is !== null && was !== is;
}

type OwnComments = Map<string, Comment[]>;

function grouped(comments: readonly Comment[]): Map<string, OwnComments> {
  const out = new Map<string, OwnComments>();
  for (const comment of comments) {
    const own = out.get(comment.path) ?? new Map<string, Comment[]>();
    out.set(comment.path, own);
    const key = `${comment.side}:${comment.end_line}`;
    own.set(key, [...(own.get(key) ?? []), comment]);
  }
  return out;
}

/** What stands below a line: its remarks, and the one that is being written. */
function below(out: Row[], file: ReviewFile, cell: Cell, options: RowOptions, own: OwnComments): void {
  const at: [Side, number | undefined][] = [
    ["before", cell.kind === "removed" ? cell.before : undefined],
    ["after", cell.after],
  ];
  for (const [side, line] of at) {
    if (line === undefined) continue;
    const key = `${side}:${line}`;
    for (const comment of own.get(key) ?? []) out.push({ kind: "comment", key: `c:${comment.id}`, file, comment });
    own.delete(key);
    const { draft } = options;
    if (draft?.path === file.change.path && draft.side === side && draft.endLine === line) {
      out.push({ kind: "draft", key: "draft", file, place: { path: draft.path, side, line } });
    }
  }
}

function unfold(out: Row[], file: ReviewFile, gap: Gap, options: RowOptions, own: OwnComments): void {
  const shown = options.unfolded.get(gap.key);
  const top = shown?.top ?? [];
  const bottom = shown?.bottom ?? [];
  const line = (texts: readonly string[], index: number, offset: number) => {
    const text = texts[index] ?? "";
    const cell: Cell = { kind: "context", text, before: gap.before + offset, after: gap.after + offset, at: undefined };
    push(out, file, undefined, cell, options.split, { texts, index });
    below(out, file, cell, options, own);
  };
  top.forEach((_, index) => {
    line(top, index, index);
  });
  const left = gap.count - top.length - bottom.length;
  if (left > 0) {
    out.push({
      kind: "gap",
      key: `g:${gap.key}`,
      file,
      gap: { key: gap.key, before: gap.before + top.length, after: gap.after + top.length, count: left },
    });
  }
  bottom.forEach((_, index) => {
    line(bottom, index, gap.count - bottom.length + index);
  });
}

function push(out: Row[], file: ReviewFile, hunk: Hunk | undefined, cell: Cell, split: boolean, source?: Source): void {
  const key = `l:${file.change.path}\n${cell.before ?? ""}\n${cell.after ?? ""}\n${cell.kind === "no_newline" ? (cell.at ?? "") : ""}`;
  if (split) out.push({ kind: "pair", key, file, hunk, left: cell, right: cell, source });
  else out.push({ kind: "line", key, file, hunk, cell, source });
}

function lines(out: Row[], file: ReviewFile, hunk: Hunk, options: RowOptions, own: OwnComments): void {
  const cells = cellsOf(hunk);
  if (!options.split) {
    for (const cell of cells) {
      push(out, file, hunk, cell, false);
      below(out, file, cell, options, own);
    }
    return;
  }
  for (const [left, right] of pairsOf(hunk)) {
    const key = `p:${file.change.path}\n${hunk.id}\n${left?.at ?? ""}\n${right?.at ?? ""}`;
    out.push({ kind: "pair", key, file, hunk, left, right, source: undefined });
    if (left) below(out, file, left, options, own);
    if (right && right !== left) below(out, file, right, options, own);
  }
}

const knownCells = new WeakMap<Hunk, Cell[]>();

/** A hunk's lines with their numbers. */
export function cellsOf(hunk: Hunk): Cell[] {
  const known = knownCells.get(hunk);
  if (known) return known;
  let before = firstLine(hunk.old_start, hunk.old_lines);
  let after = firstLine(hunk.new_start, hunk.new_lines);
  const cells = hunk.lines.map((line, at): Cell => {
    const cell: Cell = { kind: line.kind, text: line.text, before: undefined, after: undefined, at };
    if (line.kind === "context" || line.kind === "removed") cell.before = before++;
    if (line.kind === "context" || line.kind === "added") cell.after = after++;
    return cell;
  });
  knownCells.set(hunk, cells);
  return cells;
}

/** Lines side by side: unchanged ones stand twice, removed ones beside what was added for them. */
function pairsOf(hunk: Hunk): [Cell | undefined, Cell | undefined][] {
  const cells = cellsOf(hunk);
  const partner = partnersOf(hunk);
  const out: [Cell | undefined, Cell | undefined][] = [];
  cells.forEach((cell, at) => {
    const other = partner[at];
    if (cell.kind === "context") out.push([cell, cell]);
    else if (cell.kind === "no_newline") {
      const previous = cells[at - 1]?.kind;
      out.push([previous === "added" ? undefined : cell, previous === "removed" ? undefined : cell]);
    } else if (cell.kind === "removed") out.push([cell, other === undefined ? undefined : cells[other]]);
    else if (other === undefined) out.push([undefined, cell]);
  });
  return out;
}

const knownPartners = new WeakMap<Hunk, (number | undefined)[]>();

/** Which line each line is compared with. */
export function partnersOf(hunk: Hunk): (number | undefined)[] {
  let known = knownPartners.get(hunk);
  if (!known) knownPartners.set(hunk, (known = partners(hunk.lines.map((line) => line.kind))));
  return known;
}

/** One side of a hunk, and where each of the hunk's lines stands in it. */
export interface SideText {
  texts: string[];
  index: (number | undefined)[];
}

const knownSides = new WeakMap<Hunk, { before: SideText; after: SideText }>();

export function sidesOf(hunk: Hunk): { before: SideText; after: SideText } {
  const known = knownSides.get(hunk);
  if (known) return known;
  const side = (left: string): SideText => {
    const texts: string[] = [];
    const index = hunk.lines.map((line) => {
      if (line.kind !== "context" && line.kind !== left) return undefined;
      texts.push(line.text);
      return texts.length - 1;
    });
    return { texts, index };
  };
  const sides = { before: side("removed"), after: side("added") };
  knownSides.set(hunk, sides);
  return sides;
}

/** Where a remark on this row goes: the new line, or the old one where there is no new one. */
export function placeOf(row: Row): Place | undefined {
  const cell = row.kind === "line" ? row.cell : row.kind === "pair" ? (row.right?.after !== undefined ? row.right : row.left) : undefined;
  if (!cell) return undefined;
  const { path } = row.file.change;
  if (cell.after !== undefined) return { path, side: "after", line: cell.after };
  if (cell.before !== undefined) return { path, side: "before", line: cell.before };
  return undefined;
}

/** The text of the lines of one side that are shown, for a remark's quote. */
export function quoteOf(all: readonly Row[], from: Place, to: number): string {
  const texts: string[] = [];
  for (const row of all) {
    if (row.file.change.path !== from.path || (row.kind !== "line" && row.kind !== "pair")) continue;
    const cells = row.kind === "line" ? [row.cell] : [from.side === "before" ? row.left : row.right];
    for (const cell of cells) {
      const line = from.side === "before" ? cell?.before : cell?.after;
      if (cell && line !== undefined && line >= from.line && line <= to) texts.push(cell.text);
    }
  }
  return texts.join("\n");
}
