import { createRandom } from '../../src/kernel/random.ts';

/** Something that goes wrong, so many milliseconds after the start. */
export type Fault = { readonly at: number } & (
  | { readonly kind: 'kill'; readonly server: number; readonly downFor: number }
  | { readonly kind: 'freeze'; readonly server: number; readonly frozenFor: number }
  | { readonly kind: 'deafen' }
  | { readonly kind: 'terminate'; readonly backends: number }
  | { readonly kind: 'restart'; readonly mode: 'fast' | 'immediate' }
);

export type PlanOptions = { readonly seed: number; readonly duration: number; readonly servers: number };

/** What goes wrong and when: the same seed gives the same faults. PostgreSQL is restarted once, around the middle. */
export function planFaults({ seed, duration, servers }: PlanOptions): readonly Fault[] {
  const random = createRandom(seed);
  const between = (low: number, high: number): number => Math.floor(low + random() * (high - low + 1));
  const every = (low: number, high: number, make: (at: number) => Fault): readonly Fault[] => {
    const faults: Fault[] = [];
    for (let at = between(low, high) / 2; at < duration; at += between(low, high))
      faults.push(make(Math.round(at)));
    return faults;
  };
  const server = (): number => between(1, servers);
  return [
    ...every(2_500, 5_000, (at) => ({ at, kind: 'kill', server: server(), downFor: between(100, 1_500) })),
    // Longer than a lease lasts, so that others take over what the frozen one believes to be its own.
    ...every(12_000, 25_000, (at) => ({
      at,
      kind: 'freeze',
      server: server(),
      frozenFor: between(4_000, 6_000),
    })),
    ...every(4_000, 8_000, (at) => ({ at, kind: 'deafen' })),
    ...every(2_000, 5_000, (at) => ({ at, kind: 'terminate', backends: between(1, 4) })),
    {
      at: between(duration * 0.4, duration * 0.6),
      kind: 'restart' as const,
      mode: random() < 0.5 ? ('fast' as const) : ('immediate' as const),
    },
  ].toSorted((a, b) => a.at - b.at);
}

/** A fault for people. */
export function describeFault(fault: Fault): string {
  const at = `${(fault.at / 1_000).toFixed(1).padStart(6)} s  `;
  switch (fault.kind) {
    case 'kill':
      return `${at}kill -9 server ${fault.server}, start it again after ${fault.downFor} ms`;
    case 'freeze':
      return `${at}SIGSTOP server ${fault.server}, SIGCONT after ${fault.frozenFor} ms`;
    case 'deafen':
      return `${at}terminate the LISTEN connections`;
    case 'terminate':
      return `${at}terminate ${fault.backends} backends`;
    case 'restart':
      return `${at}restart PostgreSQL, mode ${fault.mode}`;
  }
}
