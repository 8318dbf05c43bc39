// Full text over all sessions: what was said and what tools printed.

import { Search } from "lucide-react";
import { useDeferredValue, useState, type ReactNode } from "react";
import { Empty, FailureCard, useNow, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { shortTime } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
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

export function SearchView(props: { projectId: string | undefined; onOpen: (hit: SearchHit) => void }) {
  const now = useNow(30_000);
  const [text, setText] = useState("");
  const [everywhere, setEverywhere] = useState(props.projectId === undefined);
  const query = useDeferredValue(text.trim());
  const found = useRequest(
    "session.search",
    query ? { query, project_id: everywhere ? undefined : props.projectId, limit: 100 } : undefined,
  );
  const hits = found.data?.hits ?? [];
  return (
    <div className="view">
      <div className="view-content">
        <h1 className="view-title">{t.search.title}</h1>
        <div className="row-line">
          <input
            className="input"
            type="search"
            value={text}
            autoFocus
            placeholder={t.search.placeholder}
            aria-label={t.search.label}
            onChange={(event) => {
              setText(event.target.value);
            }}
          />
          {props.projectId ? (
            <label className="row-line">
              <input
                type="checkbox"
                checked={everywhere}
                onChange={(event) => {
                  setEverywhere(event.target.checked);
                }}
              />
              <span className="num">{t.search.allProjects}</span>
            </label>
          ) : null}
        </div>
        {found.error ? <FailureCard failure={asFailure(found.error)} /> : null}
        {query && found.isPending ? <Waiting what={t.common.loading} /> : null}
        {!query ? (
          <Empty icon={<Search size={22} className="quiet" aria-hidden="true" />} title={t.search.label}>
            {t.search.hint}
          </Empty>
        ) : null}
        {query && found.data && hits.length === 0 ? <Empty title={t.search.none({ query })} /> : null}
        {hits.length > 0 ? (
          <>
            <p className="quiet" role="status">
              {t.search.hits({ count: hits.length })}
            </p>
            <ul className="hits">
              {hits.map((hit) => (
                <li key={`${hit.session_id}:${hit.seq}`}>
                  <button
                    type="button"
                    className="hit"
                    onClick={() => {
                      props.onOpen(hit);
                    }}
                  >
                    <span className="row-line">
                      <strong className="truncate">{hit.session_name || t.sessions.untitled}</strong>
                      <span className="badge">{(t.search.roles as Record<string, string>)[hit.role] ?? hit.role}</span>
                      <span className="grow" />
                      <span className="quiet num">{shortTime(hit.at, now)}</span>
                    </span>
                    <span className="hit-text secondary">{marked(hit.snippet)}</span>
                  </button>
                </li>
              ))}
            </ul>
          </>
        ) : null}
      </div>
    </div>
  );
}
