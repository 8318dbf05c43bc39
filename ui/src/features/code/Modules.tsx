// Folders in layers: what stands above uses what stands below. The table under it says the same.

import { ArrowUp } from "lucide-react";
import { useState } from "react";
import { Button } from "../../components/Button";
import { Failed } from "../../components/states";
import { t } from "../../i18n";
import { whole } from "../../i18n/format";
import type { CodeModule } from "../../protocol/generated/CodeModule";
import type { CodeModules } from "../../protocol/generated/CodeModules";
import { useRequest } from "../../protocol/queries";

const [WIDTH, HEIGHT, GAP_X, GAP_Y] = [150, 30, 18, 56];
const NAME_LETTERS = 18;

export interface Laid {
  module: CodeModule;
  x: number;
  y: number;
}

/** Rows by layer, the highest on top. */
export function layers(modules: readonly CodeModule[]): { places: Map<string, Laid>; width: number; height: number } {
  const most = Math.max(0, ...modules.map((one) => one.layer));
  const places = new Map<string, Laid>();
  const widths = Array.from({ length: most + 1 }, () => 0);
  for (const module of modules) {
    const nth = widths[module.layer] ?? 0;
    widths[module.layer] = nth + 1;
    places.set(module.path, { module, x: nth * (WIDTH + GAP_X), y: (most - module.layer) * (HEIGHT + GAP_Y) });
  }
  return { places, width: Math.max(1, ...widths) * (WIDTH + GAP_X) - GAP_X, height: (most + 1) * (HEIGHT + GAP_Y) - GAP_Y };
}

function name(path: string): string {
  const last = path.split("/").at(-1) ?? path;
  return last.length > NAME_LETTERS ? `${last.slice(0, NAME_LETTERS - 1)}…` : last;
}

export function Modules({ projectId }: { projectId: string }) {
  const words = t.code.modules;
  const [folder, setFolder] = useState("");
  const found = useRequest("code.modules", { project_id: projectId, path: folder });
  const modules = found.data?.modules ?? [];
  return (
    <section className="stack" aria-label={words.title}>
      <div className="row-line wrap">
        <h2 className="section-title grow">{folder ? words.of({ folder }) : words.title}</h2>
        {folder ? (
          <Button
            small
            onClick={() => {
              setFolder("");
            }}
          >
            <ArrowUp size={13} aria-hidden="true" />
            {words.whole}
          </Button>
        ) : null}
      </div>
      <p className="secondary">{words.explained}</p>
      {found.error ? <Failed asked={found} /> : null}
      {found.data && modules.length === 0 ? <p className="quiet">{words.none}</p> : null}
      {found.data && modules.length > 0 ? <Picture found={found.data} onOpen={setFolder} /> : null}
      {found.data && modules.length > 0 ? <ModuleTable found={found.data} /> : null}
      {found.data?.truncated ? <p className="quiet">{words.more}</p> : null}
    </section>
  );
}

function Picture({ found, onOpen }: { found: CodeModules; onOpen: (folder: string) => void }) {
  const { places, width, height } = layers(found.modules);
  return (
    <div className="table-scroll code-graph" tabIndex={0} role="group" aria-label={t.code.modules.label({ count: found.modules.length })}>
      <svg width={width + 4} height={height + 4} viewBox={`-2 -2 ${width + 4} ${height + 4}`}>
        {found.uses.map((use) => {
          const [from, to] = [places.get(use.from), places.get(use.to)];
          if (!from || !to) return null;
          const [x1, x2] = [from.x + WIDTH / 2, to.x + WIDTH / 2];
          const [y1, y2] = from.y === to.y ? [from.y + HEIGHT, to.y + HEIGHT] : [from.y + HEIGHT, to.y];
          const middle = from.y === to.y ? y1 + GAP_Y / 2 : (y1 + y2) / 2;
          return <path key={`${use.from} ${use.to}`} className="code-edge" data-cycle={use.is_cycle} d={`M${x1} ${y1} C${x1} ${middle} ${x2} ${middle} ${x2} ${y2}`} />;
        })}
        {[...places.values()].map((laid) => (
          <Box key={laid.module.path} {...laid} onOpen={onOpen} />
        ))}
      </svg>
    </div>
  );
}

function Box({ module, x, y, onOpen }: Laid & { onOpen: (folder: string) => void }) {
  const open = () => {
    if (module.is_folder) onOpen(module.path);
  };
  const label = t.code.modules.node({ path: module.path, files: module.files, lines: whole(module.lines) });
  return (
    <g
      className="code-node"
      role={module.is_folder ? "button" : "img"}
      tabIndex={module.is_folder ? 0 : undefined}
      aria-label={label}
      transform={`translate(${x} ${y})`}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        open();
      }}
    >
      <title>{label}</title>
      <rect width={WIDTH} height={HEIGHT} rx={5} />
      <text x={10} y={HEIGHT / 2} dominantBaseline="central">
        {name(module.path)}
      </text>
    </g>
  );
}

function ModuleTable({ found }: { found: CodeModules }) {
  const words = t.code.modules;
  return (
    <div className="table-scroll code-noted" tabIndex={0} role="group" aria-label={words.table}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{words.module}</th>
            <th scope="col" className="num">
              {words.files}
            </th>
            <th scope="col" className="num">
              {words.lines}
            </th>
            <th scope="col">{words.uses}</th>
          </tr>
        </thead>
        <tbody>
          {[...found.modules].reverse().map((one) => (
            <tr key={one.path}>
              <td className="mono">{one.path}</td>
              <td className="num">{whole(one.files)}</td>
              <td className="num">{whole(one.lines)}</td>
              <td className="mono secondary">
                {found.uses
                  .filter((use) => use.from === one.path)
                  .map((use) => (use.is_cycle ? words.circle({ path: use.to }) : use.to))
                  .join(", ")}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
