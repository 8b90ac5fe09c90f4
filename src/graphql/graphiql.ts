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
  if (tabs.length === 0) return page;
  return { ...page, defaultTabs: tabs.map(({ query, variables = null }) => ({ query, variables })) };
}

/** Renders the page from the bundled GraphiQL: 9 MB of script, loaded with the first visit and rendered once. */
export function createGraphiQLRenderer(): (options: YogaGraphiQLOptions) => Promise<string> {
  let page: Promise<string> | undefined;
  return (options) => {
    page ??= render(options);
    return page;
  };
}

async function render(options: YogaGraphiQLOptions): Promise<string> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const root = '<div id="root"></div>';
  return renderGraphiQL(options).replace(root, () => root + fillVariables(options));
}

/** On the first visit GraphiQL takes the open tab's variables from the browser's storage, not from the tab: put them there. */
function fillVariables({ defaultTabs }: YogaGraphiQLOptions): string {
  const variables = JSON.stringify(defaultTabs?.[0]?.variables ?? '').replaceAll('<', '\\u003c');
  return `<script>localStorage['graphiql:tabState'] ?? (localStorage['graphiql:variables'] = ${variables})</script>`;
}
