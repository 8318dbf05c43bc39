// The review's pure parts: rows, trees, places, colours.

import { describe, expect, it } from "vitest";
import { byLine, Colours, CHUNK, type ColourRequest, type Colour } from "../src/components/colours";
import { highlight } from "../src/components/highlight";
import { cuts } from "../src/components/LineText";
import { wordMarks } from "../src/components/wordMarks";
import { commandOf } from "../src/features/changes/keys";
import { movedFile, ofGit, ofOperation, ofSession, pathsOf, steps, tree } from "../src/features/changes/model";
import { placeOf, quoteOf, rows, type Row, type RowOptions } from "../src/features/changes/rows";
import type { Comment } from "../src/protocol/generated/Comment";
import type { FileChange } from "../src/protocol/generated/FileChange";
import type { Hunk } from "../src/protocol/generated/Hunk";
import { isRemote } from "../src/protocol/editor";

const hunk = (id: string, old_start: number, new_start: number, ...lines: string[]): Hunk => {
  const parsed = lines.map((line) => ({
    kind: line.startsWith("+") ? ("added" as const) : line.startsWith("-") ? ("removed" as const) : ("context" as const),
    text: line.slice(1),
  }));
  const count = (kind: string) => parsed.filter((line) => line.kind === kind || line.kind === "context").length;
  return { id, old_start, old_lines: count("removed"), new_start, new_lines: count("added"), mark: "pending", lines: parsed };
};

const file = (path: string, part: Partial<FileChange> = {}): FileChange => ({
  path,
  change: "modified",
  additions: 1,
  deletions: 1,
  binary: false,
  mark: "pending",
  hunks: [],
  too_large: false,
  edited_since: false,
  undone: false,
  ...part,
});

const two = file("a.rs", {
  hunks: [hunk("1", 10, 10, " ten", "-old", "+new", "+more"), hunk("2", 30, 31, " thirty", "-gone")],
  after: { kind: "file", size_bytes: 1, lines: 40 },
});
const set = ofOperation({ operation_id: "op", undone: false, files: [two], not_covered: [], pruned: false });
const options: RowOptions = { split: false, folded: new Set(), unfolded: new Map(), comments: [], draft: undefined };

const sketch = (all: Row[]) =>
  all.map((row) => {
    if (row.kind === "gap") return `gap ${row.gap.before}/${row.gap.after} ${row.gap.count}`;
    if (row.kind === "line") return `${row.cell.before ?? ""}|${row.cell.after ?? ""} ${row.cell.text}`;
    if (row.kind === "pair") return `${row.left?.text ?? ""}<>${row.right?.text ?? ""}`;
    return row.kind;
  });

describe("rows", () => {
  it("number lines and count what lies between hunks", () => {
    expect(sketch(rows(set, options))).toEqual([
      "file",
      "gap 1/1 9",
      "hunk",
      "10|10 ten",
      "11| old",
      "|11 new",
      "|12 more",
      "gap 12/13 18",
      "hunk",
      "30|31 thirty",
      "31| gone",
      "gap 32/32 9",
    ]);
  });

  it("stand side by side, changed lines beside what replaced them", () => {
    expect(sketch(rows(set, { ...options, split: true })).slice(3, 6)).toEqual(["ten<>ten", "old<>new", "<>more"]);
  });

  it("show what was unfolded at both ends of a gap, and the rest as a gap", () => {
    const unfolded = new Map([["a.rs\n13", { top: ["12th", "13th"], bottom: ["29th"] }]]);
    expect(sketch(rows(set, { ...options, unfolded })).slice(7, 11)).toEqual(["12|13 12th", "13|14 13th", "gap 14/15 15", "29|30 29th"]);
  });

  it("hold remarks below their last line, and below everything where that is not shown", () => {
    const comment = (id: string, side: "before" | "after", line: number, end_line = line): Comment => ({
      id,
      session_id: "s",
      operation_id: null,
      path: "a.rs",
      side,
      line,
      end_line,
      quote: "",
      text: "",
      created_at: 0,
      updated_at: 0,
    });
    const comments = [comment("1", "after", 11, 12), comment("2", "before", 11), comment("3", "after", 2)];
    const all = rows(set, { ...options, comments });
    const at = (id: string) => all.findIndex((row) => row.kind === "comment" && row.comment.id === id);
    expect(sketch(all)[at("1") - 1]).toBe("|12 more");
    expect(sketch(all)[at("2") - 1]).toBe("11| old");
    expect(at("3")).toBe(all.length - 1);
    expect(rows(set, { ...options, comments, folded: new Set(["a.rs"]) })).toHaveLength(1);
  });

  it("name places on the new side where there is one, and quote what is there", () => {
    const all = rows(set, options);
    const removed = all.find((row) => row.kind === "line" && row.cell.text === "old");
    const added = all.find((row) => row.kind === "line" && row.cell.text === "new");
    if (!removed || !added) throw new Error("no such rows");
    expect(placeOf(removed)).toEqual({ path: "a.rs", side: "before", line: 11 });
    expect(placeOf(added)).toEqual({ path: "a.rs", side: "after", line: 11 });
    expect(quoteOf(all, { path: "a.rs", side: "after", line: 10 }, 12)).toBe("ten\nnew\nmore");
  });

  it("are made of ten thousand lines within a frame or so", () => {
    const lines = Array.from({ length: 10_000 }, (_, index) => `+line ${index}`);
    const large = ofOperation({ operation_id: "op", undone: false, not_covered: [], pruned: false, files: [file("big.rs", { change: "created", hunks: [hunk("1", 0, 1, ...lines)] })] });
    rows(large, options);
    const began = performance.now();
    expect(rows(large, options)).toHaveLength(10_002);
    expect(performance.now() - began).toBeLessThan(200);
  });
});

