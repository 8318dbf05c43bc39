// Settings: a search over all of them, and pages for those that people look for.

import { Undo2 } from "lucide-react";
import { useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { Tabs } from "../../components/Tabs";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import type { Project } from "../../protocol/generated/Project";
import { told } from "../../protocol/told";
import { useSaved } from "../../protocol/saved";
import { AllSettings } from "./AllSettings";
import { Appearance } from "./Appearance";
import { Models } from "./Models";
import { Notifications } from "./Notifications";
import { Updates } from "./Updates";
import { Vectors } from "./Vectors";
import "./settings.css";

export const SETTINGS_TABS = ["models", "look", "notifications", "shortcuts", "router", "vectors", "updates", "all"] as const;
export type SettingsTab = (typeof SETTINGS_TABS)[number];

export function SettingsView(props: {
  tab: SettingsTab;
  onTab: (tab: SettingsTab) => void;
  /** Shown filtered by this. */
  filter?: string;
  /** Whose vectors are spoken of. */
  project: Project | undefined;
  /** Who answers which message, and why. */
  router: ReactNode;
  /** The list of actions with their keys. */
  shortcuts: ReactNode;
  onPlay: (sound: string) => void;
}) {
  // A page of an earlier version may be remembered.
  const tab = SETTINGS_TABS.includes(props.tab) ? props.tab : "models";
  const saved = useSaved();
  const toasts = useToasts();
  const [filter, setFilter] = useState(props.filter ?? "");
  const wanted = filter.trim();
  return (
    <div className="view">
      <div className="view-content wide">
        <div className="row-line">
          <h1 className="view-title grow">{t.settings.title}</h1>
          <Button
            small
            look="ghost"
            disabled={saved.undoable === undefined}
            onClick={() => {
              saved.undo().then(
                (name) => {
                  if (name) toasts.say(t.settings.undone({ name }));
                },
                (error: unknown) => {
                  toasts.fail(told(error));
                },
              );
            }}
          >
            <Undo2 size={13} aria-hidden="true" />
            {t.settings.undo}
          </Button>
        </div>
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
        {wanted ? (
          <section className="stack" aria-label={t.settings.found}>
            <AllSettings filter={wanted} />
          </section>
        ) : (
          <>
            <Tabs
              name="settings"
              label={t.settings.title}
              tabs={SETTINGS_TABS.map((id) => ({ id, label: t.settings.tabs[id] }))}
              current={tab}
              onChange={props.onTab}
            />
            <div id="settings-panel" role="tabpanel" aria-labelledby={`settings-${tab}`}>
              {tab === "models" ? <Models /> : null}
              {tab === "look" ? <Appearance /> : null}
              {tab === "notifications" ? <Notifications onPlay={props.onPlay} /> : null}
              {tab === "shortcuts" ? props.shortcuts : null}
              {tab === "router" ? props.router : null}
              {tab === "vectors" ? <Vectors project={props.project} /> : null}
              {tab === "updates" ? <Updates /> : null}
              {tab === "all" ? <AllSettings filter="" /> : null}
            </div>
          </>
        )}
      </div>
    </div>
  );
}
