/** Lets contestants push in turn, each into a registry and with caches that nobody used before. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startDockerRegistry } from '../test/support/docker-registry.ts';
import { openDelayedLink } from '../test/support/delayed-link.ts';
import type { Contestant } from './contestants.ts';
import { openCountingLink } from './counting-link.ts';
import { measure, type Measurement } from './measure.ts';
import type { Scenario } from './scenarios.ts';

/** What a contestant needed in one scenario. */
export interface Result {
  readonly contestant: Contestant;
  readonly runs: readonly Measurement[];
  /** Bytes sent to the registry, counted in the warm-up. */
  readonly sent: number;
}

/** The warm-up goes through a link that counts, the measured runs straight to the registry. */
export async function race(
  scenario: Scenario,
  contestants: readonly Contestant[],
  { runs, cwd }: { readonly runs: number; readonly cwd: string },
): Promise<readonly Result[]> {
  const results: (Result & { readonly runs: Measurement[] })[] = [];
  for (const contestant of contestants) {
    results.push({ contestant, runs: [], sent: await countedRun(scenario, contestant, cwd) });
  }
  for (let round = 0; round < runs; round += 1) {
    // Who comes second finds another machine than who comes first: they take turns in that too.
    for (const result of round % 2 === 0 ? results : results.toReversed()) {
      result.runs.push(await timedRun(scenario, result.contestant, cwd));
    }
  }
  return results;
}

async function countedRun(
  scenario: Scenario,
  contestant: Contestant,
  cwd: string,
): Promise<number> {
  await using registry = await startDockerRegistry();
  await using link = await openCountingLink(registry.host);
  await pushes(scenario, contestant, { cwd, host: link.host, beforeLast: () => link.takeCount() });
  return link.takeCount();
}

async function timedRun(
  scenario: Scenario,
  contestant: Contestant,
  cwd: string,
): Promise<Measurement> {
  await using registry = await startDockerRegistry();
  const { roundTrip } = scenario;
  if (roundTrip === undefined)
    return await pushes(scenario, contestant, { cwd, host: registry.host });
  await using link = await openDelayedLink(registry.host, roundTrip);
  return await pushes(scenario, contestant, { cwd, host: link.host });
}

interface Place {
  readonly cwd: string;
  readonly host: string;
  readonly beforeLast?: () => void;
}

/** Pushes once, or twice where the scenario is about the second time, which then is the one measured. */
async function pushes(
  { source, flags, cores, again = false }: Scenario,
  { name, push, root }: Contestant,
  { cwd, host, beforeLast }: Place,
): Promise<Measurement> {
  const state = await mkdtemp(join(tmpdir(), 'ocipush-bench-'));
  try {
    const line = push(source, `${host}/bench/image:1`, flags[name] ?? []);
    const command = {
      line: cores === undefined ? line : ['taskset', '--cpu-list', `0-${cores - 1}`, ...line],
      cwd,
      state,
      root,
    };
    if (again) await measure(command);
    beforeLast?.();
    return await measure(command);
  } finally {
    await rm(state, { recursive: true, force: true });
  }
}
