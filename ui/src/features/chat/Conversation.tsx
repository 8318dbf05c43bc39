// The middle pane: the rows of the transcript, followed while they grow, kept in place otherwise.

import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown } from "lucide-react";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { ApplyCode, type CodeToApply } from "../../components/Code";
import { Empty, FailureCard, Waiting } from "../../components/states";
import { ToastPlace } from "../../components/toasts";
import { t } from "../../i18n";
import { useFeedState, type OpenFeed } from "./feed";
import { matches } from "./find";
import { FindBar } from "./FindBar";
import { markWords } from "./markWords";
import { Row, type RowActions } from "./rows";
import type { Item, Transcript } from "./transcript";

/** From this many rows on only what is near the view is drawn. */
const VIRTUAL_FROM = 120;
/** Closer than this to the end counts as being there, in pixels. */
const NEAR = 48;
/** Closer than this to the beginning asks for what stands before it, in pixels. */
const NEAR_TOP = 1600;
/** The place in the conversation is kept at most this long after it was scrolled to. */
const SAVE_MS = 250;

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
  feed: OpenFeed;
  actions: RowActions;
  /** Scroll to this step and mark it; a new object each time. */
  jump: { seq: number } | undefined;
  finding: boolean;
  onFindingEnds: () => void;
  onApply: (block: CodeToApply) => void;
  onExample: (text: string) => void;
  hasProject: boolean;
  /** What can be done instead while no model can be asked. */
  withoutModel: ReactNode;
}) {
  const { feed } = props;
  const { transcript, failure, loaded, earlier } = useFeedState(feed);
  if (failure && transcript.items.length === 0) {
    return (
      <div className="conversation-state">
        <FailureCard failure={failure}>
          <Button small onClick={feed.retry}>
            {t.common.retry}
          </Button>
        </FailureCard>
      </div>
    );
  }
  if (!loaded) return <Waiting what={t.chat.loading} />;
  // A rewind may have hidden all that is loaded; what stands before it is on its way.
  if (transcript.items.length === 0 && earlier) return <Waiting what={t.chat.loading} />;
  if (transcript.items.length === 0) return <Beginning onExample={props.onExample} hasProject={props.hasProject} withoutModel={props.withoutModel} />;
  return (
    <ApplyCode value={props.hasProject ? props.onApply : undefined}>
      <Rows key={transcript.sessionId} {...props} />
    </ApplyCode>
  );
}

function Beginning(props: { onExample: (text: string) => void; hasProject: boolean; withoutModel: ReactNode }) {
  return (
    <div className="beginning">
      <Empty
        title={t.chat.emptyTitle}
        action={
          !props.hasProject ? null : props.withoutModel ? (
            props.withoutModel
          ) : (
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
          )
        }
      >
        {!props.hasProject ? t.chat.noProject : props.withoutModel ? t.chat.without.hint : t.chat.emptyHint}
      </Empty>
    </div>
  );
}

