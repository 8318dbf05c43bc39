// What the model says: who answers, its words, its thoughts.

import { ChevronRight, Sparkles } from "lucide-react";
import { Markdown } from "../../components/Markdown";
import { Tip } from "../../components/Tip";
import { t } from "../../i18n";
import { fullTime, money, timeOfDay } from "../../i18n/format";
import { inWords } from "../../i18n/said";
import type { RowActions } from "./rows";
import type { HeaderItem, OperationView, TextItem } from "./transcript";

export function HeaderRow({ item, operation, actions }: { item: HeaderItem; operation: OperationView; actions: RowActions }) {
  const cost = operation.costMicroUsd;
  return (
    <header className="row-line who">
      <strong>{t.chat.mira}</strong>
      <Tip text={fullTime(item.at)}>
        <time className="quiet num" dateTime={new Date(item.at).toISOString()}>
          {timeOfDay(item.at)}
        </time>
      </Tip>
      {operation.tier && operation.routeReason ? (
        <Tip text={operation.model ?? ""}>
          <span className="quiet truncate">
            {t.chat.routed({ tier: t.composer.tiers[operation.tier][0] ?? operation.tier, reason: inWords(operation.routeReason) })}
            {operation.model ? ` · ${operation.model}` : ""}
          </span>
        </Tip>
      ) : null}
      <span className="grow" />
      {operation.calls.length > 0 ? (
        <Tip text={t.chat.costSoFar}>
          <button
            type="button"
            className="link quiet num"
            onClick={() => {
              actions.openReceipt(operation.id);
            }}
          >
            {money(cost)}
          </button>
        </Tip>
      ) : null}
    </header>
  );
}

export function AssistantRow({ item }: { item: TextItem }) {
  return (
    <div className="assistant" data-streaming={item.streaming} data-superseded={item.superseded}>
      <Markdown text={item.text} growing={item.streaming} />
      {item.gap ? <p className="quiet">{t.chat.gap}</p> : null}
      {item.partial ? <p className="quiet">{item.superseded ? t.chat.superseded : t.chat.partial}</p> : null}
    </div>
  );
}

export function ReasoningRow({ item, open, onToggle }: { item: TextItem; open: boolean; onToggle: (key: string) => void }) {
  const heading = headingOf(item.text, item.streaming);
  return (
    <div className="reasoning">
      <button
        type="button"
        className="tool-line"
        aria-expanded={open}
        onClick={() => {
          onToggle(item.key);
        }}
      >
        <ChevronRight size={13} className="chevron" aria-hidden="true" />
        <Sparkles size={13} className="quiet" aria-hidden="true" />
        <span className="secondary">{item.streaming ? t.talk.thinkingNow : t.chat.thinking}</span>
        {open ? null : <span className="quiet truncate grow">{heading}</span>}
        {item.streaming ? <span className="dot-pulse" aria-hidden="true" /> : null}
      </button>
      {open ? (
        <div className="reasoning-text secondary">
          <Markdown text={item.text} growing={item.streaming} />
        </div>
      ) : null}
    </div>
  );
}

/** What a thought is about: its newest heading while it goes on, its first line afterwards. */
function headingOf(text: string, streaming: boolean): string {
  const headings = [...text.matchAll(/\*\*([^*\n]+)\*\*/g)];
  const newest = streaming ? headings.at(-1)?.[1] : undefined;
  return newest ?? text.replaceAll("*", "").trim().split("\n", 1)[0] ?? "";
}
