// What notifies while nobody looks, with which sound; in a browser also the browser's consent.

import { useState } from "react";
import { Button } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { told } from "../../protocol/told";
import { useClient } from "../../protocol/queries";
import { useSaved } from "../../protocol/saved";

const KINDS = ["done", "waiting", "failed"] as const;
const SOUNDS = ["none", "message", "complete", "bell"] as const;

export function Notifications({ onPlay }: { onPlay: (sound: string) => void }) {
  const saved = useSaved();
  const client = useClient();
  const toasts = useToasts();
  const on = new Set((saved.of("MIRA_NOTIFY")?.value ?? "").split(",").map((word) => word.trim()));
  const sound = SOUNDS.find((one) => one === saved.of("MIRA_NOTIFY_SOUND")?.value) ?? "none";
  const save = (name: string, value: string) => {
    saved.save(name, value).catch((error: unknown) => {
      toasts.fail(told(error));
    });
  };
  return (
    <div className="stack">
      <fieldset className="field">
        <legend className="field-label">{t.notify.when}</legend>
        {KINDS.map((kind) => (
          <label key={kind} className="row-line">
            <input
              type="checkbox"
              checked={on.has(kind)}
              onChange={(event) => {
                const next = KINDS.filter((one) => (one === kind ? event.target.checked : on.has(one)));
                save("MIRA_NOTIFY", next.length === 0 ? "none" : next.join(", "));
              }}
            />
            {t.notify.kinds[kind]}
          </label>
        ))}
        <p className="quiet">{t.notify.away}</p>
      </fieldset>
      <div className="field">
        <span className="field-label">{t.notify.sound}</span>
        <Choice
          label={t.notify.sound}
          value={sound}
          options={SOUNDS.map((value) => ({ value, label: t.notify.sounds[value] }))}
          onChange={(value) => {
            save("MIRA_NOTIFY_SOUND", value);
            onPlay(value);
          }}
        />
      </div>
      {client.kind === "window" ? <p className="quiet">{t.notify.native}</p> : <Consent />}
    </div>
  );
}

/** The browser asks the person itself, and only after a click. */
function Consent() {
  const supported = "Notification" in globalThis;
  const [state, setState] = useState(supported ? Notification.permission : "denied");
  if (!supported) return <p className="quiet">{t.notify.unsupported}</p>;
  return (
    <div className="field">
      <span className="field-label">{t.notify.browser}</span>
      <div className="row-line">
        <span className={state === "granted" ? "good" : "secondary"}>{t.notify.consent[state]}</span>
        {state === "default" ? (
          <Button
            small
            onClick={() => {
              void Notification.requestPermission().then(setState);
            }}
          >
            {t.notify.allow}
          </Button>
        ) : null}
      </div>
    </div>
  );
}
