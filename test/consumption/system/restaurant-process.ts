/** A process of its own that runs some of the restaurant's applications until it is killed: `node restaurant-process.ts URL NAME…`. */
import { runSystem } from '../../../src/consumption/system/run-system.ts';
import { postgresPlaces } from './open-places.ts';
import { restaurant } from './restaurant.ts';

const [url = '', ...names] = process.argv.slice(2);
const { places } = await postgresPlaces(url);
const run = restaurant.applications.filter(({ name }) => names.includes(name));
const running = runSystem(restaurant, { places, run });
console.log('running');
await running.done;
