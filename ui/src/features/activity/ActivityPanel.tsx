// What runs: the operation in the middle, its model calls, and background commands.

import { Activity as ActivityIcon, Check, Hourglass, Square, X } from "lucide-react";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { Terminal } from "../../components/Ansi";
import { Button } from "../../components/Button";
import { Elapsed, Empty, Failed, FailureCard, useNow } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { duration, money, shortTime, tokens } from "../../i18n/format";
import { inWords } from "../../i18n/said";
import { asFailure } from "../../protocol/client";
import { told } from "../../protocol/told";
import type { Job } from "../../protocol/generated/Job";
import type { OperationState } from "../../protocol/generated/OperationState";
import type { Usage } from "../../protocol/generated/Usage";
import { useClient, useRequest } from "../../protocol/queries";
import "./activity.css";

export interface ActivityCall {
  call: number;
  model: string;
  startedAt: number;
  usage: Usage | undefined;
  costMicroUsd: number | undefined;
  durationMs: number | undefined;
  firstTokenMs: number | undefined;
  finish: string | undefined;
}

export interface ActivityOperation {
  id: string;
  state: OperationState;
  reason: string | undefined;
  startedAt: number;
  durationMs: number | undefined;
  activity: { text: string; since: number } | undefined;
  calls: readonly ActivityCall[];
}

export interface ActivityStep {
  id: string;
  label: string;
  subject: string;
  state: "writing" | "called" | "waiting" | "running" | "done" | "failed" | "unanswered";
  startedAt: number;
  durationMs: number | undefined;
  /** What it printed so far, while it runs. */
  live: string;
  seq: number | undefined;
}

