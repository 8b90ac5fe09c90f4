import { Checklist, type Finding } from '../../src/consumption/audit/finding.ts';
import type { StoredEvent } from '../../src/domain/event.ts';
import type { Receipt } from '../clients/send-command.ts';
import type { Sent } from '../clients/writer.ts';

/** Every command was answered, and what was acknowledged is in the log once, where the receipt says. */
export function checkCommands(sent: readonly Sent[], events: readonly StoredEvent[]): Finding {
  const list = new Checklist('every acknowledged command is in the log once, where its receipt says');
  // A client's command is the cause of its own events.
  const byCause = Map.groupBy(events, ({ causationId }) => causationId ?? '');
  for (const { command, answers } of sent) {
    const own = byCause.get(command.id) ?? [];
    const [first, ...repeats] = answers;
    if (first?.receipt !== undefined) {
      const faults = [
        ...faultsOf(first.receipt, own, events),
        ...repeats.flatMap(({ receipt }) => faultsOfRepeat(first.receipt, receipt)),
      ];
      if (faults.length === 0) list.pass();
      else list.fail(`${command.id} ${command.field}: ${faults.join('; ')}`);
    } else if (first?.rejected === undefined) list.fail(`${command.id} ${command.field}: never answered`);
    // One that was sent again may have been carried out the first time by a server that was only slow.
    else if (first.tries.length === 0 && own.length > 0)
      list.fail(`${command.id} ${command.field}: rejected (${first.rejected}), and yet in the log`);
    else list.pass();
  }
  return list.finding;
}

function faultsOf(
  receipt: Receipt,
  own: readonly StoredEvent[],
  events: readonly StoredEvent[],
): readonly string[] {
  const { position, eventIds, stream, version } = receipt;
  const told = events.slice(position - eventIds.length, position);
  const last = told.at(-1);
  return [
    ...(own.length === eventIds.length
      ? []
      : [`${own.length} events in the log, ${eventIds.length} in the receipt`]),
    ...(isSame(
      told.map(({ id }) => id),
      eventIds,
    ) &&
    isSame(
      own.map(({ id }) => id),
      eventIds,
    )
      ? []
      : [`other events stand before position ${position} than the receipt says`]),
    ...(last === undefined || (last.stream === stream && last.version === version)
      ? []
      : [`${last.stream} version ${last.version} stands there, not ${stream} version ${version}`]),
  ];
}

function faultsOfRepeat(first: Receipt | undefined, again: Receipt | undefined): readonly string[] {
  // When the run is over while it is repeated there is no second answer.
  if (first === undefined || again === undefined) return [];
  return [
    ...(again.duplicate ? [] : ['the second time it was not called a duplicate']),
    ...(again.position === first.position && isSame(again.eventIds, first.eventIds)
      ? []
      : [`position ${first.position} the first time, ${again.position} the second`]),
  ];
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((one, index) => one === others[index]);
}
