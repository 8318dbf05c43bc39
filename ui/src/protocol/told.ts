// What a failure is in one line, for a place that has room for no more.

import { t } from "../i18n";
import { speaking } from "../i18n/language";
import { asFailure } from "./client";
import type { Code } from "./generated/Code";

/** The engine tells its reasons in English; in other languages the kind of failure stands before them. */
export function kindOf(code: Code | undefined): string | undefined {
  return code === undefined || speaking.get().language === "en" ? undefined : t.failure.codes[code];
}

export function told(error: unknown): string {
  const failure = asFailure(error);
  const kind = kindOf(failure.code);
  const reason = [failure.message, failure.hint].filter(Boolean).join(" ");
  return kind ? `${kind}: ${reason}` : reason;
}
