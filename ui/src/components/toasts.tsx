// Short words about what just happened, with a way back.

import { X } from "lucide-react";
import { createContext, useCallback, useContext, useMemo, useState, type ReactNode } from "react";
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

const STAY_MS = 8000;
let nextId = 1;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const drop = useCallback((id: number) => {
    setToasts((all) => all.filter((toast) => toast.id !== id));
  }, []);
  const api = useMemo<Toasts>(() => {
    const add = (text: string, failed: boolean, action: Toast["action"]) => {
      const id = nextId++;
      setToasts((all) => [...all.slice(-2), { id, text, failed, action }]);
      setTimeout(() => {
        drop(id);
      }, STAY_MS);
    };
    return {
      say: (text, action) => {
        add(text, false, action);
      },
      fail: (text, action) => {
        add(text, true, action);
      },
    };
  }, [drop]);
  return (
    <ToastContext.Provider value={api}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map((toast) => (
          <div key={toast.id} className={toast.failed ? "toast failed" : "toast"}>
            <span className="grow">{toast.text}</span>
            {toast.action ? (
              <Button
                small
                onClick={() => {
                  toast.action?.run();
                  drop(toast.id);
                }}
              >
                {toast.action.label}
              </Button>
            ) : null}
            <IconButton
              small
              label={t.common.dismiss}
              onClick={() => {
                drop(toast.id);
              }}
            >
              <X size={13} />
            </IconButton>
          </div>
        ))}
      </div>
    </ToastContext.Provider>
  );
}

export function useToasts(): Toasts {
  return useContext(ToastContext);
}
