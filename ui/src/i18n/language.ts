// Which language speaks. English is always there; others are loaded when they are wanted.

import { createStore } from "../components/store";
import { en } from "./en";
import type { Catalogue, Translation } from "./message";
import type { Said } from "./said";

export type Language = "en" | "de" | "pseudo" | "pseudo-rtl";
/** What the person chose; `system` follows the browser or the operating system. */
export type LanguageChoice = "system" | Language;

/** Names in their own language, so that they are found whatever is shown. */
export const LANGUAGES: Record<Language, string> = {
  en: "English",
  de: "Deutsch",
  pseudo: "Ƥšéûðö (test)",
  "pseudo-rtl": "\u202eoduesP\u202c (test)",
};

interface Speaking {
  choice: LanguageChoice;
  language: Language;
  /** Of `Intl`: how numbers, dates and money are written. */
  locale: string;
  catalogue: Catalogue;
  /** What the engine says, where this language has it. */
  said: Said | undefined;
}

const saved = createStore<{ choice: LanguageChoice }>({ choice: "system" }, "mira.language");

export const speaking = createStore<Speaking>({
  choice: saved.get().choice,
  language: "en",
  locale: localeOf("en", wishes()),
  catalogue: en,
  said: undefined,
});

export function isChoice(text: string): text is LanguageChoice {
  return text === "system" || Object.hasOwn(LANGUAGES, text);
}

/** Loads the language that is meant by the choice and speaks it from now on. */
export async function speak(choice: LanguageChoice = saved.get().choice): Promise<void> {
  const wanted = isChoice(choice) ? choice : "system";
  const language = wanted === "system" ? spokenOf(wishes()) : wanted;
  const german = language === "de" ? await import("./de") : undefined;
  const catalogue: Translation<typeof en> = german?.de ?? en;
  if (saved.get().choice !== wanted) saved.set({ choice: wanted });
  speaking.set({ choice: wanted, language, locale: localeOf(language, wishes()), catalogue, said: german?.said });
  document.documentElement.lang = { en: "en", de: "de", pseudo: "en-XA", "pseudo-rtl": "ar-XB" }[language];
  document.documentElement.dir = language === "pseudo-rtl" ? "rtl" : "ltr";
}

/** The first wish that there is a catalogue for. */
export function spokenOf(wanted: readonly string[]): Language {
  for (const wish of wanted) {
    const base = wish.toLowerCase().split("-")[0];
    if (base === "en" || base === "de") return base;
  }
  return "en";
}

/** The person's own region where it is of this language ("en-GB"), else the language alone. */
function localeOf(language: Language, wanted: readonly string[]): string {
  const base = language === "de" ? "de" : "en";
  return wanted.find((wish) => wish.toLowerCase().split("-")[0] === base) ?? base;
}

function wishes(): readonly string[] {
  return globalThis.navigator?.languages ?? ["en"];
}
