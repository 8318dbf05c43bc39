// What a tool or a receipt says in a few words ("212 lines", "exit 0 in 1.9 s"), in the language of
// the window. The engine says it in English; what is not known here stays as it is.

import { t } from "../i18n";
import { speaking } from "../i18n/language";
import { translated } from "../i18n/said";

type Noun = keyof typeof t.counted.nouns;

const NOUNS: Record<string, Noun> = {
  line: "lines",
  file: "files",
  folder: "folders",
  match: "matches",
  commit: "commits",
  result: "results",
  symbol: "symbols",
  place: "places",
  function: "functions",
  issue: "issues",
  package: "packages",
  definition: "definitions",
  import: "imports",
  tool: "tools",
  item: "items",
  byte: "bytes",
  character: "characters",
};

/** The summary in the window's words; undefined where a part of it is not known. */
export function countedInWords(summary: string): string | undefined {
  if (speaking.get().language === "en") return summary;
  return whole(summary) ?? translated(summary);
}

function whole(text: string): string | undefined {
  const exit = /^exit (-?\d+)(?: in ([\d.]+) s)?$/.exec(text);
  // How long it took stands beside it; less than a tenth of a second says nothing.
  if (exit) return exit[2] === undefined || Number(exit[2]) === 0 ? t.counted.exit({ code: exit[1] ?? "" }) : t.counted.exitIn({ code: exit[1] ?? "", seconds: Number(exit[2]) });
  const lines = /^lines (\d+)–(\d+) of (\d+)$/.exec(text);
  if (lines) return t.counted.linesOf({ first: lines[1] ?? "", last: lines[2] ?? "", all: lines[3] ?? "" });
  const within = /^(.+) in (.+)$/.exec(text);
  if (within) {
    const [what, where] = [piece(within[1] ?? ""), piece(within[2] ?? "")];
    return what && where ? t.counted.within({ what, where }) : undefined;
  }
  const parts = text.split(", ").map(piece);
  return parts.every((part) => part !== undefined) ? parts.join(", ") : undefined;
}

function piece(text: string): string | undefined {
  const [, number = "", word = ""] = /^(\d+) ([a-z]+)$/.exec(text) ?? [];
  const noun = NOUNS[word] ?? NOUNS[word.replace(/e?s$/, "")] ?? NOUNS[word.replace(/s$/, "")];
  return noun ? t.counted.nouns[noun]({ count: Number(number) }) : undefined;
}
