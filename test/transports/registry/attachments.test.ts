import { describe, expect, test } from 'vitest';
import { digestOf } from '../../../src/image/digest.ts';
import { parseAttachments } from '../../../src/signing/sigstore/attachments.ts';
import { storeAttachment } from '../../../src/transports/registry/attachments.ts';
import { thrownBy } from '../../support/thrown.ts';
import { add, attachments, openRepository, TAG } from './made-attachments.ts';

describe('an attachment', () => {
  test('stays as it is where there is none', async () => {
    const opened = await openRepository();
    const made = attachments('{}');
    add(opened, made);
    await storeAttachment(opened.client, made.manifest, TAG);
    expect(opened.repository.tags.get(TAG)).toBe(made.manifest.digest);
  });

  test('goes beside those that are there', async () => {
    const opened = await openRepository();
    add(opened, attachments('{"theirs":1}', '{}'), TAG);
    const ours = attachments('{}', '{"ours":1}');
    add(opened, ours);
    await storeAttachment(opened.client, ours.manifest, TAG);
    const both = attachments('{"theirs":1}', '{}', '{"ours":1}');
    expect(opened.repository.tags.get(TAG)).toBe(both.manifest.digest);
    const config = opened.repository.blobs.get(both.config.descriptor.digest);
    expect(config?.bytes).toEqual(both.config.bytes);
  });

  test('is not written again', async () => {
    const opened = await openRepository();
    const made = attachments('{}', '{"more":1}');
    add(opened, made, TAG);
    await storeAttachment(opened.client, attachments('{}').manifest, TAG);
    expect(opened.repository.tags.get(TAG)).toBe(made.manifest.digest);
    expect(opened.registry.requests.filter(({ method }) => method === 'PUT')).toEqual([]);
  });

  test('does not take the place of something else', async () => {
    const opened = await openRepository();
    const list = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    const type = 'application/vnd.oci.image.index.v1+json';
    opened.repository.addManifest(list, type, TAG);
    const storing = storeAttachment(opened.client, attachments('{}').manifest, TAG);
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
    const storing = storeAttachment(opened.client, attachments('{"ours":1}').manifest, TAG);
    expect(await thrownBy(storing)).toMatchObject({ code: 'DIGEST_MISMATCH' });
  });
});
