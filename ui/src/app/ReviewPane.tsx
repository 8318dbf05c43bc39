// The review, beside the conversation or over it: what it needs from the window.

import { useCallback, useMemo } from "react";
import { useStore } from "../components/store";
import { useToasts } from "../components/toasts";
import { ChangesPanel } from "../features/changes/ChangesPanel";
import type { Transcript } from "../features/chat/transcript";
import { t } from "../i18n";
import { useClient, useRequest } from "../protocol/queries";
import { told } from "../protocol/told";
import { changingOperations } from "./operations";
import { habits, place } from "./place";

/** What a message of the review does not choose. */
const NOT_SAID = { session_id: null, project_id: null, max_cost_micro_usd: null, timeout_ms: null, focus: null };

export function ReviewPane(props: {
  transcript: Transcript;
  sessionId: string | undefined;
  projectId: string | undefined;
  selected: string | undefined;
  large: boolean;
  onSelect: (operationId: string) => void;
  onOpenFile: (path: string, line?: number) => void;
}) {
  const { transcript, sessionId, projectId, large } = props;
  const client = useClient();
  const toasts = useToasts();
  const habit = useStore(habits);
  const project = useRequest("project.list", {}).data?.projects.find((one) => one.id === projectId);
  const changing = changingOperations(transcript);
  const targets = useMemo(() => changing.toReversed(), [changing]);

  const ensureSession = useCallback(async () => {
    if (sessionId) return sessionId;
    const made = await client.call("session.create", { project_id: projectId, name: undefined, kind: "voice" });
    place.set({ sessionId: made.id });
    return made.id;
  }, [client, projectId, sessionId]);

  const send = useCallback(
    async (words: string) => {
      const { access, tier, model } = habits.get();
      try {
        await client.call("comment.send", {
          session_id: await ensureSession(),
          start: { content: words, attachments: [], mentions: [], access, approve: "ask", tier: tier ?? null, model: model ?? null, ...NOT_SAID },
        });
        place.set({ view: "chat" });
        toasts.say(t.changes.sent);
      } catch (error) {
        toasts.fail(told(error));
        throw error;
      }
    },
    [client, ensureSession, toasts],
  );

  return (
    <ChangesPanel
      large={large}
      onLarge={(next) => {
        place.set({ view: next ? "review" : "chat" });
      }}
      sessionId={sessionId}
      projectId={projectId}
      isGit={project?.is_git ?? false}
      targets={targets}
      selected={props.selected}
      onSelect={props.onSelect}
      onOpenFile={props.onOpenFile}
      ensureSession={ensureSession}
      choice={{ tier: habit.tier, model: habit.model }}
      onSend={send}
    />
  );
}
