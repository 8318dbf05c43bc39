// A move of all vectors to the other place: begun, watched, cancelled, gone on with.

import { useState } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { whole } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { Migration } from "../../protocol/generated/Migration";
import type { VectorStore } from "../../protocol/generated/VectorStore";
import type { VectorsState } from "../../protocol/generated/VectorsState";
import { useClient } from "../../protocol/queries";

export function MoveVectors({ state }: { state: VectorsState }) {
  const words = t.vectorStore;
  const client = useClient();
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const fail = (error: unknown) => {
    setFailure(asFailure(error));
  };
  const move = (to: VectorStore) => {
    setFailure(undefined);
    client.call("vectors.migrate", { to }).catch(fail);
  };
  const cancel = () => {
    setFailure(undefined);
    client.call("vectors.cancel_migration", {}).catch(fail);
  };
  const migration = state.migration ?? undefined;
  const isUnderWay = migration?.phase === "running" || migration?.phase === "failed";
  if (!state.qdrant_url && !isUnderWay) return null;
  const targets: VectorStore[] = state.store === "embedded" ? ["qdrant"] : ["embedded", "qdrant"];
  return (
    <section className="provider" aria-label={words.move}>
      <h2 className="section-title">{words.move}</h2>
      <p className="quiet">{words.moveHint}</p>
      {migration ? <Progress migration={migration} /> : null}
      <div className="row-line wrap">
        {migration?.phase === "failed" ? (
          <Button
            look="primary"
            onClick={() => {
              move(migration.to);
            }}
          >
            {words.goOn}
          </Button>
        ) : null}
        {isUnderWay ? (
          <Button onClick={cancel}>{words.cancel}</Button>
        ) : (
          targets.map((to) => (
            <Button
              key={to}
              onClick={() => {
                move(to);
              }}
            >
              {words.moveTo[to]}
            </Button>
          ))
        )}
      </div>
      {failure ? <FailureCard failure={failure} /> : null}
    </section>
  );
}

function Progress({ migration }: { migration: Migration }) {
  const words = t.vectorStore;
  const { done, total, phase, to } = migration;
  const open = phase === "running" || phase === "failed";
  return (
    <div className="stack">
      <p className="row-line wrap" role="status">
        <span className={phase === "done" ? "badge good" : phase === "failed" ? "badge warn" : "badge"}>{words.phases[phase]}</span>
        <span>{phase === "done" ? words.moved[to] : words.moving[to]}</span>
        {open ? <span className="num quiet">{total > 0 ? words.progress({ done: whole(done), total: whole(total) }) : words.counting}</span> : null}
      </p>
      {open && total > 0 ? (
        <div className="meter" role="progressbar" aria-label={words.moving[to]} aria-valuemin={0} aria-valuemax={total} aria-valuenow={done}>
          <span style={{ width: `${(100 * done) / total}%` }} />
        </div>
      ) : null}
      {migration.failure ? <FailureCard failure={{ message: migration.failure }} /> : null}
    </div>
  );
}
