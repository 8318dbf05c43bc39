// Every action with its keys: searched by name or by pressing keys, changed, checked, reset.

import { Keyboard, RotateCcw, X } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, IconButton, Keys, shown } from "../components/Button";
import { Empty } from "../components/states";
import { useToasts } from "../components/toasts";
import { t } from "../i18n";
import { useSaved } from "../protocol/saved";
import { told } from "../protocol/told";
import type { Action } from "./actions";
import { bound, canonical, pressed, readOverrides, taken, unusable, withKeys, type Overrides } from "./keys";

const NAME = "MIRA_SHORTCUTS";

interface Question {
  action: Action;
  keys: string;
  other: Action;
}

/** `actions` with their usual keys. */
export function ShortcutsPage({ actions }: { actions: readonly Action[] }) {
  const saved = useSaved();
  const toasts = useToasts();
  const overrides = readOverrides(saved.of(NAME)?.value);
  const now = bound(actions, overrides);
  const [filter, setFilter] = useState("");
  const [searchKeys, setSearchKeys] = useState<string | undefined>(undefined);
  const [recording, setRecording] = useState<string | "search" | undefined>(undefined);
  const [problem, setProblem] = useState<{ id: string; text: string } | undefined>(undefined);
  const [question, setQuestion] = useState<Question | undefined>(undefined);

  const store = (next: Overrides) => {
    saved.save(NAME, Object.keys(next).length === 0 ? null : JSON.stringify(next)).then(
      () => {
        setQuestion(undefined);
        setProblem(undefined);
      },
      (error: unknown) => {
        toasts.fail(told(error));
      },
    );
  };
  const usual = (id: string) => actions.find((one) => one.id === id);
  const give = (action: Action, keys: string) => {
    const own = usual(action.id);
    if (!own) return;
    const reason = unusable(keys);
    if (reason) {
      setProblem({ id: action.id, text: t.shortcuts[reason]({ keys: shown(keys) }) });
      return;
    }
    const other = taken(now, keys, action.id);
    if (other) setQuestion({ action, keys, other });
    else store(withKeys(overrides, own, keys));
  };

  useRecording(recording !== undefined, (keys) => {
    const what = recording;
    setRecording(undefined);
    if (keys === undefined || what === undefined) return;
    if (what === "search") setSearchKeys(keys);
    else {
      const action = now.find((one) => one.id === what);
      if (action) give(action, keys);
    }
  });

  const words = filter.trim().toLowerCase();
  const listed = now.filter(
    (action) =>
      (searchKeys === undefined || (action.keys !== undefined && canonical(action.keys) === searchKeys)) &&
      `${action.title} ${action.words ?? ""} ${action.id}`.toLowerCase().includes(words),
  );
  return (
    <div className="stack">
      <div className="row-line wrap">
        <input
          className="input grow"
          type="search"
          value={filter}
          placeholder={t.shortcuts.filter}
          aria-label={t.shortcuts.filter}
          onChange={(event) => {
            setFilter(event.target.value);
          }}
        />
        <Button
          small
          aria-pressed={recording === "search"}
          onClick={() => {
            setSearchKeys(undefined);
            setRecording("search");
          }}
        >
          <Keyboard size={13} aria-hidden="true" />
          {recording === "search" ? t.shortcuts.press : searchKeys ? shown(searchKeys) : t.shortcuts.byKeys}
        </Button>
        {searchKeys ? (
          <IconButton
            small
            label={t.shortcuts.allKeys}
            onClick={() => {
              setSearchKeys(undefined);
            }}
          >
            <X size={13} />
          </IconButton>
        ) : null}
        <Button
          small
          look="ghost"
          disabled={Object.keys(overrides).length === 0}
          onClick={() => {
            store({});
          }}
        >
          {t.shortcuts.resetAll}
        </Button>
      </div>
      <p className="quiet">{t.shortcuts.hint}</p>
      {question ? (
        <div className="failure" role="alert">
          <p>{t.shortcuts.conflict({ keys: shown(question.keys), action: question.other.title })}</p>
          <div className="row-line">
            <Button
              small
              look="primary"
              onClick={() => {
                const own = usual(question.action.id);
                const other = usual(question.other.id);
                if (own && other) store(withKeys(withKeys(overrides, other, ""), own, question.keys));
              }}
            >
              {t.shortcuts.takeOver({ action: question.action.title })}
            </Button>
            <Button small onClick={() => { setQuestion(undefined); }}>
              {t.common.cancel}
            </Button>
          </div>
        </div>
      ) : null}
      {listed.length === 0 ? <Empty title={t.palette.none} /> : null}
      <ul className="shortcut-list">
        {listed.map((action) => (
          <li key={action.id} className="shortcut">
            <span className="grow">
              {action.title}
              {action.slash ? <span className="quiet mono"> /{action.slash}</span> : null}
              {problem?.id === action.id ? (
                <span className="bad block" role="alert">
                  {problem.text}
                </span>
              ) : null}
            </span>
            <Button
              small
              look={recording === action.id ? "primary" : "plain"}
              aria-label={action.keys ? t.shortcuts.change({ action: action.title, keys: shown(action.keys) }) : t.shortcuts.set({ action: action.title })}
              onClick={() => {
                setProblem(undefined);
                setQuestion(undefined);
                setRecording(action.id);
              }}
            >
              {recording === action.id ? t.shortcuts.press : action.keys ? <Keys>{action.keys}</Keys> : t.shortcuts.none}
            </Button>
            <IconButton
              small
              label={t.shortcuts.clear({ action: action.title })}
              disabled={!action.keys}
              onClick={() => {
                const own = usual(action.id);
                if (own) store(withKeys(overrides, own, ""));
              }}
            >
              <X size={13} />
            </IconButton>
            <IconButton
              small
              label={t.shortcuts.reset({ action: action.title })}
              disabled={overrides[action.id] === undefined}
              onClick={() => {
                const own = usual(action.id);
                if (own) store(withKeys(overrides, own, own.keys ?? ""));
              }}
            >
              <RotateCcw size={13} />
            </IconButton>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** The next key press, before anything else hears it; Escape alone gives up. */
function useRecording(on: boolean, done: (keys: string | undefined) => void): void {
  useEffect(() => {
    if (!on) return undefined;
    const onKey = (event: KeyboardEvent) => {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.key === "Escape") done(undefined);
      else {
        const keys = pressed(event);
        if (keys !== undefined) done(keys);
      }
    };
    addEventListener("keydown", onKey, true);
    return () => {
      removeEventListener("keydown", onKey, true);
    };
  });
}
