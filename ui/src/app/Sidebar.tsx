// The left side: project, new session, search, sessions, money, settings.

import { Code2, PanelLeft, Plus, Search, Settings as SettingsIcon, ShieldCheck, Stethoscope } from "lucide-react";
import type { ReactNode } from "react";
import { IconButton, Keys } from "../components/Button";
import { useStore } from "../components/store";
import { MoneyStrip } from "../features/cost/CostPanel";
import { ProjectSwitcher } from "../features/projects/ProjectSwitcher";
import { SessionList, type SessionActions } from "../features/sessions/SessionList";
import { useRequest } from "../protocol/queries";
import { t } from "../i18n";
import type { IndexState } from "../protocol/generated/IndexState";
import type { Project } from "../protocol/generated/Project";
import { keysOf, type Action } from "./actions";
import { habits, panes, place } from "./place";

export function Sidebar(props: {
  /** It lies over the middle instead of beside it. */
  drawer: boolean;
  actions: readonly Action[];
  currentSession: string | undefined;
  sessionActions: SessionActions;
  onProject: (project: Project | undefined) => void;
  onOpenFolder: () => void;
  onRemoveProject: (project: Project) => void;
}) {
  const where = useStore(place);
  const { sidebarWidth } = useStore(panes);
  const { seen } = useStore(habits);
  const index = useRequest("code.state", where.projectId ? { project_id: where.projectId } : undefined).data;
  const run = (id: string) => () => props.actions.find((one) => one.id === id)?.run();
  const keys = (id: string) => keysOf(props.actions, id);
  return (
    <aside className={props.drawer ? "sidebar drawer left" : "sidebar"} aria-label={t.app.sidebar} style={{ width: props.drawer ? undefined : sidebarWidth }}>
      <div className="sidebar-top">
        <div className="row-line">
          <ProjectSwitcher current={where.projectId} onSelect={props.onProject} onOpen={props.onOpenFolder} onRemove={props.onRemoveProject} />
          <IconButton small label={t.app.hideSidebar} keys={keys("sidebar")} onClick={run("sidebar")}>
            <PanelLeft size={14} />
          </IconButton>
        </div>
        <SideButton icon={<Plus size={14} />} label={t.sessions.new} keys={keys("new")} current={false} onClick={run("new")} />
        <SideButton icon={<Code2 size={14} />} label={t.code.title} keys={keys("code.search")} mark={indexing(index)} current={where.view === "code"} onClick={run("code.search")} />
        <SideButton icon={<Search size={14} />} label={t.search.title} keys={keys("search")} current={where.view === "search"} onClick={run("search")} />
      </div>
      <SessionList projectId={where.projectId} current={props.currentSession} seen={seen} actions={props.sessionActions} />
      <div className="sidebar-foot">
        <MoneyStrip onOpen={() => run("tab.cost")()} />
        <div className="row-line">
          <SideButton
            icon={<SettingsIcon size={14} />}
            label={t.settings.title}
            keys={keys("settings")}
            current={where.view === "settings"}
            onClick={run("settings")}
          />
          <IconButton
            small
            label={t.trust.title}
            aria-current={where.view === "trust" ? "page" : undefined}
            onClick={() => {
              place.set({ view: "trust" });
            }}
          >
            <ShieldCheck size={14} />
          </IconButton>
          <IconButton
            small
            label={t.health.title}
            aria-current={where.view === "health" ? "page" : undefined}
            onClick={() => {
              place.set({ view: "health" });
            }}
          >
            <Stethoscope size={14} />
          </IconButton>
        </div>
      </div>
    </aside>
  );
}

/** How far the project's index is, while it is being made. */
function indexing(state: IndexState | undefined): string | undefined {
  if (!state || state.is_fresh || state.phase === "idle") return undefined;
  return state.total > 0 ? t.code.index.of({ done: state.done, total: state.total }) : t.code.index.scanning;
}

function SideButton(props: { icon: ReactNode; label: string; keys: string | undefined; mark?: string | undefined; current: boolean; onClick: () => void }) {
  return (
    <button type="button" className="side-button" aria-current={props.current ? "page" : undefined} onClick={props.onClick}>
      <span aria-hidden="true" className="side-icon">
        {props.icon}
      </span>
      <span className="grow truncate">{props.label}</span>
      {props.mark ? <span className="quiet num truncate">{props.mark}</span> : null}
      {props.keys ? <Keys>{props.keys}</Keys> : null}
    </button>
  );
}
