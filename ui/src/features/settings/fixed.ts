// Where a setting's value comes from, and why one cannot be changed here.

import { t } from "../../i18n";
import type { Setting } from "../../protocol/generated/Setting";

const SOURCES: Record<string, keyof typeof t.settings.sources> = { default: "default", "config.toml": "file", settings: "settings", environment: "environment", flag: "flag" };

export function sourceInWords(source: string): string {
  const known = SOURCES[source];
  return known ? t.settings.sources[known] : source;
}

/** Of one that is not editable. */
export function whyFixed(setting: Setting): string {
  const { source } = setting;
  if (source === "environment" || source === "flag") return t.settings.fixed({ source });
  return setting.name.endsWith("_KEY") ? t.settings.notHereKey : t.settings.notHere;
}
