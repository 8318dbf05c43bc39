// The review: what was done to files, hunk by hunk; what is rejected leaves the disk. Beside the
// conversation, or large over it.

import { Check, Copy, FileDiff, Redo2, Undo2 } from "lucide-react";
import { useCallback, useEffect, useMemo, useRef, useState, type KeyboardEvent } from "react";
import { Button } from "../../components/Button";
import { useStore } from "../../components/store";
import { copyText, Empty, FailureCard, Waiting } from "../../components/states";
import { ToastPlace, useToasts } from "../../components/toasts";
import { useWidth } from "../../components/useWidth";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import { told } from "../../protocol/told";
import { useEditor } from "../../protocol/editor";
import { useClient } from "../../protocol/queries";
import { Conflicts } from "./Conflicts";
import { FileTree } from "./FileTree";
import { reviewHabits, type ChangesProps } from "./habits";
import { Head } from "./Head";
import { commandOf, type Command } from "./keys";
import { moved, movedFile, nextPending, progress, stepKey, steps, type ReviewFile, type ReviewSet, type Scope } from "./model";
import { PrunedNote } from "./Pruned";
import { ReviewList, type ListHandle } from "./ReviewList";
import { RowContext, shownPlace, type RowActions } from "./rowContext";
import { placeOf, rows as rowsOf, type Row } from "./rows";
import { SendBar } from "./SendBar";
import { useComments, type Comments } from "./useComments";
import { useReview, type Review } from "./useReview";
import { useUnfolded } from "./useUnfolded";
import "./changes.css";

/** From this width on two columns of code can be read, in pixels. */
const SPLIT_FROM = 760;
/** From this width on the files stand beside their lines. */
const TREE_FROM = 860;

export function ChangesPanel(props: ChangesProps) {
  const { targets, selected } = props;
  const habit = useStore(reviewHabits);
  const operationId = targets.some((target) => target.operationId === selected) ? selected : targets[0]?.operationId;
  const kinds: Scope["kind"][] = [...(operationId ? (["operation", "session"] as const) : []), ...(props.isGit ? (["git"] as const) : [])];
  const kind = kinds.includes(habit.scope) ? habit.scope : kinds[0];
  const scope = useMemo<Scope | undefined>(
    () => (kind === "operation" ? (operationId ? { kind, operationId } : undefined) : kind ? { kind } : undefined),
    [kind, operationId],
  );
  const review = useReview(scope, props.sessionId, props.projectId);
  if (!scope) {
    return (
      <Empty icon={<FileDiff size={22} className="quiet" aria-hidden="true" />} title={t.changes.none}>
        {t.changes.noneHint}
      </Empty>
    );
  }
  const head = <Head {...props} scope={scope} kinds={kinds} onScope={(next) => { reviewHabits.set({ scope: next }); }} />;
  if (review.error && !review.set) {
    return (
      <div className="review">
        <div className="review-head">{head}</div>
        <FailureCard failure={asFailure(review.error)} />
      </div>
    );
  }
  if (!review.set) return <Waiting what={t.common.loading} />;
  const name = scope.kind === "operation" ? scope.operationId : scope.kind;
  return <Reviewing key={name} {...props} scope={scope} review={review} set={review.set} head={head} />;
}

