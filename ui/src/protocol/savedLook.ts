// A change of the look: on the screen at once, then saved with the engine, for every window.

import { LARGEST, look, SMALLEST, type Look } from "../components/theme";
import type { Saved } from "./saved";

const NAMES: Record<keyof Look, string> = {
  theme: "MIRA_THEME",
  contrast: "MIRA_CONTRAST",
  density: "MIRA_DENSITY",
  size: "MIRA_TEXT_SIZE",
};

/** Rejects where the engine does not keep it; this page has it then until it is loaded again. */
export async function saveLook(saved: Saved, change: Partial<Look>): Promise<void> {
  look.set(change);
  for (const [key, value] of Object.entries(change)) await saved.save(NAMES[key as keyof Look], String(value));
}

/** The text size so many pixels larger or smaller, within what is legal. */
export function sizeBy(by: number): number {
  return Math.min(LARGEST, Math.max(SMALLEST, look.get().size + by));
}
