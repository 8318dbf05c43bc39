// What an element is for, the concepts it is about, and those it has to do with beyond calls.

import { t } from "../../i18n";
import { percent } from "../../i18n/format";
import type { ElementKin } from "../../protocol/generated/ElementKin";
import type { ElementMeaning } from "../../protocol/generated/ElementMeaning";
import type { CodeLinks } from "./CodeView";
import { ElementLink } from "./parts";

function relation(kin: ElementKin): string {
  const key = kin.is_from && kin.relation !== "akin" ? `${kin.relation}_from` : kin.relation;
  return key in t.code.meaning.relations ? t.code.meaning.relations[key as keyof typeof t.code.meaning.relations] : kin.relation;
}

export function Meaning({ meaning, links }: { meaning: ElementMeaning; links: CodeLinks }) {
  const words = t.code.meaning;
  return (
    <section className="stack" aria-label={words.title}>
      <h3 className="section-title">{words.title}</h3>
      <p>
        {meaning.purpose} <span className="quiet">{meaning.confidence > 0.5 ? words.byAuthor : words.byName}</span>
      </p>
      <p className="row-line wrap">
        {meaning.concepts.map((one) => (
          <span key={one} className="badge">
            {one}
          </span>
        ))}
        {meaning.cluster ? <span className="quiet">{words.cluster({ name: meaning.cluster })}</span> : null}
        <span className="quiet num">{words.importance({ share: percent(meaning.importance) })}</span>
      </p>
      {meaning.kin.length > 0 ? (
        <ul className="code-list" aria-label={words.kin}>
          {meaning.kin.slice(0, 12).map((kin) => (
            <li key={`${kin.relation} ${kin.element.id} ${kin.is_from}`} className="row-line">
              <span className="quiet">{relation(kin)}</span>
              <ElementLink element={kin.element} onOpen={links.openElement} />
            </li>
          ))}
        </ul>
      ) : null}
    </section>
  );
}
