import type { Executable } from '../../src/application/executable.ts';
import type { GraphQLContext } from '../../src/graphql/context.ts';
import { liveField } from '../../src/graphql/live-field.ts';
import { mutate } from '../../src/graphql/mutate.ts';
import { Board } from './board.ts';
import { Errand } from './errand.ts';
import { Boards, Errands } from './projections.ts';

type Arguments<Input> = { readonly input: Input; readonly commandId?: string | null };

/** A mutation that answers with its receipt alone, when the projections have come there. */
function mutationOf<Input extends { readonly id: string }>(
  projections: readonly string[],
  toCommand: (id: string, input: Input) => Executable,
) {
  return async (
    _: unknown,
    { input, commandId }: Arguments<Input>,
    context: GraphQLContext,
    { fieldName }: { readonly fieldName: string },
  ) => {
    const options = { commandId, request: [fieldName, input], projections };
    return { receipt: await mutate(context, toCommand(input.id, { ...input }), options) };
  };
}

export const resolvers = {
  Mutation: {
    // Waits for none: with projections changing hands all the time, hardly anything would be appended otherwise.
    markBoard: mutationOf([], Board.commands.mark),
    beginErrand: mutationOf([Errands.name], Errand.commands.begin),
    postponeErrand: mutationOf([Errands.name], Errand.commands.postpone),
    callOffErrand: mutationOf([Errands.name], Errand.commands.callOff),
  },
  Subscription: { boards: liveField('boards', Boards) },
};
