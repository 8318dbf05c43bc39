// What Mira may do, what it did, and how that is taken back: rules, trust, hooks, elevation, checkpoints, egress.

import { Tabs } from "../../components/Tabs";
import { t } from "../../i18n";
import type { Project } from "../../protocol/generated/Project";
import { CheckpointsPage } from "./CheckpointsPage";
import { EgressPage } from "./EgressPage";
import { ElevationPage } from "./ElevationPage";
import { FolderPage } from "./FolderPage";
import { HooksPage } from "./HooksPage";
import { RulesPage } from "./RulesPage";
import { TRUST_TABS, type TrustTab } from "./tabs";
import "./trust.css";

export default function TrustView(props: { tab: TrustTab; project: Project | undefined; onTab: (tab: TrustTab) => void; onSession: (id: string) => void }) {
  const { tab, project } = props;
  return (
    <div className="view">
      <div className="view-content wide">
        <h1 className="view-title">{t.trust.title}</h1>
        <Tabs name="trust" label={t.trust.title} tabs={TRUST_TABS.map((id) => ({ id, label: t.trust.tabs[id] }))} current={tab} onChange={props.onTab} />
        <div id="trust-panel" role="tabpanel" aria-labelledby={`trust-${tab}`} className="stack">
          {tab === "rules" ? <RulesPage key={project?.id} project={project} /> : null}
          {tab === "folder" ? <FolderPage key={project?.id} project={project} /> : null}
          {tab === "hooks" ? <HooksPage key={project?.id} project={project} /> : null}
          {tab === "elevation" ? <ElevationPage onSession={props.onSession} /> : null}
          {tab === "checkpoints" ? <CheckpointsPage project={project} onSession={props.onSession} /> : null}
          {tab === "egress" ? <EgressPage onSession={props.onSession} /> : null}
        </div>
      </div>
    </div>
  );
}
