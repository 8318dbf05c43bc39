// What is selected around a conversation; another conversation starts afresh.

import { useCallback, useState } from "react";
import { panes, place, type InspectorTab } from "./place";
import { focusPanel } from "./whence";

export interface Focus {
  sessionId: string | undefined;
  drawer?: "sidebar" | "inspector" | undefined;
  /** An operation. */
  selected?: string | undefined;
  openFile?: string | undefined;
  openLine?: number | undefined;
  openJob?: string | undefined;
}

export interface Focused extends Focus {
  change: (part: Omit<Focus, "sessionId">) => void;
  showDrawer: (kind: Focus["drawer"]) => void;
  /** Brings a tab of the inspector to the screen, and the keys into it. */
  showTab: (tab: InspectorTab) => void;
  showFile: (path: string | undefined, line?: number) => void;
}

/** `narrow`: the inspector is a drawer. */
export function useFocus(sessionId: string | undefined, narrow: boolean): Focused {
  const [focus, setFocus] = useState<Focus>({ sessionId });
  const here = focus.sessionId === sessionId ? focus : { sessionId };
  const change = useCallback(
    (part: Omit<Focus, "sessionId">) => {
      setFocus((now) => (now.sessionId === sessionId ? { ...now, ...part } : { sessionId, ...part }));
    },
    [sessionId],
  );
  const showDrawer = useCallback(
    (drawer: Focus["drawer"]) => {
      change({ drawer });
    },
    [change],
  );
  const showTab = useCallback(
    (tab: InspectorTab) => {
      place.set({ view: "chat" });
      panes.set({ tab });
      if (narrow) showDrawer("inspector");
      else panes.set({ inspector: true });
      requestAnimationFrame(() => {
        focusPanel();
      });
    },
    [narrow, showDrawer],
  );
  const showFile = useCallback(
    (path: string | undefined, line?: number) => {
      change({ openFile: path, openLine: line });
      if (path) showTab("files");
    },
    [change, showTab],
  );
  return { ...here, change, showDrawer, showTab, showFile };
}
