// Commands with more rights: which are known, which never run, what was asked for, what became of it.

import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { useNow } from "../../components/states";
import { t } from "../../i18n";
import { clock } from "../../i18n/format";
import type { SudoRequest } from "../../protocol/generated/SudoRequest";
import { useClient, useRequest } from "../../protocol/queries";
import { Blocks, Permissions } from "./ElevationLists";
import { Audit, Requests } from "./ElevationPast";
import { useAttempt, useNarrowed } from "./parts";

/** One search narrows all four lists. */
export function ElevationPage({ onSession }: { onSession: (id: string) => void }) {
  const words = t.trust.elevation;
  const { bar, search, removed } = useNarrowed(words);
  return (
    <>
      <p className="secondary">{words.explained}</p>
      <Waiters />
      {bar}
      <Permissions search={search} removed={removed} />
      <Blocks search={search} removed={removed} />
      <Requests search={search} onSession={onSession} />
      <Audit search={search} onSession={onSession} />
    </>
  );
}

function Waiters() {
  const client = useClient();
  const attempt = useAttempt();
  const now = useNow(1_000);
  const words = t.trust.elevation;
  const waiting = useRequest("sudo.requests", { status: "pending" });
  if (!waiting.data || waiting.data.requests.length === 0) return null;
  const decide = (request: SudoRequest, allow: boolean) => {
    attempt(() => client.call("sudo.decide", { request_id: request.id, allow, binding: request.binding }).finally(() => void waiting.refetch()));
  };
  return (
    <section className="stack" aria-label={words.waiting}>
      <h2 className="section-title">{words.waiting}</h2>
      {waiting.data.requests.map((request) => (
        <div key={request.id} className="failure">
          <p>
            <strong className="mono trust-wrap">{request.command}</strong>
          </p>
          <p className="secondary">
            {words.asUser({ user: request.user, folder: request.working_dir })} <Said text={request.reason} /> · <span className="num">{clock(request.expires_at - now)}</span>
          </p>
          <div className="row-line">
            <Button
              small
              look="danger"
              onClick={() => {
                decide(request, true);
              }}
            >
              {words.allowOnce}
            </Button>
            <Button
              small
              onClick={() => {
                decide(request, false);
              }}
            >
              {words.deny}
            </Button>
          </div>
        </div>
      ))}
    </section>
  );
}
