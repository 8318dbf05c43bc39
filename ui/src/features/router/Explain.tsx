// A message that is not sent: which rule would fire, on what, and what each tier would cost.

import { useState } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { money, whole } from "../../i18n/format";
import { inWords } from "../../i18n/said";
import { asFailure } from "../../protocol/client";
import type { Project } from "../../protocol/generated/Project";
import type { RouteDecision } from "../../protocol/generated/RouteDecision";
import type { Session } from "../../protocol/generated/Session";
import { useRequest } from "../../protocol/queries";

export function Explain({ project, session }: { project: Project | undefined; session: Session | undefined }) {
  const words = t.router;
  const [text, setText] = useState("");
  const [asked, setAsked] = useState("");
  const found = useRequest("route.explain", asked ? { content: asked, project_id: project?.id, session_id: session?.id, files: 0 } : undefined);
  return (
    <section className="stack" aria-label={words.try}>
      <h2 className="section-title">{words.try}</h2>
      <form
        className="row-line wrap"
        onSubmit={(event) => {
          event.preventDefault();
          setAsked(text.trim());
        }}
      >
        <input
          className="input grow"
          aria-label={words.message}
          placeholder={words.example}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
          }}
        />
        <Button small type="submit" disabled={!text.trim()}>
          {words.ask}
        </Button>
      </form>
      {found.error ? <FailureCard failure={asFailure(found.error)} /> : null}
      {found.data ? (
        <div className="stack" role="status">
          <p>
            <span className="badge accent">{t.composer.tiers[found.data.decision.tier][0]}</span> <span className="mono">{found.data.decision.model}</span>{" "}
            {words.because({ reason: inWords(found.data.decision.reason) })}
          </p>
          {found.data.blocked_by ? <p className="warn">{words.nextBlocked}</p> : null}
          <TierCosts decision={found.data.decision} />
          <details>
            <summary>{words.allRules}</summary>
            <ol className="router-rules">
              {found.data.rules.map((rule) => (
                <li key={rule.rule} data-fits={rule.fits} data-fired={rule.rule === found.data.decision.rule}>
                  <span className={rule.rule === found.data.decision.rule ? "badge good" : "badge"}>
                    {rule.rule === found.data.decision.rule ? words.fired : rule.fits ? words.fits : words.fitsNot}
                  </span>{" "}
                  {words.rules[rule.rule]} <span className="quiet">· {rule.detail}</span>
                </li>
              ))}
            </ol>
          </details>
        </div>
      ) : null}
    </section>
  );
}

/** What a request costs on each tier. */
export function TierCosts({ decision }: { decision: RouteDecision }) {
  const words = t.router;
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={words.costs}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{words.tier}</th>
            <th scope="col">{words.model}</th>
            <th scope="col" className="num">
              {words.output}
            </th>
            <th scope="col" className="num">
              {words.expected}
            </th>
            <th scope="col" className="num">
              {words.worst}
            </th>
          </tr>
        </thead>
        <tbody>
          {decision.tiers.map((one) => (
            <tr key={one.tier} aria-current={one.tier === decision.tier ? "true" : undefined}>
              <td>{t.composer.tiers[one.tier][0]}</td>
              <td className="mono">{one.model}</td>
              <td className="num">{whole(one.expected_output_tokens)}</td>
              <td className="num">{typeof one.expected_micro_usd === "number" ? money(one.expected_micro_usd) : words.noPrice}</td>
              <td className="num">{typeof one.worst_micro_usd === "number" ? money(one.worst_micro_usd) : words.noPrice}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
