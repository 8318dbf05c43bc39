// What was written in the message field, step by step. The field's own history breaks whenever
// text is put in from elsewhere (a mention, a draft, the empty field after sending), so this one
// takes its place.

export interface Moment {
  text: string;
  caret: number;
}

/** Typing without a pause longer than this is one step. */
const PAUSE_MS = 800;
const MOST = 200;

export class TextHistory {
  private readonly past: Moment[];
  private future: Moment[] = [];
  private lastAt = 0;
  private readonly clock: () => number;

  constructor(text: string, clock: () => number = () => performance.now()) {
    this.past = [{ text, caret: text.length }];
    this.clock = clock;
  }

  /** The field says this now. `whole`: put in at once, so a step of its own. */
  note(text: string, caret: number, whole = false): void {
    const last = this.past.at(-1);
    if (last?.text === text) {
      last.caret = caret;
      return;
    }
    const now = this.clock();
    const grows = !whole && now - this.lastAt < PAUSE_MS && this.past.length > 1 && !/\s$/.test(last?.text ?? "");
    this.lastAt = whole ? 0 : now;
    this.future = [];
    if (grows) this.past[this.past.length - 1] = { text, caret };
    else this.past.push({ text, caret });
    if (this.past.length > MOST) this.past.shift();
  }

  undo(): Moment | undefined {
    if (this.past.length < 2) return undefined;
    const last = this.past.pop();
    if (last) this.future.push(last);
    this.lastAt = 0;
    return this.past.at(-1);
  }

  redo(): Moment | undefined {
    const next = this.future.pop();
    if (next) this.past.push(next);
    this.lastAt = 0;
    return next;
  }

  get canRedo(): boolean {
    return this.future.length > 0;
  }
}

/** What was written before a session began, for the field of that session. */
let handed: { to: string; history: TextHistory } | undefined;

/** A session has begun with what was written there: its field can go back beyond that. */
export function handOver(history: TextHistory, to: string): void {
  handed = { to, history };
}

export function historyFor(sessionId: string | undefined): TextHistory {
  return handed !== undefined && handed.to === sessionId ? handed.history : new TextHistory("");
}
