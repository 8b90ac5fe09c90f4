import type { GraphiQLOptions as YogaGraphiQLOptions } from 'graphql-yoga';

/** An operation that GraphiQL opens with, in a tab named after it. */
export type GraphiQLTab = {
  readonly query: string;
  /** JSON text. */
  readonly variables?: string;
};

export type GraphiQLOptions = { readonly title?: string; readonly tabs?: readonly GraphiQLTab[] };

/**
 * What the page may load: only itself. GraphiQL compiles with `eval`, styles inline and runs its workers from blobs; all of
 * it is in the page, so nothing comes from another host and it works offline.
 */
export const graphiqlPolicy = [
  "default-src 'none'",
  "script-src 'unsafe-inline' 'unsafe-eval' blob:",
  'worker-src blob:',
  "style-src 'unsafe-inline'",
  'img-src data:',
  'font-src data:',
  "connect-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
].join('; ');

/** The page's options in Yoga's terms. Its subscriptions run over SSE. */
export function graphiqlPage({ title = 'Livefold', tabs = [] }: GraphiQLOptions): YogaGraphiQLOptions {
  const page = { title, subscriptionsProtocol: 'SSE' } as const;
  const [first] = tabs;
  if (first === undefined) return page;
  const defaultTabs = tabs.map(({ query, variables = null }) => ({ query, variables }));
  // GraphiQL fills the editors of the tab that is open at first from these, not from the tab.
  const editors = { query: first.query, variables: first.variables };
  return { ...page, ...editors, defaultTabs };
}

/** Renders the page from the bundled GraphiQL: 9 MB of script, loaded with the first visit and rendered once. */
export function createGraphiQLRenderer(): (options: YogaGraphiQLOptions) => Promise<string> {
  let page: Promise<string> | undefined;
  return (options) => {
    page ??= import('@graphql-yoga/render-graphiql').then(({ renderGraphiQL }) => renderGraphiQL(options));
    return page;
  };
}
