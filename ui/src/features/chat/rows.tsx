import { CircleAlert, Copy, FileDown, GitFork, Info, Pencil, Redo2, RotateCcw, Sparkles, Undo2 } from "lucide-react";
import { memo, useState } from "react";
import { Button, IconButton } from "../../components/Button";
import { Figures } from "../../components/Diff";
import { Markdown } from "../../components/Markdown";
import { copyText, Countdown, FailureCard } from "../../components/states";
import { Tip } from "../../components/Tip";
import { t } from "../../i18n";
import { duration, fullTime, money, timeOfDay, tokens } from "../../i18n/format";
import type { Attachment } from "../../protocol/generated/Attachment";
import { ToolRow } from "./ToolRow";
import type { CompactedItem, HeaderItem, Item, MarkItem, NoticeItem, OperationView, TextItem, Transcript, UserItem } from "./transcript";

/** What a conversation can ask of the window around it. */
export interface ConversationActions {
  undo(operationId: string): void;
  redo(operationId: string): void;
  review(operationId: string): void;
  resume(operationId: string): void;
  retry(operationId: string): void;
  exportScenario(operationId: string): void;
  fork(upToSeq: number): void;
  editInFork(item: UserItem): void;
  openFile(path: string): void;
  openSettings(): void;
  openReceipt(operationId: string): void;
  openJob(jobId: string): void;
}

export const Row = memo(function Row(props: {
  item: Item;
  transcript: Transcript;
  open: boolean;
  highlighted: boolean;
  onToggle: (key: string) => void;
  actions: ConversationActions;
}) {
  const { item, transcript } = props;
  const operation = item.operationId ? transcript.operations.get(item.operationId) : undefined;
  return (
    <div className={props.highlighted ? "row found" : "row"} data-kind={item.kind} data-key={item.key}>
      <Content {...props} operation={operation} />
    </div>
  );
}, sameRow);

interface RowProps {
  item: Item;
  transcript: Transcript;
  open: boolean;
  highlighted: boolean;
  onToggle: (key: string) => void;
  actions: ConversationActions;
}

/** A row changes with its item, its operation and its approval; not with the rest of the transcript. */
function sameRow(before: RowProps, after: RowProps): boolean {
  if (before.item !== after.item || before.open !== after.open || before.highlighted !== after.highlighted) return false;
  if (before.actions !== after.actions || before.onToggle !== after.onToggle) return false;
  const id = after.item.operationId;
  if (after.item.kind === "header" || after.item.kind === "end") {
    if (id && before.transcript.operations.get(id) !== after.transcript.operations.get(id)) return false;
  }
  if (after.item.kind === "tool" && after.item.approvalId) {
    const approval = after.item.approvalId;
    return before.transcript.approvals.get(approval) === after.transcript.approvals.get(approval);
  }
  return true;
}

function Content(props: RowProps & { operation: OperationView | undefined }) {
  const { item, transcript, operation, actions } = props;
  switch (item.kind) {
    case "user":
      return <UserRow item={item} actions={actions} />;
    case "header":
      return operation ? <HeaderRow item={item} operation={operation} actions={actions} /> : null;
    case "assistant":
      return <AssistantRow item={item} />;
    case "reasoning":
      return <ReasoningRow item={item} open={props.open} onToggle={props.onToggle} />;
    case "tool":
      return (
        <ToolRow
          item={item}
          open={props.open}
          approval={item.approvalId ? transcript.approvals.get(item.approvalId) : undefined}
          onToggle={props.onToggle}
          onOpenFile={actions.openFile}
        />
      );
    case "notice":
      return <NoticeRow item={item} />;
    case "compacted":
      return <CompactedRow item={item} />;
    case "mark":
      return <MarkRow item={item} actions={actions} />;
    case "end":
      return operation ? <EndRow seq={item.seq} operation={operation} actions={actions} /> : null;
  }
}

function UserRow({ item, actions }: { item: UserItem; actions: ConversationActions }) {
  return (
    <article className="user-row" aria-label={t.chat.you}>
      <header className="row-line who">
        <strong>{t.chat.you}</strong>
        <Tip text={fullTime(item.at)}>
          <time className="quiet num" dateTime={new Date(item.at).toISOString()}>
            {timeOfDay(item.at)}
          </time>
        </Tip>
        {item.steering ? <span className="badge">{t.chat.steer}</span> : null}
        <span className="grow" />
        <span className="row-tools">
          <IconButton small label={t.chat.copyMessage} onClick={() => void copyText(item.content)}>
            <Copy size={13} />
          </IconButton>
          <IconButton
            small
            label={t.chat.editInFork}
            onClick={() => {
              actions.editInFork(item);
            }}
          >
            <Pencil size={13} />
          </IconButton>
        </span>
      </header>
      <p className="user-text">{item.content}</p>
      {item.attachments.length > 0 ? <Attachments attachments={item.attachments} /> : null}
    </article>
  );
}

function Attachments({ attachments }: { attachments: Attachment[] }) {
  return (
    <ul className="attachments" aria-label={t.chat.attachments}>
      {attachments.map((attachment, index) => (
        <li key={index} className="badge">
          {attachment.data_base64 && attachment.media_type.startsWith("image/") ? (
            <img src={`data:${attachment.media_type};base64,${attachment.data_base64}`} alt={t.chat.image({ name: attachment.name })} />
          ) : null}
          {attachment.path ?? attachment.name}
        </li>
      ))}
    </ul>
  );
}

