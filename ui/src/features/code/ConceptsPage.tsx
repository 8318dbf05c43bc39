// The words the project thinks in; of one of them, the elements that are about it.

import { useState } from "react";
import { Empty, Failed, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { percent, whole } from "../../i18n/format";
import type { CodeConcept } from "../../protocol/generated/CodeConcept";
import { useRequest } from "../../protocol/queries";
import type { CodeLinks } from "./CodeView";
import { InsightNotes } from "./insight";
import { Naming, Told } from "./Naming";
import { ElementLink, Place } from "./parts";

export function ConceptsPage({ projectId, links }: { projectId: string; links: CodeLinks }) {
  const words = t.code.concepts;
  const [chosen, setChosen] = useState<string>();
  const found = useRequest("code.concepts", { project_id: projectId, limit: 80 });
  const concepts = found.data?.concepts ?? [];
  return (
    <section className="stack" aria-label={t.code.tabs.concepts}>
      <p className="secondary">{words.explained}</p>
      <InsightNotes projectId={projectId} notes={found.data?.notes} />
      {found.error ? <Failed asked={found} /> : null}
      {found.isPending ? <Waiting what={t.common.loading} /> : null}
      {found.data && concepts.length === 0 ? <Empty title={words.none}>{words.noneHint}</Empty> : null}
      {concepts.length > 0 ? <Naming projectId={projectId} kind="concepts" /> : null}
      {concepts.length > 0 ? <Cloud concepts={concepts} chosen={chosen} onChoose={setChosen} /> : null}
      <InWords concepts={concepts} />
      {chosen ? <About projectId={projectId} concept={chosen} links={links} /> : null}
    </section>
  );
}

function Cloud({ concepts, chosen, onChoose }: { concepts: readonly CodeConcept[]; chosen: string | undefined; onChoose: (name: string) => void }) {
  return (
    <ul className="code-words" aria-label={t.code.tabs.concepts}>
      {concepts.map((one) => (
        <li key={one.name}>
          <button
            type="button"
            className="code-word"
            aria-pressed={one.name === chosen}
            data-weight={Math.ceil(one.weight * 4)}
            onClick={() => {
              onChoose(one.name);
            }}
          >
            {one.name} <span className="quiet num">{whole(one.elements)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Concepts that a model named, with the words of the code that they stand for. */
function InWords({ concepts }: { concepts: readonly CodeConcept[] }) {
  const named = concepts.filter((one) => Boolean(one.told));
  if (named.length === 0) return null;
  return (
    <section className="stack" aria-label={t.code.naming.told}>
      <h2 className="section-title">{t.code.naming.told}</h2>
      <ul className="code-list">
        {named.map((one) => (
          <li key={one.name} className="row-line wrap">
            <span className="mono">{one.name}</span>
            <Told told={one.told} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function About({ projectId, concept, links }: { projectId: string; concept: string; links: CodeLinks }) {
  const words = t.code.concepts;
  const found = useRequest("code.concepts", { project_id: projectId, concept, limit: 50 });
  const elements = found.data?.elements ?? [];
  return (
    <section aria-label={words.about({ concept })}>
      <h2 className="section-title">{words.about({ concept })}</h2>
      {found.error ? <Failed asked={found} /> : null}
      <ul className="code-list">
        {elements.map(({ element, weight }) => (
          <li key={element.id} className="row-line">
            <span className="num quiet">{percent(weight)}</span>
            <ElementLink element={element} onOpen={links.openElement} />
            <Place path={element.path} line={element.start_line} onOpen={links.openFile} />
          </li>
        ))}
      </ul>
      {found.data?.truncated ? <p className="quiet">{t.code.uses.more}</p> : null}
    </section>
  );
}
