import { sleep } from '../../src/kernel/async.ts';
import type { Command } from './plan-commands.ts';

export type Receipt = {
  readonly position: number;
  readonly stream: string;
  readonly version: number;
  readonly eventIds: readonly string[];
  readonly duplicate: boolean;
};

/** What a command came to: a receipt, a refusal of the domain's, or neither because the run was over. */
export type Answer = {
  readonly receipt?: Receipt;
  readonly rejected?: string;
  /** How often it was sent, and what came of each try that said nothing. */
  readonly tries: readonly string[];
};

/** Where servers are, whether they are up or not. */
export type Address = { readonly graphql: string; readonly socket: string };

/** Milliseconds that an answer may take; then the same command goes to another server. */
const patience = 8_000;
const inputTypes: Readonly<Record<string, string>> = {
  beginErrand: 'ErrandInput',
  postponeErrand: 'ErrandInput',
};

/** Sends a command until somebody answers it, each time to any of the servers, under the same command id. */
export async function sendCommand(
  command: Command,
  { servers, random, signal }: { servers: readonly Address[]; random: () => number; signal: AbortSignal },
): Promise<Answer> {
  const tries: string[] = [];
  while (!signal.aborted) {
    const server = servers[Math.floor(random() * servers.length)];
    const outcome = server === undefined ? 'no server' : await sendOnce(server.graphql, command);
    if (typeof outcome === 'object') return { ...outcome, tries };
    tries.push(outcome);
    await sleep(20 + random() * 100, signal);
  }
  return { tries };
}

async function sendOnce(url: string, command: Command): Promise<Omit<Answer, 'tries'> | string> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(operationOf(command)),
      signal: AbortSignal.timeout(patience),
    });
    return readAnswer(command.field, (await response.json()) as Reply);
  } catch (error) {
    // Refused, hung up, too late: whether it was carried out, nobody knows.
    return error instanceof DOMException ? 'TIMEOUT' : 'NETWORK';
  }
}

type Reply = {
  readonly data?: Readonly<
    Record<string, { readonly receipt: Receipt & { readonly position: string } }>
  > | null;
  readonly errors?: readonly { readonly extensions?: { readonly code?: string; readonly reason?: string } }[];
};

function readAnswer(field: string, { data, errors }: Reply): Omit<Answer, 'tries'> | string {
  const [error] = errors ?? [];
  const { code = 'NO_CODE', reason = '' } = error?.extensions ?? {};
  if (code === 'COMMAND_REJECTED') return { rejected: reason };
  const receipt = data?.[field]?.receipt;
  if (error !== undefined || receipt === undefined) return code;
  return { receipt: { ...receipt, position: Number(receipt.position) } };
}

function operationOf({ id, field, input }: Command) {
  const type = inputTypes[field] ?? `${field.charAt(0).toUpperCase()}${field.slice(1)}Input`;
  return {
    query: `mutation ($input: ${type}!, $commandId: ID) { ${field}(input: $input, commandId: $commandId) {
      receipt { position stream version eventIds duplicate } } }`,
    variables: { input, commandId: id },
  };
}
