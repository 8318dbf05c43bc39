// Every sentence of the interface: `t.sessions.deleted({ name })`. Messages are ICU; what they
// take is read from the English catalogue by the compiler. The text is looked up when it is asked
// for, so that a change of the language needs no more than drawing again.

import { IntlMessageFormat } from "intl-messageformat";
import { en } from "./en";
import { speaking } from "./language";
import type { Catalogue, Messages } from "./message";
import { pseudo } from "./pseudo";

export const t = view(en, []) as Messages<typeof en>;

export type ActivityState = keyof typeof t.activity.state;

type Value = string | number;
type Shown = string | ((args: Record<string, Value>) => string);

let known = new Map<string, Shown>();
speaking.subscribe(() => {
  known = new Map();
});

function view(catalogue: Catalogue, path: readonly string[]): object {
  const out = {};
  for (const [key, value] of Object.entries(catalogue)) {
    const at = [...path, key];
    if (typeof value === "string") define(out, key, () => message(at));
    else if (Array.isArray(value)) define(out, key, () => value.map((_, index) => message([...at, String(index)])));
    else Object.defineProperty(out, key, { value: view(value as Catalogue, at), enumerable: true });
  }
  return out;
}

function define(on: object, key: string, get: () => unknown): void {
  Object.defineProperty(on, key, { get, enumerable: true });
}

function message(path: readonly string[]): Shown {
  const name = path.join(".");
  let shown = known.get(name);
  if (shown === undefined) {
    shown = made(path);
    known.set(name, shown);
  }
  return shown;
}

function made(path: readonly string[]): Shown {
  const { catalogue, language, locale } = speaking.get();
  const text = lookUp(catalogue, path) ?? lookUp(en, path) ?? path.join(".");
  let format = new IntlMessageFormat(text, locale);
  if (language === "pseudo" || language === "pseudo-rtl") {
    format = new IntlMessageFormat(pseudo(format.getAst(), language === "pseudo-rtl"), locale);
  }
  if (format.getAst().every((element) => element.type === 0)) return String(format.format());
  return (args) => String(format.format(args));
}

function lookUp(catalogue: Catalogue, path: readonly string[]): string | undefined {
  let at: unknown = catalogue;
  for (const key of path) at = (at as Record<string, unknown> | undefined)?.[key];
  return typeof at === "string" ? at : undefined;
}
