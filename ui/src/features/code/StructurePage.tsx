// Files that belong together, and design patterns: computed from names and uses, with what speaks for each.

import { Empty, Failed, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { percent } from "../../i18n/format";
import type { CodeCluster } from "../../protocol/generated/CodeCluster";
import type { CodePattern } from "../../protocol/generated/CodePattern";
import { useRequest } from "../../protocol/queries";
import type { CodeLinks } from "./CodeView";
import { InsightNotes } from "./insight";
import { Naming, Told } from "./Naming";
import { ElementLink, Place } from "./parts";

export function StructurePage({ projectId, links }: { projectId: string; links: CodeLinks }) {
  const words = t.code.structure;
  const clusters = useRequest("code.clusters", { project_id: projectId });
  const patterns = useRequest("code.patterns", { project_id: projectId });
  const failed = [clusters, patterns].find((one) => one.error);
  if (failed) return <Failed asked={failed} />;
  if (!clusters.data || !patterns.data) return <Waiting what={t.common.loading} />;
  return (
    <>
      <InsightNotes projectId={projectId} notes={clusters.data.notes} />
      <section className="stack" aria-label={words.clusters}>
        <h2 className="section-title">{words.clusters}</h2>
        <p className="secondary">{words.clustersExplained}</p>
        {clusters.data.clusters.length === 0 ? <Empty title={words.noClusters} /> : null}
        <Naming projectId={projectId} kind="clusters" />
        {clusters.data.clusters.map((one) => (
          <Cluster key={`${one.name} ${one.files[0] ?? ""}`} cluster={one} links={links} />
        ))}
      </section>
      <section className="stack" aria-label={words.patterns}>
        <h2 className="section-title">{words.patterns}</h2>
        <p className="secondary">{words.patternsExplained}</p>
        {patterns.data.patterns.length === 0 ? <Empty title={words.noPatterns} /> : null}
        <Naming projectId={projectId} kind="patterns" />
        {patterns.data.patterns.map((one) => (
          <Pattern key={`${one.name} ${one.element.id}`} pattern={one} links={links} />
        ))}
      </section>
    </>
  );
}

function Cluster({ cluster, links }: { cluster: CodeCluster; links: CodeLinks }) {
  const words = t.code.structure;
  return (
    <details className="code-part">
      <summary className="row-line wrap">
        <span className="grow">{cluster.name}</span>
        <span className="quiet num">{words.cluster({ files: cluster.files.length, cohesion: percent(cluster.cohesion) })}</span>
      </summary>
      <Told told={cluster.told} />
      <ul className="code-list">
        {cluster.files.map((path) => (
          <li key={path}>
            <Place path={path} line={1} onOpen={links.openFile} />
          </li>
        ))}
      </ul>
    </details>
  );
}

function Pattern({ pattern, links }: { pattern: CodePattern; links: CodeLinks }) {
  return (
    <div className="code-part">
      <p className="row-line wrap">
        <span className="num quiet">{percent(pattern.confidence)}</span>
        <strong>{pattern.name}</strong>
        <ElementLink element={pattern.element} onOpen={links.openElement} />
        <Place path={pattern.element.path} line={pattern.element.start_line} onOpen={links.openFile} />
      </p>
      <Told told={pattern.told} />
      <p className="secondary">{pattern.evidence}</p>
      <ul className="code-list">
        {pattern.parts.map(({ element, part }) => (
          <li key={`${part} ${element.id}`} className="row-line">
            <span className="quiet">{part}</span>
            <ElementLink element={element} onOpen={links.openElement} />
          </li>
        ))}
      </ul>
    </div>
  );
}