function Reviewing(props: ChangesProps & { scope: Scope; review: Review; set: ReviewSet; head: React.ReactNode }) {
  const { review, set, scope, large, projectId, onOpenFile } = props;
  const { trouble } = review;
  const habit = useStore(reviewHabits);
  const panel = useRef<HTMLDivElement>(null);
  const list = useRef<ListHandle>(null);
  const width = useWidth(panel);
  const canSplit = width >= SPLIT_FROM;
  const split = habit.split && canSplit;
  const showTree = habit.tree && width >= TREE_FROM;
  const [folded, setFolded] = useState<ReadonlySet<string>>(() => new Set());
  const unfolded = useUnfolded(projectId);
  const comments = useComments(set, props.sessionId, props.ensureSession);
  const openInEditor = useOpenInEditor(projectId);

  const all = useMemo(() => steps(set), [set]);
  const { draft } = comments;
  const rows = useMemo(
    () =>
      rowsOf(set, {
        split,
        folded,
        unfolded: unfolded.lines,
        comments: comments.list,
        draft: draft ? { path: draft.place.path, side: draft.place.side, endLine: draft.endLine } : undefined,
      }),
    [set, split, folded, unfolded.lines, comments.list, draft],
  );
  const [current, setStep] = useState<string | undefined>(undefined);
  const cursor = useCursor(rows);
  const { done, of } = progress(all);
  const { setCursor } = cursor;

  const setCurrent = useCallback(
    (step: string | undefined, show = false) => {
      setStep(step);
      setCursor(undefined, undefined);
      if (step && show) requestAnimationFrame(() => list.current?.show(rowOfStep(step)));
    },
    [setCursor],
  );

  const fold = useCallback((path: string) => {
    setFolded((before) => {
      const after = new Set(before);
      if (!after.delete(path)) after.add(path);
      return after;
    });
  }, []);

  const beginComment = useCallback(
    (row: Row, endRow = row) => {
      const place = placeOf(row);
      const end = placeOf(endRow);
      if (!place) return;
      comments.begin(place, end?.path === place.path && end.side === place.side ? Math.max(place.line, end.line) : place.line);
    },
    [comments],
  );

  const actions = useMemo<RowActions>(
    () => ({
      projectId,
      current,
      marked: cursor.marked,
      editor: openInEditor.name,
      setCurrent,
      setCursor: (row, extend) => {
        panel.current?.focus();
        setCursor(row.key, extend ? cursor.anchor : undefined);
      },
      fold,
      decide: (file, hunk, mark) => void review.decide(file, hunk, mark),
      unfold: (file, gap, part) => void unfolded.unfold(file, gap, part),
      openFile: onOpenFile,
      openInEditor: openInEditor.open,
      beginComment,
      saveDraft: async (text) => {
        const saved = await comments.add(text, rows);
        if (saved) panel.current?.focus();
        return saved;
      },
      dismissDraft: () => {
        comments.dismiss();
        panel.current?.focus();
      },
      draftLabel: draft ? t.changes.commentOn({ place: shownPlace(draft.place, draft.endLine) }) : "",
      draftKey: comments.draftKey,
      editComment: comments.edit,
      removeComment: (id) => void comments.remove(id),
      showOperation: props.onSelect,
    }),
    [projectId, current, cursor, openInEditor, setCurrent, setCursor, fold, review, unfolded, onOpenFile, beginComment, comments, rows, draft, props.onSelect],
  );

  const run = (command: Command): boolean => {
    const step = all.find((one) => one.key === current);
    const file = set.files.find((one) => one.change.path === (step?.path ?? cursor.row?.file.change.path));
    const mark = (value: "kept" | "rejected" | "pending") => {
      if (!step || !file || file.decides === "nothing") return;
      void review.decide(file, step.hunk, value);
      if (value !== "pending") setCurrent(nextPending(all, step.key), true);
    };
    const line = (by: 1 | -1, extend: boolean) => {
      const next = cursor.move(by, current ? rowOfStep(current) : undefined);
      if (!next) return;
      setCursor(next.key, extend ? (cursor.anchor ?? cursor.row?.key ?? next.key) : undefined);
      if ((next.kind === "line" || next.kind === "pair") && next.hunk) setStep(next.file.decides === "file" ? stepKey(next.file.change.path, undefined) : stepKey(next.file.change.path, next.hunk.id));
      requestAnimationFrame(() => list.current?.show(next.key));
    };
    switch (command) {
      case "next":
        setCurrent(moved(all, current, 1), true);
        break;
      case "previous":
        setCurrent(moved(all, current, -1), true);
        break;
      case "next file":
        setCurrent(movedFile(all, current, 1), true);
        break;
      case "previous file":
        setCurrent(movedFile(all, current, -1), true);
        break;
      case "keep":
        mark("kept");
        break;
      case "reject":
        mark("rejected");
        break;
      case "undecided":
        mark("pending");
        break;
      case "keep all":
        if (!review.busy && !set.pruned) void review.keepAll();
        break;
      case "turn all":
        if (scope.kind === "operation") void review.turn(set.undone ? "redo" : "undo");
        break;
      case "fold":
        if (file) fold(file.change.path);
        break;
      case "unfold":
        for (const row of around(rows, current)) void unfolded.unfold(row.file, row.gap, row.part);
        break;
      case "split":
        if (canSplit) reviewHabits.set({ split: !habit.split });
        break;
      case "comment": {
        const [from, to] = cursor.range ?? firstChanged(rows, current);
        if (from && to) beginComment(from, to);
        break;
      }
      case "editor": {
        const [row] = cursor.range ?? firstChanged(rows, current);
        if (row) openInEditor.open(row.file.change.path, placeOf(row)?.line);
        break;
      }
      case "line down":
        line(1, false);
        break;
      case "line up":
        line(-1, false);
        break;
      case "lines down":
        line(1, true);
        break;
      case "lines up":
        line(-1, true);
        break;
    }
    return true;
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const command = commandOf(event);
    // A button keeps its own keys, and arrows move what has the focus.
    if (!command || event.target !== panel.current && command.startsWith("line")) return;
    if (event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement) return;
    if (!run(command)) return;
    event.preventDefault();
    event.stopPropagation();
  };

  useEffect(() => {
    if (large) panel.current?.focus();
  }, [large]);

  const currentPath = cursor.row?.file.change.path ?? all.find((step) => step.key === current)?.path;
  return (
    <div className="review" data-large={large} ref={panel} onKeyDown={onKeyDown} tabIndex={0} data-autofocus aria-label={t.inspector.tabs.changes} role="group">
      <div className="review-head">
        {props.head}
        <div className="row-line wrap" hidden={scope.kind === "git" && set.files.length === 0}>
          {scope.kind === "git" ? null : review.keeping ? (
            <Button small onClick={review.stopKeeping}>
              {t.changes.keeping(review.keeping)}
            </Button>
          ) : (
            <Button small look="primary" disabled={review.busy || set.undone || set.pruned || done === of} keys="shift+y" onClick={() => void review.keepAll()}>
              <Check size={13} aria-hidden="true" />
              {t.changes.keepAll}
            </Button>
          )}
          {scope.kind !== "operation" ? null : set.undone ? (
            <Button small disabled={review.busy || set.pruned} keys="shift+u" onClick={() => void review.turn("redo")}>
              <Redo2 size={13} aria-hidden="true" />
              {t.changes.redoAll}
            </Button>
          ) : (
            <Button small disabled={review.busy || set.pruned} keys="shift+u" onClick={() => void review.turn("undo")}>
              <Undo2 size={13} aria-hidden="true" />
              {t.changes.undoAll}
            </Button>
          )}
          <span className="grow" />
          {scope.kind === "git" && projectId && set.files.length > 0 ? <CopyPatch projectId={projectId} /> : null}
          {scope.kind === "git" ? <span className="quiet num">{t.changes.filesCount({ count: set.files.length })}</span> : <span className="quiet num">{t.changes.progress({ done, of })}</span>}
        </div>
      </div>
      <RowContext.Provider value={actions}>
        <div className="review-body">
          {large ? <ToastPlace /> : null}
          {showTree ? (
            <FileTree
              set={set}
              current={currentPath}
              comments={counts(comments)}
              onFile={(path) => {
                setCurrent(all.find((step) => step.path === path)?.key);
                requestAnimationFrame(() => list.current?.show(`f:${path}`, "start"));
                panel.current?.focus();
              }}
            />
          ) : null}
          <div className="review-main">
            {set.undone && scope.kind === "operation" ? <p className="review-note">{t.changes.undone}</p> : null}
            {set.truncated ? <p className="review-note warn">{t.changes.truncated}</p> : null}
            {set.pruned && scope.kind === "operation" ? <PrunedNote operationId={scope.operationId} /> : null}
            {trouble ? (
              <Conflicts
                key={trouble.conflicts.map((one) => one.path).join("\n")}
                trouble={trouble}
                set={set}
                busy={review.busy}
                onOthers={(paths) => void review.turn(trouble.by === "redo" ? "redo" : "undo", { paths })}
                onResolve={(answers) => void review.settle(answers)}
                onDismiss={review.forgetTrouble}
              />
            ) : null}
            {set.files.length === 0 ? <Empty title={scope.kind === "git" ? t.changes.clean : t.changes.none} /> : <ReviewList rows={rows} handle={list} />}
            {set.notCovered.length > 0 ? <NotCovered lines={set.notCovered} /> : null}
          </div>
        </div>
      </RowContext.Provider>
      {comments.list.length > 0 ? <SendBar comments={comments.list} sessionId={props.sessionId} projectId={projectId} choice={props.choice} onSend={props.onSend} /> : set.files.length === 0 ? null : <p className="review-keys quiet">{scope.kind === "git" ? t.changes.keysRead : t.changes.keys}</p>}
      <p className="hidden-text" role="status">
        {spoken(set, all, current, cursor.row)}
      </p>
    </div>
  );
}

