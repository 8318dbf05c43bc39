// What a failure is in one line, for a place that has room for no more.

import { t } from "../i18n";
import { speaking } from "../i18n/language";
import { translated } from "../i18n/said";
import { asFailure } from "./client";
import type { Code } from "./generated/Code";

/** In other languages the kind of failure stands before a reason that is told in English only. */
export function kindOf(code: Code | undefined): string | undefined {
  return code === undefined || speaking.get().language === "en" ? undefined : t.failure.codes[code];
}

export function told(error: unknown): string {
  const failure = asFailure(error);
  const own = translated(failure.message);
  // What is told in the window's own words needs no heading.
  const kind = own === undefined ? kindOf(failure.code) : undefined;
  const reason = [own ?? failure.message, failure.hint ? (translated(failure.hint) ?? failure.hint) : ""].filter(Boolean).join(" ");
  return kind ? `${kind}: ${reason}` : reason;
}
