/** OCI layouts and `dir:` directories whose files are no files, or lead elsewhere. */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { digestHex } from '../../../src/image/digest.ts';
import { essenceOf } from '../../support/image-essence.ts';
import { makeLayer, writeDir, writeOciLayout, type MadeImage } from '../../support/make-image.ts';
import type { HostileCase, Path } from './cases.ts';
import { DEEP, EVIL, LONG } from './words.ts';

type Expects = HostileCase['expects'];

const layers = [await makeLayer({ a: '1' }), await makeLayer({ b: '2'.repeat(1000) })];

/** Makes something else of what stands at a path. */
type Trick = readonly [name: string, play: (path: string, at: Path) => Promise<unknown>];

const linkTo = (target: string): Trick => [
  `a link to ${target}`,
  (path, at) => symlink(target.replace('~', at('')), path),
];

const DANGLING = linkTo('/nowhere');
const LOOP: Trick = ['a link to itself', (path) => symlink(path, path)];
const DIRECTORY: Trick = ['a directory', (path) => mkdir(path)];
const PIPE: Trick = ['a pipe', (path) => promisify(execFile)('mkfifo', [path])];
const ENDLESS = linkTo('/dev/zero');
const NOTHING = linkTo('/dev/null');
const PASSWD = linkTo('/etc/passwd');
const SECRET = linkTo('~/canary');
const MEMORY = linkTo('/proc/self/mem');
const HOLE: Trick = [
  'a hole of 1 TiB',
  async (path) => {
    await writeFile(path, '');
    await truncate(path, 1024 ** 4);
  },
];
const TEXT = (text: string): Trick => [
  JSON.stringify(text.slice(0, 40)),
  (path) => writeFile(path, text),
];

const NO_FILES = [LOOP, DIRECTORY, PIPE, ENDLESS, NOTHING] as const;

type Part = 'entrance' | 'manifest' | 'config' | 'layer';

/** A trick played on one file of an image that is whole but for that. */
interface Scheme {
  readonly write: (directory: string) => Promise<MadeImage>;
  readonly file: (part: Part, image: MadeImage) => string;
}

const OCI: Scheme = {
  write: (directory) => writeOciLayout(directory, { layers }),
  file: (part, image) =>
    part === 'entrance' ? 'index.json' : `blobs/sha256/${hexOf(part, image)}`,
};

const DIR: Scheme = {
  write: (directory) => writeDir(directory, { layers }),
  file: (part, image) =>
    part === 'entrance' || part === 'manifest' ? 'manifest.json' : hexOf(part, image),
};

function hexOf(part: Part, { manifest, config, layers: [layer] }: MadeImage): string {
  const blob = part === 'layer' ? (layer ?? config) : part === 'config' ? config : manifest;
  return digestHex(blob.descriptor.digest);
}

function played(scheme: Scheme, part: Part, [name, play]: Trick, expects: Expects): HostileCase {
  return {
    name: `whose ${part} is ${name}`,
    expects,
    prepare: async (path) => {
      const image = await scheme.write(path('image'));
      const file = path(`image/${scheme.file(part, image)}`);
      await rm(file);
      await play(file, path);
      return { image: essenceOf(image) };
    },
  };
}

/** What is at another place, with a link to it where it was. */
function moved(scheme: Scheme, what: string): HostileCase {
  return {
    name: `whose ${what} is a link to where it is`,
    expects: 'success',
    prepare: async (path) => {
      const image = await scheme.write(path('image'));
      await mkdir(path('elsewhere'));
      await rename(path(`image/${what}`), path('elsewhere/it'));
      await symlink(path('elsewhere/it'), path(`image/${what}`));
      return { image: essenceOf(image) };
    },
  };
}

const UNREADABLE = 'FILE_UNREADABLE';

