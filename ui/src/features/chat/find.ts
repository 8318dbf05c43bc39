// Where words stand in a conversation.

import { uncoloured } from "../../components/terminal";
import { toolLine } from "./toolText";
import type { Item } from "./transcript";

/** All text of an item that a person can read. */
export function textOf(item: Item): string {
  switch (item.kind) {
    case "user":
      return item.content;
    case "assistant":
    case "reasoning":
      return item.text;
    case "tool": {
      const line = toolLine(item.tool, item.arguments, item.command);
      return [line.verb, line.subject, item.summary, item.durationMs === undefined ? uncoloured(item.live) : item.output].join("\n");
    }
    case "notice":
      return item.text;
    case "compacted":
      return item.summary;
    default:
      return "";
  }
}

/** Items whose text has the words, each once: a list of thousands is walked item by item. */
export function matches(items: readonly Item[], words: string): string[] {
  const wanted = words.trim().toLowerCase();
  if (!wanted) return [];
  return items.filter((item) => textOf(item).toLowerCase().includes(wanted)).map((item) => item.key);
}