function Rows(props: {
  feed: OpenFeed;
  actions: RowActions;
  jump: { seq: number } | undefined;
  finding: boolean;
  onFindingEnds: () => void;
}) {
  const { feed, actions, jump } = props;
  const { loadEarlier } = feed;
  const { transcript, earlier } = useFeedState(feed);
  const { items, sessionId, firstSeq } = transcript;
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set());
  const [found, setFound] = useState<string | undefined>(undefined);
  const [atEnd, setAtEnd] = useState(true);
  const follow = useRef(true);
  const scrolledTo = useRef(0);
  /** The first row in view, so that rows which come before it do not move it. */
  const anchor = useRef<Anchor | undefined>(undefined);
  const virtual = items.length >= VIRTUAL_FROM;

  // Which rows there are: a new answer makes the list measure all of them again, so that it changes
  // with the rows and not with what is written into the last one.
  const { log } = transcript;
  const liveKeys = items.slice(transcript.settled).filter((item) => item.seq === undefined).map((item) => item.key).join(" ");
  const order = useMemo(
    () => items.map((item) => item.key),
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [log, liveKeys],
  );
  const keyAt = useCallback((index: number) => order[index] ?? index, [order]);

  // The compiler cannot see inside; nothing here is memoised by it.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count: virtual ? items.length : 0,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => ESTIMATE[items[index]?.kind ?? "tool"],
    getItemKey: keyAt,
    overscan: 10,
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

  /** Brings a row to `offset` pixels below the top; once more when it has been measured. */
  const showItem = useCallback(
    (position: number, key: string, offset = 0) => {
      follow.current = false;
      const element = scroller.current;
      if (!element) return;
      if (virtual) {
        const place = virtualizer.getOffsetForIndex(position, "start");
        if (place) element.scrollTop = place[0] - offset;
      }
      const settle = () => {
        const row = element.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
        if (row) element.scrollTop += row.getBoundingClientRect().top - element.getBoundingClientRect().top - offset;
      };
      settle();
      if (virtual) requestAnimationFrame(settle);
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

  // What the person says is seen, wherever they were; so is the place that they went back to.
  const lastSaid = items.findLast((item) => item.kind === "user" && !item.steering)?.key;
  const knownSaid = useRef(lastSaid);
  useLayoutEffect(() => {
    if (knownSaid.current === lastSaid) return;
    knownSaid.current = lastSaid;
    follow.current = true;
    toEnd();
  }, [lastSaid, toEnd]);

  // The place where the person was is taken up again.
  useLayoutEffect(() => {
    const kept = readAnchor(sessionId);
    const position = kept ? items.findIndex((item) => item.key === kept.key) : -1;
    if (kept && position >= 0) showItem(position, kept.key, kept.offset);
    else toEnd();
    // Only when the session opens.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [sessionId]);

  // Earlier rows came in above: what was in view stays where it was.
  const shownFrom = useRef(firstSeq);
  useLayoutEffect(() => {
    if (shownFrom.current === firstSeq) return;
    shownFrom.current = firstSeq;
    const kept = anchor.current;
    if (!kept || follow.current) return;
    const position = items.findIndex((item) => item.key === kept.key);
    if (position >= 0) showItem(position, kept.key, kept.offset);
  }, [firstSeq, items, showItem]);

  const visit = useCallback(
    (item: Item, position: number) => {
      setFound(item.key);
      if (item.kind === "tool" || item.kind === "reasoning") setOpen((before) => new Set(before).add(item.key));
      requestAnimationFrame(() => {
        showItem(position, item.key, 60);
      });
    },
    [showItem],
  );

  const { loadBackTo } = feed;
  const wantsOlder = jump !== undefined && earlier && jump.seq < firstSeq;
  useEffect(() => {
    if (!jump) return;
    if (wantsOlder) {
      void loadBackTo(jump.seq);
      return;
    }
    let position = -1;
    items.forEach((item, index) => {
      const best = items[position]?.seq ?? -1;
      if (item.seq !== undefined && item.seq <= jump.seq && item.seq >= best) position = index;
    });
    const item = items[position];
    if (item) visit(item, position);
    // A jump happens once, however the list grows afterwards.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [jump, wantsOlder]);

  const saving = useRef<ReturnType<typeof setTimeout>>(undefined);
  const save = useCallback(() => {
    clearTimeout(saving.current);
    saving.current = undefined;
    saveAnchor(sessionId, follow.current ? undefined : anchor.current);
  }, [sessionId]);
  // Each frame of a way through the conversation would write to the disk.
  const saveSoon = () => {
    saving.current ??= setTimeout(save, SAVE_MS);
  };
  useEffect(() => {
    addEventListener("pagehide", save);
    return () => {
      removeEventListener("pagehide", save);
      if (saving.current !== undefined) save();
    };
  }, [save]);

  const onScroll = () => {
    const element = scroller.current;
    if (!element) return;
    const near = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    // Rows that turn out taller leave the end behind without anybody going away from it: only a way up does.
    const wentUp = element.scrollTop < scrolledTo.current;
    scrolledTo.current = element.scrollTop;
    follow.current = near || (follow.current && !wentUp);
    setAtEnd(follow.current);
    anchor.current = topRow(element);
    saveSoon();
    if (earlier && element.scrollTop < NEAR_TOP) loadEarlier();
  };

  // A first page that does not fill the view, or a view that stands near its beginning.
  useEffect(() => {
    const element = scroller.current;
    if (earlier && element && element.scrollTop < NEAR_TOP && element.scrollHeight > 0) {
      anchor.current = topRow(element);
      loadEarlier();
    }
  }, [earlier, firstSeq, loadEarlier]);

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

  const places = virtualizer.getVirtualItems();
  return (
    <div className="conversation">
      <ToastPlace />
      {props.finding ? (
        <Find
          feed={feed}
          scroller={scroller}
          onVisit={visit}
          onClose={() => {
            setFound(undefined);
            props.onFindingEnds();
          }}
        />
      ) : null}
      <div className="conversation-scroll" ref={scroller} onScroll={onScroll} tabIndex={0} role="log" aria-live="off" aria-label={t.app.conversation}>
        {earlier ? <p className="earlier quiet">{t.talk.earlier}</p> : null}
        <div
          className={virtual ? "conversation-content virtual" : "conversation-content"}
          ref={content}
          style={virtual ? { height: virtualizer.getTotalSize() } : undefined}
        >
          {virtual ? (
            <div className="virtual-rows" style={{ transform: `translateY(${places[0]?.start ?? 0}px)` }}>
              {places.map((place) => {
                const item = items[place.index];
                return item ? (
                  <div key={place.key} data-index={place.index} ref={virtualizer.measureElement} className="virtual-row">
                    {row(item)}
                  </div>
                ) : null;
              })}
            </div>
          ) : (
            items.map((item) => <div key={item.key}>{row(item)}</div>)
          )}
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

/** Finds words in the whole conversation: what is not loaded yet is loaded for it. */
function Find(props: {
  feed: OpenFeed;
  scroller: React.RefObject<HTMLDivElement | null>;
  onVisit: (item: Item, position: number) => void;
  onClose: () => void;
}) {
  const { feed, scroller, onVisit } = props;
  const { transcript, earlier } = useFeedState(feed);
  const { items } = transcript;
  const [words, setWords] = useState("");
  const [chosen, setChosen] = useState<string | undefined>(undefined);
  const found = useMemo(() => matches(items, words), [items, words]);
  const at = chosen === undefined ? -1 : found.indexOf(chosen);

  const { loadBackTo } = feed;
  const looking = words.trim() !== "";
  useEffect(() => {
    if (looking) void loadBackTo(1);
  }, [looking, loadBackTo]);

  // Marks follow scrolling, folding and what streams in.
  useEffect(() => {
    const root = scroller.current;
    let frame = 0;
    const mark = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => {
        markWords(root, words);
      });
    };
    mark();
    const observer = new MutationObserver(mark);
    if (root) observer.observe(root, { childList: true, subtree: true, characterData: true });
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      markWords(root, "");
    };
  }, [words, scroller]);

  const go = (key: string | undefined) => {
    const position = items.findIndex((item) => item.key === key);
    const item = items[position];
    if (!item) return;
    setChosen(key);
    onVisit(item, position);
  };
  return (
    <FindBar
      words={words}
      onWords={(next) => {
        setWords(next);
        // The newest match first: people look for what they have just seen.
        go(matches(items, next).at(-1));
      }}
      count={found.length}
      at={at}
      loading={earlier}
      onStep={(step) => {
        const next = at < 0 ? found.length - 1 : (at + step + found.length) % found.length;
        go(found[next]);
      }}
      onClose={props.onClose}
    />
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
