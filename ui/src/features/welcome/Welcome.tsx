// The first minute: what answers, then which folder.

import { CirclePlay, FolderOpen, KeyRound, MonitorDot, ScanEye } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { FailureCard } from "../../components/states";
import { t } from "../../i18n";
import { asFailure } from "../../protocol/client";
import type { DemoStarted } from "../../protocol/generated/DemoStarted";
import type { Failure } from "../../protocol/generated/Failure";
import type { Project } from "../../protocol/generated/Project";
import type { ProviderName } from "../../protocol/generated/ProviderName";
import { useClient, useRequest } from "../../protocol/queries";
import { interactive } from "../../vitals";
import "./welcome.css";

export function Welcome(props: {
  /** The list of servers found, with a way to use one. */
  servers: ReactNode;
  /** The field for a path, where there is no dialog of the system. */
  pathForm: ReactNode;
  modelChosen: boolean;
  onModelChosen: (chosen: boolean) => void;
  onChooseFolder: (() => void) | undefined;
  onProject: (project: Project | undefined) => void;
  onDemo: (demo: DemoStarted) => void;
}) {
  useEffect(interactive, []);
  const providers = useRequest("provider.list", {});
  const ready = providers.data?.providers.find((provider) => provider.ready);
  return (
    <div className="view welcome">
      <div className="welcome-content">
        <header>
          <Logo />
          <h1 className="view-title">{t.welcome.title}</h1>
          <p className="secondary">{props.modelChosen ? t.welcome.openLead : t.welcome.lead}</p>
        </header>
        {props.modelChosen ? (
          <FolderStep
            readyWith={ready ? t.settings.providerNames[ready.name] : undefined}
            pathForm={props.pathForm}
            onChange={() => {
              props.onModelChosen(false);
            }}
            onChooseFolder={props.onChooseFolder}
            onProject={props.onProject}
          />
        ) : (
          <ModelStep
            servers={props.servers}
            keychainProblem={providers.data?.keychain_problem ?? ""}
            onDone={() => {
              props.onModelChosen(true);
            }}
            onDemo={props.onDemo}
          />
        )}
      </div>
    </div>
  );
}

function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" width="36" height="36" aria-hidden="true">
      <rect width="32" height="32" rx="8" className="logo-ground" />
      <path d="M8 22V11l8 8 8-8v11" className="logo-line" />
    </svg>
  );
}

/** Providers that want a key. */
const WITH_KEYS = ["openai", "gemini", "anthropic"] as const satisfies readonly ProviderName[];

