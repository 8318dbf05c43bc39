// The line above the middle: what is shown, and the sides that are folded away.

import { PanelLeft, PanelRight } from "lucide-react";
import { Button, IconButton } from "../components/Button";
import { t } from "../i18n";
import type { Project } from "../protocol/generated/Project";
import { keysOf, type Action } from "./actions";
import { place } from "./place";
import { Whereabouts } from "./Whereabouts";

interface Side {
  actions: readonly Action[];
  onToggle: () => void;
}

function ShowSidebar({ actions, onToggle }: Side) {
  return (
    <IconButton small label={t.app.showSidebar} keys={keysOf(actions, "sidebar")} onClick={onToggle}>
      <PanelLeft size={14} />
    </IconButton>
  );
}

/** Of a page, where the sidebar does not lead back. */
export function PageHead(props: { sidebar: Side; canGoBack: boolean }) {
  return (
    <header className="pane-head">
      <ShowSidebar {...props.sidebar} />
      {props.canGoBack ? (
        <Button
          small
          look="ghost"
          onClick={() => {
            place.set({ view: "chat" });
          }}
        >
          {t.common.back}
        </Button>
      ) : null}
    </header>
  );
}

/** Of a conversation. A side is given where it is folded away. */
export function ChatHead(props: { title: string; project: Project | undefined; sidebar: Side | undefined; inspector: Side | undefined }) {
  const { sidebar, inspector, project } = props;
  return (
    <header className="pane-head">
      {sidebar ? <ShowSidebar {...sidebar} /> : null}
      <h1 className="truncate session-title">{props.title}</h1>
      <span className="grow" />
      {project ? <Whereabouts project={project} /> : null}
      {inspector ? (
        <IconButton small label={t.app.showInspector} keys={keysOf(inspector.actions, "inspector")} onClick={inspector.onToggle}>
          <PanelRight size={14} />
        </IconButton>
      ) : null}
    </header>
  );
}
