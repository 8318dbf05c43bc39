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
import { said } from "../src/i18n/de/said";
import { speak, speaking, spokenOf } from "../src/i18n/language";
import { translated } from "../src/i18n/said";
import { countedInWords } from "../src/protocol/counted";
import { told } from "../src/protocol/told";
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

describe("what the engine says", () => {
  const root = join(import.meta.dirname, "../..");

  function sources(folder: string): string[] {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return sources(path);
      return /\.(rs|ts)$/.test(entry.name) ? [readFileSync(path, "utf8")] : [];
    });
  }

  it("is translated from sentences that stand in its sources", () => {
    const known = [...readdirSync(join(root, "crates")).map((crate) => join(root, "crates", crate, "src")), join(root, "src-tauri/src"), join(root, "ui/src/protocol")]
      .flatMap(sources)
      .join("\n")
      // Sentences of several lines, and whatever is filled in.
      .replace(/\\\n\s*/g, "")
      .replace(/\{[^{}\n]*\}/g, "{}");
    const written = (sentence: string) => sentence.replace(/^\{\w+\}/, "").replace(/\{\w+\}/g, "{}");
    expect(said.filter(([sentence]) => !known.includes(written(sentence)))).toEqual([]);
  });

  it("has a German text for every setting", () => {
    const names = readFileSync(join(root, "crates/engine/src/settings/names.rs"), "utf8").replace(/\\\n\s*/g, "");
    const docs = [...names.matchAll(/doc: "((?:[^"\\]|\\.)+)"/g)].map((match) => match[1] ?? "");
    const known = new Set(said.map(([sentence]) => sentence));
    // One has an example in quotes, which no sentence of the list can hold.
    expect(docs.filter((doc) => !known.has(doc) && !doc.includes('"'))).toEqual([]);
    expect(docs.length).toBeGreaterThan(50);
  });

  it("keeps what it fills in, and nothing is translated twice", () => {
    const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();
    for (const [sentence, german] of said) {
      const used = names(german);
      expect(names(sentence), sentence).toEqual(expect.arrayContaining(used));
    }
    expect(new Set(said.map(([sentence]) => sentence)).size).toBe(said.length);
  });

  it("is said in the window's language, its parts too, and stays English where it is not known", async () => {
    const failure = { code: "key_rejected" as const, message: "Asking gpt-5 at http://x/v1 failed: the key was not accepted. It was tried 3 times.", hint: "Resume to go on." };
    expect(told(failure)).toBe(`${failure.message} ${failure.hint}`);
    await speak("de");
    expect(told(failure)).toBe("Die Anfrage an gpt-5 bei http://x/v1 ist gescheitert: der Schlüssel wurde nicht angenommen. Es wurde 3 Mal versucht. Fortsetzen, um weiterzumachen.");
    // A reason and what to do, as one text.
    expect(translated("No local model of embeddings: its files did not come with this program. Set EMBEDDING_DIMENSIONS.")).toBe(
      "Es gibt kein lokales Embedding-Modell: seine Dateien liegen diesem Programm nicht bei. EMBEDDING_DIMENSIONS setzen.",
    );
    expect(translated("text-embedding-3-small made no vectors: Nobody ever said this. Look at it again.")).toBe("text-embedding-3-small hat keine Vektoren gemacht: Nobody ever said this. Noch einmal ansehen.");
    expect(translated("Nobody ever said this.")).toBeUndefined();
    expect(translated("searched by words and names, not by meaning: vectors of this project are not made yet. They are made in the background.")).toBe(
      "nach Wörtern und Namen gesucht, nicht nach Bedeutung: die Vektoren dieses Projekts sind noch nicht gemacht. Sie werden im Hintergrund gemacht.",
    );
    expect(translated("not indexed yet: the project is being read (5 of 9 files so far)")).toBe("noch nicht im Index: Das Projekt wird gerade gelesen (bisher 5 von 9 Dateien)");
    expect(translated("Only its first 5000 pieces are searched by words. More than 20000 elements; those after are missing.")).toBe(
      "Nur ihre ersten 5000 Stücke werden nach Wörtern durchsucht. Mehr als 20000 Elemente; die danach fehlen.",
    );
    expect(translated("5.9 MB; files over 4.2 MB are searched only for exact text.")).toBe("5.9 MB; Dateien über 4.2 MB werden nur nach genauem Text durchsucht.");
    expect(translated("it is to reach crates.io, and no other host. Also, `npm publish` is not on the safe list")).toBe(
      "es soll crates.io erreichen und keinen anderen Rechner. Außerdem: `npm publish` steht nicht auf der Liste des Harmlosen",
    );
    expect(translated("it runs with ALL RIGHTS of root")).toBe("es läuft mit ALLEN RECHTEN von root");
    expect(translated("src/a.rs was left as it is. It was edited since.")).toBe("src/a.rs blieb, wie es ist. Es wurde seither bearbeitet.");
    expect(told({ code: "conflict", message: "Nobody ever said this." })).toBe("Im Augenblick nicht möglich: Nobody ever said this.");
  });
});

it("counts of a tool are said in the window's words, and stay as they are where one is not known", async () => {
  await speak("en");
  expect(countedInWords("exit 0 in 0.1 s")).toBe("exit 0 in 0.1 s");
  await speak("de");
  const said = ["1 line", "212 lines", "4 files, 1 folder", "3 matches in 2 files", "exit 1 in 1.9 s", "exit 0", "lines 3–40 of 86", "no results", "25 tools"].map(countedInWords);
  expect(said).toEqual(["1 Zeile", "212 Zeilen", "4 Dateien, 1 Ordner", "3 Treffer in 2 Dateien", "Exit-Code 1 nach 1,9 s", "Exit-Code 0", "Zeilen 3–40 von 86", "keine Ergebnisse", "25 Werkzeuge"]);
  expect(countedInWords("86 lines, 3 oddities")).toBeUndefined();
  await speak("en");
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

  it("has no text in the catalogue that nothing shows", () => {
    const sources: string[] = [];
    const read = (folder: string) => {
      for (const entry of readdirSync(folder, { withFileTypes: true })) {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) {
          if (path !== join(import.meta.dirname, "../src/i18n")) read(path);
        } else if (/\.tsx?$/.test(entry.name)) sources.push(readFileSync(path, "utf8"));
      }
    };
    read(join(import.meta.dirname, "../src"));
    const text = sources.join("\n");
    const named = new Set(text.match(/[\p{L}_$][\p{L}\d_$]*/gu));
    // Groups that are looked into by a value ("t.failure.codes[code]") are used as a whole.
    const byValue = new Set([...text.matchAll(/\.(\w+)\[/g)].map((match) => match[1] ?? ""));
    const unused = leaves(en)
      .map(([key]) => key.split("."))
      .filter((path) => !path.slice(0, -1).some((part) => byValue.has(part)))
      .filter((path) => !path.filter((part) => !/^\d+$/.test(part)).every((part) => named.has(part)));
    expect(unused.map((path) => path.join("."))).toEqual([]);
  });
});
