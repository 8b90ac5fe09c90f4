import {
  type ArgumentNode,
  type DefinitionNode,
  type FieldNode,
  Kind,
  type NameNode,
  type OperationDefinitionNode,
  OperationTypeNode,
  parse,
  print,
  type SelectionSetNode,
  type VariableDefinitionNode,
} from 'graphql';
import type { OperationRequest } from './transport.ts';

/** A subscription that can be resumed, and how. */
export type LiveOperation = {
  /** The document, with what resuming and folding need. */
  readonly query: string;
  /** The variable that says behind which position to resume. */
  readonly variable: string;
  /** The field's name in the schema. */
  readonly field: string;
  /** The field's name in the results. */
  readonly responseName: string;
  /** Whether its results are frames of rows. */
  readonly hasRows: boolean;
};

/** Added where the document says nothing of `after`; long, so that it meets no variable of the document's own. */
const addedVariable = 'livefoldAfter';
/** What a frame is folded by, besides `upserted`. */
const frameFields = ['kind', 'position', 'removed', 'live'];

/**
 * Reads from a document how its subscription is resumed. There are three kinds that can be: a live field, known by its
 * selection of `upserted`; `notifications`; and every field that the document itself gives the argument `after`. Everything
 * missing is added: `after`, and the fields of a frame. Any other operation is undefined: it can only begin anew.
 */
export function readLiveOperation({ query, operationName }: OperationRequest): LiveOperation | undefined {
  const { definitions } = parse(query, { noLocation: true });
  const operation = definitions.find((definition) => isMeant(definition, operationName));
  if (operation?.kind !== Kind.OPERATION_DEFINITION) return undefined;
  const field = operation.selectionSet.selections.find((selection) => selection.kind === Kind.FIELD);
  if (operation.operation !== OperationTypeNode.SUBSCRIPTION || field === undefined) return undefined;
  const hasRows = field.selectionSet !== undefined && selects(field.selectionSet, 'upserted', definitions);
  const after = field.arguments?.find(({ name }) => name.value === 'after');
  if (!hasRows && after === undefined && field.name.value !== 'notifications') return undefined;
  const resumable = withAfter(operation, hasRows ? withFrameFields(field) : field, after);
  return {
    query: print({
      kind: Kind.DOCUMENT,
      definitions: definitions.map((one) => (one === operation ? resumable.operation : one)),
    }),
    variable: resumable.variable,
    field: field.name.value,
    responseName: (field.alias ?? field.name).value,
    hasRows,
  };
}

function isMeant(definition: DefinitionNode, operationName: string | null | undefined): boolean {
  if (definition.kind !== Kind.OPERATION_DEFINITION) return false;
  return operationName === undefined || operationName === null || definition.name?.value === operationName;
}

/** Whether a field is selected under its own name, there or in a fragment. */
function selects(
  { selections }: SelectionSetNode,
  field: string,
  definitions: readonly DefinitionNode[],
): boolean {
  return selections.some((selection) => {
    if (selection.kind === Kind.FIELD) return selection.name.value === field && selection.alias === undefined;
    if (selection.kind === Kind.INLINE_FRAGMENT) return selects(selection.selectionSet, field, definitions);
    const fragment = definitions.find(
      (one) => one.kind === Kind.FRAGMENT_DEFINITION && one.name.value === selection.name.value,
    );
    return fragment?.kind === Kind.FRAGMENT_DEFINITION && selects(fragment.selectionSet, field, definitions);
  });
}

function withFrameFields(field: FieldNode): FieldNode {
  const selections = field.selectionSet?.selections ?? [];
  // One that a fragment selects too is no fault: equal selections are one.
  const added = frameFields
    .filter((name) => !selections.some((one) => one.kind === Kind.FIELD && one.name.value === name))
    .map((name): FieldNode => ({ kind: Kind.FIELD, name: nameOf(name) }));
  return { ...field, selectionSet: { kind: Kind.SELECTION_SET, selections: [...selections, ...added] } };
}

/** The operation with its root field's `after` a variable: the document's own where it has one. A literal becomes the default. */
function withAfter(
  operation: OperationDefinitionNode,
  field: FieldNode,
  after: ArgumentNode | undefined,
): { readonly operation: OperationDefinitionNode; readonly variable: string } {
  const isOwn = after?.value.kind === Kind.VARIABLE;
  const variable = after?.value.kind === Kind.VARIABLE ? after.value.name.value : addedVariable;
  const reference: ArgumentNode = {
    kind: Kind.ARGUMENT,
    name: nameOf('after'),
    value: { kind: Kind.VARIABLE, name: nameOf(variable) },
  };
  const resumed: FieldNode = {
    ...field,
    arguments: [...(field.arguments ?? []).filter((one) => one !== after), reference],
  };
  const declared = operation.variableDefinitions ?? [];
  const selections = operation.selectionSet.selections.map((selection) =>
    selection.kind === Kind.FIELD ? resumed : selection,
  );
  return {
    variable,
    operation: {
      ...operation,
      variableDefinitions: isOwn ? declared : [...declared, declaration(after)],
      selectionSet: { kind: Kind.SELECTION_SET, selections },
    },
  };
}

function declaration(after: ArgumentNode | undefined): VariableDefinitionNode {
  const value = after?.value;
  return {
    kind: Kind.VARIABLE_DEFINITION,
    variable: { kind: Kind.VARIABLE, name: nameOf(addedVariable) },
    type: { kind: Kind.NAMED_TYPE, name: nameOf('Position') },
    ...(value?.kind === Kind.STRING || value?.kind === Kind.INT ? { defaultValue: value } : {}),
  };
}

function nameOf(value: string): NameNode {
  return { kind: Kind.NAME, value };
}
