// Commands with more rights: which are known, which never run, what was asked for, what became of it.

import { ShieldAlert } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Empty, Failed, useNow, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { clock, duration, shortTime, whole } from "../../i18n/format";
import type { SudoMatch } from "../../protocol/generated/SudoMatch";
import type { SudoOutcome } from "../../protocol/generated/SudoOutcome";
import type { SudoRequest } from "../../protocol/generated/SudoRequest";
import { useClient, useRequest } from "../../protocol/queries";
import { buttons, DataTable, figures, useAttempt, useSearch } from "./parts";

const LOOKS: Record<SudoOutcome, string> = { ran: "good", stopped: "warn", failed: "bad", denied: "bad", expired: "warn", cancelled: "", blocked: "bad", refused: "bad", not_asked: "warn" };
type Way = "exact" | "prefix" | "pattern";
const WAYS: Way[] = ["exact", "prefix", "pattern"];

export function ElevationPage() {
  return (
    <>
      <p className="secondary">{t.trust.elevation.explained}</p>
      <Waiters />
      <Permissions />
      <Blocks />
      <Audit />
    </>
  );
}

function Waiters() {
  const client = useClient();
  const attempt = useAttempt();
  const now = useNow(1_000);
  const words = t.trust.elevation;
  const waiting = useRequest("sudo.requests", { status: "pending" });
  if (!waiting.data || waiting.data.requests.length === 0) return null;
  const decide = (request: SudoRequest, allow: boolean) => {
    attempt(() => client.call("sudo.decide", { request_id: request.id, allow, binding: request.binding }).finally(() => void waiting.refetch()));
  };
  return (
    <section className="stack" aria-label={words.waiting}>
      <h2 className="section-title">{words.waiting}</h2>
      {waiting.data.requests.map((request) => (
        <div key={request.id} className="failure">
          <p>
            <strong className="mono trust-wrap">{request.command}</strong>
          </p>
          <p className="secondary">
            {words.asUser({ user: request.user, folder: request.working_dir })} {request.reason} · <span className="num">{clock(request.expires_at - now)}</span>
          </p>
          <div className="row-line">
            <Button
              small
              look="danger"
              onClick={() => {
                decide(request, true);
              }}
            >
              {words.allowOnce}
            </Button>
            <Button
              small
              onClick={() => {
                decide(request, false);
              }}
            >
              {words.deny}
            </Button>
          </div>
        </div>
      ))}
    </section>
  );
}

function Permissions() {
  const client = useClient();
  const attempt = useAttempt();
  const now = useNow(30_000);
  const words = t.trust.elevation;
  const list = useRequest("sudo.permissions", {});
  if (list.error) return <Failed asked={list} />;
  if (!list.data) return <Waiting what={t.common.loading} />;
  const refetch = () => list.refetch();
  return (
    <section className="stack" aria-label={words.permissions}>
      <h2 className="section-title">{words.permissions}</h2>
      <AddMatch
        label={words.addPermission}
        onAdd={(name, matches) => client.call("sudo.add_permission", { name, description: "", matches, notes: "" }).then(refetch)}
      />
      {list.data.permissions.length === 0 ? <Empty title={words.noPermissions}>{words.noPermissionsHint}</Empty> : null}
      {list.data.permissions.length > 0 ? (
        <DataTable label={words.permissions} heads={[words.name, words.matches, words.asks, figures(words.used), words.on, buttons()]}>
          {list.data.permissions.map((one) => (
            <tr key={one.id}>
              <td>
                {one.name}
                {one.description ? <p className="quiet">{one.description}</p> : null}
              </td>
              <td>
                <Match of={one.matches} />
              </td>
              <td>
                <Switch
                  label={words.asksFor({ name: one.name })}
                  on={one.requires_approval}
                  onChange={(requires_approval) => {
                    attempt(() => client.call("sudo.change_permission", { id: one.id, requires_approval }).then(refetch));
                  }}
                />
              </td>
              <td className="num">
                {whole(one.use_count)} {typeof one.last_used_at !== "number" ? "" : `· ${shortTime(one.last_used_at, now)}`}
              </td>
              <td>
                <Switch
                  label={words.onFor({ name: one.name })}
                  on={one.enabled}
                  onChange={(enabled) => {
                    attempt(() => client.call("sudo.change_permission", { id: one.id, enabled }).then(refetch));
                  }}
                />
              </td>
              <td>
                <Button
                  small
                  look="ghost"
                  aria-label={words.removeIt({ name: one.name })}
                  onClick={() => {
                    attempt(() => client.call("sudo.remove_permission", { id: one.id }).then(refetch), {
                      say: words.removed,
                      undo: () => client.call("sudo.restore_permission", { id: one.id }).then(refetch),
                    });
                  }}
                >
                  {words.remove}
                </Button>
              </td>
            </tr>
          ))}
        </DataTable>
      ) : null}
    </section>
  );
}

