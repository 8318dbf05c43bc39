// One line above the message field: what happens now, since when, and until when it waits.

import { CircleAlert, CirclePause, Hand, Unplug } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "../../components/Button";
import { Countdown, Elapsed, useNow } from "../../components/states";
import { t } from "../../i18n";
import { bytes, money } from "../../i18n/format";
import { inWords } from "../../i18n/said";
import type { Pause } from "../../protocol/generated/Pause";
import type { PauseChoice } from "../../protocol/generated/PauseChoice";
import { useStatus } from "../../protocol/queries";
import { phaseOf, type Phase } from "./status";
import { runningOperation, type Transcript } from "./transcript";

export function StatusLine(props: { transcript: Transcript; onStop: () => void; onDecide: (operationId: string, choice: PauseChoice) => void }) {
  return runningOperation(props.transcript) ? <Running {...props} /> : null;
}

/** Ticks only while something runs. */
function Running(props: { transcript: Transcript; onStop: () => void; onDecide: (operationId: string, choice: PauseChoice) => void }) {
  const status = useStatus();
  const now = useNow(1000);
  const phase = phaseOf(props.transcript, status, now);
  if (phase.kind === "idle") return null;
  const { icon, text, end, warn } = shown(phase);
  return (
    <div className="status-line" role="status" data-phase={phase.kind} data-warn={warn}>
      {icon}
      <span className="truncate">{text}</span>
      {end}
      <span className="grow" />
      {phase.kind === "paused" ? <Choices phase={phase} onDecide={props.onDecide} onStop={props.onStop} /> : null}
    </div>
  );
}

/** How to go on where the money does not suffice. */
function Choices(props: {
  phase: Extract<Phase, { kind: "paused" }>;
  onDecide: (operationId: string, choice: PauseChoice) => void;
  onStop: () => void;
}) {
  const { pause, operationId } = props.phase;
  const s = t.talk.state;
  const choose = (choice: PauseChoice, text: string) => (
    <Button
      small
      onClick={() => {
        props.onDecide(operationId, choice);
      }}
    >
      {text}
    </Button>
  );
  const tier = pause?.cheaper?.tier;
  return (
    <span className="pause-choices">
      {pause ? choose("raise_once", s.raiseOnce({ amount: money(pause.missing_micro_usd) })) : null}
      {pause ? choose("raise_for_good", s.raiseForGood) : null}
      {tier ? choose("cheaper_tier", s.cheaper({ tier: t.composer.tiers[tier][0] ?? tier })) : null}
      {pause ? (
        choose("stop", s.stop)
      ) : (
        <Button small onClick={props.onStop}>
          {s.stop}
        </Button>
      )}
    </span>
  );
}

function pausedText(pause: Pause): string {
  const s = t.talk.state;
  if (pause.waits_for_others) return s.pausedOthers;
  return s.pausedBudget({ needed: money(pause.needed_micro_usd), missing: money(pause.missing_micro_usd) });
}

interface Shown {
  icon: ReactNode;
  text: string;
  end: ReactNode;
  warn: boolean;
}

function shown(phase: Exclude<Phase, { kind: "idle" }>): Shown {
  const s = t.talk.state;
  const pulse = <span className="dot-pulse" aria-hidden="true" />;
  const plain = (text: string, since: number | undefined, icon: ReactNode = pulse): Shown => ({
    icon,
    text,
    end: since === undefined ? null : <Elapsed since={since} />,
    warn: false,
  });
  switch (phase.kind) {
    case "offline":
      return {
        icon: <Unplug size={14} aria-hidden="true" />,
        text: s.offline,
        end:
          phase.retryAt === undefined ? null : (
            <span className="nowrap">
              {t.connection.next} <Countdown until={phase.retryAt} />
            </span>
          ),
        warn: true,
      };
    case "starting":
      return plain(s.starting, phase.since);
    case "waiting":
      return plain(s.waiting({ model: phase.model ?? s.model }), phase.since);
    case "thinking":
      return plain(s.thinking, phase.since);
    case "writing":
      return plain(s.writing, phase.since);
    case "calling":
      return { ...plain(s.calling({ tool: phase.tool }), undefined), end: <span className="num quiet">{phase.bytes > 0 ? bytes(phase.bytes) : ""}</span> };
    case "tool":
      return plain(s.tool({ verb: phase.verb, subject: phase.subject }), phase.since);
    case "tools":
      return plain(s.tools({ count: phase.count }), phase.since);
    case "retrying":
      return {
        icon: <CircleAlert size={14} aria-hidden="true" />,
        text: phase.text,
        end: (
          <span className="nowrap">
            {t.chat.retryIn} <Countdown until={phase.until} />
          </span>
        ),
        warn: true,
      };
    case "approval":
      return { ...plain(s.approval, phase.since, <Hand size={14} aria-hidden="true" />), warn: true };
    case "paused":
      return { ...plain(phase.pause ? pausedText(phase.pause) : (phase.reason ? inWords(phase.reason) : s.paused), phase.since, <CirclePause size={14} aria-hidden="true" />), warn: true };
    case "working":
      return plain(phase.text ?? s.working, phase.since);
  }
}
