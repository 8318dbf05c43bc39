// A change of the look: on the screen at once, then saved with the engine, for every window.

import { LARGEST, look, SMALLEST, type Look } from "../components/theme";
import type { Saved } from "./saved";

const NAMES: Record<keyof Look, string> = {
  theme: "MIRA_THEME",
  contrast: "MIRA_CONTRAST",
  density: "MIRA_DENSITY",
  size: "MIRA_TEXT_SIZE",
};

/** How many changes of each are not yet with the engine, which tells older values until then. */
const underWay = new Map<string, number>();
let last: Promise<unknown> = Promise.resolve();

/** Whether what the engine tells of a setting may be older than what the person chose here. */
export function isBeingSaved(name: string): boolean {
  return underWay.has(name);
}

/** In the order of the changes. Rejects where the engine does not keep it; this page has it then until it is loaded again. */
export async function saveLook(saved: Saved, change: Partial<Look>): Promise<void> {
  look.set(change);
  const names = Object.keys(change).map((key) => NAMES[key as keyof Look]);
  for (const name of names) underWay.set(name, (underWay.get(name) ?? 0) + 1);
  const before = last;
  const saving = (async () => {
    await before.catch(() => undefined);
    for (const [key, value] of Object.entries(change)) {
      const name = NAMES[key as keyof Look];
      // A later change of the same is on its way: that one is saved.
      if ((underWay.get(name) ?? 0) <= 1) await saved.save(name, String(value));
    }
  })().finally(() => {
    for (const name of names) {
      const left = (underWay.get(name) ?? 1) - 1;
      if (left > 0) underWay.set(name, left);
      else underWay.delete(name);
    }
  });
  last = saving;
  await saving;
}

/** The text size so many pixels larger or smaller, within what is legal. */
export function sizeBy(by: number): number {
  return Math.min(LARGEST, Math.max(SMALLEST, look.get().size + by));
}