/** What git has not committed, as text that `git apply` takes. */
function CopyPatch({ projectId }: { projectId: string }) {
  const client = useClient();
  const toasts = useToasts();
  const copy = async () => {
    try {
      const { diff, truncated } = await client.call("git.diff", { project_id: projectId, target: undefined, base: undefined, commit: undefined, path: undefined });
      if (truncated) toasts.fail(t.changes.patchTooLarge);
      else if (await copyText(diff)) toasts.say(t.changes.patchCopied);
      else toasts.fail(t.changes.patchNotCopied);
    } catch (error) {
      toasts.fail(told(error));
    }
  };
  return (
    <Button small onClick={() => void copy()}>
      <Copy size={13} aria-hidden="true" />
      {t.changes.copyPatch}
    </Button>
  );
}

function NotCovered({ lines }: { lines: readonly string[] }) {
  return (
    <details className="review-note">
      <summary>{t.changes.notCovered}</summary>
      <ul>
        {lines.map((line) => (
          <li key={line} className="mono">
            {line}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Opens in the person's editor and says so, or why not. */
function useOpenInEditor(projectId: string | undefined): { name: string | undefined; open: (path: string, line?: number) => void } {
  const editor = useEditor(projectId);
  const toasts = useToasts();
  return useMemo(
    () => ({
      name: editor.name,
      open: (path, line) => {
        editor.open(path, line).then(
          (opened) => {
            toasts.say(editor.elsewhere ? t.changes.openedOn({ editor: opened.name, host: editor.elsewhere }) : t.changes.opened({ editor: opened.name }));
          },
          (error: unknown) => {
            toasts.fail(told(error));
          },
        );
      },
    }),
    [editor, toasts],
  );
}

interface Cursor {
  row: Row | undefined;
  anchor: string | undefined;
  marked: ReadonlySet<string>;
  /** First and last row that are marked. */
  range: [Row, Row] | undefined;
  setCursor: (key: string | undefined, anchor: string | undefined) => void;
  /** The line `by` further than the cursor; without one, than the row `from`. */
  move: (by: 1 | -1, from: string | undefined) => Row | undefined;
}

/** The line that remarks and the editor are about. */
function useCursor(rows: readonly Row[]): Cursor {
  const [at, setAt] = useState<{ key: string | undefined; anchor: string | undefined }>({ key: undefined, anchor: undefined });
  const setCursor = useCallback((key: string | undefined, anchor: string | undefined) => {
    setAt({ key, anchor });
  }, []);
  return useMemo(() => {
    const index = at.key === undefined ? -1 : rows.findIndex((row) => row.key === at.key);
    const anchor = at.anchor === undefined ? index : rows.findIndex((row) => row.key === at.anchor);
    const [first, last] = [Math.min(index, anchor), Math.max(index, anchor)];
    const [from, to] = [rows[first], rows[last]];
    const marked = new Set(index < 0 ? [] : rows.slice(Math.max(0, first), last + 1).map((row) => row.key));
    const move = (by: 1 | -1, start: string | undefined) => {
      let next = (index >= 0 ? index : rows.findIndex((row) => row.key === start)) + by;
      while (next >= 0 && next < rows.length) {
        const row = rows[next];
        if (row && placeOf(row)) return row;
        next += by;
      }
      return undefined;
    };
    return { row: rows[index], anchor: at.anchor ?? at.key, marked, range: index >= 0 && from && to ? [from, to] : undefined, setCursor, move };
  }, [at, rows, setCursor]);
}

/** The row where a step begins. */
function rowOfStep(step: string): string {
  return step.includes("\n") ? `h:${step}` : `f:${step}`;
}

/** The current hunk's first added line, else its first removed one. */
function firstChanged(rows: readonly Row[], step: string | undefined): [Row | undefined, Row | undefined] {
  const from = rows.findIndex((row) => step !== undefined && row.key === rowOfStep(step));
  const after = from < 0 ? [] : rows.slice(from + 1);
  const end = after.findIndex((row) => row.kind === "file" || (row.kind === "hunk" && step?.includes("\n")));
  const own = end < 0 ? after : after.slice(0, end);
  const row =
    own.find((one) => (one.kind === "line" && one.cell.kind === "added") || (one.kind === "pair" && one.right?.kind === "added")) ??
    own.find((one) => (one.kind === "line" && one.cell.kind === "removed") || (one.kind === "pair" && one.left?.kind === "removed"));
  return [row, row];
}

/** The gaps before and after the current hunk, and which end of each is next to it. */
function around(rows: readonly Row[], step: string | undefined): { file: ReviewFile; gap: Extract<Row, { kind: "gap" }>["gap"]; part: "top" | "bottom" }[] {
  const at = rows.findIndex((row) => step !== undefined && row.key === rowOfStep(step));
  if (at < 0) return [];
  const out: ReturnType<typeof around> = [];
  for (let index = at - 1; index >= 0 && rows[index]?.kind !== "hunk" && rows[index]?.kind !== "file"; index -= 1) {
    const row = rows[index];
    if (row?.kind === "gap") out.push({ file: row.file, gap: row.gap, part: "bottom" });
  }
  for (let index = at + 1; index < rows.length && rows[index]?.kind !== "hunk" && rows[index]?.kind !== "file"; index += 1) {
    const row = rows[index];
    if (row?.kind === "gap") out.push({ file: row.file, gap: row.gap, part: "top" });
  }
  return out;
}

function counts(comments: Comments): ReadonlyMap<string, number> {
  const out = new Map<string, number>();
  for (const { path } of comments.list) out.set(path, (out.get(path) ?? 0) + 1);
  return out;
}

/** What a screen reader hears when the keys move. */
function spoken(set: ReviewSet, all: readonly { key: string; path: string; hunk: string | undefined }[], current: string | undefined, line: Row | undefined): string {
  if (line?.kind === "line" || line?.kind === "pair") {
    const place = placeOf(line);
    const cell = line.kind === "line" ? line.cell : (line.right ?? line.left);
    return place && cell ? `${shownPlace(place)} ${t.changes.lineKinds[cell.kind]}: ${cell.text}` : "";
  }
  const step = all.find((one) => one.key === current);
  if (!step) return "";
  const change = set.files.find((file) => file.change.path === step.path)?.change;
  const index = change?.hunks.findIndex((hunk) => hunk.id === step.hunk) ?? -1;
  return index < 0 ? step.path : `${step.path}, ${t.changes.hunk({ index: index + 1, of: change?.hunks.length ?? 0 })}`;
}
