// What the list above the message field offers for the word before the caret.

import { useMemo } from "react";
import { useRequest } from "../../protocol/queries";
import { commitOptions, fileOptions, narrowed, sessionOptions, symbolOptions, type Option, type Wanted } from "./mentions";

export interface Command {
  /** Without the stroke. */
  name: string;
  /** "[NAME]"; empty where it takes none. */
  usage: string;
  about: string;
  /** Whose it is, where it is not Mira's own. */
  from: string;
  run: (rest: string) => void | Promise<void>;
}

const MOST_FILES = 8;
const MOST_SYMBOLS = 5;
const MOST_SESSIONS = 4;
const MOST_COMMITS = 4;
/** Commits that are looked through for a word. */
const COMMITS = 200;

export interface Options {
  options: Option[];
  waiting: boolean;
}

export function useOptions(
  wanted: Wanted | undefined,
  at: { projectId: string | undefined; sessionId: string | undefined; commands: readonly Command[] },
): Options {
  const { projectId, sessionId, commands } = at;
  const { group, query } = narrowed(wanted?.kind === "mention" ? wanted.query : "");
  const asks = (one: string) => wanted?.kind === "mention" && (group === undefined || group === one);
  const files = useRequest(
    "file.find",
    asks("file") && projectId ? { project_id: projectId, query, limit: group ? 20 : MOST_FILES } : undefined,
  );
  // A path has strokes; sessions and commits are asked for by words.
  const words = group !== undefined || (query.length > 0 && !query.includes("/"));
  const symbols = useRequest(
    "code.symbols",
    asks("symbol") && words && query.length > 1 && projectId ? { project_id: projectId, query, kinds: [], limit: group ? 20 : MOST_SYMBOLS } : undefined,
  );
  const sessions = useRequest(
    "session.list",
    asks("session") && words ? { search: query || undefined, limit: group ? 12 : MOST_SESSIONS + 1, deleted: false } : undefined,
  );
  const status = useRequest("git.status", asks("commit") && words && projectId ? { project_id: projectId } : undefined);
  const commits = useRequest(
    "git.log",
    status.data?.is_repo && projectId && asks("commit") && words ? { project_id: projectId, limit: COMMITS } : undefined,
  );
  const kind = wanted?.kind;
  const typed = wanted?.query ?? "";
  return useMemo(() => {
    if (kind === undefined) return { options: [], waiting: false };
    if (kind === "command") return { options: commandOptions(commands, typed), waiting: false };
    const narrow = group !== undefined;
    const options = [
      ...(files.data ? fileOptions(files.data.entries, query) : []),
      ...(words && query.length > 1 && symbols.data ? symbolOptions(symbols.data.elements) : []),
      ...(words && sessions.data ? sessionOptions(sessions.data.sessions, query, sessionId).slice(0, narrow ? 12 : MOST_SESSIONS) : []),
      ...(words && commits.data ? commitOptions(commits.data.commits, query).slice(0, narrow ? 20 : MOST_COMMITS) : []),
    ];
    return { options, waiting: files.isFetching || symbols.isFetching || sessions.isFetching || commits.isFetching };
  }, [kind, typed, commands, group, query, words, sessionId, files.data, files.isFetching, symbols.data, symbols.isFetching, sessions.data, sessions.isFetching, commits.data, commits.isFetching]);
}

function commandOptions(commands: readonly Command[], query: string): Option[] {
  const wanted = query.toLowerCase();
  return commands
    .filter((command) => command.name.toLowerCase().startsWith(wanted))
    .map((command) => ({
      key: `command ${command.name}`,
      group: "command",
      word: `/${command.name}`,
      title: [command.usage, command.about].filter(Boolean).join(" · "),
      detail: command.from,
      mention: undefined,
    }));
}
