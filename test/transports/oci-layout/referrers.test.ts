import { describe, expect, test } from 'vitest';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { OcipushError } from '../../../src/errors.ts';
import { REFERENCE_NAME_ANNOTATION } from '../../../src/transports/oci-layout/entry.ts';
import { referrersAmong } from '../../../src/transports/oci-layout/referrers.ts';
import { makeReferrer } from '../../support/make-referrer.ts';
import { thrownBy } from '../../support/thrown.ts';

const SUBJECT = digestOf(Buffer.from('image'));
const TAG = SUBJECT.replace(':', '-');

function entryOf(bytes: Uint8Array, name?: string): Descriptor {
  const entry = { mediaType: OCI_MANIFEST, digest: digestOf(bytes), size: bytes.length };
  return name === undefined
    ? entry
    : { ...entry, annotations: { [REFERENCE_NAME_ANNOTATION]: name } };
}

const signature = makeReferrer('text/signature', SUBJECT).bytes;
const stranger = makeReferrer('text/stranger', digestOf(Buffer.from('x'))).bytes;
const broken = Buffer.from('{');
const stored = new Map([signature, stranger, broken].map((bytes) => [digestOf(bytes), bytes]));

async function read({ digest, mediaType }: Descriptor) {
  const bytes = stored.get(digest);
  if (bytes === undefined) throw new OcipushError('BLOB_UNKNOWN', `no ${digest}`);
  return { bytes, digest, mediaType };
}

describe('what refers to an image in a layout', () => {
  const other = Buffer.from('not stored');
  test.each<readonly [entry: Descriptor, tag: string | undefined]>([
    [entryOf(signature), undefined],
    [entryOf(signature, 'any name'), undefined],
    [entryOf(other, `${TAG}.sig`), `${TAG}.sig`],
    [entryOf(other, `${TAG}.att`), `${TAG}.att`],
    [entryOf(other, `${TAG}.sbom`), `${TAG}.sbom`],
  ])('is %o', async (descriptor, tag) => {
    const found = await referrersAmong([entryOf(stranger), descriptor], SUBJECT, read);
    expect(found).toEqual([tag === undefined ? { descriptor } : { descriptor, tag }]);
  });

  test.each<readonly [entry: Descriptor]>([
    [entryOf(stranger)],
    [entryOf(broken)],
    [entryOf(other)],
    [entryOf(other, `${TAG}.other`)],
    [{ ...entryOf(signature), mediaType: OCI_INDEX }],
  ])('is not %o', async (entry) => {
    expect(await referrersAmong([entry], SUBJECT, read)).toEqual([]);
  });

  test('is found once', async () => {
    const entries = [entryOf(signature, 'a'), entryOf(signature, 'b')];
    expect(await referrersAmong(entries, SUBJECT, read)).toHaveLength(1);
  });

  test('does not hide that reading went wrong', async () => {
    const reading = referrersAmong([entryOf(signature)], SUBJECT, () =>
      Promise.reject(new OcipushError('ABORTED', 'ended')),
    );
    expect(await thrownBy(reading)).toMatchObject({ code: 'ABORTED' });
  });
});
