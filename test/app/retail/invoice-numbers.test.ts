import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InvoiceNumbers } from '../../../src/app/retail/invoice-numbers.ts';

const anyInvoice = fc.oneof(
  fc.tuple(fc.constantFrom('', 'C'), fc.nat({ max: 200 })).map(([prefix, number]) => `${prefix}${number}`),
  fc.constantFrom(
    '0',
    '00',
    '31',
    '031',
    'C031',
    '999999999999999',
    '9999999999999990',
    '9007199254740992',
    '9007199254740993',
  ),
  fc.stringMatching(/^C?\d{1,25}$/),
);

test('it holds exactly the numbers that were added: sales beside returns, leading zeros, any length', () =>
  fc.assert(
    fc.property(fc.array(anyInvoice), fc.array(anyInvoice), (added, asked) => {
      const numbers = new InvoiceNumbers();
      const model = new Set(added);
      for (const invoice of added) numbers.add(invoice);
      for (const invoice of [...added, ...asked]) expect(numbers.has(invoice)).toBe(model.has(invoice));
    }),
  ));
