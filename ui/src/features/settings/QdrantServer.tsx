// The Qdrant server that may keep vectors: its address, its key, whether it answers.

import { t } from "../../i18n";
import { duration } from "../../i18n/format";
import { inWords } from "../../i18n/said";
import type { VectorsState } from "../../protocol/generated/VectorsState";
import { useClient } from "../../protocol/queries";
import { Server } from "./Server";

export function QdrantServer({ state }: { state: VectorsState }) {
  const words = t.vectorStore;
  const client = useClient();
  const known = state.qdrant_url ?? "";
  const isFixed = state.key_source === "environment";
  const from = isFixed ? t.settings.keyEnvironment : state.key_source === "none" ? words.keyNone : t.settings.keyFrom({ source: state.key_source });
  const secret = {
    label: words.key,
    hint: [from, inWords(state.keychain_problem ?? "")].filter(Boolean).join(" "),
    isFixed,
    isSaved: state.key_source === "keychain",
    save: (key: string) => client.call("vectors.set_key", { key }),
  };
  return (
    <Server
      name={words.server}
      address={{ label: words.url, hint: words.urlHint, known, setting: "QDRANT_URL" }}
      secret={known ? secret : undefined}
      test={{
        label: words.test,
        needsAddress: true,
        run: (url, key) => client.call("vectors.test", { url: url || null, key: key ?? null }),
        said: (result) => <span>{words.tested({ place: result.place, time: duration(result.latency_ms), count: result.collections })}</span>,
      }}
    />
  );
}
