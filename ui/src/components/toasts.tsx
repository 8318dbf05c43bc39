// Short words about what just happened, with a way back.

import { X } from "lucide-react";
import { createContext, useCallback, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { createPortal } from "react-dom";
import { t } from "../i18n";
import { Button, IconButton } from "./Button";

interface Toast {
  id: number;
  text: string;
  failed: boolean;
  action: { label: string; run: () => void } | undefined;
}

export interface Toasts {
  say(text: string, action?: Toast["action"]): void;
  fail(text: string, action?: Toast["action"]): void;
}

const ToastContext = createContext<Toasts>({ say: () => undefined, fail: () => undefined });
const PlaceContext = createContext<(element: HTMLElement | null) => void>(() => undefined);

const STAY_MS = 8000;
/** Where there is something to press or to find out, it takes a while to read and to reach. */
const STAY_TO_ACT_MS = 20_000;
/** More at once are not read. */
const MOST = 2;
let nextId = 1;

/** `lasting`: none goes by itself. */
export function ToastProvider({ children, lasting = false }: { children: ReactNode; lasting?: boolean }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const [within, setWithin] = useState<HTMLElement | null>(null);
  const drop = useCallback((id: number) => {
    setToasts((all) => all.filter((toast) => toast.id !== id));
  }, []);
  const api = useMemo<Toasts>(() => {
    const add = (text: string, failed: boolean, action: Toast["action"]) => {
      setToasts((all) => [...all.slice(1 - MOST), { id: nextId++, text, failed, action }]);
    };
    return {
      say: (text, action) => {
        add(text, false, action);
      },
      fail: (text, action) => {
        add(text, true, action);
      },
    };
  }, []);
  const list = (
    <div className="toasts" role="status" aria-live="polite">
      {toasts.map((toast) => (
        <Shown key={toast.id} toast={toast} lasting={lasting} onDrop={drop} />
      ))}
    </div>
  );
  return (
    <ToastContext.Provider value={api}>
      <PlaceContext.Provider value={setWithin}>{children}</PlaceContext.Provider>
      {within && !within.closest("[inert]") ? createPortal(list, within) : list}
    </ToastContext.Provider>
  );
}

/** Goes by itself, but not while it has the pointer or the keys. */
function Shown({ toast, lasting, onDrop }: { toast: Toast; lasting: boolean; onDrop: (id: number) => void }) {
  const { id, action } = toast;
  const stay = action || toast.failed ? STAY_TO_ACT_MS : STAY_MS;
  const [held, setHeld] = useState(false);
  const hold = () => {
    setHeld(true);
  };
  const free = () => {
    setHeld(false);
  };
  const drop = () => {
    onDrop(id);
  };
  useEffect(() => {
    if (held || lasting) return;
    const timer = setTimeout(() => {
      onDrop(id);
    }, stay);
    return () => {
      clearTimeout(timer);
    };
  }, [held, lasting, stay, id, onDrop]);
  return (
    <div className={toast.failed ? "toast failed" : "toast"} onPointerEnter={hold} onPointerLeave={free} onFocus={hold} onBlur={free}>
      <span className="grow">{toast.text}</span>
      {action ? (
        <Button
          small
          onClick={() => {
            action.run();
            drop();
          }}
        >
          {action.label}
        </Button>
      ) : null}
      <IconButton small label={t.common.dismiss} onClick={drop}>
        <X size={13} />
      </IconButton>
    </div>
  );
}

/** Where they stand while this is on the screen, and which they do not leave: what is beside it stays uncovered. At the top, or `low`: a page has its heading and tabs there. */
export function ToastPlace({ low }: { low?: boolean }) {
  return <div className={low ? "toast-place low" : "toast-place"} ref={useContext(PlaceContext)} />;
}

export function useToasts(): Toasts {
  return useContext(ToastContext);
}
