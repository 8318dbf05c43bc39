// Trust of a folder: what the project brings that would run or loosen, shown before it counts.

import { FolderCheck } from "lucide-react";
import { Button } from "../../components/Button";
import { Empty, Failed, useNow, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { bytes, shortTime } from "../../i18n/format";
import type { Project } from "../../protocol/generated/Project";
import type { TrustState } from "../../protocol/generated/TrustState";
import { useClient, useRequest } from "../../protocol/queries";
import { DataTable, useAttempt, useSearch } from "./parts";

const LOOKS: Record<TrustState, string> = { nothing_to_trust: "", undecided: "warn", trusted: "good", changed: "warn", revoked: "bad" };

export function FolderPage({ project }: { project: Project | undefined }) {
  const client = useClient();
  const attempt = useAttempt();
  const now = useNow(30_000);
  const words = t.trust.folder;
  const { field, search } = useSearch(words.search);
  const wanted = search?.toLowerCase();
  const fits = (...texts: string[]) => !wanted || texts.some((text) => text.toLowerCase().includes(wanted));
  const trust = useRequest("trust.get", project ? { project_id: project.id } : undefined);
  const all = useRequest("trust.list", {});
  const guidelines = useRequest("project.guidelines", project ? { project_id: project.id } : undefined);
  const refresh = () => Promise.all([trust.refetch(), all.refetch()]);
  const grant = (projectId: string, hash: string) => client.call("trust.grant", { project_id: projectId, hash }).then(refresh);
  const revoke = (projectId: string) => client.call("trust.revoke", { project_id: projectId }).then(refresh);
  if (trust.error) return <Failed asked={trust} />;
  if (project && !trust.data) return <Waiting what={t.common.loading} />;
  const now_ = trust.data;
  const items = now_?.items.filter((item) => fits(item.path, item.content)) ?? [];
  const files = guidelines.data?.files.filter((file) => fits(file.path, file.content)) ?? [];
  const folders = all.data?.folders.filter((one) => fits(one.folder)) ?? [];
  const found = items.length + files.length + folders.length > 0;
  return (
    <>
      <p className="secondary">{words.explained}</p>
      <div className="row-line wrap">{field}</div>
      {project && now_ ? (
        <section className="stack" aria-label={project.name}>
          <div className="row-line wrap">
            <strong className="mono trust-wrap">{now_.folder}</strong>
            <span className={`badge ${LOOKS[now_.state]}`}>{words.states[now_.state]}</span>
            <span className="grow" />
            {now_.state === "undecided" || now_.state === "changed" || now_.state === "revoked" ? (
              <Button
                look="primary"
                small
                onClick={() => {
                  attempt(() => grant(project.id, now_.hash), { say: words.granted, undo: () => revoke(project.id) });
                }}
              >
                {words.grant}
              </Button>
            ) : null}
            {now_.state === "trusted" || now_.state === "undecided" || now_.state === "changed" ? (
              <Button
                small
                onClick={() => {
                  attempt(() => revoke(project.id), {
                    say: words.revoked,
                    ...(now_.state === "trusted" ? { undo: () => grant(project.id, now_.hash) } : {}),
                  });
                }}
              >
                {now_.state === "trusted" ? words.revoke : words.refuse}
              </Button>
            ) : null}
          </div>
          {now_.items.length === 0 ? (
            <Empty icon={<FolderCheck size={22} className="quiet" aria-hidden="true" />} title={words.nothing}>
              {words.nothingHint}
            </Empty>
          ) : null}
          {items.map((item) => (
            <details key={item.path} className="trust-item" open={item.change !== "same"}>
              <summary>
                <span className="mono">{item.path}</span> <span className="badge">{words.kinds[item.kind]}</span>{" "}
                {item.change === "same" ? null : <span className="badge warn">{words.changes[item.change]}</span>} <span className="quiet num">{bytes(item.bytes)}</span>
              </summary>
              {item.problem ? <p className="warn">{item.problem}</p> : null}
              <pre className="trust-content" tabIndex={0} aria-label={item.path}>
                {item.content}
              </pre>
            </details>
          ))}
        </section>
      ) : (
        <Empty title={t.trust.noProject} />
      )}
      {wanted && !found ? <Empty title={t.trust.nothingFound} /> : null}
      {files.length > 0 ? (
        <section className="stack" aria-label={words.guidelines}>
          <h2 className="section-title">{words.guidelines}</h2>
          <p className="quiet">{words.guidelinesHint}</p>
          {files.map((file) => (
            <details key={file.path} className="trust-item">
              <summary>
                <span className="mono">{file.path}</span> <span className="quiet num">{bytes(file.bytes)}</span>
              </summary>
              <pre className="trust-content" tabIndex={0} aria-label={file.path}>
                {file.content}
              </pre>
            </details>
          ))}
        </section>
      ) : null}
      {folders.length > 0 ? (
        <>
          <h2 className="section-title">{words.decided}</h2>
          <DataTable label={words.decided} heads={[words.path, words.decision, words.since]}>
            {folders.map((one) => (
              <tr key={one.folder}>
                <td className="mono trust-wrap">{one.folder}</td>
                <td>{one.trusted ? words.states.trusted : words.states.revoked}</td>
                <td className="when">{shortTime(one.decided_at, now)}</td>
              </tr>
            ))}
          </DataTable>
        </>
      ) : null}
    </>
  );
}
