// The rows of a review in their scroller. A small review is drawn whole, file by file; of a large
// one only what is near the view, with the file's heading held at the top.

import { defaultRangeExtractor, useVirtualizer, type Range } from "@tanstack/react-virtual";
import { useEffect, useImperativeHandle, useRef, useSyncExternalStore, type Ref } from "react";
import { colours } from "../../components/colours";
import { ReviewRow } from "./ReviewRow";
import type { Row } from "./rows";

/** From this many rows on only what is near the view is drawn. */
const VIRTUAL_FROM = 400;

const ESTIMATE: Record<Row["kind"], number> = {
  file: 34,
  facts: 60,
  gap: 26,
  hunk: 30,
  line: 20,
  pair: 20,
  comment: 76,
  draft: 140,
};

export interface ListHandle {
  /** Brings a row into view, at the top if it is not there already. */
  show: (key: string, align?: "start" | "auto") => void;
}

export function ReviewList({ rows, handle }: { rows: readonly Row[]; handle: Ref<ListHandle> }) {
  useSyncExternalStore(colours.subscribe, colours.snapshot);
  return rows.length < VIRTUAL_FROM ? <Whole rows={rows} handle={handle} /> : <Windowed rows={rows} handle={handle} />;
}

function Whole({ rows, handle }: { rows: readonly Row[]; handle: Ref<ListHandle> }) {
  const scroller = useRef<HTMLDivElement>(null);
  useImperativeHandle(
    handle,
    () => ({
      show: (key, align = "auto") => {
        const row = scroller.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`);
        if (row) reveal(scroller.current, row, align);
      },
    }),
    [],
  );
  return (
    <div className="review-scroll" ref={scroller}>
      {byFile(rows).map((own) => (
        <section key={own[0]?.file.change.path} className="file-review" aria-label={own[0]?.file.change.path}>
          {own.map((row) => (
            <div key={row.key} data-key={row.key} className={row.kind === "file" ? "review-row sticky" : "review-row"}>
              <ReviewRow row={row} />
            </div>
          ))}
        </section>
      ))}
    </div>
  );
}

/** Height that a held heading takes from the view. */
const HEADING = 36;

function reveal(scroller: HTMLElement | null, row: HTMLElement, align: "start" | "auto"): void {
  if (!scroller) return;
  const top = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
  const inside = top >= HEADING && top + row.offsetHeight <= scroller.clientHeight;
  // A heading is held at the top itself: where it really lies only its section knows.
  const sticky = row.classList.contains("sticky");
  if (sticky && row.parentElement) {
    scroller.scrollTop += row.parentElement.getBoundingClientRect().top - scroller.getBoundingClientRect().top;
  } else if (align === "start" || !inside) {
    scroller.scrollTop += top - HEADING - (align === "start" ? 0 : 24);
  }
}

function byFile(rows: readonly Row[]): Row[][] {
  const out: Row[][] = [];
  for (const row of rows) {
    if (row.kind === "file") out.push([]);
    out.at(-1)?.push(row);
  }
  return out;
}

function Windowed({ rows, handle }: { rows: readonly Row[]; handle: Ref<ListHandle> }) {
  const scroller = useRef<HTMLDivElement>(null);
  const heading = useRef(0);
  // The compiler cannot see inside; nothing here is memoised by it.
  // eslint-disable-next-line react-hooks/incompatible-library
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: (index) => ESTIMATE[rows[index]?.kind ?? "line"],
    getItemKey: (index) => rows[index]?.key ?? index,
    overscan: 20,
    scrollPaddingStart: HEADING,
    rangeExtractor: (range: Range) => {
      heading.current = range.startIndex;
      while (heading.current > 0 && rows[heading.current]?.kind !== "file") heading.current -= 1;
      const indexes = defaultRangeExtractor(range);
      return indexes[0] === undefined || indexes[0] <= heading.current ? indexes : [heading.current, ...indexes];
    },
  });
  const latest = useRef({ rows, virtualizer });
  useEffect(() => {
    latest.current = { rows, virtualizer };
  });
  useImperativeHandle(
    handle,
    () => ({
      show: (key, align = "auto") => {
        const on = latest.current;
        const index = on.rows.findIndex((row) => row.key === key);
        if (index >= 0) on.virtualizer.scrollToIndex(index, { align });
      },
    }),
    [],
  );
  return (
    <div className="review-scroll" ref={scroller}>
      <div className="review-space" style={{ height: virtualizer.getTotalSize() }}>
        {virtualizer.getVirtualItems().map((item) => {
          const row = rows[item.index];
          if (!row) return null;
          const held = item.index === heading.current;
          return (
            <div
              key={item.key}
              data-key={row.key}
              data-index={item.index}
              ref={virtualizer.measureElement}
              className={held ? "review-row sticky" : "review-row placed"}
              style={held ? undefined : { transform: `translateY(${item.start}px)` }}
            >
              <ReviewRow row={row} />
            </div>
          );
        })}
      </div>
    </div>
  );
}
