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

function translate(text: string, patterns: readonly Pattern[]): string | undefined {
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
