// The window's actions with the keys that the person gave them, and where else they come from: the
// tray, a second start, a link.

import { useCallback, useEffect, useRef } from "react";
import { useToasts } from "../components/toasts";
import { t } from "../i18n";
import { speak } from "../i18n/language";
import type { DemoStarted } from "../protocol/generated/DemoStarted";
import type { Project } from "../protocol/generated/Project";
import type { Session } from "../protocol/generated/Session";
import { useClient, useStatus } from "../protocol/queries";
import type { Saved } from "../protocol/saved";
import { saveLook } from "../protocol/savedLook";
import { onHandedOver, openWindow, tellProject, type DeepLink } from "../protocol/window";
import { actionList, type ActionContext } from "./actionList";
import { isEnabled, type Action } from "./actions";
import { bound, readOverrides } from "./keys";
import { habits, place } from "./place";
import { useAttempt } from "./useAttempt";

/** What the window itself must do for its actions. */
export type Around = Pick<
  ActionContext,
  | "session"
  | "running"
  | "lastOperation"
  | "sessionActions"
  | "newSession"
  | "openFolder"
  | "hasProject"
  | "openFiles"
  | "openSymbols"
  | "openPalette"
  | "openShortcuts"
  | "find"
  | "toggleSidebar"
  | "toggleInspector"
  | "showTab"
  | "focusMessage"
  | "stop"
  | "undo"
  | "redo"
  | "resume"
  | "exportScenario"
> & { projectId: string | undefined; sessions: readonly Session[]; openDemo: (demo: DemoStarted) => void };

export interface WindowActions {
  /** With the keys that hold now. */
  actions: readonly Action[];
  /** With the keys that they have by themselves. */
  usual: readonly Action[];
}

export function useWindowActions(around: Around, saved: Saved): WindowActions {
  const client = useClient();
  const toasts = useToasts();
  const status = useStatus();
  const { attempt } = useAttempt();
  const { session, projectId, sessions } = around;
  const usual = actionList({
    ...around,
    resumable: session?.resumable_operation_id ?? undefined,
    startDemo: () => {
      attempt(async () => {
        around.openDemo(await client.call("demo.start", {}));
      });
    },
    neighbour: (step) => {
      const at = sessions.findIndex((one) => one.id === session?.id);
      const next = sessions[Math.min(sessions.length - 1, Math.max(0, at + step))];
      if (next) place.set({ view: "chat", sessionId: next.id });
    },
    saveLook: (part) => {
      attempt(() => saveLook(saved, part));
    },
    saveLanguage: (language) => {
      attempt(async () => {
        await saved.save("MIRA_LANGUAGE", language);
        await speak(language);
      });
    },
    undoSetting: saved.undoable
      ? () => {
          attempt(async () => {
            const name = await saved.undo();
            if (name) toasts.say(t.settings.undone({ name }));
          });
        }
      : undefined,
    openSettings: () => {
      place.set({ view: "settings" });
    },
    openLimits: () => {
      place.set({ view: "budget" });
    },
    openWindow:
      client.kind === "window" && projectId
        ? () => {
            attempt(() => openWindow(projectId));
          }
        : undefined,
    reconnect:
      status.state === "reconnecting"
        ? () => {
            client.retry();
          }
        : undefined,
  });
  return { actions: bound(usual, readOverrides(saved.of("MIRA_SHORTCUTS")?.value)), usual };
}

/** Follows what a command line, a link, a second start or the tray asks of this window. */
export function useHandedOver(
  actions: readonly Action[],
  projectId: string | undefined,
  to: { openProject: (project: Project) => void; askForFolder: (path: string) => void },
): void {
  const client = useClient();
  const toasts = useToasts();
  const { attempt } = useAttempt();
  const { openProject, askForFolder } = to;
  const openLink = useCallback(
    (link: DeepLink) => {
      attempt(async () => {
        if (link.kind === "broken") toasts.fail(t.links.broken);
        else if (link.kind === "open") askForFolder(link.path);
        else {
          const named = await client.call("session.get", { session_id: link.session_id }).catch(() => undefined);
          if (!named || named.deleted) toasts.fail(t.links.noSession);
          else {
            habits.set({ welcomed: true });
            place.set({ view: "chat", projectId: named.project_id ?? undefined, sessionId: named.id });
          }
        }
      });
    },
    [askForFolder, attempt, client, toasts],
  );
  const latest = useRef(actions);
  useEffect(() => {
    latest.current = actions;
  });
  useEffect(() => {
    if (client.kind !== "window") return undefined;
    return onHandedOver({
      project: (id) => {
        attempt(async () => {
          openProject(await client.call("project.get", { project_id: id }));
        });
      },
      link: openLink,
      action: (id) => {
        const action = latest.current.find((one) => one.id === id);
        if (action && isEnabled(action)) action.run();
      },
    });
  }, [attempt, client, openProject, openLink]);
  useEffect(() => {
    if (client.kind === "window") tellProject(projectId);
  }, [client, projectId]);
}
