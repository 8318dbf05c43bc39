// Search in the code: ranked by names and words, or exact text; why a hit ranks where it does, on request.

import { FileSearch } from "lucide-react";
import { useDeferredValue } from "react";
import { Choice } from "../../components/Choice";
import { languageOf, useHighlighted } from "../../components/Code";
import { Empty, Failed, Waiting } from "../../components/states";
import { createStore, useStore } from "../../components/store";
import { downTo, walkRows } from "../../components/walk";
import { t } from "../../i18n";
import type { CodeHit } from "../../protocol/generated/CodeHit";
import type { SearchMode } from "../../protocol/generated/SearchMode";
import { useRequest } from "../../protocol/queries";
import type { CodeLinks } from "./CodeView";
import { Commits } from "./Commits";
import { ElementLink, Notes, Place, Reasons } from "./parts";

const LIMIT = 40;
/** Lines of a hit that are drawn. */
const SHOWN_LINES = 8;
/** Commits that stand below what was found in the code. */
const FEW_COMMITS = 3;
type Mode = SearchMode | "commits";
const MODES: Mode[] = ["ranked", "commits", "text", "regex"];

interface Asked {
  text: string;
  mode: Mode;
  path: string;
  language: string;
  why: boolean;
}

/** Kept while the window lives, so that coming back from a hit finds the list again. */
const asked = createStore<Asked>({ text: "", mode: "ranked", path: "", language: "", why: false });

export function CodeSearch({ projectId, links }: { projectId: string; links: CodeLinks }) {
  const words = t.code.search;
  const now = useStore(asked);
  const query = useDeferredValue(now.text.trim());
  const path = useDeferredValue(now.path.trim());
  const found = useRequest(
    "code.search",
    query && now.mode !== "commits"
      ? { project_id: projectId, query, mode: now.mode, path: path || undefined, language: now.language || undefined, limit: LIMIT, explain: now.why }
      : undefined,
  );
  const hits = found.data?.hits ?? [];
  const placeholder = now.mode === "text" ? words.textPlaceholder : now.mode === "regex" ? words.regexPlaceholder : now.mode === "commits" ? words.commitsPlaceholder : words.placeholder;
  return (
    <>
      <input
        className="input code-query"
        type="search"
        value={now.text}
        autoFocus
        placeholder={placeholder}
        aria-label={words.label}
        onKeyDown={(event) => {
          downTo(event, ".code-place");
        }}
        onChange={(event) => {
          asked.set({ text: event.target.value });
        }}
      />
      <Filters projectId={projectId} now={now} />
      <Notes projectId={projectId} notes={found.data?.notes} />
      {found.error ? <Failed asked={found} /> : null}
      {query && now.mode !== "commits" && found.isPending ? <Waiting what={t.common.loading} /> : null}
      {query ? null : (
        <Empty icon={<FileSearch size={22} className="quiet" aria-hidden="true" />} title={words.label}>
          {words.hint}
        </Empty>
      )}
      {query && found.data && hits.length === 0 ? <Empty title={words.none({ query })} /> : null}
      {query && hits.length > 0 ? <Hits hits={hits} truncated={found.data?.truncated ?? false} links={links} /> : null}
      {query && now.mode === "commits" ? <Commits projectId={projectId} query={query} path={path} why={now.why} limit={LIMIT} links={links} /> : null}
      {query && now.mode === "ranked" ? (
        <Commits
          projectId={projectId}
          query={query}
          path={path}
          why={now.why}
          limit={FEW_COMMITS}
          links={links}
          onAll={() => {
            asked.set({ mode: "commits" });
          }}
        />
      ) : null}
    </>
  );
}

function Filters({ projectId, now }: { projectId: string; now: Asked }) {
  const words = t.code.search;
  const languages = useRequest("code.languages", { project_id: projectId }).data?.languages ?? [];
  const used = languages.filter((one) => one.files > 0 || one.language === now.language);
  return (
    <div className="row-line wrap" role="group" aria-label={t.search.filters}>
      <Choice
        label={words.mode}
        value={now.mode}
        options={MODES.map((value) => ({ value, label: words.modes[value] }))}
        onChange={(mode) => {
          asked.set({ mode });
        }}
      />
      <input
        className="input code-path"
        value={now.path}
        placeholder={words.pathPlaceholder}
        aria-label={words.path}
        onChange={(event) => {
          asked.set({ path: event.target.value });
        }}
      />
      {now.mode === "commits" ? null : <select
        className="input"
        aria-label={words.language}
        value={now.language}
        onChange={(event) => {
          asked.set({ language: event.target.value });
        }}
      >
        <option value="">{words.anyLanguage}</option>
        {used.map((one) => (
          <option key={one.language} value={one.language}>
            {one.language}
          </option>
        ))}
      </select>}
      {now.mode === "ranked" || now.mode === "commits" ? (
        <label className="row-line">
          <input
            type="checkbox"
            checked={now.why}
            onChange={(event) => {
              asked.set({ why: event.target.checked });
            }}
          />
          {words.why}
        </label>
      ) : null}
    </div>
  );
}

function Hits({ hits, truncated, links }: { hits: readonly CodeHit[]; truncated: boolean; links: CodeLinks }) {
  return (
    <>
      <p className="quiet" role="status">
        {t.code.search.hits({ count: hits.length })}
        {truncated ? ` · ${t.code.search.more}` : null}
      </p>
      <ol className="code-hits" onKeyDown={(event) => { walkRows(event, ".code-place"); }}>
        {hits.map((hit) => (
          <Hit key={`${hit.path}:${hit.start_line}-${hit.end_line}`} hit={hit} links={links} />
        ))}
      </ol>
    </>
  );
}

/** Other places of the same file that answer nearly as well. */
function AlsoHere({ hit, links }: { hit: CodeHit; links: CodeLinks }) {
  if (!hit.also?.length) return null;
  return (
    <div className="row-line wrap code-also">
      <span className="quiet">{t.code.search.also}</span>
      {hit.also.map((one) =>
        one.element ? (
          <ElementLink key={one.start_line} element={one.element} onOpen={links.openElement} />
        ) : (
          <button
            key={one.start_line}
            type="button"
            className="code-element num"
            onClick={() => {
              links.openFile(hit.path, one.start_line);
            }}
          >
            {t.code.search.lines({ from: one.start_line, to: one.end_line })}
          </button>
        ),
      )}
    </div>
  );
}

function Hit({ hit, links }: { hit: CodeHit; links: CodeLinks }) {
  const shown = hit.text.split("\n").slice(0, SHOWN_LINES).join("\n").trimEnd();
  const content = useHighlighted(shown, languageOf(hit.path));
  return (
    <li className="code-hit">
      <div className="row-line">
        <Place path={hit.path} line={hit.start_line} onOpen={links.openFile} />
        <span className="grow" />
        {hit.element ? <ElementLink element={hit.element} onOpen={links.openElement} /> : null}
      </div>
      <pre className="code-text">
        <code>{content}</code>
      </pre>
      <AlsoHere hit={hit} links={links} />
      <Reasons reasons={hit.reasons} />
    </li>
  );
}
