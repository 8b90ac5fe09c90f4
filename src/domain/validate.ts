import type { StandardSchemaV1 } from '@standard-schema/spec';
import { LivefoldError } from '../kernel/errors.ts';

/** One thing wrong with a value: where, as a path of names and indexes, and what. */
export type ValidationIssue = { readonly path: readonly (string | number)[]; readonly message: string };

/**
 * The value as the schema gives it back (defaults filled in, text trimmed, …).
 *
 * @throws LivefoldError `subject.code`, with every issue in `fields.issues`, when the value does not fit.
 */
export function validate<Input, Output>(
  schema: StandardSchemaV1<Input, Output>,
  value: unknown,
  subject: { readonly code: string; readonly what: string },
): Output {
  const result = schema['~standard'].validate(value);
  if (result instanceof Promise) {
    throw new LivefoldError(
      'ASYNC_SCHEMA',
      `The schema of ${subject.what} validates asynchronously: commands and events need a synchronous one.`,
    );
  }
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map(toIssue);
  const list = issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
  throw new LivefoldError(subject.code, `The data of ${subject.what} is not valid: ${list}`, {
    fields: { issues },
  });
}

function toIssue(issue: StandardSchemaV1.Issue): ValidationIssue {
  const path = (issue.path ?? []).map((step) => (typeof step === 'object' ? step.key : step));
  return {
    path: path.map((step) => (typeof step === 'number' ? step : String(step))),
    message: issue.message,
  };
}
