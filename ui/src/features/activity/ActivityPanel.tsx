// What runs: the operation in the middle, its model calls, and background commands.

import { Activity as ActivityIcon, Square } from "lucide-react";
import { useEffect, useState } from "react";
import { Terminal } from "../../components/Ansi";
import { Button } from "../../components/Button";
import { Elapsed, Empty, FailureCard, useNow } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { duration, money, shortTime, tokens } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
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

export function ActivityPanel(props: {
  operation: ActivityOperation | undefined;
  running: boolean;
  queued: { id: string; text: string }[];
  openJob: string | undefined;
  onStop: (operationId: string) => void;
}) {
  const { operation, queued } = props;
  const jobs = useRequest("job.list", {});
  const list = jobs.data?.jobs ?? [];
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
        {jobs.error ? <FailureCard failure={asFailure(jobs.error)} /> : null}
        {list.length === 0 ? <p className="quiet">{t.activity.noJobs}</p> : null}
        <ul className="jobs">
          {list.map((job) => (
            <JobRow key={`${job.id}:${job.id === props.openJob}`} job={job} startOpen={job.id === props.openJob} />
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
      <h2 className="panel-title">{t.activity.now}</h2>
      <div className="row-line">
        {running ? <span className="dot-pulse" aria-hidden="true" /> : null}
        <span className="grow">
          {operation.activity?.text ?? t.activity.state[operation.state]}
          {operation.reason ? <span className="secondary"> · {operation.reason}</span> : null}
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

function JobRow({ job, startOpen }: { job: Job; startOpen: boolean }) {
  const client = useClient();
  const toasts = useToasts();
  const [open, setOpen] = useState(startOpen);
  const now = useNow(30_000);
  const kill = async () => {
    try {
      await client.call("job.kill", { job_id: job.id });
    } catch (error) {
      toasts.fail(asFailure(error).message);
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
        if (output.text) setText((before) => (before + output.text).slice(-KEPT_CHARACTERS));
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
  return text ? <Terminal text={text} label={t.activity.output} /> : <p className="quiet">{t.activity.noOutput}</p>;
}
