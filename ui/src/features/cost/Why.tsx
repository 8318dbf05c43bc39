// Why each call of an operation went to its model, and what the other tiers would have cost.

import { t } from "../../i18n";
import { money } from "../../i18n/format";
import { inWords } from "../../i18n/said";
import { useRequest } from "../../protocol/queries";

export function Why({ operationId, calls }: { operationId: string; calls: number }) {
  const words = t.router;
  // Another call makes another question.
  const found = useRequest("route.decisions", calls > 0 ? { operation_id: operationId } : undefined);
  const decisions = found.data?.decisions ?? [];
  if (decisions.length === 0) return null;
  return (
    <details>
      <summary>{words.why}</summary>
      <ol className="cost-why" aria-label={words.whyCalls}>
        {decisions.map(({ ledger_id, decision }) => {
          const others = decision.tiers
            .filter((one) => one.tier !== decision.tier && typeof one.expected_micro_usd === "number")
            .map((one) => `${t.composer.tiers[one.tier][0] ?? one.tier} ${money(one.expected_micro_usd ?? 0)}`);
          return (
            <li key={ledger_id}>
              <span className="badge">{t.composer.tiers[decision.tier][0]}</span> {words.rules[decision.rule]}{" "}
              <span className="quiet">
                {inWords(decision.reason)}
                {others.length > 0 ? ` · ${words.otherTiers}: ${others.join(", ")}` : ""}
              </span>
            </li>
          );
        })}
      </ol>
    </details>
  );
}
