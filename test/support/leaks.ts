/** Finds the secrets of tests in what was printed, written and sent, in all forms that they may have there. */
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAbsent } from '../../src/io/system-error.ts';
import { HELPER_NOTES, plantedSecrets } from './secrets.ts';

/** Bytes of files above which there are layers in them. */
const LARGEST = 1024 * 1024;

const needles = new Map<string, readonly string[]>();

/** What of all that is planted stands in there, but for what may. */
export function leaksIn(
  found: string | Uint8Array,
  allowed: readonly string[] = [],
): readonly string[] {
  const text = Buffer.from(found).toString('latin1');
  return [...plantedSecrets()]
    .filter(([secret]) => !allowed.includes(secret))
    .filter(([secret]) => formsOf(secret).some((form) => text.includes(form)))
    .map(([, what]) => what);
}

/**
 * The same of files below a directory that have changed since then; a login may be in a file for it
 * that nobody else can read.
 * @param since milliseconds since the epoch
 */
export async function leaksBelow(directory: string, since: number): Promise<readonly string[]> {
  const paths = await filesBelow(directory);
  const leaks = await Promise.all(paths.map((path) => leaksOf(path, since)));
  return leaks.flatMap((found, index) => found.map((what) => `${what} in ${paths[index]}`));
}

/** All files that are there; other tests may remove theirs meanwhile. */
async function filesBelow(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    if (isAbsent(error)) return [];
    throw error;
  });
  const found = entries.map(async (entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? filesBelow(path) : [path];
  });
  return (await Promise.all(found)).flat();
}

async function leaksOf(path: string, since: number): Promise<readonly string[]> {
  try {
    const stat = await lstat(path);
    if (!stat.isFile() || stat.ctimeMs <= since || stat.size > LARGEST) return [];
    if (path.endsWith(`/${HELPER_NOTES}`)) return [];
    const content = await readFile(path);
    const isLogin = (stat.mode & 0o077) === 0 && content.includes('"auths"');
    return isLogin ? [] : leaksIn(content);
  } catch (error) {
    // What the command left running tidies up.
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** @param secret as latin1 reads its bytes */
function formsOf(secret: string): readonly string[] {
  const known = needles.get(secret);
  if (known) return known;
  const bytes = Buffer.from(secret, 'latin1');
  const quoted = encodeURIComponent(secret);
  const inForm = new URLSearchParams({ '': secret }).toString().slice(1);
  const forms = new Set([
    secret,
    JSON.stringify(secret).slice(1, -1),
    ...[quoted, inForm].flatMap((form) => [
      form,
      form.replace(/%../g, (code) => code.toLowerCase()),
    ]),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...[0, 1, 2].flatMap((shift) => base64Within(bytes, shift)),
  ]);
  needles.set(secret, [...forms]);
  return [...forms];
}

/** What base64 makes of bytes wherever so many other ones (modulo 3) stand before them. */
function base64Within(bytes: Buffer, shift: number): readonly string[] {
  const text = Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64');
  const whole = text.slice(
    Math.ceil((shift * 8) / 6),
    Math.floor(((shift + bytes.length) * 8) / 6),
  );
  return [whole, whole.replaceAll('+', '-').replaceAll('/', '_')];
}
