// One provider of models: where it is reached, its key, whether it answers.

import { useId, useState } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { duration, money, tokens } from "../../i18n/format";
import type { Provider } from "../../protocol/generated/Provider";
import type { ProviderTest } from "../../protocol/generated/ProviderTest";
import { useClient } from "../../protocol/queries";
import { useSaved } from "../../protocol/saved";
import { AddressField, SecretField, useTrying } from "./Server";

export function ProviderCard({ provider }: { provider: Provider }) {
  const client = useClient();
  const saved = useSaved();
  const toasts = useToasts();
  const id = useId();
  const [url, setUrl] = useState<string | undefined>(undefined);
  const [key, setKey] = useState("");
  const { busy, failure, result, attempt } = useTrying<ProviderTest>();
  const address = `${provider.name.toUpperCase()}_BASE_URL`;
  const isFixed = provider.key_source === "environment";
  const test = () => {
    attempt(() => client.call("provider.test", { provider: provider.name, key: key || undefined }));
  };
  const saveUrl = () => {
    attempt(async () => {
      await saved.save(address, url?.trim() || null);
      setUrl(undefined);
      toasts.say(t.settings.saved);
      return undefined;
    });
  };
  const saveKey = (value: string) => {
    attempt(async () => {
      await client.call("provider.set_key", { provider: provider.name, key: value });
      setKey("");
      toasts.say(value ? t.settings.keySaved : t.settings.keyRemoved);
      return undefined;
    });
  };
  return (
    <section className="provider" aria-labelledby={`${id}-name`}>
      <div className="row-line">
        <h2 className="section-title" id={`${id}-name`}>
          {t.settings.providerNames[provider.name]}
        </h2>
        <span className={provider.ready ? "badge good" : "badge"}>{provider.ready ? t.settings.ready : t.settings.notReady}</span>
        <span className="grow" />
        <Button small disabled={busy} onClick={test}>
          {busy ? t.settings.testing : t.settings.test}
        </Button>
      </div>
      <AddressField
        id={`${id}-url`}
        label={t.settings.baseUrl}
        hint={t.settings.baseUrlHint}
        known={provider.base_url}
        draft={url}
        setting={saved.of(address)}
        busy={busy}
        onDraft={setUrl}
        onSave={saveUrl}
      />
      <SecretField
        id={`${id}-key`}
        label={t.settings.key}
        hint={isFixed ? t.settings.keyEnvironment : provider.has_key ? t.settings.keyFrom({ source: provider.key_source }) : t.settings.keyNone}
        value={key}
        isFixed={isFixed}
        isSaved={provider.key_source === "keychain"}
        busy={busy}
        onChange={setKey}
        onSave={saveKey}
      />
      {result ? <TestResult result={result} /> : null}
      {failure ? <FailureCard failure={failure} /> : null}
    </section>
  );
}

function TestResult({ result }: { result: ProviderTest }) {
  const tools = result.tools === "native" ? t.settings.toolsNative : result.tools === "text" ? t.settings.toolsText : t.settings.toolsNone;
  return (
    <p className="row-line wrap" role="status">
      <span className="badge good">{t.settings.ready}</span>
      <span>{t.settings.tested({ model: result.model, time: duration(result.latency_ms) })}</span>
      <span className="secondary">
        {[tools, result.usage_reported ? t.settings.usage : t.settings.noUsage, result.context_tokens ? t.settings.contextSize({ count: tokens(result.context_tokens) }) : "", typeof result.cost_micro_usd === "number" ? t.settings.testCost({ cost: money(result.cost_micro_usd) }) : ""]
          .filter(Boolean)
          .join(", ")}
      </span>
    </p>
  );
}
