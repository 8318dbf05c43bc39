// Numbers, times and money as people of the chosen language write them. Pure but for the language:
// the present moment is an argument.

import { speaking } from "./language";

/** Making a formatter costs more than using it, so each is made once for a locale. */
const made = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const { locale } = speaking.get();
  const name = `${locale} ${JSON.stringify(options)}`;
  let format = made.get(name);
  if (!format) made.set(name, (format = new Intl.NumberFormat(locale, options)));
  return format as Intl.NumberFormat;
}

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const { locale } = speaking.get();
  const name = `date ${locale} ${JSON.stringify(options)}`;
  let format = made.get(name);
  if (!format) made.set(name, (format = new Intl.DateTimeFormat(locale, options)));
  return format as Intl.DateTimeFormat;
}

function decimal(value: number, most: number, least = 0): string {
  return numbers({ maximumFractionDigits: most, minimumFractionDigits: least }).format(value);
}

/** Micro-dollars as dollars; small sums keep enough digits to be a figure and not zero. */
export function money(microUsd: number): string {
  const dollars = microUsd / 1_000_000;
  const shown = (value: number, digits: number) =>
    numbers({
      style: "currency",
      currency: "USD",
      currencyDisplay: "narrowSymbol",
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    }).format(value);
  if (dollars === 0) return shown(0, 0);
  if (dollars < 0.001) return `<${shown(0.001, 3)}`;
  return shown(dollars, dollars < 0.1 ? 3 : 2);
}

/** Units are the symbols of the SI, which are the same in every language. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`;
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds < 10 ? decimal(seconds, 1, 1) : Math.round(seconds)} s`;
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
  if (count < 1_000_000) return `${decimal(count / 1000, count < 100_000 ? 1 : 0)}k`;
  return `${decimal(count / 1_000_000, 1)}M`;
}

export function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${decimal(count / 1024, count < 10_240 ? 1 : 0, count < 10_240 ? 1 : 0)} kB`;
  if (count < 1024 ** 3) return `${decimal(count / 1024 ** 2, 1, 1)} MB`;
  return `${decimal(count / 1024 ** 3, 1, 1)} GB`;
}

export function whole(count: number): string {
  return numbers({}).format(count);
}

/** A share from 0 to 1. */
export function percent(share: number): string {
  return numbers({ style: "percent", maximumFractionDigits: 0 }).format(share);
}

export function timeOfDay(at: number): string {
  return dates({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at);
}

export function fullTime(at: number): string {
  return dates({
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(at);
}

export function sameDay(left: number, right: number): boolean {
  return new Date(left).toDateString() === new Date(right).toDateString();
}

export function shortDay(at: number): string {
  return dates({ day: "numeric", month: "short" }).format(at);
}

/** A short time for lists: the clock today, the day otherwise. */
export function shortTime(at: number, now: number): string {
  return sameDay(at, now) ? timeOfDay(at) : shortDay(at);
}
