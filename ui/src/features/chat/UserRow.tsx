// What the person said, with what can be done from there.

import { AtSign, Copy, GitFork, History, Pencil, RotateCcw, Search } from "lucide-react";
import { useState } from "react";
import { Button, IconButton } from "../../components/Button";
import { Menu, MenuItem, MenuLabel } from "../../components/Menu";
import { copyText } from "../../components/states";
import { Tip } from "../../components/Tip";
import { t } from "../../i18n";
import { fullTime, timeOfDay, tokens } from "../../i18n/format";
import type { Attachment } from "../../protocol/generated/Attachment";
import type { Fragment } from "../../protocol/generated/Fragment";
import type { Tier } from "../../protocol/generated/Tier";
import { NextCost, TierCost } from "../../protocol/nextCost";
import { TIERS } from "./choices";
import type { RowActions } from "./rows";
import type { UserItem } from "./transcript";

export function UserRow({ item, actions }: { item: UserItem; actions: RowActions }) {
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
            content={item.content}
            files={item.attachments.length}
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
function AgainMenu(props: { content: string; files: number; onAgain: (tier: Tier | undefined) => void }) {
  const { content, files } = props;
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
        note={<TierCost content={content} files={files} tier={undefined} />}
        onSelect={() => {
          props.onAgain(undefined);
        }}
      >
        {t.talk.again}
      </MenuItem>
      {TIERS.map((tier) => (
        <MenuItem
          key={tier}
          note={<TierCost content={content} files={files} tier={tier} />}
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
              {fragment.mention.kind === "related" ? <Search size={11} aria-hidden="true" /> : <AtSign size={11} aria-hidden="true" />}
              <span className="truncate">{fragment.mention.kind === "related" ? t.talk.relatedCode : fragment.name}</span>
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
