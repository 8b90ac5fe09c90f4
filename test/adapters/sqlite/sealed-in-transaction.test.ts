import { expect, test } from 'vitest';
import { readStream, sampleEvent } from '../../../src/consumption/contract/sample-events.ts';
import { createMappedEventStore } from '../../../src/persistence/mapper/mapped-event-store.ts';
import { createMapper } from '../../../src/persistence/mapper/mapper.ts';
import { masterKeys } from '../../persistence/mapper/stored-keys.ts';
import { openTestFile } from './open-test-file.ts';

const ofAda = (name: string) =>
  sampleEvent({
    stream: 'User-ada',
    data: { name },
    personal: [{ subject: 'ada', erased: { name: '' } }],
  });

test.each([false, true])(
  'the first event about somebody is appended and read in a transaction of the caller, with encrypt %s',
  async (encrypt) => {
    await using file = await openTestFile({ timeout: 500 });
    const { sqlite } = file;
    const open = () =>
      createMappedEventStore(
        sqlite.events,
        createMapper({ keys: { store: sqlite.keys, masterKeys }, encrypt }),
      );
    const store = open();
    const names = async () => (await readStream(open(), 'User-ada')).map(({ data }) => data);
    const rolledBack = sqlite.transaction(async (transaction) => {
      await store.append({ events: [ofAda('nobody')] }, { transaction });
      throw new RangeError('no');
    });
    await expect(rolledBack).rejects.toThrow('no');
    await sqlite.transaction(async (transaction) => {
      await store.append({ events: [ofAda('Ada')] }, { transaction });
      await store.append({ events: [ofAda('Augusta')] }, { transaction });
      const query = { items: [{ stream: 'User-ada' }] };
      const seen = await Array.fromAsync(store.read(query, { transaction }));
      expect(seen.map(({ data }) => data)).toEqual([{ name: 'Ada' }, { name: 'Augusta' }]);
    });
    await store.append({ events: [ofAda('Ada Lovelace')] });
    expect(await names()).toEqual([{ name: 'Ada' }, { name: 'Augusta' }, { name: 'Ada Lovelace' }]);
  },
);
