/** What a dry run tells a destination of the signatures that a push would store. */
import { describe, expect, test } from 'vitest';
import { parseDockerReference } from '../../src/image/docker-reference.ts';
import type { Signature } from '../../src/image/signature.ts';
import type { WishedSigner } from '../../src/push/options.ts';
import type { SignaturePlan, SourceReference } from '../../src/transports/transport.ts';
import { memoryDestination, memorySource, signatureSaying } from './memory-image.ts';
import { pushAll } from './run-push.ts';
import { blobsIn, imageOf, listOf, sourceOf } from './wished-images.ts';

const repository = { registry: 'r.test', path: 'a' };
const SIMPLE = 'simple-signing';

/** Says its identity, and knows what says so. */
const signer: WishedSigner = {
  format: SIMPLE,
  signer: {
    name: 'A',
    prepare: async () => undefined,
    sign: async () => {
      throw new Error('a dry run signs');
    },
    recognizes: (signature, _digest, identity) =>
      signature.format === SIMPLE && String(signature.bytes) === identity,
  },
};

/** What the destination is told, and the requests of the whole plan when it says that these take 100. */
async function plansOf(
  source: SourceReference,
  stored: readonly Signature[] = [],
  signers: readonly WishedSigner[] = [signer],
) {
  const told: SignaturePlan[] = [];
  const destination = memoryDestination({
    repository,
    tags: new Map(),
    dockerReference: parseDockerReference('r.test/a:1'),
    signatures: new Map(),
    signatureStore: {
      place: 'apart',
      existing: async () => stored,
      requests: async (plans) => {
        told.push(...plans);
        return 100;
      },
    },
  });
  const options = { signing: { signers }, tags: ['2'], dryRun: true };
  const { outcomes } = await pushAll(source, [destination], { options });
  const [outcome] = outcomes;
  if (outcome?.status !== 'fulfilled') throw outcome?.reason;
  return { told, requests: outcome.value.requests };
}

describe('the signatures of a dry run', () => {
  test('are new where nothing is there, and the image is named last', async () => {
    const { told, requests } = await plansOf(sourceOf(await imageOf()));
    expect(told).toEqual([{ asked: [SIMPLE], stored: [], kept: [], added: [SIMPLE, SIMPLE] }]);
    // What is there, two blobs of three, the manifest twice, its other tag.
    expect(requests).toBe(1 + 2 * 3 + 2 + 1 + 100);
  });

  test('are kept where they are there', async () => {
    const stored = [signatureSaying('r.test/a:2'), signatureSaying('other')];
    const { told } = await plansOf(sourceOf(await imageOf()), stored);
    expect(told).toEqual([
      { asked: [SIMPLE], stored: [SIMPLE, SIMPLE], kept: [SIMPLE], added: [SIMPLE] },
    ]);
  });

  test('are all new where the digest is not known', async () => {
    const { told } = await plansOf(sourceOf(await imageOf('none')), [signatureSaying('x')]);
    expect(told).toEqual([{ asked: [SIMPLE], stored: [], kept: [], added: [SIMPLE, SIMPLE] }]);
  });

  test('may come with the image', async () => {
    const list = await listOf();
    const source = memorySource(blobsIn(list), { signed: (instance) => instance === undefined });
    const none = { asked: [], stored: [], kept: [], added: [] };
    const { told } = await plansOf(source, [], []);
    expect(told).toEqual([...list.images.map(() => none), { ...none, added: [SIMPLE] }]);
    const there = await plansOf(source, [signatureSaying('signature of undefined')], []);
    expect(there.told.at(-1)).toEqual({ ...none, stored: [SIMPLE], kept: [SIMPLE] });
  });
});