function ModelStep(props: { servers: ReactNode; keychainProblem: string; onDone: () => void; onDemo: (demo: DemoStarted) => void }) {
  const client = useClient();
  const [key, setKey] = useState("");
  const [whose, setWhose] = useState<ProviderName>("openai");
  const [busy, setBusy] = useState<"key" | "demo" | undefined>(undefined);
  const [failure, setFailure] = useState<{ at: "key" | "demo"; failure: Failure } | undefined>(undefined);
  const attempt = async (at: "key" | "demo", work: () => Promise<void>) => {
    setBusy(at);
    setFailure(undefined);
    try {
      await work();
    } catch (error) {
      setFailure({ at, failure: asFailure(error) });
    } finally {
      setBusy(undefined);
    }
  };
  const saveKey = () =>
    attempt("key", async () => {
      await client.call("provider.test", { provider: whose, key: key.trim() });
      await client.call("provider.set_key", { provider: whose, key: key.trim() });
      props.onDone();
    });
  const demo = () =>
    attempt("demo", async () => {
      props.onDemo(await client.call("demo.start", {}));
    });
  return (
    <div className="choices">
      <section className="choice-card" aria-labelledby="choice-key">
        <KeyRound size={18} aria-hidden="true" />
        <div className="grow">
          <h2 className="section-title" id="choice-key">
            {t.welcome.key}
          </h2>
          <p className="secondary">{t.welcome.keyText}</p>
          <form
            className="row-line"
            onSubmit={(event) => {
              event.preventDefault();
              void saveKey();
            }}
          >
            <select
              className="input"
              value={whose}
              aria-label={t.welcome.keyWhose}
              onChange={(event) => {
                const chosen = WITH_KEYS.find((name) => name === event.target.value);
                if (chosen) setWhose(chosen);
              }}
            >
              {WITH_KEYS.map((name) => (
                <option key={name} value={name}>
                  {t.settings.providerNames[name]}
                </option>
              ))}
            </select>
            <input
              className="input mono"
              type="password"
              autoComplete="off"
              value={key}
              aria-label={t.settings.key}
              placeholder={t.settings.keyPlaceholder}
              onChange={(event) => {
                setKey(event.target.value);
              }}
            />
            <Button type="submit" look="primary" disabled={busy !== undefined || !key.trim()}>
              {busy === "key" ? t.settings.testing : t.welcome.keyAction}
            </Button>
          </form>
          {props.keychainProblem ? (
            <p className="choice-note warn" role="note">
              <Said text={props.keychainProblem} />
            </p>
          ) : null}
          {failure?.at === "key" ? <FailureCard failure={failure.failure} /> : null}
        </div>
      </section>
      <section className="choice-card" aria-labelledby="choice-local">
        <MonitorDot size={18} aria-hidden="true" />
        <div className="grow">
          <h2 className="section-title" id="choice-local">
            {t.welcome.local}
          </h2>
          <p className="secondary">{t.welcome.localText}</p>
          {props.servers}
        </div>
      </section>
      <section className="choice-card" aria-labelledby="choice-none">
        <ScanEye size={18} aria-hidden="true" />
        <div className="grow">
          <h2 className="section-title" id="choice-none">
            {t.welcome.none}
          </h2>
          <p className="secondary">{t.welcome.noneText}</p>
          <div className="row-line wrap">
            <Button onClick={props.onDone}>{t.welcome.noneAction}</Button>
            <Button disabled={busy !== undefined} onClick={() => void demo()}>
              <CirclePlay size={14} aria-hidden="true" />
              {t.welcome.demo}
            </Button>
          </div>
          <p className="quiet">{t.welcome.demoText}</p>
          {failure?.at === "demo" ? <FailureCard failure={failure.failure} /> : null}
        </div>
      </section>
    </div>
  );
}

function FolderStep(props: {
  readyWith: string | undefined;
  pathForm: ReactNode;
  onChange: () => void;
  onChooseFolder: (() => void) | undefined;
  onProject: (project: Project | undefined) => void;
}) {
  const projects = useRequest("project.list", {});
  const recent = (projects.data?.projects ?? []).filter((project) => project.exists).slice(0, 6);
  return (
    <div className="choices">
      <section className="choice-card" aria-labelledby="choice-folder">
        <FolderOpen size={18} aria-hidden="true" />
        <div className="grow">
          <h2 className="section-title" id="choice-folder">
            {t.welcome.openTitle}
          </h2>
          {props.onChooseFolder ? (
            <Button look="primary" keys="mod+o" onClick={props.onChooseFolder}>
              {t.welcome.choose}
            </Button>
          ) : (
            props.pathForm
          )}
        </div>
      </section>
      {recent.length > 0 ? (
        <section>
          <h2 className="panel-title">{t.welcome.recent}</h2>
          <ul>
            {recent.map((project) => (
              <li key={project.id}>
                <button
                  type="button"
                  className="recent"
                  onClick={() => {
                    props.onProject(project);
                  }}
                >
                  <span>{project.name}</span>
                  <span className="mono quiet truncate">{project.path}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      <div className="row-line wrap">
        <span className="quiet">{props.readyWith ? t.welcome.ready({ what: props.readyWith }) : t.composer.notReady}</span>
        <Button small look="ghost" onClick={props.onChange}>
          {t.welcome.change}
        </Button>
        <span className="grow" />
        <Button
          small
          look="ghost"
          onClick={() => {
            props.onProject(undefined);
          }}
        >
          {t.welcome.skip}
        </Button>
      </div>
    </div>
  );
}
