// What the pages of this view share: a field to search with, a call that says how it went.

import { useDeferredValue, useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { told } from "../../protocol/told";

/** A search field and what it says, a moment later. */
export function useSearch(label: string): { field: ReactNode; search: string | undefined } {
  const [text, setText] = useState("");
  const search = useDeferredValue(text.trim());
  const field = (
    <input
      className="input trust-search"
      type="search"
      value={text}
      placeholder={label}
      aria-label={label}
      onChange={(event) => {
        setText(event.target.value);
      }}
    />
  );
  return { field, search: search || undefined };
}

/** The search of a list, and the choice to see what was removed from it. */
export function useNarrowed(words: { search: string; showRemoved: string }): { bar: ReactNode; search: string | undefined; removed: boolean } {
  const { field, search } = useSearch(words.search);
  const [removed, setRemoved] = useState(false);
  const bar = (
    <div className="row-line wrap">
      {field}
      <label className="row-line">
        <input
          type="checkbox"
          checked={removed}
          onChange={(event) => {
            setRemoved(event.target.checked);
          }}
        />
        {words.showRemoved}
      </label>
    </div>
  );
  return { bar, search, removed };
}

const PAGE = 50;

/** How many rows of a long list are asked for, and the button for older ones. */
export function useMore(): { limit: number; more: ReactNode } {
  const [limit, setLimit] = useState(PAGE);
  const more = (
    <Button
      small
      onClick={() => {
        setLimit(limit + PAGE);
      }}
    >
      {t.trust.older}
    </Button>
  );
  return { limit, more };
}

/** Does something and says what failed; with `done`, what was done and how to take it back. */
export function useAttempt(): (work: () => Promise<unknown>, done?: { say: string; undo?: () => Promise<unknown> }) => void {
  const toasts = useToasts();
  const fail = (error: unknown) => {
    toasts.fail(told(error));
  };
  return (work, done) => {
    work().then(() => {
      if (!done) return;
      const { undo } = done;
      toasts.say(
        done.say,
        undo
          ? {
              label: t.common.undo,
              run: () => {
                undo().catch(fail);
              },
            }
          : undefined,
      );
    }, fail);
  };
}

/** A column's head: over words, over figures, or over buttons, where only a screen reader says it. */
export type Head = string | { over: "figures" | "buttons"; text: string };

export const figures = (text: string): Head => ({ over: "figures", text });
export const buttons = (): Head => ({ over: "buttons", text: t.common.more });

/** A table that scrolls by itself where the window is narrow. */
export function DataTable(props: { label: string; heads: readonly Head[]; children: ReactNode }) {
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={props.label}>
      <table className="table">
        <thead>
          <tr>
            {props.heads.map((head, index) =>
              typeof head === "string" ? (
                <th key={index} scope="col">
                  {head}
                </th>
              ) : (
                <th key={index} scope="col" className={head.over === "figures" ? "num" : undefined}>
                  {head.over === "figures" ? head.text : <span className="hidden-text">{head.text}</span>}
                </th>
              ),
            )}
          </tr>
        </thead>
        <tbody>{props.children}</tbody>
      </table>
    </div>
  );
}
