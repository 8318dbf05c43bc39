// What the index knows and does, which files it leaves out and why, and how each language is read.

import { RotateCw } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Failed, FailureCard, Waiting } from "../../components/states";
import { useToasts } from "../../components/toasts";
import { t } from "../../i18n";
import { bytes, whole } from "../../i18n/format";
import { inWords } from "../../i18n/said";
import { asFailure } from "../../protocol/client";
import type { CodeLanguage } from "../../protocol/generated/CodeLanguage";
import type { CommitsState } from "../../protocol/generated/CommitsState";
import type { IndexState } from "../../protocol/generated/IndexState";
import type { InsightState } from "../../protocol/generated/InsightState";
import type { NotedFiles } from "../../protocol/generated/NotedFiles";
import { useClient, useRequest } from "../../protocol/queries";
import { phaseWord } from "./parts";

const BYTES_OF_KB = 1000;

export function IndexPage({ projectId }: { projectId: string }) {
  const of = { project_id: projectId };
  const state = useRequest("code.state", of);
  const noted = useRequest("code.noted_files", of);
  const languages = useRequest("code.languages", of);
  if (state.error) return <Failed asked={state} />;
  if (!state.data) return <Waiting what={t.common.loading} />;
  return (
    <>
      <StateOf projectId={projectId} state={state.data} />
      {noted.data ? <Noted noted={noted.data} /> : null}
      {languages.data ? <Languages projectId={projectId} languages={languages.data.languages} /> : null}
    </>
  );
}

function StateOf({ projectId, state }: { projectId: string; state: IndexState }) {
  const words = t.code.index;
  const client = useClient();
  const toasts = useToasts();
  const { totals, meaning } = state;
  const busy = !state.is_fresh || state.phase !== "idle";
  const facts: [string, string][] = [
    [words.files, whole(totals.files)],
    [words.lines, whole(totals.lines)],
    [words.elements, whole(totals.elements)],
    [words.edges, whole(totals.edges)],
    [words.pieces, whole(totals.chunks)],
    [words.leftOut, whole(totals.noted)],
    [words.disk, bytes(totals.bytes)],
  ];
  return (
    <section className="stack" aria-label={words.state}>
      <div className="row-line wrap">
        <p className="row-line grow" role="status">
          {busy ? <span className="dot-pulse" aria-hidden="true" /> : null}
          <strong>{busy && state.phase === "idle" ? words.scanning : phaseWord(state)}</strong>
          {busy && state.total > 0 ? <span className="num quiet">{words.of({ done: state.done, total: state.total })}</span> : null}
          {busy ? <span className="quiet">{words.searchable}</span> : null}
        </p>
        <Button
          small
          disabled={busy}
          onClick={() => {
            client.call("code.reindex", { project_id: projectId }).catch((error: unknown) => {
              toasts.fail(asFailure(error).message);
            });
          }}
        >
          <RotateCw size={13} aria-hidden="true" />
          {words.again}
        </Button>
      </div>
      {busy && state.total > 0 ? (
        <div className="meter" role="progressbar" aria-label={phaseWord(state)} aria-valuemin={0} aria-valuemax={state.total} aria-valuenow={state.done}>
          <span style={{ width: `${(100 * state.done) / state.total}%` }} />
        </div>
      ) : null}
      {state.failure ? <FailureCard failure={{ message: state.failure }} /> : null}
      <dl className="code-facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt className="quiet">{name}</dt>
            <dd className="num">{value}</dd>
          </div>
        ))}
      </dl>
      <p className="secondary">
        {meaning.model ? words.vectors({ done: meaning.done, total: meaning.total, model: meaning.model }) : null} {state.watch_note ?? (state.is_watching ? words.watching : null)}
      </p>
      {meaning.note ? <p className="secondary">{meaning.note}</p> : null}
      <p className="secondary">{commitWords(state.commits)}</p>
      {state.commits?.failure ? <FailureCard failure={{ message: state.commits.failure }} /> : null}
      {state.commits?.meaning.note && state.commits.meaning.note !== meaning.note ? <p className="secondary">{state.commits.meaning.note}</p> : null}
      {state.messages?.model ? <p className="secondary">{words.messageVectors({ done: state.messages.done, total: state.messages.total })}</p> : null}
      {state.messages?.note && state.messages.note !== meaning.note ? <p className="secondary">{state.messages.note}</p> : null}
      <p className="secondary">{insightWords(state.insight)}</p>
      {state.insight.failure ? <FailureCard failure={{ message: state.insight.failure }} /> : null}
    </section>
  );
}

function commitWords(commits: CommitsState | undefined): string {
  const words = t.code.index;
  if (!commits) return "";
  const { done, total, model } = commits.meaning;
  const made = model && total > 0 ? words.commitVectors({ done, total }) : "";
  return [words.commits({ known: commits.known }), commits.is_read ? made : words.readingCommits].filter(Boolean).join(" ");
}

function insightWords(insight: InsightState): string {
  const words = t.code.index;
  if (insight.is_running) return t.code.quality.looking;
  if (!insight.is_current) return words.notLooked;
  const { issues, concepts, clusters, patterns, commits } = insight;
  return words.looked({ issues, concepts, clusters, patterns, commits });
}

