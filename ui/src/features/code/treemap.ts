// Rectangles whose areas are in proportion to their values, as square as can be (Bruls, Huizing, van Wijk: "Squarified Treemaps").

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** One rectangle for each value, in their order; `values` fall and are above zero. */
export function squarified(values: readonly number[], width: number, height: number): Rectangle[] {
  const sum = values.reduce((all, value) => all + value, 0);
  const areas = values.map((value) => (value * width * height) / sum);
  const placed: Rectangle[] = [];
  let left: Rectangle = { x: 0, y: 0, width, height };
  for (let at = 0; at < areas.length; ) {
    const side = Math.min(left.width, left.height);
    let row = areas.slice(at, at + 1);
    for (let next = at + 1; next < areas.length; next += 1) {
      const longer = areas.slice(at, next + 1);
      if (worst(longer, side) > worst(row, side)) break;
      row = longer;
    }
    left = lay(row, left, placed);
    at += row.length;
  }
  return placed;
}

/** How far from a square the least square one of a row is. */
function worst(row: readonly number[], side: number): number {
  const sum = row.reduce((all, area) => all + area, 0);
  const [most, least] = [Math.max(...row), Math.min(...row)];
  return Math.max((side * side * most) / (sum * sum), (sum * sum) / (side * side * least));
}

/** Lays a row along the shorter side; returns what is left. */
function lay(row: readonly number[], left: Rectangle, placed: Rectangle[]): Rectangle {
  const sum = row.reduce((all, area) => all + area, 0);
  const upright = left.width >= left.height;
  const depth = sum / (upright ? left.height : left.width);
  let along = 0;
  for (const area of row) {
    const length = area / depth;
    placed.push(
      upright
        ? { x: left.x, y: left.y + along, width: depth, height: length }
        : { x: left.x + along, y: left.y, width: length, height: depth },
    );
    along += length;
  }
  return upright
    ? { ...left, x: left.x + depth, width: left.width - depth }
    : { ...left, y: left.y + depth, height: left.height - depth };
}
