import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseInvoiceDate } from '../../../src/app/retail/invoice-date.ts';

// A zone that is not UTC: on a machine that is set to UTC, reading local time would show no difference.
const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = 'America/New_York';
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

test.each([
  ['2010-12-01 08:26:00', '2010-12-01T08:26:00.000Z'],
  ['12/1/2010 8:26', '2010-12-01T08:26:00.000Z'],
  ['2/28/2011 17:05', '2011-02-28T17:05:00.000Z'],
  ['2012-02-29 23:59:59', '2012-02-29T23:59:59.000Z'],
])('%s is %s, whatever the zone here', (text, expected) => {
  const time = parseInvoiceDate(text);
  expect(time === null ? null : new Date(time).toISOString()).toBe(expected);
});

test.each([
  '',
  'yesterday',
  '2010-12-01',
  '2010-12-01T08:26:00',
  '2010-02-30 08:26:00',
  '2011-02-29 08:26:00',
  '2010-13-01 08:26:00',
  '2010-00-01 08:26:00',
  '2010-12-00 08:26:00',
  '2010-12-01 24:00:00',
  '2010-12-01 08:60:00',
  '2010-12-01 08:26:60',
  '0010-12-01 08:26:00',
  '31/12/2010 8:26',
  '12/1/10 8:26',
  '12/1/2010',
  ' 2010-12-01 08:26:00',
  '40513.3513888889',
])('%j is no date', (text) => expect(parseInvoiceDate(text)).toBeNull());
