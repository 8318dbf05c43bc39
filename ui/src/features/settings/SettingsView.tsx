import { useState, type ReactNode } from "react";
import { Button, IconButton } from "../../components/Button";
import { Choice } from "../../components/Choice";
import { Empty, FailureCard, Waiting } from "../../components/states";
import { useStore } from "../../components/store";
import { Tabs } from "../../components/Tabs";
import { LARGEST, look, resize, SMALLEST } from "../../components/theme";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { isChoice, LANGUAGES, speak, speaking } from "../../i18n/language";
import { tokens } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { ModelInfo } from "../../protocol/generated/ModelInfo";
import type { Provider } from "../../protocol/generated/Provider";
import type { Setting } from "../../protocol/generated/Setting";
import { useClient, useRequest } from "../../protocol/queries";
import { Minus, Plus } from "lucide-react";
import { ProviderCard } from "./KeyField";
import { LocalServers } from "./LocalServers";
import "./settings.css";

export type SettingsTab = "models" | "look" | "all" | "approvals";

export function SettingsView(props: {
  tab: SettingsTab;
  onTab: (tab: SettingsTab) => void;
  /** Shown filtered by this, e.g. "BUDGET". */
  filter: string | undefined;
  /** The remembered approvals of the open project. */
  approvals: ReactNode;
}) {
  const { tab } = props;
  return (
    <div className="view">
      <div className="view-content wide">
        <h1 className="view-title">{t.settings.title}</h1>
        <Tabs
          name="settings"
          label={t.settings.title}
          tabs={[
            { id: "models", label: t.settings.tabs.models },
            { id: "look", label: t.settings.tabs.look },
            { id: "approvals", label: t.settings.tabs.approvals },
            { id: "all", label: t.settings.tabs.all },
          ]}
          current={tab}
          onChange={props.onTab}
        />
        <div id="settings-panel" role="tabpanel" aria-labelledby={`settings-${tab}`}>
          {tab === "models" ? <Models /> : null}
          {tab === "look" ? <Appearance /> : null}
          {tab === "all" ? <AllSettings key={props.filter} start={props.filter ?? ""} /> : null}
          {tab === "approvals" ? (
            <div className="stack">
              <h2 className="section-title">{t.approval.rules}</h2>
              {props.approvals}
            </div>
          ) : null}
        </div>
      </div>
    </div>
  );
}

/** The place for a server's address before there is one. */
const NO_SERVER: Provider = {
  name: "local",
  base_url: "",
  has_key: false,
  key_source: "none",
  ready: false,
  default_model: null,
};

