// Arrows, Home and End in lists and rows of things that take the keys.

import type { KeyboardEvent } from "react";

/** Where a key leads from `at` among `count` things, or undefined where it leads nowhere. Left and right follow the way the text runs. */
export function stepped(key: string, at: number, count: number, along: "down" | "across" | "both"): number | undefined {
  const rtl = document.documentElement.dir === "rtl";
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const down = key === "ArrowDown" ? 1 : key === "ArrowUp" ? -1 : 0;
  const across = (key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0) * (rtl ? -1 : 1);
  const step = (along === "across" ? 0 : down) + (along === "down" ? 0 : across);
  return step === 0 ? undefined : at + step;
}

/** Moves the keys among the elements that `rows` finds in the list; from beside one of them, too. */
export function walkRows(event: KeyboardEvent<HTMLElement>, rows: string): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = [...event.currentTarget.querySelectorAll<HTMLElement>(rows)];
  const here = document.activeElement;
  const at = all.findIndex((row) => row === here || row.closest("li")?.contains(here));
  const next = at < 0 ? undefined : stepped(event.key, at, all.length, "down");
  if (next === undefined) return;
  event.preventDefault();
  all[Math.min(all.length - 1, Math.max(0, next))]?.focus();
}

/** From a field down to the first of what it found. */
export function downTo(event: KeyboardEvent<HTMLElement>, row: string): void {
  const first = event.key === "ArrowDown" ? document.querySelector<HTMLElement>(row) : undefined;
  if (!first) return;
  event.preventDefault();
  first.focus();
}
