// The window's actions as they stand now, for the palette, the keys and the message field.

import { look, resize } from "../components/theme";
import type { SessionActions } from "../features/sessions/SessionList";
import { t } from "../i18n";
import type { Session } from "../protocol/generated/Session";
import type { Action } from "./actions";
import { place, type InspectorTab } from "./place";

export interface ActionContext {
  session: Session | undefined;
  running: boolean;
  resumable: string | undefined;
  lastOperation: string | undefined;
  sessionActions: SessionActions;
  newSession: () => void;
  openFolder: () => void;
  openPalette: () => void;
  openShortcuts: () => void;
  toggleSidebar: () => void;
  toggleInspector: () => void;
  showTab: (tab: InspectorTab) => void;
  focusMessage: () => void;
  stop: () => void;
  undo: () => void;
  redo: () => void;
  resume: (operationId: string) => void;
  exportScenario: (operationId: string) => void;
  startDemo: () => void;
  neighbour: (step: 1 | -1) => void;
}

export function actionList(at: ActionContext): Action[] {
  const { session, lastOperation, resumable } = at;
  const a = t.actions;
  const withSession = (run: (one: Session) => void) => ({
    enabled: session !== undefined,
    run: () => {
      if (session) run(session);
    },
  });
  const tab = (id: InspectorTab, title: string, key: string): Action => ({
    id: `tab.${id}`,
    title,
    group: "go",
    keys: `mod+${key}`,
    run: () => {
      at.showTab(id);
    },
  });
  return [
    { id: "new", title: a.newSession, group: "session", keys: "mod+n", slash: "new", run: at.newSession },
    { id: "palette", title: a.palette, group: "view", keys: "mod+k", run: at.openPalette },
    {
      id: "search",
      title: a.search,
      group: "go",
      keys: "mod+shift+f",
      slash: "search",
      words: "find",
      run: () => {
        place.set({ view: "search" });
      },
    },
    {
      id: "settings",
      title: a.settings,
      group: "go",
      keys: "mod+,",
      slash: "settings",
      words: "key provider model theme",
      run: () => {
        place.set({ view: "settings" });
      },
    },
    {
      id: "health",
      title: a.health,
      group: "go",
      slash: "doctor",
      words: "status diagnose",
      run: () => {
        place.set({ view: "health" });
      },
    },
    {
      id: "welcome",
      title: a.welcome,
      group: "go",
      run: () => {
        place.set({ view: "welcome" });
      },
    },
    { id: "message", title: a.focusMessage, group: "go", keys: "mod+l", run: at.focusMessage },
    { ...tab("changes", a.changes, "1"), slash: "review", words: "diff keep reject" },
    { ...tab("activity", a.activity, "2"), words: "jobs background" },
    tab("files", a.files, "3"),
    { ...tab("context", a.context, "4"), words: "tokens" },
    { ...tab("cost", a.cost, "5"), slash: "budget", words: "money" },
    { id: "rename", title: a.rename, group: "session", slash: "rename", ...withSession(at.sessionActions.rename) },
    { id: "pin", title: a.pin, group: "session", ...withSession(at.sessionActions.pin) },
    { id: "fork", title: a.fork, group: "session", slash: "fork", ...withSession(at.sessionActions.fork) },
    {
      id: "export.markdown",
      title: a.exportMarkdown,
      group: "session",
      slash: "export",
      ...withSession((one) => {
        at.sessionActions.exportAs(one, "markdown");
      }),
    },
    {
      id: "export.json",
      title: a.exportJson,
      group: "session",
      ...withSession((one) => {
        at.sessionActions.exportAs(one, "json");
      }),
    },
    { id: "delete", title: a.delete, group: "session", ...withSession(at.sessionActions.remove) },
    {
      id: "session.next",
      title: a.nextSession,
      group: "session",
      keys: "mod+alt+arrowdown",
      run: () => {
        at.neighbour(1);
      },
    },
    {
      id: "session.previous",
      title: a.previousSession,
      group: "session",
      keys: "mod+alt+arrowup",
      run: () => {
        at.neighbour(-1);
      },
    },
    { id: "stop", title: a.stop, group: "operation", keys: "mod+.", slash: "stop", words: "cancel", enabled: at.running, run: at.stop },
    { id: "undo", title: a.undo, group: "operation", keys: "mod+shift+z", slash: "undo", enabled: session !== undefined, run: at.undo },
    { id: "redo", title: a.redo, group: "operation", keys: "mod+shift+y", slash: "redo", enabled: session !== undefined, run: at.redo },
    {
      id: "resume",
      title: a.resume,
      group: "operation",
      slash: "resume",
      enabled: resumable !== undefined,
      run: () => {
        if (resumable) at.resume(resumable);
      },
    },
    {
      id: "scenario",
      title: a.exportScenario,
      group: "operation",
      words: "test replay",
      enabled: lastOperation !== undefined,
      run: () => {
        if (lastOperation) at.exportScenario(lastOperation);
      },
    },
    { id: "open", title: a.openFolder, group: "project", keys: "mod+o", run: at.openFolder },
    { id: "demo", title: a.demo, group: "project", slash: "demo", run: at.startDemo },
    { id: "sidebar", title: a.toggleSidebar, group: "view", keys: "mod+b", run: at.toggleSidebar },
    { id: "inspector", title: a.toggleInspector, group: "view", keys: "mod+alt+b", run: at.toggleInspector },
    {
      id: "theme.light",
      title: a.themeLight,
      group: "view",
      run: () => {
        look.set({ theme: "light" });
      },
    },
    {
      id: "theme.dark",
      title: a.themeDark,
      group: "view",
      run: () => {
        look.set({ theme: "dark" });
      },
    },
    {
      id: "theme.system",
      title: a.themeSystem,
      group: "view",
      run: () => {
        look.set({ theme: "system" });
      },
    },
    {
      id: "contrast",
      title: a.contrast,
      group: "view",
      run: () => {
        look.set((now) => ({ contrast: now.contrast === "high" ? "normal" : "high" }));
      },
    },
    {
      id: "larger",
      title: a.larger,
      group: "view",
      keys: "mod+=",
      run: () => {
        resize(1);
      },
    },
    {
      id: "smaller",
      title: a.smaller,
      group: "view",
      keys: "mod+-",
      run: () => {
        resize(-1);
      },
    },
    { id: "shortcuts", title: a.shortcuts, group: "view", keys: "mod+/", slash: "help", run: at.openShortcuts },
  ];
}
