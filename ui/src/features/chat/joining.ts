// A streamed text, put together from pieces that may overlap or be missing.

/** Joins a piece at its place, counted in Unicode characters; `undefined` where pieces are missing. */
export function join(before: string, piece: string, offset: number, have = characters(before)): string | undefined {
  if (offset > have) return undefined;
  if (offset === have) return before + piece;
  const known = have - offset;
  const pieceCharacters = [...piece];
  return pieceCharacters.length <= known ? before : before + pieceCharacters.slice(known).join("");
}

/** How long a text is in Unicode characters. */
export function characters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit >= 0xd800 && unit < 0xdc00) {
      count -= 1;
      at += 1;
    }
  }
  return count;
}
