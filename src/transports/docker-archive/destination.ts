/** Writes an image into a new `docker save` archive. */
import { basename, dirname } from 'node:path';
import { withDefaultTag, type NamedReference } from '../../image/docker-reference.ts';
import { messageOf, OcipushError } from '../../errors.ts';
import { checkWritable, replaceableFile, writeStreamAtomically } from '../../io/atomic-file.ts';
import { statPath } from '../../io/file-reader.ts';
import { removeAbandoned } from '../../io/temporary-file.ts';
import { unwritable, writingFrom } from '../destination-error.ts';
import type { ImageDestination, ImageReference, TransportContext } from '../transport.ts';
import { ArchiveWriter } from './archive-writer.ts';
import { ArchiveDestination } from './image-destination.ts';

export interface DockerArchiveTarget {
  readonly path: string;
  /** The names of the image in the archive, with their tags; it may have none. */
  readonly tags: readonly NamedReference[];
}

/** @throws OcipushError FILE_UNWRITABLE, also for a file that has anything in it */
export async function openDockerArchiveDestination(
  reference: ImageReference,
  { path, tags }: DockerArchiveTarget,
  context: TransportContext,
): Promise<ImageDestination> {
  const { signal, temporaryDirectory } = context;
  const attempt = `writing ${path}`;
  // What cannot even be looked at is told of when it is to be written.
  const found = await statPath(path).catch(() => undefined);
  if (found?.isFile() && found.size > 0) throw occupied();
  const mode = found?.isFile() ? found.mode & 0o777 : undefined;
  const writer = new ArchiveWriter({
    write: (archive) =>
      writingFrom(archive, attempt, (bytes) =>
        writeStreamAtomically(path, bytes, { mode, signal }),
      ),
    temporaryDirectory,
    signal,
  });
  return new DockerArchiveDestination({ reference, path, tags, writer, context });
}

interface DockerArchiveOptions extends DockerArchiveTarget {
  readonly reference: ImageReference;
  readonly writer: ArchiveWriter;
  readonly context: TransportContext;
}

class DockerArchiveDestination extends ArchiveDestination {
  readonly #path: string;
  readonly #context: TransportContext;

  constructor({ path, context, ...options }: DockerArchiveOptions) {
    super({ ...options, layerCompression: 'decompress' });
    this.#path = path;
    this.#context = context;
  }

  override async begin(): Promise<void> {
    await prepareTarget(this.#path, this.#context).catch((error: unknown) => {
      throw unwritable(error, `writing ${this.#path}`);
    });
  }

  /** As podman does; a digest is no name in an archive. */
  addSourceName(name: NamedReference): void {
    if (name.digest === undefined) this.addName(withDefaultTag(name));
  }
}

async function prepareTarget(path: string, { warn }: TransportContext): Promise<void> {
  await checkWritable(path);
  const target = await replaceableFile(path);
  if (target === undefined) return;
  const directory = dirname(target);
  await removeAbandoned(directory, `.${basename(target)}`).catch((error: unknown) => {
    warn(`removing what an earlier push left in ${directory}: ${messageOf(error)}`);
  });
}

function occupied(): OcipushError {
  return new OcipushError(
    'FILE_UNWRITABLE',
    "docker-archive doesn't support modifying existing images",
    { origin: 'destination', hint: 'name a file that is not there yet, or remove this one first' },
  );
}
