import { GraphQLError, type GraphQLErrorExtensions } from 'graphql';

/** The same place in the document and the result, other words: errors are not changed in place, some are cached. */
export function rewordError(
  error: GraphQLError,
  message: string,
  extensions: GraphQLErrorExtensions,
): GraphQLError {
  const { nodes = null, source, positions, path } = error;
  return new GraphQLError(message, { nodes, source, positions, path, extensions });
}
