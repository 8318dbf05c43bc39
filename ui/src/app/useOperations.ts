// What can be asked of a session's operations: start, stop, go on, take back, ask again.

import { useCallback, useMemo } from "react";
import { useStore } from "../components/store";
import { useToasts } from "../components/toasts";
import { reviewHabits } from "../features/changes/habits";
import { handed } from "../features/changes/handed";
import type { Outgoing } from "../features/chat/Composer";
import type { ConversationActions } from "../features/chat/rows";
import { t } from "../i18n";
import type { Tier } from "../protocol/generated/Tier";
import { useClient } from "../protocol/queries";
import type { Focused } from "./focus";
import { habits, place } from "./place";
import { saveFile } from "./save";
import { useAttempt } from "./useAttempt";

export interface Operations {
  /** `begun` hears of the session that begins with it, before it is shown. */
  send: (message: Outgoing, begun?: (sessionId: string) => void) => Promise<void>;
  cancel: (operationId: string) => void;
  resume: (operationId: string) => void;
  exportScenario: (operationId: string) => void;
  /** Takes changes back or brings them again: of an operation, or of the session's newest. */
  turn: (direction: "undo" | "redo", operationId: string | undefined, paths?: string[]) => void;
  conversation: ConversationActions;
}

export function useOperations(
  at: { sessionId: string | undefined; projectId: string | undefined },
  { change, showTab, showFile }: Pick<Focused, "change" | "showTab" | "showFile">,
  newSession: () => void,
): Operations {
  const { sessionId, projectId } = at;
  const client = useClient();
  const toasts = useToasts();
  const { attempt, fail } = useAttempt();
  const { access, tier, model } = useStore(habits);

  const turn = useCallback(
    (direction: "undo" | "redo", operationId: string | undefined, paths: string[] = []) => {
      attempt(async () => {
        const report = await client.call(`operation.${direction}`, {
          ...(operationId ? { operation_id: operationId } : { session_id: sessionId }),
          ...(paths.length > 0 ? { paths } : {}),
        });
        if (report.conflicts.length > 0) {
          handed.set({ trouble: { operationId: report.operation_id, by: direction, conflicts: report.conflicts } });
          reviewHabits.set({ scope: "operation" });
          change({ selected: report.operation_id });
          showTab("changes");
          return;
        }
        const count = report.paths.length;
        if (count === 0) toasts.say(direction === "undo" ? t.actions.nothingToUndo : t.actions.nothingToRedo);
        else toasts.say(direction === "undo" ? t.changes.undoDone({ count }) : t.changes.redoDone({ count }));
      });
    },
    [attempt, client, sessionId, showTab, toasts, change],
  );

  const resume = useCallback(
    (operationId: string) => {
      attempt(() => client.call("operation.resume", { operation_id: operationId }));
    },
    [attempt, client],
  );

  const cancel = useCallback(
    (operationId: string) => {
      attempt(() => client.call("operation.cancel", { operation_id: operationId }));
    },
    [attempt, client],
  );

  const exportScenario = useCallback(
    (operationId: string) => {
      attempt(async () => {
        const file = await client.call("operation.export", { operation_id: operationId });
        saveFile(file.file_name, file.yaml, "application/yaml");
        toasts.say(t.sessions.exported({ file: file.file_name }));
      });
    },
    [attempt, client, toasts],
  );

  const fork = useCallback(
    (upToSeq: number) => {
      if (!sessionId) return;
      attempt(async () => {
        if (upToSeq < 1) {
          newSession();
          return;
        }
        const copy = await client.call("session.fork", { session_id: sessionId, up_to_seq: upToSeq });
        place.set({ view: "chat", sessionId: copy.id });
        toasts.say(t.sessions.forked);
      });
    },
    [attempt, client, newSession, sessionId, toasts],
  );

  const askAgain = useCallback(
    async (seq: number, what: { content?: string; tier?: Tier }) => {
      if (!sessionId) return;
      try {
        const started = await client.call("operation.again", { session_id: sessionId, seq, ...what });
        place.set({ view: "chat", sessionId: started.session_id });
        toasts.say(t.talk.againDone);
      } catch (error) {
        fail(error);
        throw error;
      }
    },
    [client, fail, sessionId, toasts],
  );

  const send = useCallback(
    async (message: Outgoing, begun?: (sessionId: string) => void) => {
      try {
        const started = await client.call("operation.start", {
          content: message.content,
          attachments: message.attachments,
          mentions: message.mentions,
          session_id: sessionId,
          project_id: projectId,
          access,
          approve: "ask",
          tier,
          model,
        });
        if (!sessionId) {
          begun?.(started.session_id);
          place.set({ view: "chat", sessionId: started.session_id });
        }
        change({ selected: undefined });
      } catch (error) {
        fail(error);
        throw error;
      }
    },
    [client, access, model, tier, projectId, sessionId, fail, change],
  );

  const conversation = useMemo<ConversationActions>(
    () => ({
      undo: (id) => {
        turn("undo", id);
      },
      redo: (id) => {
        turn("redo", id);
      },
      review: (id) => {
        change({ selected: id });
        showTab("changes");
      },
      resume,
      continueOn: (id, on) => {
        attempt(() => client.call("operation.resume", { operation_id: id, tier: on }));
      },
      exportScenario,
      fork,
      askAgain,
      openFile: (path) => {
        showFile(path);
      },
      openSettings: () => {
        place.set({ view: "settings", settingsTab: "models" });
      },
      openReceipt: (id) => {
        change({ selected: id });
        showTab("context");
      },
      openJob: (id) => {
        change({ openJob: id });
        showTab("activity");
      },
    }),
    [askAgain, attempt, client, exportScenario, fork, resume, showFile, showTab, turn, change],
  );

  return useMemo(() => ({ send, cancel, resume, exportScenario, turn, conversation }), [send, cancel, resume, exportScenario, turn, conversation]);
}
