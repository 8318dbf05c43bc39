// Which steps are part of the conversation: the engine's rule (`Visible` in the protocol), here for
// the window. A rewind hides steps, and taking it back shows them again.

import type { SeqRange } from "../../protocol/generated/SeqRange";
import type { StoredEvent } from "../../protocol/generated/StoredEvent";

export class Visible {
  private hidden: SeqRange[] = [];

  constructor(steps: readonly StoredEvent[]) {
    for (const step of steps) {
      if (step.event_type !== "rewound") continue;
      for (const range of step.data.shown ?? []) this.hidden = this.hidden.flatMap((old) => without(old, range));
      this.hidden.push(...(step.data.hidden ?? []));
    }
  }

  contains(seq: number): boolean {
    return !this.hidden.some((range) => within(range, seq));
  }
}

export function within(range: SeqRange, seq: number): boolean {
  return range.first <= seq && seq <= range.last;
}

/** What is left of a range without another. */
function without(range: SeqRange, other: SeqRange): SeqRange[] {
  const before = { first: range.first, last: Math.min(range.last, other.first - 1) };
  const after = { first: Math.max(range.first, other.last + 1), last: range.last };
  return [before, after].filter((part) => part.first <= part.last);
}
