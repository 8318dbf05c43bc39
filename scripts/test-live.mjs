// `npm run test:live`: `mira exec` against a real local model server. Asserts the protocol (it
// streams, calls tools, ends by itself, can be stopped), not the model's wit.
//
//   LOCAL_BASE_URL   a server that runs already, with /v1; or
//   LLAMA_SERVER     the llama-server program, and
//   LLAMA_MODEL      a GGUF file for it; LLAMA_TEMPLATE: a chat template file (optional)
//   MIRA             the `mira` program; default: built from here

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { program } from "./lib/place.mjs";
import { Failed, main, run } from "./lib/run.mjs";

const TRIES = 4;

await main(async () => {
  const scratch = mkdtempSync(join(tmpdir(), "mira-live-"));
  let server;
  try {
    const url = process.env.LOCAL_BASE_URL ?? (server = await startServer(scratch)).url;
    const mira = process.env.MIRA ?? (await built());
    const live = { mira, url, scratch };
    let failed = 0;
    for (const check of [streams, callsTools, goesOnInItsSession, canBeStopped]) {
      const began = Date.now();
      try {
        await check(live);
        console.log(`ok      ${check.name} (${Date.now() - began} ms)`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${check.name}: ${error.message}`);
      }
    }
    return failed ? 1 : 0;
  } finally {
    server?.stop();
    rmSync(scratch, { recursive: true, force: true });
  }
});

async function streams(live) {
  const { code, messages } = await exec(live, ["--access", "read", "Answer in words, without tools: what is a hash map?"]);
  assert.equal(code, 0, problem(messages));
  const tokens = messages.filter((message) => message.type === "stream_token");
  assert.ok(tokens.length > 3, `${tokens.length} pieces of text came`);
  const ends = messages.filter(isEnd);
  assert.equal(ends.length, 1, "one terminal message");
  assert.equal(messages.at(-1).type, "chat_complete");
  assert.ok(messages.at(-1).content.length > 0 && messages.at(-1).tokens_used > 0);
  const seqs = messages.map((message) => message.seq).filter((seq) => seq !== undefined);
  assert.deepEqual(seqs, [...seqs].sort((a, b) => a - b), "steps come in order");
}

/** A small model does not always call; one call in a few tries shows that the way is open. */
async function callsTools(live) {
  let last = "";
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const prompt = "Use the tool read_project_file with the path note.txt and tell me which number stands in it.";
    const { code, messages } = await exec(live, [prompt]);
    assert.equal(code, 0, problem(messages));
    const named = (kind) => messages.filter((message) => message.event_type === kind).map((message) => message.data);
    const calls = named("tool_call").map((data) => data.call_id).sort();
    const results = named("tool_result").map((data) => data.call_id).sort();
    assert.deepEqual(results, calls, "every call has its result");
    if (named("tool_result").some((data) => data.success)) return;
    last = messages.at(-1).content;
  }
  assert.fail(`no tool call succeeded in ${TRIES} tries; the model said: ${last}`);
}

async function goesOnInItsSession(live) {
  const { code, messages } = await exec(live, ["--last", "Thank you. Answer with one word."]);
  assert.equal(code, 0, problem(messages));
  assert.ok(messages.at(-1).seq > 10, "it is the same session");
}

async function canBeStopped(live) {
  let stopped = false;
  const { code, messages } = await exec(live, ["Count from one to a thousand in words, without tools."], (message, child) => {
    if (message.type === "stream_token" && !stopped) {
      stopped = true;
      child.kill("SIGINT");
    }
  });
  assert.ok(stopped, "text came before the end");
  assert.equal(code, 130);
  assert.equal(messages.filter(isEnd).length, 1, "one terminal message");
}

function isEnd(message) {
  return message.type === "chat_complete" || (message.type === "error" && message.operation_id);
}
function problem(messages) {
  return JSON.stringify(messages.at(-1) ?? "nothing was said");
}

/** Runs `mira exec --json`; every line of its output must be a message. */
function exec({ mira, url, scratch }, words, heard = () => {}) {
  const project = join(scratch, "project");
  writeProject(project);
  const env = {
    PATH: process.env.PATH,
    HOME: scratch,
    LOCAL_BASE_URL: url,
    MIRA_DATA_DIR: join(scratch, "data"),
    MIRA_CONFIG_DIR: join(scratch, "config"),
    MIRA_STALL_TIMEOUT_SECONDS: "600",
  };
  const child = spawn(mira, ["exec", "--json", "--project", project, ...words], { env, stdio: ["ignore", "pipe", "inherit"] });
  const messages = [];
  let rest = "";
  child.stdout.setEncoding("utf8");
  child.stdout.on("data", (text) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const message = JSON.parse(line);
      messages.push(message);
      heard(message, child);
    }
  });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code) => done({ code, messages }));
  });
}

function writeProject(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "note.txt"), "The number is 4711.\n");
}

async function built() {
  await run("cargo", ["build", "-p", "mira-cli"]);
  return program("mira");
}

async function startServer(scratch) {
  const { LLAMA_SERVER: server, LLAMA_MODEL: model, LLAMA_TEMPLATE: template } = process.env;
  if (!server || !model) {
    throw new Failed("Set LOCAL_BASE_URL to a running server, or LLAMA_SERVER and LLAMA_MODEL to start one.");
  }
  const port = await freePort();
  const words = ["-m", model, "--alias", "live", "--host", "127.0.0.1", "--port", `${port}`, "--jinja", "-c", "16384", "-np", "1"];
  if (template) words.push("--chat-template-file", template);
  const env = { ...process.env, LD_LIBRARY_PATH: [dirname(server), process.env.LD_LIBRARY_PATH].filter(Boolean).join(":") };
  const child = spawn(server, words, { env, cwd: scratch, stdio: "ignore" });
  const ended = new Promise((_, fail) => {
    child.once("error", (error) => fail(new Failed(`${server} could not be started: ${error.message}`)));
    child.once("close", (code) => fail(new Failed(`${server} ended with ${code}.`)));
  });
  ended.catch(() => {});
  await Promise.race([healthy(`http://127.0.0.1:${port}/health`), ended]);
  return { url: `http://127.0.0.1:${port}/v1`, stop: () => child.kill() };
}

async function healthy(url) {
  for (let waited = 0; waited < 180_000; waited += 250) {
    if (await fetch(url).then((answer) => answer.ok, () => false)) return;
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Failed(`${url} did not become ready in three minutes.`);
}

function freePort() {
  return new Promise((done) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => done(port));
    });
  });
}
