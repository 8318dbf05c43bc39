// Remarks on lines: kept by the engine until they are sent.

import { useCallback, useMemo, useState } from "react";
import { useToasts } from "../../components/toasts";
import { told } from "../../protocol/told";
import type { Comment } from "../../protocol/generated/Comment";
import { useClient, useRequest } from "../../protocol/queries";
import type { ReviewSet } from "./model";
import { quoteOf, type Place, type Row } from "./rows";
import { keepDraft, keepText, unsavedDraft, type Draft } from "./unsaved";

export interface Comments {
  list: readonly Comment[];
  draft: Draft | undefined;
  /** Under which the words of the draft are kept. */
  draftKey: string;
  begin: (place: Place, endLine: number) => void;
  dismiss: () => void;
  add: (text: string, rows: readonly Row[]) => Promise<boolean>;
  edit: (id: string, text: string) => Promise<boolean>;
  remove: (id: string) => Promise<void>;
}

const NONE: readonly Comment[] = [];

export function useComments(set: ReviewSet, sessionId: string | undefined, ensureSession: () => Promise<string>): Comments {
  const client = useClient();
  const toasts = useToasts();
  const draftKey = sessionId ?? "new";
  const [written, setWritten] = useState(() => ({ key: draftKey, draft: unsavedDraft(draftKey) }));
  const draft = written.key === draftKey ? written.draft : unsavedDraft(draftKey);
  const setDraft = useCallback(
    (next: Draft | undefined) => {
      keepDraft(draftKey, next);
      setWritten({ key: draftKey, draft: next });
    },
    [draftKey],
  );
  const listed = useRequest("comment.list", sessionId ? { session_id: sessionId } : undefined).data;

  const attempt = useCallback(
    async (work: () => Promise<unknown>) => {
      try {
        await work();
        return true;
      } catch (error) {
        toasts.fail(told(error));
        return false;
      }
    },
    [toasts],
  );

  const add = useCallback(
    (text: string, rows: readonly Row[]) =>
      attempt(async () => {
        if (!draft) return;
        const { place, endLine } = draft;
        await client.call("comment.add", {
          session_id: await ensureSession(),
          operation_id: set.files.find((file) => file.change.path === place.path)?.operations.at(-1),
          path: place.path,
          side: place.side,
          line: place.line,
          end_line: endLine,
          quote: quoteOf(rows, place, endLine),
          text,
        });
        setDraft(undefined);
      }),
    [attempt, client, draft, ensureSession, set, setDraft],
  );

  return useMemo(
    () => ({
      list: listed?.comments ?? NONE,
      draft,
      draftKey,
      begin: (place, endLine) => {
        setDraft({ place, endLine });
      },
      dismiss: () => {
        setDraft(undefined);
      },
      add,
      edit: async (id, text) => {
        const done = await attempt(() => client.call("comment.edit", { comment_id: id, text }));
        if (done) keepText(`edit ${id}`, undefined);
        return done;
      },
      remove: async (id) => {
        keepText(`edit ${id}`, undefined);
        await attempt(() => client.call("comment.remove", { comment_id: id }));
      },
    }),
    [add, attempt, client, draft, draftKey, listed, setDraft],
  );
}
