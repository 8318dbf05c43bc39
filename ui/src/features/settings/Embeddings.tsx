// The model that turns text into vectors: which one, what it costs, and whether it works.

import { useState } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { duration, money, whole } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { EmbeddingModel } from "../../protocol/generated/EmbeddingModel";
import type { EmbeddingTest } from "../../protocol/generated/EmbeddingTest";
import type { Failure } from "../../protocol/generated/Failure";
import { useClient } from "../../protocol/queries";
import { useSaved } from "../../protocol/saved";
import { originOf } from "./prices";

export function Embeddings({ known }: { known: readonly EmbeddingModel[] }) {
  const client = useClient();
  const words = t.settings.vectors;
  const setting = useSaved().of("EMBEDDING_MODEL");
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState<EmbeddingTest | undefined>(undefined);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const model = setting?.value ?? "";
  const own = known.find((one) => one.id === model || `${one.provider}/${one.id}` === model);
  const test = async () => {
    setBusy(true);
    setResult(undefined);
    setFailure(undefined);
    try {
      setResult(await client.call("embedding.test", {}));
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section className="provider" aria-label={words.title}>
      <div className="row-line">
        <h2 className="section-title">{words.title}</h2>
        <span className="grow" />
        <Button small disabled={busy} onClick={() => void test()}>
          {busy ? t.settings.testing : words.test}
        </Button>
      </div>
      <p>
        <span className="mono">{model}</span>{" "}
        {own ? (
          <span className="quiet">
            {words.facts({ provider: t.settings.providerNames[own.provider], dimensions: own.dimensions, price: money(own.usd_per_mtok * 1_000_000) })}
            {originOf(own.price_source).day ? ` · ${t.settings.priceOf({ day: originOf(own.price_source).day ?? "" })}` : ""}
            {own.price_unconfirmed ? ` · ${t.settings.unconfirmed}` : ""}
          </span>
        ) : (
          <span className="quiet">{words.noPrice}</span>
        )}
      </p>
      <p className="quiet">{words.hint}</p>
      {result ? (
        <p className="row-line wrap" role="status">
          <span className="badge good">{t.settings.ready}</span>
          <span>{words.tested({ model: result.model, dimensions: result.dimensions, time: duration(result.latency_ms) })}</span>
          <span className="secondary">
            {words.spent({ tokens: whole(result.input_tokens), cost: typeof result.cost_micro_usd === "number" ? money(result.cost_micro_usd) : "none" })}
          </span>
        </p>
      ) : null}
      {failure ? <FailureCard failure={failure} /> : null}
    </section>
  );
}
