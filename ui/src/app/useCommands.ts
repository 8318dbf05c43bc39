// The slash commands of the message field: Mira's own, which mean the same as in the terminal; the
// person's, which are prompts; and the window's actions that have a short name.

import { useMemo } from "react";
import type { Outgoing } from "../features/chat/Composer";
import { ACCESSES, TIERS, type Choices } from "../features/chat/choices";
import type { Command } from "../features/chat/useOptions";
import { t } from "../i18n";
import type { Session } from "../protocol/generated/Session";
import type { Tier } from "../protocol/generated/Tier";
import { useClient, useRequest } from "../protocol/queries";
import { isEnabled, type Action } from "./actions";
import type { InspectorTab } from "./place";

/** What the commands reach in the window around the message field. */
export interface CommandReach {
  session: Session | undefined;
  projectId: string | undefined;
  actions: readonly Action[];
  onChoices: (change: Partial<Choices>) => void;
  send: (message: Outgoing) => Promise<void>;
  showTab: (tab: InspectorTab) => void;
  openSession: (sessionId: string) => void;
  search: (words: string) => void;
  health: () => void;
  newSession: () => void;
  turn: (direction: "undo" | "redo", paths: string[]) => void;
  resumeLast: () => void;
  /** The last message again, on that tier. */
  retry: (tier: Tier | undefined) => Promise<void>;
  queued: number;
  releaseQueue: () => void;
  /** The newest code block of the answers, the nth of its answer, into a file. */
  apply: (path: string, nth: number) => void;
  /** To before the last message, or back from the newest rewind. */
  rewind: (back: boolean) => void;
  help: () => void;
  say: (text: string) => void;
}

type Run = (rest: string) => void | Promise<void>;

export function useCommands(reach: CommandReach): readonly Command[] {
  const client = useClient();
  const { projectId } = reach;
  const list = useRequest("slash.list", {}).data;
  const custom = useRequest("command.list", projectId ? { project_id: projectId } : undefined).data;
  return useMemo(() => {
    const own = ownCommands(reach, client);
    const commands: Command[] = [];
    for (const { name, arguments: usage, about } of list?.commands ?? []) {
      const run = own[name];
      if (run) commands.push({ name, usage, about, from: "", run });
    }
    for (const { name, text, from_project } of custom?.commands ?? []) {
      // Mira's own commands keep their meaning.
      if (commands.some((known) => known.name === name)) continue;
      const from = from_project ? t.talk.command.project : t.talk.command.own;
      commands.push({ name, usage: "[…]", about: firstLine(text), from, run: prompt(reach, text) });
    }
    for (const action of reach.actions) {
      if (!action.slash || !isEnabled(action) || commands.some((known) => known.name === action.slash)) continue;
      commands.push({ name: action.slash, usage: "", about: action.title, from: "", run: action.run });
    }
    return commands.sort((left, right) => left.name.localeCompare(right.name));
  }, [client, custom, list, reach]);
}

function wrong(usage: string): Error {
  return new Error(t.talk.command.usage({ usage }));
}

/** A command that is a prompt: `$ARGUMENTS` stands for what is written behind it. */
function prompt(reach: CommandReach, text: string): Run {
  return async (rest) => {
    const content = text.includes("$ARGUMENTS") ? text.replaceAll("$ARGUMENTS", rest) : rest ? `${text}\n\n${rest}` : text;
    await reach.send({ content, attachments: [], mentions: [] });
  };
}

function firstLine(text: string): string {
  const line = text.split("\n").find((one) => one.trim() !== "") ?? "";
  return line.replace(/^#+\s*/, "").trim();
}

function ownCommands(reach: CommandReach, client: ReturnType<typeof useClient>): Partial<Record<string, Run>> {
  const begun = (): Session => {
    if (!reach.session) throw new Error(t.talk.command.notBegun);
    return reach.session;
  };
  const paths = (rest: string) => rest.split(/\s+/).filter(Boolean).map((path) => path.replace(/^@/, ""));
  const tierOf = (word: string, usage: string): Tier => {
    const tier = TIERS.find((one) => one === word);
    if (!tier) throw wrong(usage);
    return tier;
  };
  return {
    access: (rest) => {
      const access = ACCESSES.find((one) => one === rest);
      if (!access) throw wrong(`/access ${ACCESSES.join("|")}`);
      reach.onChoices({ access });
      reach.say(t.talk.command.access({ access: t.composer.accesses[access][0] ?? access }));
    },
    apply: (rest) => {
      const [path, nth] = rest.split(/\s+/);
      begun();
      reach.apply((path ?? "").replace(/^@/, ""), Number(nth) || 1);
    },
    budget: () => {
      reach.showTab("cost");
    },
    continue: () => {
      begun();
      reach.resumeLast();
    },
    diff: () => {
      reach.showTab("changes");
    },
    fork: async (rest) => {
      const copy = await client.call("session.fork", { session_id: begun().id, name: rest || undefined });
      reach.openSession(copy.id);
      reach.say(t.sessions.forked);
    },
    help: () => {
      reach.help();
    },
    model: (rest) => {
      const model = rest === "" || rest === "default" || rest === "auto" ? undefined : rest;
      reach.onChoices({ model });
      reach.say(t.talk.command.model({ model: model ?? t.composer.modelDefault }));
    },
    new: () => {
      reach.newSession();
    },
    queue: (rest) => {
      if (rest === "go") reach.releaseQueue();
      else reach.say(t.talk.command.waiting({ count: reach.queued }));
    },
    redo: (rest) => {
      reach.turn("redo", paths(rest));
    },
    rename: async (rest) => {
      if (!rest) throw wrong("/rename NAME");
      await client.call("session.rename", { session_id: begun().id, name: rest });
    },
    resume: async (rest) => {
      if (!rest || rest === "--last") {
        const last = await client.call("session.last", { project_id: reach.projectId });
        if (last.session) reach.openSession(last.session.id);
        return;
      }
      const found = await client.call("session.list", { search: rest, limit: 1, deleted: false });
      const first = found.sessions[0];
      if (!first) throw new Error(t.talk.command.noSession);
      reach.openSession(first.id);
    },
    retry: async (rest) => {
      begun();
      await reach.retry(rest ? tierOf(rest, `/retry ${TIERS.join("|")}`) : undefined);
    },
    review: async (rest) => {
      const expanded = await client.call("slash.expand", { name: "review", arguments: rest });
      await reach.send({ content: expanded.prompt, attachments: [], mentions: [] });
    },
    rewind: (rest) => {
      begun();
      if (rest !== "" && rest !== "undo") throw wrong("/rewind [undo]");
      reach.rewind(rest === "undo");
    },
    search: (rest) => {
      reach.search(rest);
    },
    sessions: () => {
      reach.search("");
    },
    status: () => {
      reach.health();
    },
    tier: (rest) => {
      const tier = rest === "" || rest === "auto" ? undefined : tierOf(rest, `/tier ${TIERS.join("|")}|auto`);
      reach.onChoices({ tier, model: undefined });
      reach.say(t.talk.command.tier({ tier: tier ? (t.composer.tiers[tier][0] ?? tier) : t.composer.auto }));
    },
    undo: (rest) => {
      reach.turn("undo", paths(rest));
    },
  };
}
