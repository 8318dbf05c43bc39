// Files that are both hard to follow and often changed: a map (area: lines, colour: heat), and the table behind it.

import { Flame } from "lucide-react";
import { useRef, useState, type KeyboardEvent } from "react";
import { Empty, Failed, useNow, Waiting } from "../../components/states";
import { useWidth } from "../../components/useWidth";
import { stepped } from "../../components/walk";
import { t } from "../../i18n";
import { percent, shortTime, whole } from "../../i18n/format";
import type { CodeHotspot } from "../../protocol/generated/CodeHotspot";
import { useRequest } from "../../protocol/queries";
import type { CodeLinks } from "./CodeView";
import { InsightNotes } from "./insight";
import { Place } from "./parts";
import { squarified, type Rectangle } from "./treemap";

/** The width before the page is measured. */
const [WIDTH, HEIGHT] = [960, 380];
const STEPS = 5;

export function HotspotsPage({ projectId, links }: { projectId: string; links: CodeLinks }) {
  const words = t.code.hotspots;
  const [path, setPath] = useState("");
  const found = useRequest("code.hotspots", { project_id: projectId, path, limit: 80 });
  const now = useNow(60_000);
  const hotspots = found.data?.hotspots ?? [];
  const window = found.data?.window;
  return (
    <section className="stack" aria-label={t.code.tabs.hotspots}>
      <p className="secondary">{words.explained}</p>
      <div className="row-line wrap">
        <input
          className="input code-path"
          value={path}
          placeholder={t.code.search.pathPlaceholder}
          aria-label={t.code.search.path}
          onChange={(event) => {
            setPath(event.target.value);
          }}
        />
        <span className="quiet num grow" role="status">
          {window && window.commits > 0 ? words.window({ commits: window.commits, since: shortTime(window.since, now) }) : null}
        </span>
      </div>
      <InsightNotes projectId={projectId} notes={found.data?.notes} />
      {found.error ? <Failed asked={found} /> : null}
      {found.isPending ? <Waiting what={t.common.loading} /> : null}
      {found.data && hotspots.length === 0 ? (
        <Empty icon={<Flame size={22} className="quiet" aria-hidden="true" />} title={words.none}>
          {words.noneHint}
        </Empty>
      ) : null}
      {hotspots.length > 0 ? <HeatMap hotspots={hotspots} onOpen={links.openFile} /> : null}
      {hotspots.length > 0 ? <HeatTable hotspots={hotspots} links={links} /> : null}
      {found.data?.truncated ? <p className="quiet">{words.more}</p> : null}
    </section>
  );
}

/** 1 (cool) to 5 (hot); undefined where too few files are there to compare. */
export function heat(score: number | null): number | undefined {
  if (score === null) return undefined;
  return Math.min(STEPS, 1 + Math.floor(score * STEPS));
}

function label(one: CodeHotspot): string {
  const { path, lines, complexity, commits, score } = one;
  const file = t.code.hotspots.file({ path, lines, complexity, commits });
  return score === null ? file : `${file}, ${t.code.hotspots.heat({ score: percent(score) })}`;
}

function HeatMap({ hotspots, onOpen }: { hotspots: readonly CodeHotspot[]; onOpen: (path: string, line: number) => void }) {
  const words = t.code.hotspots;
  const figure = useRef<HTMLElement>(null);
  // As wide as it is shown, so that names are as large as any other.
  const width = useWidth(figure) || WIDTH;
  const bySize = [...hotspots].sort((left, right) => right.lines - left.lines || left.path.localeCompare(right.path));
  const places = squarified(
    bySize.map((one) => Math.max(1, one.lines)),
    width,
    HEIGHT,
  );
  const [current, setCurrent] = useState(0);
  const walk = (event: KeyboardEvent<SVGSVGElement>) => {
    // The map is drawn from left to right in every language.
    const to = stepped(event.key, current, bySize.length, "both");
    if (to === undefined) return;
    event.preventDefault();
    const next = Math.min(bySize.length - 1, Math.max(0, to));
    setCurrent(next);
    event.currentTarget.querySelectorAll<SVGElement>(".heat-file")[next]?.focus();
  };
  return (
    <figure className="heat" ref={figure}>
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} role="group" aria-label={words.mapLabel({ count: bySize.length })} onKeyDown={walk}>
        {bySize.map((one, at) => {
          const place = places[at];
          return place ? <HeatFile key={one.path} one={one} place={place} isCurrent={at === current} onOpen={onOpen} /> : null;
        })}
      </svg>
      {hotspots.some((one) => one.score !== null) ? (
        <figcaption className="row-line wrap quiet">
          {words.legend}
          {Array.from({ length: STEPS }, (_, step) => (
            <span key={step} className="heat-key" data-heat={step + 1} aria-hidden="true" />
          ))}
          <span>{words.legendEnds}</span>
        </figcaption>
      ) : null}
    </figure>
  );
}

function HeatFile(props: { one: CodeHotspot; place: Rectangle; isCurrent: boolean; onOpen: (path: string, line: number) => void }) {
  const { one, place } = props;
  const open = () => {
    props.onOpen(one.path, 1);
  };
  const name = one.path.split("/").at(-1) ?? one.path;
  const letters = Math.floor((place.width - 10) / 7);
  return (
    <g
      className="heat-file"
      data-heat={heat(one.score)}
      role="button"
      tabIndex={props.isCurrent ? 0 : -1}
      aria-label={label(one)}
      transform={`translate(${place.x} ${place.y})`}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        open();
      }}
    >
      <title>{`${one.path}\n${one.why}`}</title>
      <rect width={Math.max(1, place.width - 2)} height={Math.max(1, place.height - 2)} rx={3} />
      {letters > 3 && place.height > 20 ? (
        <text x={6} y={14}>
          {name.length > letters ? `${name.slice(0, letters - 1)}…` : name}
        </text>
      ) : null}
    </g>
  );
}

function HeatTable({ hotspots, links }: { hotspots: readonly CodeHotspot[]; links: CodeLinks }) {
  const words = t.code.hotspots;
  const heads = [words.complexity, words.commits, words.fixes, words.authors, words.churn, words.lines];
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={t.code.tabs.hotspots}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col" className="num">
              {words.score}
            </th>
            <th scope="col">{words.path}</th>
            {heads.map((head) => (
              <th key={head} scope="col" className="num">
                {head}
              </th>
            ))}
            <th scope="col">{words.hardest}</th>
          </tr>
        </thead>
        <tbody>
          {hotspots.map((one) => (
            <tr key={one.path}>
              <td className="num">
                {one.score === null ? (
                  "–"
                ) : (
                  <>
                    <span className="heat-key" data-heat={heat(one.score)} aria-hidden="true" /> {percent(one.score)}
                  </>
                )}
              </td>
              <td>
                <Place path={one.path} line={1} onOpen={links.openFile} />
              </td>
              {[one.complexity, one.commits, one.fixes, one.authors, one.churn, one.lines].map((value, at) => (
                <td key={heads[at]} className="num">
                  {whole(value)}
                </td>
              ))}
              <td className="mono secondary">{one.hardest ? `${one.hardest} (${one.hardest_complexity})` : null}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
