/** Words that stand for somebody, by what they are: the email address, the name. */
export type Words = Readonly<Record<string, string>>;

type Form = readonly [name: string, bytes: Buffer];

/** Which of the words stand in some bytes, and in which form: plain, escaped as JSON does, hexadecimal, or base64. */
export function findWords(words: Words, bytes: Buffer): readonly string[] {
  return Object.entries(words).flatMap(([what, word]) =>
    formsOf(word)
      .filter(([, form]) => bytes.includes(form))
      .map(([form]) => `${what} (${form})`),
  );
}

function formsOf(word: string): readonly Form[] {
  const hex = Buffer.from(word).toString('hex');
  const forms: readonly (readonly [string, string])[] = [
    ['plain', word],
    ['JSON', JSON.stringify(word).slice(1, -1)],
    ['escaped JSON', escapeAll(word)],
    ['hex', hex],
    ['capital hex', hex.toUpperCase()],
    ...[0, 1, 2].map((offset) => [`base64 at ${offset}`, base64At(word, offset)] as const),
    ...[0, 1, 2].map((offset) => [`base64url at ${offset}`, toUrl(base64At(word, offset))] as const),
  ];
  return forms.map(([name, text]) => [name, Buffer.from(text)]);
}

/** As encoders write it that leave nothing beyond ASCII. */
function escapeAll(word: string): string {
  return word.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** What is the same in any base64 in which the word stands behind so many bytes, modulo three. */
function base64At(word: string, offset: number): string {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(word)]);
  const text = bytes.toString('base64');
  return text.slice(Math.ceil((offset * 4) / 3), Math.floor((bytes.length * 4) / 3));
}

function toUrl(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_');
}
