// One provider of models: where it is reached, its key, whether it answers.

import { t } from "../../i18n";
import { duration, money, tokens } from "../../i18n/format";
import type { Provider } from "../../protocol/generated/Provider";
import type { ProviderTest } from "../../protocol/generated/ProviderTest";
import { useClient } from "../../protocol/queries";
import { Server } from "./Server";

export function ProviderCard({ provider }: { provider: Provider }) {
  const client = useClient();
  const words = t.settings;
  const { name } = provider;
  const isFixed = provider.key_source === "environment";
  return (
    <Server
      name={words.providerNames[name]}
      badge={<span className={provider.ready ? "badge good" : "badge"}>{provider.ready ? words.ready : words.notReady}</span>}
      address={{ label: words.baseUrl, hint: words.baseUrlHint, known: provider.base_url, setting: `${name.toUpperCase()}_BASE_URL` }}
      secret={{
        label: words.key,
        hint: isFixed ? words.keyEnvironment : provider.has_key ? words.keyFrom({ source: provider.key_source }) : words.keyNone,
        isFixed,
        isSaved: provider.key_source === "keychain",
        save: (key) => client.call("provider.set_key", { provider: name, key }),
      }}
      test={{ label: words.test, run: (_, key) => client.call("provider.test", { provider: name, key }), said }}
    />
  );
}

function said(result: ProviderTest) {
  const words = t.settings;
  const tools = result.tools === "native" ? words.toolsNative : result.tools === "text" ? words.toolsText : words.toolsNone;
  const usage = result.usage_reported ? words.usage : words.noUsage;
  const size = result.context_tokens ? words.contextSize({ count: tokens(result.context_tokens) }) : "";
  const cost = typeof result.cost_micro_usd === "number" ? words.testCost({ cost: money(result.cost_micro_usd) }) : "";
  return (
    <>
      <span>{words.tested({ model: result.model, time: duration(result.latency_ms) })}</span>
      <span className="secondary">{[tools, usage, size, cost].filter(Boolean).join(", ")}</span>
    </>
  );
}
