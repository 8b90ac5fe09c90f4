import type { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { rewordError } from './reword-error.ts';

/**
 * Answers documents that do not fit the schema without what the client may have meant: it helps, but where not all is
 * everybody's it would help guessing. graphql-armor leaves what it says of enum values.
 */
export function useNoSuggestions(): Plugin {
  return {
    onValidate:
      () =>
      ({ result, setResult }) => {
        if (Array.isArray(result))
          setResult(
            result.map((error: GraphQLError) =>
              rewordError(error, withoutSuggestion(error.message), error.extensions),
            ),
          );
      },
  };
}

/** A message of graphql-js without what the client may have meant. */
export function withoutSuggestion(message: string): string {
  return message.replace(/ ?Did you mean [^?]*\?/g, '');
}
