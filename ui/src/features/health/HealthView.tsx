// The engine about itself: status, checks with hints, the newest log lines.

import { CircleAlert, CircleCheck, CircleX, RefreshCw } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { CopyButton, Empty, Failed, Waiting } from "../../components/states";
import { Tabs } from "../../components/Tabs";
import { t } from "../../i18n";
import { bytes, fullTime } from "../../i18n/format";
import type { CheckState } from "../../protocol/generated/CheckState";
import { useRequest } from "../../protocol/queries";
import "./health.css";

export type HealthTab = "doctor" | "logs";

export function HealthView({ tab, onTab }: { tab: HealthTab; onTab: (tab: HealthTab) => void }) {
  return (
    <div className="view">
      <div className="view-content wide">
        <h1 className="view-title">{t.health.title}</h1>
        <Tabs
          name="health"
          label={t.health.title}
          tabs={[
            { id: "doctor", label: t.health.doctor },
            { id: "logs", label: t.health.logs },
          ]}
          current={tab}
          onChange={onTab}
        />
        <div id="health-panel" role="tabpanel" aria-labelledby={`health-${tab}`}>
          {tab === "doctor" ? <Doctor /> : <Logs />}
        </div>
      </div>
    </div>
  );
}

const MARKS: Record<CheckState, typeof CircleCheck> = { ok: CircleCheck, warning: CircleAlert, problem: CircleX };
const COLOURS: Record<CheckState, string> = { ok: "good", warning: "warn", problem: "bad" };

function Doctor() {
  const report = useRequest("system.doctor", {});
  const status = useRequest("system.status", {});
  if (report.error) return <Failed asked={report} />;
  if (!report.data) return <Waiting what={t.common.loading} />;
  return (
    <div className="stack">
      {status.data ? (
        <dl className="facts">
          <dt>{t.health.version}</dt>
          <dd>
            {status.data.version} · {status.data.os}
          </dd>
          <dt>{t.health.uptime}</dt>
          <dd className="num">{fullTime(status.dataUpdatedAt - status.data.uptime_ms)}</dd>
          <dt>{t.health.memory}</dt>
          <dd className="num">{bytes(status.data.memory_bytes)}</dd>
          <dt>{t.health.listening}</dt>
          <dd className="mono">{status.data.listening ?? t.health.off}</dd>
          <dt>{t.health.dataDir}</dt>
          <dd className="mono">{status.data.data_dir}</dd>
        </dl>
      ) : null}
      <ul className="checks">
        {report.data.checks.map((check) => {
          const Icon = MARKS[check.state];
          return (
            <li key={check.name} className="check">
              <Icon size={15} className={COLOURS[check.state]} aria-hidden="true" />
              <div>
                <strong>
                  <Said text={check.name} />
                </strong> <span className={COLOURS[check.state]}>{t.health.states[check.state]}</span>
                <p className="secondary">
                  <Said text={check.detail} />
                </p>
                {check.hint ? (
                  <p>
                    <Said text={check.hint} />
                  </p>
                ) : null}
              </div>
            </li>
          );
        })}
      </ul>
      <Button
        small
        disabled={report.isFetching}
        onClick={() => {
          void report.refetch();
          void status.refetch();
        }}
      >
        <RefreshCw size={13} aria-hidden="true" />
        {t.health.again}
      </Button>
    </div>
  );
}

const LEVELS = ["ERROR", "WARN", "INFO", "DEBUG"];

interface LogLine {
  raw: string;
  at: string;
  level: string;
  text: string;
}

/** A log line as people read it; a line that is no JSON stands as it is. */
export function logLine(raw: string): LogLine {
  try {
    const value = JSON.parse(raw) as Record<string, unknown>;
    const fields = (typeof value["fields"] === "object" && value["fields"] !== null ? value["fields"] : value) as Record<string, unknown>;
    const { message, timestamp, level, target, span, spans, fields: nested, ...rest } = { ...value, ...fields };
    void [target, span, spans, nested];
    const extra = Object.entries(rest)
      .map(([name, one]) => `${name}=${typeof one === "string" ? one : JSON.stringify(one)}`)
      .join(" ");
    return {
      raw,
      at: String(timestamp ?? ""),
      level: String(level ?? "").toUpperCase(),
      text: [String(message ?? ""), extra].filter(Boolean).join("  "),
    };
  } catch {
    return { raw, at: "", level: "", text: raw };
  }
}

function Logs() {
  const logs = useRequest("system.logs", { lines: 1000 });
  const [level, setLevel] = useState("");
  if (logs.error) return <Failed asked={logs} />;
  if (!logs.data) return <Waiting what={t.common.loading} />;
  const lines = logs.data.lines.map(logLine).filter((line) => !level || line.level === level);
  return (
    <div className="stack">
      <div className="row-line wrap">
        <label className="row-line">
          <span className="secondary">{t.health.level}</span>
          <select
            className="input"
            value={level}
            onChange={(event) => {
              setLevel(event.target.value);
            }}
          >
            <option value="">{t.health.all}</option>
            {LEVELS.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <span className="mono quiet truncate grow">{logs.data.file}</span>
        <CopyButton text={lines.map((line) => line.raw).join("\n")} label={t.common.copy} />
        <Button small onClick={() => void logs.refetch()}>
          {t.health.refresh}
        </Button>
      </div>
      {lines.length === 0 ? <Empty title={t.health.noLogs} /> : null}
      <ol className="log" tabIndex={0} aria-label={t.health.logs}>
        {lines.map((line, index) => (
          <li key={index} className="log-line">
            <span className="quiet num">{line.at.slice(11, 23)}</span>
            <span className={line.level === "ERROR" ? "bad" : line.level === "WARN" ? "warn" : "secondary"}>{line.level}</span>
            <span className="log-text">{line.text}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}
