import { type DocumentNode, Kind, type SelectionSetNode, type ValidationContext } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { exceeded } from './limits.ts';

/** So often a document may select objects by one name, in all its places together. */
const mostRepeats = 100;

/**
 * Refuses documents that select objects by one name over and over: graphql-js compares each of them with each other, and all that
 * is below them, so the time grows with the square of their number, which no limit on tokens or aliases holds down.
 */
export function useFewRepeats(): Plugin {
  return { onValidate: ({ addValidationRule }) => addValidationRule(fewRepeats) };
}

/** A rule is called with the document before any of the rules visits it. */
function fewRepeats(context: ValidationContext) {
  checkRepeats(context.getDocument());
  return {};
}

function checkRepeats({ definitions }: DocumentNode): void {
  const counts = new Map<string, number>();
  const count = ({ selections }: SelectionSetNode): void => {
    for (const selection of selections) {
      if (selection.kind === Kind.FRAGMENT_SPREAD || selection.selectionSet === undefined) continue;
      if (selection.kind === Kind.FIELD) {
        const { value: name } = selection.alias ?? selection.name;
        const times = (counts.get(name) ?? 0) + 1;
        if (times > mostRepeats)
          throw exceeded(
            'aliases',
            `The document selects objects by one name more than ${mostRepeats} times.`,
          );
        counts.set(name, times);
      }
      count(selection.selectionSet);
    }
  };
  for (const definition of definitions) if ('selectionSet' in definition) count(definition.selectionSet);
}
