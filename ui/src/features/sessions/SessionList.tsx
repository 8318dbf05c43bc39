// The sidebar's list of conversations, with their marks and what can be done with each.

import * as Context from "@radix-ui/react-context-menu";
import { Ellipsis, Hand, MessageSquare, Pin, RotateCcw } from "lucide-react";
import { memo, useState } from "react";
import { Button } from "../../components/Button";
import { Menu, MenuItem, MenuLine } from "../../components/Menu";
import { Empty, Failed, useNow } from "../../components/states";
import { walkRows } from "../../components/walk";
import { t } from "../../i18n";
import { shortTime } from "../../i18n/format";
import type { Session } from "../../protocol/generated/Session";
import { useRequest } from "../../protocol/queries";
import { groups } from "./groups";
import "./sessions.css";

export interface SessionActions {
  open(sessionId: string): void;
  rename(session: Session): void;
  pin(session: Session): void;
  remove(session: Session): void;
  restore(session: Session): void;
  fork(session: Session): void;
  exportAs(session: Session, format: "markdown" | "json" | "html"): void;
  copyLink(session: Session): void;
}

export function sessionName(session: Session): string {
  return session.name || session.last_message_preview || t.sessions.untitled;
}

const PAGE = 100;
/** The engine tells no more at once. */
const LARGEST_PAGE = 500;
/** As many names are found by looking. */
const SEEN_AT_ONCE = 8;

export const SessionList = memo(function SessionList(props: {
  projectId: string | undefined;
  current: string | undefined;
  /** Session → the newest step that was seen. */
  seen: Readonly<Record<string, number>>;
  actions: SessionActions;
}) {
  const { current, actions } = props;
  const now = useNow(30_000);
  const [filter, setFilter] = useState("");
  const [deleted, setDeleted] = useState(false);
  const [limit, setLimit] = useState(PAGE);
  const list = useRequest(
    "session.list",
    { project_id: props.projectId, search: filter || undefined, deleted, limit },
    // While somebody types or asks for more the rows stay; another list does not show them for a moment.
    { keep: (before) => before.project_id === props.projectId && before.deleted === deleted },
  );
  const sessions = list.data?.sessions ?? [];
  const rest = (list.data?.total ?? 0) - sessions.length;

  return (
    <div className="sessions">
      <div className="sessions-filter" hidden={!filter && (list.data?.total ?? 0) <= SEEN_AT_ONCE}>
        <input
          className="input"
          type="search"
          value={filter}
          placeholder={t.sessions.filter}
          aria-label={t.sessions.filter}
          onChange={(event) => {
            setFilter(event.target.value);
          }}
        />
      </div>
      {list.error ? <Failed asked={list} /> : null}
      <nav aria-label={t.sessions.title} onKeyDown={(event) => { walkRows(event, ".session-open"); }} className="sessions-scroll">
        {list.data && sessions.length === 0 ? (
          <Empty title={deleted ? t.sessions.noDeleted : filter ? t.sessions.noMatch : t.sessions.none}>
            {deleted || filter ? null : t.sessions.noneHint}
          </Empty>
        ) : null}
        {groups(sessions, now).map((group) => (
          <section key={group.id} aria-labelledby={`group-${group.id}`}>
            <h2 className="sessions-group" id={`group-${group.id}`}>
              {t.sessions[group.id]}
            </h2>
            <ul>
              {group.sessions.map((session) => (
                <SessionRow
                  key={session.id}
                  session={session}
                  now={now}
                  current={session.id === current}
                  unread={session.id !== current && session.last_seq > (props.seen[session.id] ?? session.last_seq)}
                  actions={actions}
                />
              ))}
            </ul>
          </section>
        ))}
        {rest > 0 && limit < LARGEST_PAGE ? (
          <Button
            small
            look="ghost"
            onClick={() => {
              setLimit(limit + PAGE);
            }}
          >
            {t.sessions.more({ count: Math.min(rest, PAGE) })}
          </Button>
        ) : null}
        {rest > 0 && limit >= LARGEST_PAGE ? <p className="quiet sessions-rest">{t.sessions.beyond({ count: rest })}</p> : null}
        {deleted || !filter ? (
          <Button
            small
            look="ghost"
            className="sessions-switch"
            onClick={() => {
              setDeleted(!deleted);
            }}
          >
            {deleted ? t.sessions.showActive : t.sessions.showDeleted}
          </Button>
        ) : null}
      </nav>
    </div>
  );
});

