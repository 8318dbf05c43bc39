// Gets the packages that the evaluation asks about, each with its ecosystem's ordinary client as it is
// configured on this machine, checks their hashes and unpacks them.
//
//   node evaluation/fetch.mjs [--list FILE] [FOLDER] [NAME…]
//
// FILE is another list of packages in the form of packages.json.
// FOLDER defaults to ~/.cache/mira-evaluation; the sources of NAME end up in FOLDER/NAME, with only the
// folders that packages.json counts. What is there already is left as it is. No setup code of a package runs.
// Exit code: 0 all there, 2 some missing (each with a line that says why), 1 anything else.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

/** Runs one program to its end; its last words become the error. */
function run(program, args, cwd) {
  const done = spawnSync(program, args, { cwd, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (done.error?.code === "ENOENT") throw new Error(`${program} is not installed`);
  if (done.error) throw new Error(`${program}: ${done.error.message}`);
  if (done.status !== 0) {
    const words = `${done.stderr}\n${done.stdout}`.trim().split("\n").filter(Boolean).slice(-2).join(" / ");
    throw new Error(`${program} ${args[0]}: ${words || `exit code ${done.status}`}`);
  }
  return done.stdout;
}

function only(folder, suffix) {
  const found = readdirSync(folder).filter((name) => name.endsWith(suffix));
  if (found.length !== 1) throw new Error(`expected one ${suffix} file, got ${found.length}`);
  return join(folder, found[0]);
}

/** How each ecosystem's client brings one archive into an empty folder, and how it is unpacked. */
const ecosystems = {
  crates: {
    // Cargo keeps archives in its own cache: a throw-away package that needs this one fills it.
    get({ package: name, version }, folder) {
      mkdirSync(join(folder, "src"));
      writeFileSync(join(folder, "src/lib.rs"), "");
      writeFileSync(
        join(folder, "Cargo.toml"),
        `[package]\nname = "fetch"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n[dependencies]\n` +
          `"${name}" = { version = "=${version}", default-features = false }\n`,
      );
      run("cargo", ["fetch", "--quiet"], folder);
      const cache = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry/cache");
      const file = `${name}-${version}.crate`;
      const found = readdirSync(cache).map((index) => join(cache, index, file)).find((path) => existsSync(path));
      if (!found) throw new Error(`cargo fetched, but ${file} is not in its cache`);
      return found;
    },
    unpack: (archive, folder) => run("tar", ["-xzf", archive, "-C", folder]),
  },
  npm: {
    get({ package: name, version }, folder) {
      run("npm", ["pack", "--silent", "--ignore-scripts", `${name}@${version}`], folder);
      return only(folder, ".tgz");
    },
    unpack: (archive, folder) => run("tar", ["-xzf", archive, "-C", folder]),
  },
  pypi: {
    // The wheel of a pure Python package is its source, and nothing of it runs to get it.
    get({ package: name, version }, folder) {
      run("python3", ["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "-d", folder, `${name}==${version}`], folder);
      return only(folder, ".whl");
    },
    unpack: (archive, folder) => run("python3", ["-m", "zipfile", "-e", archive, folder]),
  },
  debian: {
    get({ package: name, version }, folder) {
      run("apt-get", ["download", "--quiet", `${name}=${version}`], folder);
      return only(folder, ".deb");
    },
    unpack: (archive, folder) => run("dpkg-deb", ["-x", archive, folder]),
  },
};

function fetchOne(wanted, cache) {
  const target = join(cache, wanted.name);
  const stamp = join(target, ".fetched");
  const mark = [wanted.sha256, wanted.root, ...wanted.folders].join("\n");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === mark) return "there";
  const work = mkdtempSync(join(tmpdir(), "mira-evaluation-"));
  try {
    const [download, unpacked, kept] = ["download", "unpacked", "kept"].map((name) => join(work, name));
    for (const folder of [download, unpacked, kept]) mkdirSync(folder);
    const { get, unpack } = ecosystems[wanted.ecosystem];
    const archive = get(wanted, download);
    const hash = createHash("sha256").update(readFileSync(archive)).digest("hex");
    if (hash !== wanted.sha256) throw new Error(`the archive's sha256 is ${hash}, expected ${wanted.sha256}`);
    unpack(archive, unpacked);
    for (const folder of wanted.folders) {
      cpSync(join(unpacked, wanted.root, folder), join(kept, folder), { recursive: true });
    }
    writeFileSync(join(kept, ".fetched"), mark);
    rmSync(target, { recursive: true, force: true });
    mkdirSync(cache, { recursive: true });
    try {
      renameSync(kept, target);
    } catch {
      cpSync(kept, target, { recursive: true }); // the temporary folder is on another disk
    }
    return "fetched";
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

const words = process.argv.slice(2);
const list = words[0] === "--list" ? resolve(words.splice(0, 2)[1]) : join(here, "packages.json");
const [folder, ...names] = words;
const cache = resolve(folder ?? join(homedir(), ".cache/mira-evaluation"));
const { packages } = JSON.parse(readFileSync(list, "utf8"));
const unknown = names.filter((name) => !packages.some((one) => one.name === name));
if (unknown.length > 0) {
  console.error(`not in packages.json: ${unknown.join(", ")}`);
  process.exit(1);
}
let missing = 0;
for (const wanted of packages.filter((one) => names.length === 0 || names.includes(one.name))) {
  try {
    console.log(`${wanted.name} ${wanted.version}: ${fetchOne(wanted, cache)}`);
  } catch (error) {
    missing += 1;
    console.log(`${wanted.name} ${wanted.version}: MISSING (${error.message})`);
  }
}
console.log(`${cache}: ${missing === 0 ? "all there" : `${missing} missing`}`);
process.exitCode = missing === 0 ? 0 : 2;
