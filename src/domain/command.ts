/** What the runtime hands to a deciding function, so that it needs no clock and no id maker of its own. */
export type CommandContext = { readonly now: Date; readonly newId: () => string };
