// Remarks on lines: kept by the engine until they are sent.

import { useCallback, useMemo, useState } from "react";
import { useToasts } from "../../components/toasts";
import { asFailure } from "../../protocol/client";
import type { Comment } from "../../protocol/generated/Comment";
import { useClient, useRequest } from "../../protocol/queries";
import type { ReviewFile } from "./model";
import { quoteOf, type Place, type Row } from "./rows";

/** A remark that is being written; it is about `place.line` to `endLine`. */
export interface Draft {
  file: ReviewFile;
  place: Place;
  endLine: number;
}

export interface Comments {
  list: readonly Comment[];
  draft: Draft | undefined;
  begin: (file: ReviewFile, place: Place, endLine: number) => void;
  dismiss: () => void;
  add: (text: string, rows: readonly Row[]) => Promise<boolean>;
  edit: (id: string, text: string) => Promise<boolean>;
  remove: (id: string) => Promise<void>;
}

const NONE: readonly Comment[] = [];

export function useComments(sessionId: string | undefined, ensureSession: () => Promise<string>): Comments {
  const client = useClient();
  const toasts = useToasts();
  const [draft, setDraft] = useState<Draft | undefined>(undefined);
  const listed = useRequest("comment.list", sessionId ? { session_id: sessionId } : undefined).data;

  const attempt = useCallback(
    async (work: () => Promise<unknown>) => {
      try {
        await work();
        return true;
      } catch (error) {
        toasts.fail(asFailure(error).message);
        return false;
      }
    },
    [toasts],
  );

  const add = useCallback(
    (text: string, rows: readonly Row[]) =>
      attempt(async () => {
        if (!draft) return;
        const { file, place, endLine } = draft;
        await client.call("comment.add", {
          session_id: await ensureSession(),
          operation_id: file.operations.at(-1),
          path: place.path,
          side: place.side,
          line: place.line,
          end_line: endLine,
          quote: quoteOf(rows, place, endLine),
          text,
        });
        setDraft(undefined);
      }),
    [attempt, client, draft, ensureSession],
  );

  return useMemo(
    () => ({
      list: listed?.comments ?? NONE,
      draft,
      begin: (file, place, endLine) => {
        setDraft({ file, place, endLine });
      },
      dismiss: () => {
        setDraft(undefined);
      },
      add,
      edit: (id, text) => attempt(() => client.call("comment.edit", { comment_id: id, text })),
      remove: async (id) => {
        await attempt(() => client.call("comment.remove", { comment_id: id }));
      },
    }),
    [add, attempt, client, draft, listed],
  );
}
