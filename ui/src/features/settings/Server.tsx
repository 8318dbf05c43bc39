// What a server that is reached over the net has in the settings: an address, a key, a test.

import { useState } from "react";
import { Button } from "../../components/Button";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { Setting } from "../../protocol/generated/Setting";

/** One attempt at a time, with what came of the last one. */
export interface Trying<R> {
  busy: boolean;
  failure: Failure | undefined;
  /** Of the last test. */
  result: R | undefined;
  attempt: (work: () => Promise<R | undefined>) => void;
}

export function useTrying<R>(): Trying<R> {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const [result, setResult] = useState<R | undefined>(undefined);
  const attempt = async (work: () => Promise<R | undefined>) => {
    setBusy(true);
    setFailure(undefined);
    setResult(undefined);
    try {
      setResult(await work());
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, result, attempt: (work) => void attempt(work) };
}

export function AddressField(props: {
  id: string;
  label: string;
  hint: string;
  /** What is saved. */
  known: string;
  /** What is typed and not saved; undefined where nothing is. */
  draft: string | undefined;
  setting: Setting | undefined;
  busy: boolean;
  onDraft: (draft: string) => void;
  onSave: () => void;
}) {
  const { id, known, draft, setting } = props;
  const isFixed = setting?.editable === false;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <form
        className="row-line"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSave();
        }}
      >
        <input
          id={id}
          className="input mono"
          value={draft ?? known}
          spellCheck={false}
          disabled={isFixed}
          onChange={(event) => {
            props.onDraft(event.target.value);
          }}
        />
        {draft !== undefined && draft.trim() !== known ? (
          <Button type="submit" look="primary" disabled={props.busy}>
            {t.common.save}
          </Button>
        ) : null}
      </form>
      <p className="quiet">{isFixed ? t.settings.fixed({ source: setting.source }) : props.hint}</p>
    </div>
  );
}

/** A key goes to the system's keychain and is never shown again. */
export function SecretField(props: {
  id: string;
  label: string;
  /** Where the key in use is from, or why there is none. */
  hint: string;
  value: string;
  /** The environment has it, and wins. */
  isFixed: boolean;
  isSaved: boolean;
  busy: boolean;
  onChange: (value: string) => void;
  /** An empty key takes the saved one away. */
  onSave: (value: string) => void;
}) {
  const { id, value, isFixed, busy } = props;
  return (
    <div className="field">
      <label htmlFor={id}>{props.label}</label>
      <form
        className="row-line"
        onSubmit={(event) => {
          event.preventDefault();
          props.onSave(value.trim());
        }}
      >
        <input
          id={id}
          className="input mono"
          type="password"
          autoComplete="off"
          value={value}
          disabled={isFixed}
          placeholder={t.settings.keyPlaceholder}
          onChange={(event) => {
            props.onChange(event.target.value);
          }}
        />
        <Button type="submit" look="primary" disabled={busy || isFixed || !value.trim()}>
          {t.settings.keySave}
        </Button>
        {props.isSaved ? (
          <Button
            disabled={busy}
            look="danger"
            onClick={() => {
              props.onSave("");
            }}
          >
            {t.settings.keyRemove}
          </Button>
        ) : null}
      </form>
      <p className="quiet">{props.hint}</p>
    </div>
  );
}
