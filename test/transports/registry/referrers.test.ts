import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { EMPTY_CONFIG_BYTES } from '../../../src/image/empty-config.ts';
import { OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { parseReferrers, referenceOf, referrersTag } from '../../../src/image/referrers.ts';
import { BlobUploader } from '../../../src/registry/upload.ts';
import {
  attachmentTag,
  extendAttachments,
  parseAttachments,
} from '../../../src/signing/sigstore/attachments.ts';
import { sigstoreSignature } from '../../../src/signing/sigstore/sigstore-signature.ts';
import {
  findReferrers,
  storeAttachment,
  storeReferrer,
} from '../../../src/transports/registry/referrers.ts';
import { makeReferrer } from '../../support/make-referrer.ts';
import { thrownBy } from '../../support/thrown.ts';
import { openRegistry } from '../../registry/open-client.ts';

const SUBJECT = digestOf(Buffer.from('image'));
const TAG = attachmentTag(SUBJECT);

/** Attachments with a signature of each of these payloads. */
function attachments(...payloads: readonly string[]) {
  const signatures = payloads.map((text) =>
    sigstoreSignature(Buffer.from(text), Buffer.from(`by us of ${text}`)),
  );
  const made = extendAttachments(undefined, signatures);
  if (made === undefined) throw new Error('nothing was attached');
  return made;
}

async function openRepository(options = {}) {
  const { client, registry } = await openRegistry(options);
  const repository = registry.repository('team/app');
  repository.addBlob(EMPTY_CONFIG_BYTES);
  return { client, registry, repository, uploader: new BlobUploader(client) };
}

type Opened = Awaited<ReturnType<typeof openRepository>>;

/** Puts attachments there, with their blobs, as others would. */
function add({ repository }: Opened, made: ReturnType<typeof attachments>, tag?: string): void {
  for (const { bytes } of [...made.layers, made.config]) repository.addBlob(bytes);
  if (tag !== undefined) repository.addManifest(made.manifest.bytes, OCI_MANIFEST, tag);
}

describe('what refers to an image at a registry', () => {
  test('is listed, or tagged as cosign does it', async () => {
    const opened = await openRepository({ referrersPage: 10 });
    const listed = makeReferrer('text/a', SUBJECT);
    opened.repository.addManifest(listed.bytes, OCI_MANIFEST);
    const [signatures, sboms] = [attachments('{}'), attachments('{"sbom":1}')];
    const sbomTag = TAG.replace('.sig', '.sbom');
    add(opened, signatures, TAG);
    add(opened, sboms, sbomTag);
    const descriptorOf = ({ manifest: { bytes, mediaType, digest } }: typeof sboms) => ({
      mediaType,
      digest,
      size: bytes.length,
    });
    expect(await findReferrers(opened.client, SUBJECT)).toEqual([
      { descriptor: referenceOf(listed).entry },
      { descriptor: descriptorOf(signatures), tag: TAG },
      { descriptor: descriptorOf(sboms), tag: sbomTag },
    ]);
  });

  test('is listed under a tag where the registry does not list it', async () => {
    const { client, repository } = await openRepository();
    const [one, two] = [makeReferrer('text/a', SUBJECT), makeReferrer('text/b', SUBJECT)];
    for (const each of [one, two, one]) await storeReferrer(client, each);
    const list = repository.manifest(referrersTag(SUBJECT))?.bytes ?? Buffer.of();
    expect(parseReferrers(list).instances).toEqual(
      [one, two].map((each) => referenceOf(each).entry),
    );
    expect(await findReferrers(client, SUBJECT)).toHaveLength(2);
  });

  test('needs no tag where the registry lists it', async () => {
    const { client, repository } = await openRepository({ referrersPage: 10 });
    const one = makeReferrer('text/a', SUBJECT);
    await storeReferrer(client, one);
    expect([...repository.tags]).toEqual([]);
    expect(await findReferrers(client, SUBJECT)).toEqual([{ descriptor: referenceOf(one).entry }]);
  });
});

describe('an attachment', () => {
  test('stays as it is where there is none', async () => {
    const opened = await openRepository();
    const made = attachments('{}');
    add(opened, made);
    await storeAttachment(opened.client, opened.uploader, made.manifest, TAG);
    expect(opened.repository.tags.get(TAG)).toBe(made.manifest.digest);
  });

  test('goes beside those that are there', async () => {
    const opened = await openRepository();
    add(opened, attachments('{"theirs":1}', '{}'), TAG);
    const ours = attachments('{}', '{"ours":1}');
    add(opened, ours);
    await storeAttachment(opened.client, opened.uploader, ours.manifest, TAG);
    const both = attachments('{"theirs":1}', '{}', '{"ours":1}');
    expect(opened.repository.tags.get(TAG)).toBe(both.manifest.digest);
    const config = opened.repository.blobs.get(both.config.descriptor.digest);
    expect(config?.bytes).toEqual(both.config.bytes);
  });

  test('is not written again', async () => {
    const opened = await openRepository();
    const made = attachments('{}', '{"more":1}');
    add(opened, made, TAG);
    await storeAttachment(opened.client, opened.uploader, attachments('{}').manifest, TAG);
    expect(opened.repository.tags.get(TAG)).toBe(made.manifest.digest);
    expect(opened.registry.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  test('does not take the place of something else', async () => {
    const opened = await openRepository();
    const list = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    const type = 'application/vnd.oci.image.index.v1+json';
    opened.repository.addManifest(list, type, TAG);
    const storing = storeAttachment(
      opened.client,
      opened.uploader,
      attachments('{}').manifest,
      TAG,
    );
    expect(await thrownBy(storing)).toMatchObject({ code: 'MANIFEST_INVALID' });
    expect(opened.repository.tags.get(TAG)).toBe(digestOf(list));
  });

  test('is not merged with a config that is damaged', async () => {
    const opened = await openRepository();
    const made = attachments('{}');
    add(opened, made, TAG);
    const { digest } = parseAttachments(made.manifest.bytes).config;
    const bytes = Buffer.alloc(made.config.bytes.length, ' ');
    opened.repository.link({ digest, size: bytes.length, bytes });
    const storing = storeAttachment(
      opened.client,
      opened.uploader,
      attachments('{"ours":1}').manifest,
      TAG,
    );
    expect(await thrownBy(storing)).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});
