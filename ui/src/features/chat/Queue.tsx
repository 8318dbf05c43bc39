// Messages that wait for their turn: changed, taken out, or let go, right above the message field.

import { CirclePause, ListEnd, Pencil, Play, X } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "../../components/Button";
import { t } from "../../i18n";
import type { Mention } from "../../protocol/generated/Mention";
import { mentionedIn, mentionsOf } from "./mentions";
import { NextCost } from "../../protocol/nextCost";
import type { UserItem } from "./transcript";

export function Queue(props: {
  queued: readonly UserItem[];
  /** Nothing runs before them. */
  held: boolean;
  /** The mentions are those whose words still stand in the message. */
  onEdit: (operationId: string, content: string, mentions: Mention[]) => Promise<void>;
  onRemove: (operationId: string) => void;
  onGo: () => void;
}) {
  const { queued, held } = props;
  const [editing, setEditing] = useState<string | undefined>(undefined);
  if (queued.length === 0) return null;
  const q = t.talk.queue;
  return (
    <section className="queue" aria-label={q.title} data-held={held}>
      <header className="row-line">
        {held ? <CirclePause size={14} aria-hidden="true" /> : <ListEnd size={14} aria-hidden="true" />}
        <span>{held ? q.held({ count: queued.length }) : q.behind({ count: queued.length })}</span>
        {held ? <span className="quiet truncate">{q.heldWhy}</span> : null}
        <span className="grow" />
        {held ? (
          <Button small onClick={props.onGo}>
            <Play size={12} aria-hidden="true" />
            {q.go}
          </Button>
        ) : null}
      </header>
      <ol>
        {queued.map((item) => {
          const id = item.operationId ?? "";
          return editing === id ? (
            <li key={item.key}>
              <Change
                text={item.content}
                onCancel={() => {
                  setEditing(undefined);
                }}
                onSave={async (content) => {
                  const kept = mentionedIn(content, mentionsOf(item.content, item.fragments));
                  await props.onEdit(id, content, kept.map((one) => one.mention));
                  setEditing(undefined);
                }}
              />
            </li>
          ) : (
            <li key={item.key} className="row-line">
              <span className="truncate grow">{item.content}</span>
              <IconButton
                small
                label={q.edit}
                onClick={() => {
                  setEditing(id);
                }}
              >
                <Pencil size={12} />
              </IconButton>
              <IconButton
                small
                label={q.remove}
                onClick={() => {
                  props.onRemove(id);
                }}
              >
                <X size={13} />
              </IconButton>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

function Change(props: { text: string; onSave: (content: string) => Promise<void>; onCancel: () => void }) {
  const [text, setText] = useState(props.text);
  const save = () => {
    // Where it failed, the reason was told and the text stays.
    if (text.trim()) props.onSave(text.trim()).catch(() => undefined);
  };
  return (
    <form
      className="inline-edit"
      onSubmit={(event) => {
        event.preventDefault();
        save();
      }}
    >
      <textarea
        autoFocus
        rows={Math.min(8, text.split("\n").length)}
        value={text}
        aria-label={t.talk.queue.label}
        onChange={(event) => {
          setText(event.target.value);
        }}
        onKeyDown={(event) => {
          if (event.key === "Escape") {
            event.stopPropagation();
            event.preventDefault();
            props.onCancel();
          } else if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
            event.preventDefault();
            save();
          }
        }}
      />
      <div className="row-line">
        <Button small look="primary" type="submit" disabled={!text.trim()}>
          {t.talk.queue.save}
        </Button>
        <Button small look="ghost" onClick={props.onCancel}>
          {t.common.cancel}
        </Button>
        <NextCost content={text} />
      </div>
    </form>
  );
}
