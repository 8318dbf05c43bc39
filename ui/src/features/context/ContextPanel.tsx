// The receipt: what a request to the model was made of, in tokens and money; and what the person
// wants in it, or not.

import { ChevronLeft, ChevronRight, FileText, Pin, PinOff, ReceiptText } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "../../components/Button";
import { Said } from "../../components/Said";
import { Empty, Meter, useNow } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { bytes, money, shortTime, tokens } from "../../i18n/format";
import { useChoices, type Choices } from "../../protocol/choices";
import { countedInWords } from "../../protocol/counted";
import { told } from "../../protocol/told";
import type { ContextTarget } from "../../protocol/generated/ContextTarget";
import type { FragmentLine } from "../../protocol/generated/FragmentLine";
import type { FragmentPart } from "../../protocol/generated/FragmentPart";
import type { Receipt } from "../../protocol/generated/Receipt";
import { useRequest } from "../../protocol/queries";
import "./context.css";

/** Older steps that a digest stands for. */
export interface Compaction {
  key: string;
  at: number;
  items: number;
  /** In tokens. */
  dropped: number;
  kept: number;
  summary: string;
}

export interface ContextProps {
  sessionId: string | undefined;
  projectId: string | undefined;
  receipts: readonly Receipt[];
  /** Newest first. */
  compactions: readonly Compaction[];
  onOpenFile: (path: string) => void;
}

export function ContextPanel(props: ContextProps) {
  const { receipts } = props;
  const choices = useChoices(props.sessionId);
  const [chosen, setChosen] = useState<number | undefined>(undefined);
  const index = Math.min(chosen ?? receipts.length - 1, receipts.length - 1);
  const receipt = receipts[index];
  const pinned = choices.context?.choices.filter((one) => one.choice === "pin") ?? [];
  if (!receipt && pinned.length === 0) {
    return (
      <Empty icon={<ReceiptText size={22} className="quiet" aria-hidden="true" />} title={t.context.none}>
        {t.context.noneHint}
      </Empty>
    );
  }
  return (
    <div className="panel">
      {receipt ? (
        <section>
          <div className="row-line">
            <strong className="receipt-total num">{t.context.total({ count: tokens(receipt.total_tokens) })}</strong>
            {receipt.context_limit_tokens ? <span className="quiet num">{t.context.of({ limit: tokens(receipt.context_limit_tokens) })}</span> : null}
            <span className="grow" />
            {receipts.length > 1 ? (
              <>
                <IconButton small label={t.context.previous} disabled={index === 0} onClick={() => { setChosen(index - 1); }}>
                  <ChevronLeft size={14} />
                </IconButton>
                <span className="quiet num">{t.context.turn({ index: index + 1, of: receipts.length })}</span>
                <IconButton small label={t.context.next} disabled={index === receipts.length - 1} onClick={() => { setChosen(index + 1); }}>
                  <ChevronRight size={14} />
                </IconButton>
              </>
            ) : null}
          </div>
          {receipt.context_limit_tokens ? (
            <Meter value={receipt.total_tokens} limit={receipt.context_limit_tokens} label={t.context.total({ count: tokens(receipt.total_tokens) })} />
          ) : null}
          <p className="quiet receipt-line">
            <span className="mono">{receipt.model}</span>
            {typeof receipt.estimated_input_micro_usd === "number" ? ` · ${t.context.estimate({ cost: money(receipt.estimated_input_micro_usd) })}` : ""}
          </p>
        </section>
      ) : null}
      {receipt ? <Fragments receipt={receipt} parts={partsFrom(receipts, index)} choices={choices} onOpenFile={props.onOpenFile} /> : null}
      {props.sessionId && props.projectId ? <Pinned projectId={props.projectId} choices={choices} onOpenFile={props.onOpenFile} /> : null}
      {props.compactions.length > 0 ? <Compactions list={props.compactions} /> : null}
      <p className="quiet">{t.context.estimated}</p>
    </div>
  );
}

/** Parts are told with an operation's first request; later ones have the same. */
function partsFrom(receipts: readonly Receipt[], index: number): (name: string) => readonly FragmentPart[] {
  return (name) => {
    for (let at = index; at >= 0; at -= 1) {
      const parts = receipts[at]?.fragments.find((line) => line.name === name)?.parts;
      if (parts && parts.length > 0) return parts;
    }
    return [];
  };
}

