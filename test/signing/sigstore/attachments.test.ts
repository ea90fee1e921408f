import { describe, expect, test } from 'vitest';
import { digestOf, type Digest } from '../../../src/image/digest.ts';
import { OCI_INDEX } from '../../../src/image/media-types.ts';
import type { Signature } from '../../../src/image/signature.ts';
import {
  attachmentTag,
  extendAttachments,
  parseAttachments,
  readAttachment,
  type ExtendedAttachments,
} from '../../../src/signing/sigstore/attachments.ts';
import { sigstoreSignature } from '../../../src/signing/sigstore/sigstore-signature.ts';
import { CLAIM, PAYLOAD, SIGNATURE } from './vectors.ts';

const first = sigstoreSignature(Buffer.from(PAYLOAD), Buffer.from(SIGNATURE, 'base64'));
const second = sigstoreSignature(Buffer.from(PAYLOAD), Buffer.from('other'));
const third = sigstoreSignature(Buffer.from('{}'), Buffer.from('third'));

function extended(
  before: ExtendedAttachments | undefined,
  ...signatures: readonly Signature[]
): ExtendedAttachments {
  const stored = before && { manifest: before.manifest.bytes, config: before.config.bytes };
  const after = extendAttachments(stored, signatures);
  if (after === undefined) throw new Error('nothing was added');
  return after;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString();
}

describe('attachments', () => {
  test('have the bytes of the reference', () => {
    const { layers, config, manifest } = extended(undefined, first);
    expect(config.bytes).toHaveLength(153);
    expect(config.descriptor.digest).toBe(
      'sha256:4f735b1debbd76998fa43ffee0968e06414df0147d3b4bdb482bb3be5fd795e6',
    );
    expect(manifest.bytes).toHaveLength(558);
    expect(manifest.digest).toBe(
      'sha256:fe99c724f89a741af36cbd7d31bb11e533e109b27c68cc39089b48794651e6b5',
    );
    expect(layers.map(({ descriptor }) => descriptor.digest)).toEqual([
      'sha256:d134b93fb440874acbc71819b41fde7ec60e2627c08b0d703b9dfe50d939a0ae',
    ]);
  });

  test('are under a tag that the digest gives', () => {
    expect(attachmentTag(CLAIM.digest as Digest)).toBe(
      'sha256-ababf4cf23377ade1e52c09b583dc6d25c9d78f48c9e3bd45a890e227d1bdaf4.sig',
    );
  });

  test('are extended by what is new', () => {
    const before = extended(undefined, first);
    const after = extended(before, first, second, third);
    const { manifest, config: whole } = extended(undefined, first, second, third);
    expect(after).toMatchObject({ manifest, config: whole });
    const added = after.layers.map(({ bytes }) => textOf(bytes));
    expect(added).toEqual([PAYLOAD, '{}']);
    const config = JSON.parse(textOf(after.config.bytes)) as object;
    expect(config).toMatchObject({
      rootfs: { diff_ids: [PAYLOAD, PAYLOAD, '{}'].map((text) => digestOf(Buffer.from(text))) },
    });
  });

  test('stay when nothing is new', () => {
    const { manifest, config } = extended(undefined, first, second);
    const stored = { manifest: manifest.bytes, config: config.bytes };
    expect(extendAttachments(stored, [second, first])).toBeUndefined();
    expect(extendAttachments(stored, [])).toBeUndefined();
    const other: Signature = { format: 'simple-signing', bytes: Buffer.from('x') };
    expect(extendAttachments(undefined, [other])).toBeUndefined();
  });

  test.each<readonly [what: string, changed: Signature]>([
    ['type', { ...first, mediaType: 'text/plain' }],
    ['payload', { ...first, payload: Buffer.from('{"a":1}') }],
    ['annotation', { ...first, annotations: { ...first.annotations, more: '' } }],
    ['missing annotation', { ...first, annotations: {} }],
  ])('are told apart by their %s', (_, changed) => {
    const before = extended(undefined, first);
    expect(extended(before, changed).layers).toHaveLength(1);
    expect(extended(extended(undefined, changed), first).layers).toHaveLength(1);
  });

  test('keep what others wrote into the config and the manifest', () => {
    const digest = digestOf(Buffer.from(PAYLOAD));
    const config = Buffer.from(
      `{"created":"0001-01-01T00:00:00Z","architecture":"","history":[{"n":1.0}],"rootfs":{"extra":[1e3],"diff_ids":["${digest}"],"type":"layers"},"os":""}`,
    );
    const before = extended(undefined, first);
    const manifest = JSON.parse(textOf(before.manifest.bytes)) as object;
    const annotated = Buffer.from(JSON.stringify({ ...manifest, annotations: { a: 'b' } }));
    const after = extendAttachments({ manifest: annotated, config }, [third]);
    expect(textOf(after?.config.bytes ?? Buffer.of())).toBe(
      `{"created":"0001-01-01T00:00:00Z","architecture":"","history":[{"n":1.0}],"rootfs":{"extra":[1e3],"diff_ids":["${digest}","${digestOf(Buffer.from('{}'))}"],"type":"layers"},"os":""}`,
    );
    expect(parseAttachments(after?.manifest.bytes ?? Buffer.of()).annotations).toEqual({ a: 'b' });
  });

  test('are read as they were written', () => {
    const { manifest, layers } = extended(undefined, first, third);
    const stored = parseAttachments(manifest.bytes).layers;
    const read = stored.map((layer, index) =>
      readAttachment(layer, layers[index]?.bytes ?? Buffer.of()),
    );
    expect(read).toEqual([first, third]);
  });

  test('are not read from other bytes', () => {
    const { manifest } = extended(undefined, first);
    const [layer] = parseAttachments(manifest.bytes).layers;
    if (layer === undefined) throw new Error('no layer');
    expect(() => readAttachment(layer, Buffer.from('{}'))).toThrow(
      expect.objectContaining({ code: 'DIGEST_MISMATCH' }),
    );
  });

  test.each<readonly [manifest: string, mediaType: string | undefined]>([
    ['{}', OCI_INDEX],
    ['{}', undefined],
    ['no JSON', undefined],
    ['{"schemaVersion":2,"config":{},"layers":[]}', undefined],
  ])('are not %s of type %s', (manifest, mediaType) => {
    expect(() => parseAttachments(Buffer.from(manifest), mediaType)).toThrow(
      expect.objectContaining({ code: 'MANIFEST_INVALID' }),
    );
  });

  test.each([['{}'], ['{"rootfs":{"diff_ids":["x"]}}'], ['['], ['{"a":1,"a":2}']])(
    'are not extended when their config is %s',
    (config) => {
      const { manifest } = extended(undefined, first);
      const stored = { manifest: manifest.bytes, config: Buffer.from(config) };
      expect(() => extendAttachments(stored, [third])).toThrow(
        expect.objectContaining({ code: 'MANIFEST_INVALID' }),
      );
    },
  );
});
