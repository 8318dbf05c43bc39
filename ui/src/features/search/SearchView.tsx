// Search in all sessions: what was said, by words and meaning, and what tools printed.

import { Search } from "lucide-react";
import { useDeferredValue, useState, type ReactNode } from "react";
import { Button } from "../../components/Button";
import { Said } from "../../components/Said";
import { Empty, Failed, useNow, Waiting } from "../../components/states";
import { downTo, walkRows } from "../../components/walk";
import { t } from "../../i18n";
import { shortTime } from "../../i18n/format";
import type { SearchHit } from "../../protocol/generated/SearchHit";
import { useRequest } from "../../protocol/queries";
import "./search.css";

/** A snippet with what matched marked; the engine puts it between two control characters. */
export function marked(snippet: string): ReactNode[] {
  return snippet.split("\u0002").flatMap((part, index): ReactNode[] => {
    if (index === 0) return [part];
    const [hit = "", ...rest] = part.split("\u0003");
    return [<mark key={index}>{hit}</mark>, rest.join("")];
  });
}

type Role = "user" | "assistant" | "tool";

interface Filters {
  project: string;
  role: Role | "";
  tool: string;
  model: string;
  since: string;
  until: string;
}

const NONE: Filters = { project: "", role: "", tool: "", model: "", since: "", until: "" };
const DAY_MS = 86_400_000;

/** Midnight of a day as a date field writes it, in this person's time. */
export function midnight(day: string): number | undefined {
  const [year, month, date] = day.split("-").map(Number);
  if (!year || !month || !date) return undefined;
  return new Date(year, month - 1, date).getTime();
}

export function SearchView(props: { projectId: string | undefined; onOpen: (hit: SearchHit) => void }) {
  const now = useNow(30_000);
  const [text, setText] = useState("");
  const [filters, setFilters] = useState<Filters>({ ...NONE, project: props.projectId ?? "" });
  const query = useDeferredValue(text.trim());
  const until = midnight(filters.until);
  const found = useRequest(
    "session.search",
    query
      ? {
          query,
          project_id: filters.project || undefined,
          role: filters.role || undefined,
          tool: filters.tool || undefined,
          model: filters.model || undefined,
          since: midnight(filters.since),
          until: until === undefined ? undefined : until + DAY_MS,
          limit: 100,
        }
      : undefined,
  );
  const hits = found.data?.hits ?? [];
  const filtered = Object.values(filters).some((value) => value !== "");
  return (
    <div className="view">
      <div className="view-content">
        <h1 className="view-title">{t.search.title}</h1>
        <input
          className="input"
          type="search"
          value={text}
          autoFocus
          placeholder={t.search.placeholder}
          aria-label={t.search.label}
          onKeyDown={(event) => {
            downTo(event, ".hit");
          }}
          onChange={(event) => {
            setText(event.target.value);
          }}
        />
        <FilterRow
          filters={filters}
          hits={hits}
          onChange={(part) => {
            setFilters((before) => ({ ...before, ...part }));
          }}
        />
        {query && found.data?.notes?.length ? (
          <div className="stack secondary" role="status">
            {found.data.notes.map((note) => (
              <p key={note}>
                <Said text={note} />
              </p>
            ))}
          </div>
        ) : null}
        {found.error ? <Failed asked={found} /> : null}
        {query && found.isPending ? <Waiting what={t.common.loading} /> : null}
        {!query ? (
          <Empty icon={<Search size={22} className="quiet" aria-hidden="true" />} title={t.search.label}>
            {t.search.hint}
          </Empty>
        ) : null}
        {query && found.data && hits.length === 0 ? (
          <Empty
            title={filtered ? t.search.noneFiltered({ query }) : t.search.none({ query })}
            action={
              filtered ? (
                <Button
                  small
                  onClick={() => {
                    setFilters(NONE);
                  }}
                >
                  {t.search.clear}
                </Button>
              ) : undefined
            }
          />
        ) : null}
        {hits.length > 0 ? <Hits hits={hits} now={now} onOpen={props.onOpen} /> : null}
      </div>
    </div>
  );
}

