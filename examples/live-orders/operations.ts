import { gql } from 'urql';

export type Order = {
  readonly id: string;
  readonly status: 'PLACED' | 'PAID' | 'SHIPPED' | 'CANCELLED';
  readonly placedAt: string;
  readonly total: string;
  readonly lines: readonly { readonly sku: string; readonly name: string; readonly quantity: number }[];
};

export type Product = { readonly sku: string; readonly name: string; readonly price: string };

type Changes<Row> = { readonly live: boolean; readonly upserted: readonly Row[] };

/** All orders, at each change. What resuming and folding need, the exchange adds. */
export const watchOrders = gql<{ readonly orders: Changes<Order> }>`
  subscription WatchOrders {
    orders {
      live
      upserted {
        id
        status
        placedAt
        total
        lines {
          sku
          name
          quantity
        }
      }
    }
  }
`;

/** All products, at each change. */
export const watchProducts = gql<{ readonly products: Changes<Product> }>`
  subscription WatchProducts {
    products {
      live
      upserted {
        sku
        name
        price
      }
    }
  }
`;

/** The sales of all days, not older than what this page has written: the exchange fills `atLeast` in. */
export const readSales = gql<{
  readonly dailySales: readonly { readonly day: string; readonly orders: number; readonly revenue: string }[];
}>`
  query ReadSales($atLeast: Position) {
    dailySales(atLeast: $atLeast) {
      day
      orders
      revenue
    }
  }
`;

export const addProduct = gql`
  mutation AddProduct($input: AddProductInput!, $commandId: ID) {
    addProduct(input: $input, commandId: $commandId) {
      receipt {
        position
      }
    }
  }
`;

export const placeOrder = gql`
  mutation PlaceOrder($input: PlaceOrderInput!, $commandId: ID) {
    placeOrder(input: $input, commandId: $commandId) {
      receipt {
        position
      }
    }
  }
`;

export const payOrder = gql`
  mutation PayOrder($input: PayOrderInput!, $commandId: ID) {
    payOrder(input: $input, commandId: $commandId) {
      receipt {
        position
      }
    }
  }
`;
