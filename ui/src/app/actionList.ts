// The window's actions as they stand now, for the palette, the keys and the message field.

import { look, USUAL_SIZE, type Look } from "../components/theme";
import type { SessionActions } from "../features/sessions/SessionList";
import { t } from "../i18n";
import { LANGUAGES, speaking, type LanguageChoice } from "../i18n/language";
import { sizeBy } from "../protocol/savedLook";
import type { Session } from "../protocol/generated/Session";
import type { Action } from "./actions";
import type { SettingsTab } from "../features/settings/SettingsView";
import { TRUST_TABS, type TrustTab } from "../features/trust/tabs";
import { place, type InspectorTab } from "./place";

export interface ActionContext {
  session: Session | undefined;
  running: boolean;
  resumable: string | undefined;
  lastOperation: string | undefined;
  sessionActions: SessionActions;
  newSession: () => void;
  openFolder: () => void;
  hasProject: boolean;
  openFiles: () => void;
  openSymbols: () => void;
  openPalette: () => void;
  openShortcuts: () => void;
  find: () => void;
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
  saveLook: (change: Partial<Look>) => void;
  saveLanguage: (language: LanguageChoice) => void;
  undoSetting: (() => void) | undefined;
  openSettings: () => void;
  openLimits: () => void;
  /** Where there can be other windows and a project is open. */
  openWindow: (() => void) | undefined;
  reconnect: (() => void) | undefined;
}

/** What people may type for a page of the view about trust. */
const TRUST_WORDS: Record<TrustTab, string> = {
  rules: "permissions allow deny",
  folder: "project hooks agents",
  hooks: "programs",
  elevation: "sudo root password audit",
  checkpoints: "undo history disk",
  egress: "network offline requests",
};

const DENSITIES = ["compact", "normal", "roomy"] as const;

/** The next denser (-1) or roomier (1) one. */
function denser(step: 1 | -1): Look["density"] {
  const at = DENSITIES.indexOf(look.get().density) + step;
  return DENSITIES[Math.min(DENSITIES.length - 1, Math.max(0, at))] ?? "normal";
}

