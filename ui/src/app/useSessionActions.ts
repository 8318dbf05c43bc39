// What can be done with a session as a whole, with its words and its way back.

import { useMemo } from "react";
import { copyText } from "../components/states";
import { useToasts } from "../components/toasts";
import type { SessionActions } from "../features/sessions/SessionList";
import { sessionName } from "../features/sessions/SessionList";
import { t } from "../i18n";
import type { Session } from "../protocol/generated/Session";
import { useClient } from "../protocol/queries";
import { told } from "../protocol/told";
import { place } from "./place";
import { saveFile } from "./save";

const TYPES = { markdown: "text/markdown", json: "application/json", html: "text/html" };

export function useSessionActions(onRename: (session: Session) => void): SessionActions {
  const client = useClient();
  const toasts = useToasts();
  return useMemo(() => {
    const attempt = (work: () => Promise<void>) => {
      work().catch((error: unknown) => {
        toasts.fail(told(error));
      });
    };
    const restore = (session: Session) => {
      attempt(async () => {
        await client.call("session.restore", { session_id: session.id });
        toasts.say(t.sessions.restored({ name: sessionName(session) }));
      });
    };
    return {
      open: (sessionId) => {
        place.set({ view: "chat", sessionId });
      },
      rename: onRename,
      pin: (session) => {
        attempt(async () => {
          await client.call("session.pin", { session_id: session.id, pinned: !session.pinned });
        });
      },
      remove: (session) => {
        attempt(async () => {
          await client.call("session.delete", { session_id: session.id });
          if (place.get().sessionId === session.id) place.set({ sessionId: undefined });
          toasts.say(t.sessions.deleted({ name: sessionName(session) }), {
            label: t.common.undo,
            run: () => {
              restore(session);
            },
          });
        });
      },
      restore,
      fork: (session) => {
        attempt(async () => {
          const copy = await client.call("session.fork", { session_id: session.id });
          place.set({ view: "chat", sessionId: copy.id });
          toasts.say(t.sessions.forked);
        });
      },
      copyLink: (session) => {
        const link = `mira://session/${session.id}`;
        void copyText(link).then((copied) => {
          if (copied) toasts.say(t.sessions.linkCopied);
          else toasts.fail(t.sessions.linkNotCopied({ link }));
        });
      },
      exportAs: (session, format) => {
        attempt(async () => {
          const file = await client.call("session.export", { session_id: session.id, format });
          saveFile(file.file_name, file.content, TYPES[format]);
          toasts.say(t.sessions.exported({ file: file.file_name }));
        });
      },
    };
  }, [client, toasts, onRename]);
}
