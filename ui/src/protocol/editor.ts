// The person's editor, on the machine where the engine runs.

import { useCallback } from "react";
import type { Editor } from "./generated/Editor";
import { useClient, useRequest } from "./queries";

export interface EditorState {
  /** What would open; undefined while it is not known, and where none can. */
  name: string | undefined;
  /** Why none can be opened. */
  problem: string | undefined;
  /** The machine on whose screen it opens, where this page is shown on another one. */
  elsewhere: string | undefined;
  open: (path: string, line?: number) => Promise<Editor>;
}

/** True for a page that came over the network: its screen is not the engine's. */
export function isRemote(kind: string, hostname: string): boolean {
  return kind !== "window" && !["localhost", "127.0.0.1", "[::1]", "::1", ""].includes(hostname);
}

export function useEditor(projectId: string | undefined): EditorState {
  const client = useClient();
  const list = useRequest("editor.list", projectId ? {} : undefined).data;
  const open = useCallback(
    (path: string, line?: number) => {
      if (!projectId) return Promise.reject(new Error("no project"));
      return client.call("editor.open", { project_id: projectId, path, line, column: undefined });
    },
    [client, projectId],
  );
  return {
    name: list?.problem ? undefined : list?.editors[0]?.name,
    problem: list?.problem ?? undefined,
    elsewhere: list && isRemote(client.kind, location.hostname) ? list.host : undefined,
    open,
  };
}
