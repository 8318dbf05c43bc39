import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL(".", import.meta.url));

export default defineConfig({
  root,
  base: "./",
  plugins: [react()],
  clearScreen: false,
  server: { port: 5173, strictPort: false, host: "127.0.0.1" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // WebKitGTK 2.44 and later; nothing older is supported by the desktop shell.
    target: ["es2022", "safari17"],
    // The content security policy allows fonts and images from files only.
    assetsInlineLimit: 0,
    sourcemap: false,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
  test: {
    environment: "jsdom",
    include: ["test/**/*.test.{ts,tsx}"],
    setupFiles: ["test/setup.ts"],
    css: false,
    // A busy machine is slow, not wrong.
    testTimeout: 180_000,
    // `npm test` names what passed only then.
    retry: process.env.CI ? 1 : 0,
  },
});
