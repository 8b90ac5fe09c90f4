import {
  type ExecutionArgs,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLField,
  type GraphQLNamedType,
  type GraphQLSchema,
  getNamedType,
  getOperationAST,
  isInterfaceType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from 'graphql';

type Variables = Readonly<Record<string, unknown>>;
type Counting = {
  readonly schema: GraphQLSchema;
  readonly fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  readonly variables: Variables;
  /** A fragment that is spread a thousand times is counted once: each may spread the next one twice, and so on. */
  readonly counted: Map<string, number>;
};

const scalarCost = 1;
const objectCost = 2;
const levelFactor = 1.5;
/** What a page has when nothing is said. */
const usualPage = 50;

/**
 * What an operation may cost, in points: 1 for a scalar, 2 for an object, 1.5 times as much each level down, times the page's
 * size, be it written, in a variable, the default or not given. What `@skip` may leave out is counted.
 */
export function costOf({ schema, document, operationName, variableValues }: ExecutionArgs): number {
  const operation = getOperationAST(document, operationName);
  if (!operation) return 0;
  const defaults = (operation.variableDefinitions ?? []).flatMap(({ variable, defaultValue }) =>
    defaultValue === undefined ? [] : [[variable.name.value, numberOf(defaultValue, {})] as const],
  );
  const fragments = document.definitions.flatMap((definition) =>
    definition.kind === Kind.FRAGMENT_DEFINITION ? [[definition.name.value, definition] as const] : [],
  );
  const counting: Counting = {
    schema,
    fragments: new Map(fragments),
    variables: { ...Object.fromEntries(defaults), ...variableValues },
    counted: new Map(),
  };
  return costOfSelections(
    operation.selectionSet,
    schema.getRootType(operation.operation) ?? undefined,
    counting,
  );
}

function costOfSelections(
  { selections }: SelectionSetNode,
  type: GraphQLNamedType | undefined,
  counting: Counting,
): number {
  let cost = 0;
  for (const selection of selections) {
    if (selection.kind === Kind.FIELD) cost += costOfField(selection, type, counting);
    else if (selection.kind === Kind.FRAGMENT_SPREAD) cost += costOfFragment(selection.name.value, counting);
    else {
      const inner = selection.typeCondition
        ? counting.schema.getType(selection.typeCondition.name.value)
        : type;
      cost += costOfSelections(selection.selectionSet, inner, counting);
    }
  }
  return cost;
}

function costOfField(node: FieldNode, type: GraphQLNamedType | undefined, counting: Counting): number {
  // How deep introspection may go, graphql-js itself sees to.
  if (node.name.value.startsWith('__')) return 0;
  if (node.selectionSet === undefined) return scalarCost;
  const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[node.name.value] : undefined;
  const below = costOfSelections(node.selectionSet, field && getNamedType(field.type), counting);
  return (objectCost + levelFactor * below) * pageSizeOf(node, field, counting.variables);
}

function costOfFragment(name: string, counting: Counting): number {
  const known = counting.counted.get(name);
  if (known !== undefined) return known;
  const fragment = counting.fragments.get(name);
  if (fragment === undefined) return 0;
  const type = counting.schema.getType(fragment.typeCondition.name.value);
  const cost = costOfSelections(fragment.selectionSet, type, counting);
  counting.counted.set(name, cost);
  return cost;
}

function pageSizeOf(
  node: FieldNode,
  field: GraphQLField<unknown, unknown> | undefined,
  variables: Variables,
): number {
  const sizes = (field?.args ?? [])
    .filter(({ name }) => name === 'first' || name === 'last')
    .map(({ name, defaultValue }) => {
      const given = node.arguments?.find((argument) => argument.name.value === name);
      const size = given === undefined ? defaultValue : numberOf(given.value, variables);
      return typeof size === 'number' ? size : undefined;
    });
  if (sizes.length === 0) return 1;
  const given = sizes.filter((size) => size !== undefined);
  // An empty page is looked up all the same.
  return Math.max(1, ...(given.length === 0 ? [usualPage] : given));
}

function numberOf(value: ValueNode, variables: Variables): unknown {
  if (value.kind === Kind.VARIABLE) return variables[value.name.value];
  return value.kind === Kind.INT ? Number(value.value) : undefined;
}
