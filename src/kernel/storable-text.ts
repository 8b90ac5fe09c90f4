/** The most characters that a stream id, an event type, a tag or a command id has. */
export const longestName = 255;

/** Whether every store can keep the text: no NUL, which Postgres refuses, and no half of a surrogate pair, which has no UTF-8. */
export function isStorableText(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

/** Whether a text can name something: 1 to 255 characters, counted as a reader does and as Postgres does, an emoji as one. */
export function isStorableName(text: string): boolean {
  return text.length > 0 && (text.length <= longestName || hasFewCharacters(text)) && isStorableText(text);
}

/** A character takes at most two of JavaScript's units, so a longer text need not be counted. */
function hasFewCharacters(text: string): boolean {
  return text.length <= 2 * longestName && [...text].length <= longestName;
}
