import type { ComposerHandle } from "../features/chat/Composer";

/** Reaches the message field, whichever is mounted now. */
export class FieldLink {
  private handle: ComposerHandle | undefined;

  readonly link = (handle: ComposerHandle | undefined): void => {
    this.handle = handle;
  };

  focus(): void {
    this.handle?.focus();
  }

  insert(text: string): void {
    this.handle?.insert(text);
  }

  readonly set: ComposerHandle["set"] = (text, along) => {
    this.handle?.set(text, along);
  };
}
