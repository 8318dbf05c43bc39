// What a project has to offer while no model can be asked.

import { CirclePlay, Flame, Folder, ListChecks, Map as MapIcon, Search } from "lucide-react";
import type { ReactNode } from "react";
import { Keys } from "../components/Button";
import { t } from "../i18n";
import { whole } from "../i18n/format";
import type { IndexState } from "../protocol/generated/IndexState";
import { useRequest } from "../protocol/queries";
import { keysOf, type Action } from "./actions";

export function WithoutModel({ projectId, actions }: { projectId: string; actions: readonly Action[] }) {
  const index = useRequest("code.state", { project_id: projectId }).data;
  const words = t.chat.without;
  const row = (id: string, icon: ReactNode, name: string, figure?: string) => (
    <li>
      <button type="button" className="menu-item offer" onClick={() => actions.find((one) => one.id === id)?.run()}>
        {icon}
        <span className="truncate">{name}</span>
        {figure ? <span className="quiet num truncate">{figure}</span> : null}
        <Offered keys={keysOf(actions, id)} />
      </button>
    </li>
  );
  return (
    <ul className="offers" aria-label={words.title}>
      {row("code.search", <Search size={14} aria-hidden="true" />, words.search, known(index))}
      {row("code.map", <MapIcon size={14} aria-hidden="true" />, words.map)}
      {row("code.quality", <ListChecks size={14} aria-hidden="true" />, words.quality, index?.insight.is_current ? words.issues({ count: index.insight.issues }) : undefined)}
      {row("code.hotspots", <Flame size={14} aria-hidden="true" />, words.hotspots, index?.insight.is_current && index.insight.commits > 0 ? words.commits({ count: index.insight.commits }) : undefined)}
      {row("tab.files", <Folder size={14} aria-hidden="true" />, words.files)}
      {row("demo", <CirclePlay size={14} aria-hidden="true" />, words.demo)}
    </ul>
  );
}

function Offered({ keys }: { keys: string | undefined }) {
  return <span className="end">{keys ? <Keys>{keys}</Keys> : null}</span>;
}

/** How much is known of the code, and while that is being found out, how far it is. */
function known(index: IndexState | undefined): string | undefined {
  if (!index) return undefined;
  if (!index.is_fresh && index.total > 0) return t.code.index.of({ done: index.done, total: index.total });
  return index.totals.elements > 0 ? t.chat.without.known({ elements: whole(index.totals.elements), files: whole(index.totals.files) }) : undefined;
}
