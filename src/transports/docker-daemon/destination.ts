/** Writes an image into the storage of a Docker Engine, which gets it while it is being produced. */
import type { NamedReference } from '../../image/docker-reference.ts';
import { ArchiveWriter } from '../docker-archive/archive-writer.ts';
import { ArchiveDestination } from '../docker-archive/image-destination.ts';
import type { ImageDestination, ImageReference, TransportContext } from '../transport.ts';
import { Engine } from './engine.ts';

/** @throws OcipushError DAEMON_UNREACHABLE, DAEMON_REJECTED, TLS_FAILED, CONFIG_INVALID */
export async function openDockerDaemonDestination(
  reference: ImageReference,
  name: NamedReference,
  context: TransportContext,
): Promise<ImageDestination> {
  const { signal, temporaryDirectory } = context;
  const engine = await Engine.connect(context, 'destination');
  const writer = new ArchiveWriter({
    write: (archive) => engine.load(archive),
    temporaryDirectory,
    signal,
  });
  return new DockerDaemonDestination(
    { reference, layerCompression: 'preserve', tags: [name], writer },
    engine,
  );
}

class DockerDaemonDestination extends ArchiveDestination {
  readonly #engine: Engine;

  constructor(options: ConstructorParameters<typeof ArchiveDestination>[0], engine: Engine) {
    super(options);
    this.#engine = engine;
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#engine[Symbol.asyncDispose]();
  }
}
