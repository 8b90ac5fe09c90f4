import { stat } from 'node:fs/promises';
import { LivefoldError } from '../../kernel/errors.ts';
import { describeFileError } from './reading-error.ts';

/**
 * The size of all files together, in bytes. Looks at every file before the first is read, so that a wrong name stops
 * an import before it begins. Throws `RETAIL_FILE_NOT_FOUND`, `RETAIL_FILE_UNREADABLE` (no regular file) or
 * `RETAIL_FILE_REPEATED`: the second reading of a file would put its rows into the orders of the first once more.
 */
export async function measureFiles(files: readonly string[]): Promise<number> {
  let bytes = 0;
  const seen = new Map<string, string>();
  for (const file of files) {
    const { size, id } = await inspect(file);
    const other = seen.get(id);
    if (other !== undefined) throw repeated(file, other);
    seen.set(id, file);
    bytes += size;
  }
  return bytes;
}

async function inspect(file: string): Promise<{ readonly size: number; readonly id: string }> {
  const stats = await stat(file, { bigint: true }).catch((cause: unknown) => {
    const { code, message } = describeFileError(cause, file);
    throw new LivefoldError(code, message, { fields: { file }, cause });
  });
  if (stats.isFile()) return { size: Number(stats.size), id: `${stats.dev}:${stats.ino}` };
  throw new LivefoldError('RETAIL_FILE_UNREADABLE', `${file} is not a regular file.`, { fields: { file } });
}

function repeated(file: string, other: string): LivefoldError {
  const message = `${file} is the same file as ${other}: name it once.`;
  return new LivefoldError('RETAIL_FILE_REPEATED', message, { fields: { file, other } });
}
