import { LivefoldError } from '../../kernel/errors.ts';

type Facts = { readonly status?: number; readonly code?: string; readonly cause?: unknown };

/** No answer, or one that says that there is none at the moment. */
export function remoteUnavailable(url: string, why: string, facts: Facts = {}): LivefoldError {
  return about('REMOTE_LOG_UNAVAILABLE', url, `${why}: ask again, and see that its server runs.`, facts);
}

/** The server understood, and said no. */
export function remoteRefused(url: string, why: string, facts: Facts = {}): LivefoldError {
  return about('REMOTE_LOG_REFUSED', url, `${why}: check the address and the headers.`, facts);
}

/** What came is no page of a log. */
export function remoteInvalid(url: string, why: string, facts: Facts = {}): LivefoldError {
  const advice = 'see that a Livefold of this or a newer version answers there';
  return about('REMOTE_LOG_INVALID', url, `${why}: ${advice}.`, facts);
}

function about(code: string, url: string, text: string, { cause, ...facts }: Facts): LivefoldError {
  return new LivefoldError(code, `The remote log at ${url} ${text}`, { fields: { url, ...facts }, cause });
}
