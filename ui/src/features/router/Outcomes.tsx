// How routed work ended, rule by rule, and the thresholds that this speaks against.

import { Lightbulb, Route } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Empty, Failed, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { money, percent, whole } from "../../i18n/format";
import { told } from "../../protocol/told";
import type { OutcomeLine } from "../../protocol/generated/OutcomeLine";
import type { RouteSuggestion } from "../../protocol/generated/RouteSuggestion";
import { useRequest } from "../../protocol/queries";
import { useSaved } from "../../protocol/saved";

export function Outcomes() {
  const words = t.router;
  const outcomes = useRequest("route.outcomes", {});
  const [filter, setFilter] = useState("");
  if (outcomes.error) return <Failed asked={outcomes} />;
  if (!outcomes.data) return <Waiting what={t.common.loading} />;
  const wanted = filter.trim().toLowerCase();
  const lines = outcomes.data.lines.filter((line) => `${t.composer.tiers[line.tier][0] ?? ""} ${words.rules[line.rule]}`.toLowerCase().includes(wanted));
  return (
    <>
      <section className="stack" aria-label={words.suggestions}>
        <h2 className="section-title">{words.suggestions}</h2>
        {outcomes.data.suggestions.length === 0 ? <p className="quiet">{words.noSuggestions}</p> : null}
        {outcomes.data.suggestions.map((one) => (
          <Suggestion key={`${one.setting} ${one.suggested}`} suggestion={one} onSaved={() => void outcomes.refetch()} />
        ))}
      </section>
      <section className="stack" aria-label={words.outcomes}>
        <div className="row-line wrap">
          <h2 className="section-title grow">{words.outcomes}</h2>
          {outcomes.data.lines.length > 6 || wanted ? (
            <input
              className="input"
              type="search"
              aria-label={words.search}
              placeholder={words.search}
              value={filter}
              onChange={(event) => {
                setFilter(event.target.value);
              }}
            />
          ) : null}
        </div>
        {lines.length === 0 ? (
          <Empty icon={<Route size={22} className="quiet" aria-hidden="true" />} title={wanted ? t.trust.nothingFound : words.noOutcomes}>
            {wanted ? null : words.noOutcomesHint}
          </Empty>
        ) : (
          <OutcomeTable lines={lines} />
        )}
      </section>
    </>
  );
}

function OutcomeTable({ lines }: { lines: readonly OutcomeLine[] }) {
  const words = t.router;
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={words.outcomes}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{words.tier}</th>
            <th scope="col">{words.rule}</th>
            {(["operations", "accepted", "edited", "reverted", "retried", "failed", "cost"] as const).map((head) => (
              <th key={head} scope="col" className="num">
                {words.heads[head]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map((line) => (
            <tr key={`${line.tier} ${line.rule}`}>
              <td>{t.composer.tiers[line.tier][0]}</td>
              <td>{words.rules[line.rule]}</td>
              <td className="num">{whole(line.operations)}</td>
              <td className="num">
                {whole(line.accepted)} <span className="quiet">{line.operations > 0 ? percent(line.accepted / line.operations) : ""}</span>
              </td>
              <td className="num">{whole(line.edited)}</td>
              <td className="num">{whole(line.reverted)}</td>
              <td className="num">{whole(line.retried)}</td>
              <td className="num">{whole(line.failed)}</td>
              <td className="num">{money(line.cost_micro_usd)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Suggestion({ suggestion, onSaved }: { suggestion: RouteSuggestion; onSaved: () => void }) {
  const words = t.router;
  const saved = useSaved();
  const toasts = useToasts();
  const fail = (error: unknown) => {
    toasts.fail(told(error));
  };
  const fixed = saved.of(suggestion.setting)?.editable === false;
  return (
    <div className="router-suggestion">
      <Lightbulb size={15} className="warn" aria-hidden="true" />
      <div className="grow">
        <p>
          <span className="mono">{suggestion.setting}</span>{" "}
          <span className="num">
            {suggestion.now} → <strong>{suggestion.suggested}</strong>
          </span>
        </p>
        <p className="secondary">{suggestion.evidence}</p>
      </div>
      <Button
        small
        disabled={fixed}
        onClick={() => {
          saved.save(suggestion.setting, suggestion.suggested).then(() => {
            onSaved();
            toasts.say(words.applied({ setting: suggestion.setting, value: suggestion.suggested }), {
              label: t.common.undo,
              run: () => {
                saved.save(suggestion.setting, suggestion.now).then(onSaved, fail);
              },
            });
          }, fail);
        }}
      >
        {words.apply}
      </Button>
    </div>
  );
}
