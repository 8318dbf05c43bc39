// Syntax colours for lines, made off the main path: a worker where there is one, else spare time.
// Who asks too early gets nothing and is told when there is something.

import type { Root, RootContent, ElementContent } from "hast";

/** From, to, class names; in order, without overlap. */
export type Colour = readonly [from: number, to: number, names: string];

/** Lines that are coloured at once. A construct that spans more is coloured from here on. */
export const CHUNK = 400;

export interface ColourRequest {
  id: number;
  language: string;
  lines: string[];
}

export interface ColourReply {
  id: number;
  /** Empty where the language is not known. */
  lines: Colour[][];
}

type Work = (request: ColourRequest, done: (lines: Colour[][]) => void) => void;

/** A tree of coloured spans as colours by line. */
export function byLine(root: Root): Colour[][] {
  const lines: Colour[][] = [[]];
  let column = 0;
  const walk = (content: RootContent | ElementContent, names: string) => {
    if (content.type === "element") {
      const own = content.properties["className"];
      const all = Array.isArray(own) ? [names, ...own].filter(Boolean).join(" ") : names;
      for (const child of content.children) walk(child, all);
      return;
    }
    if (content.type !== "text") return;
    content.value.split("\n").forEach((part, index) => {
      if (index > 0) {
        lines.push([]);
        column = 0;
      }
      if (part && names) lines.at(-1)?.push([column, column + part.length, names]);
      column += part.length;
    });
  };
  for (const child of root.children) walk(child, "");
  return lines;
}

/** Colours of texts that do not change, kept as long as the text's owner is. */
export class Colours {
  private readonly known = new WeakMap<object, Map<number, Colour[][] | "asked">>();
  private readonly listeners = new Set<() => void>();
  private readonly work: Work;
  private version = 0;
  private next = 1;

  constructor(work: Work = startWork()) {
    this.work = work;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly snapshot = (): number => this.version;

  /** Colours of line `index` of `lines()`; asked for where they are not there yet. */
  line(owner: object, lines: () => readonly string[], index: number, language: string): Colour[] | undefined {
    let chunks = this.known.get(owner);
    if (!chunks) this.known.set(owner, (chunks = new Map()));
    const number = Math.floor(index / CHUNK);
    const chunk = chunks.get(number);
    if (chunk && chunk !== "asked") return chunk[index % CHUNK];
    if (!chunk) {
      chunks.set(number, "asked");
      const held = chunks;
      const request = { id: this.next++, language, lines: lines().slice(number * CHUNK, (number + 1) * CHUNK) };
      this.work(request, (coloured) => {
        held.set(number, coloured);
        if (coloured.length === 0) return;
        this.version += 1;
        for (const listener of this.listeners) listener();
      });
    }
    return undefined;
  }
}

/** The worker when it is first needed; without one, the main thread between frames. */
function startWork(): Work {
  let worker: Worker | undefined | "none" = undefined;
  const waiting = new Map<number, (lines: Colour[][]) => void>();
  return (request, done) => {
    if (worker === undefined) {
      try {
        worker = new Worker(new URL("./colours.worker.ts", import.meta.url), { type: "module" });
        worker.onmessage = (event: MessageEvent<ColourReply>) => {
          waiting.get(event.data.id)?.(event.data.lines);
          waiting.delete(event.data.id);
        };
        worker.onerror = () => {
          worker = "none";
          for (const answer of waiting.values()) answer([]);
          waiting.clear();
        };
      } catch {
        worker = "none";
      }
    }
    if (worker === "none") {
      setTimeout(() => {
        void import("./highlight").then(({ highlight }) => {
          const tree = highlight(request.lines.join("\n"), request.language);
          done(tree ? byLine(tree) : []);
        });
      });
      return;
    }
    waiting.set(request.id, done);
    worker.postMessage(request);
  };
}

export const colours = new Colours();