function SessionRow(props: { session: Session; now: number; current: boolean; unread: boolean; actions: SessionActions }) {
  const { session, current, unread, actions } = props;
  const name = sessionName(session);
  const entries = session.deleted
    ? [{ label: t.sessions.restore, run: () => { actions.restore(session); } }]
    : [
        { label: t.sessions.rename, run: () => { actions.rename(session); } },
        { label: session.pinned ? t.sessions.unpin : t.sessions.pin, run: () => { actions.pin(session); } },
        { label: t.sessions.fork, run: () => { actions.fork(session); } },
        { label: t.sessions.exportMarkdown, run: () => { actions.exportAs(session, "markdown"); } },
        { label: t.sessions.exportHtml, run: () => { actions.exportAs(session, "html"); } },
        { label: t.sessions.copyLink, run: () => { actions.copyLink(session); } },
        { label: t.sessions.exportJson, run: () => { actions.exportAs(session, "json"); } },
      ];
  return (
    <Context.Root modal={false}>
      <Context.Trigger asChild>
        <li className="session" data-current={current} data-unread={unread}>
          <button
            type="button"
            className="session-open"
            aria-current={current ? "page" : undefined}
            onClick={() => {
              if (session.deleted) actions.restore(session);
              else actions.open(session.id);
            }}
          >
            <Mark session={session} unread={unread} />
            <span className="truncate grow" title={name}>
              {name}
            </span>
            {session.deleted ? <span className="quiet session-restore">{t.sessions.restore}</span> : <span className="quiet num session-time">{shortTime(session.last_active_at, props.now)}</span>}
          </button>
          <Menu
            align="end"
            label={name}
            trigger={
              <button type="button" aria-label={`${t.common.more}: ${name}`} className="button icon ghost small session-more">
                <Ellipsis size={14} />
              </button>
            }
          >
            {entries.map((entry) => (
              <MenuItem key={entry.label} onSelect={entry.run}>
                {entry.label}
              </MenuItem>
            ))}
            {session.deleted ? null : (
              <>
                <MenuLine />
                <MenuItem danger onSelect={() => { actions.remove(session); }}>
                  {t.sessions.delete}
                </MenuItem>
              </>
            )}
          </Menu>
        </li>
      </Context.Trigger>
      <Context.Portal>
        <Context.Content className="menu" collisionPadding={8}>
          {entries.map((entry) => (
            <Context.Item key={entry.label} className="menu-item" onSelect={entry.run}>
              {entry.label}
            </Context.Item>
          ))}
          {session.deleted ? null : (
            <Context.Item className="menu-item danger" onSelect={() => { actions.remove(session); }}>
              {t.sessions.delete}
            </Context.Item>
          )}
        </Context.Content>
      </Context.Portal>
    </Context.Root>
  );
}

/** One sign before the name, the most urgent one; never by colour alone. */
function Mark({ session, unread }: { session: Session; unread: boolean }) {
  const mark = session.awaiting_approval
    ? { icon: <Hand size={13} className="warn" aria-hidden="true" />, word: t.sessions.awaiting }
    : session.running_operation_id
      ? { icon: <span className="dot-half" aria-hidden="true" />, word: t.sessions.running }
      : session.resumable_operation_id
        ? { icon: <RotateCcw size={12} className="warn" aria-hidden="true" />, word: t.sessions.interrupted }
        : unread
          ? { icon: <span className="dot-unread" aria-hidden="true" />, word: t.sessions.unread }
          : session.pinned
            ? { icon: <Pin size={12} className="quiet" aria-hidden="true" />, word: "" }
            : { icon: <MessageSquare size={12} className="quiet" aria-hidden="true" />, word: "" };
  return (
    <span className="session-mark" title={mark.word || undefined}>
      {mark.icon}
      {mark.word ? <span className="hidden-text">{mark.word}</span> : null}
    </span>
  );
}
