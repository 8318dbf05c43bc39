// What a code block says about the file that it is meant for.

import type { CodeToApply } from "../../components/Code";
import type { Transcript } from "./transcript";

export function isPatch(block: CodeToApply): boolean {
  return (block.language === "diff" || block.language === "patch" || block.language === undefined) && /^@@ /m.test(block.code);
}

/** A path that stands in the block itself: in a difference's head, or in a comment on its first line. */
export function pathOf(block: CodeToApply): string | undefined {
  if (isPatch(block)) {
    const named = /^\+\+\+ (?:b\/)?(\S+)/m.exec(block.code)?.[1];
    return named === "/dev/null" ? undefined : named;
  }
  const first = block.code.split("\n", 1)[0] ?? "";
  return /^(?:\/\/|#|--|;|<!--|\/\*)\s*((?:[\w.@-]+\/)*[\w.@-]+\.\w+)\s*(?:-->|\*\/)?$/.exec(first)?.[1];
}

/** Paths that the last operations changed or read, newest first. */
export function likelyPaths(transcript: Transcript): string[] {
  const paths = new Set<string>();
  const { items } = transcript;
  for (let at = items.length - 1; at >= Math.max(0, items.length - 80); at -= 1) {
    const item = items[at];
    if (item?.kind !== "tool") continue;
    for (const change of item.changes) paths.add(change.path);
    const args = item.arguments;
    if (typeof args === "object" && args !== null && !Array.isArray(args) && typeof args["path"] === "string") paths.add(args["path"]);
  }
  return [...paths];
}

/** Code blocks of the newest answer that has one, in order. */
export function codeBlocks(transcript: Transcript): CodeToApply[] {
  const { items } = transcript;
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const item = items[at];
    if (item?.kind !== "assistant") continue;
    const found = [...item.text.matchAll(/^(`{3,}|~{3,})([^\n]*)\n([\s\S]*?)\n?\1[ \t]*$/gm)];
    if (found.length > 0) {
      return found.map((match) => ({ language: /^\s*([\w+#-]+)/.exec(match[2] ?? "")?.[1], code: match[3] ?? "" }));
    }
  }
  return [];
}
