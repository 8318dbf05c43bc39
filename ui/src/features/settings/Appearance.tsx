// Language, colours, contrast, density, text size.

import { Minus, Plus } from "lucide-react";
import { IconButton } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { useStore } from "../../components/store";
import { LARGEST, look, SMALLEST, type Look } from "../../components/theme";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { isChoice, LANGUAGES, speak, speaking } from "../../i18n/language";
import { told } from "../../protocol/told";
import { useSaved } from "../../protocol/saved";
import { saveLook, sizeBy } from "../../protocol/savedLook";

export function Appearance() {
  const now = useStore(look);
  const { choice } = useStore(speaking);
  const saved = useSaved();
  const toasts = useToasts();
  const fail = (error: unknown) => {
    toasts.fail(told(error));
  };
  const change = (part: Partial<Look>) => {
    saveLook(saved, part).catch(fail);
  };
  return (
    <div className="stack">
      <div className="field">
        <label htmlFor="language">{t.settings.language}</label>
        <select
          id="language"
          className="input"
          value={choice}
          onChange={(event) => {
            const wanted = event.target.value;
            if (!isChoice(wanted)) return;
            saved.save("MIRA_LANGUAGE", wanted).catch(fail);
            void speak(wanted);
          }}
        >
          <option value="system">{t.settings.languageSystem}</option>
          {Object.entries(LANGUAGES).map(([id, name]) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <div className="field">
        <span className="field-label">{t.settings.theme}</span>
        <Choice
          label={t.settings.theme}
          value={now.theme}
          options={(["system", "light", "dark"] as const).map((value) => ({ value, label: t.settings.themes[value] }))}
          onChange={(theme) => {
            change({ theme });
          }}
        />
      </div>
      <div className="field">
        <span className="field-label">{t.settings.contrast}</span>
        <Choice
          label={t.settings.contrast}
          value={now.contrast}
          options={(["normal", "high"] as const).map((value) => ({ value, label: t.settings.contrasts[value] }))}
          onChange={(contrast) => {
            change({ contrast });
          }}
        />
      </div>
      <div className="field">
        <span className="field-label">{t.settings.density}</span>
        <Choice
          label={t.settings.density}
          value={now.density}
          options={(["compact", "normal", "roomy"] as const).map((value) => ({ value, label: t.settings.densities[value] }))}
          onChange={(density) => {
            change({ density });
          }}
        />
      </div>
      <div className="field">
        <span className="field-label">{t.settings.size}</span>
        <div className="row-line">
          <IconButton small label={t.actions.smaller} disabled={now.size <= SMALLEST} onClick={() => { change({ size: sizeBy(-1) }); }}>
            <Minus size={13} />
          </IconButton>
          <span className="num">{t.settings.pixels({ count: now.size })}</span>
          <IconButton small label={t.actions.larger} disabled={now.size >= LARGEST} onClick={() => { change({ size: sizeBy(1) }); }}>
            <Plus size={13} />
          </IconButton>
        </div>
      </div>
    </div>
  );
}
