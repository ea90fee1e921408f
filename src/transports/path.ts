/** A path without a transport before it: what it holds is recognised by its content. */
import { join } from 'node:path';
import { OcipushError } from '../errors.ts';
import { disposeOnFailure } from '../io/disposal.ts';
import { statPath } from '../io/file-reader.ts';
import { openDirSource } from './dir/source.ts';
import { openDockerArchiveSource } from './docker-archive/source.ts';
import { openOciArchiveSource } from './oci-archive/reference.ts';
import { layoutDirectory } from './oci-layout/layout.ts';
import { openLayoutSource } from './oci-layout/source.ts';
import { STANDARD_INPUT, TarArchive } from './tar-archive.ts';
import type {
  ImageReference,
  ImageSource,
  SourceReference,
  TransportContext,
} from './transport.ts';

export function pathReference(path: string): SourceReference {
  const reference: SourceReference = {
    transport: 'path',
    toString: () => path,
    openSource: (context) => openPath(reference, path, context),
  };
  return reference;
}

async function openPath(
  reference: ImageReference,
  path: string,
  context: TransportContext,
): Promise<ImageSource> {
  if (path === STANDARD_INPUT || !(await isDirectory(path))) {
    return openArchive(reference, await TarArchive.open(path, context));
  }
  if (await statPath(join(path, 'index.json'))) {
    return openLayoutSource(reference, layoutDirectory(path), { by: 'only' });
  }
  if (await statPath(join(path, 'manifest.json'))) return openDirSource(reference, path);
  throw unrecognised();
}

/** What Docker 25 and later saves is both kinds at once; the OCI side of it has the manifest. */
async function openArchive(reference: ImageReference, archive: TarArchive): Promise<ImageSource> {
  if (archive.has('index.json')) return openOciArchiveSource(reference, archive, { by: 'only' });
  if (archive.has('manifest.json') || archive.has('repositories')) {
    return openDockerArchiveSource(reference, archive, { by: 'only' });
  }
  return disposeOnFailure(archive, () => Promise.reject(unrecognised()));
}

async function isDirectory(path: string): Promise<boolean> {
  const found = await statPath(path);
  if (found) return found.isDirectory();
  throw new OcipushError('SOURCE_NOT_FOUND', `stat ${path}: no such file or directory`, {
    origin: 'source',
    hint: 'check the path',
  });
}

function unrecognised(): OcipushError {
  return new OcipushError(
    'SOURCE_NOT_FOUND',
    'payload does not match any of the supported image formats: it has neither index.json nor manifest.json',
    {
      origin: 'source',
      hint: 'give an OCI layout, a dir: directory, or an archive of docker save or an OCI layout',
    },
  );
}
