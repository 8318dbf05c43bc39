// The calls of an operation, and what one of them was made of.

import { useState } from "react";
import { Button } from "../../components/Button";
import { Failed, useNow } from "../../components/states";
import { t } from "../../i18n";
import { duration, money, shortTime, tokens } from "../../i18n/format";
import { inWords } from "../../i18n/said";
import { useRequest } from "../../protocol/queries";

export function Calls({ operationId }: { operationId: string | undefined }) {
  const now = useNow(30_000);
  const words = t.budget;
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const calls = useRequest("budget.calls", { operation_id: operationId, kept: false, limit: 50 });
  if (calls.error) return <Failed asked={calls} />;
  if (!calls.data || calls.data.calls.length === 0) return null;
  return (
    <>
      <h3 className="section-title">{operationId ? words.itsCalls : words.newest}</h3>
      <div className="table-scroll" tabIndex={0} role="group" aria-label={words.newest}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{words.at}</th>
              <th scope="col">{words.what}</th>
              <th scope="col" className="num">{words.input}</th>
              <th scope="col" className="num">{words.output}</th>
              <th scope="col" className="num">{words.took}</th>
              <th scope="col" className="num">{words.cost}</th>
              <th scope="col">{words.receipt}</th>
            </tr>
          </thead>
          <tbody>
            {calls.data.calls.map((call) => (
              <tr key={call.id}>
                <td className="when">{shortTime(call.at, now)}</td>
                <td className="budget-name">
                  {call.purpose} · {call.model} <span className="quiet">{call.cache_hit ? words.fromCache : call.outcome}</span>
                  {call.prefix_break ? <p className="warn">{call.prefix_break}</p> : null}
                </td>
                <td className="num">{tokens(call.usage.input_tokens)}</td>
                <td className="num">{tokens(call.usage.output_tokens)}</td>
                <td className="num">{duration(call.duration_ms)}</td>
                <td className="num">{typeof call.cost_micro_usd !== "number" ? words.noPrice : money(call.cost_micro_usd)}</td>
                <td>
                  <Button
                    small
                    look="ghost"
                    aria-expanded={chosen === call.id}
                    onClick={() => {
                      setChosen(chosen === call.id ? undefined : call.id);
                    }}
                  >
                    {words.show}
                  </Button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {chosen === undefined ? null : <Receipt id={chosen} />}
    </>
  );
}

function Receipt({ id }: { id: number }) {
  const words = t.budget;
  const receipt = useRequest("budget.call", { id });
  if (receipt.error) return <Failed asked={receipt} />;
  if (!receipt.data) return null;
  const { lines, route } = receipt.data;
  return (
    <section className="stack" aria-label={words.receipt}>
      <h3 className="section-title">{words.receiptOf({ id })}</h3>
      {route ? <p>{inWords(route.reason)}</p> : null}
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{words.part}</th>
            <th scope="col" className="num">{words.tokensIn}</th>
            <th scope="col" className="num">{words.cached}</th>
            <th scope="col" className="num">{words.cost}</th>
          </tr>
        </thead>
        <tbody>
          {lines.map((line, index) => (
            <tr key={index}>
              <td className="budget-name">
                {line.name} <span className="quiet">{line.detail}</span>
              </td>
              <td className="num">{tokens(line.tokens)}</td>
              <td className="num">{line.cached_tokens ? tokens(line.cached_tokens) : ""}</td>
              <td className="num">{typeof line.micro_usd !== "number" ? "" : money(line.micro_usd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
