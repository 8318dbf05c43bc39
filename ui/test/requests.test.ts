// Every request of the protocol is used by a screen, or is the terminal's on purpose.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const SRC = join(import.meta.dirname, "..", "src");
const TABLE = join(import.meta.dirname, "..", "..", "crates", "protocol", "src", "table.rs");

/** Asked by other clients alone, each with the reason. */
const ELSEWHERE: Record<string, string> = {
  "operation.get": "clients of the socket that follow one operation; the window folds the session's events",
  "operation.list": "the terminal's conversation; the window folds the session's events",
  "approval.list": "clients of the socket that come late; the window folds the session's events",
  "code.callers": "`mira callers`, with steps and a limit; the window's page of an element has them in `code.element`",
  "code.callees": "`mira callees`; as the callers",
  "code.tests": "`mira tests`; as the callers",
  "checkpoint.get": "`mira checkpoints show`; the window shows an operation's changes",
};

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "generated" ? [] : sources(path);
    return /\.tsx?$/.test(entry.name) ? [readFileSync(path, "utf8")] : [];
  });
}

describe("the requests of the protocol", () => {
  const methods = [...readFileSync(TABLE, "utf8").matchAll(/^ {4}"([a-z_]+\.[a-z_]+)" =>/gm)].map((match) => match[1] ?? "");
  const text = sources(SRC).join("\n");
  const used = (method: string) => {
    const [family = "", name = ""] = method.split(".");
    // "operation.undo" and "operation.redo" are asked by their direction.
    if (["undo", "redo"].includes(name)) return text.includes(`\`${family}.\${direction}\``);
    return new RegExp(`(?:\\.call(?:<[^>]*>)?|useRequest)\\(\\s*"${family}\\.${name}"`).test(text);
  };

  it("are each asked by a screen, or named here as another client's", () => {
    expect(methods.length).toBeGreaterThan(100);
    expect(methods.filter((method) => !used(method) && !(method in ELSEWHERE))).toEqual([]);
  });

  it("named as another client's are real", () => {
    expect(Object.keys(ELSEWHERE).filter((method) => !methods.includes(method))).toEqual([]);
  });
});
