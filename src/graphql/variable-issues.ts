import {
  coerceInputValue,
  type ExecutionArgs,
  type ExecutionResult,
  type GraphQLError,
  isInputType,
  Kind,
  typeFromAST,
  type VariableDefinitionNode,
} from 'graphql';
import type { ValidationIssue } from '../domain/validate.ts';
import { rewordError } from './reword-error.ts';
import { withoutSuggestion } from './suggestions.ts';

/** The result with `extensions.issues` on every error about a variable: the path to each wrong value, which graphql-js keeps to itself. */
export function addVariableIssues(
  result: ExecutionResult,
  args: ExecutionArgs,
  { suggests }: { readonly suggests: boolean },
): ExecutionResult {
  if (result.errors === undefined || 'data' in result) return result;
  return { ...result, errors: result.errors.map((error) => withIssues(error, args, suggests)) };
}

function withIssues(error: GraphQLError, args: ExecutionArgs, suggests: boolean): GraphQLError {
  const definition = error.nodes?.[0];
  if (definition?.kind !== Kind.VARIABLE_DEFINITION) return error;
  const say = suggests ? (message: string) => message : withoutSuggestion;
  const issues = issuesOf(definition, error.message, args).map(({ path, message }) => ({
    path,
    message: say(message),
  }));
  return rewordError(error, say(error.message), { issues });
}

function issuesOf(
  definition: VariableDefinitionNode,
  message: string,
  args: ExecutionArgs,
): readonly ValidationIssue[] {
  const name = definition.variable.name.value;
  const type = typeFromAST(args.schema, definition.type);
  const value = args.variableValues?.[name];
  const issues: ValidationIssue[] = [];
  if (isInputType(type) && value != null) {
    coerceInputValue(value, type, (path, _, { message }) => issues.push({ path: [name, ...path], message }));
  }
  return issues.length > 0 ? issues : [{ path: [name], message }];
}
