// One element: where it stands, its text, what is in it, the history of its file.

import { FileText } from "lucide-react";
import { Button } from "../../components/Button";
import { Code, languageOf } from "../../components/Code";
import { Empty, FailureCard, useNow, Waiting } from "../../components/states";
import { t } from "../../i18n";
import { shortTime } from "../../i18n/format";
import { asFailure } from "../../protocol/client";
import type { CodeElement } from "../../protocol/generated/CodeElement";
import type { Commit } from "../../protocol/generated/Commit";
import { useRequest } from "../../protocol/queries";
import type { CodeLinks } from "./CodeView";
import { Graph } from "./Graph";
import { Issues } from "./insight";
import { Meaning } from "./Meaning";
import { ElementLink, kindWord } from "./parts";
import { Edges, Tests } from "./Uses";

export function ElementPage(props: { projectId: string; id: number | undefined; links: CodeLinks; onFindSymbol: () => void }) {
  const { projectId, id, links } = props;
  const words = t.code.element;
  const found = useRequest("code.element", id === undefined ? undefined : { project_id: projectId, id });
  const find = <Button onClick={props.onFindSymbol}>{words.find}</Button>;
  if (id === undefined) {
    return (
      <Empty title={words.none} action={find}>
        {words.noneHint}
      </Empty>
    );
  }
  if (found.error) return <FailureCard failure={asFailure(found.error)}>{find}</FailureCard>;
  if (!found.data) return <Waiting what={t.common.loading} />;
  const { element, around, members, text, text_cut, callers, callees, tests, history, quality, meaning } = found.data;
  return (
    <article className="code-page" aria-label={element.qualified_name}>
      <Head element={element} around={around} links={links} />
      {element.doc ? <p className="code-doc secondary">{element.doc}</p> : null}
      <section aria-label={words.definition}>
        <h3 className="section-title">{words.definition}</h3>
        <div className="code">
          <Code code={text.trimEnd()} language={languageOf(element.path)} />
        </div>
        {text_cut ? <p className="quiet">{words.cut({ line: element.end_line })}</p> : null}
      </section>
      <Graph key={element.id} projectId={projectId} element={element} onOpen={links.openElement} />
      <Edges title={t.code.uses.callers} none={t.code.uses.noCallers} edges={callers} links={links} />
      <Edges title={t.code.uses.callees} none={t.code.uses.noCallees} edges={callees} links={links} />
      <Tests tests={tests} links={links} />
      {members.length > 0 ? <Members members={members} links={links} /> : null}
      <History history={history} />
      <section aria-label={t.code.tabs.quality}>
        <h3 className="section-title">{t.code.tabs.quality}</h3>
        {quality.length > 0 ? <Issues issues={quality} links={links} label={t.code.tabs.quality} /> : <p className="quiet">{t.code.quality.noneHere}</p>}
      </section>
      {meaning ? <Meaning meaning={meaning} links={links} /> : null}
    </article>
  );
}

function Head({ element, around, links }: { element: CodeElement; around: readonly CodeElement[]; links: CodeLinks }) {
  const words = t.code.element;
  return (
    <header className="code-page-head">
      {around.length > 0 ? (
        <nav className="row-line wrap" aria-label={words.around}>
          {around.map((one) => (
            <ElementLink key={one.id} element={one} onOpen={links.openElement} />
          ))}
        </nav>
      ) : null}
      <h2 className="code-page-name mono">{element.qualified_name}</h2>
      <p className="row-line wrap secondary">
        <span className="badge">{kindWord(element.kind)}</span>
        {element.is_async ? <span className="badge">{words.isAsync}</span> : null}
        {element.is_test ? <span className="badge">{words.isTest}</span> : null}
        <span>{element.visibility}</span>
        {element.language ? <span>{element.language}</span> : null}
        <span className="num">{words.lines({ from: element.start_line, to: element.end_line })}</span>
        {element.cyclomatic > 0 ? (
          <>
            <span className="num" title={words.cyclomaticWhy}>
              {words.cyclomatic({ count: element.cyclomatic })}
            </span>
            <span className="num" title={words.cognitiveWhy}>
              {words.cognitive({ count: element.cognitive })}
            </span>
          </>
        ) : null}
      </p>
      <p className="row-line wrap">
        <Button
          small
          onClick={() => {
            links.openFile(element.path, element.start_line);
          }}
        >
          <FileText size={13} aria-hidden="true" />
          {words.openFile}
        </Button>
        <span className="mono quiet truncate">
          <bdi>{element.path}</bdi>:{element.start_line}
        </span>
      </p>
    </header>
  );
}

function Members({ members, links }: { members: readonly CodeElement[]; links: CodeLinks }) {
  const words = t.code.element;
  return (
    <section aria-label={words.members}>
      <h3 className="section-title">{words.members}</h3>
      <ul className="code-list">
        {members.map((one) => (
          <li key={one.id} className="row-line">
            <ElementLink element={one} onOpen={links.openElement} />
            <span className="quiet mono truncate grow">{one.signature}</span>
            <span className="quiet num">{one.start_line}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function History({ history }: { history: readonly Commit[] }) {
  const words = t.code.element;
  const now = useNow(60_000);
  return (
    <section aria-label={words.history}>
      <h3 className="section-title">{words.history}</h3>
      {history.length === 0 ? <p className="quiet">{words.noHistory}</p> : null}
      {history.length > 0 ? (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={words.history}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{words.commit}</th>
                <th scope="col">{words.author}</th>
                <th scope="col" className="num">
                  {words.when}
                </th>
              </tr>
            </thead>
            <tbody>
              {history.map((commit) => (
                <tr key={commit.hash}>
                  <td>
                    <span className="mono quiet">{commit.hash.slice(0, 8)}</span> {commit.subject}
                  </td>
                  <td>{commit.author}</td>
                  <td className="num quiet">{shortTime(commit.at, now)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}
