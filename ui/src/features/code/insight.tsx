// What the pages about quality, history and meaning share: what an answer lacks, and issues as a table.

import { Said } from "../../components/Said";
import { t } from "../../i18n";
import type { CodePlace } from "../../protocol/generated/CodePlace";
import type { QualityIssue } from "../../protocol/generated/QualityIssue";
import { useRequest } from "../../protocol/queries";
import type { CodeLinks } from "./CodeView";
import { ElementLink, Notes, Place } from "./parts";

/** The word for a kind of issue; one that is not known yet stands for itself. */
export function issueWord(kind: string): string {
  const { kinds } = t.code.quality;
  return kind in kinds ? kinds[kind as keyof typeof kinds] : kind;
}

export function severityWord(severity: string): string {
  const { severities } = t.code.quality;
  return severity in severities ? severities[severity as keyof typeof severities] : severity;
}

function unitWord(unit: string): string {
  return unit in t.code.quality.units ? t.code.quality.units[unit as keyof typeof t.code.quality.units] : unit;
}

/** While the code is being looked into: that; else what the answer lacks. */
export function InsightNotes({ projectId, notes }: { projectId: string; notes: readonly string[] | undefined }) {
  const state = useRequest("code.state", { project_id: projectId }).data;
  if (state?.is_fresh && state.insight.is_running) {
    return (
      <div className="code-notes secondary" role="status">
        <p className="row-line">
          <span className="dot-pulse" aria-hidden="true" />
          {t.code.quality.looking}
        </p>
      </div>
    );
  }
  return <Notes projectId={projectId} notes={notes} />;
}

/** "31 > 15": what was measured, and what it passes. */
export function measure(issue: QualityIssue): string {
  const sign = issue.value > issue.threshold ? ">" : issue.value < issue.threshold ? "<" : "≥";
  return `${issue.value} ${sign} ${issue.threshold}`;
}

export function Issues({ issues, links, label }: { issues: readonly QualityIssue[]; links: CodeLinks; label: string }) {
  const words = t.code.quality;
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={label}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{words.severity}</th>
            <th scope="col">{words.measure}</th>
            <th scope="col">{words.what}</th>
            <th scope="col">{words.advice}</th>
          </tr>
        </thead>
        <tbody>
          {issues.map((issue) => (
            <tr key={`${issue.kind} ${issue.path}:${issue.start_line}-${issue.end_line} ${issue.title}`}>
              <td>
                <span className="badge code-severity" data-severity={issue.severity}>
                  {severityWord(issue.severity)}
                </span>
              </td>
              <td title={issue.title}>
                {issueWord(issue.kind)}{" "}
                <span className="code-measure quiet">
                  <span className="num nowrap">{measure(issue)}</span> {unitWord(issue.unit)}
                </span>
              </td>
              <td className="code-what">
                {issue.element ? <ElementLink element={issue.element} onOpen={links.openElement} /> : <span className="quiet">{words.file}</span>}
                <Place path={issue.path} line={issue.start_line} onOpen={links.openFile} />
                {issue.other ? <Other place={issue.other} links={links} /> : null}
              </td>
              <td className="secondary code-advice">
                <Said text={issue.advice} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Other({ place, links }: { place: CodePlace; links: CodeLinks }) {
  return (
    <span className="row-line quiet">
      {t.code.quality.alsoIn}
      <Place path={place.path} line={place.start_line} onOpen={links.openFile} />
    </span>
  );
}