function Noted({ noted }: { noted: NotedFiles }) {
  const words = t.code.index;
  return (
    <section className="stack" aria-label={words.noted}>
      <h2 className="section-title">{words.noted}</h2>
      {noted.files.length === 0 ? <p className="quiet">{words.nothingNoted}</p> : null}
      {noted.files.length > 0 ? (
        <div className="table-scroll code-noted" tabIndex={0} role="group" aria-label={words.noted}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{words.path}</th>
                <th scope="col">{words.how}</th>
                <th scope="col">{words.why}</th>
                <th scope="col" className="num">
                  {words.size}
                </th>
              </tr>
            </thead>
            <tbody>
              {noted.files.map((file) => (
                <tr key={file.path}>
                  <td className="mono">{file.path}</td>
                  <td>{file.is_skipped ? words.nameOnly : words.inPart}</td>
                  <td>{inWords(file.text)}</td>
                  <td className="num">{bytes(file.size_bytes)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {noted.more > 0 ? <p className="quiet">{words.moreNoted({ count: noted.more })}</p> : null}
    </section>
  );
}

function Languages({ projectId, languages }: { projectId: string; languages: readonly CodeLanguage[] }) {
  const words = t.code.index;
  const [onlyUsed, setOnlyUsed] = useState(true);
  const shown = languages.filter((one) => !onlyUsed || one.files > 0 || !one.enabled || one.extensions.length > 0);
  return (
    <section className="stack" aria-label={words.languages}>
      <div className="row-line wrap">
        <h2 className="section-title grow">{words.languages}</h2>
        <label className="row-line">
          <input
            type="checkbox"
            checked={onlyUsed}
            onChange={(event) => {
              setOnlyUsed(event.target.checked);
            }}
          />
          {words.onlyUsed}
        </label>
      </div>
      <p className="quiet">{words.languagesHint}</p>
      <div className="table-scroll" tabIndex={0} role="group" aria-label={words.languages}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{words.read}</th>
              <th scope="col">{words.language}</th>
              <th scope="col" className="num">
                {words.files}
              </th>
              <th scope="col">{words.further}</th>
              <th scope="col" className="num">
                {words.largest}
              </th>
              <th scope="col" className="num">
                {words.time}
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Language key={one.language} projectId={projectId} one={one} />
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Language({ projectId, one }: { projectId: string; one: CodeLanguage }) {
  const words = t.code.index;
  const client = useClient();
  const toasts = useToasts();
  const { language } = one;
  const save = (change: Partial<Pick<CodeLanguage, "enabled" | "extensions" | "max_bytes" | "max_ms">>) => {
    client.call("code.set_language", { project_id: projectId, language, ...change }).catch((error: unknown) => {
      const failure = asFailure(error);
      toasts.fail([failure.message, failure.hint].filter(Boolean).join(" "));
    });
  };
  return (
    <tr>
      <td>
        <input
          type="checkbox"
          checked={one.enabled}
          aria-label={words.readLanguage({ language })}
          onChange={(event) => {
            save({ enabled: event.target.checked });
          }}
        />
      </td>
      <td>{language}</td>
      <td className="num">{whole(one.files)}</td>
      <td>
        <Kept
          className="input code-extensions"
          kept={one.extensions.join(" ")}
          label={words.furtherOf({ language })}
          onSave={(text) => {
            save({ extensions: text.split(/[\s,]+/).filter(Boolean).map((word) => word.replace(/^\./, "")) });
          }}
        />
      </td>
      <td className="num">
        <Limit
          kept={Math.round(one.max_bytes / BYTES_OF_KB)}
          label={words.largestOf({ language })}
          onSave={(size) => {
            save({ max_bytes: size * BYTES_OF_KB });
          }}
        />
      </td>
      <td className="num">
        <Limit
          kept={one.max_ms}
          label={words.timeOf({ language })}
          onSave={(time) => {
            save({ max_ms: time });
          }}
        />
      </td>
    </tr>
  );
}

/** A whole number; anything else is put back. */
function Limit({ kept, label, onSave }: { kept: number; label: string; onSave: (value: number) => void }) {
  return (
    <Kept
      className="input code-limit num"
      kept={String(kept)}
      label={label}
      onSave={(text) => {
        if (/^\d{1,9}$/.test(text)) onSave(Number(text));
      }}
    />
  );
}

/** A field that is saved when it is left, where something else stands in it then. */
function Kept({ className, kept, label, onSave }: { className: string; kept: string; label: string; onSave: (text: string) => void }) {
  const [text, setText] = useState<string | undefined>(undefined);
  const leave = () => {
    const written = text?.trim();
    setText(undefined);
    if (written !== undefined && written !== kept) onSave(written);
  };
  return (
    <input
      className={className}
      value={text ?? kept}
      aria-label={label}
      onChange={(event) => {
        setText(event.target.value);
      }}
      onBlur={leave}
      onKeyDown={(event) => {
        if (event.key === "Enter") leave();
      }}
    />
  );
}
