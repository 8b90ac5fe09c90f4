import { type DocumentNode, Kind, type OperationDefinitionNode, OperationTypeNode } from 'graphql';

/**
 * Lets one client read its own writes: it notes the receipts of mutations, and asks queries to wait for the last of them. A
 * mutation takes part by selecting `receipt { position }`, a query by declaring a variable `$atLeast: Position`.
 */
export class AtLeast {
  #position = 0;

  /** Notes the receipts in a mutation's data. */
  note(data: unknown): void {
    for (const payload of membersOf(data)) {
      const position = Number(memberOf(memberOf(payload, 'receipt'), 'position'));
      if (position > this.#position) this.#position = position;
    }
  }

  /** A query's variables, with `atLeast` where the query declares it, the caller left it out and a mutation was seen. */
  fill<Variables extends object>(document: DocumentNode, variables: Variables): Variables {
    if (this.#position === 0 || memberOf(variables, 'atLeast') !== undefined || !declares(document))
      return variables;
    return { ...variables, atLeast: String(this.#position) };
  }
}

function declares({ definitions }: DocumentNode): boolean {
  const operation = definitions.find(
    (definition): definition is OperationDefinitionNode => definition.kind === Kind.OPERATION_DEFINITION,
  );
  if (operation?.operation !== OperationTypeNode.QUERY) return false;
  return (operation.variableDefinitions ?? []).some(
    ({ variable, type }) =>
      variable.name.value === 'atLeast' && type.kind === Kind.NAMED_TYPE && type.name.value === 'Position',
  );
}

function membersOf(value: unknown): readonly unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value) : [];
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
