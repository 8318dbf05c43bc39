// Takes what is written to the engine: while somebody types at least every half second, one request
// at a time so that an older text never overtakes a newer one, and again after the connection broke.

import type { Client } from "../../protocol/client";
import type { Written } from "./useDraft";

const SAVE_AFTER_MS = 500;

interface Unsaved {
  written: Written;
  /** Whether its attachments are to be sent too; otherwise the engine keeps those it has. */
  attachments: boolean;
}

export class DraftSaver {
  /** Something was written here: what the engine has is older. */
  touched = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private unsaved: Unsaved | undefined;
  private underWay = false;

  constructor(
    private readonly client: Client,
    private readonly place: { sessionId: string | undefined; projectId: string | undefined },
  ) {}

  note(before: Written, after: Written): void {
    this.touched = true;
    const attachments = before.attachments !== after.attachments || this.unsaved?.attachments === true;
    this.unsaved = { written: after, attachments: attachments || after.text === "" };
    // A timer that runs is left alone: whoever types without a pause is saved too.
    this.timer ??= setTimeout(() => {
      this.flush();
    }, SAVE_AFTER_MS);
  }

  /** Sends what is not saved yet, after the request that is under way. */
  flush(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (!this.underWay) void this.send();
  }

  /** Sends it at once: the page may be gone before an answer comes. */
  leave(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    void this.send();
  }

  private async send(): Promise<void> {
    const { unsaved } = this;
    this.unsaved = undefined;
    if (!unsaved) return;
    this.underWay = true;
    const saved = await this.save(unsaved);
    this.underWay = false;
    const newer = this.newer();
    // It stays in this window, and goes with the next change or when the engine is there again.
    if (!saved) this.unsaved = newer ? { ...newer, attachments: newer.attachments || unsaved.attachments } : unsaved;
    else if (newer && this.timer === undefined) void this.send();
  }

  /** What was written while a request was under way. */
  private newer(): Unsaved | undefined {
    return this.unsaved;
  }

  private async save({ written, attachments }: Unsaved): Promise<boolean> {
    try {
      await this.client.call("draft.save", {
        session_id: this.place.sessionId,
        project_id: this.place.projectId,
        content: written.text,
        mentions: [...written.mentions],
        attachments: attachments ? [...written.attachments] : null,
      });
      return true;
    } catch {
      return false;
    }
  }
}
