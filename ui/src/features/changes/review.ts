// The order in which a review is walked, and where it goes next. Pure.

import type { ChangeSet } from "../../protocol/generated/ChangeSet";
import type { FileChange } from "../../protocol/generated/FileChange";
import type { ReviewMark } from "../../protocol/generated/ReviewMark";

/** One thing to decide: a hunk, or a file that has none. */
export interface Step {
  key: string;
  path: string;
  hunk: string | undefined;
  mark: ReviewMark;
}

export function steps(changes: ChangeSet): Step[] {
  return changes.files.flatMap((file): Step[] =>
    file.hunks.length === 0
      ? [{ key: stepKey(file.path, undefined), path: file.path, hunk: undefined, mark: file.mark }]
      : file.hunks.map((hunk) => ({ key: stepKey(file.path, hunk.id), path: file.path, hunk: hunk.id, mark: hunk.mark })),
  );
}

export function stepKey(path: string, hunk: string | undefined): string {
  return hunk === undefined ? path : `${path}\n${hunk}`;
}

/** The step `by` places further, staying inside the list. */
export function moved(all: readonly Step[], current: string | undefined, by: number): string | undefined {
  if (all.length === 0) return undefined;
  const at = all.findIndex((step) => step.key === current);
  if (at < 0) return (by > 0 ? all[0] : all.at(-1))?.key;
  return all[Math.min(all.length - 1, Math.max(0, at + by))]?.key;
}

/** After a decision: the next undecided step, else the one that was decided. */
export function nextPending(all: readonly Step[], current: string): string {
  const at = all.findIndex((step) => step.key === current);
  const rest = [...all.slice(at + 1), ...all.slice(0, Math.max(0, at))];
  return rest.find((step) => step.mark === "pending")?.key ?? current;
}

export function progress(all: readonly Step[]): { done: number; of: number } {
  return { done: all.filter((step) => step.mark !== "pending").length, of: all.length };
}

/** A file's state for its heading: one word where its hunks agree. */
export function fileMark(file: FileChange): ReviewMark {
  if (file.hunks.length === 0) return file.mark;
  const first = file.hunks[0]?.mark ?? "pending";
  return file.hunks.every((hunk) => hunk.mark === first) ? first : "pending";
}
