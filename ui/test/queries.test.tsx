// What a screen shows follows the topics, whenever they come.

import { render, screen, waitFor } from "@testing-library/react";
import { act } from "react";
import { expect, it } from "vitest";
import { Client, type Transport, type TransportHandlers } from "../src/protocol/client";
import { ProtocolProvider, staleMethods, useRequest } from "../src/protocol/queries";

/** A transport whose answers are given by hand, in any order. */
class SlowTransport implements Transport {
  readonly kind = "fake";
  readonly open: ((answer: unknown) => void)[] = [];
  handlers: TransportHandlers | undefined;

  start(handlers: TransportHandlers): void {
    this.handlers = handlers;
  }

  request(): Promise<unknown> {
    return new Promise((done) => this.open.push(done));
  }

  close(): void {
    // Nothing is open.
  }
}

function Names() {
  const projects = useRequest("project.list", {}).data?.projects ?? [];
  return <p>{projects.map((project) => project.name).join(", ") || "none"}</p>;
}

it("asks again where the change came while the first answer was under way", async () => {
  const transport = new SlowTransport();
  const client = new Client(transport, (run) => {
    run();
  });
  render(
    <ProtocolProvider client={client}>
      <Names />
    </ProtocolProvider>,
  );
  await waitFor(() => {
    expect(transport.open).toHaveLength(1);
  });
  act(() => {
    transport.handlers?.message({ type: "topic", topic: "projects" });
  });
  act(() => {
    transport.open[0]?.({ projects: [] });
  });
  await waitFor(() => {
    expect(transport.open).toHaveLength(2);
  });
  act(() => {
    transport.open[1]?.({ projects: [{ name: "calculator" }] });
  });
  await screen.findByText("calculator");
});

it("asks for the sessions again where one begins or ends to wait for an answer", () => {
  expect(staleMethods("approvals")).toEqual(expect.arrayContaining(["approval.list", "session.list", "session.get"]));
});
