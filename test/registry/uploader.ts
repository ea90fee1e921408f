/** An uploader with a registry of its own, and the words in which its requests are told. */
import { BlobUploader } from '../../src/registry/upload.ts';
import type { Fault, FaultTarget } from '../support/registry/faults.ts';
import type { RegistryOptions } from '../support/registry/registry.ts';
import type { TestBlob } from './blobs.ts';
import { openRegistry, traceOf } from './open-client.ts';

export const MOUNT = 'POST blobs/uploads/?mount&from';
export const START = 'POST blobs/uploads/';
export const PATCH = 'PATCH blobs/uploads/…';
export const PUT = 'PUT blobs/uploads/…?digest';
export const ASK = 'GET blobs/uploads/…';
export const DELETE = 'DELETE blobs/uploads/…';
export const ENDLESS = { times: Infinity };

export async function openUploader(served: RegistryOptions = {}) {
  const opened = await openRegistry(served);
  const { registry, client } = opened;
  const repository = registry.repository('team/app');
  return {
    ...opened,
    repository,
    uploader: new BlobUploader(client),
    trace: () => traceOf(registry),
    /** Whether the registry has exactly these bytes. */
    has: (blob: TestBlob) => repository.blobs.has(blob.digest),
  };
}

/** These requests are refused, with an error body unless another one is given. */
export function failing(on: FaultTarget, status: number, body?: string): Fault {
  return { on, do: body === undefined ? { status } : { status, body } };
}
