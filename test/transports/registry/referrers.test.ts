import { describe, expect, test } from 'vitest';
import { OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { parseReferrers, referenceOf, referrersTag } from '../../../src/image/referrers.ts';
import { findReferrers, storeReferrer } from '../../../src/transports/registry/referrers.ts';
import { makeReferrer } from '../../support/make-referrer.ts';
import { add, attachments, openRepository, SUBJECT, TAG } from './made-attachments.ts';

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
