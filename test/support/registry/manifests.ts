/** The manifest and tag endpoints. */
import { digestOf } from '../../../src/image/digest.ts';
import { OCI_INDEX, OCI_MANIFEST } from '../../../src/image/media-types.ts';
import { content, empty, failure, failures, json, type Answer } from './answer.ts';
import { asDigest, type Exchange } from './exchange.ts';
import { checkManifest, typeOf, type ManifestRules } from './manifest-check.ts';
import type { Repository } from './repository.ts';

const MAXIMUM_SIZE = 4 * 1024 * 1024;

/** Answers the requests for one tag or digest; DELETE is switched off, as in the real one by default. */
export async function answerManifest(
  exchange: Exchange,
  repository: Repository,
  reference: string,
  rules: ManifestRules,
): Promise<Answer> {
  if (reference.includes(':') && asDigest(reference) === undefined) return failure('UNKNOWN', {});
  if (exchange.method === 'DELETE') return failure('UNSUPPORTED');
  if (exchange.method === 'PUT') return store(exchange, repository, reference, rules);
  return serve(exchange, repository, reference);
}

/** Answers `tags/list`, unsorted and whole, as 2.8 does. */
export function answerTags(repository: Repository): Answer {
  const { name, tags } = repository;
  if (tags.size === 0) return failure('NAME_UNKNOWN', { name });
  return json(200, { name, tags: [...tags.keys()] });
}

async function store(
  exchange: Exchange,
  repository: Repository,
  reference: string,
  rules: ManifestRules,
): Promise<Answer> {
  const bytes = await readManifest(exchange);
  if (bytes === undefined) return failure('MANIFEST_INVALID', 'http: request body too large');
  const mediaType = typeOf(exchange.headers['content-type']);
  const byDigest = asDigest(reference) !== undefined;
  const digest = digestOf(bytes);
  const errors = checkManifest(bytes, mediaType, repository, rules);
  if (errors[0]?.code === 'MANIFEST_INVALID') return failures(errors);
  if (byDigest && digest !== reference) return failures([{ code: 'DIGEST_INVALID' }]);
  if (errors.length > 0) return failures(errors);
  repository.addManifest(bytes, mediaType, byDigest ? undefined : reference);
  return empty(201, {
    location: `${exchange.origin}/v2/${repository.name}/manifests/${digest}`,
    'docker-content-digest': digest,
  });
}

function serve(exchange: Exchange, repository: Repository, reference: string): Answer {
  const manifest = repository.manifest(reference);
  if (manifest === undefined) {
    const { name } = repository;
    const detail =
      asDigest(reference) !== undefined ? { Name: name, Revision: reference } : { Tag: reference };
    return failure('MANIFEST_UNKNOWN', detail);
  }
  const digest = digestOf(manifest.bytes);
  const etag = `"${digest}"`;
  if (exchange.headers['if-none-match'] === etag) return empty(304);
  const refusal = refuseUnaccepted(exchange, manifest.mediaType, asDigest(reference) !== undefined);
  if (refusal !== undefined) return refusal;
  return content(200, manifest.bytes, {
    'content-type': manifest.mediaType,
    'docker-content-digest': digest,
    etag,
  });
}

/**
 * A type that is not in Accept word for word is not found. The real registry converts Docker
 * manifests asked for by tag to schema 1 then; this one does not have them either.
 */
function refuseUnaccepted(
  exchange: Exchange,
  mediaType: string,
  byDigest: boolean,
): Answer | undefined {
  const accepted = (exchange.headers.accept ?? '').split(',').map(typeOf);
  if (accepted.includes(mediaType)) return undefined;
  const kind = new Map([
    [OCI_MANIFEST, ['manifest', 'manifests']],
    [OCI_INDEX, ['index', 'indexes']],
  ]).get(mediaType);
  if (kind === undefined) return byDigest ? undefined : failure('MANIFEST_UNKNOWN');
  const message = `OCI ${kind[0]} found, but accept header does not support OCI ${kind[1]}`;
  return failures([{ code: 'MANIFEST_UNKNOWN', message }]);
}

async function readManifest(exchange: Exchange): Promise<Uint8Array | undefined> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of exchange.body) {
    size += chunk.length;
    if (size > MAXIMUM_SIZE) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
