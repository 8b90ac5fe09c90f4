import { LivefoldError } from '../../kernel/errors.ts';

/** That another process is at it. */
export function rebuildUnderWay(projection: string, member: string): LivefoldError {
  return new LivefoldError(
    'REBUILD_UNDER_WAY',
    `The projection "${projection}" is being rebuilt by the process ${member}: wait for that one to end.`,
    { fields: { projection, member } },
  );
}
