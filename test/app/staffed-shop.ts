import type { TokenOptions } from '../support/issuer.ts';
import { GuardedShop, type ShopCaller } from './guarded-shop.ts';
import { addProduct, placeOrder, registerUser } from './operations.ts';

/** A shop that sells tea, whose staff knows some customers. */
export class StaffedShop implements AsyncDisposable {
  readonly shop: GuardedShop;
  readonly staff: ShopCaller;

  private constructor(shop: GuardedShop, staff: ShopCaller) {
    this.shop = shop;
    this.staff = staff;
  }

  static async serve(customers: readonly string[]): Promise<StaffedShop> {
    await using starting = new AsyncDisposableStack();
    const shop = starting.use(await GuardedShop.serve());
    const staff = shop.as(await shop.issuer.token('sam', { roles: ['staff'] }));
    await staff.data(addProduct, { input: { sku: 'TEA', name: 'Tea', price: '4.5' } });
    for (const id of customers) await staff.data(registerUser, { input: { id, name: id } });
    starting.move();
    return new StaffedShop(shop, staff);
  }

  /** A customer's token. */
  customer(subject: string, options: TokenOptions = {}): Promise<string> {
    return this.shop.issuer.token(subject, { roles: ['customer'], ...options });
  }

  /** Staff places an order for a customer. */
  place(orderId: string, customerId: string): Promise<unknown> {
    return this.staff.data(placeOrder, {
      input: { orderId, customerId, lines: [{ sku: 'TEA', quantity: 1 }] },
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.shop[Symbol.asyncDispose]();
  }
}
