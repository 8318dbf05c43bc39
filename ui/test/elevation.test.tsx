// Commands with more rights: four lists under one search, the life of a request, what was removed comes back.

import { screen, waitFor, within } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { describe, expect, it } from "vitest";
import { place } from "../src/app/place";
import type { SudoAudit } from "../src/protocol/generated/SudoAudit";
import type { SudoBlock } from "../src/protocol/generated/SudoBlock";
import type { SudoPermission } from "../src/protocol/generated/SudoPermission";
import type { SudoRequest } from "../src/protocol/generated/SudoRequest";
import { mount } from "./app";

const user = () => userEvent.setup({ delay: null });
const AT = new Date(2026, 4, 4, 14, 2).getTime();
const MINUTE = 60_000;

const updates: SudoPermission = {
  id: 1,
  name: "updates",
  description: "",
  matches: { kind: "prefix", text: "apt-get update" },
  requires_approval: true,
  enabled: true,
  created_at: AT,
  last_used_at: null,
  use_count: 0,
  notes: "",
  removed_at: null,
};
const reboots: SudoBlock = {
  id: 12,
  name: "reboots",
  description: "",
  matches: { kind: "prefix", text: "reboot" },
  severity: "high",
  is_default: false,
  enabled: true,
  created_at: AT,
  notes: "",
  removed_at: null,
};
const asked: SudoRequest = {
  id: "apr_1",
  session_id: "ses_2",
  operation_id: "op_1",
  command: "/usr/bin/apt-get update",
  argv: ["/usr/bin/apt-get", "update"],
  user: "root",
  working_dir: "/srv/harbor",
  reason: "The list of packages is old.",
  status: "executed",
  binding: "b1",
  created_at: AT,
  expires_at: AT + 5 * MINUTE,
  responded_at: AT + MINUTE,
  executed_at: AT + 2 * MINUTE,
  exit_code: 0,
  permission_id: null,
};
const stopped: SudoAudit = {
  id: 1,
  at: AT,
  outcome: "blocked",
  command: "rm -rf /",
  working_dir: "/srv/harbor",
  session_id: "ses_2",
  operation_id: "op_1",
  request_id: null,
  rule: "recursive_root_deletion",
  authorized_by: "",
  exit_code: null,
  duration_ms: null,
  output: "",
  detail: "it would delete the system",
};

interface Wanted {
  search?: string;
  removed?: boolean;
  status?: string;
}

/** The page over lists that behave as the engine's do. */
function elevation(options: { empty?: boolean } = {}) {
  const gone = new Set<number>();
  const listed = <T extends { id: number; name: string; removed_at: number | null }>(all: T[]) => (wanted: Wanted) =>
    (options.empty ? [] : all).filter((one) => gone.has(one.id) === (wanted.removed ?? false) && one.name.includes(wanted.search ?? "")).map((one) => ({ ...one, removed_at: gone.has(one.id) ? AT : null }));
  const permissions = listed([updates]);
  const blocks = listed([reboots]);
  const mounted = mount("", {
    prepare: (engine) => {
      engine.on("sudo.permissions", (wanted: Wanted) => ({ permissions: permissions(wanted) }));
      engine.on("sudo.blocklist", (wanted: Wanted) => ({ blocks: blocks(wanted) }));
      engine.on("sudo.requests", (wanted: Wanted) => ({ requests: options.empty || wanted.status || !asked.command.includes(wanted.search ?? "") ? [] : [asked], more: !wanted.search && !options.empty }));
      engine.on("sudo.audit", (wanted: Wanted) => ({ entries: options.empty || !stopped.command.includes(wanted.search ?? "") ? [] : [stopped], more: false }));
      for (const kind of ["permission", "block"]) {
        engine.on(`sudo.remove_${kind}`, ({ id }: { id: number }) => {
          gone.add(id);
          engine.topic({ topic: "sudo" });
          return {};
        });
        engine.on(`sudo.restore_${kind}`, ({ id }: { id: number }) => {
          gone.delete(id);
          engine.topic({ topic: "sudo" });
          return id === updates.id ? updates : reboots;
        });
      }
    },
  });
  place.set({ view: "trust", trustTab: "elevation" });
  return mounted;
}

describe("elevation", () => {
  it("tells the life of a request and what was never asked about, each with the way to its session", async () => {
    const { engine } = elevation();
    const request = await screen.findByRole("row", { name: /The list of packages is old/ });
    expect(within(request).getByText("ran")).toBeTruthy();
    expect(within(request).getByText("asked 14:02 → answered 14:03 → started 14:04 → exit 0")).toBeTruthy();
    expect(within(request).getByText(/As root, in \/srv\/harbor\./)).toBeTruthy();
    const entry = screen.getByRole("row", { name: /it would delete the system/ });
    expect(within(entry).getByText("blocked")).toBeTruthy();
    expect(within(entry).getByText("recursive_root_deletion")).toBeTruthy();
    await user().click(within(screen.getByRole("region", { name: "Asked for" })).getByRole("button", { name: "Show older ones" }));
    await waitFor(() => {
      expect(engine.calls("sudo.requests").at(-1)).toMatchObject({ limit: 100 });
    });
    await user().click(within(request).getByRole("button", { name: "Open the session of /usr/bin/apt-get update" }));
    expect(place.get()).toMatchObject({ view: "chat", sessionId: "ses_2" });
  });

  it("narrows all four lists with one search, which stays while they change", async () => {
    const { engine } = elevation();
    await screen.findByRole("row", { name: /updates/ });
    const search = screen.getByRole("searchbox", { name: "Search names, commands, reasons, output" });
    await user().type(search, "reboot");
    const others = ["Known commands", "Asked for", "What became of them"];
    for (const name of others) await within(screen.getByRole("region", { name })).findByText("Nothing fits these words");
    expect(screen.getByRole("row", { name: /reboots/ })).toBeTruthy();
    expect(document.activeElement).toBe(search);
    for (const method of ["sudo.permissions", "sudo.blocklist", "sudo.requests", "sudo.audit"]) expect(engine.calls(method).at(-1)).toMatchObject({ search: "reboot" });
  });

  it("brings back what was removed: at once, and later from the list of those removed", async () => {
    elevation();
    await user().click(await screen.findByRole("button", { name: "Remove updates" }));
    await waitFor(() => {
      expect(screen.queryByRole("row", { name: /updates/ })).toBeNull();
    });
    await user().click(await screen.findByRole("button", { name: "Undo" }));
    await screen.findByRole("row", { name: /updates/ });
    await user().click(screen.getByRole("button", { name: "Remove reboots" }));
    await screen.findByText("Nothing is blocked");
    await user().click(screen.getByRole("checkbox", { name: "Those removed" }));
    await screen.findByText("None was removed");
    const row = await screen.findByRole("row", { name: /reboots/ });
    expect(within(row).getByRole<HTMLInputElement>("switch").disabled).toBe(true);
    await user().click(within(row).getByRole("button", { name: "Bring back reboots" }));
    await user().click(screen.getByRole("checkbox", { name: "Those removed" }));
    await screen.findByRole("button", { name: "Remove reboots" });
  });

  it("says what would stand in each list while it is empty", async () => {
    elevation({ empty: true });
    for (const title of ["No known commands", "Nothing is blocked", "Nothing was asked for", "No elevated command so far"]) await screen.findByText(title);
  });
});
