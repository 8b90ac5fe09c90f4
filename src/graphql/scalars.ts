import { GraphQLScalarType, Kind, type ValueNode } from 'graphql';
import { isDecimal } from '../kernel/decimal.ts';
import { LivefoldError } from '../kernel/errors.ts';

/** A scalar whose values are written as strings: `read` gives the internal value or undefined for text that is none. */
function textScalar<Internal>(
  name: string,
  form: string,
  read: (text: string) => Internal | undefined,
  write: (value: unknown) => string,
): GraphQLScalarType<Internal, string> {
  const parse = (value: unknown): Internal => {
    const internal = typeof value === 'string' ? read(value) : undefined;
    if (internal === undefined)
      throw new LivefoldError(
        'BAD_USER_INPUT',
        `${name} cannot represent ${JSON.stringify(value)?.slice(0, 100)}: ${form}.`,
      );
    return internal;
  };
  return new GraphQLScalarType({
    name,
    parseValue: parse,
    parseLiteral: (node: ValueNode) =>
      parse(
        node.kind === Kind.STRING || (name === 'Position' && node.kind === Kind.INT) ? node.value : undefined,
      ),
    serialize: write,
  });
}

/** A log position: a decimal string outside, a number inside. */
export const positionScalar = textScalar(
  'Position',
  'write a decimal number from 0 to 9007199254740991 as a string',
  (text) => (/^\d{1,16}$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined),
  String,
);

/** An instant: ISO 8601 outside, a Date inside. */
export const dateTimeScalar = textScalar(
  'DateTime',
  'write an instant with its zone, such as 2010-12-01T08:26:00Z',
  (text) => {
    const isComplete = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/.test(text);
    const time = new Date(text);
    return isComplete && !Number.isNaN(time.getTime()) ? time : undefined;
  },
  (value) => (value instanceof Date ? value.toISOString() : String(value)),
);

/** A calendar day: the same text outside and inside. */
export const dateScalar = textScalar(
  'Date',
  'write a calendar day such as 2010-12-01',
  (text) => {
    const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? new Date(`${text}T00:00:00Z`) : undefined;
    // Date rolls 30 February over into March, which is a typing error here.
    return day !== undefined && !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
      ? text
      : undefined;
  },
  String,
);

/** An exact decimal: the same text outside and inside. */
export const decimalScalar = textScalar(
  'Decimal',
  'write a decimal number of up to 30 digits as a string, such as "12.50"',
  (text) => (isDecimal(text) && text.length <= 32 ? text : undefined),
  String,
);

/** Any JSON value, as it is. */
export const jsonScalar = new GraphQLScalarType({ name: 'JSON' });
