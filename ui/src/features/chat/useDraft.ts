// What is written and not sent, kept for its place: at once in this window, a moment later in the
// engine, from where it comes back after a restart and in other windows.

import { useCallback, useEffect, useRef, useState } from "react";
import { read, write } from "../../components/store";
import type { Client } from "../../protocol/client";
import type { Attachment } from "../../protocol/generated/Attachment";
import type { DraftMention } from "../../protocol/generated/DraftMention";
import { useClient } from "../../protocol/queries";

export interface Written {
  text: string;
  mentions: readonly DraftMention[];
  attachments: readonly Attachment[];
}

const EMPTY: Written = { text: "", mentions: [], attachments: [] };
const SAVE_AFTER_MS = 500;

export function useDraft(
  sessionId: string | undefined,
  projectId: string | undefined,
  /** Hears text that came from the engine. */
  onRestored: (text: string) => void,
): [Written, (part: Partial<Written>) => void] {
  const client = useClient();
  const key = `mira.draft.${sessionId ?? projectId ?? ""}`;
  const [written, setWritten] = useState<Written>(() => ({ ...EMPTY, text: kept(key).text }));
  const [saver] = useState(() => new Saver(client, sessionId, projectId, key));
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
        const own = at > draft.saved_at ? text : draft.content;
        setWritten({ text: own, mentions: draft.mentions, attachments: draft.attachments });
        restored.current(own);
      },
      () => undefined,
    );
    const flush = () => {
      saver.flush();
    };
    addEventListener("pagehide", flush);
    return () => {
      live = false;
      removeEventListener("pagehide", flush);
      flush();
    };
  }, [client, key, projectId, saver, sessionId]);

  const change = useCallback(
    (part: Partial<Written>) => {
      setWritten((before) => {
        const after = { ...before, ...part };
        saver.note(before, after);
        return after;
      });
    },
    [saver],
  );
  return [written, change];
}

function kept(key: string): { text: string; at: number } {
  const { text, at } = read(key);
  return { text: typeof text === "string" ? text : "", at: typeof at === "number" ? at : 0 };
}

/** Sends changes to the engine, at most one every half second, the last one always. */
class Saver {
  touched = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private wanted: { written: Written; attachments: boolean } | undefined;
  private readonly client: Client;
  private readonly sessionId: string | undefined;
  private readonly projectId: string | undefined;
  private readonly key: string;

  constructor(client: Client, sessionId: string | undefined, projectId: string | undefined, key: string) {
    this.client = client;
    this.sessionId = sessionId;
    this.projectId = projectId;
    this.key = key;
  }

  note(before: Written, after: Written): void {
    if (before === after) return;
    this.touched = true;
    write(this.key, after.text ? { text: after.text, at: Date.now() } : { at: Date.now() });
    const attachments = before.attachments !== after.attachments || this.wanted?.attachments === true;
    this.wanted = { written: after, attachments: attachments || after.text === "" };
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.flush();
    }, SAVE_AFTER_MS);
  }

  flush(): void {
    clearTimeout(this.timer);
    const { wanted } = this;
    this.wanted = undefined;
    if (!wanted) return;
    const { text, mentions, attachments } = wanted.written;
    this.client
      .call("draft.save", {
        session_id: this.sessionId,
        project_id: this.projectId,
        content: text,
        mentions: [...mentions],
        attachments: wanted.attachments ? [...attachments] : null,
      })
      .catch(() => {
        // It stays in this window, and goes with the next change.
      });
  }
}
