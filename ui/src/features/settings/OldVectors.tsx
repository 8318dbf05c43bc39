// Collections that search does not use any more: what each takes and whose it is, removed on a second click.

import { useState } from "react";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { Failed, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { bytes, whole } from "../../i18n/format";
import type { OldCollection } from "../../protocol/generated/OldCollection";
import type { VectorsState } from "../../protocol/generated/VectorsState";
import type { VectorStore } from "../../protocol/generated/VectorStore";
import { useClient, useRequest } from "../../protocol/queries";
import { told } from "../../protocol/told";

const STORES: VectorStore[] = ["embedded", "qdrant"];

export function OldVectors({ state }: { state: VectorsState }) {
  const words = t.vectorStore;
  const [store, setStore] = useState<VectorStore>(state.store);
  const old = useRequest("vectors.old", { store });
  const client = useClient();
  const toasts = useToasts();
  const [sure, setSure] = useState<string | undefined>(undefined);
  const remove = async (one: OldCollection) => {
    try {
      await client.call("vectors.remove_old", { store, name: one.name, model: one.model, dimensions: one.dimensions, points: one.points });
      toasts.say(words.oldRemoved);
    } catch (error) {
      toasts.fail(told(error));
    } finally {
      void old.refetch();
    }
  };
  const all = old.data?.collections ?? [];
  return (
    <section className="provider" aria-label={words.old}>
      <h2 className="section-title">{words.old}</h2>
      <p className="quiet">{words.oldHint}</p>
      {state.qdrant_url ? (
        <Choice label={words.oldIn} value={store} options={STORES.map((value) => ({ value, label: words.stores[value] }))} onChange={setStore} />
      ) : null}
      {old.error ? <Failed asked={old} /> : null}
      {!old.error && !old.data ? <Waiting what={t.common.loading} /> : null}
      {old.data && all.length === 0 ? <p className="quiet">{words.noOld}</p> : null}
      <ul className="vector-places">
        {all.map((one) => {
          const key = `${one.name} ${one.model} ${one.dimensions}`;
          const of = one.projects.map((project) => words.ofProject({ points: whole(project.points), project: project.name }));
          return (
            <li key={key} className="row-line wrap">
              <span className="mono">{one.name}</span>
              <span>{words.counted({ points: whole(one.points), dimensions: one.dimensions, model: one.model })}</span>
              <span className="quiet">{[words.takes({ size: bytes(one.bytes) }), ...of].join(" · ")}</span>
              <span className="grow" />
              <Button
                small
                look={sure === key ? "danger" : "plain"}
                onBlur={() => {
                  setSure(undefined);
                }}
                onClick={() => {
                  if (sure === key) void remove(one);
                  setSure(sure === key ? undefined : key);
                }}
              >
                {sure === key ? words.removeSure({ points: one.points }) : words.remove({ name: one.name, model: one.model })}
              </Button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
