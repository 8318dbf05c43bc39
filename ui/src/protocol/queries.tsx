// Back-end data for screens: each request is a query, each topic says which queries went stale.

import {
  QueryClient,
  QueryClientProvider,
  keepPreviousData,
  useQuery,
  useQueryClient,
  type QueryKey,
  type UseQueryResult,
} from "@tanstack/react-query";
import { createContext, useContext, useEffect, useSyncExternalStore, type ReactNode } from "react";
import type { Client, Method, Params, Reply, Status } from "./client";
import type { Topic } from "./generated/Topic";
import { heard } from "./stored";

const ClientContext = createContext<Client | undefined>(undefined);

export function useClient(): Client {
  const client = useContext(ClientContext);
  if (!client) throw new Error("no client above this component");
  return client;
}

export function useStatus(): Status {
  const client = useClient();
  return useSyncExternalStore(client.onStatus, client.status);
}

/** The methods whose answers a topic spoils. */
export function staleMethods(topic: Topic["topic"]): Method[] {
  switch (topic) {
    case "projects":
      return ["project.list", "project.get"];
    case "sessions":
      return ["session.list", "session.get", "session.last", "session.search"];
    case "changes":
      return ["operation.changes", "operation.list", "operation.get", "session.changes", "comment.list", "context.get"];
    case "approvals":
      // A session's sign says that it waits for an answer.
      return ["approval.list", "session.list", "session.get"];
    case "rules":
      return ["rule.list", "rule.preview", "rule.test"];
    case "trust":
      return ["trust.get", "trust.list", "rule.list", "hook.list", "command.list"];
    case "hooks":
      return ["hook.log"];
    case "sudo":
      return ["sudo.permissions", "sudo.blocklist", "sudo.requests", "sudo.audit"];
    case "jobs":
      return ["job.list"];
    case "checkpoints":
      return ["checkpoint.list", "checkpoint.get", "checkpoint.usage"];
    case "settings":
      return ["vectors.get", "vectors.old", "settings.list", "model.list", "provider.list", "budget.get", "editor.list", "route.explain", "route.outcomes", "code.naming"];
    case "providers":
      return ["provider.list", "model.list", "provider.detect", "code.naming"];
    case "budget":
      return ["budget.get", "budget.spend", "budget.calls", "budget.caps", "budget.pauses", "budget.forecast", "budget.savings", "session.cache", "route.decisions", "route.outcomes", "route.explain", "code.naming"];
    case "egress":
      return ["egress.list"];
    case "git":
      return ["git.status", "git.diff", "git.changes", "git.log", "git.search"];
    case "files":
      return ["file.list", "file.read", "file.find", "file.blob", "project.guidelines"];
    case "code":
      return ["code.state", "code.noted_files", "code.languages", "code.search", "git.search", "session.search", "code.symbols", "code.element", "code.callers", "code.callees", "code.graph", "code.deps", "code.tests", "code.map", "code.quality", "code.hotspots", "code.concepts", "code.clusters", "code.patterns", "code.naming", "code.modules", "vectors.estimate"];
    case "vectors":
      return ["vectors.get", "vectors.old", "vectors.estimate", "code.state"];
  }
}

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      // Topics tell when something changed; polling and focus refetches would only cost.
      queries: { staleTime: Infinity, retry: false, refetchOnWindowFocus: false, refetchOnReconnect: false },
    },
  });
}

/** A first answer that is still under way may be from before the change: it is asked for again. */
function spoil(queries: QueryClient, method: Method): void {
  const early = queries
    .getQueryCache()
    .findAll({ queryKey: [method], fetchStatus: "fetching" })
    .filter((query) => query.state.data === undefined);
  void queries.invalidateQueries({ queryKey: [method] });
  for (const query of early) {
    const again = () => queries.invalidateQueries({ queryKey: query.queryKey, exact: true });
    void query.promise?.then(again, again);
  }
}

function Freshness() {
  const client = useClient();
  const queries = useQueryClient();
  useEffect(() => {
    const stopMessages = client.onMessages((messages) => {
      const stale = new Set<Method>();
      for (const message of messages) {
        const what = heard(message);
        if (what?.kind === "topic") for (const method of staleMethods(what.topic.topic)) stale.add(method);
      }
      for (const method of stale) spoil(queries, method);
    });
    let wasOnline = client.status().state === "online";
    const stopStatus = client.onStatus(() => {
      const online = client.status().state === "online";
      if (online && !wasOnline) void queries.invalidateQueries();
      wasOnline = online;
    });
    return () => {
      stopMessages();
      stopStatus();
    };
  }, [client, queries]);
  return null;
}

export function ProtocolProvider(props: { client: Client; queries?: QueryClient; children: ReactNode }) {
  const { client, queries = newQueryClient(), children } = props;
  return (
    <ClientContext.Provider value={client}>
      <QueryClientProvider client={queries}>
        <Freshness />
        {children}
      </QueryClientProvider>
    </ClientContext.Provider>
  );
}

/**
 * The answer to a request, asked again when its topic goes stale. `params: undefined` asks nothing.
 * With `keep` the last answer stays until the one to other params is there, for lists that are
 * searched: what stands around them must not come and go with each letter. As a function it says
 * for which params before.
 */
export function useRequest<M extends Method>(
  method: M,
  params: Params<M> | undefined,
  options: { keep?: boolean | ((before: Params<M>) => boolean) } = {},
): UseQueryResult<Reply<M>> {
  const client = useClient();
  const { keep } = options;
  const kept = (last: Reply<M> | undefined, before: { queryKey: QueryKey } | undefined) => (typeof keep === "function" && before && keep(before.queryKey[1] as Params<M>) ? last : undefined);
  return useQuery<Reply<M>>({
    queryKey: [method, params],
    queryFn: () => client.call(method, params as Params<M>),
    enabled: params !== undefined,
    ...(keep ? { placeholderData: typeof keep === "function" ? (kept as typeof keepPreviousData) : keepPreviousData } : {}),
  });
}
