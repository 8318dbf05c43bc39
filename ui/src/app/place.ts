// Where the person is, and how the panes stand. Survives a reload; the place is in the address too.

import { createStore } from "../components/store";
import type { Access } from "../protocol/generated/Access";
import type { Tier } from "../protocol/generated/Tier";
import { CODE_TABS, type CodeTab } from "../features/code/tabs";
import type { HealthTab } from "../features/health/HealthView";
import { TRUST_TABS, type TrustTab } from "../features/trust/tabs";
import type { SettingsTab } from "../features/settings/SettingsView";

export type View = "chat" | "review" | "settings" | "search" | "code" | "health" | "budget" | "trust" | "welcome";
export type InspectorTab = "changes" | "activity" | "files" | "context" | "cost";

export interface Place {
  view: View;
  projectId: string | undefined;
  sessionId: string | undefined;
  settingsTab: SettingsTab;
  healthTab: HealthTab;
  trustTab: TrustTab;
  codeTab: CodeTab;
  /** The element that the page about one shows. */
  element: number | undefined;
}

export interface Panes {
  sidebar: boolean;
  sidebarWidth: number;
  inspector: boolean;
  inspectorWidth: number;
  tab: InspectorTab;
}

export interface Habits {
  /** The first page was answered; it does not come back by itself. */
  modelChosen: boolean;
  welcomed: boolean;
  /** A project, or none, was chosen here; before that the newest one is shown. */
  projectChosen: boolean;
  tier: Tier | undefined;
  model: string | undefined;
  access: Access;
  /** Session → the newest step that was seen. */
  seen: Record<string, number>;
}

const VIEWS: View[] = ["chat", "review", "settings", "search", "code", "health", "budget", "trust", "welcome"];

/** A window of its own for one project has a place and panes of its own too. */
const ownProject = new URLSearchParams(location.search).get("window") ?? undefined;
const suffix = ownProject ? `.${ownProject}` : "";

export const place = createStore<Place>(
  { view: "chat", projectId: ownProject, sessionId: undefined, settingsTab: "models", healthTab: "doctor", trustTab: TRUST_TABS[0], codeTab: CODE_TABS[0], element: undefined },
  `mira.place${suffix}`,
);

export const panes = createStore<Panes>(
  { sidebar: true, sidebarWidth: 248, inspector: true, inspectorWidth: 420, tab: "changes" },
  `mira.panes${suffix}`,
);

export const habits = createStore<Habits>(
  { modelChosen: false, welcomed: false, projectChosen: false, tier: undefined, model: undefined, access: "project", seen: {} },
  "mira.habits",
);

/** "#/chat/ses_1", "#/code/element/12", and back. */
export function toHash(where: Pick<Place, "view" | "sessionId"> & Partial<Pick<Place, "codeTab" | "element">>): string {
  if (where.view === "code") {
    const element = where.codeTab === "element" && where.element !== undefined ? `/${where.element}` : "";
    return `#/code/${where.codeTab ?? CODE_TABS[0]}${element}`;
  }
  const ofSession = where.view === "chat" || where.view === "review";
  return ofSession ? `#/${where.view}/${where.sessionId ?? ""}` : `#/${where.view}`;
}

export function fromHash(hash: string): Partial<Place> {
  const [, view, session, part] = hash.split("/");
  const known = VIEWS.find((one) => one === view);
  if (!known) return {};
  if (known === "code") {
    const codeTab = CODE_TABS.find((one) => one === session) ?? CODE_TABS[0];
    const element = Number(part);
    return codeTab === "element" && part && Number.isInteger(element) ? { view: known, codeTab, element } : { view: known, codeTab };
  }
  return known === "chat" || known === "review" ? { view: known, sessionId: session || undefined } : { view: known };
}

/** Shows the page about one element of the code. */
export function openElement(element: number): void {
  place.set({ view: "code", codeTab: "element", element });
}

/** Ties the store to the address, so that back, forward and reload work. */
export function followAddress(): void {
  place.set(fromHash(location.hash));
  let own = toHash(place.get());
  history.replaceState(null, "", own);
  place.subscribe(() => {
    const next = toHash(place.get());
    if (next === own) return;
    own = next;
    history.pushState(null, "", next);
  });
  addEventListener("popstate", () => {
    own = location.hash;
    place.set(fromHash(location.hash));
  });
}

export function markSeen(sessionId: string, seq: number): void {
  const { seen } = habits.get();
  if ((seen[sessionId] ?? 0) < seq) habits.set({ seen: { ...seen, [sessionId]: seq } });
}

/** Sessions met for the first time count as seen up to here, so that only news is marked. */
export function learnSessions(sessions: readonly { id: string; last_seq: number }[]): void {
  const { seen } = habits.get();
  const fresh = sessions.filter((session) => seen[session.id] === undefined);
  if (fresh.length === 0) return;
  habits.set({ seen: { ...seen, ...Object.fromEntries(fresh.map((session) => [session.id, session.last_seq])) } });
}
