import { useRef, useState, type KeyboardEvent, type PointerEvent } from "react";

const STEP = 24;

/** The line between two panes: drag, arrow keys, double click or Enter to collapse. */
export function Splitter(props: {
  label: string;
  /** Width of the pane it belongs to, in pixels. */
  value: number;
  min: number;
  /** Told anew for each move where it depends on the window. */
  max: number | (() => number);
  /** The pane stands left of the line, or right of it; the other way round where text runs from right to left. */
  pane: "left" | "right";
  onChange: (value: number) => void;
  onCollapse: () => void;
}) {
  const { min, pane, onChange } = props;
  const most = () => Math.max(min, typeof props.max === "number" ? props.max : props.max());
  const max = most();
  // What was chosen in a wider window is shown as wide as this one allows.
  const value = Math.min(max, Math.max(min, props.value));
  const start = useRef<{ x: number; value: number } | undefined>(undefined);
  const [dragging, setDragging] = useState(false);
  const mirrored = () => document.documentElement.dir === "rtl";
  const sign = () => ((pane === "left") !== mirrored() ? 1 : -1);
  const set = (wanted: number) => {
    onChange(Math.round(Math.min(most(), Math.max(min, wanted))));
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "ArrowLeft") set(value - sign() * STEP);
    else if (event.key === "ArrowRight") set(value + sign() * STEP);
    else if (event.key === "Home") set(min);
    else if (event.key === "End") set(max);
    else if (event.key === "Enter") props.onCollapse();
    else return;
    event.preventDefault();
  };
  const end = () => {
    start.current = undefined;
    setDragging(false);
  };
  return (
    <div
      role="separator"
      tabIndex={0}
      className="splitter"
      aria-label={props.label}
      aria-orientation="vertical"
      aria-valuenow={value}
      aria-valuemin={min}
      aria-valuemax={max}
      data-dragging={dragging}
      onKeyDown={keys}
      onDoubleClick={props.onCollapse}
      onPointerDown={(event: PointerEvent<HTMLDivElement>) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        start.current = { x: event.clientX, value };
        setDragging(true);
      }}
      onPointerMove={(event) => {
        if (start.current) set(start.current.value + sign() * (event.clientX - start.current.x));
      }}
      onPointerUp={end}
      onPointerCancel={end}
    />
  );
}
