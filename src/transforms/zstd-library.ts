/** Finds libzstd: in the package zstd-napi, which is optional, or in Node itself. */
import { createRequire } from 'node:module';
import process from 'node:process';
import * as zlib from 'node:zlib';
import type * as binding from 'zstd-napi/binding.js';
import { messageOf, OcipushError } from '../errors.ts';

/** The native functions. */
export type ZstdBinding = typeof binding;

/** The libzstd that this machine has; `node` can neither use several cores nor read all streams. */
export type ZstdLibrary =
  | { readonly kind: 'napi'; readonly version: string; readonly binding: ZstdBinding }
  | { readonly kind: 'node'; readonly version: string };

let found: ZstdLibrary | undefined;

/** @throws OcipushError UNSUPPORTED when there is none */
export function zstdLibrary(): ZstdLibrary {
  found ??= findLibrary();
  return found;
}

/** @throws OcipushError UNSUPPORTED when zstd-napi is not there */
export function zstdBinding(): ZstdBinding {
  const library = zstdLibrary();
  if (library.kind === 'napi') return library.binding;
  throw missing('zstd-napi is not installed', 'run npm rebuild zstd-napi');
}

function findLibrary(): ZstdLibrary {
  try {
    const loaded = createRequire(import.meta.url)('zstd-napi/binding.js') as ZstdBinding;
    return { kind: 'napi', version: loaded.versionString(), binding: loaded };
  } catch (error) {
    // Of Node 22.15 and later.
    const { zstd } = process.versions;
    if ('createZstdCompress' in zlib && zstd !== undefined) return { kind: 'node', version: zstd };
    const [reason = ''] = messageOf(error).split('\n');
    throw missing(reason, 'run npm rebuild zstd-napi, or use Node 22.15 or later', error);
  }
}

function missing(reason: string, remedy: string, cause?: unknown): OcipushError {
  return new OcipushError('UNSUPPORTED', `loading libzstd: ${reason}`, {
    origin: 'config',
    hint: `allow the install script of zstd-napi and ${remedy}`,
    cause,
  });
}
