// Small view state: a value, listeners, and what of it survives a reload.

import { useEffect, useLayoutEffect, useReducer, useRef, useSyncExternalStore } from "react";

export interface Store<T> {
  get(): T;
  set(change: Partial<T> | ((value: T) => Partial<T>)): void;
  subscribe(listener: () => void): () => void;
}

/** With `saveAs` the value is kept under that name; what is saved wins over `initial`. */
export function createStore<T extends object>(initial: T, saveAs?: string): Store<T> {
  let value: T = saveAs ? { ...initial, ...read(saveAs) } : initial;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (change) => {
      value = { ...value, ...(typeof change === "function" ? change(value) : change) };
      if (saveAs) write(saveAs, value);
      for (const listener of listeners) listener();
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function useStore<T>(store: Store<T>): T {
  const value = useSyncExternalStore(store.subscribe, store.get);
  // React listens some time after the first picture; on a busy machine keys come before that. What
  // they change is drawn, too, or their field would take each letter back for the next one.
  const [, again] = useReducer((count: number) => count + 1, 0);
  const early = useRef<() => void>(undefined);
  useLayoutEffect(() => {
    const stop = store.subscribe(again);
    early.current = stop;
    return stop;
  }, [store]);
  useEffect(() => {
    early.current?.();
  }, [store]);
  return value;
}

/** Saved JSON, or nothing where it is missing, broken or not allowed. */
export function read(name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(name) ?? "{}");
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

export function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // A full or forbidden storage costs only the memory of pane widths and drafts.
  }
}
