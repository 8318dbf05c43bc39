// What was asked for with more rights and how each request went on; what ran, and what did not.

import { ShieldAlert } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { Empty, Failed, useNow, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { duration, fullTime, shortTime, timeOfDay } from "../../i18n/format";
import type { SudoOutcome } from "../../protocol/generated/SudoOutcome";
import type { SudoRequest } from "../../protocol/generated/SudoRequest";
import type { SudoStatus } from "../../protocol/generated/SudoStatus";
import { useRequest } from "../../protocol/queries";
import { buttons, DataTable, useMore } from "./parts";

const STATES: Record<SudoStatus, string> = { pending: "warn", approved: "good", denied: "bad", expired: "warn", cancelled: "", running: "accent", executed: "good", refused: "bad" };
const LOOKS: Record<SudoOutcome, string> = { ran: "good", stopped: "warn", failed: "bad", denied: "bad", expired: "warn", cancelled: "", blocked: "bad", refused: "bad", not_asked: "warn" };

interface Wanted {
  search: string | undefined;
  onSession: (id: string) => void;
}

/** The requests, each with its life: asked, answered, run. */
export function Requests({ search, onSession }: Wanted) {
  const now = useNow(30_000);
  const words = t.trust.elevation;
  const { limit, more } = useMore();
  const asked = useRequest("sudo.requests", { search, limit }, { keep: true });
  return (
    <section className="stack" aria-label={words.requests}>
      <h2 className="section-title">{words.requests}</h2>
      {asked.error ? <Failed asked={asked} /> : null}
      {asked.isPending ? <Waiting what={t.common.loading} /> : null}
      {asked.data?.requests.length === 0 ? <None search={search} title={words.noRequests} hint={words.noRequestsHint} /> : null}
      {asked.data && asked.data.requests.length > 0 ? (
        <DataTable label={words.requests} heads={[words.at, words.command, words.life, buttons()]}>
          {asked.data.requests.map((one) => (
            <tr key={one.id}>
              <td className="when" title={fullTime(one.created_at)}>
                {shortTime(one.created_at, now)}
              </td>
              <td className="trust-wrap">
                <span className="mono">{one.command}</span>
                <p className="quiet">
                  {words.asUser({ user: one.user, folder: one.working_dir })} <Said text={one.reason} />
                </p>
              </td>
              <td>
                <span className={`badge ${STATES[one.status]}`}>{words.statuses[one.status]}</span>
                <p className="quiet">{life(one)}</p>
              </td>
              <td>
                <OpenSession command={one.command} onOpen={() => { onSession(one.session_id); }} />
              </td>
            </tr>
          ))}
        </DataTable>
      ) : null}
      {asked.data?.more ? more : null}
    </section>
  );
}

/** When it took each of its steps, and how it ended. */
function life(one: SudoRequest): string {
  const words = t.trust.elevation.steps;
  const steps = [words.asked({ at: timeOfDay(one.created_at) })];
  if (typeof one.responded_at === "number") steps.push(words.answered({ at: timeOfDay(one.responded_at) }));
  if (typeof one.executed_at === "number") steps.push(words.started({ at: timeOfDay(one.executed_at) }));
  if (typeof one.exit_code === "number") steps.push(words.exit({ code: String(one.exit_code) }));
  return steps.join(" → ");
}

/** Everything that happened to elevated commands, those included that nobody was asked about. */
export function Audit({ search, onSession }: Wanted) {
  const now = useNow(30_000);
  const words = t.trust.elevation;
  const { limit, more } = useMore();
  const audit = useRequest("sudo.audit", { search, limit }, { keep: true });
  return (
    <section className="stack" aria-label={words.audit}>
      <h2 className="section-title">{words.audit}</h2>
      {audit.error ? <Failed asked={audit} /> : null}
      {audit.isPending ? <Waiting what={t.common.loading} /> : null}
      {audit.data?.entries.length === 0 ? <None search={search} title={words.noAudit} hint={words.noAuditHint} /> : null}
      {audit.data && audit.data.entries.length > 0 ? (
        <DataTable label={words.audit} heads={[words.at, words.outcome, words.command, words.by, words.detail, buttons()]}>
          {audit.data.entries.map((entry) => (
            <tr key={entry.id}>
              <td className="when" title={fullTime(entry.at)}>
                {shortTime(entry.at, now)}
              </td>
              <td>
                <span className={`badge ${LOOKS[entry.outcome]}`}>{words.outcomes[entry.outcome]}</span>
              </td>
              <td className="mono trust-wrap">{entry.command}</td>
              <td>{[authority(entry.authorized_by), entry.rule].filter(Boolean).join(" · ")}</td>
              <td className="trust-wrap">
                {[entry.detail, typeof entry.exit_code === "number" ? words.steps.exit({ code: String(entry.exit_code) }) : "", typeof entry.duration_ms === "number" ? duration(entry.duration_ms) : ""].filter(Boolean).join(" · ")}
                {entry.output ? <pre className="trust-content">{entry.output}</pre> : null}
              </td>
              <td>
                <OpenSession command={entry.command} onOpen={() => { onSession(entry.session_id); }} />
              </td>
            </tr>
          ))}
        </DataTable>
      ) : null}
      {audit.data?.more ? more : null}
    </section>
  );
}

/** Who decided it, in words; empty where nobody did. */
function authority(by: string): string {
  const words = t.trust.elevation.authorities;
  if (by === "person") return words.person;
  return by === "permission" ? words.permission : by;
}

function None(props: { search: string | undefined; title: string; hint: ReactNode }) {
  if (props.search) return <p className="quiet">{t.trust.nothingFound}</p>;
  return (
    <Empty icon={<ShieldAlert size={22} className="quiet" aria-hidden="true" />} title={props.title}>
      {props.hint}
    </Empty>
  );
}

function OpenSession(props: { command: string; onOpen: () => void }) {
  return (
    <Button small look="ghost" aria-label={t.trust.elevation.openSession({ command: props.command })} onClick={props.onOpen}>
      {t.trust.open}
    </Button>
  );
}
