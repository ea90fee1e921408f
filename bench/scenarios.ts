/** What is measured: which image is pushed, by whom, and with which flags. */
import { resolve } from 'node:path';
import type { ContestantName } from './contestants.ts';
import { LARGE_LAYER, MANY_LAYERS } from './images.ts';
import { STORED_IMAGE } from './storage.ts';

export interface Scenario {
  readonly name: string;
  /** `transport:path…`, from the directory of the real image. */
  readonly source: string;
  /** Whether the image was pushed to the same place before, by the same program. */
  readonly again?: boolean;
  /** How many cores the programs may use; all unless told. The registry has all. */
  readonly cores?: number;
  /** Milliseconds of a round trip to the registry; next to none without it. */
  readonly roundTrip?: number;
  /** Who takes part besides ocipush, and what each is told besides source and destination. */
  readonly flags: Readonly<Partial<Record<ContestantName, readonly string[]>>>;
}

/** A public key of P-256; the private one is nowhere, for nobody decrypts. */
const RECIPIENT = `--encryption-key=jwe:${resolve('bench/recipient.pem')}`;

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'plain to gzip',
    source: 'oci:oci-plain:latest',
    flags: { ocipush: [], skopeo: [] },
  },
  {
    name: 'gzip as it is',
    source: 'oci:oci-gzip:latest',
    flags: { ocipush: [], skopeo: [], oras: [] },
  },
  {
    name: 'second push, plain',
    source: 'oci:oci-plain:latest',
    again: true,
    flags: { ocipush: [], skopeo: [] },
  },
  {
    name: 'second push, gzip',
    source: 'oci:oci-gzip:latest',
    again: true,
    flags: { ocipush: [], skopeo: [], oras: [] },
  },
  {
    name: 'first push, 50 ms away',
    source: 'oci:oci-gzip:latest',
    roundTrip: 50,
    flags: { ocipush: [], skopeo: [], oras: [] },
  },
  {
    name: 'second push, 50 ms away',
    source: 'oci:oci-gzip:latest',
    again: true,
    roundTrip: 50,
    flags: { ocipush: [], skopeo: [], oras: [] },
  },
  {
    name: 'plain to zstd',
    source: 'oci:oci-plain:latest',
    flags: {
      ocipush: ['--compression-format=zstd'],
      skopeo: ['--dest-compress-format=zstd'],
    },
  },
  {
    name: 'plain to zstd:chunked',
    source: 'oci:oci-plain:latest',
    flags: {
      ocipush: ['--compression-format=zstd:chunked'],
      skopeo: ['--dest-compress-format=zstd:chunked'],
    },
  },
  {
    // What skopeo makes when it is told no level is its smallest.
    name: 'plain to zstd:chunked, of its size',
    source: 'oci:oci-plain:latest',
    flags: {
      ocipush: ['--compression-format=zstd:chunked', '--compression-level=10'],
      skopeo: ['--dest-compress-format=zstd:chunked'],
    },
  },
  {
    name: 'second push, zstd',
    source: 'oci:oci-plain:latest',
    again: true,
    flags: {
      ocipush: ['--compression-format=zstd'],
      skopeo: ['--dest-compress-format=zstd'],
    },
  },
  {
    name: 'encrypt (JWE), gzip',
    source: 'oci:oci-gzip:latest',
    flags: { ocipush: [RECIPIENT], skopeo: [RECIPIENT] },
  },
  {
    name: 'encrypt (JWE), plain to zstd',
    source: 'oci:oci-plain:latest',
    flags: {
      ocipush: [RECIPIENT, '--compression-format=zstd'],
      skopeo: [RECIPIENT, '--dest-compress-format=zstd'],
    },
  },
  {
    name: 'encrypt (JWE), plain to gzip',
    source: 'oci:oci-plain:latest',
    flags: { ocipush: [RECIPIENT], skopeo: [RECIPIENT] },
  },
  {
    name: 'storage to gzip',
    source: STORED_IMAGE,
    flags: { ocipush: [], podman: [] },
  },
  {
    name: 'storage to zstd',
    source: STORED_IMAGE,
    flags: {
      ocipush: ['--compression-format=zstd'],
      podman: ['--compression-format=zstd'],
    },
  },
  {
    name: 'docker-archive to gzip',
    source: 'docker-archive:docker-archive.tar',
    flags: { ocipush: [], skopeo: [] },
  },
  {
    name: 'one layer of 2 GB to zstd',
    source: LARGE_LAYER,
    flags: {
      ocipush: ['--compression-format=zstd'],
      skopeo: ['--dest-compress-format=zstd'],
    },
  },
  {
    name: '2000 layers of 10 KB',
    source: MANY_LAYERS,
    flags: { ocipush: [], skopeo: [], oras: [] },
  },
  {
    name: 'plain to gzip, one core',
    source: 'oci:oci-plain:latest',
    cores: 1,
    flags: { ocipush: [], skopeo: [] },
  },
  {
    name: 'plain to zstd, one core',
    source: 'oci:oci-plain:latest',
    cores: 1,
    flags: {
      ocipush: ['--compression-format=zstd'],
      skopeo: ['--dest-compress-format=zstd'],
    },
  },
];
