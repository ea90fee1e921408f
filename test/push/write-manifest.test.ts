/** Which of the formats of a manifest is written, and what it means that one is not. */
import { describe, expect, test } from 'vitest';
import { OcipushError, type ErrorCode } from '../../src/errors.ts';
import { digestOf, type Digest } from '../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../src/image/media-types.ts';
import type { PushSession } from '../../src/push/session.ts';
import { writeManifest, type ManifestToWrite } from '../../src/push/write-manifest.ts';
import type { RawManifest } from '../../src/transports/transport.ts';
import { makeContext } from '../support/transport-context.ts';
import { NO_WISHES } from '../support/push-options.ts';
import { signatureSaying, memoryDestination, type Journal } from './memory-image.ts';

function rawOf(type: string): RawManifest {
  const bytes = Buffer.from(type);
  return { bytes, mediaType: type, digest: digestOf(bytes) };
}

interface Settings {
  readonly target?: ManifestToWrite['target'];
  readonly signed?: boolean;
  readonly expectDigest?: Digest;
  /** Why a type cannot be made. */
  readonly unmade?: Readonly<Record<string, ErrorCode>>;
  /** Why the destination does not take a type. */
  readonly refused?: Readonly<Record<string, ErrorCode>>;
}

/** Writes a manifest that may be of several types, and tells what was done. */
async function write(types: readonly string[], settings: Settings = {}) {
  const { target = 'image', unmade = {}, refused = {} } = settings;
  const journal: Journal = [];
  const signatures = new Map<string, readonly string[]>();
  const reference = memoryDestination({
    signatures,
    before: (_what, _signal, manifest) => {
      const code = manifest && refused[manifest.mediaType];
      journal.push(`${code ? 'refused' : 'took'} ${manifest?.mediaType}`);
      if (code) throw new OcipushError(code, `no ${manifest.mediaType}`);
    },
  });
  await using destination = await reference.openDestination(makeContext());
  const { expectDigest } = settings;
  const session = {
    occupied: new Map(),
    destination,
    options: { ...NO_WISHES, expectDigest },
    progress: { event: () => undefined },
    signatures: [],
  } as Partial<PushSession> as PushSession;
  const forms = types.map((type) => ({
    type,
    make: async () => {
      journal.push(`made ${type}`);
      const code = unmade[type];
      if (code) throw new OcipushError(code, `cannot be ${type}`);
      return rawOf(type);
    },
  }));
  const toWrite = { forms, target, signatures: settings.signed ? [signatureSaying('s')] : [] };
  const done = writeManifest(session, toWrite).then(({ mediaType }) => mediaType);
  const outcome = await done.catch((error: unknown) => error);
  return { outcome, journal, current: reference.current, signatures: [...signatures.keys()] };
}

describe('a manifest is written', () => {
  test('in its first format, and the others are not made', async () => {
    const { outcome, journal, current } = await write(['a', 'b']);
    expect([outcome, current]).toEqual(['a', rawOf('a').digest]);
    expect(journal).toEqual(['made a', 'took a']);
  });

  test('in the next one where it is refused', async () => {
    const { outcome, journal } = await write(['a', 'b', 'c'], {
      refused: { a: 'MANIFEST_REJECTED' },
    });
    expect(outcome).toBe('b');
    expect(journal).toEqual(['made a', 'refused a', 'made b', 'took b']);
  });

  test('in one further on where the next cannot be made', async () => {
    const { outcome, journal } = await write(['a', 'b', 'c'], {
      refused: { a: 'MANIFEST_REJECTED' },
      unmade: { b: 'UNSUPPORTED' },
    });
    expect(outcome).toBe('c');
    expect(journal).toEqual(['made a', 'refused a', 'made b', 'made c', 'took c']);
  });

  test.each([
    ['image', [OCI_MANIFEST], ['image'], rawOf(OCI_MANIFEST).digest],
    ['instance', [OCI_MANIFEST], [rawOf(OCI_MANIFEST).digest], undefined],
    ['instance', [OCI_INDEX], [rawOf(OCI_INDEX).digest], undefined],
  ] as const)('as %s %j with its signatures', async (target, types, signatures, current) => {
    const written = await write(types, { target, signed: true });
    expect(written).toMatchObject({ signatures, current });
  });
});

describe('a manifest is not written', () => {
  test.each<[what: string, settings: Settings, code: ErrorCode, journal: readonly string[]]>([
    [
      'where its first format cannot be made',
      { unmade: { a: 'UNSUPPORTED' } },
      'UNSUPPORTED',
      ['made a'],
    ],
    [
      'in another format for any other reason',
      { refused: { a: 'REGISTRY_STATUS' } },
      'REGISTRY_STATUS',
      ['made a', 'refused a'],
    ],
    [
      'in a third one where the second fails',
      { refused: { a: 'MANIFEST_REJECTED', b: 'REGISTRY_DENIED' } },
      'REGISTRY_DENIED',
      ['made a', 'refused a', 'made b', 'refused b'],
    ],
    [
      'where a blob of the second is not stored',
      { refused: { a: 'MANIFEST_REJECTED' }, unmade: { b: 'BLOB_UNKNOWN' } },
      'BLOB_UNKNOWN',
      ['made a', 'refused a', 'made b'],
    ],
    [
      'with another digest than expected',
      { expectDigest: rawOf('b').digest },
      'DIGEST_MISMATCH',
      ['made a'],
    ],
    [
      'in a second format that would have another digest than expected',
      { expectDigest: rawOf('a').digest, refused: { a: 'MANIFEST_REJECTED' } },
      'DIGEST_MISMATCH',
      ['made a', 'refused a', 'made b'],
    ],
  ])('%s', async (_, settings, code, journal) => {
    const written = await write(['a', 'b', 'c'], { ...settings, signed: true });
    expect(written).toMatchObject({
      outcome: { code },
      journal,
      signatures: [],
      current: undefined,
    });
  });

  test('and the error names each format', async () => {
    const { outcome } = await write(['a', 'b'], {
      refused: { a: 'MANIFEST_REJECTED' },
      unmade: { b: 'UNSUPPORTED' },
    });
    expect(outcome).toMatchObject({
      code: 'MANIFEST_REJECTED',
      message:
        'Uploading manifest failed, attempted the following formats: ' +
        'a(writing manifest: no a), b(cannot be b)',
    });
  });

  test('and the error is that of the only format', async () => {
    const { outcome } = await write(['a'], { refused: { a: 'MANIFEST_REJECTED' } });
    expect(outcome).toMatchObject({ code: 'MANIFEST_REJECTED', message: 'writing manifest: no a' });
  });

  test('but where it is an instance, whatever digest is expected of the image', async () => {
    const expectDigest = rawOf('list').digest;
    expect((await write(['a'], { target: 'instance', expectDigest })).outcome).toBe('a');
  });
});
