// Unchanged lines that the person wants to see, read from the engine piece by piece.

import { useCallback, useState } from "react";
import { useToasts } from "../../components/toasts";
import { told } from "../../protocol/told";
import { useClient } from "../../protocol/queries";
import type { ReviewFile } from "./model";
import type { Gap, Unfolded } from "./rows";

export type Part = "top" | "bottom" | "all";

/** Lines that one press brings. */
export const STEP = 20;
/** The most that the engine gives at once. */
const PAGE = 2_000;

export interface UnfoldedLines {
  lines: ReadonlyMap<string, Unfolded>;
  /** `top` continues what is above the gap, `bottom` what is below it. */
  unfold: (file: ReviewFile, gap: Gap, part: Part) => Promise<void>;
}

export function useUnfolded(projectId: string | undefined): UnfoldedLines {
  const client = useClient();
  const toasts = useToasts();
  const [lines, setLines] = useState<ReadonlyMap<string, Unfolded>>(() => new Map());
  const unfold = useCallback(
    async (file: ReviewFile, gap: Gap, part: Part) => {
      if (!projectId) return;
      const limit = Math.min(gap.count, part === "all" ? PAGE : STEP);
      const offset = part === "bottom" ? gap.after + gap.count - limit : gap.after;
      try {
        const page = await client.call("file.read", { project_id: projectId, path: file.change.path, offset, limit, version: file.after });
        const texts = page.text.replace(/\n$/, "").split("\n").slice(0, limit);
        if (texts.length < limit) return;
        setLines((before) => {
          const known = before.get(gap.key) ?? { top: [], bottom: [] };
          const next = part === "bottom" ? { ...known, bottom: [...texts, ...known.bottom] } : { ...known, top: [...known.top, ...texts] };
          return new Map(before).set(gap.key, next);
        });
      } catch (error) {
        toasts.fail(told(error));
      }
    },
    [client, projectId, toasts],
  );
  return { lines, unfold };
}
