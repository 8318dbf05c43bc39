// Folders in layers; packages from outside: where manifests name them, how many files import them.

import { useState } from "react";
import { Failed, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { whole } from "../../i18n/format";
import { useRequest } from "../../protocol/queries";
import { Modules } from "./Modules";
import { Notes } from "./parts";

/** The word for how a package is used; one that is not known yet stands for itself. */
function statusWord(status: string): string {
  const { statuses } = t.code.deps;
  return status in statuses ? statuses[status as keyof typeof statuses] : status;
}

export function DependenciesPage({ projectId }: { projectId: string }) {
  const words = t.code.deps;
  const found = useRequest("code.deps", { project_id: projectId });
  const [standard, setStandard] = useState(false);
  if (found.error) return <Failed asked={found} />;
  if (!found.data) return <Waiting what={t.common.loading} />;
  const packages = found.data.packages.filter((one) => standard || one.status !== "standard");
  return (
    <>
      <Modules key={projectId} projectId={projectId} />
      <section className="stack" aria-label={words.packages}>
        <Notes projectId={projectId} notes={found.data.notes} />
        <div className="row-line wrap">
          <h2 className="section-title grow">{words.packages}</h2>
          <label className="row-line">
            <input
              type="checkbox"
              checked={standard}
              onChange={(event) => {
                setStandard(event.target.checked);
              }}
            />
            {words.standard}
          </label>
        </div>
        {packages.length === 0 ? <p className="quiet">{words.none}</p> : null}
        {packages.length > 0 ? (
          <div className="table-scroll" tabIndex={0} role="group" aria-label={words.packages}>
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{words.name}</th>
                  <th scope="col">{words.ecosystem}</th>
                  <th scope="col">{words.version}</th>
                  <th scope="col" className="num">
                    {words.files}
                  </th>
                  <th scope="col">{words.status}</th>
                  <th scope="col">{words.declared}</th>
                </tr>
              </thead>
              <tbody>
                {packages.map((one) => (
                  <tr key={`${one.ecosystem} ${one.name}`}>
                    <td className="mono">{one.name}</td>
                    <td>{one.ecosystem}</td>
                    <td className="mono">{one.declared[0]?.version ?? one.declared[0]?.requirement ?? ""}</td>
                    <td className="num">{whole(one.files)}</td>
                    <td>{statusWord(one.status)}</td>
                    <td className="mono secondary">{one.declared.map((place) => `${place.manifest}:${place.line}`).join(", ")}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : null}
      </section>
    </>
  );
}
