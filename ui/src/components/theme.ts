// Appearance: theme, contrast, density and text size, applied to the document's root.

import { createStore, type Store } from "./store";

export interface Look {
  theme: "system" | "light" | "dark";
  contrast: "normal" | "high";
  density: "compact" | "normal" | "roomy";
  /** Base text size in pixels, 11–20. */
  size: number;
}

export const SMALLEST = 11;
export const LARGEST = 20;
export const USUAL_SIZE = 13;

export const look: Store<Look> = createStore<Look>({ theme: "system", contrast: "normal", density: "normal", size: USUAL_SIZE }, "mira.look");

/** What the document shows now, the system's wishes counted in: for what is drawn with its colours. */
export const shown: Store<{ theme: "light" | "dark"; contrast: "normal" | "high" }> = createStore<{ theme: "light" | "dark"; contrast: "normal" | "high" }>({ theme: "light", contrast: "normal" });

/** Keeps the document in step with the look and with the system's wishes. */
export function applyLook(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const more = matchMedia("(prefers-contrast: more)");
  const apply = () => {
    const { theme, contrast, density, size } = look.get();
    const root = document.documentElement;
    const now = {
      theme: theme === "system" ? (dark.matches ? "dark" : "light") : theme,
      contrast: contrast === "high" || more.matches ? "high" : "normal",
    } as const;
    root.dataset["theme"] = now.theme;
    root.dataset["contrast"] = now.contrast;
    root.dataset["density"] = density;
    root.style.setProperty("--font-size", `${size}px`);
    shown.set(now);
  };
  look.subscribe(apply);
  dark.addEventListener("change", apply);
  more.addEventListener("change", apply);
  apply();
}
