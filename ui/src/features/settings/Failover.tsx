// Who answers where a provider is down: chosen in its order, nobody unless chosen.

import { ArrowUp, X } from "lucide-react";
import { Button, IconButton } from "../../components/Button";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { told } from "../../protocol/told";
import type { ProviderName } from "../../protocol/generated/ProviderName";
import { useSaved } from "../../protocol/saved";
import { whyFixed } from "./fixed";

const ALL: ProviderName[] = ["openai", "gemini", "anthropic", "local"];
const NAME = "PROVIDER_FAILOVER";

export function Failover({ ready }: { ready: readonly ProviderName[] }) {
  const saved = useSaved();
  const toasts = useToasts();
  const words = t.settings.failover;
  const setting = saved.of(NAME);
  if (!setting) return null;
  const order = setting.value.split(",").map((one) => one.trim()).filter((one): one is ProviderName => ALL.some((name) => name === one));
  const save = (next: readonly ProviderName[]) => {
    saved.save(NAME, next.length > 0 ? next.join(",") : null).then(
      () => {
        toasts.say(t.settings.saved, { label: t.common.undo, run: () => void saved.undo() });
      },
      (error: unknown) => {
        toasts.fail(told(error));
      },
    );
  };
  const left = ALL.filter((name) => !order.includes(name));
  return (
    <section className="stack" aria-label={words.title}>
      <h2 className="section-title">{words.title}</h2>
      <p className="quiet">{order.length === 0 ? words.nobody : words.hint}</p>
      <ol className="failover">
        {order.map((name, index) => (
          <li key={name} className="row-line">
            <span>{t.settings.providerNames[name]}</span>
            {ready.includes(name) ? null : <span className="badge warn">{t.settings.notReady}</span>}
            {index > 0 ? (
              <IconButton
                small
                label={words.earlier({ name: t.settings.providerNames[name] })}
                disabled={!setting.editable}
                onClick={() => {
                  const next = [...order];
                  next.splice(index - 1, 2, name, order[index - 1] ?? name);
                  save(next);
                }}
              >
                <ArrowUp size={12} />
              </IconButton>
            ) : null}
            <IconButton
              small
              label={words.remove({ name: t.settings.providerNames[name] })}
              disabled={!setting.editable}
              onClick={() => {
                save(order.filter((one) => one !== name));
              }}
            >
              <X size={12} />
            </IconButton>
          </li>
        ))}
      </ol>
      <div className="row-line wrap">
        {left.map((name) => (
          <Button
            key={name}
            small
            disabled={!setting.editable}
            onClick={() => {
              save([...order, name]);
            }}
          >
            {words.add({ name: t.settings.providerNames[name] })}
          </Button>
        ))}
      </div>
      {setting.editable ? null : <p className="quiet">{whyFixed(setting)}</p>}
    </section>
  );
}
