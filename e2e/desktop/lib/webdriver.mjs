// A small WebDriver client: just what these tests press and read.

const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";
/** How long the page may take to show what a test waits for. */
const PATIENCE_MS = 20_000;
const POLL_MS = 50;

export const KEYS = { enter: "\uE007", escape: "\uE00C", control: "\uE009", null: "\uE000" };

export class Page {
  #base;

  /** Opens the program under a WebKitWebDriver that listens on `port`. */
  static async open(port, binary, args) {
    const capabilities = { alwaysMatch: { "webkitgtk:browserOptions": { binary, args } } };
    const url = `http://127.0.0.1:${port}/session`;
    const { sessionId } = await patiently(() => call("POST", url, { capabilities }), (error) => error.cause?.code === "ECONNREFUSED");
    return new Page(`${url}/${sessionId}`);
  }

  constructor(base) {
    this.#base = base;
  }

  /** Runs a function in the page; its arguments and its result are plain values or elements. */
  run(work, ...args) {
    return call("POST", `${this.#base}/execute/sync`, { script: `return (${work})(...arguments)`, args });
  }

  /**
   * The first visible element of that role whose accessible name is the text, or matches the
   * pattern; waits for it.
   */
  async find(role, name, { within } = {}) {
    const wanted = name instanceof RegExp ? { pattern: name.source, flags: name.flags } : { text: name };
    return this.until(() => this.run(findByRole, role, wanted, within ?? null), `${role} ${name}`);
  }

  /** Whether such an element is there now. */
  async has(role, name) {
    const wanted = name instanceof RegExp ? { pattern: name.source, flags: name.flags } : { text: name };
    return Boolean(await this.run(findByRole, role, wanted, null));
  }

  /**
   * Clicks it once it stands still: the driver presses the place where the element was a moment ago.
   * One that was drawn anew in between is looked for again.
   */
  async click(role, name, options) {
    await this.until(async () => {
      const element = await this.find(role, name, options);
      if (!(await this.run(standsStill, element))) return false;
      await this.#on(element, "click", {});
      return true;
    }, `${role} ${name} to click`);
  }

  async type(element, text) {
    await this.#on(element, "value", { text });
  }

  /** Replaces what a field holds. */
  async fill(role, name, text) {
    const field = await this.find(role, name);
    await this.#on(field, "clear", {});
    await this.type(field, text);
    return field;
  }

  /** All visible text. */
  text() {
    return this.run(() => document.body.innerText);
  }

  /** Waits until the page shows the text or the pattern. */
  sees(text) {
    const holds = (shown) => (text instanceof RegExp ? text.test(shown) : shown.includes(text));
    return this.until(async () => holds(await this.text()), `the text ${text}`);
  }

  /** Waits for a truthy answer; what the page shows goes with the error. */
  async until(question, what) {
    const end = Date.now() + PATIENCE_MS;
    let last;
    do {
      try {
        last = await question();
        if (last) return last;
      } catch (error) {
        // A page that draws itself anew lets go of elements; ask again.
        if (error.code !== "stale element reference" && error.code !== "javascript error") throw error;
        last = error.message;
      }
      await sleep(POLL_MS);
    } while (Date.now() < end);
    const shown = await this.text().catch((error) => error.message);
    throw new Error(`The window did not show ${what} within ${PATIENCE_MS} ms (last: ${last}). It shows:\n${shown}`);
  }

  /** The names that the driver has for the app's windows. */
  windows() {
    return call("GET", `${this.#base}/window/handles`);
  }

  /** From here on everything is about that window. */
  turnTo(window) {
    return call("POST", `${this.#base}/window`, { handle: window });
  }

  close() {
    return call("DELETE", this.#base);
  }

  #on(element, action, body) {
    return call("POST", `${this.#base}/element/${element[ELEMENT]}/${action}`, body);
  }
}

/** Runs in the page. */
function findByRole(role, wanted, within) {
  const tags = {
    button: "button, [role=button], summary",
    link: "a[href], [role=link]",
    tab: "[role=tab]",
    textbox: "input:not([type]), input[type=text], input[type=password], input[type=search], textarea, [role=textbox], [role=combobox]",
    menuitem: "[role=menuitem], [role=menuitemradio], [role=option]",
    heading: "h1, h2, h3, [role=heading]",
    alertdialog: "[role=alertdialog], [role=dialog]",
    region: "section, [role=region], [role=group]",
    any: "*",
  };
  const nameOf = (element) => {
    const labelled = element.getAttribute("aria-labelledby");
    if (element.getAttribute("aria-label")) return element.getAttribute("aria-label");
    if (labelled) return labelled.split(" ").map((id) => document.getElementById(id)?.textContent ?? "").join(" ");
    if (element.labels?.length) return element.labels[0].textContent;
    const spoken = element.cloneNode(true);
    for (const mute of spoken.querySelectorAll("[aria-hidden=true], style, script")) mute.remove();
    return spoken.textContent || element.getAttribute("placeholder") || element.getAttribute("title") || "";
  };
  const fits = (text) => {
    const name = text.replace(/\s+/g, " ").trim();
    return wanted.pattern === undefined ? name === wanted.text : new RegExp(wanted.pattern, wanted.flags).test(name);
  };
  const shown = (element) => element.getClientRects().length > 0 && !element.disabled;
  const candidates = [...(within ?? document).querySelectorAll(tags[role])];
  return candidates.find((element) => shown(element) && fits(nameOf(element))) ?? null;
}

/** Runs in the page: the element has the same place in two pictures after one another. */
async function standsStill(element) {
  const place = () => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [x, y, width, height].join();
  };
  const picture = () => new Promise((drawn) => requestAnimationFrame(() => drawn(place())));
  return (await picture()) === (await picture());
}

async function call(method, url, body) {
  const response = await fetch(url, {
    method,
    headers: { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const { value } = await response.json();
  if (!response.ok) {
    const error = new Error(`${value.error}: ${value.message}`);
    error.code = value.error;
    throw error;
  }
  return value;
}

async function patiently(work, mayRetry) {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!mayRetry(error) || Date.now() > end) throw error;
      await sleep(POLL_MS);
    }
  }
}

export const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
