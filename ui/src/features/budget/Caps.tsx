// Caps: set, raised for now, removed; and the operations that wait for money.

import { useState } from "react";
import { Button } from "../../components/Button";
import { Failed, Meter } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { money } from "../../i18n/format";
import { told } from "../../protocol/told";
import type { CapPeriod } from "../../protocol/generated/CapPeriod";
import type { PauseChoice } from "../../protocol/generated/PauseChoice";
import { useClient, useRequest } from "../../protocol/queries";

const PERIODS: CapPeriod[] = ["operation", "session", "day", "month"];

/** Dollars as people type them; undefined for what is no amount. */
export function microUsd(text: string): number | undefined {
  const dollars = Number(text.trim().replace(/^\$/, "").replace(",", "."));
  return text.trim() !== "" && Number.isFinite(dollars) && dollars >= 0 ? Math.round(dollars * 1_000_000) : undefined;
}

export function Caps() {
  const client = useClient();
  const toasts = useToasts();
  const words = t.budget;
  const caps = useRequest("budget.caps", {});
  const [period, setPeriod] = useState<CapPeriod>("day");
  const [amount, setAmount] = useState("");
  const limit = microUsd(amount);
  const attempt = (work: Promise<unknown>, done: string) => {
    work.then(
      () => {
        void caps.refetch();
        toasts.say(done);
      },
      (error: unknown) => {
        toasts.fail(told(error));
      },
    );
  };
  return (
    <section className="stack" aria-label={words.caps}>
      <h2 className="section-title">{words.caps}</h2>
      <Pauses onDone={() => void caps.refetch()} />
      {caps.error ? <Failed asked={caps} /> : null}
      {caps.data && caps.data.caps.length === 0 ? <p className="quiet">{words.noCaps}</p> : null}
      {caps.data?.caps.map((state) => {
        const whole = state.limit_micro_usd + state.raised_micro_usd;
        const name = words.periods[state.cap.period];
        return (
          <div key={`${state.cap.period} ${state.cap.project_id ?? ""}`} className="row-line wrap budget-cap">
            <strong>{name}</strong>
            <span className="quiet">{state.cap.project_id ? words.oneProject : words.everything}</span>
            <Meter value={state.spent_micro_usd + state.reserved_micro_usd} limit={whole} label={words.ofCap({ limit: money(whole) })} />
            <span className="num">
              {words.spentOf({ spent: money(state.spent_micro_usd), limit: money(whole) })}
              {state.reserved_micro_usd > 0 ? ` · ${words.reserved({ held: money(state.reserved_micro_usd) })}` : ""}
            </span>
            <span className="grow" />
            {state.cap.period === "day" || state.cap.period === "month" ? (
              <Button
                small
                aria-label={words.raiseCap({ period: name })}
                disabled={limit === undefined}
                title={limit === undefined ? words.raiseHint : undefined}
                onClick={() => {
                  if (limit === undefined) return;
                  setAmount("");
                  attempt(client.call("budget.raise", { period: state.cap.period, project_id: state.cap.project_id ?? undefined, by_micro_usd: limit }), words.raised);
                }}
              >
                {limit === undefined ? words.raise : words.raiseBy({ amount: money(limit) })}
              </Button>
            ) : null}
            <Button
              small
              look="ghost"
              aria-label={words.removeCap({ period: name })}
              onClick={() => {
                attempt(client.call("budget.set_cap", { period: state.cap.period, project_id: state.cap.project_id ?? undefined }), words.capRemoved);
              }}
            >
              {words.remove}
            </Button>
          </div>
        );
      })}
      <form
        className="row-line wrap budget-set"
        aria-label={words.setCap}
        onSubmit={(event) => {
          event.preventDefault();
          if (limit === undefined) return;
          setAmount("");
          attempt(client.call("budget.set_cap", { period, limit_micro_usd: limit }), words.capSet);
        }}
      >
        <select
          className="input"
          aria-label={words.period}
          value={period}
          onChange={(event) => {
            setPeriod(PERIODS.find((one) => one === event.target.value) ?? "day");
          }}
        >
          {PERIODS.map((one) => (
            <option key={one} value={one}>
              {words.periods[one]}
            </option>
          ))}
        </select>
        <input
          className="input num"
          inputMode="decimal"
          aria-label={words.amount}
          placeholder={words.amountExample}
          value={amount}
          onChange={(event) => {
            setAmount(event.target.value);
          }}
        />
        <Button small type="submit" disabled={limit === undefined}>
          {words.setCap}
        </Button>
      </form>
    </section>
  );
}

function Pauses({ onDone }: { onDone: () => void }) {
  const client = useClient();
  const toasts = useToasts();
  const words = t.budget;
  const pauses = useRequest("budget.pauses", {});
  if (!pauses.data) return null;
  return pauses.data.pauses.map((pause) => {
    const choose = (choice: PauseChoice) => {
      client.call("budget.decide", { operation_id: pause.operation_id, choice }).then(
        () => {
          void pauses.refetch();
          onDone();
        },
        (error: unknown) => {
          toasts.fail(told(error));
        },
      );
    };
    const button = (choice: PauseChoice) => (
      <Button
        small
        onClick={() => {
          choose(choice);
        }}
      >
        {words.choices[choice]}
      </Button>
    );
    return (
      <div key={pause.operation_id} className="failure">
        <p>{words.waits({ model: pause.model, needed: money(pause.needed_micro_usd), missing: money(pause.missing_micro_usd) })}</p>
        <div className="row-line wrap">
          {button("raise_once")}
          {button("raise_for_good")}
          {pause.cheaper ? button("cheaper_tier") : null}
          {button("stop")}
        </div>
      </div>
    );
  });
}
