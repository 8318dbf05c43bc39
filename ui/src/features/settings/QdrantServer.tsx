// The Qdrant server that may keep vectors: its address, its key, whether it answers.

import { useId, useState } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { duration } from "../../i18n/format";
import type { VectorsState } from "../../protocol/generated/VectorsState";
import type { VectorsTest } from "../../protocol/generated/VectorsTest";
import { useClient } from "../../protocol/queries";
import { useSaved } from "../../protocol/saved";
import { AddressField, SecretField, useTrying } from "./Server";

export function QdrantServer({ state }: { state: VectorsState }) {
  const words = t.vectorStore;
  const client = useClient();
  const saved = useSaved();
  const toasts = useToasts();
  const id = useId();
  const [url, setUrl] = useState<string | undefined>(undefined);
  const [key, setKey] = useState("");
  const { busy, failure, result, attempt } = useTrying<VectorsTest>();
  const known = state.qdrant_url ?? "";
  const typed = (url ?? known).trim();
  const isFixed = state.key_source === "environment";
  const test = () => {
    attempt(() => client.call("vectors.test", { url: typed || null, key: key.trim() || null }));
  };
  const saveUrl = () => {
    attempt(async () => {
      await saved.save("QDRANT_URL", typed || null);
      setUrl(undefined);
      toasts.say(t.settings.saved);
      return undefined;
    });
  };
  const saveKey = (value: string) => {
    attempt(async () => {
      await client.call("vectors.set_key", { key: value });
      setKey("");
      toasts.say(value ? t.settings.keySaved : t.settings.keyRemoved);
      return undefined;
    });
  };
  const from = isFixed ? t.settings.keyEnvironment : state.key_source === "none" ? words.keyNone : t.settings.keyFrom({ source: state.key_source });
  return (
    <section className="provider" aria-label={words.server}>
      <div className="row-line">
        <h2 className="section-title">{words.server}</h2>
        <span className="grow" />
        <Button small disabled={busy || !typed} onClick={test}>
          {busy ? t.settings.testing : words.test}
        </Button>
      </div>
      <AddressField
        id={`${id}-url`}
        label={words.url}
        hint={words.urlHint}
        known={known}
        draft={url}
        setting={saved.of("QDRANT_URL")}
        busy={busy}
        onDraft={setUrl}
        onSave={saveUrl}
      />
      {known ? (
        <SecretField
          id={`${id}-key`}
          label={words.key}
          hint={[from, state.keychain_problem].filter(Boolean).join(" ")}
          value={key}
          isFixed={isFixed}
          isSaved={state.key_source === "keychain"}
          busy={busy}
          onChange={setKey}
          onSave={saveKey}
        />
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
