import type { GraphQLResolveInfo } from 'graphql';
import type { AnyProjection, StoredRow } from '../consumption/projection.ts';
import { type AggregateCommand, idOf } from '../domain/aggregate.ts';
import type { Receipt } from '../persistence/event-store.ts';
import type { GraphQLContext } from './context.ts';
import { found } from './found.ts';
import { mutate } from './mutate.ts';

type Arguments<Input> = { readonly input: Input; readonly commandId?: string | null | undefined };
type Payload<Field extends string, Row> = Readonly<Record<Field, Row>> & { readonly receipt: Receipt };

/**
 * The resolver of a mutation `verbNoun(input, commandId)` that is one command on an aggregate, whose id the input has under
 * the name of the projection's key. Its payload is the receipt and, under `field`, the aggregate's row, never older than
 * the receipt.
 */
export function mutationField<
  Field extends string,
  P extends AnyProjection,
  Input extends Readonly<Record<string, unknown>>,
>(
  field: Field,
  projection: P,
  // biome-ignore lint/suspicious/noExplicitAny: the command's own state type stays with its aggregate.
  toCommand: (id: string, input: Input) => AggregateCommand<any>,
) {
  return async (
    _: unknown,
    { input, commandId }: Arguments<Input>,
    context: GraphQLContext,
    { fieldName }: Pick<GraphQLResolveInfo, 'fieldName'>,
  ): Promise<Payload<Field, StoredRow<P>>> => {
    const command = toCommand(String(input[projection.keyField]), input);
    const options = { commandId, request: [fieldName, input], projections: [projection.name] };
    const receipt = await mutate(context, command, options);
    const [row] = await context.backend.models.find(projection, [idOf(command.aggregate, receipt.stream)]);
    // A computed key widens to string: the one key it has is the field.
    return { receipt, [field]: found(row) } as Payload<Field, StoredRow<P>>;
  };
}
