import { isLivefoldError } from '../kernel/errors.ts';
import type { ResultError } from './transport.ts';

/**
 * What a failure says about trying again: `temporary`, the network or the server is away; `refused`, who asks may not, which a
 * new token may change; `final`, the same request would fail in the same way.
 */
export type Verdict = 'temporary' | 'refused' | 'final';

/** Judges what a transport gave to `error`: errors of GraphQL, a WebSocket's close event, a status of HTTP, or the network's error. */
export function judgeFailure(failure: unknown): Verdict {
  if (Array.isArray(failure)) return judgeErrors(failure);
  if (isLivefoldError(failure, 'EVENT_STREAM_REFUSED')) return judgeStatus(failure.fields.status);
  return judgeClose(numberOf(failure, 'code'));
}

/** Judges the errors of a result. */
export function judgeErrors(errors: readonly ResultError[]): Verdict {
  const codes = errors.map(({ extensions }) => extensions?.code);
  if (codes.includes('UNAUTHENTICATED')) return 'refused';
  return codes.some((code) => code === 'UNAVAILABLE' || code === 'PROJECTION_LAGGING')
    ? 'temporary'
    : 'final';
}

function judgeStatus(status: unknown): Verdict {
  if (status === 401 || status === 403) return 'refused';
  if (status === 408 || status === 425 || status === 429) return 'temporary';
  return typeof status === 'number' && status < 500 ? 'final' : 'temporary';
}

/** The codes of https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md; all others are the network's. */
function judgeClose(code: number | undefined): Verdict {
  if (code === 4401 || code === 4403) return 'refused';
  // 4408: the server waited too long for the first message.
  return code !== undefined && code >= 4400 && code < 4500 && code !== 4408 && code !== 4499
    ? 'final'
    : 'temporary';
}

function numberOf(value: unknown, name: string): number | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const member: unknown = Reflect.get(value, name);
  return typeof member === 'number' ? member : undefined;
}