export const LAYOUTS: readonly HostileCase[] = [
  ...NO_FILES.map((trick) => played(OCI, 'entrance', trick, UNREADABLE)),
  ...NO_FILES.map((trick) => played(OCI, 'manifest', trick, UNREADABLE)),
  ...NO_FILES.map((trick) => played(OCI, 'config', trick, UNREADABLE)),
  ...NO_FILES.map((trick) => played(OCI, 'layer', trick, UNREADABLE)),
  played(OCI, 'entrance', DANGLING, 'SOURCE_NOT_FOUND'),
  played(OCI, 'layer', DANGLING, 'BLOB_UNKNOWN'),
  played(OCI, 'entrance', MEMORY, 'MANIFEST_INVALID'),
  played(OCI, 'entrance', HOLE, 'LIMIT_EXCEEDED'),
  played(OCI, 'manifest', HOLE, 'DIGEST_MISMATCH'),
  played(OCI, 'layer', HOLE, 'DIGEST_MISMATCH'),
  played(OCI, 'config', HOLE, 'DIGEST_MISMATCH'),
  played(OCI, 'entrance', PASSWD, 'MANIFEST_INVALID'),
  played(OCI, 'manifest', PASSWD, 'DIGEST_MISMATCH'),
  played(OCI, 'layer', PASSWD, 'DIGEST_MISMATCH'),
  played(OCI, 'config', SECRET, 'DIGEST_MISMATCH'),
  played(OCI, 'entrance', TEXT(''), 'MANIFEST_INVALID'),
  played(OCI, 'entrance', TEXT(EVIL), 'MANIFEST_INVALID'),
  played(OCI, 'entrance', TEXT(LONG), 'MANIFEST_INVALID'),
  played(OCI, 'entrance', TEXT(DEEP), 'MANIFEST_INVALID'),
  played(OCI, 'entrance', TEXT('\uFEFF{"schemaVersion":2,"manifests":[]}'), 'MANIFEST_INVALID'),
  played(OCI, 'entrance', TEXT('{"schemaVersion":2,"manifests":[]}'), 'SOURCE_NOT_FOUND'),
  moved(OCI, 'blobs'),
  moved(OCI, 'blobs/sha256'),
  moved(OCI, 'index.json'),
];

const signature = ([name, play]: Trick, expects: Expects, file = 'signature-1'): HostileCase => ({
  name: `whose ${file} is ${name}`,
  expects,
  prepare: async (path) => {
    await DIR.write(path('image'));
    await play(path(`image/${file}`), path);
    return { destination: `dir:${path('out')}` };
  },
});

export const DIRECTORIES: readonly HostileCase[] = [
  ...NO_FILES.map((trick) => played(DIR, 'entrance', trick, UNREADABLE)),
  ...NO_FILES.map((trick) => played(DIR, 'layer', trick, UNREADABLE)),
  played(DIR, 'entrance', DANGLING, 'SOURCE_NOT_FOUND'),
  played(DIR, 'entrance', HOLE, 'LIMIT_EXCEEDED'),
  played(DIR, 'entrance', PASSWD, 'MANIFEST_INVALID'),
  played(DIR, 'entrance', TEXT(DEEP), 'MANIFEST_INVALID'),
  played(DIR, 'entrance', TEXT('{}'), 'MANIFEST_INVALID'),
  played(DIR, 'entrance', TEXT('{"schemaVersion":1}'), 'MANIFEST_INVALID'),
  played(DIR, 'entrance', TEXT('{"schemaVersion":1,"signatures":[]}'), 'MANIFEST_INVALID'),
  played(
    DIR,
    'entrance',
    TEXT('{"schemaVersion":1,"signatures":[{"protected":"e30"}]}'),
    'MANIFEST_INVALID',
  ),
  played(DIR, 'layer', HOLE, 'DIGEST_MISMATCH'),
  played(DIR, 'layer', SECRET, 'DIGEST_MISMATCH'),
  moved(DIR, 'manifest.json'),
  signature(TEXT(''), 'SIGNATURE_INVALID'),
  signature(TEXT(EVIL), 'SIGNATURE_INVALID'),
  signature(TEXT(`\0${EVIL}\n`), 'SIGNATURE_INVALID'),
  signature(TEXT('\0sigstore-json\n'), 'SIGNATURE_INVALID'),
  signature(TEXT(`\0sigstore-json\n${DEEP}`), 'SIGNATURE_INVALID'),
  signature(PASSWD, 'SIGNATURE_INVALID'),
  signature(PIPE, UNREADABLE),
  signature(DIRECTORY, UNREADABLE),
  signature(ENDLESS, UNREADABLE),
  signature(HOLE, 'LIMIT_EXCEEDED'),
];
