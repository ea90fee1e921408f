/** Signatures that a push was asked for: who makes them, of what, when, and where they go. */
import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { parseDockerReference } from '../../src/image/docker-reference.ts';
import type { SignatureFormat } from '../../src/image/signature.ts';
import { OcipushError } from '../../src/errors.ts';
import type { WishedSigner } from '../../src/push/options.ts';
import { thrownBy } from '../support/thrown.ts';
import { memoryDestination, memorySource, signatureSaying, type Journal } from './memory-image.ts';
import { memoryCache, pushAll, pushOne } from './run-push.ts';
import { blobsIn, imageOf, listOf, sourceOf } from './wished-images.ts';

const NAME = parseDockerReference('r.example/team/app:1');
const IDENTITY = 'r.example/team/app:1';

interface FakeSigner {
  readonly journal?: Journal;
  readonly format?: SignatureFormat;
  /** What it fails with, when it is prepared or when it signs. */
  readonly broken?: 'prepare' | 'sign';
  /** Whether it knows its own. */
  readonly recognizes?: boolean;
}

/** Signs with its name, the identity and the digest. */
function signerCalled(name: string, fake: FakeSigner = {}): WishedSigner {
  const text = (digest: Digest, identity: string): string => `${name} ${identity} ${digest}`;
  const failIn = (phase: FakeSigner['broken']): void => {
    fake.journal?.push(`${name} ${phase}`);
    if (fake.broken === phase) throw new OcipushError('KEY_INVALID', `no ${phase}`);
  };
  return {
    format: fake.format ?? 'simple-signing',
    signer: {
      name,
      prepare: async () => failIn('prepare'),
      sign: async ({ digest }, identity) => {
        failIn('sign');
        return signatureSaying(text(digest, identity));
      },
      ...(fake.recognizes && {
        recognizes: (signature, digest, identity) =>
          signature.format === 'simple-signing' &&
          String(signature.bytes) === text(digest, identity),
      }),
    },
  };
}

const APART = { place: 'apart' } as const;

describe('signatures are made', () => {
  test('by everybody, for every name that the image gets', async () => {
    const image = await imageOf();
    const { digest } = image.manifest.descriptor;
    const signatures = new Map<string, readonly string[]>();
    const destination = memoryDestination({ signatures, tags: new Map(), dockerReference: NAME });
    const signing = { signers: [signerCalled('A'), signerCalled('B')] };
    const options = { signing, tags: ['2'] };
    const { events } = await pushOne(sourceOf(image), destination, { options });
    expect(signatures.get('image')).toEqual([
      `A ${IDENTITY} ${digest}`,
      `A r.example/team/app:2 ${digest}`,
      `B ${IDENTITY} ${digest}`,
      `B r.example/team/app:2 ${digest}`,
    ]);
    expect(events.filter(({ kind }) => kind === 'creating-signature')).toMatchObject([
      { number: 1 },
      { number: 2 },
    ]);
  });

  test('as what was asked for, also where images have no such name', async () => {
    const signatures = new Map<string, readonly string[]>();
    const signing = { signers: [signerCalled('A')], identity: 'q.example/x:2' };
    await pushOne(sourceOf(await imageOf()), memoryDestination({ signatures }), {
      options: { signing },
    });
    expect(signatures.get('image')).toEqual([expect.stringContaining('A q.example/x:2 sha256:')]);
  });

  test('of every instance and the list, after those that come along', async () => {
    const list = await listOf();
    const signatures = new Map<string, readonly string[]>();
    const destination = memoryDestination({ signatures, dockerReference: NAME });
    const source = memorySource(blobsIn(list), { signed: (instance) => instance === undefined });
    await pushOne(source, destination, { options: { signing: { signers: [signerCalled('A')] } } });
    const digests = list.images.map(({ manifest }) => manifest.descriptor.digest);
    expect([...signatures]).toEqual([
      ...digests.map((digest) => [digest, [`A ${IDENTITY} ${digest}`]]),
      ['image', ['signature of undefined', `A ${IDENTITY} ${list.index.descriptor.digest}`]],
    ]);
  });

  test('of an image as it is written, though it was compressed', async () => {
    const signatures = new Map<string, readonly string[]>();
    const destination = memoryDestination({ signatures, dockerReference: NAME });
    const signing = { signers: [signerCalled('A')] };
    const source = sourceOf(await imageOf('none'));
    const { result } = await pushOne(source, destination, { options: { signing } });
    expect(signatures.get('image')).toEqual([`A ${IDENTITY} ${result.digest}`]);
  });
});

