// What is known of the project's code: search, one element, the index. Drawn when first looked at.

import { Code2 } from "lucide-react";
import { Button } from "../../components/Button";
import { Empty } from "../../components/states";
import { Tabs } from "../../components/Tabs";
import { t } from "../../i18n";
import type { Project } from "../../protocol/generated/Project";
import "./code.css";
import { CodeSearch } from "./CodeSearch";
import { ConceptsPage } from "./ConceptsPage";
import { DependenciesPage } from "./DependenciesPage";
import { ElementPage } from "./ElementPage";
import { HotspotsPage } from "./HotspotsPage";
import { IndexPage } from "./IndexPage";
import { MapPage } from "./MapPage";
import { QualityPage } from "./QualityPage";
import { StructurePage } from "./StructurePage";
import { CODE_TABS, type CodeTab } from "./tabs";

export interface CodeLinks {
  openElement: (id: number) => void;
  openFile: (path: string, line: number) => void;
}

export default function CodeView(props: {
  tab: CodeTab;
  project: Project | undefined;
  element: number | undefined;
  links: CodeLinks;
  onTab: (tab: CodeTab) => void;
  onOpenFolder: () => void;
  onFindSymbol: () => void;
}) {
  const { tab, project, element, links } = props;
  const words = t.code;
  return (
    <div className="view">
      <div className="view-content wide">
        <h1 className="view-title">{words.title}</h1>
        <Tabs name="code" label={words.title} tabs={CODE_TABS.map((id) => ({ id, label: words.tabs[id] }))} current={tab} onChange={props.onTab} />
        <div id="code-panel" role="tabpanel" aria-labelledby={`code-${tab}`} className="stack">
          {project === undefined ? (
            <Empty icon={<Code2 size={22} className="quiet" aria-hidden="true" />} title={words.noProject} action={<Button onClick={props.onOpenFolder}>{t.actions.openFolder}</Button>}>
              {words.noProjectHint}
            </Empty>
          ) : null}
          {project && tab === "search" ? <CodeSearch key={project.id} projectId={project.id} links={links} /> : null}
          {project && tab === "element" ? <ElementPage projectId={project.id} id={element} links={links} onFindSymbol={props.onFindSymbol} /> : null}
          {project && tab === "quality" ? <QualityPage key={project.id} projectId={project.id} links={links} /> : null}
          {project && tab === "hotspots" ? <HotspotsPage key={project.id} projectId={project.id} links={links} /> : null}
          {project && tab === "concepts" ? <ConceptsPage key={project.id} projectId={project.id} links={links} /> : null}
          {project && tab === "structure" ? <StructurePage projectId={project.id} links={links} /> : null}
          {project && tab === "deps" ? <DependenciesPage projectId={project.id} /> : null}
          {project && tab === "map" ? <MapPage projectId={project.id} /> : null}
          {project && tab === "index" ? <IndexPage key={project.id} projectId={project.id} /> : null}
        </div>
      </div>
    </div>
  );
}
