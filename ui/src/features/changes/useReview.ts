// What is reviewed now, and what can be done with it.

import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { Resolve } from "../../protocol/generated/Resolve";
import type { ReviewMark } from "../../protocol/generated/ReviewMark";
import type { UndoReport } from "../../protocol/generated/UndoReport";
import { useClient, useRequest } from "../../protocol/queries";
import { fileMark, ofGit, ofOperation, ofSession, pathsOf, type ReviewFile, type ReviewSet, type Scope } from "./model";

export interface Review {
  set: ReviewSet | undefined;
  error: unknown;
  busy: boolean;
  conflicts: { report: UndoReport; direction: "undo" | "redo" } | undefined;
  decide: (file: ReviewFile, hunk: string | undefined, mark: ReviewMark) => Promise<void>;
  keepAll: () => Promise<void>;
  turn: (direction: "undo" | "redo", part?: { paths?: string[]; resolve?: Resolve[] }) => Promise<void>;
  forgetConflicts: () => void;
}

export function useReview(scope: Scope | undefined, sessionId: string | undefined, projectId: string | undefined): Review {
  const client = useClient();
  const queries = useQueryClient();
  const toasts = useToasts();
  const [busy, setBusy] = useState(false);
  const [conflicts, setConflicts] = useState<Review["conflicts"]>(undefined);

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
  const error = kind === "operation" ? operation.error : kind === "session" ? session.error : git.error;

  const decide = useCallback(
    async (file: ReviewFile, hunk: string | undefined, mark: ReviewMark) => {
      // Newest first where something leaves the disk, so that each state follows from the one on it.
      const operations = mark === "rejected" ? [...file.operations].reverse() : file.operations;
      const paths = hunk === undefined ? pathsOf(file.change) : [file.change.path];
      try {
        for (const operation_id of operations) {
          for (const path of paths) {
            const next = await client.call("operation.review", { operation_id, path, hunk, mark });
            queries.setQueryData(["operation.changes", { operation_id }], next);
          }
        }
      } catch (problem) {
        const failure = asFailure(problem);
        toasts.fail([failure.message, failure.hint].filter(Boolean).join(" "));
      }
      if (kind === "session") await queries.invalidateQueries({ queryKey: ["session.changes"] });
    },
    [client, kind, queries, toasts],
  );

  const keepAll = useCallback(async () => {
    setBusy(true);
    for (const file of set?.files ?? []) {
      if (file.decides !== "nothing" && fileMark(file.change) === "pending") await decide(file, undefined, "kept");
    }
    setBusy(false);
  }, [decide, set]);

  const turn = useCallback(
    async (direction: "undo" | "redo", part: { paths?: string[]; resolve?: Resolve[] } = {}) => {
      const which = set?.operationId ? { operation_id: set.operationId } : { session_id: sessionId };
      setBusy(true);
      try {
        const report = await client.call(`operation.${direction}`, { ...which, ...part });
        setConflicts(report.conflicts.length > 0 ? { report, direction } : undefined);
        const count = report.paths.length;
        if (count > 0) toasts.say(direction === "undo" ? t.changes.undoDone({ count }) : t.changes.redoDone({ count }));
        await queries.invalidateQueries({ queryKey: ["operation.changes"] });
        await queries.invalidateQueries({ queryKey: ["session.changes"] });
      } catch (problem) {
        const failure = asFailure(problem);
        toasts.fail([failure.message, failure.hint].filter(Boolean).join(" "));
      } finally {
        setBusy(false);
      }
    },
    [client, queries, sessionId, set, toasts],
  );

  const forgetConflicts = useCallback(() => {
    setConflicts(undefined);
  }, []);

  return { set, error, busy, conflicts, decide, keepAll, turn, forgetConflicts };
}
