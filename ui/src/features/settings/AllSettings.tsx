// Every setting of the engine by its name, with where its value comes from.

import { useState } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { Empty, Failed, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { Setting } from "../../protocol/generated/Setting";
import { useRequest } from "../../protocol/queries";
import { useSaved } from "../../protocol/saved";
import { sourceInWords, whyFixed } from "./fixed";

/** Those whose name or sentence has the words; all without any. */
export function AllSettings({ filter }: { filter: string }) {
  const list = useRequest("settings.list", {});
  if (list.error) return <Failed asked={list} />;
  if (!list.data) return <Waiting what={t.common.loading} />;
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = list.data.settings.filter((setting) => {
    const text = `${setting.name} ${setting.name.replaceAll("_", " ")} ${setting.doc}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return (
    <div className="stack">
      {shown.length === 0 ? <Empty title={t.settings.noMatch} /> : null}
      <ul className="setting-list">
        {shown.map((setting) => (
          <SettingRow key={setting.name} setting={setting} />
        ))}
      </ul>
      <dl className="facts quiet">
        <dt>{t.settings.configFile}</dt>
        <dd className="mono">{list.data.config_file}</dd>
        <dt>{t.settings.dataDir}</dt>
        <dd className="mono">{list.data.data_dir}</dd>
      </dl>
    </div>
  );
}

/** "a | b | c" as its words; anything else is free text. */
export function legalWords(legal: string): string[] {
  const words = legal.split("|").map((word) => word.trim());
  return words.length > 1 && words.every((word) => /^[\w.-]+$/.test(word)) ? words : [];
}

function SettingRow({ setting }: { setting: Setting }) {
  const saved = useSaved();
  const toasts = useToasts();
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const value = draft ?? setting.value;
  const words = legalWords(setting.legal);
  const save = async (next: string | null) => {
    setProblem("");
    try {
      await saved.save(setting.name, next);
      setDraft(undefined);
      toasts.say(t.settings.saved, { label: t.common.undo, run: () => void saved.undo() });
    } catch (error) {
      setProblem(asFailure(error).message);
    }
  };
  return (
    <li className="setting">
      <div>
        <label className="mono" htmlFor={`setting-${setting.name}`}>
          {setting.name}
        </label>
        <p className="secondary">
          <Said text={setting.doc} />
        </p>
        <p className="quiet setting-facts">
          {t.settings.legal}: {setting.legal}. {t.settings.default({ value: setting.default || t.settings.empty })}.{" "}
          {setting.editable ? "" : whyFixed(setting)}
        </p>
        {problem ? (
          <p className="bad" role="alert">
            {problem}
          </p>
        ) : null}
      </div>
      <div className="setting-value">
        <form
          className="row-line"
          onSubmit={(event) => {
            event.preventDefault();
            void save(value);
          }}
        >
          {words.length > 0 ? (
            <select
              id={`setting-${setting.name}`}
              className="input"
              value={value}
              disabled={!setting.editable}
              onChange={(event) => {
                void save(event.target.value);
              }}
            >
              {words.includes(value) ? null : <option value={value}>{value}</option>}
              {words.map((word) => (
                <option key={word}>{word}</option>
              ))}
            </select>
          ) : (
            <input
              id={`setting-${setting.name}`}
              className="input mono"
              value={value}
              spellCheck={false}
              disabled={!setting.editable}
              onChange={(event) => {
                setDraft(event.target.value);
              }}
            />
          )}
          {draft !== undefined && draft !== setting.value ? (
            <Button small look="primary" type="submit">
              {t.common.save}
            </Button>
          ) : null}
        </form>
        <div className="row-line">
          <span className={setting.source === "default" ? "badge" : "badge accent"}>
            {sourceInWords(setting.source)}
          </span>
          {setting.editable && setting.source === "settings" ? (
            <Button small look="ghost" onClick={() => void save(null)}>
              {t.settings.reset}
            </Button>
          ) : null}
        </div>
      </div>
    </li>
  );
}
