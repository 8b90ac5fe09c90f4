const width = 24;

/** How far something is: `████████████░░░░░░░░░░░░ 50 % of 2,000 events`. */
export function progressBar(done: number, whole: number, what: string): string {
  const share = whole === 0 ? 1 : Math.min(1, done / whole);
  const filled = Math.floor(share * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${Math.floor(share * 100)} % of ${whole.toLocaleString('en')} ${what}`;
}
