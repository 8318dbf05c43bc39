import { AtSign, ChevronDown, ChevronRight, CircleAlert, Copy, FileDown, GitFork, History, Info, Pencil, Redo2, RotateCcw, Sparkles, Undo2 } from "lucide-react";
import { memo, useState } from "react";
import { Button, IconButton } from "../../components/Button";
import { Figures } from "../../components/Diff";
import { Markdown } from "../../components/Markdown";
import { Menu, MenuItem, MenuLabel } from "../../components/Menu";
import { copyText, Countdown, FailureCard } from "../../components/states";
import { Tip } from "../../components/Tip";
import { t } from "../../i18n";
import { duration, fullTime, money, timeOfDay, tokens } from "../../i18n/format";
import type { Attachment } from "../../protocol/generated/Attachment";
import type { Fragment } from "../../protocol/generated/Fragment";
import type { Tier } from "../../protocol/generated/Tier";
import { NextCost } from "../../protocol/nextCost";
import { TIERS } from "./choices";
import type { RewindTarget } from "./RewindDialog";
import { ToolRow } from "./ToolRow";
import type { CompactedItem, HeaderItem, Item, MarkItem, NoticeItem, OperationView, RewoundMark, TextItem, Transcript, UserItem } from "./transcript";

/** What a conversation can ask of the window around it. */
export interface ConversationActions {
  undo(operationId: string): void;
  redo(operationId: string): void;
  review(operationId: string): void;
  resume(operationId: string): void;
  /** Goes on with what did not complete, on another tier. */
  continueOn(operationId: string, tier: Tier): void;
  exportScenario(operationId: string): void;
  fork(upToSeq: number): void;
  /** Asks the message again in a copy, as it was or with other words; rejects where that fails. */
  askAgain(seq: number, change: { content?: string; tier?: Tier }): Promise<void>;
  openFile(path: string): void;
  openSettings(): void;
  openReceipt(operationId: string): void;
  openJob(jobId: string): void;
}

/** And of what the conversation itself is tied to: where to go back to, and the way forward again. */
export interface RowActions extends ConversationActions {
  rewind(target: RewindTarget): void;
  unrewind(markSeq: number): void;
}

