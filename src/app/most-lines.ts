/** Most lines of an order or a return. The longest invoice of the retail data has 1,114. */
export const mostLines = 2_000;
