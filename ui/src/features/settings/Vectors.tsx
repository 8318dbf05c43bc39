// Where vectors lie, who makes them, what that costs, and a move from one place to the other.

import { useId, useState } from "react";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { Failed, FailureCard, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { money, whole } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { Project } from "../../protocol/generated/Project";
import type { VectorsState } from "../../protocol/generated/VectorsState";
import { useClient, useRequest } from "../../protocol/queries";
import { useSaved } from "../../protocol/saved";
import { told } from "../../protocol/told";
import { whyFixed } from "./fixed";
import { MoveVectors } from "./MoveVectors";
import { OldVectors } from "./OldVectors";
import { QdrantServer } from "./QdrantServer";

const STORES = ["auto", "embedded", "qdrant"] as const;
const MAKERS = ["local", "provider"] as const;

export function Vectors({ project }: { project: Project | undefined }) {
  const words = t.vectorStore;
  const state = useRequest("vectors.get", {});
  if (state.error) return <Failed asked={state} />;
  if (!state.data) return <Waiting what={t.common.loading} />;
  return (
    <div className="stack">
      <p className="quiet">{words.about}</p>
      <Place state={state.data} />
      <QdrantServer state={state.data} />
      <MoveVectors state={state.data} />
      <OldVectors key={state.data.store} state={state.data} />
      <Maker state={state.data} project={project} />
    </div>
  );
}

/** A setting of a few words, side by side. */
function Words<T extends string>(props: { name: string; label: string; options: readonly T[]; labels: Record<T, string> }) {
  const saved = useSaved();
  const toasts = useToasts();
  const setting = saved.of(props.name);
  const value = props.options.find((one) => one === setting?.value);
  if (!setting || value === undefined) return null;
  if (!setting.editable) return <p className="quiet">{`${props.labels[value]} · ${whyFixed(setting)}`}</p>;
  return (
    <Choice
      label={props.label}
      value={value}
      options={props.options.map((one) => ({ value: one, label: props.labels[one] }))}
      onChange={(next) => {
        saved.save(props.name, next).catch((error: unknown) => {
          toasts.fail(told(error));
        });
      }}
    />
  );
}

function Place({ state }: { state: VectorsState }) {
  const words = t.vectorStore;
  return (
    <section className="provider" aria-label={words.where}>
      <h2 className="section-title">{words.where}</h2>
      <Words name="MIRA_VECTORS" label={words.where} options={STORES} labels={words.stores} />
      {state.place ? <p className="secondary vector-place">{words.at({ place: state.place })}</p> : null}
      {state.away ? <FailureCard failure={{ message: state.away }} /> : null}
      {!state.away && state.collections.length === 0 ? <p className="quiet">{words.none}</p> : null}
      <ul className="vector-places">
        {state.collections.map((one) => (
          <li key={`${one.name} ${one.model} ${one.dimensions}`} className="row-line wrap">
            <span className="mono">{one.name}</span>
            <span>{words.counted({ points: whole(one.points), dimensions: one.dimensions, model: one.model })}</span>
            <span className={one.is_used ? "badge good" : "badge"}>{one.is_used ? words.inUse : words.unused}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Maker({ state, project }: { state: VectorsState; project: Project | undefined }) {
  const words = t.vectorStore;
  return (
    <section className="provider" aria-label={words.who}>
      <h2 className="section-title">{words.who}</h2>
      <Words name="MIRA_EMBEDDER" label={words.who} options={MAKERS} labels={words.makers} />
      <p className="quiet">{state.maker === "local" ? words.localHint : `${words.providerHint({ model: state.model ?? "EMBEDDING_MODEL" })} ${words.modelHint}`}</p>
      {state.note ? <FailureCard failure={{ message: state.note }} /> : null}
      {state.is_paid ? project ? <Cost project={project} /> : <p className="quiet">{words.openProject}</p> : null}
    </section>
  );
}

function Cost({ project }: { project: Project }) {
  const words = t.vectorStore;
  const client = useClient();
  const id = useId();
  const estimate = useRequest("vectors.estimate", { project_id: project.id });
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<unknown>(undefined);
  if (estimate.error) return <Failed asked={estimate} />;
  const now = estimate.data;
  if (!now) return <Waiting what={t.common.loading} />;
  const missing = now.pieces + now.commits + now.messages;
  const cost = typeof now.cost_micro_usd === "number" ? money(now.cost_micro_usd) : undefined;
  const agree = () => {
    setBusy(true);
    setFailure(undefined);
    client
      .call("vectors.agree", { project_id: project.id, model: now.model, dimensions: now.dimensions, tokens: now.tokens, commit_tokens: now.commit_tokens, message_tokens: now.message_tokens })
      .catch(setFailure)
      .finally(() => {
        setBusy(false);
        void estimate.refetch();
      });
  };
  return (
    <div className="stack" role="group" aria-labelledby={id}>
      <h3 id={id}>{project.name}</h3>
      {missing === 0 ? (
        <p role="status">{words.allMade}</p>
      ) : (
        <p role="status">{`${words.estimate({ pieces: whole(now.pieces), commits: whole(now.commits), messages: whole(now.messages), tokens: whole(now.tokens + now.commit_tokens + now.message_tokens) })}: ${cost === undefined ? words.noPrice : words.costs({ cost })}.`}</p>
      )}
      {missing > 0 && now.is_agreed ? <p className="quiet">{words.agreed}</p> : null}
      {now.is_agreed ? null : (
        <div>
          <Button look="primary" disabled={busy} onClick={agree}>
            {cost === undefined ? words.agreeUnpriced : words.agree({ cost })}
          </Button>
        </div>
      )}
      {failure === undefined ? null : <FailureCard failure={asFailure(failure)} />}
    </div>
  );
}
