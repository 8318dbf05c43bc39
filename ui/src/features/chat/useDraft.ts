// What is written and not sent, kept for its place: at once in this window, a moment later in the
// engine, from where it comes back after a restart and in other windows.

import { useCallback, useEffect, useRef, useState } from "react";
import { read, write } from "../../components/store";
import type { Attachment } from "../../protocol/generated/Attachment";
import type { DraftMention } from "../../protocol/generated/DraftMention";
import { useClient } from "../../protocol/queries";
import { DraftSaver } from "./draftSaver";

export interface Written {
  text: string;
  mentions: readonly DraftMention[];
  attachments: readonly Attachment[];
}

const EMPTY: Written = { text: "", mentions: [], attachments: [] };

export function useDraft(
  sessionId: string | undefined,
  projectId: string | undefined,
  /** Hears text that came from the engine. */
  onRestored: (text: string) => void,
): [Written, (part: Partial<Written>) => void] {
  const client = useClient();
  const key = `mira.draft.${sessionId ?? projectId ?? ""}`;
  const [written, setWritten] = useState<Written>(() => ({ ...EMPTY, text: kept(key).text }));
  const latest = useRef(written);
  const [saver] = useState(() => new DraftSaver(client, { sessionId, projectId }));
  const restored = useRef(onRestored);
  useEffect(() => {
    restored.current = onRestored;
  });

  useEffect(() => {
    let live = true;
    const { text, at } = kept(key);
    client.call("draft.get", { session_id: sessionId, project_id: projectId }).then(
      (draft) => {
        // What was typed meanwhile, or kept here later, is newer.
        if (!live || saver.touched) return;
        const stored = { text: draft.content, mentions: draft.mentions, attachments: draft.attachments };
        const own = at > draft.saved_at ? { ...stored, text } : stored;
        latest.current = own;
        setWritten(own);
        restored.current(own.text);
        // The engine has not heard of it: this window, or the engine, ended too early.
        if (own.text !== stored.text) saver.note(stored, own);
      },
      () => undefined,
    );
    const leave = () => {
      saver.leave();
    };
    addEventListener("pagehide", leave);
    const deaf = client.onStatus(() => {
      if (client.status().state === "online") saver.flush();
    });
    return () => {
      live = false;
      deaf();
      removeEventListener("pagehide", leave);
      saver.flush();
    };
  }, [client, key, projectId, saver, sessionId]);

  const change = useCallback(
    (part: Partial<Written>) => {
      // Not within React's update: the first message of a session takes this field off the screen
      // before its words are emptied, and they would come back in the next new session.
      const before = latest.current;
      const after = { ...before, ...part };
      latest.current = after;
      keep(key, after.text);
      saver.note(before, after);
      setWritten(after);
    },
    [key, saver],
  );
  return [written, change];
}

function kept(key: string): { text: string; at: number } {
  const { text, at } = read(key);
  return { text: typeof text === "string" ? text : "", at: typeof at === "number" ? at : 0 };
}

function keep(key: string, text: string): void {
  write(key, text ? { text, at: Date.now() } : { at: Date.now() });
}
