import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Boundary } from "./app/Boundary";
import { followAddress } from "./app/place";
import { Shell } from "./app/Shell";
import { useStore } from "./components/store";
import { applyLook } from "./components/theme";
import { TipProvider } from "./components/Tip";
import { ToastProvider } from "./components/toasts";
import { speak, speaking } from "./i18n/language";
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

/** Another language draws everything again; what is under way lives in the stores and the engine. */
function Spoken() {
  const { language } = useStore(speaking);
  return (
    <TipProvider key={language}>
      <ToastProvider>
        <Shell />
      </ToastProvider>
    </TipProvider>
  );
}

async function start(): Promise<void> {
  applyLook();
  await speak();
  followAddress();
  const root = document.getElementById("root");
  if (!root) return;
  const client = new Client(await transport());
  createRoot(root).render(
    <StrictMode>
      <Boundary>
        <ProtocolProvider client={client} queries={newQueryClient()}>
          <Spoken />
        </ProtocolProvider>
      </Boundary>
    </StrictMode>,
  );
}

void start();