function Fragments(props: { receipt: Receipt; parts: (name: string) => readonly FragmentPart[]; choices: Choices; onOpenFile: (path: string) => void }) {
  const { receipt } = props;
  const total = Math.max(1, receipt.total_tokens);
  const cost = receipt.estimated_input_micro_usd;
  return (
    <table className="table receipt-table">
      <thead>
        <tr>
          <th>{t.context.fragment}</th>
          <th className="num">{t.context.tokens}</th>
          <th className="num">{t.context.share}</th>
          {typeof cost === "number" ? <th className="num">{t.context.cost}</th> : null}
        </tr>
      </thead>
      <tbody>
        {receipt.fragments.map((fragment, index) => (
          <tr key={index}>
            <td>
              <FragmentCell {...props} fragment={fragment} share={fragment.tokens / total} />
            </td>
            <td className="num" title={`${bytes(fragment.bytes)}${fragment.cap_tokens ? `, ${t.context.cap({ count: tokens(fragment.cap_tokens) })}` : ""}`}>
              {tokens(fragment.tokens)}
            </td>
            <td className="num">{`${Math.round((fragment.tokens / total) * 100)} %`}</td>
            {typeof cost === "number" ? <td className="num">{money((cost * fragment.tokens) / total)}</td> : null}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function FragmentCell(props: { fragment: FragmentLine; share: number; parts: (name: string) => readonly FragmentPart[]; choices: Choices; onOpenFile: (path: string) => void }) {
  const { fragment } = props;
  const parts = props.parts(fragment.name);
  const names = t.context.names as Record<string, string>;
  return (
    <>
      <div>{names[fragment.name] ?? fragment.name}</div>
      {fragment.detail ? <div className="quiet receipt-detail">{countedInWords(fragment.detail) ?? <Said text={fragment.detail} />}</div> : null}
      <div className="receipt-bar" aria-hidden="true">
        <span style={{ width: `${props.share * 100}%` }} />
      </div>
      {fragment.dropped ? (
        <div className="warn receipt-detail">
          {t.context.dropped}: {fragment.dropped}
        </div>
      ) : null}
      {parts.length > 0 ? (
        <details className="receipt-parts">
          <summary>{t.context.parts({ count: parts.length })}</summary>
          <ul>
            {parts.map((part, index) => (
              <Part key={index} part={part} choices={props.choices} onOpenFile={props.onOpenFile} />
            ))}
          </ul>
        </details>
      ) : null}
    </>
  );
}

/** A part with the way to leave it out of the next turns, or to take it in again. */
function Part({ part, choices, onOpenFile }: { part: FragmentPart; choices: Choices; onOpenFile: (path: string) => void }) {
  const { target } = part;
  const choose = useChoose(choices);
  const label = target.kind === "related" ? t.context.related : part.label;
  const out = choices.of(target) === "exclude";
  return (
    <li className="row-line receipt-part" data-out={out}>
      {target.kind === "file" ? (
        <button type="button" className="mono truncate grow" onClick={() => { onOpenFile(target.path); }}>
          {part.label}
        </button>
      ) : (
        <span className="truncate grow" title={label}>
          {label || t.context.untitled}
        </span>
      )}
      <span className="quiet num">{tokens(part.tokens)}</span>
      {target.kind === "file" ? null : (
        <Button
          small
          look="ghost"
          aria-label={`${out ? t.context.include : t.context.exclude}: ${label}`}
          onClick={() => {
            choose(target, out ? undefined : "exclude");
          }}
        >
          {out ? t.context.include : t.context.exclude}
        </Button>
      )}
    </li>
  );
}

function useChoose(choices: Choices): (target: ContextTarget, choice: "pin" | "exclude" | undefined) => void {
  const toasts = useToasts();
  return (target, choice) => {
    choices.choose(target, choice).then(
      () => {
        toasts.say(t.context.fromNext);
      },
      (error: unknown) => {
        toasts.fail(told(error));
      },
    );
  };
}

/** Files that stand in every request, and a field to add one. */
function Pinned({ projectId, choices, onOpenFile }: { projectId: string; choices: Choices; onOpenFile: (path: string) => void }) {
  const choose = useChoose(choices);
  const [text, setText] = useState("");
  const found = useRequest("file.find", text ? { project_id: projectId, query: text, limit: 6 } : undefined);
  const files = (found.data?.entries ?? []).filter((entry) => !entry.is_dir);
  const pinned = (choices.context?.choices ?? []).flatMap((one) => (one.choice === "pin" && one.target.kind === "file" ? [one.target] : []));
  const add = (path: string) => {
    choose({ kind: "file", path }, "pin");
    setText("");
  };
  return (
    <section>
      <h2 className="panel-title">{t.context.pinned}</h2>
      {pinned.length === 0 ? <p className="quiet">{t.context.pinnedNone}</p> : null}
      <ul>
        {pinned.map((target) => (
          <li key={target.path} className="row-line">
            <Pin size={12} className="quiet" aria-hidden="true" />
            <button type="button" className="mono truncate grow" onClick={() => { onOpenFile(target.path); }}>
              {target.path}
            </button>
            <IconButton small label={`${t.files.unpin}: ${target.path}`} onClick={() => { choose(target, undefined); }}>
              <PinOff size={13} />
            </IconButton>
          </li>
        ))}
      </ul>
      <form
        className="pin-form"
        onSubmit={(event) => {
          event.preventDefault();
          const first = files[0];
          if (first) add(first.path);
        }}
      >
        <input
          className="input"
          value={text}
          placeholder={t.context.pinAdd}
          aria-label={t.context.pinAdd}
          onChange={(event) => {
            setText(event.target.value);
          }}
        />
        {text && files.length > 0 ? (
          <ul aria-label={t.files.found}>
            {files.map((entry) => (
              <li key={entry.path}>
                <button type="button" className="row-line pin-found mono" onClick={() => { add(entry.path); }}>
                  <FileText size={12} className="quiet" aria-hidden="true" />
                  <span className="truncate">{entry.path}</span>
                </button>
              </li>
            ))}
          </ul>
        ) : null}
        {text && found.data && files.length === 0 ? <p className="quiet">{t.composer.noFiles}</p> : null}
      </form>
    </section>
  );
}

function Compactions({ list }: { list: readonly Compaction[] }) {
  const now = useNow(60_000);
  return (
    <section>
      <h2 className="panel-title">{t.context.compacted}</h2>
      <ul>
        {list.map((one) => (
          <li key={one.key}>
            <details>
              <summary>
                <span className="num">{t.context.compactedLine({ items: one.items, dropped: tokens(one.dropped), kept: tokens(one.kept) })}</span>{" "}
                <span className="quiet num">{shortTime(one.at, now)}</span>
              </summary>
              <pre className="digest">{one.summary}</pre>
            </details>
          </li>
        ))}
      </ul>
    </section>
  );
}
