// A key goes to the system's keychain and is never shown again.

import { useId, useState } from "react";
import { Button } from "../../components/Button";
import { FailureCard } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { duration, money, tokens } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { Failure } from "../../protocol/generated/Failure";
import type { Provider } from "../../protocol/generated/Provider";
import type { ProviderTest } from "../../protocol/generated/ProviderTest";
import { useClient, useRequest } from "../../protocol/queries";

export function ProviderCard({ provider }: { provider: Provider }) {
  const client = useClient();
  const toasts = useToasts();
  const id = useId();
  const [key, setKey] = useState("");
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | undefined>(undefined);
  const [result, setResult] = useState<ProviderTest | undefined>(undefined);
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
  const save = (value: string) =>
    attempt(async () => {
      await client.call("provider.set_key", { provider: provider.name, key: value });
      setKey("");
      toasts.say(value ? t.settings.keySaved : t.settings.keyRemoved);
    });
  const test = () =>
    attempt(async () => {
      setResult(await client.call("provider.test", { provider: provider.name, key: key || undefined }));
    });
  const fixed = provider.key_source === "environment";
  return (
    <section className="provider" aria-labelledby={`${id}-name`}>
      <div className="row-line">
        <h2 className="section-title" id={`${id}-name`}>
          {t.settings.providerNames[provider.name]}
        </h2>
        <span className={provider.ready ? "badge good" : "badge"}>{provider.ready ? t.settings.ready : t.settings.notReady}</span>
        <span className="grow" />
        <Button small disabled={busy} onClick={() => void test()}>
          {busy ? t.settings.testing : t.settings.test}
        </Button>
      </div>
      <BaseUrl id={id} provider={provider} onFailure={setFailure} />
      <div className="field">
        <label htmlFor={`${id}-key`}>{t.settings.key}</label>
        <form
          className="row-line"
          onSubmit={(event) => {
            event.preventDefault();
            void save(key.trim());
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
          <Button type="submit" look="primary" disabled={busy || fixed || !key.trim()}>
            {t.settings.keySave}
          </Button>
          {provider.key_source === "keychain" ? (
            <Button disabled={busy} look="danger" onClick={() => void save("")}>
              {t.settings.keyRemove}
            </Button>
          ) : null}
        </form>
        <p className="quiet">{fixed ? t.settings.keyEnvironment : provider.has_key ? t.settings.keyFrom({ source: provider.key_source }) : t.settings.keyNone}</p>
      </div>
      {result ? <TestResult result={result} /> : null}
      {failure ? <FailureCard failure={failure} /> : null}
    </section>
  );
}

function BaseUrl(props: { id: string; provider: Provider; onFailure: (failure: Failure | undefined) => void }) {
  const { id, provider, onFailure } = props;
  const client = useClient();
  const toasts = useToasts();
  const name = `${provider.name.toUpperCase()}_BASE_URL`;
  const setting = useRequest("settings.list", {}).data?.settings.find((one) => one.name === name);
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const value = draft ?? provider.base_url;
  const save = async () => {
    onFailure(undefined);
    try {
      await client.call("settings.set", { name, value: value.trim() || null });
      setDraft(undefined);
      toasts.say(t.settings.saved);
    } catch (error) {
      onFailure(asFailure(error));
    }
  };
  return (
    <div className="field">
      <label htmlFor={`${id}-url`}>{t.settings.baseUrl}</label>
      <form
        className="row-line"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <input
          id={`${id}-url`}
          className="input mono"
          value={value}
          spellCheck={false}
          disabled={setting?.editable === false}
          onChange={(event) => {
            setDraft(event.target.value);
          }}
        />
        {draft !== undefined && draft !== provider.base_url ? (
          <Button type="submit" look="primary">
            {t.common.save}
          </Button>
        ) : null}
      </form>
      <p className="quiet">{setting?.editable === false ? t.settings.fixed({ source: setting.source }) : t.settings.baseUrlHint}</p>
    </div>
  );
}

export function TestResult({ result }: { result: ProviderTest }) {
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

