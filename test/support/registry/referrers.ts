/** The list of what refers to a manifest (OCI distribution-spec 1.1), which 2.8 does not have. */
import { OCI_INDEX } from '../../../src/image/media-types.ts';
import { referenceOf } from '../../../src/image/referrers.ts';
import type { Descriptor } from '../../../src/image/descriptor.ts';
import type { Digest } from '../../../src/image/digest.ts';
import { content, type Answer } from './answer.ts';
import type { Exchange } from './exchange.ts';
import type { Repository } from './repository.ts';

/** Answers a page of at most `size` entries; `from` in the query is where it begins. */
export function answerReferrers(
  { path, query }: Exchange,
  repository: Repository,
  digest: string,
  size: number,
): Answer {
  const entries = entriesFor(repository, digest);
  const from = Number(query.get('from') ?? 0);
  const to = from + size;
  const manifests = entries.slice(from, to);
  const body = JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests });
  return content(200, Buffer.from(body), {
    'content-type': OCI_INDEX,
    ...(to < entries.length && { link: `<${path}?from=${to}>; rel="next"` }),
  });
}

/** The answer to the upload of a manifest, which says that it is listed for its subject. */
export function withSubject(answer: Answer, repository: Repository): Answer {
  const { status, headers } = answer;
  if (status !== 201) return answer;
  const subject = entryOf(repository, String(headers['docker-content-digest']))?.subject;
  return subject ? { ...answer, headers: { ...headers, 'oci-subject': subject.digest } } : answer;
}

function entriesFor(repository: Repository, digest: string): readonly Descriptor[] {
  return [...repository.manifests.keys()].flatMap((each) => {
    const found = entryOf(repository, each);
    return found?.subject?.digest === digest ? [found.entry] : [];
  });
}

function entryOf(repository: Repository, digest: string) {
  const manifest = repository.manifest(digest);
  if (manifest === undefined || manifest.mediaType === OCI_INDEX) return undefined;
  return referenceOf({ ...manifest, digest: digest as Digest });
}
