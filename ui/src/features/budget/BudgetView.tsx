// Money: caps and where they stand, the way to the end of the month, the ledger from every side, what caches saved.

import { useState } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { Empty, Failed, Meter, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { bytes, money, percent, tokens, whole } from "../../i18n/format";
import { told } from "../../protocol/told";
import type { Projection } from "../../protocol/generated/Projection";
import type { SpendBy } from "../../protocol/generated/SpendBy";
import type { SpendRow } from "../../protocol/generated/SpendRow";
import type { TableFormat } from "../../protocol/generated/TableFormat";
import { useClient, useRequest } from "../../protocol/queries";
import { Calls } from "./Calls";
import { Caps } from "./Caps";
import { DayChart } from "./DayChart";
import { Upkeep } from "./Upkeep";
import "./budget.css";

const SIDES: SpendBy[] = ["day", "month", "model", "tier", "project", "session", "purpose", "operation"];
const MONTH_MS = 31 * 86_400_000;

export default function BudgetView({ onSave }: { onSave: (name: string, content: string) => void }) {
  return (
    <div className="view">
      <div className="view-content wide stack">
        <h1 className="view-title">{t.budget.title}</h1>
        <Outlook />
        <Caps />
        <Ledger onSave={onSave} />
        <Savings />
        <Upkeep />
      </div>
    </div>
  );
}

function Outlook() {
  const words = t.budget;
  const forecast = useRequest("budget.forecast", {});
  const [from] = useState(() => Date.now() - MONTH_MS);
  const days = useRequest("budget.spend", { by: "day", from });
  if (forecast.error) return <Failed asked={forecast} />;
  if (!forecast.data || !days.data) return <Waiting what={t.common.loading} />;
  const { day, month, basis } = forecast.data;
  return (
    <section className="stack" aria-label={words.outlook}>
      <div className="budget-figures">
        <Figure label={words.today} of={day} />
        <Figure label={words.month} of={month} />
      </div>
      {days.data.rows.length === 0 ? <Empty title={words.nothing}>{words.nothingHint}</Empty> : <DayChart rows={days.data.rows} today={day} />}
      <p className="quiet"><Said text={basis} /></p>
    </section>
  );
}

function Figure({ label, of }: { label: string; of: Projection }) {
  const words = t.budget;
  const limit = of.limit_micro_usd;
  return (
    <div className="budget-figure">
      <span className="quiet">{label}</span>
      <strong className="num">{money(of.spent_micro_usd)}</strong>
      {typeof limit !== "number" ? <span className="quiet">{words.noCap}</span> : <Meter value={of.spent_micro_usd} limit={limit} label={words.ofCap({ limit: money(limit) })} />}
      <span className="num quiet">{words.likely({ likely: money(of.likely_micro_usd), low: money(of.low_micro_usd), high: money(of.high_micro_usd) })}</span>
    </div>
  );
}

function Ledger({ onSave }: { onSave: (name: string, content: string) => void }) {
  const client = useClient();
  const toasts = useToasts();
  const words = t.budget;
  const [by, setBy] = useState<SpendBy>("model");
  const [operation, setOperation] = useState<string | undefined>(undefined);
  const table = useRequest("budget.spend", { by, limit: 200 });
  const save = (format: TableFormat) => {
    client.call("budget.export", { by, format }).then(
      (file) => {
        onSave(file.file_name, file.content);
      },
      (error: unknown) => {
        toasts.fail(told(error));
      },
    );
  };
  const total = table.data?.total;
  return (
    <section className="stack" aria-label={words.ledger}>
      <div className="row-line wrap">
        <h2 className="section-title">{words.ledger}</h2>
        <label className="row-line">
          <span className="quiet">{words.by}</span>
          <select
            className="input"
            aria-label={words.by}
            value={by}
            onChange={(event) => {
              setBy(SIDES.find((side) => side === event.target.value) ?? "model");
              setOperation(undefined);
            }}
          >
            {SIDES.map((side) => (
              <option key={side} value={side}>
                {words.sides[side]}
              </option>
            ))}
          </select>
        </label>
        <span className="grow" />
        <Button
          small
          onClick={() => {
            save("csv");
          }}
        >
          {words.csv}
        </Button>
        <Button
          small
          onClick={() => {
            save("json");
          }}
        >
          {words.json}
        </Button>
      </div>
      {table.error ? <Failed asked={table} /> : null}
      {table.data && table.data.rows.length === 0 ? <Empty title={words.nothing} /> : null}
      {table.data && table.data.rows.length > 0 ? (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={words.ledger}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{words.sides[by]}</th>
                <th scope="col" className="num">{words.calls}</th>
                <th scope="col" className="num">{words.input}</th>
                <th scope="col" className="num">{words.cached}</th>
                <th scope="col" className="num">{words.output}</th>
                <th scope="col" className="num">{words.cost}</th>
              </tr>
            </thead>
            <tbody>
              {table.data.rows.map((row) => (
                <Row
                  key={row.key}
                  row={row}
                  onOpen={
                    by === "operation" && row.key
                      ? () => {
                          setOperation(row.key);
                        }
                      : undefined
                  }
                />
              ))}
            </tbody>
            {total ? (
              <tfoot>
                <Row row={{ key: "", label: words.total, spend: total }} onOpen={undefined} />
              </tfoot>
            ) : null}
          </table>
        </div>
      ) : null}
      <Calls operationId={operation} />
    </section>
  );
}

function Row({ row, onOpen }: { row: SpendRow; onOpen: (() => void) | undefined }) {
  const { spend } = row;
  const words = t.budget;
  const input = spend.usage.input_tokens;
  const notes = [
    spend.failed_calls ? words.failed({ count: spend.failed_calls }) : "",
    spend.cache_hits ? words.hits({ count: spend.cache_hits }) : "",
    spend.kept_calls ? words.kept({ count: spend.kept_calls }) : "",
    spend.unpriced_calls ? words.unpriced({ count: spend.unpriced_calls }) : "",
  ].filter(Boolean);
  const label = row.label || row.key || words.unnamed;
  return (
    <tr>
      <td className="budget-name">
        {onOpen ? (
          <Button small look="ghost" onClick={onOpen}>
            {label}
          </Button>
        ) : (
          label
        )}
        {notes.length > 0 ? <p className="quiet">{notes.join(" · ")}</p> : null}
      </td>
      <td className="num">{whole(spend.calls)}</td>
      <td className="num">{tokens(input)}</td>
      <td className="num">{input > 0 ? percent(spend.usage.cached_tokens / input) : ""}</td>
      <td className="num">{tokens(spend.usage.output_tokens)}</td>
      <td className="num">{money(spend.cost_micro_usd)}</td>
    </tr>
  );
}

function Savings() {
  const words = t.budget;
  const saved = useRequest("budget.savings", { by: "day" });
  if (saved.error) return <Failed asked={saved} />;
  if (!saved.data) return null;
  const { data } = saved;
  return (
    <section className="stack" aria-label={words.savings}>
      <h2 className="section-title">{words.savings}</h2>
      <dl className="facts">
        <dt>{words.answers}</dt>
        <dd className="num">{words.answersAre({ count: data.hits, saved: money(data.hit_saved_micro_usd) })}</dd>
        <dt>{words.keptAnswers}</dt>
        <dd className="num">
          {whole(data.entries)} · {bytes(data.entry_bytes)}
        </dd>
        <dt>{words.prefix}</dt>
        <dd className="num">{words.prefixIs({ got: tokens(data.cached_tokens), expected: tokens(data.expected_cached_tokens), input: tokens(data.input_tokens), saved: money(data.prefix_saved_micro_usd) })}</dd>
        {data.breaks.map((one) => (
          <div key={one.reason} className="budget-break">
            <dt>{words.broken({ count: one.times })}</dt>
            <dd><Said text={one.reason} /></dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