export function ActivityPanel(props: {
  operation: ActivityOperation | undefined;
  steps: readonly ActivityStep[];
  running: boolean;
  sessionId: string | undefined;
  onStep: (seq: number) => void;
  queued: { id: string; text: string }[];
  openJob: string | undefined;
  onStop: (operationId: string) => void;
}) {
  const { operation, queued } = props;
  const jobs = useRequest("job.list", {});
  const list = [...(jobs.data?.jobs ?? [])].sort((a, b) => Number(b.running) - Number(a.running));
  if (!operation && list.length === 0) {
    return (
      <Empty icon={<ActivityIcon size={22} className="quiet" aria-hidden="true" />} title={t.activity.idle}>
        {t.activity.idleHint}
      </Empty>
    );
  }
  return (
    <div className="panel">
      {operation ? <Now operation={operation} running={props.running} onStop={props.onStop} /> : null}
      {props.steps.length > 0 ? <Steps steps={props.steps} onStep={props.onStep} /> : null}
      {queued.length > 0 ? (
        <section>
          <h2 className="panel-title">{t.activity.queue}</h2>
          <ul>
            {queued.map((one) => (
              <li key={one.id} className="row-line">
                <span className="truncate grow">{one.text}</span>
                <Button
                  small
                  look="ghost"
                  onClick={() => {
                    props.onStop(one.id);
                  }}
                >
                  {t.common.cancel}
                </Button>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <section>
        <h2 className="panel-title">{t.activity.jobs}</h2>
        {jobs.error ? <Failed asked={jobs} /> : null}
        {list.length === 0 ? <p className="quiet">{t.activity.noJobs}</p> : null}
        <ul className="jobs">
          {list.map((job) => (
            <JobRow
              key={`${job.id}:${job.id === props.openJob}`}
              job={job}
              startOpen={job.id === props.openJob}
              elsewhere={job.session_id !== props.sessionId}
            />
          ))}
        </ul>
      </section>
      {operation && operation.calls.length > 0 ? <Calls calls={operation.calls} /> : null}
    </div>
  );
}

function Now(props: { operation: ActivityOperation; running: boolean; onStop: (operationId: string) => void }) {
  const { operation, running } = props;
  return (
    <section>
      <h2 className="panel-title">{running ? t.activity.now : t.activity.selected}</h2>
      <div className="row-line">
        {running ? <span className="dot-pulse" aria-hidden="true" /> : null}
        <span className="grow">
          {operation.activity?.text ?? t.activity.state[operation.state]}
          {operation.reason ? <span className="secondary"> · {inWords(operation.reason)}</span> : null}
        </span>
        {running ? <Elapsed since={operation.activity?.since ?? operation.startedAt} /> : null}
        {!running && operation.durationMs !== undefined ? <span className="quiet num">{duration(operation.durationMs)}</span> : null}
        {running ? (
          <Button
            small
            onClick={() => {
              props.onStop(operation.id);
            }}
          >
            <Square size={11} fill="currentColor" aria-hidden="true" />
            {t.chat.stop}
          </Button>
        ) : null}
      </div>
    </section>
  );
}

/** The newest steps; what runs now with its output. */
const STEPS_SHOWN = 12;

function Steps({ steps, onStep }: { steps: readonly ActivityStep[]; onStep: (seq: number) => void }) {
  const [all, setAll] = useState(false);
  const hidden = all ? 0 : Math.max(0, steps.length - STEPS_SHOWN);
  return (
    <section>
      <h2 className="panel-title">{t.activity.steps}</h2>
      {hidden > 0 ? (
        <Button small look="ghost" onClick={() => { setAll(true); }}>
          {t.activity.earlier({ count: hidden })}
        </Button>
      ) : null}
      <ol className="steps">
        {steps.slice(hidden).map((step) => {
          const over = step.durationMs !== undefined || step.state === "unanswered";
          return (
            <li key={step.id} className="step" data-state={step.state}>
              <div className="row-line">
                <StepMark state={step.state} />
                <button
                  type="button"
                  className="truncate grow"
                  disabled={step.seq === undefined}
                  onClick={() => {
                    if (step.seq !== undefined) onStep(step.seq);
                  }}
                >
                  {step.label} <span className="mono secondary">{step.subject}</span>
                </button>
                {step.durationMs !== undefined ? <span className="quiet num">{duration(step.durationMs)}</span> : over ? null : <Elapsed since={step.startedAt} />}
              </div>
              {!over && step.live ? <Followed text={step.live} /> : null}
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function StepMark({ state }: { state: ActivityStep["state"] }) {
  const word = t.activity.stepState[state];
  if (state === "done") return <Check size={13} className="good" aria-label={word} />;
  if (state === "failed" || state === "unanswered") return <X size={13} className="bad" aria-label={word} />;
  if (state === "waiting") return <Hourglass size={13} className="warn" aria-label={word} />;
  return <span className="dot-pulse" role="img" aria-label={word} />;
}

/** Output whose end stays in view, unless the person scrolled up. */
function Followed({ text }: { text: string }) {
  const box = useRef<HTMLDivElement>(null);
  const follow = useRef(true);
  useLayoutEffect(() => {
    const pane = box.current?.querySelector("pre");
    if (!pane) return undefined;
    if (follow.current) pane.scrollTop = pane.scrollHeight;
    const onScroll = () => {
      follow.current = pane.scrollTop + pane.clientHeight >= pane.scrollHeight - 24;
    };
    pane.addEventListener("scroll", onScroll, { passive: true });
    return () => {
      pane.removeEventListener("scroll", onScroll);
    };
  }, [text]);
  return (
    <div ref={box}>
      <Terminal text={text} label={t.activity.output} />
    </div>
  );
}

function Calls({ calls }: { calls: readonly ActivityCall[] }) {
  return (
    <section>
      <h2 className="panel-title">{t.activity.calls}</h2>
      <table className="table">
        <thead>
          <tr>
            <th>{t.context.model}</th>
            <th className="num">{t.cost.tokensIn}</th>
            <th className="num">{t.cost.tokensOut}</th>
            <th className="num">{t.activity.firstToken}</th>
            <th className="num">{t.cost.spent}</th>
          </tr>
        </thead>
        <tbody>
          {calls.map((call) => (
            <tr key={call.call}>
              <td className="mono">{call.model}</td>
              <td className="num">{call.usage ? tokens(call.usage.input_tokens) : ""}</td>
              <td className="num">{call.usage ? tokens(call.usage.output_tokens) : ""}</td>
              <td className="num">
                {call.firstTokenMs !== undefined ? duration(call.firstTokenMs) : call.durationMs === undefined ? <Elapsed since={call.startedAt} /> : ""}
              </td>
              <td className="num">{call.costMicroUsd !== undefined ? money(call.costMicroUsd) : ""}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function JobRow({ job, startOpen, elsewhere }: { job: Job; startOpen: boolean; elsewhere: boolean }) {
  const client = useClient();
  const toasts = useToasts();
  const [open, setOpen] = useState(startOpen);
  const now = useNow(30_000);
  const kill = async () => {
    try {
      await client.call("job.kill", { job_id: job.id });
      toasts.say(t.activity.killed);
    } catch (error) {
      toasts.fail(told(error));
    }
  };
  return (
    <li className="job">
      <div className="row-line">
        {job.running ? <span className="dot-pulse" aria-hidden="true" /> : null}
        <button
          type="button"
          className="mono truncate grow"
          aria-expanded={open}
          onClick={() => {
            setOpen(!open);
          }}
        >
          {job.command}
        </button>
        {elsewhere ? <span className="badge">{t.activity.elsewhere}</span> : null}
        {job.running ? <Elapsed since={job.started_at} /> : <span className="quiet num">{t.activity.exit({ code: job.exit_code ?? "none" })}</span>}
        <span className="quiet num">{shortTime(job.started_at, now)}</span>
        {job.running ? (
          <Button small onClick={() => void kill()}>
            {t.activity.kill}
          </Button>
        ) : null}
      </div>
      {open ? <JobOutput job={job} /> : null}
    </li>
  );
}

/** How often a running job's output is asked for; its output has no event of its own. */
const FOLLOW_MS = 1000;
const KEPT_CHARACTERS = 200_000;

/** Whole lines, so that no colour is cut in two. */
function lastLines(text: string): string {
  if (text.length <= KEPT_CHARACTERS) return text;
  const from = text.length - KEPT_CHARACTERS;
  const end = text.indexOf("\n", from);
  return text.slice(end < 0 ? from : end + 1);
}

function JobOutput({ job }: { job: Job }) {
  const client = useClient();
  const [text, setText] = useState("");
  const [problem, setProblem] = useState<unknown>(undefined);
  useEffect(() => {
    let offset = 0;
    let stopped = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async () => {
      try {
        const output = await client.call("job.output", { job_id: job.id, offset });
        if (stopped) return;
        offset = output.next_offset;
        if (output.text) setText((before) => lastLines(before + (output.coloured ?? output.text)));
        if (output.text || output.running) timer = setTimeout(() => void read(), output.text ? 50 : FOLLOW_MS);
      } catch (error) {
        if (!stopped) setProblem(error);
      }
    };
    void read();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [client, job.id]);
  if (problem) return <FailureCard failure={asFailure(problem)} />;
  return text ? <Followed text={text} /> : <p className="quiet">{t.activity.noOutput}</p>;
}
