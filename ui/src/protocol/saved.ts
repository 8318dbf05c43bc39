// Settings that the person changes: read, saved with a way back, undone one after the other.

import { useCallback, useMemo } from "react";
import { createStore, useStore } from "../components/store";
import type { Setting } from "./generated/Setting";
import { useClient, useRequest } from "./queries";

interface Change {
  name: string;
  /** What was saved before; null: nothing was, a lower source held. */
  before: string | null;
}

/** Changes of this window that can be taken back, the newest last. */
const history = createStore<{ changes: readonly Change[] }>({ changes: [] });

/** More than anybody takes back; older ones can be reset one by one. */
const KEPT = 50;

export interface Saved {
  /** Undefined until the engine has answered. */
  settings: readonly Setting[] | undefined;
  of(name: string): Setting | undefined;
  /** Saves, or (null) goes back to what holds without it. Rejects where the engine refuses. */
  save(name: string, value: string | null): Promise<void>;
  /** The name of what [`Saved.undo`] would take back. */
  undoable: string | undefined;
  /** Takes the newest change back; resolves with its name. */
  undo(): Promise<string | undefined>;
}

export function useSaved(): Saved {
  const client = useClient();
  const settings = useRequest("settings.list", {}).data?.settings;
  const { changes } = useStore(history);
  const of = useCallback((name: string) => settings?.find((one) => one.name === name), [settings]);
  return useMemo(
    () => ({
      settings,
      of,
      save: async (name, value) => {
        const now = of(name);
        await client.call("settings.set", { name, value });
        const before = now?.source === "settings" ? now.value : null;
        if (before !== value) history.set({ changes: [...history.get().changes, { name, before }].slice(-KEPT) });
      },
      undoable: changes.at(-1)?.name,
      undo: async () => {
        const last = history.get().changes.at(-1);
        if (!last) return undefined;
        await client.call("settings.set", { name: last.name, value: last.before });
        history.set({ changes: history.get().changes.slice(0, -1) });
        return last.name;
      },
    }),
    [client, settings, of, changes],
  );
}
