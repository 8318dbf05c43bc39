// What calls the person while they look elsewhere, in a browser. The window's shell does the same
// by the system's own means.

import { t } from "../i18n";
import type { Client } from "../protocol/client";
import { heard } from "../protocol/stored";

export interface NotifyChoice {
  done: boolean;
  waiting: boolean;
  failed: boolean;
  sound: string;
}

export interface News {
  kind: "done" | "waiting" | "failed";
  sessionId: string;
  text: string;
}

/** "done, waiting" as switches. */
export function readNotify(words: string, sound: string): NotifyChoice {
  const has = (word: string) => words.split(",").some((one) => one.trim() === word);
  return { done: has("done"), waiting: has("waiting"), failed: has("failed"), sound };
}

/** What of the engine's messages is news for somebody who is away. */
export function newsOf(message: Parameters<typeof heard>[0]): News | undefined {
  const what = heard(message);
  if (what?.kind !== "stored") return undefined;
  const { event } = what;
  if (event.event_type === "approval_requested") {
    return { kind: "waiting", sessionId: event.session_id, text: event.data.approval.command };
  }
  if (event.event_type !== "operation_finished") return undefined;
  if (event.data.state === "COMPLETED") return { kind: "done", sessionId: event.session_id, text: event.data.content };
  // Cancelled by the person, or interrupted by the engine's end: nothing new to them.
  if (event.data.state === "FAILED") return { kind: "failed", sessionId: event.session_id, text: event.data.failure?.message ?? "" };
  return undefined;
}

const BODY_LIMIT = 160;

/** Listens until stopped; `choice` is asked at each piece of news. */
export function watchNews(client: Client, choice: () => NotifyChoice, open: (sessionId: string) => void): () => void {
  return client.onMessages((messages) => {
    for (const message of messages) {
      const news = newsOf(message);
      const wanted = choice();
      if (news && wanted[news.kind] && isAway()) notify(news, wanted.sound, open);
    }
  });
}

/** Nobody looks at this page. */
export function isAway(): boolean {
  return document.visibilityState === "hidden" || !document.hasFocus();
}

function notify(news: News, sound: string, open: (sessionId: string) => void): void {
  play(sound);
  if (!("Notification" in globalThis) || Notification.permission !== "granted") return;
  const line = news.text.split("\n").find((one) => one.trim() !== "") ?? "";
  const shown = new Notification(t.notify.titles[news.kind], {
    body: line.slice(0, BODY_LIMIT),
    // A newer one of the same session stands in place of the older.
    tag: `mira-${news.sessionId}`,
    silent: true,
  });
  shown.onclick = () => {
    globalThis.focus();
    shown.close();
    open(news.sessionId);
  };
}

const TUNES: Record<string, number[]> = { message: [660], complete: [523, 784], bell: [880, 880] };

/** Plays a sound by its name, made here: the page loads none. */
export function play(name: string): void {
  const tune = TUNES[name];
  if (!tune || typeof AudioContext === "undefined") return;
  const context = new AudioContext();
  tune.forEach((frequency, index) => {
    const tone = context.createOscillator();
    const volume = context.createGain();
    const at = context.currentTime + index * 0.16;
    tone.frequency.value = frequency;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.12, at + 0.02);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.15);
    tone.connect(volume).connect(context.destination);
    tone.start(at);
    tone.stop(at + 0.16);
    if (index === tune.length - 1) tone.onended = () => void context.close();
  });
}
