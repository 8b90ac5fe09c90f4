import { isAscii, isUtf8 } from 'node:buffer';
import { splitRecord } from './split-record.ts';

/** One CSV record: its cells, or what is wrong with its bytes. */
export type CsvRecord = {
  /** Line where it begins, from 1. */
  readonly line: number;
  /** As written, without the line's end. Bytes that are not UTF-8 stand here as Latin-1. */
  readonly raw: string;
} & ({ readonly cells: readonly string[] } | { readonly fault: 'MALFORMED_ROW' | 'NOT_UTF8' });

/**
 * Longest record in bytes. Eight cells of 200 characters, quoted, stay below it, so a longer record could not be
 * taken anyway; it bounds how far a quote that nobody closes can reach.
 */
export const MAX_RECORD_BYTES = 16_384;

const NEWLINE = 0x0a;
const RETURN = 0x0d;
const QUOTE = 0x22;
const BYTE_ORDER_MARK = Buffer.from('\uFEFF');

type Split = (record: string) => readonly string[] | null;
const splitBare: Split = (record) => record.split(',');
const splitNothing: Split = () => null;

/**
 * Cuts bytes into CSV records (RFC 4180; LF or CRLF; blank lines are no records), wherever the chunks are cut. A
 * record with broken quotes is a fault of its first line alone: reading goes on at the next line, so a stray quote
 * takes no other row with it.
 *
 * By hand because the import is measured: `csv-parse` alone read 0.3 million of these rows a second.
 */
export class CsvTokenizer {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #line = 1;
  #hasStarted = false;
  #isEnded = false;
  /** Within the rest of a line that was too long. */
  #isSkipping = false;
  #isAscii = true;
  /** First quote not before `#at`. Most rows have none: found once, it answers for all rows up to it. */
  #quote = -1;

  /** The line after the last record read, from 1. */
  get line(): number {
    return this.#line;
  }

  /** The records that `chunk` completes. */
  push(chunk: Buffer): readonly CsvRecord[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    return this.#take();
  }

  /** The records in what is left, when no more bytes come. */
  end(): readonly CsvRecord[] {
    this.#isEnded = true;
    return this.#take();
  }

  #take(): readonly CsvRecord[] {
    const records: CsvRecord[] = [];
    if (!this.#start()) return records;
    this.#isAscii = isAscii(this.#bytes);
    this.#quote = this.#find(QUOTE, this.#at);
    while (this.#at < this.#bytes.length && this.#step(records));
    this.#bytes = this.#bytes.subarray(this.#at);
    this.#at = 0;
    return records;
  }

  /** Steps over a byte order mark. False while too few bytes are here to know. */
  #start(): boolean {
    if (this.#hasStarted) return true;
    if (this.#bytes.length < BYTE_ORDER_MARK.length && !this.#isEnded) return false;
    this.#hasStarted = true;
    const hasMark = this.#bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK);
    this.#at = hasMark ? BYTE_ORDER_MARK.length : 0;
    return true;
  }

  /** Reads one record. False when that takes more bytes. */
  #step(records: CsvRecord[]): boolean {
    const lineEnd = this.#lineEnd(this.#at);
    if (this.#isSkipping || Math.min(lineEnd, this.#bytes.length) - this.#at > MAX_RECORD_BYTES) {
      return this.#skipLine(lineEnd, records);
    }
    if (lineEnd === Infinity) return false;
    if (this.#quote < this.#at) this.#quote = this.#find(QUOTE, this.#at);
    if (this.#quote < lineEnd) return this.#stepQuoted(lineEnd, records);
    this.#add(this.#record(lineEnd, splitBare), lineEnd, records);
    return true;
  }

  /** A record with quotes: as many lines as it takes until they pair, or its first line as a fault. */
  #stepQuoted(lineEnd: number, records: CsvRecord[]): boolean {
    const end = this.#pairedEnd(lineEnd);
    if (end === Infinity) return false;
    const record = end === -1 ? undefined : this.#record(end, splitRecord);
    const isBroken = record === undefined || ('fault' in record && record.fault === 'MALFORMED_ROW');
    if (isBroken) this.#add(this.#record(lineEnd, splitNothing), lineEnd, records);
    else this.#add(record, end, records);
    return true;
  }

  /** The first line end that leaves no quote open; -1 when none can come, Infinity when it takes more bytes. */
  #pairedEnd(lineEnd: number): number {
    let end = lineEnd;
    let isOpen = this.#isOdd(this.#at, end);
    while (isOpen) {
      if (end === this.#bytes.length) return -1;
      const next = this.#lineEnd(end + 1);
      if (Math.min(next, this.#bytes.length) - this.#at > MAX_RECORD_BYTES) return -1;
      if (next === Infinity) return Infinity;
      isOpen = !this.#isOdd(end + 1, next);
      end = next;
    }
    return end;
  }

  /** A line too long to hold: its beginning is a fault, the rest passes by. */
  #skipLine(lineEnd: number, records: CsvRecord[]): boolean {
    if (!this.#isSkipping) {
      const raw = this.#bytes.toString('utf8', this.#at, this.#at + MAX_RECORD_BYTES);
      records.push({ line: this.#line, raw, fault: 'MALFORMED_ROW' });
    }
    this.#isSkipping = lineEnd === Infinity;
    this.#at = Math.min(lineEnd + 1, this.#bytes.length);
    if (!this.#isSkipping) this.#line += 1;
    return true;
  }

  #record(end: number, split: Split): CsvRecord {
    const stop = this.#bytes[end - 1] === RETURN && end > this.#at ? end - 1 : end;
    const isText = this.#isAscii || isUtf8(this.#bytes.subarray(this.#at, stop));
    // Each record is a string of its own: a slice of the chunk's text would keep the whole chunk for one kept cell.
    const raw = this.#bytes.toString(this.#isAscii || !isText ? 'latin1' : 'utf8', this.#at, stop);
    const cells = split(raw);
    if (cells === null) return { line: this.#line, raw, fault: 'MALFORMED_ROW' };
    return isText ? { line: this.#line, raw, cells } : { line: this.#line, raw, fault: 'NOT_UTF8' };
  }

  #add(record: CsvRecord, end: number, records: CsvRecord[]): void {
    if (record.raw !== '') records.push(record);
    for (let at = this.#at; at <= end; at = this.#find(NEWLINE, at) + 1) this.#line += 1;
    this.#at = Math.min(end + 1, this.#bytes.length);
  }

  #isOdd(start: number, end: number): boolean {
    let isOdd = false;
    for (let at = this.#find(QUOTE, start); at < end; at = this.#find(QUOTE, at + 1)) isOdd = !isOdd;
    return isOdd;
  }

  /** Where the line ends: at its newline, at the end of the last bytes, or Infinity: not here yet. */
  #lineEnd(start: number): number {
    const newline = this.#find(NEWLINE, start);
    return newline === Infinity && this.#isEnded ? this.#bytes.length : newline;
  }

  #find(byte: number, start: number): number {
    const at = this.#bytes.indexOf(byte, start);
    return at === -1 ? Infinity : at;
  }
}