function Models() {
  const providers = useRequest("provider.list", {});
  const models = useRequest("model.list", {});
  if (providers.error) return <FailureCard failure={asFailure(providers.error)} />;
  if (!providers.data) return <Waiting what={t.common.loading} />;
  const local = providers.data.providers.find((provider) => provider.name === "local");
  return (
    <div className="stack">
      {providers.data.keychain_problem ? (
        <FailureCard title={t.settings.keychainProblem} failure={{ message: providers.data.keychain_problem }} />
      ) : null}
      {providers.data.providers.map((provider) => (
        <ProviderCard key={provider.name} provider={provider} />
      ))}
      {local ? null : <ProviderCard provider={NO_SERVER} />}
      <section>
        <h2 className="section-title">{t.settings.detected}</h2>
        <LocalServers current={local?.base_url} />
      </section>
      {models.data ? (
        <>
          <section>
            <h2 className="section-title">{t.settings.tiers}</h2>
            <table className="table">
              <tbody>
                {models.data.tiers.map((one) => (
                  <tr key={one.tier}>
                    <td>{t.composer.tiers[one.tier][0]}</td>
                    <td className="mono">{one.model}</td>
                    <td className="quiet">{one.provider}</td>
                    <td className="quiet">{one.effort ? `${t.settings.effort} ${one.effort}` : ""}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </section>
          <section>
            <h2 className="section-title">{t.settings.catalogue}</h2>
            <Catalogue models={models.data.models} />
          </section>
        </>
      ) : null}
    </div>
  );
}

function Catalogue({ models }: { models: ModelInfo[] }) {
  const dollars = (value: number | null | undefined) => (value === null || value === undefined ? "–" : `$${value}`);
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={t.settings.catalogue}>
      <table className="table">
        <thead>
          <tr>
            <th>{t.context.model}</th>
            <th className="num">{t.inspector.tabs.context}</th>
            <th className="num">{t.settings.price}</th>
          </tr>
        </thead>
        <tbody>
          {models.map((model) => (
            <tr key={`${model.provider}:${model.id}`}>
              <td>
                <span className="mono">{model.id}</span>
                {model.shut_down ? (
                  <span className="badge warn">
                    {t.settings.shutDown({ day: model.shut_down })}
                    {model.successor ? `, ${t.settings.successor({ id: model.successor })}` : ""}
                  </span>
                ) : null}
              </td>
              <td className="num">{model.context_tokens ? tokens(model.context_tokens) : "–"}</td>
              <td className="num" title={model.price_source ?? undefined}>
                {dollars(model.input_usd_per_mtok)} / {dollars(model.cached_usd_per_mtok)} / {dollars(model.output_usd_per_mtok)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Appearance() {
  const now = useStore(look);
  const { choice } = useStore(speaking);
  return (
    <div className="stack">
      <div className="field">
        <label htmlFor="language">{t.settings.language}</label>
        <select
          id="language"
          className="input"
          value={choice}
          onChange={(event) => {
            if (isChoice(event.target.value)) void speak(event.target.value);
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
            look.set({ theme });
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
            look.set({ contrast });
          }}
        />
      </div>
      <div className="field">
        <span className="field-label">{t.settings.size}</span>
        <div className="row-line">
          <IconButton small label={t.actions.smaller} keys="mod+-" disabled={now.size <= SMALLEST} onClick={() => { resize(-1); }}>
            <Minus size={13} />
          </IconButton>
          <span className="num">{t.settings.pixels({ count: now.size })}</span>
          <IconButton small label={t.actions.larger} keys="mod+=" disabled={now.size >= LARGEST} onClick={() => { resize(1); }}>
            <Plus size={13} />
          </IconButton>
        </div>
      </div>
    </div>
  );
}

function AllSettings({ start }: { start: string }) {
  const list = useRequest("settings.list", {});
  const [filter, setFilter] = useState(start);
  if (list.error) return <FailureCard failure={asFailure(list.error)} />;
  if (!list.data) return <Waiting what={t.common.loading} />;
  const wanted = filter.trim().toLowerCase();
  const shown = list.data.settings.filter((setting) => `${setting.name} ${setting.doc}`.toLowerCase().includes(wanted));
  return (
    <div className="stack">
      <input
        className="input"
        type="search"
        value={filter}
        placeholder={t.settings.filter}
        aria-label={t.settings.filter}
        onChange={(event) => {
          setFilter(event.target.value);
        }}
      />
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
  const client = useClient();
  const toasts = useToasts();
  const [draft, setDraft] = useState<string | undefined>(undefined);
  const [problem, setProblem] = useState("");
  const value = draft ?? setting.value;
  const words = legalWords(setting.legal);
  const save = async (next: string | null) => {
    setProblem("");
    try {
      await client.call("settings.set", { name: setting.name, value: next });
      setDraft(undefined);
      toasts.say(t.settings.saved);
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
        <p className="secondary">{setting.doc}</p>
        <p className="quiet setting-facts">
          {t.settings.legal}: {setting.legal}. {t.settings.default({ value: setting.default || t.settings.empty })}.{" "}
          {setting.editable ? "" : t.settings.fixed({ source: setting.source })}
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
            {t.settings.source} {setting.source}
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