function Blocks() {
  const client = useClient();
  const attempt = useAttempt();
  const words = t.trust.elevation;
  const list = useRequest("sudo.blocklist", {});
  if (list.error) return <Failed asked={list} />;
  if (!list.data) return null;
  const refetch = () => list.refetch();
  return (
    <section className="stack" aria-label={words.blocks}>
      <h2 className="section-title">{words.blocks}</h2>
      <AddMatch label={words.addBlock} onAdd={(name, matches) => client.call("sudo.add_block", { name, description: "", matches, notes: "" }).then(refetch)} />
      <DataTable label={words.blocks} heads={[words.name, words.matches, words.severity, words.on, buttons()]}>
        {list.data.blocks.map((one) => (
          <tr key={one.id}>
            <td>
              {one.name}
              {one.description ? <p className="quiet">{one.description}</p> : null}
            </td>
            <td>
              <Match of={one.matches} />
            </td>
            <td>{words.severities[one.severity]}</td>
            <td>
              <Switch
                label={words.onFor({ name: one.name })}
                on={one.enabled}
                onChange={(enabled) => {
                  attempt(() => client.call("sudo.change_block", { id: one.id, enabled }).then(refetch));
                }}
              />
            </td>
            <td>
              {one.is_default ? (
                <span className="quiet">{words.builtIn}</span>
              ) : (
                <Button
                  small
                  look="ghost"
                  aria-label={words.removeIt({ name: one.name })}
                  onClick={() => {
                    attempt(() => client.call("sudo.remove_block", { id: one.id }).then(refetch), {
                      say: words.removed,
                      undo: () => client.call("sudo.restore_block", { id: one.id }).then(refetch),
                    });
                  }}
                >
                  {words.remove}
                </Button>
              )}
            </td>
          </tr>
        ))}
      </DataTable>
    </section>
  );
}

function Audit() {
  const now = useNow(30_000);
  const words = t.trust.elevation;
  const { field, search } = useSearch(words.search);
  const audit = useRequest("sudo.audit", { search });
  return (
    <section className="stack" aria-label={words.audit}>
      <h2 className="section-title">{words.audit}</h2>
      {field}
      {audit.error ? <Failed asked={audit} /> : null}
      {audit.data && audit.data.entries.length === 0 ? (
        <Empty icon={<ShieldAlert size={22} className="quiet" aria-hidden="true" />} title={search ? t.trust.nothingFound : words.noAudit} />
      ) : null}
      {audit.data && audit.data.entries.length > 0 ? (
        <DataTable label={words.audit} heads={[words.at, words.outcome, words.command, words.by, words.detail]}>
          {audit.data.entries.map((entry) => (
            <tr key={entry.id}>
              <td className="when">{shortTime(entry.at, now)}</td>
              <td>
                <span className={`badge ${LOOKS[entry.outcome]}`}>{words.outcomes[entry.outcome]}</span>
              </td>
              <td className="mono trust-wrap">{entry.command}</td>
              <td>{[entry.authorized_by, entry.rule].filter(Boolean).join(" · ")}</td>
              <td className="trust-wrap">
                {entry.detail}
                {typeof entry.exit_code !== "number" ? "" : ` exit ${entry.exit_code}`}
                {typeof entry.duration_ms !== "number" ? "" : ` · ${duration(entry.duration_ms)}`}
                {entry.output ? <pre className="trust-content">{entry.output}</pre> : null}
              </td>
            </tr>
          ))}
        </DataTable>
      ) : null}
    </section>
  );
}

function AddMatch(props: { label: string; onAdd: (name: string, matches: SudoMatch) => Promise<unknown> }) {
  const attempt = useAttempt();
  const words = t.trust.elevation;
  const [name, setName] = useState("");
  const [way, setWay] = useState<Way>("exact");
  const [text, setText] = useState("");
  const whole_ = name.trim() !== "" && text.trim() !== "";
  return (
    <form
      className="trust-form"
      aria-label={props.label}
      onSubmit={(event) => {
        event.preventDefault();
        if (!whole_) return;
        attempt(
          () =>
            props.onAdd(name.trim(), { kind: way, text: text.trim() }).then(() => {
              setName("");
              setText("");
            }),
          { say: words.added },
        );
      }}
    >
      <label>
        <span className="quiet">{words.name}</span>
        <input
          className="input"
          value={name}
          onChange={(event) => {
            setName(event.target.value);
          }}
        />
      </label>
      <label>
        <span className="quiet">{words.way}</span>
        <select
          className="input"
          value={way}
          onChange={(event) => {
            setWay(WAYS.find((one) => one === event.target.value) ?? "exact");
          }}
        >
          {WAYS.map((one) => (
            <option key={one} value={one}>
              {words.ways[one]}
            </option>
          ))}
        </select>
      </label>
      <label className="grow">
        <span className="quiet">{words.command}</span>
        <input
          className="input mono"
          value={text}
          placeholder={words.commandExample}
          onChange={(event) => {
            setText(event.target.value);
          }}
        />
      </label>
      <Button small type="submit" disabled={!whole_}>
        {props.label}
      </Button>
    </form>
  );
}

function Match({ of }: { of: SudoMatch }) {
  const words = t.trust.elevation;
  return (
    <span className="trust-wrap">
      <span className="quiet">{words.ways[of.kind]}</span> <span className="mono">{of.text}</span>
    </span>
  );
}

function Switch(props: { label: string; on: boolean; onChange: (on: boolean) => void }) {
  return (
    <input
      type="checkbox"
      role="switch"
      aria-label={props.label}
      checked={props.on}
      onChange={(event) => {
        props.onChange(event.target.checked);
      }}
    />
  );
}
