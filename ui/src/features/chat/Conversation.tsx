// The middle pane: the rows of the transcript, followed while they grow, kept in place otherwise.

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "react";
import { Button } from "../../components/Button";
import { Empty, FailureCard, Waiting } from "../../components/states";
import { t } from "../../i18n";
import type { FeedState } from "./feed";
import { Row, type ConversationActions } from "./rows";
import type { Item, Transcript } from "./transcript";

/** From this many rows on only what is near the view is drawn. */
const VIRTUAL_FROM = 120;
/** Closer than this to the end counts as being there, in pixels. */
const NEAR = 48;

const ESTIMATE: Record<Item["kind"], number> = {
  user: 76,
  header: 30,
  assistant: 140,
  reasoning: 30,
  tool: 30,
  notice: 34,
  compacted: 34,
  mark: 34,
  end: 44,
};

interface Anchor {
  key: string;
  offset: number;
}

export function Conversation(props: {
  feed: FeedState & { retry: () => void };
  actions: ConversationActions;
  /** Scroll to this step and mark it; a new object each time. */
  jump: { seq: number } | undefined;
  onExample: (text: string) => void;
  hasProject: boolean;
}) {
  const { feed, actions } = props;
  const { transcript } = feed;
  if (feed.failure && transcript.items.length === 0) {
    return (
      <div className="conversation-state">
        <FailureCard failure={feed.failure}>
          <Button small onClick={feed.retry}>
            {t.common.retry}
          </Button>
        </FailureCard>
      </div>
    );
  }
  if (!feed.loaded) return <Waiting what={t.chat.loading} />;
  if (transcript.items.length === 0) return <Beginning onExample={props.onExample} hasProject={props.hasProject} />;
  return <Rows key={transcript.sessionId} transcript={transcript} actions={actions} jump={props.jump} />;
}

function Beginning(props: { onExample: (text: string) => void; hasProject: boolean }) {
  return (
    <div className="beginning">
      <Empty
        title={t.chat.emptyTitle}
        action={
          props.hasProject ? (
            <ul className="examples">
              {t.chat.examples.map((example) => (
                <li key={example}>
                  <Button
                    look="ghost"
                    onClick={() => {
                      props.onExample(example);
                    }}
                  >
                    {example}
                  </Button>
                </li>
              ))}
            </ul>
          ) : null
        }
      >
        {props.hasProject ? t.chat.emptyHint : t.chat.noProject}
      </Empty>
    </div>
  );
}

