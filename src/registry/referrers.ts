/** Asks a registry what refers to a manifest (OCI distribution-spec 1.1, listing referrers). */
import type { Descriptor } from '../image/descriptor.ts';
import type { Digest } from '../image/digest.ts';
import { OCI_INDEX } from '../image/media-types.ts';
import { parseReferrers, referrersTag } from '../image/referrers.ts';
import { OcipushError } from '../errors.ts';
import { MIB } from '../io/bytes.ts';
import type { RegistryClient } from './client.ts';
import type { HttpResponse } from './http.ts';
import { findManifest } from './manifests.ts';
import { readAnswer } from './read-answer.ts';

const LIST_LIMIT = 4 * MIB;
/** Far more than an image has; an endless list ends here. */
const MAX_PAGES = 64;
/** What registries say to a question that they do not know. */
const NO_SUCH_QUESTION = [400, 404, 405, 501];

/** @throws OcipushError MANIFEST_INVALID, LIMIT_EXCEEDED, or of the registry */
export async function listReferrers(
  client: RegistryClient,
  digest: Digest,
): Promise<readonly Descriptor[]> {
  return (await askReferrers(client, digest)) ?? listInTag(client, digest);
}

/**
 * What the registry itself lists; undefined where it lists nothing, and a list under a tag does.
 * @throws OcipushError MANIFEST_INVALID, LIMIT_EXCEEDED, or of the registry
 */
export async function askReferrers(
  client: RegistryClient,
  digest: Digest,
): Promise<readonly Descriptor[] | undefined> {
  const found: Descriptor[] = [];
  let target: string | URL | undefined = `referrers/${digest}`;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer: Page | undefined = await readPage(client, target, digest);
    if (answer === undefined) return undefined;
    found.push(...parseReferrers(answer.list).instances);
    if (answer.next === undefined) return found;
    target = answer.next;
  }
  throw new OcipushError('LIMIT_EXCEEDED', `there is too much that refers to ${digest}`, {
    hint: 'push without it: --referrers none',
  });
}

interface Page {
  readonly list: Uint8Array;
  readonly next: URL | undefined;
}

async function readPage(
  client: RegistryClient,
  target: string | URL,
  digest: Digest,
): Promise<Page | undefined> {
  const request = {
    method: 'GET',
    target,
    headers: { accept: OCI_INDEX },
    accept: [200, ...NO_SUCH_QUESTION],
    attempt: `asking what refers to ${digest}`,
  } as const;
  const { response, bytes } = await readAnswer(client, request, LIST_LIMIT, 'list of referrers');
  return response.status === 200 ? { list: bytes, next: nextPage(response) } : undefined;
}

/** RFC 8288; the next page is at the same registry. */
function nextPage(response: HttpResponse): URL | undefined {
  const [, target = ''] =
    /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(response.header('link') ?? '') ?? [];
  if (target === '' || !URL.canParse(target, response.url.href)) return undefined;
  const url = new URL(target, response.url);
  return url.origin === response.url.origin ? url : undefined;
}

/** The list under a tag, which those keep who write to a registry that lists nothing itself. */
export async function listInTag(
  client: RegistryClient,
  digest: Digest,
): Promise<readonly Descriptor[]> {
  const list = await findManifest(client, referrersTag(digest));
  return list === undefined ? [] : parseReferrers(list.bytes).instances;
}
