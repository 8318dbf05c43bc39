// What is reviewed now, and what can be done with it.

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useRef, useState } from "react";
import { useStore } from "../../components/store";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import { told } from "../../protocol/told";
import type { Choice } from "../../protocol/generated/Choice";
import type { Resolve } from "../../protocol/generated/Resolve";
import type { ReviewMark } from "../../protocol/generated/ReviewMark";
import type { UndoConflict } from "../../protocol/generated/UndoConflict";
import { useClient, useRequest } from "../../protocol/queries";
import { handed } from "./handed";
import { ofGit, ofOperation, ofSession, pathsOf, undecided, type ReviewFile, type ReviewSet, type Scope, type ToKeep } from "./model";

/** Files that somebody else changed, and what was meant to happen to them. */
export type Trouble = { conflicts: readonly UndoConflict[] } & (
  | { by: "undo" | "redo" }
  | { by: "mark"; file: ReviewFile; hunk: string | undefined; mark: ReviewMark }
);

export interface Review {
  set: ReviewSet | undefined;
  error: unknown;
  busy: boolean;
  /** How far "keep all" is. */
  keeping: { done: number; of: number } | undefined;
  trouble: Trouble | undefined;
  decide: (file: ReviewFile, hunk: string | undefined, mark: ReviewMark) => Promise<void>;
  keepAll: () => Promise<void>;
  stopKeeping: () => void;
  turn: (direction: "undo" | "redo", part?: { paths?: string[]; resolve?: Resolve[] }) => Promise<void>;
  /** Goes on with what met trouble. */
  settle: (answers: ReadonlyMap<string, Choice>) => Promise<void>;
  forgetTrouble: () => void;
}

/** What can be answered where the engine does not say it. */
const ANY_CHOICE: Choice[] = ["keep", "take", "merge"];

