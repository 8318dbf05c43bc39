// Files on their way into a message: read, looked at, and refused where no model could read them.

import { t } from "../../i18n";
import { bytes } from "../../i18n/format";
import type { Attachment } from "../../protocol/generated/Attachment";
import type { AttachmentSize } from "../../protocol/generated/AttachmentSize";
import type { DroppedFile } from "../../protocol/window";

const LARGEST_IMAGE = 10 * 1024 * 1024;
const LARGEST_TEXT = 256 * 1024;
const IMAGES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

export type Read = { attachment: Attachment } | { refused: string };

export function isImage(attachment: Pick<Attachment, "media_type">): boolean {
  return attachment.media_type.startsWith("image/");
}

export async function readFile(file: DroppedFile): Promise<Read> {
  const name = file.name || "image.png";
  const kind = file.type;
  if (kind.startsWith("image/") && kind !== "image/svg+xml") {
    if (!IMAGES.includes(kind)) return { refused: t.talk.attach.kind({ name, kind }) };
    if (file.size > LARGEST_IMAGE) return tooLarge(name, file.size, LARGEST_IMAGE);
    return { attachment: { name, media_type: kind, data_base64: base64(await content(file)) } };
  }
  if (file.size > LARGEST_TEXT) return tooLarge(name, file.size, LARGEST_TEXT);
  let data: Uint8Array;
  try {
    data = await content(file);
  } catch {
    // A folder that was dropped looks like an empty file and cannot be read.
    return { refused: t.talk.attach.unreadable({ name }) };
  }
  if (!isText(data)) return { refused: t.talk.attach.notText({ name }) };
  return { attachment: { name, media_type: "text/plain", data_base64: base64(data) } };
}

function tooLarge(name: string, size: number, limit: number): Read {
  return { refused: t.talk.attach.large({ name, size: bytes(size), limit: bytes(limit) }) };
}

async function content(file: DroppedFile): Promise<Uint8Array> {
  return new Uint8Array(await file.arrayBuffer());
}

export function isText(data: Uint8Array): boolean {
  if (data.subarray(0, 8192).includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(data);
    return true;
  } catch {
    return false;
  }
}

function base64(data: Uint8Array): string {
  let text = "";
  for (let at = 0; at < data.length; at += 0x8000) text += String.fromCharCode(...data.subarray(at, at + 0x8000));
  return btoa(text);
}

/** How much an attachment weighs, without its content. */
export function sizeOf(attachment: Attachment): AttachmentSize {
  const length = attachment.data_base64?.length ?? 0;
  return { name: attachment.name, media_type: attachment.media_type, size_bytes: Math.floor((length * 3) / 4) };
}
