import { useEffect, useRef, type KeyboardEvent, type ReactNode } from "react";
import { stepped } from "./walk";

export interface TabSpec<T extends string> {
  id: T;
  label: string;
  count?: number | undefined;
  mark?: ReactNode;
}

/** A row of tabs; arrow keys, Home and End move, the panel has the id `${name}-panel`. */
export function Tabs<T extends string>(props: { name: string; label: string; tabs: TabSpec<T>[]; current: T; onChange: (tab: T) => void }) {
  const list = useRef<HTMLDivElement>(null);
  const { name, current } = props;
  useEffect(() => {
    const chosen = list.current?.querySelector<HTMLElement>(`#${name}-${current}`);
    // In a narrow place the row scrolls; what is chosen must be seen.
    chosen?.scrollIntoView({ block: "nearest", inline: "nearest" });
    // The keys stay on no tab that something else than a key left.
    if (list.current?.contains(document.activeElement)) chosen?.focus();
  }, [name, current]);
  const move = (event: KeyboardEvent) => {
    const { tabs } = props;
    const to = stepped(event.key, tabs.findIndex((tab) => tab.id === props.current), tabs.length, "across");
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    if (!next) return;
    props.onChange(next.id);
    list.current?.querySelector<HTMLElement>(`#${props.name}-${next.id}`)?.focus();
  };
  return (
    <div className="tabs" role="tablist" aria-label={props.label} ref={list} onKeyDown={move}>
      {props.tabs.map((tab) => (
        <button
          key={tab.id}
          id={`${props.name}-${tab.id}`}
          type="button"
          role="tab"
          className="tab"
          aria-selected={tab.id === props.current}
          aria-controls={`${props.name}-panel`}
          tabIndex={tab.id === props.current ? 0 : -1}
          onClick={() => {
            props.onChange(tab.id);
          }}
        >
          {tab.label}
          {tab.count ? <span className="count">{tab.count}</span> : null}
          {tab.mark}
        </button>
      ))}
    </div>
  );
}
