/** `docker-daemon:NAME:TAG` or `docker-daemon:sha256:ID`: an image in the storage of a Docker Engine. */
import {
  familiarReference,
  parseDockerReference,
  type NamedReference,
} from '../../image/docker-reference.ts';
import { parseDigest, type Digest } from '../../image/digest.ts';
import { messageOf, OcipushError } from '../../errors.ts';
import type { DestinationReference, SourceReference } from '../transport.ts';

/** What Docker takes for an image ID wherever a name may stand. */
const IMAGE_ID = /^[a-z0-9]+:[0-9a-f]{32,}$/;

/** @throws OcipushError REFERENCE_INVALID */
export function parseDockerDaemonReference(text: string): SourceReference & DestinationReference {
  const name = IMAGE_ID.test(text) ? imageID(text) : namedImage(text);
  const image = typeof name === 'string' ? name : familiarReference(name);
  const reference: SourceReference & DestinationReference = {
    transport: 'docker-daemon',
    toString: () => `docker-daemon:${image}`,
    ...(typeof name !== 'string' && { dockerReference: name }),
    openSource: async (context) => {
      const { openDockerDaemonSource } = await import('./source.ts');
      return openDockerDaemonSource(reference, image, context);
    },
    openDestination: async (context) => {
      if (typeof name === 'string' || name.tag === undefined) throw noDestination(image);
      const { openDockerDaemonDestination } = await import('./destination.ts');
      return openDockerDaemonDestination(reference, name, context);
    },
  };
  return reference;
}

function imageID(text: string): Digest {
  const hint = 'an image ID is sha256: and 64 hexadecimal digits';
  let id: Digest;
  try {
    id = parseDigest(text);
  } catch (error) {
    throw invalid(`Invalid docker-daemon: reference ${text}: ${messageOf(error)}`, hint);
  }
  if (id.startsWith('sha256:')) return id;
  throw invalid(
    `Invalid docker-daemon: reference ${text}: only digest algorithm sha256 accepted`,
    hint,
  );
}

function namedImage(text: string): NamedReference {
  const name = parseDockerReference(text);
  const familiar = familiarReference(name);
  if (familiar.split(/[:@]/, 1)[0] === 'sha256') {
    throw invalid(
      `Invalid docker-daemon: reference ${text}: The sha256 repository name is reserved for (non-shortened) digest references`,
      'write an image ID in full: sha256: and 64 hexadecimal digits',
    );
  }
  if (name.tag === undefined && name.digest === undefined) {
    throw invalid(
      `docker-daemon: reference ${familiar} has neither a tag nor a digest`,
      `write docker-daemon:${familiar}:latest`,
    );
  }
  if (name.tag === undefined || name.digest === undefined) return name;
  throw invalid(
    'docker-daemon: references with both a tag and digest are currently not supported',
    'leave one of them out',
  );
}

function noDestination(image: string): OcipushError {
  return invalid(
    `Invalid destination docker-daemon:${image}: a destination must be a name:tag`,
    'give the image a name and a tag',
  );
}

function invalid(message: string, hint: string): OcipushError {
  return new OcipushError('REFERENCE_INVALID', message, { origin: 'usage', hint });
}
