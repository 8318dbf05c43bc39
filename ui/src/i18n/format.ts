// Numbers, times and money as people read them. Pure: the present moment is an argument.

const LOCALE = "en";

/** Micro-dollars as dollars; small sums keep enough digits to be a figure and not zero. */
export function money(microUsd: number): string {
  const dollars = microUsd / 1_000_000;
  if (dollars === 0) return "$0";
  if (dollars < 0.001) return "<$0.001";
  const digits = dollars < 0.1 ? 3 : 2;
  return `$${dollars.toFixed(digits)}`;
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 10 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  const rest = Math.round(seconds % 60);
  if (minutes < 60) return rest === 0 ? `${minutes} min` : `${minutes} min ${rest} s`;
  const hours = Math.floor(minutes / 60);
  return `${hours} h ${minutes % 60} min`;
}

/** Whole seconds as m:ss, for countdowns and running clocks. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

export function tokens(count: number): string {
  if (count < 1000) return String(count);
  if (count < 100_000) return `${(count / 1000).toFixed(1).replace(/\.0$/, "")}k`;
  if (count < 1_000_000) return `${Math.round(count / 1000)}k`;
  return `${(count / 1_000_000).toFixed(1).replace(/\.0$/, "")}M`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(count < 10_240 ? 1 : 0)} kB`;
  return `${(count / 1024 / 1024).toFixed(1)} MB`;
}

export function whole(count: number): string {
  return count.toLocaleString(LOCALE);
}

export function timeOfDay(at: number): string {
  return new Date(at).toLocaleTimeString(LOCALE, { hour: "2-digit", minute: "2-digit", hour12: false });
}

export function fullTime(at: number): string {
  return new Date(at).toLocaleString(LOCALE, { dateStyle: "medium", timeStyle: "medium", hour12: false });
}

export function sameDay(left: number, right: number): boolean {
  return new Date(left).toDateString() === new Date(right).toDateString();
}

/** A short time for lists: the clock today, the day otherwise. */
export function shortTime(at: number, now: number): string {
  if (sameDay(at, now)) return timeOfDay(at);
  return new Date(at).toLocaleDateString(LOCALE, { day: "numeric", month: "short" });
}

export function plural(count: number, one: string, many: string): string {
  return `${whole(count)} ${count === 1 ? one : many}`;
}
