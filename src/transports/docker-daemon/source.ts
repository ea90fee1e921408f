/** Reads an image out of the storage of a Docker Engine. */
import { wrapError } from '../../errors.ts';
import { openDockerArchiveSource } from '../docker-archive/source.ts';
import { nameScopes } from '../policy-scopes.ts';
import { TarArchive } from '../tar-archive.ts';
import type { ImageReference, ImageSource, TransportContext } from '../transport.ts';
import { Engine } from './engine.ts';

/**
 * The engine packs the image into an archive, which waits in a temporary file.
 * @throws OcipushError SOURCE_NOT_FOUND, DAEMON_UNREACHABLE, DAEMON_REJECTED, TLS_FAILED
 */
export async function openDockerDaemonSource(
  reference: ImageReference,
  image: string,
  context: TransportContext,
): Promise<ImageSource> {
  await using engine = await Engine.connect(context, 'source');
  const archive = await TarArchive.spooled(engine.save(image), context).catch((error: unknown) => {
    throw wrapError(error, 'loading image from docker engine', { code: 'DAEMON_UNREACHABLE' });
  });
  const { transport, dockerReference: name } = reference;
  const policyIdentity = { transport, scopes: name === undefined ? [] : nameScopes(name) };
  return openDockerArchiveSource(reference, archive, { by: 'only' }, policyIdentity);
}
