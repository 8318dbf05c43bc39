// Hooks: which programs stand around the work, and how they ran.

import { Webhook } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { Empty, Failed, FailureCard, useNow, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { duration, shortTime } from "../../i18n/format";
import type { Hook } from "../../protocol/generated/Hook";
import type { HookOutcome } from "../../protocol/generated/HookOutcome";
import type { Project } from "../../protocol/generated/Project";
import { useClient, useRequest } from "../../protocol/queries";
import { buttons, DataTable, figures, useAttempt, useSearch } from "./parts";

const LOOKS: Record<HookOutcome, string> = { allowed: "good", denied: "bad", changed: "accent", failed: "bad", timed_out: "bad", garbage: "bad", cancelled: "" };

export function HooksPage({ project }: { project: Project | undefined }) {
  const client = useClient();
  const attempt = useAttempt();
  const toasts = useToasts();
  const now = useNow(30_000);
  const words = t.trust.hooks;
  const { field, search } = useSearch(words.search);
  const [failed, setFailed] = useState(false);
  const hooks = useRequest("hook.list", { project_id: project?.id });
  const log = useRequest("hook.log", { project_id: project?.id, search, failed }, { keep: true });
  if (hooks.error) return <Failed asked={hooks} />;
  if (!hooks.data) return <Waiting what={t.common.loading} />;
  const wanted = search?.toLowerCase();
  const shown = hooks.data.hooks.filter((hook) => !wanted || [hook.name, hook.description, hook.run.join(" ")].some((text) => text.toLowerCase().includes(wanted)));
  const test = (name: string) => {
    attempt(async () => {
      const tried = await client.call("hook.test", { project_id: project?.id, name });
      await log.refetch();
      const text = `${name}: ${words.outcomes[tried.run.outcome]} ${tried.run.reason}`;
      if (tried.run.outcome === "allowed" || tried.run.outcome === "changed") toasts.say(text);
      else toasts.fail(text);
    });
  };
  return (
    <>
      <p className="secondary">{words.explained}</p>
      <div className="row-line wrap">{field}</div>
      {hooks.data.files
        .filter((file) => file.problem)
        .map((file) => (
          <FailureCard key={file.path} failure={{ message: `${file.path}: ${file.problem ?? ""}` }} />
        ))}
      {hooks.data.hooks.length === 0 ? (
        <Empty icon={<Webhook size={22} className="quiet" aria-hidden="true" />} title={words.none}>
          {words.noneHint({ files: hooks.data.files.map((file) => file.path).join(", ") })}
        </Empty>
      ) : null}
      {hooks.data.hooks.length > 0 && shown.length === 0 ? <p className="quiet">{t.trust.nothingFound}</p> : null}
      {shown.length > 0 ? (
        <DataTable label={t.trust.tabs.hooks} heads={[words.name, words.runs, words.ifItFails, words.state, buttons()]}>
          {shown.map((hook) => (
            <tr key={`${hook.source} ${hook.name}`}>
              <td>
                {hook.name} <span className="badge">{words.sources[hook.source]}</span>
                {hook.description ? <p className="quiet">{hook.description}</p> : null}
              </td>
              <td className="trust-wrap">
                <span className="mono">{hook.run.join(" ")}</span>
                <p>{hook.on.map((point) => words.points[point]).join(", ")}</p>
                <p className="quiet">{reach(hook)}</p>
              </td>
              <td>{words.onFailure[hook.on_failure]}</td>
              <td>{hook.waits ? <span className="warn">{hook.waits}</span> : words.ready}</td>
              <td>
                <Button
                  small
                  onClick={() => {
                    test(hook.name);
                  }}
                >
                  {words.test}
                </Button>
              </td>
            </tr>
          ))}
        </DataTable>
      ) : null}
      <h2 className="section-title">{words.log}</h2>
      <label className="row-line">
        <input
          type="checkbox"
          checked={failed}
          onChange={(event) => {
            setFailed(event.target.checked);
          }}
        />
        {words.onlyFailed}
      </label>
      {log.error ? <Failed asked={log} /> : null}
      {log.data && log.data.runs.length === 0 ? <Empty title={search || failed ? t.trust.nothingFound : words.noRuns} /> : null}
      {log.data && log.data.runs.length > 0 ? (
        <DataTable label={words.log} heads={[words.at, words.name, words.point, words.outcome, words.reason, figures(words.took)]}>
          {log.data.runs.map((run) => (
            <tr key={run.id}>
              <td className="when">{shortTime(run.at, now)}</td>
              <td>{run.hook}</td>
              <td>
                {words.points[run.point]} {run.tool ? <span className="mono quiet">{run.tool}</span> : null}
              </td>
              <td>
                <span className={`badge ${LOOKS[run.outcome]}`}>{words.outcomes[run.outcome]}</span>
              </td>
              <td className="trust-wrap">
                <Said text={run.reason} />
                {run.output ? <pre className="trust-content">{run.output}</pre> : null}
              </td>
              <td className="num">{duration(run.duration_ms)}</td>
            </tr>
          ))}
        </DataTable>
      ) : null}
    </>
  );
}

/** Where a hook may go outside of its sandbox. */
function reach(hook: Hook): string {
  const words = t.trust.hooks;
  if (hook.network) return words.wholeNetwork;
  return hook.hosts.length > 0 ? words.onlyHosts({ hosts: hook.hosts.join(", ") }) : words.noNetwork;
}
