// What can stand behind an @ in a message, and which words of a text mean something.

import type { CodeElement } from "../../protocol/generated/CodeElement";
import type { Commit } from "../../protocol/generated/Commit";
import type { DraftMention } from "../../protocol/generated/DraftMention";
import type { FileEntry } from "../../protocol/generated/FileEntry";
import type { Fragment } from "../../protocol/generated/Fragment";
import type { Mention } from "../../protocol/generated/Mention";
import type { Session } from "../../protocol/generated/Session";

export type Group = "file" | "symbol" | "session" | "commit" | "command";

export interface Option {
  key: string;
  group: Group;
  /** What is put into the text. */
  word: string;
  title: string;
  detail: string;
  mention: Mention | undefined;
}

export type Wanted = { kind: "mention" | "command"; query: string; from: number };

/** What the word before the caret asks to complete. */
export function wantedAt(text: string, caret: number): Wanted | undefined {
  const before = text.slice(0, caret);
  const command = /^\/([\w:-]*)$/.exec(before);
  if (command) return { kind: "command", query: command[1] ?? "", from: 0 };
  const mention = /(?:^|[\s(])@([^\s@]*)$/.exec(before);
  if (mention) return { kind: "mention", query: mention[1] ?? "", from: caret - (mention[1]?.length ?? 0) - 1 };
  return undefined;
}

/** Which groups a query asks for: "session:par" only sessions. */
export function narrowed(query: string): { group: Group | undefined; query: string } {
  const match = /^(session|commit|file|symbol):(.*)$/.exec(query);
  return match ? { group: match[1] as Group, query: match[2] ?? "" } : { group: undefined, query };
}

/** Files that fit, and the folders on the way to them whose own path fits. */
export function fileOptions(entries: readonly FileEntry[], query: string): Option[] {
  const files = entries.filter((entry) => !entry.is_dir).map((entry) => option("file", `@${entry.path}`, entry.path, "", { kind: "file", path: entry.path }));
  const wanted = query.toLowerCase().replace(/\/$/, "");
  const folders = new Set<string>();
  for (const entry of entries) {
    const parts = entry.path.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join("/");
      const name = parts[depth - 1]?.toLowerCase() ?? "";
      if (wanted && (folder.toLowerCase().endsWith(wanted) || name.startsWith(wanted))) folders.add(folder);
    }
  }
  const named = [...folders].slice(0, 3).map((path) => option("file", `@${path}/`, `${path}/`, "", { kind: "folder", path }));
  return [...named, ...files];
}

/** Elements of the code; the file stands in the word only where the name alone could be another's. */
export function symbolOptions(elements: readonly CodeElement[]): Option[] {
  const options = elements.map((element) => {
    const name = element.qualified_name;
    const shared = elements.some((other) => other.id !== element.id && other.qualified_name === name);
    const word = shared ? `@symbol:${element.path}#${name}` : `@symbol:${name}`;
    return option("symbol", word, name, `${element.path}:${element.start_line}`, { kind: "symbol", path: element.path, name });
  });
  // A name with a gap in it is no word of a text.
  const known = new Set<string>();
  return options.filter(({ word }) => !/\s/.test(word) && !known.has(word) && known.add(word));
}

export function sessionOptions(sessions: readonly Session[], query: string, current: string | undefined): Option[] {
  return sessions
    .filter((session) => session.id !== current && session.name.toLowerCase().includes(query.toLowerCase()))
    .map((session) => option("session", `@session:${slug(session.name || session.id)}`, session.name, "", { kind: "session", session_id: session.id }));
}

export function commitOptions(commits: readonly Commit[], query: string): Option[] {
  const wanted = query.toLowerCase();
  return commits
    .filter((commit) => commit.hash.startsWith(wanted) || commit.subject.toLowerCase().includes(wanted))
    .map((commit) =>
      option("commit", `@commit:${commit.hash.slice(0, 8)}`, commit.subject, commit.hash.slice(0, 8), { kind: "commit", commit: commit.hash }),
    );
}

function option(group: Group, word: string, title: string, detail: string, mention: Mention): Option {
  return { key: `${group} ${word}`, group, word, title, detail, mention };
}

function slug(name: string): string {
  const plain = name
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-|-$/g, "");
  return plain.slice(0, 40) || "session";
}

/** Mentions whose word the text still has, each once. */
export function mentionedIn(text: string, known: readonly DraftMention[]): DraftMention[] {
  const seen = new Set<string>();
  return known.filter(({ word }) => {
    if (seen.has(word) || !has(text, word)) return false;
    seen.add(word);
    return true;
  });
}

/** The mentions of a message that was sent, with the words of it that stood for them. */
export function mentionsOf(content: string, fragments: readonly Fragment[]): DraftMention[] {
  const sessions = [...content.matchAll(/(?:^|[\s(])(@session:[\p{L}\p{N}-]+)/gu)].map((match) => match[1] ?? "");
  return fragments.flatMap(({ mention }): DraftMention[] => {
    switch (mention.kind) {
      case "file":
        return [{ word: `@${mention.path}`, mention }];
      case "folder":
        return [{ word: `@${mention.path.replace(/\/$/, "")}/`, mention }];
      case "commit":
        return [{ word: `@commit:${mention.commit.slice(0, 8)}`, mention }];
      case "session":
        // Its name may have changed since; they stand in the order in which they were written.
        return [{ word: sessions.shift() ?? `@session:${mention.session_id}`, mention }];
      case "symbol": {
        const long = `@symbol:${mention.path}#${mention.name}`;
        return [{ word: has(content, long) ? long : `@symbol:${mention.name}`, mention }];
      }
      case "related":
        // It comes by itself.
        return [];
    }
  });
}

function has(text: string, word: string): boolean {
  const plain = word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(^|[\\s(])${plain}(?=$|[\\s,;:!?)]|\\.(?:\\s|$))`).test(text);
}
