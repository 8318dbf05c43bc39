// An element in the middle, what uses it at its left, what it uses at its right. The tables beside it say the same.

import { useState } from "react";
import { Choice } from "../../components/Choice";
import { Failed } from "../../components/states";
import { t } from "../../i18n";
import type { CodeElement } from "../../protocol/generated/CodeElement";
import type { CodeGraph } from "../../protocol/generated/CodeGraph";
import type { GraphNode } from "../../protocol/generated/GraphNode";
import { useRequest } from "../../protocol/queries";
import { kindWord } from "./parts";

const [WIDTH, HEIGHT, GAP_X, GAP_Y] = [176, 26, 64, 10];
const NAME_LETTERS = 22;

interface Placed {
  node: GraphNode;
  x: number;
  y: number;
}

/** Columns by steps; in each column the order of the answer, which has the surest first. */
export function placed(graph: CodeGraph): { nodes: Map<number, Placed>; width: number; height: number } {
  const columns = new Map<number, GraphNode[]>();
  for (const node of graph.nodes) columns.set(node.step, [...(columns.get(node.step) ?? []), node]);
  const steps = [...columns.keys()].sort((left, right) => left - right);
  const most = Math.max(1, ...[...columns.values()].map((column) => column.length));
  const height = most * (HEIGHT + GAP_Y) - GAP_Y;
  const nodes = new Map<number, Placed>();
  for (const [at, step] of steps.entries()) {
    const column = columns.get(step) ?? [];
    const top = (height - (column.length * (HEIGHT + GAP_Y) - GAP_Y)) / 2;
    for (const [row, node] of column.entries()) {
      nodes.set(node.element.id, { node, x: at * (WIDTH + GAP_X), y: top + row * (HEIGHT + GAP_Y) });
    }
  }
  return { nodes, width: steps.length * (WIDTH + GAP_X) - GAP_X, height };
}

function short(name: string): string {
  return name.length > NAME_LETTERS ? `…${name.slice(1 - NAME_LETTERS)}` : name;
}

export function Graph({ projectId, element, onOpen }: { projectId: string; element: CodeElement; onOpen: (id: number) => void }) {
  const words = t.code.graph;
  const [depth, setDepth] = useState("1");
  const graph = useRequest("code.graph", { project_id: projectId, id: element.id, depth: Number(depth) });
  return (
    <section aria-label={words.title}>
      <div className="row-line wrap">
        <h3 className="section-title grow">{words.title}</h3>
        <Choice
          shown
          label={words.steps}
          value={depth}
          options={["1", "2", "3"].map((value) => ({ value, label: value }))}
          onChange={setDepth}
        />
      </div>
      {graph.error ? <Failed asked={graph} /> : null}
      {graph.data && graph.data.nodes.length < 2 ? <p className="quiet">{words.alone}</p> : null}
      {graph.data && graph.data.nodes.length > 1 ? <Picture graph={graph.data} name={element.name} onOpen={onOpen} /> : null}
      {graph.data?.truncated ? <p className="quiet">{words.more}</p> : null}
    </section>
  );
}

function Picture({ graph, name, onOpen }: { graph: CodeGraph; name: string; onOpen: (id: number) => void }) {
  const { nodes, width, height } = placed(graph);
  return (
    <div className="table-scroll code-graph" tabIndex={0} role="group" aria-label={t.code.graph.label({ name, count: graph.nodes.length - 1 })}>
      <svg width={width + 4} height={height + 4} viewBox={`-2 -2 ${width + 4} ${height + 4}`}>
        {graph.edges.map((edge) => {
          const [from, to] = [nodes.get(edge.from), nodes.get(edge.to)];
          if (!from || !to) return null;
          const [left, right] = from.x <= to.x ? [from, to] : [to, from];
          const [x1, y1, x2, y2] = [left.x + WIDTH, left.y + HEIGHT / 2, right.x, right.y + HEIGHT / 2];
          const middle = (x1 + x2) / 2;
          return <path key={`${edge.from} ${edge.to}`} className="code-edge" data-sure={edge.confidence >= 0.7} d={`M${x1} ${y1} C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}`} />;
        })}
        {[...nodes.values()].map(({ node, x, y }) => (
          <Node key={node.element.id} node={node} x={x} y={y} onOpen={onOpen} />
        ))}
      </svg>
    </div>
  );
}

function Node({ node, x, y, onOpen }: Placed & { onOpen: (id: number) => void }) {
  const { element, step } = node;
  const open = () => {
    onOpen(element.id);
  };
  const name = t.code.graph.node({ kind: kindWord(element.kind), name: element.qualified_name, step: Math.abs(step) });
  return (
    <g
      className="code-node"
      data-middle={step === 0}
      role="button"
      tabIndex={0}
      aria-label={name}
      transform={`translate(${x} ${y})`}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        open();
      }}
    >
      <title>{`${element.path}:${element.start_line}`}</title>
      <rect width={WIDTH} height={HEIGHT} rx={5} />
      <text x={10} y={HEIGHT / 2} dominantBaseline="central">
        {short(element.qualified_name)}
      </text>
    </g>
  );
}
