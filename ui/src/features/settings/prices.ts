// Where a price is from, read from what the catalogue says of it. Pure.

import type { ProviderName } from "../../protocol/generated/ProviderName";

export interface PriceOrigin {
  source: string;
  /** YYYY-MM-DD */
  day: string | undefined;
  /** It is not from the vendor's own pages, or was not looked up again. */
  unconfirmed: boolean;
}

const VENDORS: Record<ProviderName, readonly string[]> = {
  openai: ["openai.com"],
  gemini: ["google.dev", "google.com"],
  anthropic: ["anthropic.com", "claude.com"],
  local: [],
};

/** `text` as the catalogue writes it: "host/page, remarks, YYYY-MM-DD". */
export function originOf(provider: ProviderName, text: string): PriceOrigin {
  const day = /(\d{4}-\d{2}-\d{2})\s*$/.exec(text)?.[1];
  const source = text.replace(/,?\s*\d{4}-\d{2}-\d{2}\s*$/, "").trim();
  const host = /^(?:https?:\/\/)?([\w.-]+)/.exec(source)?.[1] ?? "";
  const own = VENDORS[provider].some((vendor) => host === vendor || host.endsWith(`.${vendor}`));
  return { source, day, unconfirmed: !own || source.includes("not looked up again") };
}
