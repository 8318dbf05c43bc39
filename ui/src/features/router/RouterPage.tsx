// The router: who would answer a message and why, what is chosen here, how it went, what to change.

import { Failed, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { money } from "../../i18n/format";
import type { Project } from "../../protocol/generated/Project";
import type { Session } from "../../protocol/generated/Session";
import { useRequest } from "../../protocol/queries";
import { Choices } from "./Choices";
import { Explain } from "./Explain";
import { Outcomes } from "./Outcomes";
import "./router.css";

export default function RouterPage({ project, session }: { project: Project | undefined; session: Session | undefined }) {
  const words = t.router;
  return (
    <div className="stack">
      <p className="secondary">{words.explained}</p>
      <Explain project={project} session={session} />
      <section className="stack" aria-label={words.tiers}>
        <h2 className="section-title">{words.tiers}</h2>
        <Tiers />
      </section>
      <Choices project={project} session={session} />
      <Outcomes />
    </div>
  );
}

function Tiers() {
  const words = t.router;
  const models = useRequest("model.list", {});
  if (models.error) return <Failed asked={models} />;
  if (!models.data) return <Waiting what={t.common.loading} />;
  const { tiers, models: known } = models.data;
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={words.tiers}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{words.tier}</th>
            <th scope="col">{words.for}</th>
            <th scope="col">{words.model}</th>
            <th scope="col">{words.provider}</th>
            <th scope="col" className="num">
              {words.perMillion}
            </th>
          </tr>
        </thead>
        <tbody>
          {tiers.map((one) => {
            const price = known.find((model) => model.id === one.model && model.provider === one.provider);
            const [input, output] = [price?.input_usd_per_mtok, price?.output_usd_per_mtok];
            return (
              <tr key={one.tier}>
                <td>{t.composer.tiers[one.tier][0]}</td>
                <td className="quiet">{t.composer.tiers[one.tier][1]}</td>
                <td>
                  <span className="mono">{one.model}</span> {one.effort ? <span className="quiet">{words.effort({ effort: one.effort })}</span> : null}
                </td>
                <td>{t.settings.providerNames[one.provider]}</td>
                <td className="num">{typeof input === "number" && typeof output === "number" ? `${money(input * 1_000_000)} / ${money(output * 1_000_000)}` : words.noPrice}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
