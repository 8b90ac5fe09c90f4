import type { AggregateLoader } from '../../application/repository.ts';
import { LivefoldError } from '../../kernel/errors.ts';
import { type Line, lineOf } from '../lines.ts';
import { Product } from '../products/product.ts';
import { User, type UserState } from '../users/user.ts';

type AskedLine = {
  readonly sku: string;
  readonly quantity: number;
  readonly unitPrice?: string | null | undefined;
};

/**
 * Lines with the names of their products, and their prices where none is given. From the log, so that a product added
 * a moment ago is there.
 *
 * @throws LivefoldError `COMMAND_REJECTED` with reason `UNKNOWN_PRODUCT`
 */
export async function completeLines(
  repository: AggregateLoader,
  lines: readonly AskedLine[],
): Promise<Line[]> {
  return Promise.all(
    lines.map(async ({ sku, quantity, unitPrice }) => {
      const { state: product } = await repository.load(Product, sku);
      if (product.status === 'none') throw rejected('UNKNOWN_PRODUCT', `there is no product ${sku}`);
      return lineOf({ sku, name: product.name, quantity, unitPrice: unitPrice ?? product.price });
    }),
  );
}

/**
 * A customer; null for a guest.
 *
 * @throws LivefoldError `COMMAND_REJECTED` with reason `UNKNOWN_USER`
 */
export async function customerOf(
  repository: AggregateLoader,
  customerId: string | null,
): Promise<UserState | null> {
  if (customerId === null) return null;
  const { state: user } = await repository.load(User, customerId);
  if (!user.exists) throw rejected('UNKNOWN_USER', `there is no user ${customerId}`);
  return user;
}

/** A command's refusal that is known before the command itself is asked. */
export function rejected(reason: string, message: string): LivefoldError {
  return new LivefoldError('COMMAND_REJECTED', `The command was rejected: ${message}`, {
    fields: { reason },
  });
}
