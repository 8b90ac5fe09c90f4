import { createSourceEventStream, type DocumentNode, type ExecutionArgs, execute } from 'graphql';
import { createId } from '../kernel/ids.ts';
import type { Logger } from '../kernel/log.ts';
import { Session } from './auth/session.ts';
import { failedResult, presentResult } from './errors.ts';
import { positionOf } from './frame.ts';
import { LiveGroup } from './live-group.ts';
import { isLiveSource, type LiveStep } from './live-source.ts';
import type { CreateContext, Operation } from './operation.ts';
import { SharedResult } from './shared-result.ts';
import { sharingKey } from './sharing-key.ts';

export type LiveGroupsOptions = { readonly createContext: CreateContext; readonly logger: Logger };

export type LiveRequest = {
  /** With the schema and the document as it was parsed: equal texts are one object. */
  readonly args: ExecutionArgs;
  readonly operation: Operation;
  readonly session: Session;
};

/** A place in a group, for as long as it is not left. */
export type GroupPlace = { readonly group: LiveGroup; leave(): void };

type Entry = { readonly group: Promise<LiveGroup>; readonly closing: AbortController; size: number };

/** The live subscriptions of one server, by what they ask for. */
export class LiveGroups {
  readonly #options: LiveGroupsOptions;
  /** Weak: a document that was forgotten and parsed anew begins new groups, and the old ones end with their last members. */
  readonly #byDocument = new WeakMap<DocumentNode, Map<string, Entry>>();

  constructor(options: LiveGroupsOptions) {
    this.#options = options;
  }

  /** A place in the group of the subscriptions that are equal to this one, as its caller may see things now. */
  async enter(request: LiveRequest): Promise<GroupPlace> {
    const { args } = request;
    const entries = this.#byDocument.get(args.document) ?? new Map<string, Entry>();
    this.#byDocument.set(args.document, entries);
    const key = sharingKey(args, permissionKeyOf(request));
    const entry = entries.get(key) ?? this.#open(request);
    entries.set(key, entry);
    entry.size += 1;
    const leave = (): void => {
      entry.size -= 1;
      if (entry.size > 0) return;
      if (entries.get(key) === entry) entries.delete(key);
      entry.closing.abort();
    };
    try {
      return { group: await entry.group, leave };
    } catch (error) {
      leave();
      throw error;
    }
  }

  #open(request: LiveRequest): Entry {
    const closing = new AbortController();
    return { group: this.#createGroup(request, closing.signal), closing, size: 0 };
  }

  /** With a context of nobody's own: the one who came first may leave first, or be somebody else with its next token. */
  async #createGroup({ args, operation, session }: LiveRequest, signal: AbortSignal): Promise<LiveGroup> {
    const { createContext, logger } = this.#options;
    const scope = { correlationId: createId(), logger };
    const contextValue = await createContext({
      correlationId: scope.correlationId,
      authorization: operation.authorization,
      session: new Session(session.caller, session.permissions),
      resumeAfter: null,
      signal,
    });
    const source = await createSourceEventStream({ ...args, contextValue });
    if (!isLiveSource(source)) throw refusalIn(source);
    const toResult = async ({ root }: LiveStep): Promise<SharedResult> => {
      try {
        const result = presentResult(await execute({ ...args, rootValue: root, contextValue }), scope);
        const position = positionOf(root);
        if (position === undefined) return new SharedResult(result);
        const extensions = { ...result.extensions, position: String(position) };
        return new SharedResult({ ...result, extensions });
      } catch (error) {
        return new SharedResult(failedResult(error, scope));
      }
    };
    return new LiveGroup({ source, toResult, signal });
  }
}

/** The caller of this moment may not subscribe, though the one of a moment ago could. */
function refusalIn(source: object): Error {
  const [error] = 'errors' in source && Array.isArray(source.errors) ? source.errors : [];
  return error instanceof Error
    ? error
    : new Error('A live field gave a live source, and now something else.');
}

/** Equal for callers who see the same. Where callers are not known, contexts may still be made from what they send. */
function permissionKeyOf({ session, operation }: LiveRequest): string {
  return session.permissions.key || `${operation.authorization ?? ''}`;
}
