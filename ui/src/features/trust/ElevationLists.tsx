// The two lists that the person keeps about commands with more rights: those that are known, and
// those that never run. What is removed can be brought back, at once or later.

import { useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { Empty, Failed, useNow, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { shortTime, whole } from "../../i18n/format";
import type { SudoMatch } from "../../protocol/generated/SudoMatch";
import { useClient, useRequest } from "../../protocol/queries";
import { buttons, DataTable, figures, useAttempt } from "./parts";

type Way = "exact" | "prefix" | "pattern";
const WAYS: Way[] = ["exact", "prefix", "pattern"];

export interface Wanted {
  search: string | undefined;
  /** Those that were removed, instead of those that count. */
  removed: boolean;
}

export function Permissions({ search, removed }: Wanted) {
  const client = useClient();
  const now = useNow(30_000);
  const words = t.trust.elevation;
  const list = useRequest("sudo.permissions", { search, removed }, { keep: true });
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
      {list.data.permissions.length === 0 ? <None search={search} removed={removed} title={words.noPermissions} hint={words.noPermissionsHint} /> : null}
      {list.data.permissions.length > 0 ? (
        <DataTable label={words.permissions} heads={[words.name, words.matches, words.asks, figures(words.used), words.on, buttons()]}>
          {list.data.permissions.map((one) => (
            <Row
              key={one.id}
              of={one}
              onTurn={(enabled) => client.call("sudo.change_permission", { id: one.id, enabled }).then(refetch)}
              remove={() => client.call("sudo.remove_permission", { id: one.id }).then(refetch)}
              restore={() => client.call("sudo.restore_permission", { id: one.id }).then(refetch)}
            >
              <td>
                <Switch
                  label={words.asksFor({ name: one.name })}
                  on={one.requires_approval}
                  disabled={isRemoved(one)}
                  onChange={(requires_approval) => client.call("sudo.change_permission", { id: one.id, requires_approval }).then(refetch)}
                />
              </td>
              <td className="num">
                {whole(one.use_count)} {typeof one.last_used_at !== "number" ? "" : `· ${shortTime(one.last_used_at, now)}`}
              </td>
            </Row>
          ))}
        </DataTable>
      ) : null}
    </section>
  );
}

export function Blocks({ search, removed }: Wanted) {
  const client = useClient();
  const words = t.trust.elevation;
  const list = useRequest("sudo.blocklist", { search, removed }, { keep: true });
  if (list.error) return <Failed asked={list} />;
  if (!list.data) return null;
  const refetch = () => list.refetch();
  return (
    <section className="stack" aria-label={words.blocks}>
      <h2 className="section-title">{words.blocks}</h2>
      <AddMatch label={words.addBlock} onAdd={(name, matches) => client.call("sudo.add_block", { name, description: "", matches, notes: "" }).then(refetch)} />
      {list.data.blocks.length === 0 ? <None search={search} removed={removed} title={words.noBlocks} /> : null}
      {list.data.blocks.length > 0 ? (
        <DataTable label={words.blocks} heads={[words.name, words.matches, words.severity, words.on, buttons()]}>
          {list.data.blocks.map((one) => (
            <Row
              key={one.id}
              of={one}
              onTurn={(enabled) => client.call("sudo.change_block", { id: one.id, enabled }).then(refetch)}
              remove={one.is_default ? undefined : () => client.call("sudo.remove_block", { id: one.id }).then(refetch)}
              restore={() => client.call("sudo.restore_block", { id: one.id }).then(refetch)}
            >
              <td>{words.severities[one.severity]}</td>
            </Row>
          ))}
        </DataTable>
      ) : null}
    </section>
  );
}

/** What both lists know of an entry. */
interface Entry {
  name: string;
  description: string;
  matches: SudoMatch;
  enabled: boolean;
  removed_at?: number | null;
}

const isRemoved = (one: Entry) => typeof one.removed_at === "number";

/** An entry's name and command, what else its list says of it, whether it counts, and its way out or back. */
function Row(props: {
  of: Entry;
  onTurn: (on: boolean) => Promise<unknown>;
  /** Nothing for one that stays. */
  remove: (() => Promise<unknown>) | undefined;
  restore: () => Promise<unknown>;
  children: ReactNode;
}) {
  const { of, remove, restore } = props;
  return (
    <tr>
      <td>
        {of.name}
        {of.description ? <p className="quiet"><Said text={of.description} /></p> : null}
      </td>
      <td>
        <Match of={of.matches} />
      </td>
      {props.children}
      <td>
        <Switch label={t.trust.elevation.onFor({ name: of.name })} on={of.enabled} disabled={isRemoved(of)} onChange={props.onTurn} />
      </td>
      <td>{remove ? <RemoveOrRestore name={of.name} removed={isRemoved(of)} remove={remove} restore={restore} /> : null}</td>
    </tr>
  );
}

/** What stands where a list is empty: nothing of its kind yet, nothing removed, nothing found. */
function None(props: Wanted & { title: string; hint?: string }) {
  if (props.search) return <p className="quiet">{t.trust.nothingFound}</p>;
  if (props.removed) return <p className="quiet">{t.trust.elevation.noneRemoved}</p>;
  return <Empty title={props.title}>{props.hint}</Empty>;
}

function RemoveOrRestore(props: { name: string; removed: boolean; remove: () => Promise<unknown>; restore: () => Promise<unknown> }) {
  const attempt = useAttempt();
  const words = t.trust.elevation;
  if (props.removed) {
    return (
      <Button
        small
        aria-label={words.restoreIt({ name: props.name })}
        onClick={() => {
          attempt(props.restore, { say: words.broughtBack });
        }}
      >
        {words.restore}
      </Button>
    );
  }
  return (
    <Button
      small
      look="ghost"
      aria-label={words.removeIt({ name: props.name })}
      onClick={() => {
        attempt(props.remove, { say: words.removed, undo: props.restore });
      }}
    >
      {words.remove}
    </Button>
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
      <span className="quiet">{words.ways[of.kind]}</span> {of.kind === "builtin" ? null : <span className="mono">{of.text}</span>}
    </span>
  );
}

function Switch(props: { label: string; on: boolean; disabled: boolean; onChange: (on: boolean) => Promise<unknown> }) {
  const attempt = useAttempt();
  return (
    <input
      type="checkbox"
      role="switch"
      aria-label={props.label}
      checked={props.on}
      disabled={props.disabled}
      onChange={(event) => {
        const { checked } = event.target;
        attempt(() => props.onChange(checked));
      }}
    />
  );
}
