// What the provider's cache was to give back of this session's requests, what it did, and what broke it.

import { t } from "../../i18n";
import { fullTime, tokens, whole } from "../../i18n/format";
import { useRequest } from "../../protocol/queries";

export function PrefixCache({ sessionId }: { sessionId: string }) {
  const words = t.router;
  const cache = useRequest("session.cache", { session_id: sessionId });
  if (!cache.data) return null;
  const { state, files } = cache.data;
  return (
    <section aria-label={words.cache}>
      <h2 className="panel-title">{words.cache}</h2>
      {state ? (
        <dl className="facts">
          <dt>{words.cachePrefix}</dt>
          <dd className="num">{words.cachePrefixIs({ tokens: tokens(state.prefix_tokens), model: state.model })}</dd>
          <dt>{words.cacheExpected}</dt>
          <dd className="num">{words.cacheOf({ tokens: tokens(state.expected_cached_tokens), input: tokens(state.input_tokens) })}</dd>
          <dt>{words.cacheReal}</dt>
          <dd className={state.cached_tokens < state.expected_cached_tokens ? "num warn" : "num"}>
            {words.cacheOf({ tokens: tokens(state.cached_tokens), input: tokens(state.input_tokens) })}
          </dd>
          <dt>{words.cacheBreaks}</dt>
          <dd className="num">{words.cacheBreaksAre({ count: state.breaks, requests: state.requests })}</dd>
          {state.last_break ? (
            <>
              <dt>{words.cacheLastBreak}</dt>
              <dd>{state.last_break}</dd>
            </>
          ) : null}
        </dl>
      ) : (
        <p className="quiet">{words.cacheNone}</p>
      )}
      {files.length > 0 ? (
        <details>
          <summary>{words.cacheFiles({ count: files.length })}</summary>
          <div className="table-scroll" tabIndex={0} role="group" aria-label={words.cacheFile}>
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">{words.cacheFile}</th>
                  <th scope="col" className="num">
                    {t.cost.tokensIn}
                  </th>
                  <th scope="col" className="num">
                    {words.cacheTimes}
                  </th>
                </tr>
              </thead>
              <tbody>
                {files.map((file) => (
                  <tr key={`${file.path} ${file.sent_at}`}>
                    <td className="mono" title={fullTime(file.sent_at)}>
                      {file.path} {file.changed_since ? <span className="badge warn">{words.cacheChanged}</span> : null}
                    </td>
                    <td className="num">{tokens(file.tokens)}</td>
                    <td className="num">{whole(file.times)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </details>
      ) : null}
    </section>
  );
}
