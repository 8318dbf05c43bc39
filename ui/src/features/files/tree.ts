// The project's tree as the rows that are visible, and how keys walk it. Pure.

import type { FileEntry } from "../../protocol/generated/FileEntry";

export interface TreeRow {
  entry: FileEntry;
  name: string;
  /** 1 at the root. */
  level: number;
  open: boolean;
}

/** `listed` gives a folder's entries where they are known. */
export function visible(listed: (path: string) => readonly FileEntry[] | undefined, open: ReadonlySet<string>): TreeRow[] {
  const out: TreeRow[] = [];
  const walk = (folder: string, level: number) => {
    for (const entry of listed(folder) ?? []) {
      const isOpen = entry.is_dir && open.has(entry.path);
      out.push({ entry, name: entry.path.slice(entry.path.lastIndexOf("/") + 1), level, open: isOpen });
      if (isOpen) walk(entry.path, level + 1);
    }
  };
  walk("", 1);
  return out;
}

export type Move = { kind: "to"; path: string } | { kind: "open" | "close"; path: string } | { kind: "enter"; path: string };

/** What a key does when `current` has the focus; undefined where it means nothing here. */
export function moveBy(key: string, rows: readonly TreeRow[], current: string | undefined): Move | undefined {
  const at = rows.findIndex((row) => row.entry.path === current);
  const row = rows[at];
  const to = (index: number): Move | undefined => {
    const path = rows[Math.min(rows.length - 1, Math.max(0, index))]?.entry.path;
    return path === undefined ? undefined : { kind: "to", path };
  };
  switch (key) {
    case "ArrowDown":
      return to(at + 1);
    case "ArrowUp":
      return to(at < 0 ? 0 : at - 1);
    case "Home":
      return to(0);
    case "End":
      return to(rows.length - 1);
    case "ArrowRight":
      if (!row?.entry.is_dir) return undefined;
      return row.open ? to(at + 1) : { kind: "open", path: row.entry.path };
    case "ArrowLeft": {
      if (row?.open) return { kind: "close", path: row.entry.path };
      const folder = row?.entry.path.slice(0, Math.max(0, row.entry.path.lastIndexOf("/")));
      return folder ? { kind: "to", path: folder } : undefined;
    }
    case "Enter":
    case " ":
      return row ? { kind: "enter", path: row.entry.path } : undefined;
    default: {
      if (key.length !== 1) return undefined;
      const letter = key.toLowerCase();
      const after = [...rows.slice(at + 1), ...rows.slice(0, Math.max(0, at))];
      const found = after.find((one) => one.name.toLowerCase().startsWith(letter));
      return found ? { kind: "to", path: found.entry.path } : undefined;
    }
  }
}

/** "src/a.rs:12" as what to look for and the line to go to. */
export function parseQuery(text: string): { query: string; line: number | undefined } {
  const match = /^(.*?):(\d+)$/.exec(text.trim());
  return match ? { query: match[1] ?? "", line: Number(match[2]) } : { query: text.trim(), line: undefined };
}
