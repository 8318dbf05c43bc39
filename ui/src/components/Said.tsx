import { speaking } from "../i18n/language";
import { translated } from "../i18n/said";

/** A sentence of the engine: in the window's language where it is known in it, marked as English otherwise. */
export function Said({ text }: { text: string }) {
  const own = translated(text);
  if (own !== undefined) return own;
  return speaking.get().language === "en" ? text : <span lang="en">{text}</span>;
}
