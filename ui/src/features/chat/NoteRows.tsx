// Lines between the messages: notices, what was compacted, undone, forked, gone back behind.

import { CircleAlert, History, Info, Redo2, Undo2 } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Markdown } from "../../components/Markdown";
import { Said } from "../../components/Said";
import { Countdown } from "../../components/states";
import { t } from "../../i18n";
import { tokens } from "../../i18n/format";
import type { RowActions } from "./rows";
import type { CompactedItem, MarkItem, NoticeItem, RewoundMark } from "./transcript";

export function NoticeRow({ item }: { item: NoticeItem }) {
  const [mounted] = useState(() => Date.now());
  const waits = item.until !== undefined && item.until > mounted;
  return (
    <p className={item.level === "warning" ? "notice warn" : "notice"} role="status">
      {item.level === "warning" ? <CircleAlert size={14} aria-hidden="true" /> : <Info size={14} aria-hidden="true" />}
      <span className="grow">
        <Said text={item.text} />
      </span>
      {waits && item.until !== undefined ? (
        <span>
          {t.chat.retryIn} <Countdown until={item.until} />
        </span>
      ) : null}
    </p>
  );
}

export function CompactedRow({ item }: { item: CompactedItem }) {
  return (
    <details className="notice compacted">
      <summary>{t.chat.compacted({ items: item.droppedItems, dropped: tokens(item.droppedTokens) })}</summary>
      <div className="secondary">
        <Markdown text={item.summary} />
      </div>
    </details>
  );
}

export function MarkRow({ item, actions }: { item: MarkItem; actions: RowActions }) {
  const { mark } = item;
  if (mark.type === "forked") return <p className="notice">{t.chat.forkedFrom}</p>;
  if (mark.type === "undone") {
    return (
      <p className="notice">
        {mark.undone ? <Undo2 size={14} aria-hidden="true" /> : <Redo2 size={14} aria-hidden="true" />}
        <span>{mark.undone ? t.chat.undone({ count: mark.paths.length }) : t.chat.redone({ count: mark.paths.length })}</span>
        <span className="mono quiet truncate">{mark.paths.join(", ")}</span>
      </p>
    );
  }
  if (mark.type === "rewound") return <RewoundRow seq={item.seq} mark={mark} actions={actions} />;
  return (
    <p className="notice">
      {mark.running ? <span className="dot-pulse" aria-hidden="true" /> : null}
      <span>{t.chat.jobRunning}</span>
      <button
        type="button"
        className="link mono truncate"
        onClick={() => {
          actions.openJob(mark.jobId);
        }}
      >
        {mark.command}
      </button>
      {mark.running ? null : <span className="quiet">{t.chat.jobEnded({ code: mark.exitCode ?? "none" })}</span>}
    </p>
  );
}

function RewoundRow({ seq, mark, actions }: { seq: number; mark: RewoundMark; actions: RowActions }) {
  const w = t.talk.rewind;
  const facts = [
    mark.messages ? w.markMessages({ count: mark.messages }) : "",
    mark.paths.length > 0 ? w.markFiles({ count: mark.paths.length }) : "",
  ].filter(Boolean);
  return (
    <p className="notice rewound">
      <History size={14} aria-hidden="true" />
      <span>{(mark.back ? w.markBack : w.mark)({ what: mark.what })}</span>
      <span className="quiet nowrap">{facts.join(" · ")}</span>
      <span className="mono quiet truncate grow">{mark.paths.join(", ")}</span>
      {mark.newest ? (
        <Button
          small
          onClick={() => {
            actions.unrewind(seq);
          }}
        >
          {w.undo}
        </Button>
      ) : null}
    </p>
  );
}