function FilterRow(props: { filters: Filters; hits: readonly SearchHit[]; onChange: (part: Partial<Filters>) => void }) {
  const { filters, hits, onChange } = props;
  const projects = useRequest("project.list", {}).data?.projects ?? [];
  const models = useRequest("model.list", {}).data?.models ?? [];
  const withOwn = (names: Iterable<string>, own: string) => [...new Set([...names, ...(own ? [own] : [])])].sort();
  const tools = withOwn(hits.flatMap((hit) => (hit.tool ? [hit.tool] : [])), filters.tool);
  const used = withOwn([...hits.flatMap((hit) => (hit.model ? [hit.model] : [])), ...models.map((one) => one.id)], filters.model);
  return (
    <div className="search-filters" role="group" aria-label={t.search.filters}>
      <Pick label={t.search.project} value={filters.project} none={t.search.allProjects} options={projects.map((one) => [one.id, one.name])} onChange={(project) => { onChange({ project }); }} />
      <Pick
        label={t.search.role}
        value={filters.role}
        none={t.search.anyRole}
        options={(["user", "assistant", "tool"] as const).map((role) => [role, t.search.roles[role]])}
        onChange={(role) => {
          onChange({ role: role as Role | "" });
        }}
      />
      <Pick label={t.search.tool} value={filters.tool} none={t.search.anyTool} options={tools.map((one) => [one, one])} onChange={(tool) => { onChange({ tool }); }} />
      <Pick label={t.search.model} value={filters.model} none={t.search.anyModel} options={used.map((one) => [one, one])} onChange={(model) => { onChange({ model }); }} />
      <Day label={t.search.since} value={filters.since} onChange={(since) => { onChange({ since }); }} />
      <Day label={t.search.until} value={filters.until} onChange={(until) => { onChange({ until }); }} />
    </div>
  );
}

function Pick(props: { label: string; value: string; none: string; options: [string, string][]; onChange: (value: string) => void }) {
  return (
    <label className="search-filter">
      <span className="quiet" aria-hidden="true">{props.label}</span>
      <select className="input" aria-label={props.label} value={props.value} onChange={(event) => { props.onChange(event.target.value); }}>
        <option value="">{props.none}</option>
        {props.options.map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
    </label>
  );
}

function Day(props: { label: string; value: string; onChange: (value: string) => void }) {
  return (
    <label className="search-filter">
      <span className="quiet" aria-hidden="true">{props.label}</span>
      <input className="input" type="date" aria-label={props.label} value={props.value} onChange={(event) => { props.onChange(event.target.value); }} />
    </label>
  );
}

/** What it was found by, where that is more than its words. */
function Why({ hit }: { hit: SearchHit }) {
  const by = (signal: string) => hit.reasons?.some((one) => one.signal === signal);
  if (!by("meaning")) return null;
  return <span className="badge hit-why">{by("words") ? t.search.byBoth : t.search.byMeaning}</span>;
}

function Hits({ hits, now, onOpen }: { hits: readonly SearchHit[]; now: number; onOpen: (hit: SearchHit) => void }) {
  return (
    <>
      <p className="quiet" role="status">
        {t.search.hits({ count: hits.length })}
      </p>
      <ul className="hits" onKeyDown={(event) => { walkRows(event, ".hit"); }}>
        {hits.map((hit) => (
          <li key={`${hit.session_id}:${hit.seq}`}>
            <button
              type="button"
              className="hit"
              onClick={() => {
                onOpen(hit);
              }}
            >
              <span className="row-line">
                <strong className="truncate">{hit.session_name || t.sessions.untitled}</strong>
                <span className="badge">{hit.tool ?? t.search.roles[hit.role]}</span>
                {hit.model && hit.role !== "user" ? <span className="quiet mono truncate">{hit.model}</span> : null}
                <span className="grow" />
                <Why hit={hit} />
                <span className="quiet num">{shortTime(hit.at, now)}</span>
              </span>
              <span className="hit-text secondary">{marked(hit.snippet.replace(/\s*\n\s*\n\s*/g, "\n"))}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
