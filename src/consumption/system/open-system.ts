import { type Clock, systemClock } from '../../kernel/clock.ts';
import { type Logger, silentLogger } from '../../kernel/log.ts';
import type { Application } from './application.ts';
import { Link } from './link.ts';
import { type OpenApplication, openApplication, type Place, type Places } from './place.ts';
import { type ReadableLog, readUntil } from './readable-log.ts';
import { invalid, type System } from './system.ts';

export type SystemOptions = {
  /** Where the applications' logs are, by name: of those that run here, and of those that they follow. */
  readonly places: Places;
  /** The applications that run here: all with a persistence unless given. */
  readonly run?: readonly Application[];
  readonly clock?: Clock;
  readonly logger?: Logger;
};

/** A link, and the log that it carries events from. */
export type OpenPipe = { readonly link: Link; readonly log: ReadableLog };

/** A system as one process sees it. */
export interface OpenSystem {
  /** An application that has its persistence here. @throws LivefoldError `INVALID_SYSTEM` for any other */
  open(application: Application): OpenApplication;
  /** Those that run here. */
  readonly running: readonly OpenApplication[];
  /** The pipes into applications that run here, in the system's order. */
  readonly pipes: readonly OpenPipe[];
}

/**
 * Opens the parts of a system that run here. Its logs can be read until `signal` aborts.
 *
 * @throws LivefoldError `INVALID_SYSTEM` when a place is missing, not an application's, or cannot be written to
 */
export function openSystem(
  definition: System,
  options: SystemOptions & { readonly signal: AbortSignal },
): OpenSystem {
  const { places, signal, clock = systemClock, logger = silentLogger } = options;
  checkPlaces(definition, places);
  const opened = new Map<Application, OpenApplication>();
  for (const application of definition.applications) {
    const place = places[application.name];
    if (place !== undefined && 'persistence' in place)
      opened.set(application, openApplication(application, place.persistence, { clock, logger }));
  }

  function open(application: Application): OpenApplication {
    const found = opened.get(application);
    if (found === undefined)
      throw invalid(`"${application.name}" has no persistence here: give it one in \`places\``);
    return found;
  }

  const run = options.run ?? [...opened.keys()];
  const pipes = definition.pipes
    .filter(({ follower }) => run.includes(follower))
    .map((pipe) => {
      const log = readUntil(logOf(places[pipe.upstream.name], pipe.upstream), signal);
      return { log, link: new Link(pipe, { follower: open(pipe.follower), upstream: log, logger }) };
    });
  return { open, running: run.map(open), pipes };
}

function checkPlaces({ applications }: System, places: Places): void {
  const names = applications.map(({ name }) => name);
  const unknown = Object.keys(places).find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw invalid(`there is a place for "${unknown}", which is none of its applications`);
  const stores = Object.values(places).flatMap((place) =>
    'persistence' in place ? [place.persistence] : [],
  );
  if (new Set(stores).size < stores.length) throw invalid('each of its applications needs a log of its own');
}

function logOf(place: Place | undefined, { name }: Application): ReadableLog {
  if (place === undefined)
    throw invalid(`"${name}" is followed here and has no place: say in \`places\` where its log is`);
  if ('log' in place) return place.log;
  const { events } = place.persistence;
  return {
    read: (query, options) => events.read(query, options),
    head: () => events.head(),
    bell: place.bell,
  };
}
