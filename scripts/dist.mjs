// `npm run dist`: release programs and installers for this system, collected in one folder.

import { copyFileSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";

import { embeddingModel } from "./lib/model.mjs";
import { program, root, targetDir, which } from "./lib/place.mjs";
import { main, run, status } from "./lib/run.mjs";
import { npmPackages, productVersion, tools, userInterface } from "./lib/setup.mjs";

const INSTALLERS = { linux: ["deb", "appimage"], darwin: ["app", "dmg"], win32: ["nsis", "msi"] }[process.platform] ?? [];

await main(async () => {
  await tools("build", "desktop");
  await npmPackages();
  await userInterface();
  const model = await embeddingModel();

  const out = join(targetDir, "dist");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });

  await run("cargo", ["build", "--release", "--package", "mira-cli", "--package", "mira-scenario"]);
  for (const name of ["mira", "mira-test"]) keep(program(name, "release"), out);
  if (model) cpSync(model, join(out, "models", "minilm"), { recursive: true });

  const failed = [];
  for (const kind of INSTALLERS) {
    if (kind === "deb" && !which("ar")) console.warn("ar is missing (binutils): the deb may not be built.");
    const code = await status("npx", ["tauri", "build", "--bundles", kind, "--config", JSON.stringify(bundled(model)), "--", "--package", "mira-desktop"]);
    const made = installersOf(kind);
    if (code !== 0 || made.length === 0) failed.push(kind);
    else for (const file of made) keep(file, out);
  }

  console.log(`\nMira ${productVersion()}, in ${out}:`);
  for (const name of readdirSync(out).sort()) console.log(`  ${name}`);
  if (failed.includes("appimage")) {
    console.log("No AppImage: its tools are downloaded from GitHub while building, and that did not work here. The deb does not need them.");
  }
  const lost = failed.filter((kind) => kind !== "appimage");
  if (lost.length) console.error(`Not built: ${lost.join(", ")}. The reason stands above.`);
  return lost.length ? 1 : 0;
});

/** What the installers hold besides `tauri.conf.json`: the model, where it could be had. */
function bundled(model) {
  const files = model ? readdirSync(model).map((name) => [join(model, name), `models/minilm/${name}`]) : [];
  return { build: { beforeBuildCommand: "" }, bundle: { resources: Object.fromEntries(files) } };
}

function installersOf(kind) {
  const folder = join(targetDir, "release", "bundle", kind);
  const ending = { deb: ".deb", appimage: ".AppImage", dmg: ".dmg", nsis: ".exe", msi: ".msi" }[kind];
  if (!ending || !existsSync(folder)) return [];
  return readdirSync(folder).filter((name) => name.endsWith(ending)).map((name) => join(folder, name));
}

function keep(file, folder) {
  copyFileSync(file, join(folder, file.split(/[\\/]/).at(-1)));
}
