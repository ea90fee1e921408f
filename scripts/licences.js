/** Collects the licences of what the bundle contains into dist/THIRD-PARTY-LICENSES.txt. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Texts for packages that name their licence and bring none, as NAME.txt. */
const TEXTS = join('scripts', 'licences');

/**
 * Fails when a package has no licence, or no text of it.
 * @param packages as bundledPackages() tells them
 */
export async function writeLicences(packages) {
  const texts = await Promise.all(packages.map(licenceOf));
  await writeFile(
    join('dist', 'THIRD-PARTY-LICENSES.txt'),
    `ocipush contains the following packages.\n\n${texts.join('\n')}`,
  );
}

async function licenceOf({ directory, manifest: { name, version, license } }) {
  if (license === undefined) throw new Error(`${directory} says nothing of its licence`);
  const text = await readFile(await licenceFile(directory, name), 'utf8');
  return `## ${name} ${version} (${license})\n\n${text.trim()}\n`;
}

async function licenceFile(directory, name) {
  const file = (await readdir(directory)).find((entry) => /^licen[cs]e/i.test(entry));
  if (file !== undefined) return join(directory, file);
  const texts = await readdir(TEXTS);
  if (texts.includes(`${name}.txt`)) return join(TEXTS, `${name}.txt`);
  throw new Error(`${directory} brings no text of its licence: write one to ${TEXTS}/${name}.txt`);
}