function Rows(props: { transcript: Transcript; actions: ConversationActions; jump: { seq: number } | undefined }) {
  const { transcript, actions, jump } = props;
  const { items, sessionId } = transcript;
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set());
  const [found, setFound] = useState<string | undefined>(undefined);
  const [atEnd, setAtEnd] = useState(true);
  const follow = useRef(true);
  const virtual = items.length >= VIRTUAL_FROM;

  // The compiler cannot see inside; nothing here is memoised by it.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count: virtual ? items.length : 0,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => ESTIMATE[items[index]?.kind ?? "tool"],
    getItemKey: (index) => items[index]?.key ?? index,
    overscan: 12,
  });

  const toggle = useCallback((key: string) => {
    follow.current = false;
    setOpen((before) => {
      const after = new Set(before);
      if (!after.delete(key)) after.add(key);
      return after;
    });
  }, []);

  const toEnd = useCallback(() => {
    const element = scroller.current;
    if (element) element.scrollTop = element.scrollHeight;
  }, []);

  const showItem = useCallback(
    (position: number, key: string, offset = 0) => {
      follow.current = false;
      if (virtual) virtualizer.scrollToIndex(position, { align: "start" });
      const element = scroller.current;
      const row = element?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
      if (element && row) element.scrollTop += row.getBoundingClientRect().top - element.getBoundingClientRect().top - offset;
    },
    [virtual, virtualizer],
  );

  // Growing content is followed while the end is in view.
  useEffect(() => {
    const element = content.current;
    if (!element) return;
    const observer = new ResizeObserver(() => {
      if (follow.current) toEnd();
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
    };
  }, [toEnd]);

  // The place where the person was is taken up again.
  useLayoutEffect(() => {
    const anchor = readAnchor(sessionId);
    const position = anchor ? items.findIndex((item) => item.key === anchor.key) : -1;
    if (anchor && position >= 0) showItem(position, anchor.key, anchor.offset);
    else toEnd();
    // Only when the session opens.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [sessionId]);

  useEffect(() => {
    if (!jump) return;
    let position = -1;
    items.forEach((item, index) => {
      if (item.seq !== undefined && item.seq <= jump.seq) position = index;
    });
    const item = items[position];
    if (!item) return;
    setFound(item.key);
    if (item.kind === "tool") setOpen((before) => new Set(before).add(item.key));
    requestAnimationFrame(() => {
      showItem(position, item.key, 40);
    });
    // A jump happens once, however the list grows afterwards.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [jump]);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const near = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    follow.current = near;
    setAtEnd(near);
    saveAnchor(sessionId, near ? undefined : topRow(element));
  };

  const row = (item: Item) => (
    <Row
      item={item}
      transcript={transcript}
      open={open.has(item.key)}
      highlighted={found === item.key}
      onToggle={toggle}
      actions={actions}
    />
  );

  return (
    <div className="conversation">
      <div className="conversation-scroll" ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-live="off" aria-label={t.app.conversation}>
        <div
          className="conversation-content"
          ref={content}
          style={virtual ? { height: virtualizer.getTotalSize() } : undefined}
        >
          {virtual
            ? virtualizer.getVirtualItems().map((place) => {
                const item = items[place.index];
                return item ? (
                  <div
                    key={place.key}
                    data-index={place.index}
                    ref={virtualizer.measureElement}
                    className="virtual-row"
                    style={{ transform: `translateY(${place.start}px)` }}
                  >
                    {row(item)}
                  </div>
                ) : null;
              })
            : items.map((item) => <div key={item.key}>{row(item)}</div>)}
        </div>
      </div>
      <Announcer transcript={transcript} />
      {atEnd ? null : (
        <Button
          small
          className="to-end"
          onClick={() => {
            follow.current = true;
            toEnd();
          }}
        >
          <ArrowDown size={13} aria-hidden="true" />
          {t.chat.latest}
        </Button>
      )}
    </div>
  );
}

/** Reads finished messages to screen readers, not each piece of a stream. */
function Announcer({ transcript }: { transcript: Transcript }) {
  const last = transcript.items.findLast((item) => item.kind === "assistant" && !item.streaming);
  const [first] = useState(() => last?.key);
  const text = last && last.key !== first && last.kind === "assistant" ? t.chat.live({ text: last.text }) : "";
  return (
    <div className="hidden-text" role="status" aria-live="polite">
      {text}
    </div>
  );
}

function topRow(scroller: HTMLElement): Anchor | undefined {
  const top = scroller.getBoundingClientRect().top;
  for (const row of scroller.querySelectorAll<HTMLElement>("[data-key]")) {
    const box = row.getBoundingClientRect();
    if (box.bottom > top + 4) return { key: row.dataset["key"] ?? "", offset: Math.round(box.top - top) };
  }
  return undefined;
}

function saveAnchor(sessionId: string, anchor: Anchor | undefined): void {
  try {
    if (anchor) sessionStorage.setItem(`mira.scroll.${sessionId}`, JSON.stringify(anchor));
    else sessionStorage.removeItem(`mira.scroll.${sessionId}`);
  } catch {
    // Without storage a reload starts at the end.
  }
}

function readAnchor(sessionId: string): Anchor | undefined {
  try {
    return (JSON.parse(sessionStorage.getItem(`mira.scroll.${sessionId}`) ?? "null") as Anchor | null) ?? undefined;
  } catch {
    return undefined;
  }
}
