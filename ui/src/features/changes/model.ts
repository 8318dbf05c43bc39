// What is reviewed, whatever it comes from: one operation, a whole session, or git. Pure.

import type { ChangeSet } from "../../protocol/generated/ChangeSet";
import type { FileChange } from "../../protocol/generated/FileChange";
import type { FileVersion } from "../../protocol/generated/FileVersion";
import type { GitChanges } from "../../protocol/generated/GitChanges";
import type { ReviewMark } from "../../protocol/generated/ReviewMark";
import type { SessionChanges } from "../../protocol/generated/SessionChanges";

export type Scope = { kind: "operation"; operationId: string } | { kind: "session" } | { kind: "git" };

export interface ReviewFile {
  change: FileChange;
  /** Those that changed it, oldest first; none: git. */
  operations: readonly string[];
  /** What can be decided about it. */
  decides: "hunks" | "file" | "nothing";
  before: FileVersion;
  after: FileVersion;
  /** Its contents were removed to save space. */
  pruned?: boolean;
}

export interface ReviewSet {
  files: readonly ReviewFile[];
  /** The operation that undo and redo mean. */
  operationId: string | undefined;
  undone: boolean;
  notCovered: readonly string[];
  /** The contents were removed to save space: what changed is named, not shown. */
  pruned: boolean;
  truncated: boolean;
}

export function ofOperation(changes: ChangeSet): ReviewSet {
  const operation_id = changes.operation_id;
  return {
    files: shown(changes.files).map((change) => ({
      change,
      operations: [operation_id],
      decides: change.undone || changes.pruned ? "nothing" : "hunks",
      before: { at: "before", operation_id },
      after: { at: "after", operation_id },
      pruned: changes.pruned ?? false,
    })),
    operationId: operation_id,
    undone: changes.undone,
    notCovered: changes.not_covered,
    pruned: changes.pruned ?? false,
    truncated: false,
  };
}

export function ofSession(changes: SessionChanges): ReviewSet {
  const operations = new Map(changes.files.map((file) => [file.path, file.operations]));
  return {
    files: shown(changes.files).map((change) => {
      const ids = operations.get(change.path) ?? [];
      return {
        change,
        operations: ids,
        decides: ids.length > 1 ? "file" : "hunks",
        before: { at: "before", operation_id: ids[0] ?? "" },
        after: { at: "after", operation_id: ids.at(-1) ?? "" },
      };
    }),
    operationId: undefined,
    undone: changes.files.length === 0 && changes.operations.length > 0,
    notCovered: [],
    pruned: false,
    truncated: false,
  };
}

export function ofGit(changes: GitChanges): ReviewSet {
  return {
    files: shown(changes.files).map((change) => ({
      change,
      operations: [],
      decides: "nothing",
      before: { at: "head" },
      after: { at: "disk" },
    })),
    operationId: undefined,
    undone: false,
    notCovered: [],
    pruned: false,
    truncated: changes.truncated,
  };
}

/** A moved file is one file: the line of its old path is left out. In the order of the tree. */
function shown(files: readonly FileChange[]): FileChange[] {
  const paths = new Set(files.map((file) => file.path));
  return files.filter((file) => !(file.renamed_to && paths.has(file.renamed_to))).sort((a, b) => byTree(a.path, b.path));
}

/** Folders before files, each by name. */
function byTree(left: string, right: string): number {
  const [a, b] = [left.split("/"), right.split("/")];
  for (let at = 0; at < Math.min(a.length, b.length); at += 1) {
    const files = Number(at === a.length - 1) - Number(at === b.length - 1);
    if (a[at] !== b[at]) return files || (a[at] ?? "").localeCompare(b[at] ?? "");
  }
  return a.length - b.length;
}

/** The paths that a decision about the whole file is about. */
export function pathsOf(file: FileChange): string[] {
  return file.renamed_from ? [file.path, file.renamed_from] : [file.path];
}

/** One thing to decide: a hunk, or a file that has none. */
export interface Step {
  key: string;
  path: string;
  hunk: string | undefined;
  mark: ReviewMark;
}

export function steps(set: ReviewSet): Step[] {
  return set.files.flatMap(({ change, decides }): Step[] =>
    change.hunks.length === 0 || decides === "file"
      ? [{ key: stepKey(change.path, undefined), path: change.path, hunk: undefined, mark: change.mark }]
      : change.hunks.map((hunk) => ({ key: stepKey(change.path, hunk.id), path: change.path, hunk: hunk.id, mark: hunk.mark })),
  );
}

