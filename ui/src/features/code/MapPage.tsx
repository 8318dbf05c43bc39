// The project in few words: what others use most, as much as a budget of tokens holds.

import { useState } from "react";
import { Choice } from "../../components/Choice";
import { CopyButton, Failed, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { whole } from "../../i18n/format";
import { useRequest } from "../../protocol/queries";
import { Notes } from "./parts";

const BUDGETS = ["1000", "4000", "16000"];

export function MapPage({ projectId }: { projectId: string }) {
  const words = t.code.map;
  const [budget, setBudget] = useState("4000");
  const map = useRequest("code.map", { project_id: projectId, token_budget: Number(budget) });
  return (
    <section className="stack" aria-label={t.code.tabs.map}>
      <p className="secondary">{words.explained}</p>
      <div className="row-line wrap">
        <Choice shown label={words.budget} value={budget} options={BUDGETS.map((value) => ({ value, label: whole(Number(value)) }))} onChange={setBudget} />
        <span className="quiet num grow" role="status">
          {map.data ? words.of({ shown: whole(map.data.files_shown), all: whole(map.data.files), tokens: whole(map.data.tokens) }) : null}
        </span>
        {map.data?.text ? <CopyButton text={map.data.text} label={t.common.copy} /> : null}
      </div>
      <Notes projectId={projectId} notes={map.data?.notes} />
      {map.error ? <Failed asked={map} /> : null}
      {map.isPending ? <Waiting what={t.common.loading} /> : null}
      {map.data && map.data.files_shown === 0 ? <p className="quiet">{words.none}</p> : null}
      {map.data && map.data.files_shown > 0 ? (
        <pre className="code-text code-map" tabIndex={0}>
          {map.data.text}
        </pre>
      ) : null}
    </section>
  );
}
