import type { Edge } from './import-graph.ts';

const floors: Readonly<Record<string, number>> = {
  kernel: 1,
  domain: 2,
  // Runs in browsers: it stands on the kernel alone, and nothing here imports it.
  client: 2,
  messaging: 3,
  persistence: 4,
  application: 5,
  consumption: 6,
  graphql: 7,
  app: 8,
  cli: 9,
  console: 9,
  main: 9,
};
const highestFloorOfAdapters = 6;
const compositionFloor = 9;

/** The shop's slices, lowest first; slices of one rank do not know each other. */
const slices: Readonly<Record<string, number>> = {
  products: 1,
  users: 1,
  orders: 2,
  analytics: 3,
  fulfilment: 4,
  retail: 4,
};

/** What is wrong with each import that breaks a floor, the wing or the order of the slices. */
export function brokenRules(edges: readonly Edge[]): readonly string[] {
  return edges.flatMap((edge) => {
    const fault = faultOf(edge) ?? sliceFaultOf(edge);
    return fault ? [`${edge.from} imports ${edge.to}: ${fault}`] : [];
  });
}

/** Every circle of imports, each as the files on its way round. */
export function circles(edges: readonly Edge[]): readonly string[] {
  const targets = Map.groupBy(edges, ({ from }) => from);
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, way: readonly string[]): void => {
    const start = way.indexOf(file);
    if (start >= 0) found.push([...way.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    for (const { to } of targets.get(file) ?? []) visit(to, [...way, file]);
    done.add(file);
  };
  for (const file of targets.keys()) visit(file, []);
  return found;
}

function faultOf({ from, to }: Edge): string | undefined {
  if (isDoor(to)) return 'a door is for users of the package, import the file behind it';
  if (isDoor(from)) return undefined;
  const [folder, target] = [folderOf(from), folderOf(to)];
  if (target === 'adapters') return mayUseAdapters(folder) ? undefined : 'adapters are chosen on floor 9';
  const floor = folder === 'adapters' ? highestFloorOfAdapters : floors[folder];
  const targetFloor = floors[target];
  if (floor === undefined) return `src/${folder} has no floor`;
  if (targetFloor === undefined) return `src/${target} has no floor`;
  return targetFloor > floor ? `floor ${targetFloor} is above floor ${floor}` : undefined;
}

function sliceFaultOf({ from, to }: Edge): string | undefined {
  const [slice, target] = [sliceOf(from), sliceOf(to)];
  if (slice === undefined || target === undefined || slice === target || isEvents(to)) return undefined;
  const [rank, targetRank] = [slices[slice], slices[target]];
  if (rank === undefined || targetRank === undefined)
    return 'a slice has no place in the order of the slices';
  return targetRank >= rank ? `slice ${target} is not below slice ${slice}` : undefined;
}

/** Events are what a slice tells all others: read models fold them wherever they come from. */
function isEvents(path: string): boolean {
  return path.endsWith('-events.ts');
}

function isDoor(path: string): boolean {
  return !path.includes('/');
}

function folderOf(path: string): string {
  return path.slice(0, path.indexOf('/'));
}

function mayUseAdapters(folder: string): boolean {
  return folder === 'adapters' || floors[folder] === compositionFloor;
}

/** The slice a file of the shop belongs to; the shop's own files, which put the slices together, belong to none. */
function sliceOf(path: string): string | undefined {
  return /^app\/([^/]+)\//.exec(path)?.[1];
}
