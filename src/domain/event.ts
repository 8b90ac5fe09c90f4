import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Upcasters } from './upcast.ts';
import { validate } from './validate.ts';

/** What a command returns: a fact that is not stored yet. Data has passed the event's schema. */
export type NewEvent<Type extends string = string, Data = unknown> = {
  readonly type: Type;
  /** The schema's version that `data` follows; 1 unless the definition says otherwise. */
  readonly schemaVersion: number;
  readonly data: Data;
  /** What the event is about, as `name:value`: what queries and conditions find it by. */
  readonly tags: readonly string[];
  /** The fields of `data` that are about a person, for as long as that person is not forgotten. */
  readonly personal?: readonly PersonalData[];
  /** The subjects that this event forgets: their keys are destroyed with the append. */
  readonly forgets?: readonly string[];
};

/** Fields of an event's data that are about one person. They are encrypted under a key of that person's own. */
export type PersonalData = {
  /** Whose they are: `user:17`, say. */
  readonly subject: string;
  /** The fields by name, and what each reads as once the subject is forgotten. */
  readonly erased: Readonly<Record<string, unknown>>;
};

/** An event with its envelope, ready to be appended: everything but what the store gives it. */
export type PreparedEvent<Type extends string = string, Data = unknown> = NewEvent<Type, Data> & {
  /** UUID v7. */
  readonly id: string;
  readonly stream: string;
  /** The id that all events of one cause share, through any number of commands. */
  readonly correlationId: string | null;
  /** The id of the event or command that led to this one. */
  readonly causationId: string | null;
  readonly actor: string | null;
  readonly tenant: string | null;
  readonly metadata: Readonly<Record<string, unknown>> | null;
  /** Business time; an import sets it to when it happened. */
  readonly occurredAt: Date;
};

/** An event as the log holds it. */
export type StoredEvent<Type extends string = string, Data = unknown> = PreparedEvent<Type, Data> & {
  /** Place in the log: 1, 2, 3, … without holes. */
  readonly position: number;
  /** Place in its stream: 1, 2, 3, … without holes. */
  readonly version: number;
  /** The store's clock at the append; never falls from one position to the next. */
  readonly recordedAt: Date;
};

/** An event type: call it with data to make an event, pass it to `fold` and `projection` to handle it. */
export type EventDefinition<Type extends string, Input, Data> = {
  (data: Input): NewEvent<Type, Data>;
  readonly type: Type;
  readonly schemaVersion: number;
  readonly schema: StandardSchemaV1<Input, Data>;
  readonly upcasters: Upcasters;
  /** Whether its data has fields about a person. */
  readonly isPersonal: boolean;
  /** Those fields, and what each reads as once whom it is about is forgotten. */
  readonly erased: Readonly<Record<string, unknown>>;
};

// biome-ignore lint/suspicious/noExplicitAny: input and data are inferred from the definition given; unknown would refuse every one (Input is contravariant).
export type AnyEventDefinition = EventDefinition<string, any, any>;

/** The type name and the data of a definition's events. */
export type TypeOf<Definition extends AnyEventDefinition> = Definition['type'];
export type DataOf<Definition extends AnyEventDefinition> = ReturnType<Definition>['data'];

/** Marks top-level fields of an event's data as personal. */
export type PersonalFields<Data> = {
  /** The person that they are about. */
  readonly subject: (data: Data) => string;
  /** Each field, and what it reads as once the subject is forgotten; the value fits the schema as any other. */
  readonly erased: Partial<Data>;
};

export type EventOptions<Data> = {
  readonly tags?: (data: Data) => readonly string[];
  /** 1 unless given. Raise it when the schema changes, and say in `upcast` how older data becomes the new. */
  readonly schemaVersion?: number;
  /** By the version that data has: how it becomes the next version's. They run in sequence whenever an older event is folded. */
  readonly upcast?: Upcasters;
  /** The fields about a person, for each person that the event is about. */
  readonly personal?: PersonalFields<Data> | readonly PersonalFields<Data>[];
  /** The subjects that the event forgets: it destroys the keys of their personal fields, for good. */
  readonly forgets?: (data: Data) => readonly string[];
};

/**
 * Defines an event type. `type` is the name stored for ever: an explicit string, not derived from code.
 * `schema` is any synchronous Standard Schema (https://standardschema.dev); data is validated when the event is made, and
 * again by audits, so the schema accepts what it gives back.
 *
 * @throws LivefoldError `INVALID_EVENT` from the made function, when data does not fit the schema.
 */
export function event<const Type extends string, Input, Data>(
  type: Type,
  schema: StandardSchemaV1<Input, Data>,
  options: EventOptions<Data> = {},
): EventDefinition<Type, Input, Data> {
  const { tags = () => [], schemaVersion = 1, upcast = {}, forgets } = options;
  const personal = options.personal === undefined ? [] : [options.personal].flat();
  const make = (input: Input): NewEvent<Type, Data> => {
    const data = validate(schema, input, { code: 'INVALID_EVENT', what: `event ${type}` });
    return {
      type,
      schemaVersion,
      data,
      tags: tags(data),
      ...(personal.length > 0 && {
        personal: personal.map(({ subject, erased }) => ({ subject: subject(data), erased })),
      }),
      ...(forgets && { forgets: forgets(data) }),
    };
  };
  return Object.assign(make, {
    type,
    schemaVersion,
    schema,
    upcasters: upcast,
    isPersonal: personal.length > 0,
    erased: Object.assign({}, ...personal.map(({ erased }) => erased)),
  });
}
