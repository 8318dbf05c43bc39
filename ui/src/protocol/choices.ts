// What a session pins into its requests and leaves out of them.

import { useCallback, useMemo } from "react";
import { useQueryClient } from "@tanstack/react-query";
import type { ContextTarget } from "./generated/ContextTarget";
import type { Inclusion } from "./generated/Inclusion";
import type { SessionContext } from "./generated/SessionContext";
import { useClient, useRequest } from "./queries";

export interface Choices {
  context: SessionContext | undefined;
  of: (target: ContextTarget) => Inclusion | undefined;
  choose: (target: ContextTarget, choice: Inclusion | undefined) => Promise<void>;
}

/** One text for one target. */
export function targetName(target: ContextTarget): string {
  switch (target.kind) {
    case "turn":
      return `turn:${target.operation_id}`;
    case "related":
      return target.kind;
    default:
      return `${target.kind}:${target.path}`;
  }
}

export function useChoices(sessionId: string | undefined): Choices {
  const client = useClient();
  const queries = useQueryClient();
  const context = useRequest("context.get", sessionId ? { session_id: sessionId } : undefined).data;
  const known = useMemo(() => new Map(context?.choices.map((one) => [targetName(one.target), one.choice])), [context]);
  const choose = useCallback(
    async (target: ContextTarget, choice: Inclusion | undefined) => {
      if (!sessionId) return;
      const next = await client.call("context.choose", { session_id: sessionId, target, choice: choice ?? null });
      queries.setQueryData(["context.get", { session_id: sessionId }], next);
    },
    [client, queries, sessionId],
  );
  return { context, of: (target) => known.get(targetName(target)), choose };
}
