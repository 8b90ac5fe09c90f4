import type { Row } from './benchmark.ts';
import type { Machine } from './machine.ts';

export type Report = {
  readonly benchmark: string;
  readonly machine: Machine;
  readonly rows: readonly Row[];
};

/** Whether a row reached its target; one without a target did. */
export function isReached({ figure, target, bound }: Row): boolean {
  if (target === undefined) return true;
  return bound === 'least' ? figure >= target : figure <= target;
}

/** The report as JSON for programs. */
export function toJson({ rows, ...report }: Report): string {
  return JSON.stringify(
    { ...report, rows: rows.map((row) => ({ ...row, reached: isReached(row) })) },
    null,
    2,
  );
}

/** The report as a Markdown table for people, ready for docs/benchmarks.md. */
export function toTable({ benchmark, machine, rows }: Report): string {
  const { cores, postgres, fsync, node } = machine;
  return [
    `${benchmark}: ${cores} cores, PostgreSQL ${postgres}, fsync ${fsync}, Node ${node}`,
    '',
    '| name | figure | target | reached | measured |',
    '|---|---|---|---|---|',
    ...rows.map(
      (row) =>
        `| ${row.name} | ${row.figure.toFixed(2)} | ${targetOf(row)} | ${answerOf(row)} | ${row.detail} |`,
    ),
  ].join('\n');
}

function targetOf({ target, bound }: Row): string {
  if (target === undefined) return '–';
  return `${bound === 'least' ? '≥' : '≤'} ${target}`;
}

function answerOf(row: Row): string {
  if (row.target === undefined) return '–';
  return isReached(row) ? 'yes' : 'no';
}
