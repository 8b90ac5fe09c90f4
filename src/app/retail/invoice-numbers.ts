// Beyond 15 digits a number is no longer exact.
const PLAIN_NUMBER = /^(C?)(0|[1-9]\d{0,14})$/;
const BITS = 32;

/**
 * A growing set of invoice numbers. Shops number their invoices in sequence, so one bit each, 32 to a map entry, holds
 * a million of them in 1 MB, where a set of strings took 45.
 */
export class InvoiceNumbers {
  readonly #sales = new Map<number, number>();
  readonly #returns = new Map<number, number>();
  /** Those with leading zeros, or too long for an exact number. */
  readonly #others = new Set<string>();

  add(invoice: string): void {
    const place = this.#place(invoice);
    if (place === null) this.#others.add(invoice);
    else place.words.set(place.word, (place.words.get(place.word) ?? 0) | place.bit);
  }

  has(invoice: string): boolean {
    const place = this.#place(invoice);
    if (place === null) return this.#others.has(invoice);
    return ((place.words.get(place.word) ?? 0) & place.bit) !== 0;
  }

  #place(
    invoice: string,
  ): { readonly words: Map<number, number>; readonly word: number; readonly bit: number } | null {
    const match = PLAIN_NUMBER.exec(invoice);
    if (match === null) return null;
    const number = Number(match[2]);
    const words = match[1] === 'C' ? this.#returns : this.#sales;
    return { words, word: Math.floor(number / BITS), bit: 1 << (number % BITS) };
  }
}