export function stepKey(path: string, hunk: string | undefined): string {
  return hunk === undefined ? path : `${path}\n${hunk}`;
}

/** The step `by` places further, staying inside the list. */
export function moved(all: readonly Step[], current: string | undefined, by: number): string | undefined {
  if (all.length === 0) return undefined;
  const at = all.findIndex((step) => step.key === current);
  if (at < 0) return (by > 0 ? all[0] : all.at(-1))?.key;
  return all[Math.min(all.length - 1, Math.max(0, at + by))]?.key;
}

/** The first step of the next file (`by` 1), or of this file, then of the one before (`by` -1). */
export function movedFile(all: readonly Step[], current: string | undefined, by: 1 | -1): string | undefined {
  const at = all.findIndex((step) => step.key === current);
  if (at < 0) return (by > 0 ? all[0] : all.at(-1))?.key;
  const path = all[at]?.path;
  if (by > 0) return all.slice(at).find((step) => step.path !== path)?.key ?? current;
  const first = all.findIndex((step) => step.path === path);
  if (first < at) return all[first]?.key;
  const before = all[first - 1]?.path;
  return before === undefined ? current : all.find((step) => step.path === before)?.key;
}

/** After a decision: the next undecided step, else the one that was decided. */
export function nextPending(all: readonly Step[], current: string): string {
  const at = all.findIndex((step) => step.key === current);
  const rest = [...all.slice(at + 1), ...all.slice(0, Math.max(0, at))];
  return rest.find((step) => step.mark === "pending")?.key ?? current;
}

export function progress(all: readonly Step[]): { done: number; of: number } {
  return { done: all.filter((step) => step.mark !== "pending").length, of: all.length };
}

/** One request of "keep all": a whole file, or a hunk where others of its file are decided already. */
export interface ToKeep {
  file: ReviewFile;
  hunk: string | undefined;
}

/** What is undecided; what was decided, a rejection too, stays as it is. */
export function undecided(set: ReviewSet): ToKeep[] {
  return set.files.flatMap((file): ToKeep[] => {
    const { hunks, mark } = file.change;
    if (file.decides === "nothing") return [];
    const open = hunks.filter((hunk) => hunk.mark === "pending");
    if (file.decides === "file" || hunks.length === 0) return mark === "pending" ? [{ file, hunk: undefined }] : [];
    if (open.length === hunks.length) return [{ file, hunk: undefined }];
    return open.map((hunk) => ({ file, hunk: hunk.id }));
  });
}

/** A file's state for its heading: one word where its hunks agree. */
export function fileMark(file: FileChange): ReviewMark {
  if (file.hunks.length === 0) return file.mark;
  const first = file.hunks[0]?.mark ?? "pending";
  return file.hunks.every((hunk) => hunk.mark === first) ? first : "pending";
}

/** Lines in all. */
export function figures(set: ReviewSet): { additions: number; deletions: number } {
  return set.files.reduce(
    (sum, { change }) => ({ additions: sum.additions + change.additions, deletions: sum.deletions + change.deletions }),
    { additions: 0, deletions: 0 },
  );
}

export interface TreeNode {
  /** A folder with its whole path, or a file's path. */
  path: string;
  name: string;
  file: ReviewFile | undefined;
  children: TreeNode[];
}

/** Files below their folders; folders that hold one folder only stand in one line. */
export function tree(files: readonly ReviewFile[]): TreeNode[] {
  const root: TreeNode = { path: "", name: "", file: undefined, children: [] };
  for (const file of files) {
    const parts = file.change.path.split("/").filter(Boolean);
    let at = root;
    parts.forEach((name, index) => {
      const path = parts.slice(0, index + 1).join("/");
      if (index === parts.length - 1) {
        at.children.push({ path: file.change.path, name, file, children: [] });
        return;
      }
      let next = at.children.find((child) => !child.file && child.path === path);
      if (!next) at.children.push((next = { path, name, file: undefined, children: [] }));
      at = next;
    });
  }
  return ordered(root.children.map(joined));
}

function joined(node: TreeNode): TreeNode {
  if (node.file) return node;
  const [only, ...others] = node.children;
  if (only && others.length === 0 && !only.file) return joined({ ...only, name: `${node.name}/${only.name}` });
  return { ...node, children: ordered(node.children.map(joined)) };
}

/** Folders first, each by name. */
function ordered(nodes: TreeNode[]): TreeNode[] {
  return [...nodes].sort((a, b) => Number(a.file !== undefined) - Number(b.file !== undefined) || a.name.localeCompare(b.name));
}
