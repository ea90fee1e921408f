/** Random faults, several in one push: it ends in the right image or in one clear error. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import type { ErrorCode } from '../../src/errors.ts';
import type { PushOutcome } from '../../src/push/push.ts';
import { startRegistry, type Registry } from '../support/registry/registry.ts';
import { connectionsTo, openFiles, temporaryDirectory } from '../support/scratch.ts';
import { seed, tell, times } from './effort.ts';
import {
  DESTINATION,
  prepare,
  pushOnce,
  registryOf,
  wantedOf,
  writeSources,
  type Sources,
} from './faulty-push.ts';
import { schedule, type Schedule } from './schedule.ts';
import { expectTruth } from './verdict.ts';

/** They wait more than they work. */
const LANES = [...Array(16).keys()];
const RUNS = times({ suite: 8, night: 100 });
/** Milliseconds: no schedule may take longer, however busy the machine is. */
const LIMIT = 300_000;

/** What a registry can make a push fail with; everything else would be a fault of ours. */
const CLEAR: readonly ErrorCode[] = [
  'LIMIT_EXCEEDED',
  'MANIFEST_REJECTED',
  'REGISTRY_ANSWER_INVALID',
  'REGISTRY_DENIED',
  'REGISTRY_STATUS',
  'REGISTRY_UNAUTHORIZED',
  'REGISTRY_UNREACHABLE',
  'VERIFICATION_FAILED',
];

const outcomes = new Map<string, number>();
let longest = 0;

async function play(sources: Sources, plan: Schedule): Promise<void> {
  await using other = await startRegistry();
  await using registry = await startRegistry(registryOf(plan, other.url));
  await prepare(plan, registry);
  const before = registry.repository(DESTINATION).tags.get('1');
  const start = performance.now();
  const outcome = await pushOnce(sources, plan, registry);
  longest = Math.max(longest, performance.now() - start);
  expect(await leftOpen(sources, [registry, other])).toEqual({ files: [], connections: [0, 0] });
  const wanted = wantedOf(sources, plan);
  expectTruth(registry, { told: told(outcome), before, wanted });
}

/** The digest of what was pushed; undefined after a clear error. */
function told(outcome: PushOutcome): string | undefined {
  if (outcome.status === 'fulfilled') {
    count(outcome.value.status);
    return outcome.value.digest ?? 'none';
  }
  const { code, message } = outcome.reason as Error & { readonly code?: string };
  expect([CLEAR, message]).toEqual([expect.arrayContaining([code]), expect.stringMatching(/\S/)]);
  count(String(code));
  return undefined;
}

/** What this process still holds. */
async function leftOpen({ directory }: Sources, registries: readonly Registry[]) {
  await nextTurn();
  const connections = await Promise.all(registries.map(({ host }) => connectionsTo(host)));
  return { files: await openFiles(directory), connections };
}

function count(what: string): void {
  outcomes.set(what, (outcomes.get(what) ?? 0) + 1);
}

test('a push through random faults ends in the right image or in one clear error', async () => {
  const lanes = LANES.map(async (lane) => {
    const sources = await writeSources(await temporaryDirectory());
    const check = fc.asyncProperty(schedule, (plan) => play(sources, plan));
    await fc.assert(check, { seed: seed + lane, numRuns: RUNS, timeout: LIMIT });
  });
  await Promise.all(lanes);
  expect(outcomes.get('pushed')).toBeGreaterThan(0);
});

afterAll(() => {
  tell('faults, in this process', {
    schedules: RUNS * LANES.length,
    ...Object.fromEntries(outcomes),
    longest: `${Math.round(longest)} ms`,
  });
});
