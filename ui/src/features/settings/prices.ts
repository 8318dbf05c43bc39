// Where a price is from, read from what the catalogue says of it. Pure.

export interface PriceOrigin {
  source: string;
  /** YYYY-MM-DD */
  day: string | undefined;
}

/** `text` as the catalogue writes it: "host/page, YYYY-MM-DD". */
export function originOf(text: string): PriceOrigin {
  const day = /(\d{4}-\d{2}-\d{2})\s*$/.exec(text)?.[1];
  return { source: text.replace(/,?\s*\d{4}-\d{2}-\d{2}\s*$/, "").trim(), day };
}
