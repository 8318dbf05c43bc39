// Money by day, with today's likely end and its band. The table of days in the ledger says the same in figures.

import { useEffect, useRef } from "react";
import UPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { useStore } from "../../components/store";
import { shown } from "../../components/theme";
import { t } from "../../i18n";
import { money, shortDay } from "../../i18n/format";
import type { Projection } from "../../protocol/generated/Projection";
import type { SpendRow } from "../../protocol/generated/SpendRow";

const HEIGHT = 168;
const DAY = 86_400;
const HALF_DAY = DAY / 2;
const WEEK = 6 * DAY;
/** Days that are named below the chart. */
const NAMED = 7;

/** The noons between two moments, every so many days that their names have room. */
function noons(from: number, until: number): number[] {
  const step = Math.max(1, Math.ceil((until - from) / DAY / NAMED)) * DAY;
  const out: number[] = [];
  for (let at = until - HALF_DAY; at >= from; at -= step) out.unshift(at);
  return out;
}

/** Seconds since 1970 at the noon of a day "2026-11-26", in this person's time. */
function noon(day: string): number {
  const [year = 1970, month = 1, date = 1] = day.split("-").map(Number);
  return new Date(year, month - 1, date, 12).getTime() / 1000;
}

export function DayChart({ rows, today }: { rows: readonly SpendRow[]; today: Projection }) {
  const place = useRef<HTMLDivElement>(null);
  const { theme, contrast } = useStore(shown);
  useEffect(() => {
    const element = place.current;
    if (!element) return undefined;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string) => style.getPropertyValue(name).trim();
    const days = rows.map((row) => noon(row.key));
    const spent = rows.map((row) => row.spend.cost_micro_usd / 1_000_000);
    const last = rows.length - 1;
    const only = (value: number) => rows.map((_, index) => (index === last ? value / 1_000_000 : null));
    const axis = { stroke: colour("--text-2"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const bars = UPlot.paths.bars;
    const plot = new UPlot(
      {
        width: element.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        // A few days stand at the right of a whole week, so that one is a bar and not a wall.
        scales: { x: { time: true, range: () => [Math.min(days[0] ?? 0, (days[last] ?? 0) - WEEK) - HALF_DAY, (days[last] ?? 0) + HALF_DAY] }, y: { range: (_, __, most) => [0, Math.max(most, 0.01)] } },
        axes: [{ ...axis, size: 28, grid: { show: false }, values: (_, days) => days.map((day) => shortDay(day * 1000)), splits: (_, __, from, until) => noons(from, until) }, { ...axis, size: 64, values: (_, values) => values.map((value) => money(value * 1_000_000)) }],
        series: [
          {},
          { stroke: colour("--line-strong"), fill: colour("--pressed"), ...(bars ? { paths: bars({ size: [0.6, 40] }) } : {}), points: { show: false } },
          { stroke: colour("--accent"), fill: colour("--accent"), ...(bars ? { paths: bars({ size: [0.6, 40] }) } : {}), points: { show: false } },
        ],
      },
      [days, only(today.high_micro_usd), spent],
      element,
    );
    const watch = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [rows, today, theme, contrast]);
  return <div ref={place} className="budget-chart" role="img" aria-label={t.budget.chart({ days: rows.length, high: money(today.high_micro_usd) })} />;
}
