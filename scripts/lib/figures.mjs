// One line a figure of a benchmark: its median and spread beside its aim.

/** `aim`: the most that the median may be, in the same unit. */
export function figure(name, values, unit, aim, note = "") {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part) => sorted[Math.floor((sorted.length - 1) * part)] ?? Number.NaN;
  const shown = (value) => (Math.abs(value) < 100 ? value.toFixed(1) : Math.round(value).toLocaleString("en"));
  const spread = sorted.length > 1 ? ` (${shown(at(0))}–${shown(at(1))}, p95 ${shown(at(0.95))}, n ${sorted.length})` : "";
  const mark = at(0.5) <= aim ? "ok  " : "OVER";
  console.log(`${mark} ${name.padEnd(52)} ${shown(at(0.5)).padStart(7)} ${unit.padEnd(2)}  aim < ${aim} ${unit}${spread}${note ? `  ${note}` : ""}`);
}
