/** `npm run bench [-- --runs N] [--only TEXT]`: pushes beside the peers, and prints ratios. */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { requirePeers } from '../test/support/peers.ts';
import { realImage, requireRealImage } from '../test/support/real-image.ts';
import { contestant } from './contestants.ts';
import { prepareImages } from './images.ts';
import { race } from './race.ts';
import { TABLE_HEAD, tableRows } from './report.ts';
import { SCENARIOS } from './scenarios.ts';
import { prepareStorage } from './storage.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, only: { type: 'string', default: '' } },
});

const isPossible =
  requirePeers('docker-registry', 'skopeo', 'oras', 'podman', 'time') && requireRealImage();
if (!isPossible || process.getuid?.() !== 0) {
  throw new Error('the benchmarks need root, the peers and the real image');
}

const names = ['ocipush', 'skopeo', 'oras', 'podman'] as const;
const contestants = names.map(contestant);
await prepareStorage();
await prepareImages();
const { dir: cwd } = realImage();
const runs = Number(values.runs);
if (!(runs >= 1)) throw new Error(`--runs takes a number from 1 on, not ${values.runs}`);

const versions = contestants.map(({ name, version }) => `${name} ${version}`);
console.log(
  `${versions.join(', ')}; Node ${process.versions.node}; ${availableParallelism()} cores`,
);
console.log(`Medians of ${runs} runs, ours first; speed above 1: ours is faster. ${load()}\n`);
console.log(TABLE_HEAD.join('\n'));
for (const scenario of SCENARIOS.filter(({ name }) => name.includes(values.only))) {
  const taking = contestants.filter(({ name }) => name in scenario.flags);
  const results = await race(scenario, taking, { runs, cwd });
  console.log(tableRows(scenario.name, results).join('\n'));
}
console.log(`\n${load()}`);

/** How busy the machine is: a ratio from a busy one says little. */
function load(): string {
  return `Load: ${loadavg()
    .map((average) => average.toFixed(1))
    .join(' ')}`;
}
