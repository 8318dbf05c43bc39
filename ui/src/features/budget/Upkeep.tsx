// What keeps the ledger true: estimated calls that the bill decides about, sums made anew, stored answers let go.

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Button } from "../../components/Button";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { money, shortTime, whole } from "../../i18n/format";
import { told } from "../../protocol/told";
import { useClient, useRequest } from "../../protocol/queries";
import { useNow } from "../../components/states";
import { microUsd } from "./Caps";

export function Upkeep() {
  const client = useClient();
  const queries = useQueryClient();
  const toasts = useToasts();
  const words = t.budget;
  const [sure, setSure] = useState(false);
  const saved = useRequest("budget.savings", { by: "day" });
  const attempt = async (work: () => Promise<string>) => {
    try {
      toasts.say(await work());
      await queries.invalidateQueries({ predicate: (query) => String(query.queryKey[0]).startsWith("budget.") });
    } catch (error) {
      toasts.fail(told(error));
    }
  };
  const entries = saved.data?.entries ?? 0;
  return (
    <section className="stack" aria-label={words.upkeep}>
      <h2 className="section-title">{words.upkeep}</h2>
      <Kept onDone={attempt} />
      <div className="row-line wrap">
        <Button
          small
          onClick={() =>
            void attempt(async () => {
              const report = await client.call("budget.rebuild", {});
              return words.rebuilt({ rows: report.rows, corrected: report.corrected });
            })
          }
        >
          {words.rebuild}
        </Button>
        <Button
          small
          disabled={entries === 0}
          look={sure ? "danger" : "plain"}
          onBlur={() => {
            setSure(false);
          }}
          onClick={() => {
            if (!sure) {
              setSure(true);
              return;
            }
            setSure(false);
            void attempt(async () => {
              await client.call("budget.clear_cache", {});
              return words.cacheCleared;
            });
          }}
        >
          {sure ? words.clearSure({ count: entries }) : words.clearCache({ count: entries })}
        </Button>
      </div>
    </section>
  );
}

/** Calls whose cost is an estimate, because no answer with figures came back. */
function Kept({ onDone }: { onDone: (work: () => Promise<string>) => Promise<void> }) {
  const client = useClient();
  const now = useNow(30_000);
  const words = t.budget;
  const kept = useRequest("budget.calls", { kept: true, limit: 50 });
  const [costs, setCosts] = useState<ReadonlyMap<number, string>>(() => new Map());
  const calls = kept.data?.calls ?? [];
  if (calls.length === 0) return <p className="quiet">{words.noKept}</p>;
  const reconcile = (ids: number[], cost: number | undefined) =>
    onDone(async () => {
      const report = await client.call("budget.reconcile", { ids, cost_micro_usd: cost });
      return words.reconciled({ count: report.calls, before: money(report.before_micro_usd), after: money(report.after_micro_usd) });
    });
  return (
    <>
      <p className="quiet">{words.keptExplained}</p>
      <div className="table-scroll" tabIndex={0} role="group" aria-label={words.keptCalls}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{words.at}</th>
              <th scope="col">{words.what}</th>
              <th scope="col" className="num">
                {words.estimated}
              </th>
              <th scope="col">{words.billed}</th>
            </tr>
          </thead>
          <tbody>
            {calls.map((call) => {
              const cost = microUsd(costs.get(call.id) ?? "");
              return (
                <tr key={call.id}>
                  <td className="when">{shortTime(call.at, now)}</td>
                  <td className="budget-name">
                    {call.purpose} · {call.model} <span className="quiet">{call.outcome}</span>
                  </td>
                  <td className="num">{typeof call.cost_micro_usd === "number" ? money(call.cost_micro_usd) : words.noPrice}</td>
                  <td>
                    <form
                      className="row-line"
                      onSubmit={(event) => {
                        event.preventDefault();
                        if (cost !== undefined) void reconcile([call.id], cost);
                      }}
                    >
                      <input
                        className="input num"
                        inputMode="decimal"
                        aria-label={words.billedFor({ id: whole(call.id) })}
                        placeholder="0.00"
                        value={costs.get(call.id) ?? ""}
                        onChange={(event) => {
                          setCosts(new Map(costs).set(call.id, event.target.value));
                        }}
                      />
                      <Button small type="submit" disabled={cost === undefined}>
                        {t.common.save}
                      </Button>
                    </form>
                  </td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
      <div>
        <Button small onClick={() => void reconcile([], undefined)}>
          {words.confirmKept({ count: calls.length })}
        </Button>
      </div>
    </>
  );
}
