// What a server that is reached over the net has in the settings: an address, a key, a test.

import { useId, useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { Setting } from "../../protocol/generated/Setting";
import { useSaved } from "../../protocol/saved";
import { whyFixed } from "./fixed";

interface ServerProps<R> {
  name: string;
  /** How it stands, beside its name. */
  badge?: ReactNode;
  address: {
    label: string;
    hint: string;
    /** What is saved. */
    known: string;
    /** The name of the setting that keeps it. */
    setting: string;
  };
  /** Nothing where it would be of no use yet. */
  secret:
    | {
        label: string;
        /** Where the key in use is from, or why there is none. */
        hint: string;
        /** The environment has it, and wins. */
        isFixed: boolean;
        isSaved: boolean;
        /** An empty key takes the saved one away. */
        save: (key: string) => Promise<unknown>;
      }
    | undefined;
  test: {
    label: string;
    /** Without an address there is nothing to test. */
    needsAddress?: boolean;
    /** With what is typed, saved or not. */
    run: (address: string, key: string | undefined) => Promise<R>;
    said: (result: R) => ReactNode;
  };
}

/** One attempt at a time, with what came of the last one. */
export function Server<R>({ name, badge, address, secret, test }: ServerProps<R>) {
  const saved = useSaved();
  const toasts = useToasts();
  const id = useId();
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const [result, setResult] = useState<R | undefined>(undefined);
  const typed = (draft ?? address.known).trim();
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
  const saveAddress = async () => {
    await saved.save(address.setting, typed || null);
    setDraft(undefined);
    toasts.say(t.settings.saved);
    return undefined;
  };
  const saveKey = async (value: string) => {
    await secret?.save(value);
    setKey("");
    toasts.say(value ? t.settings.keySaved : t.settings.keyRemoved);
    return undefined;
  };
  return (
    <section className="provider" aria-labelledby={`${id}-name`}>
      <div className="row-line">
        <h2 className="section-title" id={`${id}-name`}>
          {name}
        </h2>
        {badge}
        <span className="grow" />
        <Button small disabled={busy || (test.needsAddress === true && !typed)} onClick={() => void attempt(() => test.run(typed, key.trim() || undefined))}>
          {busy ? t.settings.testing : test.label}
        </Button>
      </div>
      <AddressField
        id={`${id}-url`}
        label={address.label}
        hint={address.hint}
        known={address.known}
        draft={draft}
        setting={saved.of(address.setting)}
        busy={busy}
        onDraft={setDraft}
        onSave={() => void attempt(saveAddress)}
      />
      {secret ? <SecretField id={`${id}-key`} {...secret} value={key} busy={busy} onChange={setKey} onSave={(value) => void attempt(() => saveKey(value))} /> : null}
      {result === undefined ? null : (
        <p className="row-line wrap" role="status">
          <span className="badge good">{t.settings.ready}</span>
          {test.said(result)}
        </p>
      )}
      {failure ? <FailureCard failure={failure} /> : null}
    </section>
  );
}

function AddressField(props: {
  id: string;
  label: string;
  hint: string;
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
      <p className="quiet">{isFixed ? whyFixed(setting) : props.hint}</p>
    </div>
  );
}

/** A key goes to the system's keychain and is never shown again. */
function SecretField(props: {
  id: string;
  label: string;
  hint: string;
  value: string;
  isFixed: boolean;
  isSaved: boolean;
  busy: boolean;
  onChange: (value: string) => void;
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
