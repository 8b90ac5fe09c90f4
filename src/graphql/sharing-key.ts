import { type DocumentNode, type ExecutionArgs, getOperationAST, Kind, visit } from 'graphql';
import { canonicalJson } from '../kernel/json.ts';

/**
 * Equal for subscriptions of one document whose results are equal: the operation, its variables, and the permissions of
 * whoever asks. Where each of them resumes does not count.
 */
export function sharingKey(
  { document, operationName, variableValues }: ExecutionArgs,
  permissionKey: string,
): string {
  const resume = resumeVariableOf(document, operationName);
  const variables = Object.entries(variableValues ?? {}).filter(([name]) => name !== resume);
  return canonicalJson([operationName ?? null, permissionKey, Object.fromEntries(variables)]);
}

type ByOperation = Map<string | null | undefined, string | undefined>;

const known = new WeakMap<DocumentNode, ByOperation>();

/** The variable that is the root field's `after` and nothing else; undefined when there is none. */
function resumeVariableOf(
  document: DocumentNode,
  operationName: string | null | undefined,
): string | undefined {
  const found: ByOperation = known.get(document) ?? new Map();
  known.set(document, found);
  if (!found.has(operationName)) found.set(operationName, findResumeVariable(document, operationName));
  return found.get(operationName);
}

function findResumeVariable(
  document: DocumentNode,
  operationName: string | null | undefined,
): string | undefined {
  const [field] = getOperationAST(document, operationName)?.selectionSet.selections ?? [];
  if (field?.kind !== Kind.FIELD) return undefined;
  const after = field.arguments?.find(({ name }) => name.value === 'after')?.value;
  if (after?.kind !== Kind.VARIABLE) return undefined;
  const name = after.name.value;
  let uses = 0;
  visit(document, {
    // Where it is declared is no use of it.
    VariableDefinition: () => false,
    Variable: (variable) => {
      if (variable.name.value === name) uses += 1;
    },
  });
  return uses === 1 ? name : undefined;
}