describe("what is reviewed", () => {
  it("takes a moved file as one, whose decisions mean both paths", () => {
    const moved = file("new.rs", { change: "created", renamed_from: "old.rs" });
    const gone = file("old.rs", { change: "deleted", renamed_to: "new.rs" });
    const files = ofOperation({ operation_id: "op", undone: false, files: [moved, gone], not_covered: [], pruned: false }).files;
    expect(files.map((one) => one.change.path)).toEqual(["new.rs"]);
    expect(pathsOf(moved)).toEqual(["new.rs", "old.rs"]);
  });

  it("decides hunks of one operation, whole files of several, and nothing of git", () => {
    const session = ofSession({
      session_id: "s",
      operations: [],
      files: [
        { ...two, operations: ["op1"] },
        { ...two, path: "b.rs", operations: ["op1", "op2"] },
      ],
    });
    expect(session.files.map((one) => one.decides)).toEqual(["hunks", "file"]);
    expect(session.files[1]?.before).toEqual({ at: "before", operation_id: "op1" });
    expect(session.files[1]?.after).toEqual({ at: "after", operation_id: "op2" });
    expect(steps(session).map((step) => step.hunk)).toEqual(["1", "2", undefined]);
    expect(ofGit({ files: [two], truncated: true })).toMatchObject({ truncated: true, files: [{ decides: "nothing" }] });
  });

  it("walks from file to file", () => {
    const all = steps(ofOperation({ operation_id: "op", undone: false, files: [two, file("b.rs"), file("c.rs")], not_covered: [], pruned: false }));
    expect(movedFile(all, undefined, 1)).toBe("a.rs\n1");
    expect(movedFile(all, "a.rs\n1", 1)).toBe("b.rs");
    expect(movedFile(all, "a.rs\n2", -1)).toBe("a.rs\n1");
    expect(movedFile(all, "b.rs", -1)).toBe("a.rs\n1");
    expect(movedFile(all, "c.rs", 1)).toBe("c.rs");
  });

  it("stands in a tree, lonely folders in one line, folders first", () => {
    const files = ["src/deep/er/x.rs", "src/deep/er/a.rs", "README.md", "a/b.rs"].map((path) => file(path));
    const nodes = tree(ofGit({ files, truncated: false }).files);
    expect(nodes.map((node) => node.name)).toEqual(["a", "src/deep/er", "README.md"]);
    expect(nodes[1]?.children.map((node) => node.name)).toEqual(["a.rs", "x.rs"]);
  });
});

describe("keys", () => {
  it("mean commands, with capital letters and arrows told apart", () => {
    const key = (name: string, part = {}) => commandOf({ key: name, shiftKey: false, ctrlKey: false, metaKey: false, altKey: false, ...part });
    expect(key("j")).toBe("next");
    expect(key("J", { shiftKey: true })).toBe("next file");
    expect(key("ArrowDown", { shiftKey: true })).toBe("lines down");
    expect(key("y", { ctrlKey: true })).toBeUndefined();
    expect(key("constructor")).toBeUndefined();
  });
});

describe("lines in colour", () => {
  it("are cut at every border of colour and mark", () => {
    expect(cuts("let old = 1;", [[0, 3, "k"], [10, 11, "n"]], [[4, 7]])).toEqual([
      { text: "let", names: "k", marked: false },
      { text: " ", names: "", marked: false },
      { text: "old", names: "", marked: true },
      { text: " = ", names: "", marked: false },
      { text: "1", names: "n", marked: false },
      { text: ";", names: "", marked: false },
    ]);
  });

  it("keep a colour that goes over several lines", () => {
    const tree = highlight("/* a\nb */ fn x() {}", "rust");
    if (!tree) throw new Error("no grammar");
    const lines = byLine(tree);
    expect(lines[0]).toEqual([[0, 4, "hljs-comment"]]);
    expect(lines[1]?.[0]).toEqual([0, 4, "hljs-comment"]);
    expect(lines[1]?.some(([, , names]) => names.includes("hljs-keyword"))).toBe(true);
  });

  it("are asked for once a chunk, and told when they are there", () => {
    const asked: [ColourRequest, (lines: Colour[][]) => void][] = [];
    const colours = new Colours((request, done) => {
      asked.push([request, done]);
    });
    let told = 0;
    colours.subscribe(() => {
      told += 1;
    });
    const owner = {};
    const texts = Array.from({ length: CHUNK + 5 }, () => "x");
    expect(colours.line(owner, () => texts, 3, "rust")).toBeUndefined();
    expect(colours.line(owner, () => texts, 4, "rust")).toBeUndefined();
    expect(colours.line(owner, () => texts, CHUNK + 1, "rust")).toBeUndefined();
    expect(asked.map(([request]) => request.lines.length)).toEqual([CHUNK, 5]);
    asked[1]?.[1]([[], [[0, 1, "hljs-keyword"]]]);
    expect(told).toBe(1);
    expect(colours.line(owner, () => texts, CHUNK + 1, "rust")).toEqual([[0, 1, "hljs-keyword"]]);
  });

  it("mark words that differ, and nothing in lines that have little in common", () => {
    expect(wordMarks("a = old;", "a = new;")).toEqual({ old: [[4, 7]], fresh: [[4, 7]] });
    expect(wordMarks("abc", "xyz")).toBeUndefined();
  });
});

describe("the editor's screen", () => {
  it("is elsewhere for a page that came over the network", () => {
    expect(isRemote("browser", "build.example.org")).toBe(true);
    expect(isRemote("browser", "127.0.0.1")).toBe(false);
    expect(isRemote("window", "tauri.localhost")).toBe(false);
  });
});