function nextLanguage(): LanguageChoice {
  const spoken = (Object.keys(LANGUAGES) as (keyof typeof LANGUAGES)[]).filter((one) => !one.startsWith("pseudo"));
  const at = spoken.indexOf(speaking.get().language);
  return spoken[(at + 1) % spoken.length] ?? "system";
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
  const page = (id: SettingsTab, title: string, words: string): Action => ({
    id: `settings.${id}`,
    title,
    group: "go",
    words: `settings ${words}`,
    run: () => {
      place.set({ view: "settings", settingsTab: id });
    },
  });
  const theme = (value: Look["theme"], title: string): Action => ({
    id: `theme.${value}`,
    title,
    group: "view",
    words: "colours appearance",
    run: () => {
      at.saveLook({ theme: value });
    },
  });
  return [
    { id: "new", title: a.newSession, group: "session", keys: "mod+n", slash: "new", run: at.newSession },
    { id: "palette", title: a.palette, group: "view", keys: "mod+k", run: at.openPalette },
    {
      id: "search",
      title: a.search,
      group: "go",
      keys: "mod+alt+f",
      slash: "search",
      words: "find",
      run: () => {
        place.set({ view: "search" });
      },
    },
    { id: "code.files", title: t.code.actions.files, group: "project", keys: "mod+p", words: "open quick", enabled: at.hasProject, run: at.openFiles },
    { id: "code.symbols", title: t.code.actions.symbols, group: "project", keys: "mod+shift+o", slash: "symbols", words: "function class", enabled: at.hasProject, run: at.openSymbols },
    {
      id: "code.search",
      title: t.code.actions.search,
      group: "go",
      keys: "mod+shift+f",
      slash: "code",
      words: "find meaning text regex",
      run: () => {
        place.set({ view: "code", codeTab: "search" });
      },
    },
    {
      id: "code.quality",
      title: t.code.actions.quality,
      group: "go",
      words: "issues smells complexity duplication tests docs",
      run: () => {
        place.set({ view: "code", codeTab: "quality" });
      },
    },
    {
      id: "code.hotspots",
      title: t.code.actions.hotspots,
      group: "go",
      words: "churn complexity history treemap",
      run: () => {
        place.set({ view: "code", codeTab: "hotspots" });
      },
    },
    {
      id: "code.concepts",
      title: t.code.actions.concepts,
      group: "go",
      words: "words domain vocabulary",
      run: () => {
        place.set({ view: "code", codeTab: "concepts" });
      },
    },
    {
      id: "code.structure",
      title: t.code.actions.structure,
      group: "go",
      words: "clusters patterns design",
      run: () => {
        place.set({ view: "code", codeTab: "structure" });
      },
    },
    {
      id: "code.deps",
      title: t.code.actions.deps,
      group: "go",
      words: "packages dependencies imports",
      run: () => {
        place.set({ view: "code", codeTab: "deps" });
      },
    },
    {
      id: "code.map",
      title: t.code.actions.map,
      group: "go",
      words: "overview codebase",
      run: () => {
        place.set({ view: "code", codeTab: "map" });
      },
    },
    {
      id: "code.index",
      title: t.code.actions.index,
      group: "go",
      slash: "index",
      words: "languages skipped vectors",
      run: () => {
        place.set({ view: "code", codeTab: "index" });
      },
    },
    {
      id: "settings",
      title: a.settings,
      group: "go",
      keys: "mod+,",
      slash: "settings",
      words: "key provider model theme",
      run: at.openSettings,
    },
    {
      id: "doctor",
      title: a.doctor,
      group: "go",
      slash: "doctor",
      words: "health status diagnose",
      run: () => {
        place.set({ view: "health", healthTab: "doctor" });
      },
    },
    {
      id: "logs",
      title: a.logs,
      group: "go",
      slash: "logs",
      run: () => {
        place.set({ view: "health", healthTab: "logs" });
      },
    },
    ...TRUST_TABS.map((id): Action => ({
      id: `trust.${id}`,
      title: a.trust({ page: t.trust.tabs[id] }),
      group: "go",
      words: `trust ${TRUST_WORDS[id]}`,
      run: () => {
        place.set({ view: "trust", trustTab: id });
      },
    })),
    page("shortcuts", a.keys, "keyboard rebind"),
    page("router", t.settings.tabs.router, "tier model route why"),
    page("vectors", t.settings.tabs.vectors, "qdrant embedding meaning migrate"),
    page("notifications", a.notifications, "sound bell"),
    page("updates", a.updates, "version newer"),
    { id: "limits", title: a.budget, group: "go", words: "budget money cap", run: at.openLimits },
    {
      id: "welcome",
      title: a.welcome,
      group: "go",
      run: () => {
        place.set({ view: "welcome" });
      },
    },
    { id: "message", title: a.focusMessage, group: "go", keys: "mod+l", run: at.focusMessage },
    { id: "find", title: t.talk.find.open, group: "go", keys: "mod+f", words: "find", enabled: session !== undefined, run: at.find },
    { ...tab("changes", a.changes, "1"), slash: "review", words: "diff keep reject" },
    {
      id: "review.large",
      title: a.reviewLarge,
      group: "go",
      keys: "mod+shift+d",
      words: "diff split tree",
      run: () => {
        place.set({ view: "review" });
      },
    },
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
    {
      id: "export.html",
      title: a.exportHtml,
      group: "session",
      slash: "share",
      words: "html export redacted",
      ...withSession((one) => {
        at.sessionActions.exportAs(one, "html");
      }),
    },
    { id: "session.link", title: a.copyLink, group: "session", ...withSession(at.sessionActions.copyLink) },
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
    theme("light", a.themeLight),
    theme("dark", a.themeDark),
    theme("system", a.themeSystem),
    {
      id: "contrast",
      title: a.contrast,
      group: "view",
      run: () => {
        at.saveLook({ contrast: look.get().contrast === "high" ? "normal" : "high" });
      },
    },
    {
      id: "larger",
      title: a.larger,
      group: "view",
      keys: "mod+=",
      run: () => {
        at.saveLook({ size: sizeBy(1) });
      },
    },
    {
      id: "smaller",
      title: a.smaller,
      group: "view",
      keys: "mod+-",
      run: () => {
        at.saveLook({ size: sizeBy(-1) });
      },
    },
    {
      id: "usual-size",
      title: a.usualSize,
      group: "view",
      keys: "mod+0",
      run: () => {
        at.saveLook({ size: USUAL_SIZE });
      },
    },
    {
      id: "denser",
      title: a.denser,
      group: "view",
      words: "density compact",
      run: () => {
        at.saveLook({ density: denser(-1) });
      },
    },
    {
      id: "roomier",
      title: a.roomier,
      group: "view",
      words: "density",
      run: () => {
        at.saveLook({ density: denser(1) });
      },
    },
    {
      id: "language",
      title: a.nextLanguage,
      group: "view",
      words: "english deutsch german sprache",
      run: () => {
        at.saveLanguage(nextLanguage());
      },
    },
    {
      id: "undo-setting",
      title: a.undoSetting,
      group: "view",
      enabled: at.undoSetting !== undefined,
      run: () => at.undoSetting?.(),
    },
    {
      id: "window",
      title: a.newWindow,
      group: "project",
      keys: "mod+shift+n",
      enabled: at.openWindow !== undefined,
      run: () => at.openWindow?.(),
    },
    { id: "reconnect", title: a.reconnect, group: "go", enabled: at.reconnect !== undefined, run: () => at.reconnect?.() },
    { id: "shortcuts", title: a.shortcuts, group: "view", keys: "mod+/", slash: "help", run: at.openShortcuts },
  ];
}