export function useReview(scope: Scope | undefined, sessionId: string | undefined, projectId: string | undefined): Review {
  const client = useClient();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [busy, setBusy] = useState(false);
  const [keeping, setKeeping] = useState<Review["keeping"]>(undefined);
  const [own, setTrouble] = useState<Trouble | undefined>(undefined);
  const met = useStore(handed).trouble;
  const stopped = useRef(false);

  const operation = useRequest("operation.changes", scope?.kind === "operation" ? { operation_id: scope.operationId } : undefined);
  const session = useRequest("session.changes", scope?.kind === "session" && sessionId ? { session_id: sessionId } : undefined);
  const git = useRequest(
    "git.changes",
    scope?.kind === "git" && projectId ? { project_id: projectId, target: undefined, base: undefined, commit: undefined, path: undefined } : undefined,
  );
  const kind = scope?.kind;
  const set = useMemo(() => {
    if (kind === "operation") return operation.data ? ofOperation(operation.data) : undefined;
    if (kind === "session") return session.data ? ofSession(session.data) : undefined;
    return kind === "git" && git.data ? ofGit(git.data) : undefined;
  }, [kind, operation.data, session.data, git.data]);
  const trouble = own ?? (met && met.operationId === set?.operationId ? met : undefined);
  const error = kind === "operation" ? operation.error : kind === "session" ? session.error : git.error;

  const fail = useCallback(
    (problem: unknown) => {
      toasts.fail(told(problem));
    },
    [toasts],
  );

  /** Marks a file or a hunk in each operation that has it. */
  const mark = useCallback(
    async ({ file, hunk }: ToKeep, mark: ReviewMark, resolve?: Choice) => {
      // Newest first where something leaves the disk, so that each state follows from the one on it.
      const operations = mark === "rejected" ? [...file.operations].reverse() : file.operations;
      const paths = hunk === undefined ? pathsOf(file.change) : [file.change.path];
      for (const operation_id of operations) {
        for (const path of paths) {
          const next = await client.call("operation.review", { operation_id, path, hunk, mark, ...(resolve ? { resolve } : {}) });
          queries.setQueryData(["operation.changes", { operation_id }], next);
        }
      }
    },
    [client, queries],
  );

  /** What others changed in the file since, where a mark was refused for it; undefined: refused for something else. */
  const othersEdits = useCallback(
    async (file: ReviewFile, reason: string): Promise<UndoConflict | undefined> => {
      const { path } = file.change;
      for (const operation_id of file.operations) {
        const report = await client.call("operation.undo", { operation_id, paths: [path], preview: true });
        const found = report.conflicts.find((conflict) => conflict.path === path);
        if (found) return { ...found, reason: found.reason || reason, choices: ANY_CHOICE };
      }
      return undefined;
    },
    [client],
  );

  const decide = useCallback(
    async (file: ReviewFile, hunk: string | undefined, wanted: ReviewMark, resolve?: Choice) => {
      try {
        await mark({ file, hunk }, wanted, resolve);
        setTrouble((now) => (now?.by === "mark" ? undefined : now));
      } catch (problem) {
        const failure = asFailure(problem);
        const conflict = failure.code === "conflict" ? await othersEdits(file, failure.message).catch(() => undefined) : undefined;
        if (conflict) setTrouble({ by: "mark", file, hunk, mark: wanted, conflicts: [conflict] });
        else fail(problem);
      }
      if (kind === "session") await queries.invalidateQueries({ queryKey: ["session.changes"] });
    },
    [fail, kind, mark, othersEdits, queries],
  );

  /** One after the other, since each answer is the state that the next one follows from. */
  const markAll = useCallback(
    async (list: readonly ToKeep[], wanted: ReviewMark): Promise<ToKeep[]> => {
      const done: ToKeep[] = [];
      stopped.current = false;
      setBusy(true);
      try {
        for (const one of list) {
          if (stopped.current) break;
          setKeeping({ done: done.length, of: list.length });
          await mark(one, wanted);
          done.push(one);
        }
      } catch (problem) {
        fail(problem);
      } finally {
        setBusy(false);
        setKeeping(undefined);
        if (kind === "session") await queries.invalidateQueries({ queryKey: ["session.changes"] });
      }
      return done;
    },
    [fail, kind, mark, queries],
  );

  const keepAll = useCallback(async () => {
    if (!set) return;
    const kept = await markAll(undecided(set), "kept");
    if (kept.length === 0) return;
    toasts.say(t.changes.keptAll({ count: new Set(kept.map((one) => one.file.change.path)).size }), {
      label: t.common.undo,
      run: () => void markAll(kept, "pending"),
    });
  }, [markAll, set, toasts]);

  const turn = useCallback(
    async (direction: "undo" | "redo", part: { paths?: string[]; resolve?: Resolve[] } = {}) => {
      const which = set?.operationId ? { operation_id: set.operationId } : { session_id: sessionId };
      setBusy(true);
      try {
        const report = await client.call(`operation.${direction}`, { ...which, ...part });
        handed.set({ trouble: undefined });
        setTrouble(report.conflicts.length > 0 ? { by: direction, conflicts: report.conflicts } : undefined);
        const count = report.paths.length;
        if (count > 0) toasts.say(direction === "undo" ? t.changes.undoDone({ count }) : t.changes.redoDone({ count }));
        await queries.invalidateQueries({ queryKey: ["operation.changes"] });
        await queries.invalidateQueries({ queryKey: ["session.changes"] });
      } catch (problem) {
        fail(problem);
      } finally {
        setBusy(false);
      }
    },
    [client, fail, queries, sessionId, set, toasts],
  );

  const settle = useCallback(
    async (answers: ReadonlyMap<string, Choice>) => {
      if (!trouble) return;
      if (trouble.by === "mark") {
        const choice = answers.get(trouble.file.change.path);
        if (choice) await decide(trouble.file, trouble.hunk, trouble.mark, choice);
      } else {
        await turn(trouble.by, { resolve: [...answers].map(([path, choice]) => ({ path, choice })) });
      }
    },
    [decide, trouble, turn],
  );

  const forgetTrouble = useCallback(() => {
    handed.set({ trouble: undefined });
    setTrouble(undefined);
  }, []);
  const stopKeeping = useCallback(() => {
    stopped.current = true;
  }, []);

  return { set, error, busy, keeping, trouble, decide, keepAll, stopKeeping, turn, settle, forgetTrouble };
}
