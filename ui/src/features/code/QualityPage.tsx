// What could be better in the code: each issue with what was measured and what it passes.

import { CheckCircle2 } from "lucide-react";
import { useState } from "react";
import { Choice } from "../../components/Choice";
import { Empty, Failed, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { whole } from "../../i18n/format";
import type { QualityCount } from "../../protocol/generated/QualityCount";
import { useRequest } from "../../protocol/queries";
import type { CodeLinks } from "./CodeView";
import { InsightNotes, Issues, issueWord, severityWord } from "./insight";

const SEVERITIES = ["info", "low", "medium", "high"];
const KINDS = ["complexity", "length", "duplication", "dead_export", "missing_tests", "missing_docs"];

export function QualityPage({ projectId, links }: { projectId: string; links: CodeLinks }) {
  const words = t.code.quality;
  const [kind, setKind] = useState("");
  const [severity, setSeverity] = useState("info");
  const [path, setPath] = useState("");
  const found = useRequest("code.quality", { project_id: projectId, kinds: kind ? [kind] : [], min_severity: severity, path, limit: 200 });
  const issues = found.data?.issues ?? [];
  const narrowed = kind !== "" || severity !== "info" || path !== "";
  return (
    <section className="stack" aria-label={t.code.tabs.quality}>
      <p className="secondary">{words.explained}</p>
      <div className="row-line wrap" role="group" aria-label={t.search.filters}>
        <Kinds kind={kind} counts={found.data?.counts ?? []} onKind={setKind} />
        <Choice shown label={words.atLeast} value={severity} options={SEVERITIES.map((value) => ({ value, label: severityWord(value) }))} onChange={setSeverity} />
        <input
          className="input code-path"
          value={path}
          placeholder={t.code.search.pathPlaceholder}
          aria-label={t.code.search.path}
          onChange={(event) => {
            setPath(event.target.value);
          }}
        />
        <span className="quiet num" role="status">
          {found.data ? words.count({ count: issues.length }) : null} {found.data?.truncated ? words.more : null}
        </span>
      </div>
      <InsightNotes projectId={projectId} notes={found.data?.notes} />
      {found.error ? <Failed asked={found} /> : null}
      {found.isPending ? <Waiting what={t.common.loading} /> : null}
      {found.data && issues.length === 0 && found.data.notes === undefined ? (
        <Empty icon={<CheckCircle2 size={22} className="quiet" aria-hidden="true" />} title={narrowed ? words.noneSo : words.none}>
          {words.noneHint}
        </Empty>
      ) : null}
      {issues.length > 0 ? <Issues issues={issues} links={links} label={t.code.tabs.quality} /> : null}
    </section>
  );
}

function Kinds({ kind, counts, onKind }: { kind: string; counts: readonly QualityCount[]; onKind: (kind: string) => void }) {
  const of = (one: string) => counts.find((count) => count.kind === one)?.issues ?? 0;
  return (
    <select
      className="input"
      aria-label={t.code.quality.kind}
      value={kind}
      onChange={(event) => {
        onKind(event.target.value);
      }}
    >
      <option value="">{t.code.quality.anyKind({ count: whole(counts.reduce((sum, one) => sum + one.issues, 0)) })}</option>
      {KINDS.map((one) => (
        <option key={one} value={one}>
          {issueWord(one)} ({whole(of(one))})
        </option>
      ))}
    </select>
  );
}
