/**
 * A process of its own that runs the porter until it is killed: `node porter-process.ts URL`, or with `hang` behind it one
 * that never stores what its reactions did, and says when there is something to store.
 */
import { houseOn } from './open-house.ts';
import { porter } from './porter.ts';

const [url = '', how] = process.argv.slice(2);
const house = houseOn(url);
await house.run(porter, {
  store:
    how === 'hang'
      ? {
          commit: () => {
            console.log('about to store');
            return new Promise(() => {});
          },
        }
      : {},
});
console.log('running');