function HeaderRow({ item, operation, actions }: { item: HeaderItem; operation: OperationView; actions: ConversationActions }) {
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
            {t.chat.routed({ tier: operation.tier, reason: operation.routeReason })}
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

function AssistantRow({ item }: { item: TextItem }) {
  return (
    <div className="assistant" data-streaming={item.streaming} data-superseded={item.superseded}>
      <Markdown text={item.text} />
      {item.gap ? <p className="quiet">{t.chat.gap}</p> : null}
      {item.partial ? <p className="quiet">{item.superseded ? t.chat.superseded : t.chat.partial}</p> : null}
    </div>
  );
}

function ReasoningRow({ item, open, onToggle }: { item: TextItem; open: boolean; onToggle: (key: string) => void }) {
  const first = item.text.replaceAll("*", "").trim().split("\n", 1)[0] ?? "";
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
        <Sparkles size={13} className="quiet" aria-hidden="true" />
        <span className="secondary">{t.chat.thinking}</span>
        {open ? null : <span className="quiet truncate grow">{first}</span>}
        {item.streaming ? <span className="dot-pulse" aria-hidden="true" /> : null}
      </button>
      {open ? (
        <div className="reasoning-text secondary">
          <Markdown text={item.text} />
        </div>
      ) : null}
    </div>
  );
}

function NoticeRow({ item }: { item: NoticeItem }) {
  const [mounted] = useState(() => Date.now());
  const waits = item.until !== undefined && item.until > mounted;
  return (
    <p className={item.level === "warning" ? "notice warn" : "notice"} role="status">
      {item.level === "warning" ? <CircleAlert size={14} aria-hidden="true" /> : <Info size={14} aria-hidden="true" />}
      <span className="grow">{item.text}</span>
      {waits && item.until !== undefined ? (
        <span>
          {t.chat.retryIn} <Countdown until={item.until} />
        </span>
      ) : null}
    </p>
  );
}

function CompactedRow({ item }: { item: CompactedItem }) {
  return (
    <details className="notice compacted">
      <summary>{t.chat.compacted({ items: item.droppedItems, dropped: tokens(item.droppedTokens) })}</summary>
      <div className="secondary">
        <Markdown text={item.summary} />
      </div>
    </details>
  );
}

function MarkRow({ item, actions }: { item: MarkItem; actions: ConversationActions }) {
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

function EndRow({ seq, operation, actions }: { seq: number; operation: OperationView; actions: ConversationActions }) {
  const { state, failure, changes } = operation;
  const additions = changes.reduce((sum, change) => sum + change.additions, 0);
  const deletions = changes.reduce((sum, change) => sum + change.deletions, 0);
  return (
    <footer className="end" data-state={state}>
      {state === "FAILED" && failure ? (
        <FailureCard failure={failure}>
          {failure.code === "key_missing" || failure.code === "key_rejected" || failure.code === "budget_exceeded" ? (
            <Button small onClick={actions.openSettings}>
              {t.chat.openSettings}
            </Button>
          ) : null}
          <Button
            small
            onClick={() => {
              actions.resume(operation.id);
            }}
          >
            <RotateCcw size={13} aria-hidden="true" />
            {t.chat.retry}
          </Button>
        </FailureCard>
      ) : null}
      {state === "INTERRUPTED" || state === "CANCELLED" ? (
        <p className="notice warn">
          <CircleAlert size={14} aria-hidden="true" />
          <span className="grow">{state === "CANCELLED" ? t.chat.cancelled : t.chat.interrupted}</span>
          <Button
            small
            onClick={() => {
              actions.resume(operation.id);
            }}
          >
            {t.chat.resume}
          </Button>
        </p>
      ) : null}
      <div className="row-line wrap end-line">
        {changes.length > 0 ? (
          <>
            <span className="secondary">
              {t.chat.changed({ count: changes.length })} <Figures additions={additions} deletions={deletions} />
            </span>
            <Button
              small
              onClick={() => {
                actions.review(operation.id);
              }}
            >
              {t.chat.review}
            </Button>
            <Button
              small
              look="ghost"
              onClick={() => {
                if (operation.undone) actions.redo(operation.id);
                else actions.undo(operation.id);
              }}
            >
              {operation.undone ? <Redo2 size={13} aria-hidden="true" /> : <Undo2 size={13} aria-hidden="true" />}
              {operation.undone ? t.chat.redoAll : t.chat.undoAll}
            </Button>
          </>
        ) : null}
        <span className="grow" />
        <span className="row-tools">
          <IconButton
            small
            label={t.chat.exportScenario}
            onClick={() => {
              actions.exportScenario(operation.id);
            }}
          >
            <FileDown size={13} />
          </IconButton>
          <IconButton
            small
            label={t.chat.forkHere}
            onClick={() => {
              actions.fork(seq);
            }}
          >
            <GitFork size={13} />
          </IconButton>
        </span>
        <span className="quiet num">
          {operation.durationMs === undefined
            ? ""
            : state === "COMPLETED"
              ? t.chat.completedIn({ time: duration(operation.durationMs) })
              : t.chat.endedAfter({ time: duration(operation.durationMs) })}
          {operation.calls.length > 0 ? ` · ${money(operation.costMicroUsd)}` : ""}
        </span>
      </div>
    </footer>
  );
}
