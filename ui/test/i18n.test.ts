// The catalogues: the same keys and arguments in each, the made-up languages, and no sentence of
// the interface outside of them.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { IntlMessageFormat } from "intl-messageformat";
import type { MessageFormatElement } from "@formatjs/icu-messageformat-parser";
import ts from "typescript";
import { afterEach, describe, expect, it } from "vitest";
import { t } from "../src/i18n";
import { de } from "../src/i18n/de";
import { en } from "../src/i18n/en";
import { duration, money, timeOfDay, tokens } from "../src/i18n/format";
import { speak, speaking, spokenOf } from "../src/i18n/language";
import type { Catalogue } from "../src/i18n/message";

afterEach(() => speak("en"));

/** Each leaf as "group.key" with its text. */
function leaves(catalogue: Catalogue, path: string[] = []): [string, string][] {
  return Object.entries(catalogue).flatMap(([key, value]): [string, string][] => {
    if (typeof value === "string") return [[[...path, key].join("."), value]];
    if (Array.isArray(value)) return value.map((text: string, index): [string, string] => [[...path, key, index].join("."), text]);
    return leaves(value as Catalogue, [...path, key]);
  });
}

/** The names that a message asks for, with the kind of each. */
function args(elements: MessageFormatElement[], found = new Set<string>()): Set<string> {
  for (const element of elements) {
    if (element.type === 0 || element.type === 7) continue;
    if ("value" in element && typeof element.value === "string") found.add(`${element.value}:${element.type}`);
    if ("options" in element) for (const option of Object.values(element.options)) args(option.value, found);
  }
  return found;
}

const asked = (text: string) => [...args(new IntlMessageFormat(text, "en").getAst())].sort();

describe("the catalogues", () => {
  it("have the same keys and ask for the same arguments", () => {
    const german = new Map(leaves(de));
    expect([...german.keys()].sort()).toEqual(leaves(en).map(([key]) => key).sort());
    for (const [key, text] of leaves(en)) {
      expect(asked(german.get(key) ?? ""), `${key} in German`).toEqual(asked(text));
    }
  });

  it("say something everywhere, and German says it in its own words", () => {
    const german = new Map(leaves(de));
    let same = 0;
    for (const [key, text] of leaves(en)) {
      expect(text.trim(), key).not.toBe("");
      expect(german.get(key)?.trim(), key).not.toBe("");
      if (german.get(key) === text) same += 1;
    }
    expect(same / german.size).toBeLessThan(0.08);
  });

  it("let the compiler read each argument: no one-word body of a plural", () => {
    for (const [key, text] of leaves(en)) {
      const read = [...text.matchAll(/\{(\w+)(?=[},])/g)].map((match) => match[1]);
      const real = asked(text).map((name) => name.split(":")[0]);
      expect(new Set(read), key).toEqual(new Set(real));
    }
  });
});

describe("a language", () => {
  it("follows the system's wishes in their order", () => {
    expect(spokenOf(["fr-FR", "de-AT", "en"])).toBe("de");
    expect(spokenOf(["ja"])).toBe("en");
  });

  it("changes text, numbers, money and the document at once", async () => {
    expect(t.sessions.deleted({ name: "x" })).toBe("Deleted “x”.");
    await speak("de");
    expect(t.sessions.deleted({ name: "x" })).toBe("„x“ gelöscht.");
    expect(t.search.hits({ count: 1 })).toBe("1 Stelle");
    expect(t.search.hits({ count: 1200 })).toBe("1.200 Stellen");
    expect(money(31_000).replace(/\s/g, " ")).toBe("0,031 $");
    expect(duration(1900)).toBe("1,9 s");
    expect(tokens(38_400)).toBe("38,4k");
    expect(document.documentElement.lang).toBe("de");
  });

  it("writes the time of day with 24 hours", () => {
    expect(timeOfDay(new Date(2026, 0, 2, 13, 5).getTime())).toBe("13:05");
  });

  it("is kept", async () => {
    await speak("de");
    expect(JSON.parse(localStorage.getItem("mira.language") ?? "{}")).toEqual({ choice: "de" });
    await speak();
    expect(speaking.get().language).toBe("de");
  });

  it("of nobody is longer, accented and in brackets, and keeps its arguments", async () => {
    await speak("pseudo");
    for (const [key, text] of leaves(en)) {
      if (asked(text).length > 0) continue;
      const shown = key.split(".").reduce((at: unknown, part) => (at as Record<string, unknown>)[part], t) as string;
      expect(shown.startsWith("[") && shown.endsWith("]"), key).toBe(true);
      expect(/[A-Za-z]/.test(shown.replace(/\{\w+\}/g, "")), `${key}: ${shown}`).toBe(false);
      expect(shown.length, key).toBeGreaterThan(text.length);
    }
    expect(t.search.hits({ count: 3 })).toContain("3");
  });

  it("that runs from right to left turns the document", async () => {
    await speak("pseudo-rtl");
    expect(document.documentElement.dir).toBe("rtl");
    await speak("en");
    expect(document.documentElement.dir).toBe("ltr");
  });
});

describe("the interface", () => {
  const SHOWN = new Set(["aria-label", "aria-description", "aria-roledescription", "title", "placeholder", "alt", "label", "text"]);
  const isWords = (text: string) => /\p{L}{2,}/u.test(text);

  function files(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return files(path);
      return entry.name.endsWith(".tsx") ? [path] : [];
    });
  }

  function hardCoded(path: string): string[] {
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      const isKey = node.parent && ts.isJsxElement(node.parent) && node.parent.openingElement.tagName.getText() === "Keys";
      if (ts.isJsxText(node) && !isKey && isWords(node.text)) found.push(node.text.trim());
      if (ts.isJsxAttribute(node) && SHOWN.has(node.name.getText()) && node.initializer) {
        const value = ts.isJsxExpression(node.initializer) ? node.initializer.expression : node.initializer;
        if (value && ts.isStringLiteralLike(value) && isWords(value.text)) found.push(`${node.name.getText()}=${value.text}`);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found.map((text) => `${path}: ${text}`);
  }

  it("shows no words that are not in the catalogue", () => {
    expect(files(join(import.meta.dirname, "../src")).flatMap(hardCoded)).toEqual([]);
  });
});