describe('where signatures are apart from the image', () => {
  test('the name comes last, and the manifest first', async () => {
    const journal: Journal = [];
    const destination = memoryDestination({
      journal,
      dockerReference: NAME,
      signatures: new Map(),
      signatureStore: APART,
    });
    const options = { signing: { signers: [signerCalled('A', { journal })] } };
    await pushOne(sourceOf(await imageOf()), destination, { options, journal });
    expect(journal.slice(journal.indexOf('writing-manifest'))).toEqual([
      'writing-manifest',
      'instance',
      'creating-signature',
      'A sign',
      'storing-signatures',
      'signatures',
      'manifest',
      'commit',
      'close',
    ]);
  });

  test('an image without new signatures gets its name at once', async () => {
    const journal: Journal = [];
    const store = { signatures: new Map(), signatureStore: APART };
    await pushOne(sourceOf(await imageOf()), memoryDestination({ journal, ...store }));
    expect(journal).toEqual(['open', 'current', 'begin', 'manifest', 'commit', 'close']);
  });

  test('an image that is there is signed, and nothing of it is written', async () => {
    const list = await listOf();
    const cache = memoryCache();
    const signatures = new Map<string, readonly string[]>();
    const journal: Journal = [];
    const destination = memoryDestination({
      journal,
      dockerReference: NAME,
      signatures,
      signatureStore: APART,
    });
    const source = memorySource(blobsIn(list));
    await pushOne(source, destination, { cache });
    const reads = [...source.reads.values()];
    journal.splice(0);
    const options = { signing: { signers: [signerCalled('A')] } };
    const { result } = await pushOne(source, destination, { cache, options });
    expect(journal).toEqual([
      'open',
      'current',
      'begin',
      ...list.images.map(() => 'signatures'),
      'signatures',
      'commit',
      'close',
    ]);
    expect(result).toMatchObject({ status: 'unchanged', digest: destination.current, blobs: [] });
    expect([...source.reads.values()]).toEqual(reads);
    expect(signatures.get('image')).toEqual([`A ${IDENTITY} ${destination.current}`]);
  });

  test('what says the same as a new one is stored instead of it', async () => {
    const image = await imageOf();
    const known = signatureSaying(`A ${IDENTITY} ${image.manifest.descriptor.digest}`);
    const journal: Journal = [];
    const signatures = new Map<string, readonly string[]>();
    const destination = memoryDestination({
      dockerReference: NAME,
      signatures,
      signatureStore: { ...APART, existing: async () => [signatureSaying('other'), known] },
    });
    const signers = [signerCalled('A', { journal, recognizes: true })];
    await pushOne(sourceOf(image), destination, { options: { signing: { signers } } });
    expect(journal).toEqual(['A prepare']);
    expect(signatures.get('image')).toEqual([
      String(known.format === 'simple-signing' && known.bytes),
    ]);
  });
});

describe('before anything is written', () => {
  const journalOf = async (
    broken: readonly WishedSigner[],
    parts: Parameters<typeof memoryDestination>[0] = {},
    identity?: string,
  ) => {
    const journal: Journal = [];
    const destination = memoryDestination({ journal, ...parts });
    const signing = { signers: broken, identity };
    const options = { signing, dryRun: false };
    const error = await thrownBy(pushOne(sourceOf(await imageOf()), destination, { options }));
    return { error, journal };
  };
  const refusing = {
    check: async (formats: readonly SignatureFormat[]) => {
      if (formats.includes('sigstore')) throw new OcipushError('UNSUPPORTED', 'no sigstore');
    },
  };
  const place = { dockerReference: NAME, signatures: new Map() };

  test('a signer that cannot sign ends the push', async () => {
    const { error, journal } = await journalOf([signerCalled('A', { broken: 'prepare' })], place);
    expect(error).toMatchObject({ code: 'KEY_INVALID', message: 'no prepare' });
    expect(journal).toEqual([]);
  });

  test.each<[what: string, signer: WishedSigner, parts: object, code: string]>([
    ['no place', signerCalled('A'), { dockerReference: NAME }, 'UNSUPPORTED'],
    ['no name', signerCalled('A'), { signatures: new Map() }, 'USAGE'],
    [
      'no place for that kind',
      signerCalled('A', { format: 'sigstore' }),
      { ...place, signatureStore: refusing },
      'UNSUPPORTED',
    ],
  ])('%s for signatures ends it', async (_, signer, parts, code) => {
    const { error, journal } = await journalOf([signer], parts);
    expect(error.code).toBe(code);
    expect(journal).toEqual(['open', 'close']);
  });

  test('signatures that come along need a place of their kind, too', async () => {
    const asked: (readonly SignatureFormat[])[] = [];
    const destination = memoryDestination({
      signatures: new Map(),
      signatureStore: { check: async (formats) => void asked.push(formats) },
    });
    await pushOne(sourceOf(await imageOf(), { signed: () => true }), destination);
    expect(asked).toEqual([['simple-signing']]);
  });
});

test('a signer that fails leaves the image without its name', async () => {
  const destination = memoryDestination({
    dockerReference: NAME,
    signatures: new Map(),
    signatureStore: APART,
  });
  const signers = [signerCalled('A'), signerCalled('B', { broken: 'sign' })];
  const pushing = pushOne(sourceOf(await imageOf()), destination, {
    options: { signing: { signers } },
  });
  expect(await thrownBy(pushing)).toMatchObject({
    code: 'KEY_INVALID',
    message: 'creating signature 2: no sign',
  });
  expect(destination.current).toBeUndefined();
});

test('a dry run asks who signs and where to, and signs nothing', async () => {
  const journal: Journal = [];
  const image = await imageOf();
  const destination = memoryDestination({
    dockerReference: NAME,
    signatures: new Map(),
    signatureStore: APART,
  });
  await pushOne(sourceOf(image), destination);
  const [plain, tracing] = [signerCalled('A', { journal }), signerCalled('B', { journal })];
  const check = async (): Promise<void> => void journal.push('B check');
  const signers = [plain, { ...tracing, signer: { ...tracing.signer, check } }];
  const { outcomes } = await pushAll(sourceOf(image), [destination], {
    options: { signing: { signers }, dryRun: true },
  });
  expect(outcomes).toMatchObject([{ status: 'fulfilled', value: { status: 'unchanged' } }]);
  expect(journal).toEqual(['A prepare', 'B check']);
  expect(digestOf(image.manifest.bytes)).toBe(destination.current);
});
