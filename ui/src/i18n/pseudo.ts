// A language that nobody speaks, made from English: accents show text that is not in the
// catalogue, 40 % more length shows what does not fit, brackets show what is cut or put together.

import { TYPE, type MessageFormatElement } from "@formatjs/icu-messageformat-parser";

const ACCENTED: Record<string, string> = Object.fromEntries(
  [..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"].map((letter, index) => [
    letter,
    [..."àƀçðéƒĝĥîĵķļɱñöþǫŕšţûṽŵẋýžÀƁÇÐÉƑĜĤÎĴĶĻṀÑÖÞǪŔŠŢÛṼŴẊÝŽ"][index] ?? letter,
  ]),
);

const VOWELS = /[aeiou]/i;

/** `rightToLeft` turns each run of text around instead of lengthening it. */
export function pseudo(message: MessageFormatElement[], rightToLeft: boolean): MessageFormatElement[] {
  const changed = message.map((element) => one(element, rightToLeft));
  if (rightToLeft) return changed;
  return [{ type: TYPE.literal, value: "[" }, ...changed, { type: TYPE.literal, value: "]" }];
}

function one(element: MessageFormatElement, rightToLeft: boolean): MessageFormatElement {
  if (element.type === TYPE.literal) {
    return { ...element, value: rightToLeft ? `\u202e${element.value}\u202c` : lengthened(element.value) };
  }
  if (element.type === TYPE.plural || element.type === TYPE.select) {
    const options = Object.fromEntries(
      Object.entries(element.options).map(([name, option]) => [
        name,
        { ...option, value: option.value.map((inner) => one(inner, rightToLeft)) },
      ]),
    );
    return { ...element, options } as MessageFormatElement;
  }
  return element;
}

/** Every letter with an accent; vowels are repeated until the text is 40 % longer. */
function lengthened(text: string): string {
  let missing = Math.ceil(text.trim().length * 0.4);
  let out = "";
  for (const letter of text) {
    const accented = ACCENTED[letter] ?? letter;
    out += accented;
    if (missing > 0 && VOWELS.test(letter)) {
      out += accented;
      missing -= 1;
    }
  }
  return out;
}
