// Colours for code, never in the way of a key press: worked out one piece after another while the
// page has nothing better to do, and kept, so that scrolling back to a piece costs nothing.

import type { Root } from "hast";

type Highlight = (code: string, language: string) => Root | undefined;

/** Pieces whose colours are kept. */
const MOST_KEPT = 400;
/** Longer code stays plain: colouring it would hold a frame. */
const LONGEST = 40_000;

const kept = new Map<string, Root | null>();
const wanted = new Map<string, { code: string; language: string; tell: Set<() => void> }>();
let highlight: Highlight | undefined;
let working = false;

const name = (code: string, language: string) => `${language}\n${code}`;

/** The colours, if they are known; `null` where there are none for this. */
export function coloured(code: string, language: string): Root | null | undefined {
  if (code.length > LONGEST) return null;
  return kept.get(name(code, language));
}

/** Calls back once when they are. Returns how to stop waiting. */
export function colour(code: string, language: string, tell: () => void): () => void {
  const key = name(code, language);
  const wish = wanted.get(key) ?? { code, language, tell: new Set<() => void>() };
  wish.tell.add(tell);
  wanted.set(key, wish);
  if (!working) {
    working = true;
    idle(() => void work());
  }
  return () => {
    wish.tell.delete(tell);
    if (wish.tell.size === 0) wanted.delete(key);
  };
}

async function work(): Promise<void> {
  if (!highlight) {
    const module = await import("./highlight");
    highlight = module.highlight;
  }
  const next = wanted.entries().next().value;
  if (!next) {
    working = false;
    return;
  }
  const [key, { code, language, tell }] = next;
  wanted.delete(key);
  kept.set(key, highlight(code, language) ?? null);
  if (kept.size > MOST_KEPT) {
    const oldest = kept.keys().next().value;
    if (oldest !== undefined) kept.delete(oldest);
  }
  for (const one of tell) one();
  idle(() => void work());
}

/** WebKit has no idle callbacks; a short wait lets keys and frames go first there. */
function idle(run: () => void): void {
  if (typeof requestIdleCallback === "function") requestIdleCallback(run, { timeout: 500 });
  else setTimeout(run, 16);
}
