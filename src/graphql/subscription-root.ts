import {
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  OperationTypeNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import type { Plugin } from 'graphql-yoga';

/**
 * Refuses subscriptions whose field `@skip` or `@include` may leave out: graphql-js finds no field then, which looks like a fault of the
 * server's. The specification forbids them there, too (https://spec.graphql.org/September2025/#sec-Single-Root-Field).
 */
export function useCertainSubscriptions(): Plugin {
  return { onValidate: ({ addValidationRule }) => addValidationRule(certainSubscriptions) };
}

function certainSubscriptions(context: ValidationContext) {
  const seen = new Set<FragmentDefinitionNode>();
  const check = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      const condition = selection.directives?.find(({ name: { value } }) => conditions.has(value));
      if (condition !== undefined)
        context.reportError(
          new GraphQLError(`A subscription is of one field, always: leave @${condition.name.value} out.`, {
            nodes: condition,
          }),
        );
      if (selection.kind === Kind.INLINE_FRAGMENT) check(selection.selectionSet);
      if (selection.kind !== Kind.FRAGMENT_SPREAD) continue;
      const fragment = context.getFragment(selection.name.value);
      if (!fragment || seen.has(fragment)) continue;
      seen.add(fragment);
      check(fragment.selectionSet);
    }
  };
  for (const definition of context.getDocument().definitions) {
    const isOperation = definition.kind === Kind.OPERATION_DEFINITION;
    if (isOperation && definition.operation === OperationTypeNode.SUBSCRIPTION)
      check(definition.selectionSet);
  }
  return {};
}

const conditions = new Set(['skip', 'include']);
