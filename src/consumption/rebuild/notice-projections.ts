import type { Logger } from '../../kernel/log.ts';
import type { AnyProjection } from '../projection.ts';
import type { ReadModels } from '../read-models.ts';
import type { ProjectionRecord, ProjectionRecords } from './projection-records.ts';

export type NoticeOptions = {
  readonly records: ProjectionRecords;
  readonly models: ReadModels;
  readonly logger: Logger;
};

/**
 * Looks, before projections run, whether what the database has is what they make: says which are defined otherwise than their
 * rows were folded, and which are not defined any more; those whose table is not there, or somebody else's, stand still.
 */
export async function noticeProjections(
  projections: readonly AnyProjection[],
  { records, models, logger }: NoticeOptions,
): Promise<void> {
  for (const projection of projections) {
    if (await records.hasTables(projection)) await records.begin(projection);
    // Nothing happens to one that has folded nothing yet: its table may come.
    else await models.halt(projection, tableMissing(projection.name));
  }
  const known = (await records.list(projections.map(({ name }) => name))).records;
  for (const { name, fingerprint } of projections) {
    const { definition = null } = known.find((record) => record.name === name) ?? {};
    if (definition !== null && definition !== fingerprint)
      logger.warn(
        { projection: name },
        `The projection "${name}" is defined otherwise than its rows were folded. It goes on from them; run \`livefold projections rebuild ${name}\` to fold them anew.`,
      );
  }
  for (const { name } of removedOf(known, projections))
    logger.warn(
      { projection: name },
      `The projection "${name}" is not defined any more, and what is kept about it is still there: run \`livefold projections rename ${name} NEW\` if it has another name now, \`livefold projections remove ${name}\` if it is gone.`,
    );
}

/** Those that no definition names, without what rebuilds have left. */
export function removedOf(
  records: readonly ProjectionRecord[],
  projections: readonly AnyProjection[],
): readonly ProjectionRecord[] {
  const defined = new Set(projections.map(({ name }) => name));
  return records.filter(({ name }) => !name.includes('@') && !defined.has(name));
}

function tableMissing(name: string): string {
  return `A table of the projection "${name}" is not there: make it with your migrations, then run \`livefold projections rebuild ${name}\`.`;
}
