/** Simple signatures that a registry stores itself: docs/signature-protocols.md of containers/image. */
import { randomBytes } from 'node:crypto';
import type { Digest } from '../../image/digest.ts';
import { encodeJson } from '../../image/json-encoder.ts';
import { readList, readMembers, readString } from '../../image/json-field.ts';
import { MANIFEST_LIMIT } from '../../image/manifest-type.ts';
import { parseJsonObject } from '../../io/bounded-json.ts';
import type { RegistryClient } from '../../registry/client.ts';
import { readAnswer } from '../../registry/read-answer.ts';

/** What a signature is called there that a reader knows. */
const ATOMIC = 'atomic';

/** Whether the registry stores signatures; asks it, for it may have said nothing yet. */
export async function hasSignatureExtension(client: RegistryClient): Promise<boolean> {
  if (client.storesSignatures) return true;
  // With an answer other than 200 the registry will say more when signatures come.
  await client.send({
    method: 'GET',
    target: '/v2/',
    accept: [200, 401, 403, 404],
    attempt: 'asking the registry for its features',
  });
  return client.storesSignatures;
}

/** The signatures of a manifest, none of one that is not there; others than simple ones are left out. */
export async function readExtension(
  client: RegistryClient,
  digest: Digest,
): Promise<readonly Uint8Array[]> {
  const request = {
    method: 'GET',
    target: targetOf(client, digest),
    accept: [200, 404],
    attempt: `reading signatures of ${digest}`,
  } as const;
  const document = 'signatures';
  const { bytes, response } = await readAnswer(client, request, MANIFEST_LIMIT, document);
  if (response.status === 404) return [];
  const value = parseJsonObject(bytes, document);
  const listed = readMembers({ value, document, path: '' })('signatures');
  return readList({ ...listed, value: listed.value ?? [] })
    .map(readMembers)
    .filter((member) => member('schemaVersion').value === 2 && member('type').value === ATOMIC)
    .map((member) => Buffer.from(readString(member('content')), 'base64'));
}

/** Adds signatures to those that are there; the same bytes are stored once. */
export async function extendExtension(
  client: RegistryClient,
  digest: Digest,
  signatures: readonly Uint8Array[],
): Promise<void> {
  const stored = new Set((await readExtension(client, digest)).map(base64));
  for (const content of signatures.map(base64)) {
    if (stored.has(content)) continue;
    stored.add(content);
    const name = `${digest}@${randomBytes(16).toString('hex')}`;
    await client.send({
      method: 'PUT',
      target: targetOf(client, digest),
      body: encodeJson({ schemaVersion: 2, name, type: ATOMIC, content }),
      accept: [201],
      attempt: `uploading signature to ${client.repository.path} in ${client.repository.registry}`,
    });
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function targetOf({ repository }: RegistryClient, digest: Digest): string {
  return `/extensions/v2/${repository.path}/signatures/${digest}`;
}
