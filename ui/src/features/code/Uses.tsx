// Who uses an element, what it uses, which tests are about it; each with how sure that is.

import { Said } from "../../components/Said";
import { t } from "../../i18n";
import { percent } from "../../i18n/format";
import type { CodeEdges } from "../../protocol/generated/CodeEdges";
import type { CodeTest } from "../../protocol/generated/CodeTest";
import type { CodeLinks } from "./CodeView";
import { ElementLink, Place } from "./parts";

/** The word for a way of using; one that is not known yet stands for itself. */
function wayWord(kind: string): string {
  const { kinds } = t.code.uses;
  return kind in kinds ? kinds[kind as keyof typeof kinds] : kind;
}

export function Edges(props: { title: string; none: string; edges: CodeEdges; links: CodeLinks }) {
  const { title, edges, links } = props;
  const words = t.code.uses;
  return (
    <section aria-label={title}>
      <h3 className="section-title">{title}</h3>
      {edges.edges.length === 0 ? <p className="quiet">{props.none}</p> : null}
      {edges.edges.length > 0 ? (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={title}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col" className="num">
                  {words.sure}
                </th>
                <th scope="col">{words.what}</th>
                <th scope="col">{words.how}</th>
                <th scope="col">{words.place}</th>
                <th scope="col">{words.why}</th>
              </tr>
            </thead>
            <tbody>
              {edges.edges.map((edge) => (
                <tr key={`${edge.element?.id ?? ""} ${edge.path}:${edge.line} ${edge.kind}`}>
                  <td className="num">{percent(edge.confidence)}</td>
                  <td>{edge.element ? <ElementLink element={edge.element} onOpen={links.openElement} /> : <span className="quiet">{words.topLevel}</span>}</td>
                  <td>
                    {wayWord(edge.kind)} {edge.times > 1 ? <span className="num quiet">×{edge.times}</span> : null}
                  </td>
                  <td>
                    <Place path={edge.path} line={edge.line} onOpen={links.openFile} />
                  </td>
                  <td className="secondary">
                    <Said text={edge.reason} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
      {edges.truncated ? <p className="quiet">{words.more}</p> : null}
    </section>
  );
}

export function Tests({ tests, links }: { tests: readonly CodeTest[]; links: CodeLinks }) {
  const words = t.code.uses;
  return (
    <section aria-label={words.tests}>
      <h3 className="section-title">{words.tests}</h3>
      {tests.length === 0 ? <p className="quiet">{words.noTests}</p> : null}
      {tests.length > 0 ? (
        <div className="table-scroll" tabIndex={0} role="group" aria-label={words.tests}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col" className="num">
                  {words.sure}
                </th>
                <th scope="col">{words.what}</th>
                <th scope="col">{words.place}</th>
                <th scope="col">{words.why}</th>
              </tr>
            </thead>
            <tbody>
              {tests.map((test) => (
                <tr key={`${test.path}:${test.line}`}>
                  <td className="num">{percent(test.confidence)}</td>
                  <td>{test.element ? <ElementLink element={test.element} onOpen={links.openElement} /> : <span className="quiet">{words.file}</span>}</td>
                  <td>
                    <Place path={test.path} line={test.line} onOpen={links.openFile} />
                  </td>
                  <td className="secondary">
                    <Said text={test.reason} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      ) : null}
    </section>
  );
}
