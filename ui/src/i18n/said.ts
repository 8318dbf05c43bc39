// Sentences of the engine, which speaks English, in the language of the window. They are known by
// their own words (a test looks them up in the engine's sources); those that are not known stay as
// they are, and whoever shows them says that they are English.

import { speaking } from "./language";

/** The engine's sentence, with names for what it fills in, and its translation with the same names. */
export type Said = readonly (readonly [string, string])[];

interface Pattern {
  whole: RegExp;
  names: string[];
  translation: string;
}

const made = new WeakMap<Said, Pattern[]>();

/** The sentence in the window's language; undefined where it has none. */
export function translated(text: string): string | undefined {
  const { language, said } = speaking.get();
  if (language !== "de" || !said) return undefined;
  return translate(text, patternsOf(said));
}

/** The sentence in the window's language where it has one, else as it is. */
export function inWords(text: string): string {
  return translated(text) ?? text;
}

function translate(text: string, patterns: readonly Pattern[]): string | undefined {
  return inTwo(text, patterns) ?? inOne(text, patterns) ?? begun(text, patterns);
}

/** A reason and the next step, each known by itself: what is filled into the first ends before the second. */
function inTwo(text: string, patterns: readonly Pattern[]): string | undefined {
  for (let at = text.indexOf(". "); at >= 0; at = text.indexOf(". ", at + 2)) {
    const step = inOne(text.slice(at + 2), patterns) ?? begun(text.slice(at + 2), patterns);
    const reason = step === undefined ? undefined : translate(text.slice(0, at + 1), patterns);
    if (reason !== undefined) return `${reason} ${step ?? ""}`;
  }
  return undefined;
}

/** A reason that was made a sentence: with a capital and a full stop. */
function begun(text: string, patterns: readonly Pattern[]): string | undefined {
  if (!text.endsWith(".")) return undefined;
  const reason = text.slice(0, -1);
  const own = inOne(reason, patterns) ?? inOne(reason.charAt(0).toLowerCase() + reason.slice(1), patterns);
  return own === undefined ? undefined : `${own.charAt(0).toUpperCase()}${own.slice(1)}.`;
}

function inOne(text: string, patterns: readonly Pattern[]): string | undefined {
  for (const { whole, names, translation } of patterns) {
    const match = whole.exec(text);
    if (!match) continue;
    const value = (name: string) => {
      const filled = match[names.indexOf(name) + 1] ?? "";
      // What is filled in may be words of the engine itself. It is shorter, so this ends.
      return filled.length < text.length ? (translate(filled, patterns) ?? filled) : filled;
    };
    return translation.replace(/\{(\w+)\}/g, (_, name: string) => value(name));
  }
  return undefined;
}

function patternsOf(said: Said): Pattern[] {
  let patterns = made.get(said);
  if (!patterns) made.set(said, (patterns = said.map(([sentence, translation]) => ({ ...compile(sentence), translation }))));
  return patterns;
}

function compile(sentence: string): Pick<Pattern, "whole" | "names"> {
  const names: string[] = [];
  const source = sentence
    .split(/\{(\w+)\}/)
    .map((part, index) => {
      if (index % 2 === 0) return part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      names.push(part);
      return "([^]*?)";
    })
    .join("");
  return { whole: new RegExp(`^${source}$`), names };
}
