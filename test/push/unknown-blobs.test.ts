import { expect, test } from 'vitest';
import { OcipushError } from '../../src/errors.ts';
import type { ProgressEvent } from '../../src/push/progress.ts';
import { withUnknownBlobs } from '../../src/push/unknown-blobs.ts';

function refusal(unknownBlobs?: string): OcipushError {
  const context = unknownBlobs === undefined ? {} : { unknownBlobs };
  return new OcipushError('REGISTRY_STATUS', 'blob unknown to registry', { context });
}

/** Writing that is refused with these errors in turn; what was sent meanwhile, and told. */
async function run(known: readonly string[], refusals: readonly unknown[]) {
  const sent: string[] = [];
  const events: ProgressEvent[] = [];
  const left = [...refusals];
  const send = async (digest: string): Promise<void> => void sent.push(digest);
  const session = {
    sendAgain: new Map(known.map((digest) => [digest, () => send(digest)])),
    progress: { event: (event: ProgressEvent) => void events.push(event) },
  };
  const outcome = await withUnknownBlobs(session, async () => {
    if (left.length > 0) throw left.shift();
  }).then(
    () => 'written',
    (error: unknown) => error,
  );
  return { outcome, sent, warnings: events.filter(({ kind }) => kind === 'warning').length };
}

const LOST = refusal('sha256:a sha256:b');

test.each<
  readonly [what: string, refusals: readonly unknown[], outcome: unknown, sent: readonly string[]]
>([
  ['nothing is unknown', [], 'written', []],
  ['blobs are unknown', [LOST], 'written', ['sha256:a', 'sha256:b']],
  [
    'they are named one by one',
    [refusal('sha256:a'), refusal('sha256:b')],
    'written',
    ['sha256:a', 'sha256:b'],
  ],
  ['they stay unknown', [LOST, LOST], LOST, ['sha256:a', 'sha256:b']],
  ['another one is unknown', [refusal('sha256:a sha256:x')], expect.any(OcipushError), []],
  ['it is refused for something else', [refusal()], expect.any(OcipushError), []],
  ['it fails otherwise', ['text'], 'text', []],
])('%s', async (_, refusals, outcome, sent) => {
  const ran = await run(['sha256:a', 'sha256:b', 'sha256:c'], refusals);
  expect(ran).toEqual({ outcome, sent, warnings: sent.length });
});
