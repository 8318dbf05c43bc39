// Money: today and this month against their limits, by model, and by operation of this session.

import { Button } from "../../components/Button";
import { Failed, Meter, Waiting } from "../../components/states";
import { Tip } from "../../components/Tip";
import { t } from "../../i18n";
import { money, tokens, whole } from "../../i18n/format";
import type { Usage } from "../../protocol/generated/Usage";
import { useRequest } from "../../protocol/queries";
import { PrefixCache } from "./PrefixCache";
import { Why } from "./Why";
import "./cost.css";

export interface CostCall {
  call: number;
  model: string;
  /** None while it runs. */
  usage: Usage | undefined;
  /** None for a model without known prices. */
  costMicroUsd: number | undefined;
  finish: string | undefined;
}

export interface CostLine {
  id: string;
  label: string;
  usage: Usage;
  costMicroUsd: number;
  calls: readonly CostCall[];
}

export function CostPanel(props: {
  lines: CostLine[];
  sessionId: string | undefined;
  selected: string | undefined;
  onLimits: () => void;
  onSelect: (operationId: string) => void;
}) {
  const budget = useRequest("budget.get", {});
  const { lines } = props;
  if (budget.error) return <Failed asked={budget} />;
  if (!budget.data) return <Waiting what={t.common.loading} />;
  const data = budget.data;
  const one = lines.find((line) => line.id === props.selected) ?? lines[0];
  const session = lines.reduce((sum, line) => ({ input: sum.input + line.usage.input_tokens, cached: sum.cached + line.usage.cached_tokens }), { input: 0, cached: 0 });
  const total = lines.reduce((sum, line) => sum + line.costMicroUsd, 0);
  return (
    <div className="panel">
      <section className="cost-figures">
        <Figure label={t.cost.today} spent={data.today_micro_usd} limit={data.daily_limit_micro_usd} hover={t.cost.hover({ calls: data.calls_today })} />
        <Figure label={t.cost.month} spent={data.month_micro_usd} limit={data.monthly_limit_micro_usd} />
        <Button small onClick={props.onLimits}>
          {t.cost.limits}
        </Button>
      </section>
      {one ? <ByCall line={one} /> : null}
      {props.sessionId ? <PrefixCache sessionId={props.sessionId} /> : null}
      {data.by_model.length > 0 ? (
        <section>
          <h2 className="panel-title">{t.cost.byModel}</h2>
          <table className="table">
            <thead>
              <tr>
                <th>{t.cost.model}</th>
                <th className="num">{t.cost.calls}</th>
                <th className="num">{t.cost.spent}</th>
              </tr>
            </thead>
            <tbody>
              {data.by_model.map((line) => (
                <tr key={line.model}>
                  <td className="mono">{line.model}</td>
                  <td className="num">{whole(line.calls)}</td>
                  <td className="num">{money(line.cost_micro_usd)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      ) : null}
      <section>
        <h2 className="panel-title row-line">
          <span className="grow">{t.cost.operations}</span>
          <span className="num">{money(total)}</span>
        </h2>
        {session.input > 0 ? <p className="quiet">{t.cost.sessionCached({ share: share(session.cached, session.input) })}</p> : null}
        {lines.length === 0 ? (
          <p className="quiet">{t.cost.none}</p>
        ) : (
          <table className="table">
            <thead>
              <tr>
                <th>{t.cost.operation}</th>
                <th className="num">{t.cost.tokensIn}</th>
                <th className="num">{t.cost.tokensOut}</th>
                <th className="num">{t.cost.spent}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={line.id}>
                  <td className="cost-label">
                    <button
                      type="button"
                      className="truncate"
                      onClick={() => {
                        props.onSelect(line.id);
                      }}
                    >
                      {line.label}
                    </button>
                  </td>
                  <td className="num">
                    {tokens(line.usage.input_tokens)}
                    {line.usage.cached_tokens > 0 ? (
                      <div className="quiet cost-cached">
                        {tokens(line.usage.cached_tokens)} {t.cost.cached}
                      </div>
                    ) : null}
                  </td>
                  <td className="num">{tokens(line.usage.output_tokens)}</td>
                  <td className="num">{money(line.costMicroUsd)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </section>
    </div>
  );
}

/** Part of a whole, in per cent. */
function share(part: number, whole: number): number {
  return whole > 0 ? Math.round((part / whole) * 100) : 0;
}

/** One operation, call by call. */
function ByCall({ line }: { line: CostLine }) {
  return (
    <section>
      <h2 className="panel-title row-line">
        <span className="truncate grow">{t.cost.byCall}</span>
        <span className="num">{money(line.costMicroUsd)}</span>
      </h2>
      <p className="quiet truncate">{line.label}</p>
      <div className="table-scroll" tabIndex={0} role="group" aria-label={t.cost.byCall}>
        <table className="table">
          <thead>
            <tr>
              <th>{t.cost.model}</th>
              <th className="num">{t.cost.tokensIn}</th>
              <th className="num">{t.cost.cachedShare}</th>
              <th className="num">{t.cost.tokensOut}</th>
              <th className="num">{t.cost.spent}</th>
            </tr>
          </thead>
          <tbody>
            {line.calls.map((call) => (
              <tr key={call.call}>
                <td className="mono">{call.model}</td>
                <td className="num">{call.usage ? tokens(call.usage.input_tokens) : ""}</td>
                <td className="num" title={call.usage ? `${tokens(call.usage.cached_tokens)} ${t.cost.cached}` : undefined}>
                  {call.usage ? `${share(call.usage.cached_tokens, call.usage.input_tokens)} %` : ""}
                </td>
                <td className="num">{call.usage ? tokens(call.usage.output_tokens) : t.activity.running}</td>
                <td className="num">{call.costMicroUsd !== undefined ? money(call.costMicroUsd) : call.usage ? t.cost.unpriced : ""}</td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td>{t.cost.sum}</td>
              <td className="num">{tokens(line.usage.input_tokens)}</td>
              <td className="num">{`${share(line.usage.cached_tokens, line.usage.input_tokens)} %`}</td>
              <td className="num">{tokens(line.usage.output_tokens)}</td>
              <td className="num">{money(line.costMicroUsd)}</td>
            </tr>
          </tfoot>
        </table>
      </div>
      <Why operationId={line.id} calls={line.calls.length} />
    </section>
  );
}

function Figure(props: { label: string; spent: number; limit: number | null | undefined; hover?: string }) {
  const { label, spent, limit } = props;
  return (
    <div className="cost-figure">
      <div className="row-line">
        <span className="grow secondary">{label}</span>
        <Tip text={props.hover ?? label}>
          <strong className="num">{money(spent)}</strong>
        </Tip>
        <span className="quiet num">{limit === null || limit === undefined ? t.cost.noLimit : t.cost.of({ limit: money(limit) })}</span>
      </div>
      {limit ? <Meter value={spent} limit={limit} label={label} /> : null}
    </div>
  );
}

/** The quiet line at the foot of the sidebar; loud only near the limit. */
export function MoneyStrip({ onOpen }: { onOpen: () => void }) {
  const budget = useRequest("budget.get", {});
  if (!budget.data) return null;
  const { today_micro_usd: spent, daily_limit_micro_usd: limit, calls_today } = budget.data;
  const share = limit ? spent / limit : 0;
  return (
    <Tip text={share >= 1 ? t.cost.over : share >= 0.8 ? t.cost.near : t.cost.hover({ calls: calls_today })} side="right">
      <button type="button" className="money-strip" onClick={onOpen}>
        <span className="hidden-text">{t.cost.strip}</span>{" "}
        <span className="row-line">
          <span className={share >= 1 ? "num bad" : share >= 0.8 ? "num warn" : "num"}>{money(spent)}</span>
          <span className="quiet num">{limit ? t.cost.of({ limit: money(limit) }) : t.cost.today.toLowerCase()}</span>
          {share >= 0.8 ? <span className="badge warn">{`${Math.round(share * 100)} %`}</span> : null}
        </span>
        {limit ? <Meter value={spent} limit={limit} label={t.cost.strip} /> : null}
      </button>
    </Tip>
  );
}
