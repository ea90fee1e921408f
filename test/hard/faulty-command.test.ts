/** Random faults before the built command: it ends with the right image, or with 125 and one clear error. */
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { failureOf } from '../support/failure.ts';
import type { Run } from '../support/ocipush.ts';
import { startRegistry } from '../support/registry/registry.ts';
import { openScene } from '../support/scene.ts';
import { temporaryDirectory } from '../support/scratch.ts';
import { PASSWORD, USER } from '../support/secrets.ts';
import { seed, tell, times } from './effort.ts';
import {
  DESTINATION,
  ELSEWHERE,
  imageOf,
  prepare,
  registryOf,
  wantedOf,
  writeSources,
  type Sources,
} from './faulty-push.ts';
import { schedule, type Scenario, type Schedule } from './schedule.ts';
import { expectTruth } from './verdict.ts';

/** They wait more than they work. */
const LANES = [...Array(12).keys()];
const RUNS = times({ suite: 1, night: 84 });
/** Milliseconds: no schedule may take longer, however busy the machine is. */
const LIMIT = 300_000;

const FLAGS: Partial<Record<Scenario, readonly string[]>> = {
  'second push': ['--mount-from', ELSEWHERE],
  'push with tokens': ['--creds', `${USER}:${PASSWORD}`],
  'upload in chunks': ['--chunk-size=1MiB'],
};

const ended = { pushed: 0, failed: 0 };
let longest = 0;

function flagsOf({ scenario, jobs, retry, verify }: Schedule): readonly string[] {
  const repeating = [`--retry=${retry}`, '--retry-delay=10ms', '--stall-timeout=300ms'];
  const flags = [...repeating, `--jobs=${jobs}`, ...(FLAGS[scenario] ?? [])];
  return verify ? [...flags, '--verify'] : flags;
}

async function play({ directory, diffIDs }: Sources, plan: Schedule): Promise<void> {
  await using other = await startRegistry();
  await using scene = await openScene(registryOf(plan, other.url));
  const { registry } = scene;
  await prepare(plan, registry);
  const before = registry.repository(DESTINATION).tags.get('1');
  const start = performance.now();
  const run = await scene.push(`oci:${directory}/${imageOf(plan.scenario)}`, flagsOf(plan));
  longest = Math.max(longest, performance.now() - start);
  const told = await scene.digestFile();
  expectClear(run, told);
  expectTruth(registry, { told, before, wanted: wantedOf({ diffIDs }, plan) });
}

/** A digest file is written by a push that succeeds, and by no other. */
function expectClear(run: Run, told: string | undefined): void {
  if (run.code === 0) {
    expect([run.stdout, told]).toEqual(['', expect.any(String)]);
    ended.pushed += 1;
    return;
  }
  expect([failureOf(run).code, told]).toEqual([125, undefined]);
  ended.failed += 1;
}

test('the command ends in the right image or in one clear error', async () => {
  const sources = await writeSources(await temporaryDirectory());
  const lanes = LANES.map(async (lane) => {
    const check = fc.asyncProperty(schedule, (plan) => play(sources, plan));
    await fc.assert(check, { seed: seed - 1 - lane, numRuns: RUNS, timeout: LIMIT });
  });
  await Promise.all(lanes);
  expect(ended.pushed + ended.failed).toBe(RUNS * LANES.length);
});

afterAll(() => {
  const took = `${Math.round(longest)} ms`;
  tell('faults, by the command', { schedules: RUNS * LANES.length, ...ended, longest: took });
});
