// Which parts of two versions of a line differ. Pure.

import { diffWordsWithSpace } from "diff";

/** A part of a line, in UTF-16 units: from, up to but without. */
export type Range = readonly [from: number, to: number];

/** Lines longer than this get no word marks: the comparison would take longer than reading. */
const LONGEST_MARKED = 400;
/** Share of a line that must be equal for word marks to help. */
const ALIKE = 0.35;

/** What is gone from `old` and what is new in `fresh`; undefined where marks would not help. */
export function wordMarks(old: string, fresh: string): { old: Range[]; fresh: Range[] } | undefined {
  if (old.length > LONGEST_MARKED || fresh.length > LONGEST_MARKED) return undefined;
  const parts = diffWordsWithSpace(old, fresh);
  const same = parts.filter((part) => !part.added && !part.removed).reduce((sum, part) => sum + part.value.trim().length, 0);
  if (same < ALIKE * Math.max(old.trim().length, fresh.trim().length)) return undefined;
  const marks = { old: [] as Range[], fresh: [] as Range[] };
  let left = 0;
  let right = 0;
  for (const part of parts) {
    const length = part.value.length;
    if (part.added) marks.fresh.push([right, (right += length)]);
    else if (part.removed) marks.old.push([left, (left += length)]);
    else {
      left += length;
      right += length;
    }
  }
  return marks;
}

/** For each line the index of the line that it is compared with: runs of removed and added lines, side by side. */
export function partners(kinds: readonly string[]): (number | undefined)[] {
  const partner = new Array<number | undefined>(kinds.length).fill(undefined);
  let at = 0;
  while (at < kinds.length) {
    const removed = run(kinds, at, "removed");
    const added = run(kinds, at + removed, "added");
    for (let pair = 0; pair < Math.min(removed, added); pair += 1) {
      partner[at + pair] = at + removed + pair;
      partner[at + removed + pair] = at + pair;
    }
    at += Math.max(1, removed + added);
  }
  return partner;
}

function run(kinds: readonly string[], from: number, kind: string): number {
  let length = 0;
  while (kinds[from + length] === kind) length += 1;
  return length;
}
