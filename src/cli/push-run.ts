/** Carries out a push whose every wish is understood, and says on standard output what became of it. */
import { readPolicy } from '../config/policy.ts';
import type { NotingSink } from '../push/notes.ts';
import { openUserCache } from '../push/places.ts';
import { push, throwFailures, type PushOutcome, type PushRequest } from '../push/push.ts';
import type { PushNotes } from '../push/report.ts';
import { writeDigestFile } from './digest-file.ts';
import type { Host } from './host.ts';
import type { OutputFormat, OutputOptions } from './options/output.ts';
import { jsonResult, lineResult, planText } from './render/result.ts';
import { tuneWebAssembly } from './wasm-flags.ts';

/** A push without what is to be read from this machine for it. */
export interface UnderstoodPush extends Omit<PushRequest, 'cache' | 'policy' | 'progress'> {
  readonly progress: NotingSink;
  readonly output: Pick<OutputOptions, 'digestFile' | 'format'>;
  /** `--signature-policy`. */
  readonly policyFile: string | undefined;
}

/** @throws OcipushError, or an AggregateError of such, when a destination was not reached */
export async function runPush(
  { output, policyFile, ...wishes }: UnderstoodPush,
  { stdout }: Pick<Host, 'stdout'>,
): Promise<void> {
  tuneWebAssembly();
  const { environment, warn } = wishes.context;
  const [policy, cache] = await Promise.all([
    readPolicy({ path: policyFile, environment }),
    openUserCache(environment),
  ]);
  const outcomes = await push({ ...wishes, policy, cache });
  if (output.digestFile !== undefined) await saveDigest(output.digestFile, outcomes, warn);
  const { dryRun } = wishes.options;
  stdout.write(resultText({ output: output.format, dryRun }, outcomes, wishes.progress));
  throwFailures(outcomes);
}

/** A push that was carried out leaves standard output alone, as podman does. */
function resultText(
  { output, dryRun }: { readonly output: OutputFormat | undefined; readonly dryRun: boolean },
  outcomes: readonly PushOutcome[],
  notes: PushNotes,
): string {
  if (output === 'json') return jsonResult(outcomes, notes);
  if (output !== undefined) return lineResult(output, outcomes);
  return dryRun ? outcomes.map(planOf).join('') : '';
}

function planOf(outcome: PushOutcome): string {
  return outcome.status === 'fulfilled' ? planText(outcome.value) : '';
}

/** Not after a failure anywhere: who reads the file takes it for success. */
async function saveDigest(
  path: string,
  outcomes: readonly PushOutcome[],
  warn: (message: string) => void,
): Promise<void> {
  throwFailures(outcomes);
  const [digest, ...others] = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value.digest : undefined,
  );
  if (digest === undefined) return;
  if (others.some((other) => other !== digest)) {
    warn(`--digestfile has the digest at ${outcomes[0]?.reference}; others differ`);
  }
  await writeDigestFile(path, digest);
}
