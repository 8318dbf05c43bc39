import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Boundary } from "./app/Boundary";
import { followAddress } from "./app/place";
import { Shell } from "./app/Shell";
import { applyLook } from "./components/theme";
import { TipProvider } from "./components/Tip";
import { ToastProvider } from "./components/toasts";
import { Client, type Transport } from "./protocol/client";
import { newQueryClient, ProtocolProvider } from "./protocol/queries";
import { SocketTransport, socketUrl } from "./protocol/socket";
import { inWindow, WindowTransport } from "./protocol/tauri";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./app/shell.css";
import "./features/chat/chat.css";

async function transport(): Promise<Transport> {
  if (inWindow()) return new WindowTransport();
  if (import.meta.env.DEV && new URLSearchParams(location.search).has("fake")) {
    const { fakeEngine } = await import("../test/fakeEngine");
    return fakeEngine(new URLSearchParams(location.search).get("fake") ?? "");
  }
  return new SocketTransport(socketUrl(location));
}

async function start(): Promise<void> {
  applyLook();
  followAddress();
  const root = document.getElementById("root");
  if (!root) return;
  const client = new Client(await transport());
  createRoot(root).render(
    <StrictMode>
      <Boundary>
        <ProtocolProvider client={client} queries={newQueryClient()}>
          <TipProvider>
            <ToastProvider>
              <Shell />
            </ToastProvider>
          </TipProvider>
        </ProtocolProvider>
      </Boundary>
    </StrictMode>,
  );
}

void start();
