// Checks the judged data against the fetched sources: every file and range is there, every range begins at
// its element, ids and halves are as the README says, and every called name stands in its caller's body.
// Prints what there is by package, kind and language.
//
//   node evaluation/check.mjs [FOLDER]      (FOLDER as given to fetch.mjs)
//
// A package that is not in FOLDER is named and left out. Exit code: 0 all right, 1 something is wrong.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const cache = resolve(process.argv[2] ?? join(homedir(), ".cache/mira-evaluation"));
const { packages } = JSON.parse(readFileSync(join(here, "packages.json"), "utf8"));
const kinds = ["meaning", "architecture", "symbol"];
const faults = [];
const absent = new Set();
const sources = new Map();

/** The lines of one source file, or undefined with a fault noted; null when its package was not fetched. */
function linesOf(place, name, file) {
  if (absent.has(name)) return null;
  const path = join(cache, name, file);
  if (!sources.has(path)) sources.set(path, existsSync(path) ? readFileSync(path, "utf8").split("\n") : undefined);
  if (sources.get(path) === undefined) faults.push(`${place}: no file ${name}/${file}`);
  return sources.get(path);
}

/** `Foo::bar`, `Foo.bar`, `#bar` and `~Foo` are written bar, bar, bar and Foo where they are defined. */
const shortName = (element) => element.split(/::|\.|#|~/).filter(Boolean).at(-1);

const word = (name) => new RegExp(`(?<![\\w])${name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}(?![\\w])`);

function checkRange(place, name, { file, element, lines: [from, to] }) {
  const lines = linesOf(place, name, file);
  if (!lines) return;
  if (!(from >= 1 && from <= to && to <= lines.length)) {
    faults.push(`${place}: ${file} has no lines ${from}–${to}`);
  } else if (!word(shortName(element)).test(lines[from - 1])) {
    faults.push(`${place}: ${file}:${from} does not name ${element}: ${lines[from - 1].trim()}`);
  }
}

function recordsOf(folder, file) {
  return readFileSync(join(here, folder, file), "utf8")
    .split("\n")
    .map((text, index) => ({ text, place: `${folder}/${file}:${index + 1}` }))
    .filter(({ text }) => text !== "")
    .flatMap(({ text, place }) => {
      try {
        return [{ place, record: JSON.parse(text) }];
      } catch (error) {
        faults.push(`${place}: ${error.message}`);
        return [];
      }
    });
}

const halfOf = (name, question) =>
  createHash("sha256").update(`${name}\n${question}`).digest()[0] % 2 === 0 ? "tune" : "held";

function checkQuestions() {
  const ids = new Set();
  const asked = new Set();
  const counts = [];
  for (const { name, language } of packages) {
    const count = { package: name, language, meaning: 0, architecture: 0, symbol: 0, all: 0, tune: 0, held: 0, truths: 0 };
    for (const { place, record } of recordsOf("questions", `${name}.jsonl`)) {
      const { id, kind, half, question, truth } = record;
      if (record.package !== name) faults.push(`${place}: package is ${record.package}`);
      if (ids.has(id)) faults.push(`${place}: the id ${id} is taken`);
      if (asked.has(`${name}\n${question}`)) faults.push(`${place}: asked twice`);
      if (!kinds.includes(kind)) faults.push(`${place}: kind ${kind}`);
      if (half !== halfOf(name, question)) faults.push(`${place}: half ${half}`);
      if (!truth.some(({ grade }) => grade === 2)) faults.push(`${place}: no truth of grade 2`);
      const seen = new Set();
      for (const one of truth) {
        if (one.grade !== 1 && one.grade !== 2) faults.push(`${place}: grade ${one.grade}`);
        const key = `${one.file}:${one.lines.join("-")}`;
        if (seen.has(key)) faults.push(`${place}: ${key} twice`);
        seen.add(key);
        checkRange(place, name, one);
      }
      ids.add(id);
      asked.add(`${name}\n${question}`);
      count[kind] += 1;
      count[half] += 1;
      count.all += 1;
      count.truths += truth.length;
    }
    counts.push(count);
  }
  return counts;
}

function checkCall(place, name, caller, callee) {
  const lines = linesOf(place, name, caller.file);
  const target = linesOf(place, name, callee.file);
  if (!lines || !target) return;
  const named = word(shortName(callee.name));
  // A constructor may be written under its own name and called under the class's.
  const called = word(shortName(callee.called ?? callee.name));
  if (!named.test(target[callee.line - 1] ?? "")) {
    faults.push(`${place}: ${callee.file}:${callee.line} does not name ${callee.name}`);
  }
  for (const line of callee.also ?? []) {
    if (!named.test(target[line - 1] ?? "")) faults.push(`${place}: ${callee.file}:${line} does not name ${callee.name}`);
  }
  const body = lines.slice(caller.lines[0] - 1, caller.lines[1]).map((line, index) => (index === 0 ? line.replace(word(shortName(caller.name)), "") : line));
  if (!called.test(body.join("\n"))) faults.push(`${place}: ${caller.name} does not say ${callee.called ?? callee.name}`);
}

function checkCalls() {
  return readdirSync(join(here, "calls"))
    .filter((file) => file.endsWith(".jsonl"))
    .sort()
    .map((file) => {
      const count = { language: file.replace(".jsonl", ""), callers: 0, edges: 0, dispatched: 0, external: 0 };
      const seen = new Set();
      for (const { place, record } of recordsOf("calls", file)) {
        const { package: name, caller, callees, external } = record;
        const language = packages.find((one) => one.name === name)?.language;
        if (language !== count.language) faults.push(`${place}: ${name} is not a package in ${count.language}`);
        checkRange(place, name, { file: caller.file, element: caller.name, lines: caller.lines });
        const key = `${name}/${caller.file}:${caller.lines[0]}`;
        if (seen.has(key)) faults.push(`${place}: ${caller.name} is there already`);
        seen.add(key);
        const edges = new Set();
        for (const callee of callees) {
          const edge = `${callee.file}:${callee.line}`;
          if (edges.has(edge)) faults.push(`${place}: ${callee.name} twice`);
          edges.add(edge);
          checkCall(place, name, caller, callee);
          if (callee.via === "dispatch") count.dispatched += 1;
        }
        count.callers += 1;
        count.edges += callees.length;
        count.external += external.length;
      }
      return count;
    });
}

for (const { name } of packages) {
  if (!existsSync(join(cache, name))) {
    absent.add(name);
    console.log(`${name}: not in ${cache}, its ranges are not checked`);
  }
}
const counts = checkQuestions();
const sum = (field) => counts.reduce((total, one) => total + one[field], 0);
console.table(counts);
console.log(
  `${sum("all")} questions (${kinds.map((kind) => `${sum(kind)} ${kind}`).join(", ")}; ${sum("tune")} tune, ${sum("held")} held) ` +
    `with ${sum("truths")} judged places, over ${counts.length} packages in ${new Set(counts.map((one) => one.language)).size} languages`,
);
console.table(checkCalls());
for (const fault of faults) console.log(`FAULT ${fault}`);
console.log(faults.length === 0 ? "all right" : `${faults.length} faults`);
process.exitCode = faults.length === 0 ? 0 : 1;
