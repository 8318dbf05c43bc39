// The Qdrant server that may keep vectors: its address, its key, whether it answers.

import { useId, useState } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { duration } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { VectorsState } from "../../protocol/generated/VectorsState";
import type { VectorsTest } from "../../protocol/generated/VectorsTest";
import { useClient } from "../../protocol/queries";
import { useSaved } from "../../protocol/saved";

export function QdrantServer({ state }: { state: VectorsState }) {
  const words = t.vectorStore;
  const client = useClient();
  const saved = useSaved();
  const toasts = useToasts();
  const id = useId();
  const [url, setUrl] = useState<string | undefined>(undefined);
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const [result, setResult] = useState<VectorsTest | undefined>(undefined);
  const setting = saved.of("QDRANT_URL");
  const known = state.qdrant_url ?? "";
  const typed = (url ?? known).trim();
  const fixed = state.key_source === "environment";
  const attempt = async (work: () => Promise<void>) => {
    setBusy(true);
    setFailure(undefined);
    setResult(undefined);
    try {
      await work();
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      setBusy(false);
    }
  };
  const test = () =>
    attempt(async () => {
      setResult(await client.call("vectors.test", { url: typed || null, key: key.trim() || null }));
    });
  const saveUrl = () =>
    attempt(async () => {
      await saved.save("QDRANT_URL", typed || null);
      setUrl(undefined);
      toasts.say(t.settings.saved);
    });
  const saveKey = (value: string) =>
    attempt(async () => {
      await client.call("vectors.set_key", { key: value });
      setKey("");
      toasts.say(value ? t.settings.keySaved : t.settings.keyRemoved);
    });
  return (
    <section className="provider" aria-label={words.server}>
      <div className="row-line">
        <h2 className="section-title">{words.server}</h2>
        <span className="grow" />
        <Button small disabled={busy || !typed} onClick={() => void test()}>
          {busy ? t.settings.testing : words.test}
        </Button>
      </div>
      <div className="field">
        <label htmlFor={`${id}-url`}>{words.url}</label>
        <form
          className="row-line"
          onSubmit={(event) => {
            event.preventDefault();
            void saveUrl();
          }}
        >
          <input
            id={`${id}-url`}
            className="input mono"
            value={url ?? known}
            spellCheck={false}
            disabled={setting?.editable === false}
            onChange={(event) => {
              setUrl(event.target.value);
            }}
          />
          {url !== undefined && typed !== known ? (
            <Button type="submit" look="primary" disabled={busy}>
              {t.common.save}
            </Button>
          ) : null}
        </form>
        <p className="quiet">{setting?.editable === false ? t.settings.fixed({ source: setting.source }) : words.urlHint}</p>
      </div>
      {known ? (
        <div className="field">
          <label htmlFor={`${id}-key`}>{words.key}</label>
          <form
            className="row-line"
            onSubmit={(event) => {
              event.preventDefault();
              void saveKey(key.trim());
            }}
          >
            <input
              id={`${id}-key`}
              className="input mono"
              type="password"
              autoComplete="off"
              value={key}
              disabled={fixed}
              placeholder={t.settings.keyPlaceholder}
              onChange={(event) => {
                setKey(event.target.value);
              }}
            />
            <Button type="submit" disabled={busy || fixed || !key.trim()}>
              {t.settings.keySave}
            </Button>
            {state.key_source === "keychain" ? (
              <Button disabled={busy} look="danger" onClick={() => void saveKey("")}>
                {t.settings.keyRemove}
              </Button>
            ) : null}
          </form>
          <p className="quiet">
            {fixed ? t.settings.keyEnvironment : state.key_source === "none" ? words.keyNone : t.settings.keyFrom({ source: state.key_source })} {state.keychain_problem}
          </p>
        </div>
      ) : null}
      {result ? (
        <p className="row-line wrap" role="status">
          <span className="badge good">{t.settings.ready}</span>
          <span>{words.tested({ place: result.place, time: duration(result.latency_ms), count: result.collections })}</span>
        </p>
      ) : null}
      {failure ? <FailureCard failure={failure} /> : null}
    </section>
  );
}
