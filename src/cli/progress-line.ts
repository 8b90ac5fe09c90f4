/** One line on standard error that is written over: on a terminal at once, elsewhere a new line every two seconds. */
export class ProgressLine implements Disposable {
  readonly #isTerminal = process.stderr.isTTY === true;
  readonly #pause = this.#isTerminal ? 100 : 2_000;
  #next = performance.now() + this.#pause;

  show(text: string): void {
    const now = performance.now();
    if (now < this.#next) return;
    this.#next = now + this.#pause;
    process.stderr.write(this.#isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
  }

  clear(): void {
    if (this.#isTerminal) process.stderr.write('\r\u001b[K');
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}
