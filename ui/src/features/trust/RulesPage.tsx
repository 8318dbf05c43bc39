// Permission rules: tried on a command and on the past before they are saved, taken away and brought back.

import { ShieldCheck } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { Empty, Failed, FailureCard, useNow, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { shortTime, whole } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { Judgement } from "../../protocol/generated/Judgement";
import type { Project } from "../../protocol/generated/Project";
import type { Rule } from "../../protocol/generated/Rule";
import type { RuleAction } from "../../protocol/generated/RuleAction";
import type { RuleKind } from "../../protocol/generated/RuleKind";
import { useClient, useRequest } from "../../protocol/queries";
import { buttons, DataTable, figures, useAttempt, useNarrowed } from "./parts";
import { RuleFile } from "./RuleFile";

const ACTIONS: RuleAction[] = ["allow", "ask", "deny"];
const KINDS: RuleKind[] = ["command", "line", "read", "write", "host", "tool"];
const LOOKS: Record<RuleAction, string> = { allow: "good", ask: "warn", deny: "bad" };

export function RulesPage({ project }: { project: Project | undefined }) {
  const client = useClient();
  const attempt = useAttempt();
  const words = t.trust.rules;
  const { bar, search, removed } = useNarrowed(words);
  const rules = useRequest("rule.list", { project_id: project?.id, search, removed }, { keep: true });
  if (rules.error) return <Failed asked={rules} />;
  if (!rules.data) return <Waiting what={t.common.loading} />;
  const bringBack = (id: string) => client.call("rule.restore", { rule_id: id }).then(() => rules.refetch());
  const { file } = rules.data;
  return (
    <>
      <p className="secondary">{words.explained}</p>
      <NewRule project={project} onSaved={() => void rules.refetch()} />
      {bar}
      {rules.data.rules.length === 0 ? (
        <Empty icon={<ShieldCheck size={22} className="quiet" aria-hidden="true" />} title={search ? t.trust.nothingFound : words.none}>
          {search ? null : words.noneHint}
        </Empty>
      ) : (
        <RuleTable
          rules={rules.data.rules}
          onRemove={(rule) => {
            attempt(() => client.call("rule.remove", { rule_id: rule.id }).then(() => rules.refetch()), { say: words.removed, undo: () => bringBack(rule.id) });
          }}
          onRestore={(rule) => {
            attempt(() => bringBack(rule.id), { say: words.broughtBack });
          }}
        />
      )}
      {file ? (
        <section className="stack" aria-label={file.path}>
          <h2 className="section-title">
            {words.file} <span className="mono">{file.path}</span> <span className={`badge ${file.trusted ? "good" : "warn"}`}>{file.trusted ? words.fileTrusted : words.fileNotTrusted}</span>
          </h2>
          {file.problems.map((problem) => (
            <FailureCard key={problem} failure={{ message: problem }} />
          ))}
          <ul>
            {file.rules.map((rule) => (
              <li key={rule.text}>
                <span className="mono">{rule.text}</span> {rule.in_force ? null : <span className="badge warn">{words.notInForce}</span>}
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <TryCommand project={project} />
      <RuleFile project={project} onChanged={() => void rules.refetch()} />
      <details>
        <summary>{words.blockList({ count: rules.data.block_list.length })}</summary>
        <DataTable label={words.blockListName} heads={[words.name, words.stops, words.severity]}>
          {rules.data.block_list.map((entry) => (
            <tr key={entry.name}>
              <td className="mono">{entry.name}</td>
              <td><Said text={entry.description} /></td>
              <td>{entry.severity}</td>
            </tr>
          ))}
        </DataTable>
      </details>
    </>
  );
}

function RuleTable(props: { rules: readonly Rule[]; onRemove: (rule: Rule) => void; onRestore: (rule: Rule) => void }) {
  const now = useNow(30_000);
  const words = t.trust.rules;
  return (
    <DataTable label={t.trust.tabs.rules} heads={[words.action, words.pattern, words.where, figures(words.used), words.since, buttons()]}>
      {props.rules.map((rule) => (
        <tr key={rule.id}>
          <td>
            <span className={`badge ${LOOKS[rule.action]}`}>{words.actions[rule.action]}</span>
          </td>
          <td className="trust-wrap">
            <span className="quiet">{words.kinds[rule.kind]}</span> <span className="mono">{rule.pattern}</span>
            {rule.note ? <p className="quiet">{rule.note}</p> : null}
          </td>
          <td>{rule.project_id ? (rule.folder ? rule.folder : words.thisProject) : words.everywhere}</td>
          <td className="num">{whole(rule.use_count)}</td>
          <td className="when">{shortTime(rule.created_at, now)}</td>
          <td>
            {typeof rule.removed_at !== "number" ? (
              <Button
                small
                look="ghost"
                aria-label={words.removeIt({ rule: rule.text })}
                onClick={() => {
                  props.onRemove(rule);
                }}
              >
                {words.remove}
              </Button>
            ) : (
              <Button
                small
                aria-label={words.restoreIt({ rule: rule.text })}
                onClick={() => {
                  props.onRestore(rule);
                }}
              >
                {words.restore}
              </Button>
            )}
          </td>
        </tr>
      ))}
    </DataTable>
  );
}

/** A rule being written; what it would have done so far stands below it before it is saved. */
function NewRule({ project, onSaved }: { project: Project | undefined; onSaved: () => void }) {
  const client = useClient();
  const attempt = useAttempt();
  const words = t.trust.rules;
  const [action, setAction] = useState<RuleAction>("allow");
  const [kind, setKind] = useState<RuleKind>("command");
  const [pattern, setPattern] = useState("");
  const [everywhere, setEverywhere] = useState(false);
  const projectId = everywhere ? undefined : project?.id;
  const rule = { action, kind, pattern: pattern.trim(), note: "" };
  const preview = useRequest("rule.preview", rule.pattern ? { project_id: projectId, rules: [rule], limit: 8 } : undefined);
  return (
    <form
      className="stack"
      aria-label={words.add}
      onSubmit={(event) => {
        event.preventDefault();
        if (!rule.pattern) return;
        attempt(
          async () => {
            await client.call("rule.save", { project_id: projectId, rule });
            setPattern("");
            onSaved();
          },
          { say: words.saved },
        );
      }}
    >
      <div className="trust-form">
        <Choose label={words.action} value={action} options={ACTIONS.map((one) => [one, words.actions[one]])} onChange={setAction} />
        <Choose label={words.kind} value={kind} options={KINDS.map((one) => [one, words.kinds[one]])} onChange={setKind} />
        <label className="grow">
          <span className="quiet">{words.pattern}</span>
          <input
            className="input mono"
            value={pattern}
            placeholder={words.patternExample}
            onChange={(event) => {
              setPattern(event.target.value);
            }}
          />
        </label>
        <label className="row-line">
          <input
            type="checkbox"
            checked={everywhere || !project}
            disabled={!project}
            onChange={(event) => {
              setEverywhere(event.target.checked);
            }}
          />
          {words.everywhere}
        </label>
        <Button look="primary" small type="submit" disabled={!rule.pattern || preview.isError}>
          {words.add}
        </Button>
      </div>
      {preview.error ? <p className="bad">{asFailure(preview.error).message}</p> : null}
      {preview.data ? (
        <div role="status">
          <p>
            <span className="mono">{preview.data.texts.join(" · ")}</span>{" "}
            {words.wouldHave({ matched: preview.data.matched, looked: preview.data.looked_at, otherwise: preview.data.decided_otherwise })}
          </p>
          <ul>
            {preview.data.samples.map((past) => (
              <li key={`${past.cwd} ${past.text}`} className="trust-wrap">
                <span className="mono">{past.text}</span>{" "}
                <span className="quiet">
                  {past.before === past.after ? words.actions[past.before] : `${words.actions[past.before]} → ${words.actions[past.after]}`} · {words.times({ count: past.times })}
                </span>
              </li>
            ))}
          </ul>
        </div>
      ) : null}
    </form>
  );
}

function Choose<T extends string>(props: { label: string; value: T; options: [T, string][]; onChange: (value: T) => void }) {
  return (
    <label>
      <span className="quiet">{props.label}</span>
      <select
        className="input"
        value={props.value}
        onChange={(event) => {
          const chosen = props.options.find(([value]) => value === event.target.value);
          if (chosen) props.onChange(chosen[0]);
        }}
      >
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

/** What would be decided about a command now, part by part. */
function TryCommand({ project }: { project: Project | undefined }) {
  const words = t.trust.rules;
  const [text, setText] = useState("");
  const [hosts, setHosts] = useState("");
  const [asked, setAsked] = useState<{ command: string; hosts: string[] } | undefined>(undefined);
  const verdict = useRequest("rule.test", asked ? { project_id: project?.id, ...asked, rules: [] } : undefined);
  return (
    <section className="stack" aria-label={words.try}>
      <h2 className="section-title">{words.try}</h2>
      <form
        className="trust-form"
        onSubmit={(event) => {
          event.preventDefault();
          const command = text.trim();
          setAsked(command ? { command, hosts: hosts.split(/[\s,]+/).filter(Boolean) } : undefined);
        }}
      >
        <label className="grow">
          <span className="quiet">{words.command}</span>
          <input
            className="input mono"
            placeholder={words.commandExample}
            spellCheck={false}
            value={text}
            onChange={(event) => {
              setText(event.target.value);
            }}
          />
        </label>
        <label className="trust-hosts" title={words.hostsHint}>
          <span className="quiet">{words.hosts}</span>
          <input
            className="input mono"
            placeholder={words.hostsExample}
            spellCheck={false}
            value={hosts}
            onChange={(event) => {
              setHosts(event.target.value);
            }}
          />
        </label>
        <Button small type="submit">
          {words.judge}
        </Button>
      </form>
      {verdict.error ? <FailureCard failure={asFailure(verdict.error)} /> : null}
      {verdict.data ? (
        <div role="status">
          <p>
            <span className={`badge ${LOOKS[verdict.data.action]}`}>{words.actions[verdict.data.action]}</span> <Said text={verdict.data.reason} />
          </p>
          <ul className="trust-tree">
            <Part part={verdict.data.tree} />
          </ul>
        </div>
      ) : null}
    </section>
  );
}

function Part({ part }: { part: Judgement }) {
  const words = t.trust.rules;
  return (
    <li>
      <span className={`badge ${LOOKS[part.action]}`}>{words.actions[part.action]}</span> <span className="mono trust-wrap">{part.text}</span> <span className="quiet"><Said text={part.reason} /></span>
      {part.parts && part.parts.length > 0 ? (
        <ul>
          {part.parts.map((inner, index) => (
            <Part key={index} part={inner} />
          ))}
        </ul>
      ) : null}
    </li>
  );
}
