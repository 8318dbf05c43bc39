// Providers, their keys, servers of this machine, and the models of the tiers.

import { Failed, FailureCard, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { inWords } from "../../i18n/said";
import { tokens } from "../../i18n/format";
import type { ModelInfo } from "../../protocol/generated/ModelInfo";
import type { Provider } from "../../protocol/generated/Provider";
import { useRequest } from "../../protocol/queries";
import { ProviderCard } from "./ProviderCard";
import { Embeddings } from "./Embeddings";
import { Failover } from "./Failover";
import { Lists } from "./Lists";
import { LocalServers } from "./LocalServers";
import { originOf } from "./prices";

/** The place for a server's address before there is one. */
const NO_SERVER: Provider = {
  name: "local",
  base_url: "",
  has_key: false,
  key_source: "none",
  ready: false,
  default_model: null,
};

export function Models() {
  const providers = useRequest("provider.list", {});
  const models = useRequest("model.list", {});
  if (providers.error) return <Failed asked={providers} />;
  if (!providers.data) return <Waiting what={t.common.loading} />;
  const local = providers.data.providers.find((provider) => provider.name === "local");
  return (
    <div className="stack">
      {providers.data.keychain_problem ? (
        <FailureCard title={t.settings.keychainProblem} failure={{ message: inWords(providers.data.keychain_problem) }} />
      ) : null}
      {providers.data.providers.map((provider) => (
        <ProviderCard key={provider.name} provider={provider} />
      ))}
      {local ? null : <ProviderCard provider={NO_SERVER} />}
      <section>
        <h2 className="section-title">{t.settings.detected}</h2>
        <LocalServers current={local?.base_url} />
      </section>
      <Failover ready={providers.data.providers.filter((one) => one.ready).map((one) => one.name)} />
      {models.data ? <Embeddings known={models.data.embeddings} /> : null}
      {models.data ? (
        <>
          <section>
            <h2 className="section-title">{t.settings.tiers}</h2>
            <table className="table">
              <tbody>
                {models.data.tiers.map((one) => (
                  <tr key={one.tier}>
                    <td>{t.composer.tiers[one.tier][0]}</td>
                    <td className="mono">{one.model}</td>
                    <td className="quiet">{one.provider}</td>
                    <td className="quiet">{one.effort ? `${t.settings.effort} ${one.effort}` : ""}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          <section>
            <h2 className="section-title">{t.settings.catalogue}</h2>
            <Lists />
            <Catalogue models={models.data.models} />
          </section>
        </>
      ) : null}
    </div>
  );
}

function Catalogue({ models }: { models: ModelInfo[] }) {
  const dollars = (value: number | null | undefined) => (value === null || value === undefined ? "–" : `$${value}`);
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={t.settings.catalogue}>
      <table className="table">
        <thead>
          <tr>
            <th>{t.context.model}</th>
            <th className="num">{t.inspector.tabs.context}</th>
            <th className="num">{t.settings.price}</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <tr key={`${model.provider}:${model.id}`}>
              <td>
                <span className="mono">{model.id}</span>
                {model.shut_down ? (
                  <span className="badge warn">
                    {t.settings.shutDown({ day: model.shut_down })}
                    {model.successor ? `, ${t.settings.successor({ id: model.successor })}` : ""}
                  </span>
                ) : null}
                {model.listed === false ? <span className="badge">{t.settings.notListed}</span> : null}
              </td>
              <td className="num">{model.context_tokens ? tokens(model.context_tokens) : "–"}</td>
              <td className="num" title={model.price_source ?? undefined}>
                {dollars(model.input_usd_per_mtok)} / {dollars(model.cached_usd_per_mtok)} / {dollars(model.output_usd_per_mtok)}
                <PriceDay model={model} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Of which day a price is, and whether the vendor itself says so. */
function PriceDay({ model }: { model: ModelInfo }) {
  if (!model.price_source) return null;
  const { source, day } = originOf(model.price_source);
  return (
    <div className="quiet price-day">
      {source} {day ? t.settings.priceOf({ day }) : null}{" "}
      {model.price_unconfirmed ? (
        <span className="badge warn" title={model.price_unconfirmed}>
          {t.settings.unconfirmed}
        </span>
      ) : null}
    </div>
  );
}