export const Row = memo(function Row(props: {
  item: Item;
  transcript: Transcript;
  open: boolean;
  highlighted: boolean;
  onToggle: (key: string) => void;
  actions: RowActions;
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
  actions: RowActions;
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
          onRewind={actions.rewind}
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

function UserRow({ item, actions }: { item: UserItem; actions: RowActions }) {
  const [editing, setEditing] = useState(false);
  const { seq } = item;
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
            label={t.talk.edit}
            onClick={() => {
              setEditing(true);
            }}
          >
            <Pencil size={13} />
          </IconButton>
          {item.steering ? null : (
            <IconButton
              small
              label={t.talk.rewind.here}
              onClick={() => {
                actions.rewind({ kind: "message", seq });
              }}
            >
              <History size={13} />
            </IconButton>
          )}
          <AgainMenu
            onAgain={(tier) => {
              actions.askAgain(seq, tier ? { tier } : {}).catch(() => undefined);
            }}
          />
          <IconButton
            small
            label={t.talk.forkBefore}
            onClick={() => {
              actions.fork(seq - 1);
            }}
          >
            <GitFork size={13} />
          </IconButton>
        </span>
      </header>
      {editing ? (
        <EditMessage
          text={item.content}
          onCancel={() => {
            setEditing(false);
          }}
          onSend={async (content) => {
            await actions.askAgain(seq, { content });
            setEditing(false);
          }}
        />
      ) : (
        <p className="user-text">{item.content}</p>
      )}
      {item.attachments.length > 0 ? <Attachments attachments={item.attachments} /> : null}
      {item.fragments.length > 0 ? <Fragments fragments={item.fragments} /> : null}
    </article>
  );
}

/** The message again, in a copy: as it was, or on a tier. */
function AgainMenu(props: { onAgain: (tier: Tier | undefined) => void }) {
  return (
    <Menu
      align="end"
      label={t.talk.again}
      trigger={
        <button type="button" className="button icon ghost small" aria-label={t.talk.again} title={t.talk.again}>
          <RotateCcw size={13} />
        </button>
      }
    >
      <MenuLabel>{t.talk.againNote}</MenuLabel>
      <MenuItem
        onSelect={() => {
          props.onAgain(undefined);
        }}
      >
        {t.talk.again}
      </MenuItem>
      {TIERS.map((tier) => (
        <MenuItem
          key={tier}
          onSelect={() => {
            props.onAgain(tier);
          }}
        >
          {t.talk.againTierItem({ tier: t.composer.tiers[tier][0] ?? tier })}
        </MenuItem>
      ))}
    </Menu>
  );
}

function EditMessage(props: { text: string; onSend: (content: string) => Promise<void>; onCancel: () => void }) {
  const [text, setText] = useState(props.text);
  const [sending, setSending] = useState(false);
  const send = () => {
    if (!text.trim() || sending) return;
    setSending(true);
    // Where it fails the reason was told, and the words stay here.
    props.onSend(text.trim()).then(undefined, () => {
      setSending(false);
    });
  };
  return (
    <form
      className="inline-edit"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        autoFocus
        rows={Math.min(14, Math.max(2, text.split("\n").length))}
        value={text}
        aria-label={t.talk.editLabel}
        onChange={(event) => {
          setText(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.preventDefault();
            event.stopPropagation();
            props.onCancel();
          } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            send();
          }
        }}
      />
      <div className="row-line wrap">
        <Button small look="primary" type="submit" disabled={!text.trim() || sending}>
          {t.talk.editSend}
        </Button>
        <Button small look="ghost" onClick={props.onCancel}>
          {t.common.cancel}
        </Button>
        <NextCost content={text} />
        <span className="quiet">{t.talk.editNote}</span>
      </div>
    </form>
  );
}

/** What the message pointed at, and how much of it was told. */
function Fragments({ fragments }: { fragments: Fragment[] }) {
  return (
    <ul className="attachments" aria-label={t.talk.mentioned}>
      {fragments.map((fragment) => (
        <li key={fragment.name}>
          <Tip text={fragment.dropped ?? t.talk.mentionTokens({ tokens: tokens(fragment.tokens) })}>
            <span className="badge" tabIndex={0}>
              <AtSign size={11} aria-hidden="true" />
              <span className="truncate">{fragment.name}</span>
              <span className="quiet num">{tokens(fragment.tokens)}</span>
            </span>
          </Tip>
        </li>
      ))}
    </ul>
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

function HeaderRow({ item, operation, actions }: { item: HeaderItem; operation: OperationView; actions: RowActions }) {
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
            {t.chat.routed({ tier: t.composer.tiers[operation.tier][0] ?? operation.tier, reason: operation.routeReason })}
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
      <Markdown text={item.text} growing={item.streaming} />
      {item.gap ? <p className="quiet">{t.chat.gap}</p> : null}
      {item.partial ? <p className="quiet">{item.superseded ? t.chat.superseded : t.chat.partial}</p> : null}
    </div>
  );
}

function ReasoningRow({ item, open, onToggle }: { item: TextItem; open: boolean; onToggle: (key: string) => void }) {
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

function MarkRow({ item, actions }: { item: MarkItem; actions: RowActions }) {
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

function ContinueMenu(props: { onChoose: (tier: Tier) => void }) {
  return (
    <Menu
      label={t.talk.continueOn}
      trigger={
        <Button small look="ghost">
          {t.talk.continueOn}
          <ChevronDown size={12} aria-hidden="true" />
        </Button>
      }
    >
      {TIERS.map((tier) => (
        <MenuItem
          key={tier}
          onSelect={() => {
            props.onChoose(tier);
          }}
        >
          {t.talk.continueTier({ tier: t.composer.tiers[tier][0] ?? tier })}
        </MenuItem>
      ))}
    </Menu>
  );
}

function EndRow({ seq, operation, actions }: { seq: number; operation: OperationView; actions: RowActions }) {
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
          <ContinueMenu
            onChoose={(tier) => {
              actions.continueOn(operation.id, tier);
            }}
          />
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
          <ContinueMenu
            onChoose={(tier) => {
              actions.continueOn(operation.id, tier);
            }}
          />
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
