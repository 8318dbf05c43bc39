// Colours lines beside the page, so that scrolling never waits for a grammar.

import { byLine, type ColourReply, type ColourRequest } from "./colours";
import { highlight } from "./highlight";

addEventListener("message", (event: MessageEvent<ColourRequest>) => {
  const { id, language, lines } = event.data;
  const tree = highlight(lines.join("\n"), language);
  postMessage({ id, lines: tree ? byLine(tree) : [] } satisfies ColourReply);
});
